/* A mapping that makes a file for each row of a kind: names, contents, identity. */
#include "mapping_test.h"

#include <errno.h>

#include "mapping/export_files.h"

#define MANY(path)                                                                        \
    "<export " NS " path='" path                                                          \
    "' for='price_list'><csv><rows of='price' where='price_list_id = for.price_list_id'>" \
    "<column name='p' value='product_id'/></rows></csv></export>"

static void compile_files(struct fixture *f, const char *mapping, struct export_map **map,
                          struct export_files *files)
{
    ok(f, compile_text(f, mapping, map));
    ok(f, export_map_files(files, *map, f->reader, "shop", &f->err));
}

static void assert_paths(struct fixture *f, const char *mapping, const char *expected)
{
    struct export_map *map;
    struct export_files files;
    auto_buf out = BUF_INIT;

    compile_files(f, mapping, &map, &files);
    for (size_t i = 0; i < files.n; i++)
        buf_addf(&out, "%s\n", export_map_path(files.maps[i]));
    for (size_t i = 0; i < files.n_problems; i++)
        buf_addf(&out, "! %s\n", files.problems[i]);
    assert_string_equal(buf_str(&out), expected);
    export_files_release(&files);
    export_map_unref(map);
}

/* Of the file with this name; "" when there is none. */
static void render_file(struct fixture *f, const char *mapping, const char *name, struct buf *out,
                        uint8_t *digest)
{
    struct export_map *map, *file;
    struct export_files files;

    compile_files(f, mapping, &map, &files);
    file = export_files_find(&files, name);
    buf_clear(out);
    if (file) {
        render_map(f, file, 1, out);
        if (digest)
            memcpy(digest, export_map_digest(file), SHA256_SIZE);
    }
    export_map_unref(file);
    export_files_release(&files);
    export_map_unref(map);
}

static void assert_file(struct fixture *f, const char *mapping, const char *name, const char *expected)
{
    auto_buf out = BUF_INIT;

    render_file(f, mapping, name, &out, NULL);
    assert_string_equal(buf_str(&out), expected);
}

static void lists(struct fixture *f)
{
    goods(f);
    run(f, "DELETE FROM price_list WHERE id = 2");
    run(f, "INSERT INTO price_list (id, code, name, currency) VALUES (5, 'Opt', 'Опт', 'UAH'), (6, 'vip', "
           "'', 'UAH');"
           "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 5, 9000000), (3, 5, 4000000)");
}

static void a_file_for_each_row(void **state)
{
    struct fixture *f = *state;
    static const char mapping[] =
        "<export " NS
        " path='prices-{lower(code)}.csv' for='price_list' where=\"code &lt;> 'retail'\"><csv>\n"
        "<rows of='price' where='price_list_id = for.price_list_id AND min_qty = 0'>\n"
        "<column name='list' value='for.name'/><column name='both' value=\"for.code || '-' || "
        "product_id\"/>\n"
        "<column name='dear'><if test='price > 100 * for.price_list_id'>yes</if></column>\n"
        "</rows></csv></export>";

    lists(f);
    run(f, "UPDATE price_list SET name = 'Retail', code = 'retail' WHERE id = 1");
    assert_paths(f, mapping, "prices-opt.csv\nprices-vip.csv\n");
    assert_file(f, mapping, "prices-opt.csv", "list,both,dear\nОпт,Opt-1,yes\nОпт,Opt-3,\n");
    assert_file(f, mapping, "opt", "list,both,dear\nОпт,Opt-1,yes\nОпт,Opt-3,\n");
    assert_file(f, mapping, "vip", "list,both,dear\n");
    assert_file(f, mapping, "retail", "");
}

static void the_row_everywhere(void **state)
{
    struct fixture *f = *state;
    static const char mapping[] =
        "<s:export " NS_S " path='{language}/feed.xml' for='language'><s:xml>"
        "<shop lang='{for.language}' of='{site.name}'>\n"
        "<s:rows of='product' where=\"active = 1 AND product_id &lt; 3 AND for.main IN (0, 1)\"><p>"
        "<s:each of='product_text' where='language = for.language' value='name'/>"
        "<s:each of='image' order=\"name = for.language, name\" value=\"name || ' for.name ' || "
        "for.language\"/></p></s:rows>\n"
        "</shop></s:xml></s:export>";

    lists(f);
    run(f, "INSERT INTO product_text (product_id, language, name) SELECT 1, code, 'Shoes' FROM language "
           "WHERE code <> 'uk' LIMIT 1;"
           "DELETE FROM image WHERE product_id <> 1 OR id > 1");
    assert_file(f, mapping, "uk/feed.xml",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<shop lang=\"uk\" of=\"shop\">\n"
                " <p>Туфлі \"Зоря\"; червоніa 1.jpg for.name uk</p>\n <p>  blanks 🎁 </p>\n</shop>\n");
}

static void names_that_cannot_be(void **state)
{
    struct fixture *f = *state;

    lists(f);
    run(f, "UPDATE price_list SET code = '../etc/passwd' WHERE id = 1;"
           "UPDATE price_list SET code = 'a' || char(10) || 'b\\c' WHERE id = 5;"
           "UPDATE price_list SET code = 'A/B' WHERE id = 6;"
           "INSERT INTO price_list (id, code, name, currency) VALUES (7, 'A_B', '', 'UAH'),"
           " (8, substr('12345678901234567890123456789012345678901234567890', 1) || hex(zeroblob(80)), '', "
           "'UAH'), (9, '', '', 'UAH')");
    assert_paths(f, MANY("x/{code}.csv"),
                 "x/_._etc_passwd.csv\n"
                 "x/a_b_c.csv\n"
                 "x/A_B.csv\n"
                 "! row 4 of 'price_list' makes 'x/A_B.csv' like a row before it, and has no file\n"
                 "! row 5 of 'price_list' would make a file's name longer than 200 bytes, and has none\n"
                 "! row 6 of 'price_list' has nothing to put into the file's name, and has none\n");
    assert_paths(
        f,
        "<export " NS
        " path='{code}/x.csv' for='price_list' where='price_list_id IN (1, 10)'><csv><rows of='price'>"
        "<column name='p' value='product_id'/></rows></csv></export>",
        "_._etc_passwd/x.csv\n");
    run(f, "UPDATE price_list SET code = 'images' WHERE id = 1");
    assert_paths(f,
                 "<export " NS
                 " path='{code}/x.csv' for='price_list' where='price_list_id = 1'><csv><rows of='price'>"
                 "<column name='p' value='product_id'/></rows></csv></export>",
                 "! row 1 of 'price_list' makes a name that cannot be a file's, and has none\n");
}

/* Another value that is used is another rendering, one that is not used is none. */
static void what_makes_it_another(void **state)
{
    struct fixture *f = *state;
    uint8_t was[SHA256_SIZE], is[SHA256_SIZE];
    auto_buf out = BUF_INIT;
    static const char mapping[] = MANY("{code}.csv");

    lists(f);
    render_file(f, mapping, "Opt", &out, was);
    run(f, "UPDATE price_list SET name = 'other' WHERE id = 5");
    render_file(f, mapping, "Opt", &out, is);
    assert_memory_equal(was, is, SHA256_SIZE);
    render_file(f, mapping, "vip", &out, is);
    assert_memory_not_equal(was, is, SHA256_SIZE);
    run(f, "UPDATE price SET price_list_id = 1 WHERE price_list_id = 5 AND product_id = 99;"
           "DELETE FROM price WHERE price_list_id = 5; DELETE FROM price_list WHERE id = 5;"
           "INSERT INTO price_list (id, code, name, currency) VALUES (50, 'Opt', 'Опт', 'UAH')");
    render_file(f, mapping, "Opt", &out, is);
    assert_memory_not_equal(was, is, SHA256_SIZE);
}

static void at_most_so_many(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct export_files files;

    lists(f);
    run(f, "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)"
           "INSERT INTO price_list (id, code, name, currency) SELECT i, 'l' || i, '', 'UAH' FROM n");
    compile_files(f, MANY("{code}.csv"), &map, &files);
    assert_int_equal(files.n, EXPORT_FILES_MAX);
    assert_int_equal(files.n_problems, 1);
    export_files_release(&files);
    export_map_unref(map);
}

static void not_for_one_renderer(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct renderer *r;

    lists(f);
    ok(f, compile_text(f, MANY("{code}.csv"), &map));
    assert_int_equal(renderer_new(&r, map, f->reader, "shop", &f->err), -EINVAL);
    error_release(&f->err);
    export_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_for_each_row, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_row_everywhere, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(names_that_cannot_be, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_makes_it_another, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(at_most_so_many, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(not_for_one_renderer, fixture_setup, fixture_teardown),
    };

    mapping_init();
    return cmocka_run_group_tests_name("render_files", tests, NULL, NULL);
}
