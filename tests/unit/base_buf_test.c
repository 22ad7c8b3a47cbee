/* Buffers, memory and error objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/mem.h"

static void an_empty_buffer_is_an_empty_string(void **unused)
{
    auto_buf b = BUF_INIT;
    auto_free char *data = NULL;
    size_t len = 7;

    (void)unused;
    assert_string_equal(buf_str(&b), "");
    buf_clear(&b);
    buf_truncate(&b, 0);
    data = buf_detach(&b, &len);
    assert_string_equal(data, "");
    assert_int_equal(len, 0);
}

static void grows_and_stays_terminated(void **unused)
{
    auto_buf b = BUF_INIT;

    (void)unused;
    for (size_t i = 0; i < 100000; i++) {
        buf_add_char(&b, (char)('a' + i % 26));
        assert_true(b.len == i + 1 && b.cap > b.len && b.data[b.len] == '\0');
    }
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    buf_add(&b, "\0x", 2);
    assert_int_equal(b.len, 100002);
    assert_memory_equal(b.data + 100000, "\0x", 3);
    buf_add(&b, NULL, 0);
    assert_int_equal(b.len, 100002);
}

static void reserve_holds_what_it_promises(void **unused)
{
    (void)unused;
    for (size_t first = 0; first < 130; first++) {
        for (size_t more = 0; more < 130; more++) {
            auto_buf b = BUF_INIT;

            buf_reserve(&b, first);
            memset(b.data, 'x', first); /* the sanitizer watches */
            b.len = first;
            b.data[b.len] = '\0';
            buf_reserve(&b, more);
            memset(b.data + first, 'y', more);
            b.data[first + more] = '\0';
            assert_true(b.cap > first + more);
        }
    }
}

static void formats_at_every_length(void **unused)
{
    (void)unused;
    /* Around the size at which the text no longer fits and is formatted again. */
    for (int n = 0; n < 300; n++) {
        auto_buf b = BUF_INIT;

        buf_addf(&b, "%d|%*s|", n, n, "x");
        buf_addf(&b, "%s", "end");
        assert_int_equal(b.len, strlen(b.data));
        assert_int_equal(b.len, (n > 9) + (n > 99) + 1 + 2 + (n ? n : 1) + 3);
        assert_string_equal(b.data + b.len - 5, "x|end");
    }
}

static void cut_clear_and_hand_over(void **unused)
{
    auto_buf b = BUF_INIT;
    auto_free char *data = NULL;
    size_t len;

    (void)unused;
    buf_add_str(&b, "hello world");
    buf_truncate(&b, 5);
    assert_string_equal(buf_str(&b), "hello");
    data = buf_detach(&b, &len);
    assert_string_equal(data, "hello");
    assert_int_equal(len, 5);
    assert_null(b.data);
    assert_int_equal(b.len + b.cap, 0);
    buf_add_str(&b, "again");
    assert_string_equal(buf_str(&b), "again");
    buf_clear(&b);
    assert_string_equal(buf_str(&b), "");
    buf_release(&b);
    buf_release(&b);
    assert_null(b.data);
}

/* Runs f in a child; true if it aborted. */
static int aborts(void (*f)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        int null = open("/dev/null", O_WRONLY);

        setrlimit(RLIMIT_CORE, &none);
        if (null >= 0)
            dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        f();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void array_too_big(void)
{
    free(xreallocarray(NULL, SIZE_MAX / 8, 16));
}

static void buffer_too_big(void)
{
    auto_buf b = BUF_INIT;

    buf_add_str(&b, "x");
    buf_reserve(&b, SIZE_MAX - 1);
}

static void cut_longer(void)
{
    auto_buf b = BUF_INIT;

    buf_add_str(&b, "abc");
    buf_truncate(&b, 4);
}

static void nothing_wrong(void)
{
    free(xreallocarray(NULL, 8, 16));
}

static void the_impossible_stops_loudly(void **unused)
{
    (void)unused;
    assert_false(aborts(nothing_wrong));
    assert_true(aborts(array_too_big));
    assert_true(aborts(buffer_too_big));
    assert_true(aborts(cut_longer));
}

static void memory_helpers(void **unused)
{
    auto_free char *a = xstrdup("abc"), *b = xstrndup("abcdef", 3), *c = xstrndup("ab", 100),
                   *d = xasprintf("%s-%d", "x", 42), *zero = xmalloc(0), *none = xcalloc(0, 8);
    auto_free char *stolen = NULL;
    auto_free int *numbers = NULL;
    size_t n = 0, cap = 0;

    (void)unused;
    assert_string_equal(a, "abc");
    assert_string_equal(b, "abc");
    assert_string_equal(c, "ab");
    assert_string_equal(d, "x-42");
    assert_non_null(zero);
    assert_non_null(none);
    assert_null(xstrdup_or_null(NULL));
    stolen = steal_pointer(a);
    assert_null(a);
    assert_string_equal(stolen, "abc");
    for (; n < 1000; n++) {
        array_grow(numbers, n, cap);
        numbers[n] = (int)n;
    }
    assert_true(cap >= 1000 && cap <= 2048);
    for (n = 0; n < 1000; n++)
        assert_int_equal(numbers[n], n);
}

static void check_line(const struct error *err, const char *expected)
{
    auto_buf out = BUF_INIT;

    buf_add_str(&out, ">");
    error_format(err, &out);
    assert_string_equal(buf_str(&out) + 1, expected);
}

static void an_error_tells_all(void **unused)
{
    struct error err = ERROR_INIT;

    (void)unused;
    check_line(&err, "");
    check_line(NULL, "");
    assert_int_equal(error_set(&err, -EINVAL, "no such column '%s'", "ean"), -EINVAL);
    check_line(&err, "no such column 'ean'");
    error_at(&err, NULL, 7, NULL);
    check_line(&err, "line 7: no such column 'ean'");
    error_at(&err, "a.xml", 0, NULL);
    check_line(&err, "a.xml:7: no such column 'ean'");
    error_at(&err, NULL, 0, "value");
    error_advise(&err, "write '%s'", "sku");
    check_line(&err, "a.xml:7: value: no such column 'ean'; write 'sku'");
    error_prefix(&err, "export '%s'", "catalog.csv");
    check_line(&err, "a.xml:7: value: export 'catalog.csv': no such column 'ean'; write 'sku'");
    error_at(&err, "b.xml", 9, "other");
    error_advise(&err, "stop");
    check_line(&err, "b.xml:9: other: export 'catalog.csv': no such column 'ean'; stop");
    /* A new error takes nothing over from the old one. */
    assert_int_equal(error_set(&err, -EIO, "%s, again", err.message), -EIO);
    check_line(&err, "export 'catalog.csv': no such column 'ean', again");
    assert_int_equal(err.line, 0);
    error_release(&err);
    error_release(&err);
    assert_null(err.message);
}

static void nothing_sticks_to_success_or_null(void **unused)
{
    struct error err = ERROR_INIT;

    (void)unused;
    error_at(&err, "file", 3, "field");
    error_advise(&err, "advice");
    error_prefix(&err, "prefix");
    assert_true(!err.message && !err.file && !err.line && !err.field && !err.advice);
    assert_int_equal(error_set(NULL, -ENOENT, "x %d", 1), -ENOENT);
    error_at(NULL, "file", 3, "field");
    error_advise(NULL, "advice");
    error_prefix(NULL, "prefix");
    error_release(NULL);
}

static void errors_move(void **unused)
{
    struct error a = ERROR_INIT, b = ERROR_INIT;

    (void)unused;
    error_set(&a, -1, "first");
    error_at(&a, "f", 1, "x");
    error_set(&b, -1, "second");
    error_advise(&b, "old advice");
    error_move(&b, &a);
    check_line(&b, "f:1: x: first");
    assert_true(!a.message && !a.file && !a.field && !a.line);
    error_move(&b, &b);
    check_line(&b, "f:1: x: first");
    error_move(NULL, &b);
    assert_null(b.message);
    error_set(&b, -1, "third");
    error_move(&b, &a); /* an empty one empties */
    assert_null(b.message);
}

/* What is told about itself must survive the telling. */
static void arguments_may_be_the_error_itself(void **unused)
{
    struct error err = ERROR_INIT;

    (void)unused;
    error_set(&err, -1, "cause");
    error_at(&err, "file", 1, "field");
    error_advise(&err, "do");
    error_advise(&err, "%s it", err.advice);
    error_at(&err, err.file, err.line, err.field);
    error_prefix(&err, "%s", err.field);
    check_line(&err, "file:1: field: field: cause; do it");
    error_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_an_empty_string),
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(reserve_holds_what_it_promises),
        cmocka_unit_test(formats_at_every_length),
        cmocka_unit_test(cut_clear_and_hand_over),
        cmocka_unit_test(the_impossible_stops_loudly),
        cmocka_unit_test(memory_helpers),
        cmocka_unit_test(an_error_tells_all),
        cmocka_unit_test(nothing_sticks_to_success_or_null),
        cmocka_unit_test(errors_move),
        cmocka_unit_test(arguments_may_be_the_error_itself),
    };

    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
