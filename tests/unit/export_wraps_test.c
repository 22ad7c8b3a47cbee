/* An element around rows that is left out when there are none: in versions made of chunks. */
#define EXPORT_TEST_REAL
#include "export_test.h"

#define MAPPING                                                                                     \
    "<s:export xmlns:s='urn:shopfs:mapping' path='a.xml'><s:xml indent='no' declaration='no'><all>" \
    "<list s:drop-empty='product' t='{title}'><s:attr name='at' value='version.date'/><lists>"      \
    "<s:rows of='price_list'><l>{code}</l></s:rows></lists><goods>"                                 \
    "<s:rows of='product' where='active = 1'><p>{sku}</p></s:rows></goods></list>"                  \
    "<cards s:drop-empty='yes'><s:rows "                                                            \
    "of='certificate'><c>{code}</c></s:rows></cards></all></s:xml></s:export>"

/* expected: with %s where the version's date is, if anywhere. */
static void assert_is(struct bench *f, const char *expected)
{
    auto_buf is = BUF_INIT, should = BUF_INIT;
    struct version *v = current(f);
    char date[32];
    time_t t = version_mtime(v).tv_sec;
    struct tm tm;

    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", gmtime_r(&t, &tm));
    for (const char *s = expected; *s; s++)
        if (*s == '@')
            buf_add_str(&should, date);
        else
            buf_add_char(&should, *s);
    content(v, &is);
    buf_add_char(&should, '\n');
    assert_string_equal(buf_str(&is), buf_str(&should));
    version_unref(v);
}

static void comes_and_goes(void **state)
{
    struct bench *f = *state;

    write_mapping(f, 0, MAPPING);
    start(f);
    assert_is(f, "<all></all>");
    for (int round = 0; round < 3; round++) {
        tick();
        run_sql(f, "INSERT INTO product (id, sku) VALUES (1, 'one'), (500, 'two')");
        assert_is(f, "<all><list t=\"\" "
                     "at=\"@\"><lists><l>retail</l></lists><goods><p>one</p><p>two</p></goods></list></all>");
        tick();
        run_sql(f, "UPDATE product SET active = 0 WHERE id = 1");
        assert_is(
            f,
            "<all><list t=\"\" at=\"@\"><lists><l>retail</l></lists><goods><p>two</p></goods></list></all>");
        if (round == 1) {
            stop(f);
            start(f);
        }
        tick();
        run_sql(f, "DELETE FROM product");
        assert_is(f, "<all></all>");
        if (round == 2) {
            stop(f);
            start(f);
            assert_is(f, "<all></all>");
        }
        tick();
        run_sql(f,
                "UPDATE site SET title = 't%d'; INSERT OR IGNORE INTO certificate (code, kind, amount_e4) "
                "VALUES ('C', 'amount', 1)",
                round);
        assert_is(f, "<all><cards><c>C</c></cards></all>");
        tick();
        run_sql(f, "UPDATE site SET title = ''; DELETE FROM certificate");
    }
}

/* What is not shown is no reason for a version. */
static void hidden_changes_are_none(void **state)
{
    struct bench *f = *state;

    write_mapping(f, 0, MAPPING);
    start(f);
    assert_is(f, "<all></all>");
    struct version *was = current(f);
    for (int i = 0; i < 3; i++) {
        tick();
        run_sql(f,
                "UPDATE site SET title = 'other %d'; INSERT INTO price_list (code, currency) VALUES ('l%d', "
                "'UAH')",
                i, i);
        struct version *is = current(f);
        assert_int_equal(version_ino(is), version_ino(was));
        version_unref(is);
    }
    version_unref(was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_and_goes, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(hidden_changes_are_none, bench_setup, bench_teardown),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("export_wraps", tests, NULL, NULL);
}
