/* shopctl import and shopctl orders, as called: exit codes, verdicts, a dry run that leaves nothing, the
 * three formats. */
#include "decide_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>

#include "base/io.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "mapping/document.h"

/* Runs a command; its standard output replaces f->text. Arguments end with NULL. */
static int call(struct fixture *f, int (*command)(int, char **), ...)
{
    char *argv[16];
    int argc = 0;
    va_list args;
    va_start(args, command);
    while (argc < 15 && (argv[argc] = va_arg(args, char *)))
        argc++;
    va_end(args);
    argv[argc] = NULL;
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/out", f->dir);
    int out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), saved, saved_err, null;
    fflush(stdout);
    fflush(stderr);
    saved = dup(1);
    saved_err = dup(2);
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(out, 1);
    dup2(null, 2); /* messages are for people */
    int code = command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(saved, 1);
    dup2(saved_err, 2);
    close(saved);
    close(saved_err);
    close(null);
    buf_clear(&f->text);
    ok(f, io_read_fd(out, 1 << 20, &f->text));
    close(out);
    return code;
}

static char *write_file(struct fixture *f, const char *name, const char *content)
{
    char *path = xasprintf("%s/%s", f->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void shop_for_commands(struct fixture *f)
{
    mapping_init();
    goods(f);
    run(f, "UPDATE site SET name = 'main'");
}

static const char order_xml[] =
    "<order version='1'><number>1042</number><date>2026-11-22 "
    "10:00</date><total>99.80</total><currency>UAH</currency>"
    "<payment>картка, \"онлайн\"</payment><customer><name>Олена "
    "Коваль</name><email>olena@example.com</email></customer>"
    "<items><item><code>TEA</code><quantity>2</quantity><price>49.90</price></item></items></order>\n";

/* Every row of every table. */
static char *dump(struct fixture *f)
{
    auto_buf all = BUF_INIT;
    char *names =
        xstrdup(text(f, f->reader, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"));
    for (char *save = NULL, *name = strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", name);
        buf_addf(&all, "%s\n%s\n", name, text(f, f->reader, sql));
    }
    free(names);
    return buf_detach(&all, NULL);
}

static void test_import(void **state)
{
    struct fixture *f = *state;
    shop_for_commands(f);
    char *path = write_file(f, "o.xml", order_xml);
    assert_int_equal(call(f, cmd_import, "import", f->path, path, NULL), EX_OK);
    assert_true(strncmp(buf_str(&f->text), "accepted: order 1042\nfile: o.xml, ", 34) == 0);
    assert_int_equal(call(f, cmd_import, "import", f->path, path, path, NULL), EX_OK);
    assert_true(strncmp(buf_str(&f->text), "duplicate: order 1042\n", 22) == 0);
    assert_contains(buf_str(&f->text), "\n\nduplicate: order 1042\n");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders"), 1);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM intake WHERE object_key GLOB 'cli-*'"), 3);
    free(path);
}

static void test_dry_run_leaves_the_database_as_it_was(void **state)
{
    struct fixture *f = *state;
    shop_for_commands(f);
    char *path = write_file(f, "o.xml", order_xml), *before = dump(f);
    assert_int_equal(call(f, cmd_import, "import", "--dry-run", f->path, path, NULL), EX_OK);
    assert_true(strncmp(buf_str(&f->text), "accepted: order 1042\n", 21) == 0);
    assert_contains(buf_str(&f->text), "\ndry run: nothing was changed\n");
    char *after = dump(f);
    assert_string_equal(after, before);
    free(before);
    free(after);
    /* The same file for real: something does change, so the comparison can see. */
    before = dump(f);
    assert_int_equal(call(f, cmd_import, "import", f->path, path, NULL), EX_OK);
    after = dump(f);
    assert_string_not_equal(after, before);
    free(before);
    free(after);
    free(path);
}

static int order_command(struct fixture *f, const char *verb, const char *word, const char *option)
{
    return call(f, cmd_orders, "orders", f->path, verb, "1042", word ? word : option, word ? option : NULL, NULL);
}

static void test_an_operator_says(void **state)
{
    struct fixture *f = *state;
    shop_for_commands(f);
    char *first = write_file(f, "o.xml", order_xml), *changed = xstrdup(order_xml);
    memcpy(strstr(changed, "99.80"), "49.90", 5);
    strstr(changed, "<quantity>")[10] = '1';
    char *second = write_file(f, "p.xml", changed);
    assert_int_equal(call(f, cmd_import, "import", f->path, first, NULL), EX_OK);
    assert_string_equal(text(f, f->reader, "SELECT sum(reserved_e3) FROM stock"), "2000");

    assert_int_equal(order_command(f, "handle", NULL, NULL), EX_OK);
    assert_contains(buf_str(&f->text), "order 1042: being handled");
    assert_int_equal(number(f, f->reader, "SELECT handled IS NOT NULL AND modified IS NOT NULL FROM orders"), 1);
    assert_int_equal(order_command(f, "handle", NULL, NULL), EX_OK);
    assert_contains(buf_str(&f->text), "already");
    assert_int_equal(call(f, cmd_import, "import", f->path, second, NULL), EX_DATAERR);
    assert_contains(buf_str(&f->text), "refused: order 1042: the order has other content than in the shop");

    assert_int_equal(order_command(f, "status", "packed", NULL), EX_OK);
    assert_string_equal(buf_str(&f->text), "order 1042: new -> packed\n");
    assert_string_equal(text(f, f->reader, "SELECT sum(reserved_e3) FROM stock"), "2000");
    assert_int_equal(order_command(f, "cancel", NULL, NULL), EX_OK);
    assert_string_equal(buf_str(&f->text), "order 1042: packed -> cancelled; its reservation is given back\n");
    assert_string_equal(text(f, f->reader, "SELECT sum(reserved_e3) FROM stock"), "0");
    assert_int_equal(order_command(f, "cancel", NULL, NULL), EX_OK);
    assert_string_equal(buf_str(&f->text), "order 1042: cancelled already\n");
    assert_int_equal(order_command(f, "status", "shipped", "--tracking=20450000001234"), EX_OK);
    assert_string_equal(text(f, f->reader, "SELECT status, tracking FROM orders"), "shipped|20450000001234");
    assert_string_equal(text(f, f->reader, "SELECT status, source FROM order_status ORDER BY id"),
                        "new|intake\nnew|shopctl\npacked|shopctl\ncancelled|shopctl\nshipped|shopctl");

    assert_int_equal(order_command(f, "status", "lost", NULL), EX_USAGE);
    assert_int_equal(order_command(f, "status", NULL, NULL), EX_USAGE);
    assert_int_equal(order_command(f, "cancel", "now", NULL), EX_USAGE);
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "handle", "7", NULL), EX_NOINPUT);
    assert_int_equal(order_command(f, "handle", NULL, "--site=none"), EX_NOINPUT);
    free(first);
    free(second);
    free(changed);
}

static void test_import_exit_codes(void **state)
{
    struct fixture *f = *state;
    shop_for_commands(f);
    char *good = write_file(f, "good.xml", order_xml),
         *half = write_file(f, "half.xml", "<order version='1'><number>1");
    char *other = write_file(f, "other.xml", "<invoice/>"), *text_file = write_file(f, "text.xml", "hello");
    char *missing = xasprintf("%s/missing.xml", f->dir);
    assert_int_equal(call(f, cmd_import, "import", f->path, half, NULL), EX_DATAERR);
    assert_true(strncmp(buf_str(&f->text), "incomplete: ", 12) == 0);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM intake"), 0);
    assert_int_equal(call(f, cmd_import, "import", f->path, other, NULL), EX_DATAERR);
    assert_true(strncmp(buf_str(&f->text), "no-order: ", 10) == 0);
    assert_int_equal(call(f, cmd_import, "import", f->path, text_file, good, NULL), EX_DATAERR);
    assert_contains(buf_str(&f->text), "refused: ");
    assert_contains(buf_str(&f->text), "accepted: order 1042\n"); /* one bad file does not stop the others */
    assert_int_equal(call(f, cmd_import, "import", f->path, missing, NULL), EX_NOINPUT);
    assert_int_equal(call(f, cmd_import, "import", f->path, good, "--mapping=none", NULL), EX_CONFIG);
    assert_int_equal(call(f, cmd_import, "import", f->path, good, "--mapping=plain", NULL), EX_OK);
    /* A document that no site uses yet: a tutorial's first try. */
    char *prom = xasprintf("--mapping=%s/../mapping/order/prom-ua.xml", TEST_SOURCE_DIR);
    assert_int_equal(call(f, cmd_import, "import", f->path, good, prom, "--explain", NULL), EX_DATAERR);
    assert_contains(buf_str(&f->text), "  prom-ua          no   root 'orders' and ");
    assert_null(strstr(buf_str(&f->text), "plain"));
    free(prom);
    assert_int_equal(call(f, cmd_import, "import", f->path, good, "--mapping=./none.xml", NULL), EX_NOINPUT);
    assert_int_equal(call(f, cmd_import, "import", f->path, good, "--site=none", NULL), EX_CONFIG);
    assert_int_equal(call(f, cmd_import, "import", f->path, NULL), EX_USAGE);
    assert_int_equal(call(f, cmd_import, "import", "--help", NULL), EX_OK);
    assert_contains(buf_str(&f->text), "--dry-run");
    /* Another program holds the database longer than we wait. */
    ok(f, db_begin_write(f->writer, &f->err));
    assert_int_equal(call(f, cmd_import, "import", f->path, good, NULL), EX_TEMPFAIL);
    db_end(f->writer);
    free(good);
    free(half);
    free(other);
    free(text_file);
    free(missing);
}

static void test_orders_list(void **state)
{
    struct fixture *f = *state;
    shop_for_commands(f);
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", "--format=json", NULL), EX_OK);
    assert_string_equal(buf_str(&f->text), "[]\n");
    char *path = write_file(f, "o.xml", order_xml);
    assert_int_equal(call(f, cmd_import, "import", f->path, path, NULL), EX_OK);
    free(path);
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", NULL), EX_OK);
    assert_string_equal(buf_str(&f->text),
                        "number  site  created              customer      lines  total  currency  status  "
                        "payment           paid  revision  warnings\n"
                        "1042    main  2026-11-22 10:00:00  Олена Коваль      1  99.80  UAH       new     "
                        "картка, \"онлайн\"    no         1         0\n");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", "--format", "csv", NULL), EX_OK);
    assert_string_equal(
        buf_str(&f->text),
        "number,site,created,customer,lines,total,currency,status,payment,paid,revision,warnings\r\n"
        "1042,main,2026-11-22 10:00:00,Олена Коваль,1,99.80,UAH,new,\"картка, \"\"онлайн\"\"\",no,1,0\r\n");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", "--format=json", NULL), EX_OK);
    assert_string_equal(buf_str(&f->text), "[\n  {\"number\": \"1042\", \"site\": \"main\", \"created\": "
                                           "\"2026-11-22 10:00:00\", \"customer\": \"Олена Коваль\","
                                           " \"lines\": 1, \"total\": 99.80, \"currency\": \"UAH\", "
                                           "\"status\": \"new\", \"payment\": \"картка, \\\"онлайн\\\"\","
                                           " \"paid\": false, \"revision\": 1, \"warnings\": 0}\n]\n");
    static const char *const none[] = {"--status=paid", "--since=2026-11-23", "--limit=0", "--site=other"};
    static const char *const one[] = {"--status=new", "--since=2026-11-22", "--limit=1", "--site=main"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", "--format=json", none[i], NULL),
                         EX_OK);
        assert_string_equal(buf_str(&f->text), "[]\n");
        assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", "--format=json", one[i], NULL),
                         EX_OK);
        assert_contains(buf_str(&f->text), "1042");
    }
    static const char *const wrong[] = {"--status=odd", "--since=yesterday", "--limit=x", "--format=xml",
                                        "--what"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(call(f, cmd_orders, "orders", f->path, "list", wrong[i], NULL), EX_USAGE);
}

static void test_orders_show(void **state)
{
    struct fixture *f = *state;
    shop_for_commands(f);
    char *path = write_file(f, "o.xml", order_xml);
    assert_int_equal(call(f, cmd_import, "import", f->path, path, NULL), EX_OK);
    free(path);
    run(f, "UPDATE orders SET status = 'accepted', note = 'line one' || char(10) || char(27) || '[31mtwo'");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "show", "1042", NULL), EX_OK);
    assert_contains(buf_str(&f->text), "number:     1042\n");
    assert_contains(
        buf_str(&f->text),
        "note:       line one ?[31mtwo\n"); /* nothing of a file reaches the terminal's controls */
    assert_contains(buf_str(&f->text), "\nCustomer\nid:    1\n");
    assert_contains(buf_str(&f->text), "\nLines\nposition  kind     code  name  quantity  unit  price  "
                                       "price_net  vat  total  matched_by  product  warehouse  reserved\n"
                                       "       1  product  TEA   Чай          2  шт    49.90    41.5833   20 "
                                       " 99.80  sku         TEA      main              2\n");
    assert_contains(buf_str(&f->text), "accepted  database\n");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "show", "1042", "--format=csv", NULL), EX_OK);
    assert_true(strncmp(buf_str(&f->text), "field,value\r\nnumber,1042\r\n", 26) == 0);
    assert_contains(buf_str(&f->text), "\r\nlines.1.quantity,2\r\n");
    assert_contains(buf_str(&f->text), "\r\nhistory.2.status,accepted\r\n");
    assert_contains(buf_str(&f->text), "\r\nfiles.1.name,o.xml\r\n");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "show", "1042", "--format=json", NULL), EX_OK);
    assert_contains(buf_str(&f->text), "\"note\": \"line one\\n\\u001b[31mtwo\"");
    assert_contains(buf_str(&f->text), "\"warnings\": [],\n");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "show", "9", NULL), EX_NOINPUT);
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "show", NULL), EX_USAGE);
    run(f,
        "INSERT INTO site (id, name, language, currency, price_list_id) VALUES (2, 'other', 'uk', 'UAH', 1);"
        "INSERT INTO orders (site_id, number, content_hash, currency, mapping) VALUES (2, '1042', '', 'UAH', "
        "'')");
    assert_int_equal(call(f, cmd_orders, "orders", f->path, "show", "1042", NULL), EX_CONFIG);
    assert_int_equal(
        call(f, cmd_orders, "orders", f->path, "show", "1042", "--site=other", "--format=json", NULL), EX_OK);
    assert_contains(buf_str(&f->text), "\"customer\": null");
}

static void test_display_width(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t width;
    } cases[] = {{"", 0},          {"abc", 3},  {"Чай", 3},    {"日本", 4},
                 {"e\xcc\x81", 1}, {"\xff", 1}, {"\x1b[m", 3}, {"a\tb", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (display_width(cases[i].s) != cases[i].width)
            fail_msg("'%s': %zu", cases[i].s, display_width(cases[i].s));
}

static void test_escapes(void **state)
{
    (void)state;
    auto_buf b = BUF_INIT;
    json_string(&b, "a\"\\\n\t\x7f\xff щ");
    assert_string_equal(buf_str(&b), "\"a\\\"\\\\\\n\\u0009\\u007f\xef\xbf\xbd щ\"");
    static const char *const fields[][2] = {
        {"a", "a"},       {"", ""},      {"a,b", "\"a,b\""}, {"\"", "\"\"\"\""}, {"a\r\nb", "\"a\r\nb\""},
        {" a", "\" a\""}, {"a;b", "a;b"}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        buf_clear(&b);
        csv_field(&b, fields[i][0]);
        assert_string_equal(buf_str(&b), fields[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_import, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_dry_run_leaves_the_database_as_it_was, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_operator_says, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_import_exit_codes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_orders_list, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_orders_show, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_display_width),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
