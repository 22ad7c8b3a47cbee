/*
 * Exact decimals: a 64-bit whole number of units of 10^-scale. The scale stands in the name of what holds the
 * number: price_e4 (ten-thousandths of a currency unit), quantity_e3, percent_e2, rate_e6. No floating point
 * takes part in arithmetic; overflow is an error (-ERANGE), never a wrap. Pure functions, any thread.
 */
#ifndef SHOPFS_BASE_DECIMAL_H
#define SHOPFS_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

struct buf;

#define PRICE_SCALE 4
#define QUANTITY_SCALE 3
#define PERCENT_SCALE 2
#define RATE_SCALE 6

/* How a number in a file is written. DECIMAL_AUTO accepts what can be read in one way only and takes the last
 * of '.' and ',' as the decimal sign when both occur ("1.234,50", "1,234.50"), and a single one as the
 * decimal sign ("25,10"). Groups are of three digits and never follow a leading zero: "0,500" with
 * DECIMAL_POINT is -EINVAL, not 500. White space, NO-BREAK SPACE and NARROW NO-BREAK SPACE may group, and are
 * skipped at both ends and behind '+' or '-'; a trailing '%' or currency letters are not skipped. */
enum decimal_style {
    DECIMAL_AUTO,
    DECIMAL_POINT, /* '.' decimal, ',' and spaces may group */
    DECIMAL_COMMA, /* ',' decimal, '.' and spaces may group */
};

/* Reads len bytes of UTF-8 text into *out units of 10^-scale. Digits beyond the scale are rounded half away
 * from zero. Errors: -EINVAL not a number (also empty), -ERANGE too big. */
int decimal_parse(const char *text, size_t len, enum decimal_style style, int scale, int64_t *out);

/* Appends units (of 10^-scale) with exactly `places` digits after `sign` ('.' or ','), rounded half away from
 * zero. places < 0: as many as needed, at most scale ("12", "12.5"). */
void decimal_format(struct buf *out, int64_t units, int scale, int places, char sign);

/* From a floating-point value that carries a decimal of up to 15 significant digits (what SQL expressions
 * give): the decimal nearest to it as printed with 15 digits, then rounded half away from zero to scale.
 * -EINVAL for NaN and infinities, -ERANGE too big. */
int decimal_from_double(double value, int scale, int64_t *out);

/* units of 10^-from as units of 10^-to, rounded half away from zero. -ERANGE. */
int decimal_rescale(int64_t units, int from, int to, int64_t *out);

/* a * b / divisor, rounded half away from zero; intermediate 128 bits. divisor != 0. -ERANGE. */
int decimal_mul_div(int64_t a, int64_t b, int64_t divisor, int64_t *out);

/* 10^n for 0 <= n <= 18. */
int64_t decimal_pow10(int n);

#endif
