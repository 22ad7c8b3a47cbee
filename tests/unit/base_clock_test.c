/* Times written and dates read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check_date(const char *text, bool month_first, int rc, const char *expected)
{
    char got[CLOCK_SQL_LEN + 1] = "untouched";
    int answer = clock_parse_date(text, month_first, got);

    if (answer != rc || (rc == 0 && strcmp(got, expected) != 0))
        fail_msg("'%s': %d '%s', not %d '%s'", text, answer, got, rc, expected ? expected : "");
}

static void reads_every_listed_form(void **unused)
{
    static const char *const samples[][2] = {
        {"2026-11-22", "2026-11-22 00:00:00"},
        {"2026-11-22T13:04", "2026-11-22 13:04:00"},
        {"2026-11-22 13:04", "2026-11-22 13:04:00"},
        {"2026-11-22T13:04:05", "2026-11-22 13:04:05"},
        {"2026-11-22 13:04:05.999", "2026-11-22 13:04:05"},
        {"2026-11-22T13:04:05Z", "2026-11-22 13:04:05"},
        {"2026-11-22T13:04Z", "2026-11-22 13:04:00"},
        {"2026-11-22T13:04:05.123456+02:00", "2026-11-22 11:04:05"},
        {"2026-11-22T13:04:05-05:30", "2026-11-22 18:34:05"},
        {"2026-11-22T13:04:05+0300", "2026-11-22 10:04:05"},
        {"2026-11-22T13:04:05+03", "2026-11-22 10:04:05"},
        {"2026-11-22 13:04:05 +0300", "2026-11-22 10:04:05"},
        {"2026-01-01T00:30:00+01:00", "2025-12-31 23:30:00"},
        {"2024-02-28T23:30:00-01:00", "2024-02-29 00:30:00"},
        {"20261122", "2026-11-22 00:00:00"},
        {"20261122 13:04", "2026-11-22 13:04:00"},
        {"22.11.2026", "2026-11-22 00:00:00"},
        {"22.11.2026 13:04:05", "2026-11-22 13:04:05"},
        {"2.1.2026", "2026-01-02 00:00:00"},
        {"22.11.26", "2026-11-22 00:00:00"},
        {"22.11.26 9:05", "2026-11-22 09:05:00"},
        {"22.11.69", "1969-11-22 00:00:00"},
        {"22.11.68", "2068-11-22 00:00:00"},
        {"01.01.00", "2000-01-01 00:00:00"},
        {"2. 1. 2026", "2026-01-02 00:00:00"},
        {"22. 11. 2026 13:04", "2026-11-22 13:04:00"},
        {"22/11/2026", "2026-11-22 00:00:00"},
        {"22/11/2026 13:04", "2026-11-22 13:04:00"},
        {"22/11/2026 9:05 PM", "2026-11-22 21:05:00"},
        {"22/11/2026 9:05pm", "2026-11-22 21:05:00"},
        {"22/11/2026 9:05:07 am", "2026-11-22 09:05:07"},
        {"22/11/2026 21:56 PM", "2026-11-22 21:56:00"},
        {"22/11/2026 12:05 AM", "2026-11-22 00:05:00"},
        {"22/11/2026 12:05 PM", "2026-11-22 12:05:00"},
        {"22/11/2026 00:05 AM", "2026-11-22 00:05:00"},
        {" \t2026-11-22\r\n", "2026-11-22 00:00:00"},
        {"9999-12-31T23:59:59", "9999-12-31 23:59:59"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(samples); i++)
        check_date(samples[i][0], false, 0, samples[i][1]);
}

static void month_first_turns_slashes_only(void **unused)
{
    (void)unused;
    check_date("11/22/2026", true, 0, "2026-11-22 00:00:00");
    check_date("3/4/2026 9:05 PM", true, 0, "2026-03-04 21:05:00");
    check_date("3/4/2026", false, 0, "2026-04-03 00:00:00");
    check_date("3.4.2026", true, 0, "2026-04-03 00:00:00");
    check_date("2026-03-04", true, 0, "2026-03-04 00:00:00");
    check_date("22/11/2026", true, -EINVAL, NULL);
    check_date("11/22/2026", false, -EINVAL, NULL);
}

static void knows_dates_that_mean_none(void **unused)
{
    static const char *const texts[] = {
        "",           " ",
        "0",          "00000000",
        "0000-00-00", "0000-00-00 00:00:00",
        "00.00.00",   "00.00.0000",
        "00/00/0000", "0000-00-00T00:00:00Z",
        "0001-01-01", "0001-01-01T00:00:00",
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(texts); i++)
        check_date(texts[i], false, 1, NULL);
}

static void refuses_the_rest(void **unused)
{
    static const char *const texts[] = {
        "2026-02-30",
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-10-00",
        "2026-04-31",
        "0000-01-01",
        "0000-00-00 00:00:01",
        "31.02.2026",
        "00.11.2026",
        "20260230",
        "2026-11-22T24:00:00",
        "2026-11-22T23:60:00",
        "2026-11-22T23:59:60",
        "2026-11-22T13",
        "2026-11-22T",
        "2026-11-22Tx",
        "2026-11-22T13:4",
        "2026-11-22T13:04:5",
        "2026-11-22T13:04:05.",
        "2026-11-22T13:04:05+25:00",
        "2026-11-22T13:04:05+14:01",
        "2026-11-22T13:04:05+02:60",
        "2026-11-22T13:04:05+2",
        "2026-11-22T13:04:05+02:",
        "2026-11-22T13:04:05Zx",
        "2026-11-22T13:04:05 CET",
        "22/11/2026 0:05 PM",
        "22/11/2026 21:56 AM",
        "22/11/2026 9:05 XM",
        "22/11/2026 9:05 P",
        "9999-12-31T23:59:59-01:00",
        "2026-11-22x",
        "2026-11",
        "2026",
        "202611221",
        "20261122130405",
        "2026/11/22",
        "22-11-2026",
        "22.11",
        "22.11.",
        "22.11.202",
        "22.11.20266",
        "22/11/26",
        "222.11.2026",
        "-2026-11-22",
        "-",
        "tomorrow",
        "NULL",
        "\xef\xbb\xbf"
        "2026-11-22",
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(texts); i++)
        check_date(texts[i], false, -EINVAL, NULL);
}

/* The C library normalizes a day that does not exist to another one: an independent calendar. */
static void agrees_with_the_calendar(void **unused)
{
    int existing = 0;

    (void)unused;
    for (int year = 1895; year <= 2105; year++) {
        for (int month = 1; month <= 13; month++) {
            for (int day = 1; day <= 32; day++) {
                struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
                char text[64], expected[80];
                bool exists;

                /* -1 stands for an error only: the second before 1970 is no midnight. */
                exists = timegm(&tm) != -1 && tm.tm_mon == month - 1 && tm.tm_mday == day;
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                snprintf(expected, sizeof expected, "%s 00:00:00", text);
                check_date(text, false, exists ? 0 : -EINVAL, expected);
                existing += exists;
            }
        }
    }
    assert_int_equal(existing, 211 * 365 + 51); /* 51 leap years: 1900 and 2100 are none */
}

static void offsets_lead_back_to_utc(void **unused)
{
    unsigned int seed = 4;

    (void)unused;
    for (int i = 0; i < 5000; i++) {
        time_t t = (time_t)rand_r(&seed) * 2, shifted;
        int offset = rand_r(&seed) % (28 * 60 + 1) - 14 * 60;
        int away = offset < 0 ? -offset : offset;
        char wall[64], text[96], expected[64];
        struct tm tm;

        shifted = t + (time_t)offset * 60;
        assert_non_null(gmtime_r(&shifted, &tm));
        assert_int_not_equal(strftime(wall, sizeof wall, "%Y-%m-%dT%H:%M:%S", &tm), 0);
        snprintf(text, sizeof text, "%s%c%02d:%02d", wall, offset < 0 ? '-' : '+', away / 60, away % 60);
        assert_non_null(gmtime_r(&t, &tm));
        assert_int_not_equal(strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S", &tm), 0);
        check_date(text, false, 0, expected);
    }
}

static void iso_is_twenty_characters(void **unused)
{
    static const struct {
        time_t t;
        const char *expected;
    } samples[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {1795352645, "2026-11-22T13:04:05Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {253402300800, "9999-12-31T23:59:59Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z"},
        {INT64_MIN, "0000-01-01T00:00:00Z"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(samples); i++) {
        char got[CLOCK_ISO_LEN + 1];

        memset(got, 'x', sizeof got);
        clock_format_iso(samples[i].t, got);
        assert_string_equal(got, samples[i].expected);
    }
}

static void patterns_in_utc_and_local(void **unused)
{
    char out[32];

    (void)unused;
    assert_int_equal(clock_format(1795352645, "%d.%m.%Y %H:%M", false, out, sizeof out), 16);
    assert_string_equal(out, "22.11.2026 13:04");
    assert_int_equal(clock_format(1795352645, "%d.%m.%Y %H:%M %z", true, out, sizeof out), 22);
    assert_string_equal(out, "22.11.2026 16:04 +0300");
    /* Exactly fitting, and one too small. */
    /* RFC 3339 wants the colon; doubled % is none of ours. */
    assert_int_equal(clock_format(1795352645, "%Y-%m-%dT%H:%M:%S%:z", false, out, sizeof out), 25);
    assert_string_equal(out + 19, "+00:00");
    assert_int_equal(clock_format(1795352645, "%:z|%%:z", true, out, sizeof out), 10);
    assert_string_equal(out, "+03:00|%:z");
    assert_int_equal(clock_format(0, "%Y", false, out, 5), 4);
    assert_string_equal(out, "1970");
    assert_int_equal(clock_format(0, "%Y", false, out, 4), 0);
    assert_string_equal(out, "");
    assert_int_equal(clock_format(INT64_MAX, "%Y", false, out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(clock_format(0, "%Y", false, NULL, 0), 0);
}

static void clocks_run(void **unused)
{
    int64_t wall = clock_now_ms(), mono = clock_monotonic_ms();
    time_t now = time(NULL);

    (void)unused;
    assert_true(wall / 1000 >= now - 2 && wall / 1000 <= now + 1);
    assert_int_equal(nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL), 0);
    assert_true(clock_monotonic_ms() - mono >= 19);
    assert_true(clock_monotonic_ms() - mono < 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_listed_form),
        cmocka_unit_test(month_first_turns_slashes_only),
        cmocka_unit_test(knows_dates_that_mean_none),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(agrees_with_the_calendar),
        cmocka_unit_test(offsets_lead_back_to_utc),
        cmocka_unit_test(iso_is_twenty_characters),
        cmocka_unit_test(patterns_in_utc_and_local),
        cmocka_unit_test(clocks_run),
    };

    /* A zone without summer time, spelled out: no zone files needed. Set before anything reads it. */
    if (setenv("TZ", "MSK-3", 1) != 0)
        return 1;
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
