/* Time: UTC everywhere inside; local time only where a format asks for it. Any thread. */
#ifndef SHOPFS_BASE_CLOCK_H
#define SHOPFS_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970-01-01 UTC; and of a clock that never steps. */
int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);

/* "2026-11-22T13:04:05Z" */
#define CLOCK_ISO_LEN 20
void clock_format_iso(time_t t, char out[static CLOCK_ISO_LEN + 1]);

/* Formats t by a strftime pattern in UTC or, with local, in the time zone of TZ; returns bytes written
 * (0: out too small, out[0] is 0 then). Besides what strftime knows: %:z, the offset as +03:00. */
size_t clock_format(time_t t, const char *pattern, bool local, char *out, size_t size);

/* A date as files write it, to "YYYY-MM-DD HH:MM:SS" (time 00:00:00 where absent; an offset is applied so
 * that the result is in UTC; without an offset the file's own wall clock stays).
 *
 * Reads YYYY-MM-DD, YYYYMMDD, DD.MM.YYYY, DD.MM.YY, D. M. YYYY, DD/MM/YYYY and, with month_first,
 * MM/DD/YYYY. After each a 'T' or white space and a time may follow: HH:MM[:SS[.fff]][Z|+HH:MM], also
 * "9:05 PM" and the impossible "21:56 PM" (= 21:56).
 *
 * Returns 0; 1 for a date that means none (empty, all zeros, or 0001-01-01, which 1C writes for it); -EINVAL
 * for what is not a date or does not exist.
 */
#define CLOCK_SQL_LEN 19
int clock_parse_date(const char *text, bool month_first, char out[static CLOCK_SQL_LEN + 1]);

#endif
