/* Looking at many bytes at once finds what looking at one after the other finds, wherever in a text it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "mapping/text_write.h"

static const char *const pieces[] = {
    "a",    "Z",    " ",        "~",        "\t",       "\n",       "\r",           "\x01",         "\x1f",     "\x7f",
    "&",    "<",    ">",        "\"",       ";",        "\\",       "]]>",          "\xd0\xb0",     "\xd1\x8f", "\xc3\x80",
    "\xdf\xbf",     "\xc2\xa0", "\xc2\x80", "\xc2\x85", "\xc2\x9f", "\xe2\x84\x96", "\xef\xbf\xbe", "\xf0\x9f\x98\x80",
    "\x80", "\xbf", "\xc0\x80", "\xc1",     "\xd0",     "\xe2\x84", "\xf5\x80",     "\xff",         "\xed\xa0\x80",
};

/* By the rules of text_write.h, one character after the other. */
static void write_slowly(struct buf *out, const char *s, size_t len, enum text_context context)
{
    bool bad = false;

    for (size_t i = 0, n; i < len; i += n ? n : 1) {
        uint32_t cp = 0;
        char c = s[i];

        n = text_utf8_decode(s + i, len - i, &cp);
        if (n == 0) {
            if (!bad)
                buf_add_str(out, "\xef\xbf\xbd");
            bad = true;
            continue;
        }
        bad = false;
        if ((cp < 32 && c != '\t' && c != '\n' && c != '\r') || (cp >= 127 && cp < 160 && cp != 0x85) || cp == 0xfffe ||
            cp == 0xffff)
            continue;
        if (context == TEXT_CDATA && c == '>' && i >= 2 && memcmp(s + i - 2, "]]", 2) == 0)
            buf_add_str(out, "]]><![CDATA[>");
        else if (context == TEXT_PLAIN || context == TEXT_CDATA || n > 1)
            buf_add(out, s + i, n);
        else if (c == '&')
            buf_add_str(out, "&amp;");
        else if (c == '<')
            buf_add_str(out, "&lt;");
        else if (c == '>')
            buf_add_str(out, "&gt;");
        else if (c == '\r' || (context == TEXT_ATTRIBUTE && (c == '\t' || c == '\n')))
            buf_addf(out, "&#%d;", c);
        else if (context == TEXT_ATTRIBUTE && c == '"')
            buf_add_str(out, "&quot;");
        else
            buf_add_char(out, c);
    }
}

/* Mostly plain text of one or two bytes a character, and now and then something else. */
static void random_text(struct buf *out, unsigned *seed)
{
    int n = rand_r(seed) % 90, strange = rand_r(seed) % 4 ? 40 : 3;

    buf_clear(out);
    for (int i = 0; i < n; i++) {
        size_t piece = rand_r(seed) % strange == 0 ? rand_r(seed) % (sizeof pieces / sizeof *pieces)
                                                   : (rand_r(seed) % 2 ? 0 : 17);
        buf_add_str(out, pieces[piece]);
    }
}

static void same_text_as_written_slowly(void **state)
{
    struct buf text = BUF_INIT, fast = BUF_INIT, slow = BUF_INIT;
    unsigned seed = 11;

    (void)state;
    for (int i = 0; i < 40000; i++) {
        enum text_context context = (enum text_context)(i % 4);

        random_text(&text, &seed);
        buf_clear(&fast);
        buf_clear(&slow);
        text_write(&fast, buf_str(&text), text.len, context);
        write_slowly(&slow, buf_str(&text), text.len, context);
        assert_int_equal(fast.len, slow.len);
        assert_memory_equal(buf_str(&fast), buf_str(&slow), fast.len);
    }
    buf_release(&text);
    buf_release(&fast);
    buf_release(&slow);
}

/* That it is fast is not tested, but that the fast way is taken: plain text is seen to be plain as a whole. The text is
 * of just so many bytes, so that sanitizers see a byte too many being read. */
static void plain_text_is_copied_whole(void **state)
{
    struct text_set set;

    (void)state;
    text_set_init(&set, ";\"\n\r\\", 5);
    for (size_t len = 0; len < 100; len++) {
        char *text = malloc(len ? len : 1), copy[100 + TEXT_COPY_ROOM];

        assert_non_null(text);
        for (size_t i = 0; i < len; i++)
            text[i] = i % 2 ? '\xb0' : '\xd0';
        if (len % 2)
            text[len - 1] = 'a';
        for (int context = TEXT_PLAIN; context <= TEXT_CDATA; context++) {
            memset(copy, '?', sizeof copy);
            assert_int_equal(text_copy_clean(copy, text, len, (enum text_context)context), len);
            assert_memory_equal(copy, text, len);
            for (size_t i = len + TEXT_COPY_ROOM; i < sizeof copy; i++)
                assert_int_equal(copy[i], '?');
        }
        memset(copy, '?', sizeof copy);
        assert_int_equal(text_copy_without(copy, text, len, &set), len);
        assert_memory_equal(copy, text, len);
        free(text);
    }
}

static void nothing_of_a_set_is_copied(void **state)
{
    struct text_set set;
    struct buf out = BUF_INIT;
    char text[70], copy[70 + TEXT_COPY_ROOM];

    (void)state;
    text_set_init(&set, ";\"\n\r\\", 5);
    memset(text, 'a', sizeof text);
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t i = 0; i < len; i++) {
            text[i] = ";\"\n\r\\\x01\x80"[i % 7];
            assert_true(text_copy_without(copy, text, len, &set) <= i);
            assert_false(text_write_without(&out, text, len, &set));
            assert_int_equal(out.len, 0);
            text[i] = 'a';
        }
    buf_release(&out);
}

static void any_of_a_set_wherever_it_stands(void **state)
{
    char text[70];
    struct text_set all, one;

    (void)state;
    text_set_init(&all, ";\"\n\r\\", 5);
    for (size_t len = 1; len <= sizeof text; len++) {
        memset(text, 'a', sizeof text);
        assert_false(text_scan_any(text, len, &all));
        for (size_t i = 0; i < len; i++) {
            text[i] = ";\"\n\r\\"[i % 5];
            text_set_init(&one, text + i, 1);
            assert_true(text_scan_any(text, len, &all));
            assert_true(text_scan_any(text, len, &one));
            assert_false(text_scan_any(text, i, &all));
            assert_true(text_set_has(&all, text[i]) && text_set_has(&one, text[i]) && !text_set_has(&all, 'a'));
            text[i] = 'a';
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_text_as_written_slowly),
        cmocka_unit_test(plain_text_is_copied_whole),
        cmocka_unit_test(nothing_of_a_set_is_copied),
        cmocka_unit_test(any_of_a_set_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
