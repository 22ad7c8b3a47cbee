/* Text: UTF-8, white space, comparisons, matching keys. iconv is the second opinion on UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void every_code_point_comes_back(void **unused)
{
    (void)unused;
    for (uint32_t cp = 0; cp <= 0x110010; cp++) {
        bool real = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
        auto_buf out = BUF_INIT;
        uint32_t got = 0;

        text_utf8_encode(&out, cp);
        assert_int_equal(text_utf8_decode(out.data, out.len, &got), out.len);
        if (got != (real ? cp : 0xfffd))
            fail_msg("U+%04X came back as U+%04X", cp, got);
        /* A sequence that is cut is none. */
        for (size_t n = 0; n < out.len; n++)
            assert_int_equal(text_utf8_decode(out.data, n, &got), 0);
    }
}

static void refuses_ill_formed(void **unused)
{
    static const char *const samples[] = {
        "\x80",             /* continuation alone */
        "\xc0\xaf",         /* overlong '/' */
        "\xc1\xbf",         /* overlong */
        "\xe0\x80\xaf",     /* overlong '/' */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x80\x80\xaf", /* overlong '/' */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc3\x28", /* no continuation */
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
        "\xf0\x9f\x98\x28",
    };
    uint32_t cp;

    (void)unused;
    for (size_t i = 0; i < COUNT(samples); i++) {
        if (text_utf8_decode(samples[i], strlen(samples[i]), &cp) != 0)
            fail_msg("sample %zu is taken", i);
        assert_false(text_utf8_valid(samples[i], strlen(samples[i])));
    }
    assert_true(text_utf8_valid("", 0));
    assert_true(text_utf8_valid("a\0b", 3));
    assert_false(text_utf8_valid("abc\xd0", 4));
}

static void agrees_with_iconv(void **unused)
{
    /* Bytes near the borders of the grammar, so that many sequences are well-formed by chance. */
    static const unsigned char bytes[] = {'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                          0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    iconv_t convert = iconv_open("UTF-32LE", "UTF-8");
    size_t good = 0, n = COUNT(bytes);

    (void)unused;
    assert_true(convert != (iconv_t)-1);
    for (size_t i = 0; i < n * n * n * n; i++) {
        char text[4] = {(char)bytes[i % n], (char)bytes[i / n % n], (char)bytes[i / n / n % n],
                        (char)bytes[i / n / n / n]};
        char out[32], *from = text, *to = out;
        size_t from_left = sizeof text, to_left = sizeof out;
        bool valid;

        assert_int_equal(iconv(convert, NULL, NULL, NULL, NULL), 0);
        valid = iconv(convert, &from, &from_left, &to, &to_left) == 0;
        if (text_utf8_valid(text, sizeof text) != valid)
            fail_msg("%02x %02x %02x %02x", text[0] & 255, text[1] & 255, text[2] & 255, text[3] & 255);
        good += valid;
    }
    assert_int_equal(iconv_close(convert), 0);
    assert_true(good > 100);
}

static void prefix_cuts_between_code_points(void **unused)
{
    const char *s = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1 2 3 4 1 bytes */
    static const size_t ends[] = {0, 1, 3, 6, 10, 11, 11};

    (void)unused;
    for (size_t max = 0; max < COUNT(ends); max++)
        assert_int_equal(text_utf8_prefix(s, strlen(s), max), ends[max]);
    assert_int_equal(text_utf8_prefix(s, 5, 100), 3); /* the third is cut */
    assert_int_equal(text_utf8_prefix("ab\xff"
                                      "cd",
                                      5, 100),
                     2);
    assert_int_equal(text_utf8_prefix(s, strlen(s), SIZE_MAX), 11);
}

static void check_collapse(const char *in, const char *expected)
{
    auto_buf out = BUF_INIT;

    text_collapse(&out, in, strlen(in));
    assert_string_equal(buf_str(&out), expected);
}

static void collapses_white_space(void **unused)
{
    auto_buf out = BUF_INIT;

    (void)unused;
    check_collapse("", "");
    check_collapse(" \t\r\n\v\f\xc2\xa0", "");
    check_collapse("  a  b\n\tc ", "a b c");
    check_collapse("a\xc2\xa0\xc2\xa0"
                   "b\xc2\xa0",
                   "a b");
    check_collapse("\xc2\xa9 \xc3\xa0", "\xc2\xa9 \xc3\xa0"); /* shares bytes with NO-BREAK SPACE */
    check_collapse("\xc2", "\xc2");
    buf_add_str(&out, "x: ");
    text_collapse(&out, " y ", 3);
    assert_string_equal(buf_str(&out), "x: y");
}

static void compares_ascii_without_case(void **unused)
{
    (void)unused;
    assert_true(text_equal_ascii_nocase("Order.XML", "oRDER.xml"));
    assert_true(text_equal_ascii_nocase("", ""));
    assert_false(text_equal_ascii_nocase("a", "ab"));
    assert_false(text_equal_ascii_nocase("ab", "a"));
    assert_false(text_equal_ascii_nocase("[", "{")); /* 0x20 apart, but no letters */
    assert_false(text_equal_ascii_nocase("@", "`"));
    assert_false(text_equal_ascii_nocase("\xc3\x89", "\xc3\xa9"));
    assert_true(text_equal_ascii_nocase(NULL, NULL));
    assert_false(text_equal_ascii_nocase(NULL, ""));
    assert_false(text_equal_ascii_nocase("", NULL));

    assert_true(text_ends_with_nocase("a.XML", ".xml"));
    assert_true(text_ends_with_nocase(".xml", ".xml"));
    assert_true(text_ends_with_nocase("abc", ""));
    assert_false(text_ends_with_nocase("xml", ".xml"));
    assert_false(text_ends_with_nocase("a.xml.filepart", ".xml"));
    assert_false(text_ends_with_nocase(NULL, ".xml"));
}

static void check_keys(void (*key)(struct buf *, const char *), const char *const samples[][2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        auto_buf out = BUF_INIT;

        buf_add_str(&out, "before ");
        key(&out, samples[i][0]);
        if (strcmp(buf_str(&out) + 7, samples[i][1]) != 0)
            fail_msg("'%s': '%s', not '%s'", samples[i][0] ? samples[i][0] : "(null)", buf_str(&out) + 7,
                     samples[i][1]);
    }
}

static void email_keys(void **unused)
{
    static const char *const samples[][2] = {
        {"Ivan.Petrov@Example.COM", "ivan.petrov@example.com"},
        {"  a@b.example\xc2\xa0\r\n", "a@b.example"},
        {"\xd0\x98@x.example", "\xd0\x98@x.example"},
        {"", ""},
        {NULL, ""},
        {" ", ""},
        {"-", ""},
        {"none", ""},
        {"@", ""},
        {"@example.com", ""},
        {"ivan@", ""},
        {"no mail@all", ""},
    };

    (void)unused;
    check_keys(text_email_key, samples, COUNT(samples));
}

static void phone_keys(void **unused)
{
    static const char *const samples[][2] = {
        {"+7 (912) 345-67-89", "79123456789"},
        {"007 912 345 67 89", "79123456789"},
        {"0171 1234567", "1711234567"},
        {"1234567", "1234567"},
        {"+123456", ""},
        {"000123456", ""},
        {"12345678901234", "345678901234"},
        {"00 1000 0000 0000", "100000000000"},
        {"tel. 555 10 00", "5551000"},
        {"tel. 555 10 00 1", "55510001"},
        {"", ""},
        {NULL, ""},
        {"none", ""},
        {"0000000000", ""},
    };

    (void)unused;
    check_keys(text_phone_key, samples, COUNT(samples));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(refuses_ill_formed),
        cmocka_unit_test(agrees_with_iconv),
        cmocka_unit_test(prefix_cuts_between_code_points),
        cmocka_unit_test(collapses_white_space),
        cmocka_unit_test(compares_ascii_without_case),
        cmocka_unit_test(email_keys),
        cmocka_unit_test(phone_keys),
    };

    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
