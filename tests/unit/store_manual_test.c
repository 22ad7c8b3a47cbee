/* Every SQL example of mapping/DATABASE.md runs, twice, and does what the page says. */
#include "store_test.h"

#include <fcntl.h>

#include "base/io.h"

#define PAGE SHOPFS_SOURCE_DATADIR "/mapping/DATABASE.md"

static void read_page(struct fixture *f, struct buf *out)
{
    int fd = open(PAGE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("cannot open " PAGE);
    ok(f, io_read_fd(fd, 1 << 20, out));
    close(fd);
}

/* As a program outside does: nothing set but what the page's first block sets. */
static void plain_connection(struct fixture *f)
{
    shop(f);
    run(f, "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF; PRAGMA trusted_schema = ON");
}

static void order(struct fixture *f)
{
    run(f, "INSERT OR IGNORE INTO orders (site_id, number, content_hash, currency, mapping) VALUES (1, "
           "'1001', '', 'UAH', '');"
           "INSERT OR IGNORE INTO order_line (order_id, position, product_id, quantity_e3, price_e4, "
           "total_e4, warehouse_id, reserved_e3)"
           " SELECT o.id, n.column1, p.id, 2000, 1995000, 3990000, 1, 2000 FROM orders o, product p, (VALUES "
           "(1), (2)) n WHERE p.sku = 'CUP-1';"
           "INSERT OR IGNORE INTO order_line (order_id, position, kind, quantity_e3, price_e4, total_e4) "
           "SELECT id, 3, 'shipping', 1000, 1, 1 FROM orders;"
           "UPDATE stock SET reserved_e3 = (SELECT sum(reserved_e3) FROM order_line)");
}

/* A command line of the page, by the real shell. */
static void shell(struct fixture *f, const char *command)
{
    char full[2048];
    snprintf(full, sizeof full, "cd '%s' && %s", f->dir, command);
    if (system(full) != 0)
        fail_msg("%s", command);
}

struct seen {
    int sql, shell;
};

/* Runs the fenced blocks in their order. Fences may be indented, within a list. */
static struct seen run_blocks(struct fixture *f, char *page, bool have_shell)
{
    struct seen seen = {0};
    struct buf block = BUF_INIT;
    enum { TEXT, SQL, SHELL } in = TEXT;
    char *rest = page, *line;
    while ((line = strsep(&rest, "\n"))) {
        const char *start = line + strspn(line, " ");
        if (in == TEXT && strcmp(start, "```sql") == 0) {
            in = SQL;
        } else if (in == TEXT && strcmp(start, "```sh") == 0) {
            in = SHELL;
        } else if (in == SQL && strcmp(start, "```") == 0) {
            if (strstr(buf_str(&block), "FROM orders") || strstr(buf_str(&block), "UPDATE orders"))
                order(f);
            run(f, buf_str(&block));
            assert_string_equal(text(f, f->writer, "SELECT * FROM pragma_foreign_key_check"), "");
            buf_clear(&block);
            in = TEXT;
            seen.sql++;
        } else if (in == SHELL && strcmp(start, "```") == 0) {
            in = TEXT;
        } else if (in == SQL) {
            buf_addf(&block, "%s\n", line);
        } else if (in == SHELL && strncmp(start, "sqlite3 ", 8) == 0 && have_shell) {
            shell(f, start);
            seen.shell++;
        }
    }
    assert_int_equal(in, TEXT);
    buf_release(&block);
    return seen;
}

static void examples_run(void **state)
{
    struct fixture *f = *state;
    struct buf page = BUF_INIT;
    plain_connection(f);
    bool have_shell = system("command -v sqlite3 >/dev/null") == 0;
    if (!have_shell)
        print_message("no sqlite3 shell: its examples are left out\n");
    shell(f, "printf 'not really a picture' >side.jpg");
    for (int round = 0; round < 2; round++) {
        buf_clear(&page);
        read_page(f, &page);
        struct seen seen = run_blocks(f, page.data, have_shell);
        assert_int_equal(seen.sql, 14);
        assert_int_equal(seen.shell, have_shell ? 4 : 0);
    }
    assert_string_equal(text(f, f->reader, "SELECT sku, name, price, stock, active FROM v_product"),
                        "CUP-1|Чашка синя|199.5|17.0|1");
    assert_string_equal(text(f, f->reader, "SELECT sku, price FROM v_offer"), "CUP-1-RED|199.5");
    assert_string_equal(text(f, f->reader, "SELECT status, tracking, handled IS NOT NULL FROM orders"),
                        "shipped|20450000001234|1");
    assert_string_equal(text(f, f->reader, "SELECT on_hand_e3, reserved_e3 FROM stock"), "17000|0");
    assert_string_equal(text(f, f->reader,
                             "SELECT group_concat(name, '/') FROM (SELECT name FROM v_product_category_level "
                             "ORDER BY distance DESC)"),
                        "Посуд/Чашки");
    assert_string_equal(text(f, f->reader,
                             "SELECT c.name, m.code, m.distance FROM v_category_code m JOIN "
                             "category_text c USING (category_id) WHERE m.distance = 1"),
                        "Чашки|2169|1");
    if (have_shell)
        assert_int_equal(number(f, f->reader, "SELECT size FROM image WHERE name = 'cup-1-side.jpg'"), 20);
    buf_release(&page);
}

/* No table is missing from the reference, and none is invented. */
static void every_table_is_described(void **state)
{
    struct fixture *f = *state;
    struct buf page = BUF_INIT;
    shop(f);
    read_page(f, &page);
    const char *reference = strstr(buf_str(&page), "## Every table");
    assert_non_null(reference);
    struct stmt *st;
    ok(f, db_prepare(f->reader, &st,
                     "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
                     &f->err));
    int r;
    while ((r = stmt_step(st, &f->err)) == 1) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", stmt_text(st, 0, NULL));
        if (!strstr(reference, quoted))
            fail_msg("table %s is not described", quoted);
    }
    ok(f, r);
    stmt_free(st);
    buf_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(examples_run, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_table_is_described, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_manual", tests, NULL, NULL);
}
