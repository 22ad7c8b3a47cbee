#include "base/decimal.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define SCALE_MAX 18

__extension__ typedef __int128 int128;

static const int64_t powers[SCALE_MAX + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

int64_t decimal_pow10(int n)
{
    if (n < 0 || n > SCALE_MAX)
        abort();
    return powers[n];
}

static int narrow(int128 value, int64_t *out)
{
    if (value < INT64_MIN || value > INT64_MAX)
        return -ERANGE;
    *out = (int64_t)value;
    return 0;
}

/* a / b rounded half away from zero; the products this file divides are below 2^126. */
static int128 divide(int128 a, int128 b)
{
    int128 quotient = a / b, rest = a % b;

    if (rest < 0)
        rest = -rest;
    if (rest >= (b < 0 ? -b : b) - rest)
        quotient += (a < 0) == (b < 0) ? 1 : -1;
    return quotient;
}

/* Length of the white space at s, 0 where there is none. */
static size_t space_at(const char *s, const char *end)
{
    size_t left = (size_t)(end - s);

    if (left && (*s == ' ' || (*s >= '\t' && *s <= '\r')))
        return 1;
    if (left >= 2 && memcmp(s, "\xc2\xa0", 2) == 0) /* NO-BREAK SPACE */
        return 2;
    if (left >= 3 && memcmp(s, "\xe2\x80\xaf", 3) == 0) /* NARROW NO-BREAK SPACE */
        return 3;
    return 0;
}

static const char *skip_space(const char *s, const char *end)
{
    for (size_t n; (n = space_at(s, end)); s += n)
        ;
    return s;
}

/* The byte that is the decimal sign of this text; 0 where it has none. */
static char find_sign(const char *s, const char *end, enum decimal_style style)
{
    size_t points = 0, commas = 0;
    char last = 0;

    if (style != DECIMAL_AUTO)
        return style == DECIMAL_POINT ? '.' : ',';
    for (; s < end; s++) {
        points += *s == '.';
        commas += *s == ',';
        if (*s == '.' || *s == ',')
            last = *s;
    }
    /* Two or more of one kind alone can only be groups. */
    if ((points == 0 && commas > 1) || (commas == 0 && points > 1))
        return 0;
    return last;
}

/* Digits collected so far as units of 10^-scale. */
struct number {
    int128 units;
    bool too_big;
};

static void add_digit(struct number *n, int digit)
{
    /* Beyond this nothing can come back into range; stopping keeps the 128 bits from overflowing. */
    if (n->units > INT64_MAX)
        n->too_big = true;
    else
        n->units = n->units * 10 + digit;
}

static bool is_digit(const char *s, const char *end)
{
    return s < end && *s >= '0' && *s <= '9';
}

/*
 * The digits before the decimal sign; NULL for an ill-formed run. Groups are of three digits and never follow
 * a leading zero, else "0,500" and "12 34" would turn into numbers nobody wrote.
 */
static const char *parse_whole(const char *s, const char *end, char sign, struct number *n, size_t *digits)
{
    const char *start = s;
    bool may_group;

    for (; is_digit(s, end); s++)
        add_digit(n, *s - '0');
    *digits = (size_t)(s - start);
    may_group = *digits >= 1 && *digits <= 3 && *start != '0';
    while (s < end && *s != sign) {
        const char *group = s;

        if (*s == '.' || *s == ',')
            group++;
        else
            group = skip_space(s, end);
        if (group == s || !is_digit(group, end))
            return s; /* the caller finds out what stands here */
        if (!may_group)
            return NULL;
        for (s = group; is_digit(s, end); s++)
            add_digit(n, *s - '0');
        if (s - group != 3)
            return NULL;
        *digits += 3;
    }
    return s;
}

int decimal_parse(const char *text, size_t len, enum decimal_style style, int scale, int64_t *out)
{
    const char *end = text + len;
    struct number n = {0};
    bool negative = false;
    size_t whole = 0, fraction = 0;
    char sign;

    if (scale < 0 || scale > SCALE_MAX)
        abort();
    text = skip_space(text, end);
    if (text < end && (*text == '-' || *text == '+')) {
        negative = *text == '-';
        text = skip_space(text + 1, end);
    }
    sign = find_sign(text, end, style);
    text = parse_whole(text, end, sign, &n, &whole);
    if (!text)
        return -EINVAL;
    if (sign && text < end && *text == sign) {
        int round_up = 0;

        for (text++; is_digit(text, end); text++, fraction++) {
            if (fraction < (size_t)scale)
                add_digit(&n, *text - '0');
            else if (fraction == (size_t)scale)
                round_up = *text >= '5';
        }
        for (size_t i = fraction; i < (size_t)scale; i++)
            add_digit(&n, 0);
        n.units += round_up;
    } else {
        for (int i = 0; i < scale; i++)
            add_digit(&n, 0);
    }
    if (whole + fraction == 0 || skip_space(text, end) != end)
        return -EINVAL;
    if (n.too_big)
        return -ERANGE;
    return narrow(negative ? -n.units : n.units, out);
}

void decimal_format(struct buf *out, int64_t units, int scale, int places, char sign)
{
    uint64_t magnitude = units < 0 ? -(uint64_t)units : (uint64_t)units;
    uint64_t unit;
    int shown = scale;

    if (scale < 0 || scale > SCALE_MAX)
        abort();
    if (places >= 0 && places < scale) {
        uint64_t cut = (uint64_t)powers[scale - places];
        uint64_t rest = magnitude % cut;

        magnitude = magnitude / cut + (rest >= cut - rest);
        shown = places;
    } else if (places < 0) {
        for (; shown > 0 && magnitude % 10 == 0; shown--)
            magnitude /= 10;
    }
    unit = (uint64_t)powers[shown];
    buf_addf(out, "%s%llu", units < 0 && magnitude ? "-" : "", (unsigned long long)(magnitude / unit));
    if (shown > 0 || places > 0)
        buf_add_char(out, sign);
    if (shown > 0)
        buf_addf(out, "%0*llu", shown, (unsigned long long)(magnitude % unit));
    for (int i = shown; i < places; i++)
        buf_add_char(out, '0');
}

int decimal_from_double(double value, int scale, int64_t *out)
{
    char text[32];
    int128 units = 0;
    const char *s = text;
    int shift;

    if (!isfinite(value))
        return -EINVAL;
    if (scale < 0 || scale > SCALE_MAX)
        abort();
    snprintf(text, sizeof text, "%.14e", fabs(value));
    for (; *s && *s != 'e'; s++) { /* what is no digit is the decimal sign, whatever the locale makes it */
        if (*s >= '0' && *s <= '9')
            units = units * 10 + (*s - '0');
    }
    if (*s != 'e')
        abort();
    if (units == 0) {
        *out = 0;
        return 0;
    }
    shift = (int)strtol(s + 1, NULL, 10) - 14 + scale;
    if (shift > SCALE_MAX)
        return -ERANGE;
    if (shift < -SCALE_MAX)
        units = 0;
    else if (shift < 0)
        units = divide(units, powers[-shift]);
    else
        units *= powers[shift];
    return narrow(value < 0 ? -units : units, out);
}

int decimal_rescale(int64_t units, int from, int to, int64_t *out)
{
    int64_t by = decimal_pow10(to >= from ? to - from : from - to), quotient = units / by, rest = units % by;
    if (to >= from) {
        if (__builtin_mul_overflow(units, by, &quotient))
            return -ERANGE;
        *out = quotient;
        return 0;
    }
    if (rest < 0)
        rest = -rest;
    if (rest >= by - rest)
        quotient += units < 0 ? -1 : 1;
    *out = quotient;
    return 0;
}

int decimal_mul_div(int64_t a, int64_t b, int64_t divisor, int64_t *out)
{
    if (divisor == 0)
        abort();
    return narrow(divide((int128)a * b, divisor), out);
}
