/* Whole, half or broken: the verdict on content, for every way a file can be cut. */
#include "order_fixture.h"

static enum completeness check(const void *data, size_t len, struct error *err)
{
    return order_content_check_bytes(data, len, &usual_limits, err);
}

static enum completeness check_text(const char *text)
{
    return check(text, strlen(text), NULL);
}

static void assert_broken(const char *text, const char *word)
{
    struct error err = ERROR_INIT;

    if (check(text, strlen(text), &err) != CONTENT_BROKEN)
        fail_msg("not broken: %s", text);
    if (!strstr(err.message, word))
        fail_msg("'%s' does not say '%s'", err.message, word);
    error_release(&err);
}

static const char body[] = "<!-- до заказов -->\n"
                           "<?target data?>\n"
                           "<orders xmlns:x='urn:x' version=\"1\">\r\n"
                           "  <order><number>Заказ 7 &amp; &#1078;&#x416;</number>\n"
                           "  <note><![CDATA[<b>кавычки]] > внутри</b>]]></note>\n"
                           "  <x:empty a='1' b=\"&lt;2&gt;\"/><!-- внутри - --><long>"
                           "достаточно длинный текст, чтобы разбор не ждал следующего знака: "
                           "достаточно длинный текст, чтобы разбор не ждал следующего знака: "
                           "достаточно длинный текст, чтобы разбор не ждал следующего знака: "
                           "достаточно длинный текст, чтобы разбор не ждал следующего знака: "
                           "достаточно длинный текст, чтобы разбор не ждал следующего знака"
                           "</long></order>\n"
                           "</orders>\n"
                           "<!-- после --> <?end?>\n";

static void every_prefix(const struct buf *file, const char *root_end, size_t unit)
{
    size_t closed = 0;

    /* Where the root ends, in units of the encoding. */
    for (size_t i = 0; i + strlen(root_end) * unit <= file->len && !closed; i += unit) {
        bool same = true;

        for (size_t k = 0; root_end[k] && same; k++) {
            const char *c = file->data + i + k * unit;

            same = unit == 1 ? *c == root_end[k] : (c[0] == root_end[k] || c[1] == root_end[k]);
        }
        if (same)
            closed = i + strlen(root_end) * unit;
    }
    assert_true(closed > 0);
    for (size_t len = 0; len <= file->len; len++) {
        struct error err = ERROR_INIT;
        /* A copy of exactly this size: reading beyond it is seen by the sanitizer. */
        char *copy = xmalloc(len + 1);
        enum completeness got;

        if (len)
            memcpy(copy, file->data, len);
        got = check(copy, len, &err);
        free(copy);
        if (got == CONTENT_BROKEN)
            fail_msg("cut at %zu of %zu: broken: %s (line %d)", len, file->len, err.message, err.line);
        if (got == CONTENT_COMPLETE && len < closed)
            fail_msg("cut at %zu of %zu: complete", len, file->len);
        if (got == CONTENT_INCOMPLETE && (len == closed || len == file->len))
            fail_msg("whole at %zu of %zu: %s", len, file->len, err.message);
        assert_int_equal(got == CONTENT_COMPLETE, err.message == NULL);
        error_release(&err);
    }
}

static void test_prefixes_utf8(void **state)
{
    auto_buf b = BUF_INIT;

    (void)state;
    buf_addf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s", body);
    every_prefix(&b, "</orders>", 1);
    buf_clear(&b);
    buf_addf(&b, "\xef\xbb\xbf<?xml version='1.0'?>%s", body);
    every_prefix(&b, "</orders>", 1);
    buf_clear(&b);
    buf_addf(&b, "\n %s", body);
    every_prefix(&b, "</orders>", 1);
}

static void test_prefixes_windows_1251(void **state)
{
    auto_buf b = BUF_INIT;
    struct buf c;

    (void)state;
    buf_addf(&b, "<?xml version=\"1.0\" encoding=\"windows-1251\"?>\n%s", body);
    c = converted(buf_str(&b), "WINDOWS-1251");
    every_prefix(&c, "</orders>", 1);
    buf_release(&c);
}

static void test_prefixes_utf16(void **state)
{
    static const char *const encodings[] = {"UTF-16LE", "UTF-16BE"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        auto_buf b = BUF_INIT;
        struct buf c;

        buf_addf(&b, "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n%s", body);
        c = converted(buf_str(&b), encodings[i]);
        every_prefix(&c, "</orders>", 2);
        buf_release(&c);
    }
}

/* The same through a descriptor, with a file larger than one read. */
static void test_descriptor(void **state)
{
    auto_buf b = BUF_INIT;
    char path[] = "/tmp/shopfs-test-XXXXXX";
    auto_close int fd = mkstemp(path);
    struct error err = ERROR_INIT;
    size_t whole;

    (void)state;
    assert_true(fd >= 0);
    unlink(path);
    buf_add_str(&b, "<orders version='1'>\n");
    for (int i = 0; i < 20000; i++)
        buf_addf(&b, "<order><number>%d</number><name>Ящик №%d</name></order>\n", i, i);
    buf_add_str(&b, "</orders>\n");
    whole = b.len;
    assert_int_equal(io_write_full(fd, b.data, b.len), 0);
    assert_int_equal(order_content_check(fd, &usual_limits, &err), CONTENT_COMPLETE);
    assert_null(err.message);
    for (size_t cut = whole - 1000; cut > 0; cut = cut > 99991 ? cut - 99991 : 0) {
        assert_int_equal(ftruncate(fd, (off_t)cut), 0);
        assert_int_equal(order_content_check(fd, &usual_limits, &err), CONTENT_INCOMPLETE);
        assert_non_null(err.message);
    }
    error_release(&err);
}

/* What cannot be read is not judged. */
static void test_unreadable(void **state)
{
    auto_close int fd = open("/dev/null", O_WRONLY);
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(order_content_check(fd, &usual_limits, &err), CONTENT_UNREADABLE);
    assert_non_null(strstr(err.message, "cannot be read"));
    error_release(&err);
}

static void test_incomplete(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(check_text(""), CONTENT_INCOMPLETE);
    assert_int_equal(check_text(" \n"), CONTENT_INCOMPLETE);
    assert_int_equal(check_text("<"), CONTENT_INCOMPLETE);
    assert_int_equal(check("<a>\n<b>\n", 8, &err), CONTENT_INCOMPLETE);
    assert_non_null(strstr(err.message, "'b'"));
    assert_int_equal(err.line, 2);
    assert_non_null(err.advice);
    error_release(&err);
    assert_int_equal(check_text("<a></a><!-- cut"), CONTENT_INCOMPLETE);
    assert_int_equal(check_text("<a></a><"), CONTENT_INCOMPLETE);
}

static void test_complete(void **state)
{
    (void)state;
    assert_int_equal(check_text("<a/>"), CONTENT_COMPLETE);
    assert_int_equal(check_text("<a></a>\r\n\t \n"), CONTENT_COMPLETE);
    assert_int_equal(check_text("<a></a><!-- x --><?y?>"), CONTENT_COMPLETE);
    assert_int_equal(check_text("<?xml version='1.0' encoding='iso-8859-2'?><a>\xb9</a>"), CONTENT_COMPLETE);
    assert_int_equal(check_text("<?xml version='1.0' encoding='windows-1250'?><a>\x9a</a>"),
                     CONTENT_COMPLETE);
}

static void test_broken(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_broken("<a></b>", "not well-formed");
    assert_broken("<a>\n<b></a>", "not well-formed");
    assert_broken("<a></a>x", "after the end");
    assert_broken("<a></a>\n<b/>", "after the end");
    assert_broken("<a></a>\n\n0", "after the end");
    assert_broken("<a x='1' x='2'/>", "not well-formed");
    assert_broken("<a>&nbsp;</a>", "nbsp");
    assert_broken("<a>&undefined;</a>", "undefined");
    assert_broken("<a>\x01</a>", "character");
    assert_broken("{\"orders\": [}", "JSON");
    assert_broken("[Client]\nName=x\n", "no mark at its end");
    assert_broken("code;name\n1;x\n", "no mark at its end");
    assert_broken("number;date\n", "a CSV file");
    assert_broken("PK\x03\x04", "ZIP");
    assert_broken("\x1f\x8b\x08", "gzip");
    assert_broken("\xff\xd8\xff\xe0", "not XML");
    assert_int_equal(check("<a>\n<b>\n</c></a>", 16, &err), CONTENT_BROKEN);
    assert_int_equal(err.line, 3);
    error_release(&err);
}

static void test_doctype(void **state)
{
    struct error err = ERROR_INIT;
    static const char *const files[] = {
        "<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'a.dtd'>\n<a/>",
        "<?xml version='1.0'?>\n<!DOCTYPE a>\n<a/>",
        "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]>\n<a>&x;</a>",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(check(files[i], strlen(files[i]), &err), CONTENT_BROKEN);
        assert_string_equal(err.message, "DOCTYPE is not accepted");
        assert_int_equal(err.line, 2);
        assert_non_null(strstr(err.advice, "remove"));
        error_release(&err);
    }
}

static void test_encodings(void **state)
{
    (void)state;
    assert_broken("<?xml version='1.0' encoding='UTF-8'?><a>caf\xe9 noir</a>", "UTF-8");
    assert_broken("<a>caf\xe9 noir</a>", "UTF-8");
    assert_broken("<?xml version='1.0' encoding='windows-1250'?><a>\x81 \x88</a>", "windows-1250");
    assert_broken("<?xml version='1.0' encoding='x-unknown-9'?><a/>", "x-unknown-9");
    assert_broken("<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>", "EBCDIC");
    assert_broken("<?xml version='1.0' encoding='GBK'?><a/>", "GBK");
    assert_broken("\xef\xbb\xbf<?xml version='1.0' encoding='windows-1251'?><a/>", "mark");
}

static void limit(const struct order_limits *limits, const char *text, enum completeness expected,
                  const char *word)
{
    struct error err = ERROR_INIT;

    assert_int_equal(order_content_check_bytes(text, strlen(text), limits, &err), expected);
    if (word && !strstr(err.message, word))
        fail_msg("'%s' does not say '%s'", err.message, word);
    error_release(&err);
}

static void test_limits(void **state)
{
    struct order_limits limits = ORDER_LIMITS_DEFAULT;
    auto_buf b = BUF_INIT;

    (void)state;
    limits.depth = 3;
    limit(&limits, "<a><b><c/></b></a>", CONTENT_COMPLETE, NULL);
    limit(&limits, "<a><b><c><d/></c></b></a>", CONTENT_BROKEN, "deeper than 3");
    limits.elements = 3;
    limit(&limits, "<a><b/><b/></a>", CONTENT_COMPLETE, NULL);
    limit(&limits, "<a><b/><b/><b/></a>", CONTENT_BROKEN, "more than 3 elements");
    limits.text = 5;
    limit(&limits, "<a>12345</a>", CONTENT_COMPLETE, NULL);
    limit(&limits, "<a>123456</a>", CONTENT_BROKEN, "longer than 5");
    limit(&limits, "<a>123<b/>456</a>", CONTENT_BROKEN, "longer than 5");
    limit(&limits, "<a><![CDATA[123456]]></a>", CONTENT_BROKEN, "longer than 5");
    limit(&limits, "<a x='123456'/>", CONTENT_BROKEN, "longer than 5");
    limits.bytes = 10;
    limit(&limits, "<a>12</a>\n", CONTENT_COMPLETE, NULL);
    limit(&limits, "<a>123</a>\n", CONTENT_BROKEN, "larger than 10");

    buf_add_str(&b, "<a");
    for (int i = 0; i < 300; i++)
        buf_addf(&b, " x%d='1'", i);
    buf_add_str(&b, "/>");
    limit(&usual_limits, buf_str(&b), CONTENT_BROKEN, "attributes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes_utf8),  cmocka_unit_test(test_prefixes_windows_1251),
        cmocka_unit_test(test_prefixes_utf16), cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_incomplete),     cmocka_unit_test(test_complete),
        cmocka_unit_test(test_broken),         cmocka_unit_test(test_doctype),
        cmocka_unit_test(test_encodings),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_unreadable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
