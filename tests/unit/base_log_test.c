/* The log: one event, one line, whatever a hostile name contains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/io.h"
#include "base/log.h"

/* Stderr goes to this file while a test runs. */
static FILE *capture;
static int real_stderr = -1;

static int set_up(void **state)
{
    (void)state;
    capture = tmpfile();
    real_stderr = dup(STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    return capture && real_stderr >= 0 && dup2(fileno(capture), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    if (dup2(real_stderr, STDERR_FILENO) < 0 || close(real_stderr) < 0)
        return -1;
    return fclose(capture);
}

static void check_log(const char *expected)
{
    auto_buf b = BUF_INIT;

    assert_int_equal(io_read_fd(fileno(capture), 1 << 24, &b), 0);
    assert_string_equal(buf_str(&b), expected);
    assert_int_equal(ftruncate(fileno(capture), 0), 0);
    assert_int_equal(lseek(fileno(capture), 0, SEEK_SET), 0);
}

static void drops_what_is_too_talkative(void **unused)
{
    (void)unused;
    log_init("shopfs", LOG_LEVEL_NOTICE);
    log_debug("debug %d", 1);
    log_info("info");
    check_log("");
    log_notice("notice %d", 2);
    log_warning("careful");
    log_error("broken");
    check_log("shopfs: notice 2\nshopfs: warning: careful\nshopfs: error: broken\n");
    log_init("shopctl", LOG_LEVEL_DEBUG);
    log_debug("debug");
    check_log("shopctl: debug\n");
}

static void no_name_forges_a_line(void **unused)
{
    (void)unused;
    log_init("t", LOG_LEVEL_INFO);
    log_info("'%s'", "a\nshopfs: all is well\r\x1b[2J\x7f");
    check_log("t: 'a\\nshopfs: all is well\\x0d\\x1b[2J\\x7f'\n");
    log_info("'%s'", "\xff\xc2\x85\xc2\x9b\xe2\x80\xa8");
    check_log("t: '\\xff\\x85\\x9b\\u2028'\n");
    log_info("'%s'", "\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7 \xf0\x9f\x98\x80 50%s");
    check_log("t: '\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7 \xf0\x9f\x98\x80 50%s'\n");
}

static void error_objects_in_one_line(void **unused)
{
    struct error err = ERROR_INIT;

    (void)unused;
    log_init("t", LOG_LEVEL_WARNING);
    error_set(&err, -EINVAL, "no such column '%s'", "e\nan");
    error_at(&err, "m.xml", 12, "value");
    error_advise(&err, "see the manual");
    log_error_object(LOG_LEVEL_INFO, "mapping", &err);
    check_log("");
    log_error_object(LOG_LEVEL_WARNING, "mapping", &err);
    check_log("t: warning: mapping: m.xml:12: value: no such column 'e\\nan'; see the manual\n");
    log_error_object(LOG_LEVEL_ERROR, NULL, &err);
    check_log("t: error: m.xml:12: value: no such column 'e\\nan'; see the manual\n");
    log_error_object(LOG_LEVEL_ERROR, "mapping", NULL);
    check_log("t: error: mapping\n");
    error_release(&err);
}

/* Notice and above, whatever is written; the last ones; each one line. */
static void recent_events_are_kept(void **unused)
{
    auto_buf b = BUF_INIT;
    size_t lines = 0;

    (void)unused;
    log_init("t", LOG_LEVEL_ERROR);
    log_info("not kept");
    log_notice("kept\nin one line");
    check_log("");
    log_recent(&b);
    assert_non_null(strstr(buf_str(&b), "Z kept\\nin one line\n"));
    assert_null(strstr(buf_str(&b), "not kept"));
    for (int i = 0; i < LOG_RECENT + 10; i++)
        log_warning("event %d", i);
    buf_clear(&b);
    log_recent(&b);
    for (const char *p = buf_str(&b); (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, LOG_RECENT);
    assert_non_null(strstr(buf_str(&b), "Z warning: event 10\n"));
    assert_null(strstr(buf_str(&b), "event 9\n"));
    assert_true(strncmp(buf_str(&b) + b.len - strlen("event 509\n"), "event 509\n", 10) == 0);
}

static void the_journal_gets_priorities(void **unused)
{
    char stream[64];
    struct stat st;

    (void)unused;
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    log_init("t", LOG_LEVEL_INFO);
    log_error("broken");
    log_info("fine\nreally");
    log_to_syslog(); /* changes nothing while the journal listens */
    log_notice("on");
    check_log("<3>broken\n<6>fine\\nreally\n<5>on\n");

    /* The variable of a parent whose stderr is not ours. */
    assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
    log_init("t", LOG_LEVEL_INFO);
    log_info("fine");
    check_log("t: fine\n");
}

static void errno_survives(void **unused)
{
    (void)unused;
    log_init("t", LOG_LEVEL_INFO);
    errno = ENOTEMPTY;
    assert_int_equal(close(STDERR_FILENO), 0);
    log_info("to nobody");
    assert_int_equal(errno, ENOTEMPTY);
    assert_int_equal(dup2(fileno(capture), STDERR_FILENO), STDERR_FILENO);
}

#define THREADS 4
#define LINES 200

static void *chatter(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_info("%s", (const char *)arg);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **unused)
{
    static const char *const texts[THREADS] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cc",
                                               "dddddddddddddddddddddddddddddddddddddddddddddddddddddd"};
    pthread_t threads[THREADS];
    auto_buf b = BUF_INIT;
    int counts[THREADS] = {0};
    char *line, *rest;

    (void)unused;
    log_init("t", LOG_LEVEL_INFO);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, (void *)(uintptr_t)texts[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(io_read_fd(fileno(capture), 1 << 24, &b), 0);
    for (line = strtok_r(b.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        for (int i = 0; i < THREADS; i++)
            counts[i] += strncmp(line, "t: ", 3) == 0 && strcmp(line + 3, texts[i]) == 0;
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(counts[i], LINES);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAPTURED(drops_what_is_too_talkative),
        CAPTURED(no_name_forges_a_line),
        CAPTURED(error_objects_in_one_line),
        CAPTURED(recent_events_are_kept),
        CAPTURED(the_journal_gets_priorities),
        CAPTURED(errno_survives),
        CAPTURED(lines_of_threads_do_not_mix),
    };

    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
