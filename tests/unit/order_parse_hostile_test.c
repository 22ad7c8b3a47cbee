/* Hostile and huge files: nothing is read but the bytes given, nothing grows without bound. */
#include "order_fixture.h"

#include <errno.h>
#include <time.h>

static int parse(struct order_file *out, const char *text, struct error *err)
{
    struct order_map *map = shipped("plain");
    int rc = order_parse(out, text, strlen(text), &map, 1, &usual_limits, err);

    order_map_free(map);
    return rc;
}

static void refused(const char *text, const char *word)
{
    struct order_file f;
    struct error err = ERROR_INIT;

    assert_int_equal(parse(&f, text, &err), -EINVAL);
    if (!strstr(err.message, word))
        fail_msg("'%s' does not say '%s'", err.message, word);
    assert_int_equal(f.n_orders, 0);
    error_release(&err);
}

#define ITEMS "<items><item><code>A</code><price>1</price></item></items>"

/* The secret must show up nowhere, whatever way it is asked for. */
static void test_external_entities(void **state)
{
    char *secret = temporary_file("5ecret-content");
    char *bare = temporary_file("<number>5ecret-content</number>");
    static const char *const shapes[] = {
        "<!DOCTYPE o [<!ENTITY x SYSTEM \"file://%s\">]><order version='1'><number>&x;</number>" ITEMS
        "</order>",
        "<!DOCTYPE o [<!ENTITY %% p SYSTEM \"file://%s\"> %%p;]><order version='1'><number>1</number>" ITEMS
        "</order>",
        "<!DOCTYPE o SYSTEM \"file://%s\"><order version='1'><number>1</number>" ITEMS "</order>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        auto_buf b = BUF_INIT;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buf_addf(&b, shapes[i], i == 2 ? bare : secret);
#pragma GCC diagnostic pop
        refused(buf_str(&b), "DOCTYPE");
    }
    /* Without a DOCTYPE there is nothing to expand; XInclude is only content. */
    {
        auto_buf b = BUF_INIT;
        struct order_file f;

        buf_addf(&b,
                 "<order version='1' xmlns:xi='http://www.w3.org/2001/XInclude'><number>1</number>"
                 "<note>a<xi:include href='file://%s' parse='text'/>b</note>" ITEMS "</order>",
                 secret);
        assert_int_equal(parse(&f, buf_str(&b), NULL), 0);
        assert_string_equal(f.orders[0].note, "ab");
        for (size_t i = 0; i < f.orders[0].n_unmapped; i++)
            assert_null(strstr(f.orders[0].unmapped[i].value, "5ecret"));
        order_file_release(&f);
    }
    unlink(secret);
    unlink(bare);
    free(secret);
    free(bare);
}

static void test_billion_laughs(void **state)
{
    (void)state;
    refused(
        "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]>"
        "<order version='1'><number>&d;</number>" ITEMS "</order>",
        "DOCTYPE");
}

/* Each of so many names would cost the parser a longer search than the one before. */
static void test_countless_names(void **state)
{
    auto_buf b = BUF_INIT;
    struct order_file f;
    struct error err = ERROR_INIT;

    (void)state;
    buf_add_str(&b, "<order version='1'><number>1</number>");
    for (unsigned i = 0; i < 200000; i++)
        buf_addf(&b, "<n%u/>", i);
    buf_add_str(&b, ITEMS "</order>");
    assert_int_equal(parse(&f, buf_str(&b), &err), -E2BIG);
    assert_non_null(strstr(err.message, "different names"));
    error_release(&err);
}

static void test_not_whole(void **state)
{
    (void)state;
    refused("", "empty");
    refused("<order version='1'><number>1</number>", "ends before");
    refused("<order version='1'><number>1</order>", "not well-formed");
    refused("<order version='1'/>garbage", "after the end");
    refused("\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip");
}

static void test_huge_text(void **state)
{
    auto_buf b = BUF_INIT;
    struct order_file f;
    struct error err = ERROR_INIT;

    (void)state;
    buf_add_str(&b, "<order version='1'><number>");
    buf_reserve(&b, 20u << 20);
    memset(b.data + b.len, 'x', 20u << 20);
    b.len += 20u << 20;
    buf_add_str(&b, "</number>" ITEMS "</order>");
    assert_int_equal(parse(&f, buf_str(&b), &err), -E2BIG);
    assert_non_null(strstr(err.message, "longer than"));
    error_release(&err);

    /* The same as white space is layout and no value. */
    buf_clear(&b);
    buf_add_str(&b, "<order version='1'>\n");
    for (int i = 0; i < 100000; i++)
        buf_add_str(&b, "    \n");
    buf_add_str(&b, "<number>1</number>" ITEMS "</order>");
    assert_int_equal(parse(&f, buf_str(&b), &err), 0);
    assert_int_equal(f.orders[0].lines[0].line, 100002);
    order_file_release(&f);
}

static void test_limits(void **state)
{
    static const char text[] =
        "<orders version='1'>"
        "<order><number>1</number>" ITEMS "</order>"
        "<order><number>2</number><items><item><code>A</code></item><item><code>B</code></item>"
        "</items></order></orders>";
    struct order_limits limits = ORDER_LIMITS_DEFAULT;
    struct order_map *map = shipped("plain");
    struct order_file f;
    struct error err = ERROR_INIT;

    (void)state;
    limits.lines = 1;
    assert_int_equal(order_parse(&f, text, strlen(text), &map, 1, &limits, &err), 0);
    assert_null(f.orders[0].error.message);
    assert_string_equal(f.orders[1].error.field, "lines");
    order_file_release(&f);
    limits.orders = 1;
    assert_int_equal(order_parse(&f, text, strlen(text), &map, 1, &limits, &err), -E2BIG);
    assert_non_null(strstr(err.message, "2 orders"));
    error_release(&err);
    limits.bytes = 50;
    assert_int_equal(order_parse(&f, text, strlen(text), &map, 1, &limits, &err), -E2BIG);
    error_release(&err);
    order_map_free(map);
}

/* Work must grow with the file, not with its square. */
/* More white space between tags than libxml2 takes for one value. */
static void test_much_layout(void **state)
{
    struct order_map *map = shipped("plain");
    struct order_file f;
    auto_buf b = BUF_INIT;

    (void)state;
    buf_add_str(&b, "<order version=\"1\"><number>1</number><items>");
    while (b.len < (12u << 20))
        buf_add_str(&b, "                                                            \n");
    buf_add_str(&b, "<item><code>A</code><price>1</price></item></items></order>");
    assert_int_equal(order_content_check_bytes(b.data, b.len, &usual_limits, NULL), CONTENT_COMPLETE);
    must_parse_bytes(&f, map, b.data, b.len);
    assert_int_equal(f.n_orders, 1);
    assert_int_equal(f.orders[0].n_lines, 1);
    order_file_release(&f);
    order_map_free(map);
}

static void test_ten_thousand_orders(void **state)
{
    struct order_map *map = shipped("plain");
    auto_buf b = BUF_INIT;
    struct order_file f;
    struct timespec before, after;

    (void)state;
    buf_add_str(&b, "<orders version='1'>\n");
    for (int i = 0; i < 10000; i++) {
        buf_addf(&b,
                 "<order><number>%d</number><currency>EUR</currency><customer><name>Customer %d</name>"
                 "<email>c%d@example.test</email></customer>\n<items>\n",
                 i, i, i);
        for (int k = 0; k < 8; k++)
            buf_addf(&b,
                     "  <item><code>SKU-%d-%d</code><name>A product with a name of usual length %d</name>"
                     "<quantity>%d</quantity><price>%d.%02d</price><vat-percent>20</vat-percent></item>\n",
                     i, k, k, k + 1, i, k);
        buf_add_str(&b, "</items></order>\n");
    }
    buf_add_str(&b, "</orders>\n");
    assert_true(b.len > 13u << 20);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(order_content_check_bytes(b.data, b.len, &usual_limits, NULL), CONTENT_COMPLETE);
    must_parse_bytes(&f, map, b.data, b.len);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(f.n_orders, 10000);
    for (size_t i = 0; i < f.n_orders; i++) {
        assert_null(f.orders[i].error.message);
        assert_int_equal(f.orders[i].n_lines, 8);
    }
    assert_string_equal(f.orders[9999].number, "9999");
    assert_int_equal(f.orders[9999].line, 9999 * 11 + 2); /* beyond what libxml2 counts in 16 bits */
    assert_int_equal(f.orders[9999].lines[7].price_e4, 99990700);
    /* About a second; the bound only tells linear from quadratic, also under a sanitizer. */
    assert_true(after.tv_sec - before.tv_sec < 60);
    order_file_release(&f);
    order_map_free(map);
}

/* A value of many nodes is found once for each, not once for each pair. */
static void test_many_siblings(void **state)
{
    auto_buf b = BUF_INIT;
    struct order_file f;

    (void)state;
    buf_add_str(&b, "<order version='1'><number>1</number>");
    for (int i = 0; i < 50000; i++)
        buf_addf(&b, "<x%d>v</x%d>", i % 7, i % 7);
    buf_add_str(&b, ITEMS "</order>");
    assert_int_equal(parse(&f, buf_str(&b), NULL), 0);
    assert_int_equal(f.orders[0].n_unmapped, 200);
    assert_int_equal(f.orders[0].n_warnings, 1);
    assert_string_equal(f.orders[0].unmapped[0].path, "x0[1]");
    order_file_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_external_entities),
        cmocka_unit_test(test_billion_laughs),
        cmocka_unit_test(test_countless_names),
        cmocka_unit_test(test_not_whole),
        cmocka_unit_test(test_huge_text),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_much_layout),
        cmocka_unit_test(test_ten_thousand_orders),
        cmocka_unit_test(test_many_siblings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
