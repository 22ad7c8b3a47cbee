#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The seconds of 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what four digits of a year can say. */
#define YEAR_0_START (-62167219200)
#define YEAR_9999_END 253402300799

static int64_t now_ms(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) < 0)
        abort();
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return now_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

/* Writes value as n digits and returns what follows them. */
static char *put_digits(char *out, int value, int n)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + n;
}

static char *put_date_time(char *out, const struct tm *tm, char between)
{
    out = put_digits(out, tm->tm_year + 1900, 4);
    *out++ = '-';
    out = put_digits(out, tm->tm_mon + 1, 2);
    *out++ = '-';
    out = put_digits(out, tm->tm_mday, 2);
    *out++ = between;
    out = put_digits(out, tm->tm_hour, 2);
    *out++ = ':';
    out = put_digits(out, tm->tm_min, 2);
    *out++ = ':';
    return put_digits(out, tm->tm_sec, 2);
}

void clock_format_iso(time_t t, char out[static CLOCK_ISO_LEN + 1])
{
    struct tm tm;

    if (t < YEAR_0_START)
        t = YEAR_0_START;
    if (t > YEAR_9999_END)
        t = YEAR_9999_END;
    if (!gmtime_r(&t, &tm))
        abort();
    out = put_date_time(out, &tm, 'T');
    out[0] = 'Z';
    out[1] = '\0';
}

/* pattern with "%:z" as the offset itself; false where it does not fit. */
static bool put_offset(const char *pattern, long offset, char *out, size_t size)
{
    size_t n = 0;

    for (const char *p = pattern; *p;) {
        char piece[16] = {p[0]};
        size_t taken = 1;

        if (p[0] == '%' && p[1] == ':' && p[2] == 'z') {
            long minutes = labs(offset) / 60;

            snprintf(piece, sizeof piece, "%c%02d:%02d", offset < 0 ? '-' : '+', (int)(minutes / 60 % 100),
                     (int)(minutes % 60));
            taken = 3;
        } else if (p[0] == '%' && p[1]) {
            piece[1] = p[1];
            taken = 2;
        }
        p += taken;
        taken = strlen(piece);
        if (n + taken >= size)
            return false;
        memcpy(out + n, piece, taken);
        n += taken;
    }
    out[n] = '\0';
    return true;
}

size_t clock_format(time_t t, const char *pattern, bool local, char *out, size_t size)
{
    static pthread_once_t zone_read = PTHREAD_ONCE_INIT;
    struct tm tm;
    char expanded[256];
    size_t n = 0;

    if (size == 0)
        return 0;
    if (local)
        pthread_once(&zone_read, tzset); /* localtime_r need not look at TZ by itself */
    if (local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm)) {
        if (strstr(pattern, "%:z"))
            pattern = put_offset(pattern, tm.tm_gmtoff, expanded, sizeof expanded) ? expanded : "";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* patterns come from mappings */
        n = strftime(out, size, pattern, &tm);
#pragma GCC diagnostic pop
    }
    if (n == 0)
        out[0] = '\0';
    return n;
}

/* -- reading dates -- */

struct stamp {
    int year, month, day, hour, minute, second;
    int offset; /* minutes east of UTC */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_space(const char *s)
{
    while (is_space(*s))
        s++;
    return s;
}

/* Reads a run of least to most digits and moves *s behind it; the number of digits, or 0 where the run is
 * shorter or longer. */
static int read_digits(const char **s, int least, int most, int *value)
{
    int n = 0;

    *value = 0;
    for (; n <= most && is_digit((*s)[n]); n++)
        *value = *value * 10 + ((*s)[n] - '0');
    if (n < least || n > most)
        return 0;
    *s += n;
    return n;
}

static bool read_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

/* DD.MM.YYYY, DD.MM.YY and D. M. YYYY, from behind the day. */
static bool read_date_dotted(const char **s, struct stamp *d)
{
    int n;

    *s = skip_space(*s);
    if (!read_digits(s, 1, 2, &d->month) || !read_char(s, '.'))
        return false;
    *s = skip_space(*s);
    n = read_digits(s, 2, 4, &d->year);
    if (n == 2 && (d->year || d->month || d->day))
        d->year += d->year < 69 ? 2000 : 1900; /* the pivot of POSIX strptime */
    return n == 2 || n == 4;
}

static bool read_date(const char **s, bool month_first, struct stamp *d)
{
    int first;

    switch (read_digits(s, 1, 8, &first)) {
    case 8:
        d->year = first / 10000;
        d->month = first / 100 % 100;
        d->day = first % 100;
        return true;
    case 4:
        d->year = first;
        return read_char(s, '-') && read_digits(s, 2, 2, &d->month) && read_char(s, '-') &&
               read_digits(s, 2, 2, &d->day);
    case 1:
    case 2:
        d->day = first;
        if (read_char(s, '.'))
            return read_date_dotted(s, d);
        if (!read_char(s, '/') || !read_digits(s, 1, 2, &d->month) || !read_char(s, '/') ||
            !read_digits(s, 4, 4, &d->year))
            return false;
        if (month_first) {
            d->day = d->month;
            d->month = first;
        }
        return true;
    default:
        return false;
    }
}

/* AM or PM. Shops print "21:56 PM" from a pattern that mixes both clocks: the hour says it all then. */
static bool read_half(const char **s, struct stamp *d)
{
    const char *at = skip_space(*s);
    bool pm = *at == 'p' || *at == 'P';

    if (!pm && *at != 'a' && *at != 'A')
        return true;
    if (at[1] != 'm' && at[1] != 'M')
        return false;
    *s = at + 2;
    if (pm ? d->hour == 0 : d->hour > 12)
        return false;
    if (pm && d->hour < 12)
        d->hour += 12;
    else if (!pm && d->hour == 12)
        d->hour = 0;
    return true;
}

/* Z, +HH:MM, +HHMM or +HH. */
static bool read_offset(const char **s, struct stamp *d)
{
    const char *at = skip_space(*s);
    int hours, minutes = 0, sign = *at == '-' ? -1 : 1;

    if (*at == 'Z' || *at == 'z') {
        *s = at + 1;
        return true;
    }
    if (*at != '+' && *at != '-')
        return true;
    at++;
    switch (read_digits(&at, 2, 4, &hours)) {
    case 2:
        if (read_char(&at, ':') && !read_digits(&at, 2, 2, &minutes))
            return false;
        break;
    case 4:
        minutes = hours % 100;
        hours /= 100;
        break;
    default:
        return false;
    }
    *s = at;
    d->offset = sign * (hours * 60 + minutes);
    return minutes < 60 && hours * 60 + minutes <= 14 * 60; /* no zone is farther */
}

static bool read_time(const char **s, struct stamp *d)
{
    if (!read_digits(s, 1, 2, &d->hour) || !read_char(s, ':') || !read_digits(s, 2, 2, &d->minute))
        return false;
    if (read_char(s, ':')) {
        if (!read_digits(s, 2, 2, &d->second))
            return false;
        if ((**s == '.' || **s == ',') && is_digit((*s)[1])) {
            for ((*s)++; is_digit(**s); (*s)++)
                ;
        }
    }
    return d->hour < 24 && d->minute < 60 && d->second < 60 && read_half(s, d) && read_offset(s, d);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool date_exists(const struct stamp *d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (d->year < 1 || d->month < 1 || d->month > 12 || d->day < 1)
        return false;
    return d->day <= days[d->month - 1] + (d->month == 2 && is_leap(d->year));
}

static bool means_none(const struct stamp *d)
{
    if (d->hour || d->minute || d->second)
        return false;
    /* 1C writes its empty date as the first day of the calendar. */
    return (!d->year && !d->month && !d->day) || (d->year == 1 && d->month == 1 && d->day == 1);
}

int clock_parse_date(const char *text, bool month_first, char out[static CLOCK_SQL_LEN + 1])
{
    struct stamp d = {0};
    struct tm tm = {0};
    const char *s = skip_space(text);
    time_t t;

    if (!*skip_space(s + strspn(s, "0")))
        return 1;
    if (!read_date(&s, month_first, &d))
        return -EINVAL;
    if (*s == 'T' || *s == 't' || (is_space(*s) && is_digit(*skip_space(s)))) {
        s = is_space(*s) ? skip_space(s) : s + 1;
        if (!read_time(&s, &d))
            return -EINVAL;
    }
    if (*skip_space(s))
        return -EINVAL;
    if (means_none(&d))
        return 1;
    if (!date_exists(&d))
        return -EINVAL;

    tm.tm_year = d.year - 1900;
    tm.tm_mon = d.month - 1;
    tm.tm_mday = d.day;
    tm.tm_hour = d.hour;
    tm.tm_min = d.minute - d.offset;
    tm.tm_sec = d.second;
    t = timegm(&tm);
    if (t < YEAR_0_START || t > YEAR_9999_END || !gmtime_r(&t, &tm))
        return -EINVAL;
    *put_date_time(out, &tm, ' ') = '\0';
    return 0;
}
