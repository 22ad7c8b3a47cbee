/* The shipped mappings over the demo shop: the feed is valid by the public schema, the catalogue is one
 * table, and what the manual shows is what comes out. */
#include "mapping_test.h"

#include <csv.h>
#include <glob.h>
#include <sys/wait.h>

#include "cli/demo.h"
#include "mapping/export_program.h"
#include "store/rowkind.h"

#define YML_SCHEMA TEST_SOURCE_DIR "/../../shared/schemas/yml/shops_with_byn.xsd"
#define MANUAL TEST_SOURCE_DIR "/../mapping/MANUAL.md"

static void demo(struct fixture *f)
{
    struct demo_counts counts;
    struct demo_options options = {.products = 400, .pictures = 0, .picture_dir = -1};

    shop(f);
    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, shop_fill_basics(f->writer, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    ok(f, demo_fill(f->writer, &options, &counts, &f->err));
    run(f, "UPDATE site SET name = 'shop';"
           "INSERT INTO image (product_id, variant_id, name, position) SELECT p.id, 0, p.id || '-' || n.n || "
           "'.jpg', n.n FROM product p,"
           " (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2) n WHERE p.id % 3 <> n.n");
}

static void render_shipped(struct fixture *f, const char *name, struct buf *out)
{
    auto_buf path = BUF_INIT;
    struct export_map *map;

    buf_addf(&path, "%s/../mapping/export/%s", TEST_SOURCE_DIR, name);
    ok(f, export_map_compile(&map, buf_str(&path), f->reader, &f->err));
    render_map(f, map, 200, out);
    export_map_unref(map);
}

static void the_feed_is_valid(void **state)
{
    struct fixture *f = *state;
    char path[PATH_MAX + 16], command[2 * PATH_MAX + 200];
    auto_buf out = BUF_INIT;
    FILE *file;
    int rc;

    if (access(YML_SCHEMA, R_OK) != 0) {
        print_message("skipped: no %s\n", YML_SCHEMA);
        skip();
    }
    demo(f);
    render_shipped(f, "yml.xml", &out);
    assert_non_null(strstr(buf_str(&out), " group_id=\""));
    assert_non_null(strstr(buf_str(&out), "<picture>"));
    assert_non_null(strstr(buf_str(&out), "<param name=\""));
    assert_non_null(strstr(buf_str(&out), "available=\"false\""));
    snprintf(path, sizeof path, "%s/feed.yml", f->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(out.data, 1, out.len, file), out.len);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof command,
             "command -v xmllint >/dev/null || exit 77; xmllint --noout --nonet --schema '%s' '%s' "
             ">'%s/told' 2>&1 || { head -5 '%s/told' >&2; exit 1; }",
             YML_SCHEMA, path, f->dir, f->dir);
    rc = system(command);
    if (WIFEXITED(rc) && WEXITSTATUS(rc) == 77) {
        print_message("skipped: no xmllint\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

struct shape {
    size_t cells, rows, cells_in_row, bad;
};

static void count_cell(void *s, size_t len, void *arg)
{
    struct shape *shape = arg;

    (void)s;
    (void)len;
    shape->cells++;
}

static void count_row(int c, void *arg)
{
    struct shape *shape = arg;

    (void)c;
    if (shape->rows++ == 0)
        shape->cells_in_row = shape->cells;
    shape->bad += shape->cells != shape->cells_in_row;
    shape->cells = 0;
}

static void the_catalogue_is_a_table(void **state)
{
    struct fixture *f = *state;
    struct shape shape = {0};
    struct csv_parser p;
    auto_buf out = BUF_INIT;

    demo(f);
    render_shipped(f, "joomshopping.xml", &out);
    assert_int_equal(csv_init(&p, CSV_STRICT | CSV_STRICT_FINI), 0);
    csv_set_delim(&p, ';');
    assert_int_equal(csv_parse(&p, out.data, out.len, count_cell, count_row, &shape), out.len);
    assert_int_equal(csv_fini(&p, count_cell, count_row, &shape), 0);
    csv_free(&p);
    assert_int_equal(shape.rows,
                     1 + number(f, f->reader, "SELECT count(*) FROM product WHERE kind <> 'service'"));
    assert_int_equal(shape.cells_in_row, 27);
    assert_int_equal(shape.bad, 0);
}

static void the_catalogue_cell_for_cell(void **state)
{
    struct fixture *f = *state;
    auto_buf out = BUF_INIT;

    goods(f);
    render_shipped(f, "joomshopping.xml", &out);
    assert_non_null(strstr(
        buf_str(&out),
        "\nA-1;\"Туфлі \"\"Зоря\"\"; червоні\";tufli;;\"<p>Рядок 1</p>\n<p>Рядок & 2</p>\";;;;;4.5;0;1;"
        "Взуття/Жіноче/Туфлі\\/"
        "човники|Взуття;20;UAH;1500.50;1200.00;\"шт;5:9:8.33:1100.00|10:0:16.67:1000.00\";0.25;шт;a 1.jpg;"
        "a 1.jpg|б.jpg;\"O'Hara \"\"Sons\"\"\\; Ltd\";;Сезон:літо,весна;;Boots Ltd\n"));
    assert_non_null(strstr(buf_str(&out), ";\"Розмір:38;price:500.00;qty:0;ean:A-3-38;weight:1.5|Розмір:37;price:500.00;"
                                          "qty:7;ean:A-3-37;weight:1.5;image:d.jpg\";Сезон:зима;"));
}

/* Every shipped CSV mapping: as many cells in each record as in the first, by libcsv's strict rules. */
static void every_shipped_csv_is_a_table(void **state)
{
    struct fixture *f = *state;
    size_t tables = 0;
    glob_t found;

    demo(f);
    assert_int_equal(glob(TEST_SOURCE_DIR "/../mapping/export/*.xml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct shape shape = {0};
        struct export_map *map;
        struct csv_parser p;
        auto_buf out = BUF_INIT;
        const char *csv;

        ok(f, export_map_compile(&map, found.gl_pathv[i], f->reader, &f->err));
        render_map(f, map, 100, &out);
        csv = map->is_csv ? buf_str(&out) : NULL;
        if (csv && !map->encoding) {
            size_t bom = strncmp(csv, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

            assert_int_equal(csv_init(&p, CSV_STRICT | CSV_STRICT_FINI), 0);
            csv_set_delim(&p, (unsigned char)map->csv.delimiter);
            if (map->csv.quote == CSV_QUOTE_NEVER)
                csv_set_quote(&p, '\1');
            if (csv_parse(&p, csv + bom, out.len - bom, count_cell, count_row, &shape) != out.len - bom ||
                csv_fini(&p, count_cell, count_row, &shape) != 0 || shape.bad)
                fail_msg("%s: %zu of %zu records are wrong", found.gl_pathv[i], shape.bad, shape.rows);
            assert_true(shape.rows > (strncmp(map->path, "orders/", 7) == 0 ? 0 : 10)); /* a demo has no orders */
            tables++;
            csv_free(&p);
        }
        export_map_unref(map);
    }
    globfree(&found);
    assert_true(tables >= 5);
}

/* Each ```xml block of the manual that is a mapping compiles; the ```output block after it is what it gives.
 */
static void the_manual_tells_the_truth(void **state)
{
    struct fixture *f = *state;
    auto_buf block = BUF_INIT, out = BUF_INIT;
    bool in_xml = false, in_output = false;
    size_t shown = 0, compiled = 0;
    char line[4096];
    FILE *file = fopen(MANUAL, "r");

    assert_non_null(file);
    goods(f);
    while (fgets(line, sizeof line, file)) {
        if (strcmp(line, "```xml\n") == 0 || strcmp(line, "```output\n") == 0) {
            in_xml = line[3] == 'x';
            in_output = !in_xml;
            buf_clear(&block);
        } else if (strcmp(line, "```\n") == 0 && in_xml) {
            in_xml = false;
            if (!strstr(buf_str(&block), "urn:shopfs:mapping"))
                continue;
            buf_clear(&out);
            render_text(f, buf_str(&block), &out);
            compiled++;
        } else if (strcmp(line, "```\n") == 0 && in_output) {
            in_output = false;
            assert_string_equal(buf_str(&out), buf_str(&block));
            shown++;
        } else if (in_xml || in_output) {
            buf_add_str(&block, line);
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_true(compiled >= 5 && shown >= 5);
}

/* Every kind of row and every column of it is in the manual's list. */
static void the_manual_knows_every_column(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(MANUAL, "r");
    char line[4096];
    size_t found = 0;

    assert_non_null(file);
    shop(f);
    while (fgets(line, sizeof line, file))
        for (size_t i = 0; row_kind_at(i); i++) {
            char head[64], sql[128];
            struct stmt *st;

            snprintf(head, sizeof head, "| `%s` ", row_kind_at(i)->name);
            if (strncmp(line, head, strlen(head)) != 0)
                continue;
            found++;
            snprintf(sql, sizeof sql, "SELECT * FROM %s", row_kind_at(i)->view);
            ok(f, db_prepare(f->reader, &st, sql, &f->err));
            for (int k = 0; k < stmt_columns(st); k++) {
                const char *column = stmt_column_name(st, k), *at = line;
                size_t len = strlen(column);

                while ((at = strstr(at + 1, column)) && !(strchr(" `", at[-1]) && strchr(" `", at[len])))
                    ;
                if (!at && strcmp(column, "site_id") != 0)
                    fail_msg("%s: column %s is not in the manual", row_kind_at(i)->name, column);
            }
            stmt_free(st);
        }
    fclose(file);
    for (size_t i = 0; row_kind_at(i); i++)
        found--;
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_feed_is_valid, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_catalogue_is_a_table, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_shipped_csv_is_a_table, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_catalogue_cell_for_cell, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_manual_tells_the_truth, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_manual_knows_every_column, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
