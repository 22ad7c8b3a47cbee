#include "mapping/text_write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/text.h"

/* What a byte means while copying. */
enum { COPY, DROP, ESCAPE, HIGH };

#define CONTROLS [0 ... 8] = DROP, [11 ... 12] = DROP, [14 ... 31] = DROP, [127] = DROP, [128 ... 255] = HIGH

static const unsigned char classes[][256] = {
    [TEXT_PLAIN] = {CONTROLS},
    [TEXT_XML] = {CONTROLS, ['&'] = ESCAPE, ['<'] = ESCAPE, ['>'] = ESCAPE, ['\r'] = ESCAPE},
    [TEXT_ATTRIBUTE] = {CONTROLS, ['&'] = ESCAPE, ['<'] = ESCAPE, ['>'] = ESCAPE, ['"'] = ESCAPE,
                        ['\t'] = ESCAPE, ['\n'] = ESCAPE, ['\r'] = ESCAPE},
    [TEXT_CDATA] = {CONTROLS, ['>'] = ESCAPE},
};

static void escape(struct buf *out, char c, enum text_context context, const char *start, const char *at)
{
    if (context == TEXT_CDATA) {
        if (at - start >= 2 && at[-1] == ']' && at[-2] == ']')
            buf_add_str(out, "]]><![CDATA[");
        buf_add_char(out, c);
        return;
    }
    switch (c) {
    case '&':
        buf_add(out, "&amp;", 5);
        break;
    case '<':
        buf_add(out, "&lt;", 4);
        break;
    case '>':
        buf_add(out, "&gt;", 4);
        break;
    case '"':
        buf_add(out, "&quot;", 6);
        break;
    default:
        buf_addf(out, "&#%d;", c);
        break;
    }
}

/* Length of the well-formed, allowed sequence at s; 0 and *skip for what is left out; *bad for ill-formed. */
static size_t high_sequence(const char *s, size_t len, size_t *skip, bool *bad)
{
    unsigned char lead = (unsigned char)s[0];
    uint32_t cp;
    size_t n;

    *bad = false;
    if (lead >= 0xc2 && lead <= 0xdf && len >= 2 && ((unsigned char)s[1] & 0xc0) == 0x80) {
        if (lead == 0xc2 && (unsigned char)s[1] < 0xa0 && (unsigned char)s[1] != 0x85) { /* C1 controls */
            *skip = 2;
            return 0;
        }
        return 2;
    }
    n = text_utf8_decode(s, len, &cp);
    if (n == 0) {
        *bad = true;
        *skip = 1;
        return 0;
    }
    if (cp == 0xfffe || cp == 0xffff) {
        *skip = n;
        return 0;
    }
    return n;
}

/* Where it does not go on in big steps so many bytes are looked at one by one before that is tried again. */
#define SLOW_BYTES 16

/* Copies on from s + at as far as that goes in big steps; returns where it stopped. */
static size_t copy_on(struct buf *out, const char *s, size_t at, size_t len, enum text_context context)
{
    size_t n;

    buf_reserve(out, len - at + TEXT_COPY_ROOM);
    n = text_copy_clean(out->data + out->len, s + at, len - at, context);
    out->len += n;
    out->data[out->len] = '\0';
    return at + n;
}

void text_write(struct buf *out, const char *s, size_t len, enum text_context context)
{
    const unsigned char *class = classes[context];
    size_t at = copy_on(out, s, 0, len, context), run = at, slow = at + SLOW_BYTES;
    bool was_bad = false;

    while (at < len) {
        unsigned char kind = class[(unsigned char)s[at]];
        size_t n, skip = 1;
        bool bad = false;

        if (kind == COPY) {
            at++;
            was_bad = false;
            if (at >= slow) {
                buf_add(out, s + run, at - run);
                run = at = copy_on(out, s, at, len, context);
                slow = at + SLOW_BYTES;
            }
            continue;
        }
        if (kind == HIGH) {
            n = high_sequence(s + at, len - at, &skip, &bad);
            if (n) {
                at += n;
                was_bad = false;
                continue;
            }
        }
        buf_add(out, s + run, at - run);
        if (kind == ESCAPE)
            escape(out, s[at], context, s, s + at);
        else if (bad && !was_bad)
            buf_add(out, "\xef\xbf\xbd", 3);
        was_bad = bad;
        at += skip;
        run = at;
    }
    buf_add(out, s + run, at - run);
}

bool text_write_without(struct buf *out, const char *s, size_t len, const struct text_set *set)
{
    size_t n;

    buf_reserve(out, len + TEXT_COPY_ROOM);
    n = text_copy_without(out->data + out->len, s, len, set);
    if (n == len)
        out->len += n;
    out->data[out->len] = '\0';
    return n == len;
}

/* Beside the decimal sign; letters of exponents and of what is no number. */
static bool in_numbers(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.';
}

void csv_style_init(struct csv_style *style)
{
    const char special[] = {style->delimiter, '\n', '\r', style->quote_char, '\\'};

    text_set_init(&style->special, special, style->quote == CSV_QUOTE_NEVER ? 3 : style->backslash ? 5 : 4);
    style->bare = style->quote == CSV_QUOTE_MINIMAL && !style->neutralise;
    style->bare_numbers = style->bare && !in_numbers(style->delimiter) && !in_numbers(style->quote_char);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool csv_write_text(struct buf *out, const char *s, size_t len, const struct csv_style *style)
{
    if (!style->bare)
        return false;
    return len == 0 || (!is_blank(s[0]) && !is_blank(s[len - 1]) && text_write_without(out, s, len, &style->special));
}

/* The next character of s[from, len) that is escaped within quotes; len: none. */
static size_t inner_escape(const struct csv_style *style, const char *s, size_t from, size_t len)
{
    const char *next = memchr(s + from, style->quote_char, len - from);
    const char *backslash =
        style->backslash ? memchr(s + from, '\\', next ? (size_t)(next - s) - from : len - from) : NULL;

    next = backslash ? backslash : next;
    return next ? (size_t)(next - s) : len;
}

/* Text whose first character makes spreadsheets compute it (owasp.org, CSV Injection); a number with a sign
 * is none. */
static bool is_formula(const char *s, size_t len)
{
    size_t i = 1;

    if (len == 0 || !strchr("=+-@\t\r\n", *s) || *s == '\0')
        return false;
    if (*s != '+' && *s != '-')
        return true;
    while (i < len && ((s[i] >= '0' && s[i] <= '9') || s[i] == '.' || s[i] == ','))
        i++;
    return i < len || len == 1;
}

void csv_finish_cell(struct buf *out, size_t start, const struct csv_style *style, bool string)
{
    size_t len = out->len - start, escapes = 0, at;
    char *s = out->data ? out->data + start : NULL, *to;

    if (style->neutralise && string && is_formula(s, len)) {
        buf_add_char(out, '\'');
        s = out->data + start;
        memmove(s + 1, s, len++);
        *s = '\'';
    }
    if (style->quote == CSV_QUOTE_NEVER) {
        for (size_t i = 0; i < len; i++)
            if (text_set_has(&style->special, s[i]))
                s[i] = ' ';
        return;
    }
    if (style->quote != CSV_QUOTE_ALL && !(style->quote == CSV_QUOTE_STRINGS && string)) {
        /* Blanks at the ends are kept by quotes: many readers trim bare cells. */
        bool blank = len && (is_blank(s[0]) || is_blank(s[len - 1]));

        if (!blank && (len == 0 || !text_scan_any(s, len, &style->special)))
            return;
    }
    for (size_t i = 0; (i = inner_escape(style, s, i, len)) < len; i++)
        escapes++;
    buf_reserve(out, escapes + 2);
    /* The text moves to the end, and back piece by piece. */
    to = out->data + start;
    s = memmove(to + 1 + escapes, to, len);
    *to++ = style->quote_char;
    while ((at = inner_escape(style, s, 0, len)) < len) {
        memmove(to, s, at);
        to += at;
        *to++ = style->backslash ? '\\' : style->quote_char;
        *to++ = s[at];
        s += at + 1;
        len -= at + 1;
    }
    to += len;
    *to++ = style->quote_char;
    *to = '\0';
    out->len = (size_t)(to - out->data);
}

/* Digits of value before end; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";

    while (value >= 100) {
        end -= 2;
        memcpy(end, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, pairs + value * 2, 2);
    } else {
        *--end = (char)('0' + value);
    }
    return end;
}

void number_write_int(struct buf *out, int64_t value)
{
    char text[24], *end = text + sizeof text, *p;

    p = digits_before(end, value < 0 ? -(uint64_t)value : (uint64_t)value);
    if (value < 0)
        *--p = '-';
    buf_add(out, p, (size_t)(end - p));
}

void number_write_units(struct buf *out, int64_t units, int scale, int places, char sign)
{
    char text[48], *end = text + sizeof text, *p = end;
    uint64_t value = units < 0 ? -(uint64_t)units : (uint64_t)units, unit;

    if (places >= 0 && places < scale) {
        uint64_t cut = (uint64_t)decimal_pow10(scale - places), rest = value % cut;

        value = value / cut + (rest >= cut - rest);
        scale = places;
    } else if (places < 0) {
        for (; scale > 0 && value % 10 == 0; scale--)
            value /= 10;
    }
    for (int i = scale; i < places; i++)
        *--p = '0';
    unit = (uint64_t)decimal_pow10(scale);
    if (scale > 0) {
        char *whole = p;

        p = digits_before(p, value % unit);
        while (whole - p < scale)
            *--p = '0';
    }
    if (p < end)
        *--p = sign;
    p = digits_before(p, value / unit);
    if (units < 0 && value)
        *--p = '-';
    buf_add(out, p, (size_t)(end - p));
}

/*
 * A double v that is the nearest one to n / 10^s with |n| < 10^15 prints with 15 significant digits as that
 * very decimal, because decimals of 15 digits survive the way through a double. n / 10^s as computed is the
 * nearest double when n and 10^s are both exact (below 2^53 and 10^22), so one comparison proves the guess.
 */
int number_from_double(double value, int scale, int64_t *out)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4};
    const int guess = 4;
    double scaled = value * powers[guess];

    if (scaled > -1e15 && scaled < 1e15) {
        int64_t n = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);

        if ((double)n / powers[guess] == value && n > -1000000000000000 && n < 1000000000000000)
            return decimal_rescale(n, guess, scale, out);
    }
    return decimal_from_double(value, scale, out);
}

void number_write_real(struct buf *out, double value, char sign)
{
    int64_t units;
    char text[40];

    for (int scale = 9; scale >= 3; scale -= 6) /* the second for what is too big for nine decimals */
        if (number_from_double(value, scale, &units) == 0) {
            number_write_units(out, units, scale, -1, sign);
            return;
        }
    snprintf(text, sizeof text, "%.15g", value);
    buf_add_str(out, text);
}

void text_replace_newlines(struct buf *out, const char *s, size_t len, const char *by)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\r' || s[i] == '\n') {
            if (s[i] == '\r' && i + 1 < len && s[i + 1] == '\n')
                i++;
            buf_add_str(out, by);
        } else {
            buf_add_char(out, s[i]);
        }
    }
}

/* What may stand in an address as it is (RFC 3986 unreserved and reserved), and '%' of what is encoded
 * already. */
static bool url_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c));
}

void text_percent_encode(struct buf *out, const char *s, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (url_char(c)) {
            buf_add_char(out, s[i]);
        } else {
            char three[3] = {'%', hex[c >> 4], hex[c & 15]};

            buf_add(out, three, 3);
        }
    }
}

void text_escape_list(struct buf *out, const char *s, size_t len, const char *chars, const char *with)
{
    bool special[256] = {false};
    size_t run = 0;

    for (const char *c = chars; *c; c++)
        special[(unsigned char)*c] = true;
    if (with[0] && !with[1])
        special[(unsigned char)with[0]] = true;
    for (size_t i = 0; i < len; i++) {
        if (!special[(unsigned char)s[i]])
            continue;
        buf_add(out, s + run, i - run);
        buf_add_str(out, with);
        run = i;
    }
    buf_add(out, s + run, len - run);
}
