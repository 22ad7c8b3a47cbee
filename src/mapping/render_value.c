#include "mapping/render_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/text.h"

bool cell_true(const struct stmt_value *cell)
{
    switch (cell->type) {
    case STMT_INT:
        return cell->i != 0;
    case STMT_REAL:
        return cell->r != 0;
    case STMT_TEXT: {
        char number[32];
        size_t n = cell->len < sizeof number - 1 ? cell->len : sizeof number - 1;

        memcpy(number, cell->s, n);
        number[n] = '\0';
        return strtod(number, NULL) != 0;
    }
    default:
        return false;
    }
}

static int not_writable(struct error *err, const struct stmt_value *cell, const char *what)
{
    if (cell->type == STMT_INT)
        return error_set(err, -EINVAL, "the value '%lld' is not %s", (long long)cell->i, what);
    if (cell->type == STMT_REAL)
        return error_set(err, -EINVAL, "the value '%.15g' is not %s", cell->r, what);
    return error_set(err, -EINVAL, "the value '%.*s' is not %s", (int)(cell->len < 60 ? cell->len : 60), cell->s, what);
}

static int write_decimal(struct buf *out, const struct stmt_value *cell, int places, bool trim, char sign,
                         struct error *err)
{
    int64_t units;
    int rc = -EINVAL;

    if (cell->type == STMT_INT) {
        if (trim || places == 0) {
            number_write_int(out, cell->i);
            return 0;
        }
        rc = decimal_rescale(cell->i, 0, places, &units);
    } else if (cell->type == STMT_REAL) {
        rc = number_from_double(cell->r, places, &units);
    } else {
        rc = decimal_parse(cell->s, cell->len, DECIMAL_POINT, places, &units);
    }
    if (rc < 0)
        return not_writable(err, cell, rc == -ERANGE ? "within the range of numbers" : "a number");
    number_write_units(out, units, places, trim ? -1 : places, sign);
    return 0;
}

static int write_date(struct buf *out, const struct stmt_value *cell, const struct value_format *f,
                      struct error *err)
{
    char sql[CLOCK_SQL_LEN + 1], text[256];
    struct tm tm = {0};
    time_t t;
    size_t n;

    if (cell->type == STMT_INT) {
        t = (time_t)cell->i;
    } else {
        auto_buf copy = BUF_INIT;
        int rc;

        if (cell->type == STMT_REAL)
            return not_writable(err, cell, "a date");
        buf_add(&copy, cell->s, cell->len);
        rc = clock_parse_date(buf_str(&copy), false, sql);
        if (rc == 1)
            return 0;
        if (rc < 0 || sscanf(sql, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                             &tm.tm_min, &tm.tm_sec) != 6)
            return not_writable(err, cell, "a date");
        tm.tm_year -= 1900;
        tm.tm_mon--;
        t = timegm(&tm);
    }
    n = clock_format(t, f->pattern, f->local, text, sizeof text);
    if (n == 0)
        return not_writable(err, cell, "a date that fits the format");
    buf_add(out, text, n);
    return 0;
}

/* The value as plain text, numbers and dates formatted. */
static int write_plain(struct buf *out, const struct stmt_value *cell, const struct value_format *f,
                       struct error *err)
{
    switch (f->kind) {
    case FORMAT_DECIMAL:
        return write_decimal(out, cell, f->places, f->trim, f->decimal_sign, err);
    case FORMAT_INTEGER:
        return write_decimal(out, cell, 0, false, f->decimal_sign, err);
    case FORMAT_DATE:
        return write_date(out, cell, f, err);
    case FORMAT_BOOLEAN:
        buf_add_str(out, cell_true(cell) ? f->yes : f->no);
        return 0;
    default:
        if (cell->type == STMT_INT)
            number_write_int(out, cell->i);
        else if (cell->type == STMT_REAL)
            number_write_real(out, cell->r, f->decimal_sign);
        else
            buf_add(out, cell->s, cell->len);
        return 0;
    }
}

static void transform(struct value_scratch *scratch, const struct value_format *f, size_t *len,
                      const char **s)
{
    struct buf *from = &scratch->a, *to = &scratch->b;

#define STEP(call)               \
    do {                         \
        struct buf *swap = from; \
                                 \
        buf_clear(to);           \
        call;                    \
        from = to;               \
        to = swap;               \
    } while (0)

    if (f->strip_html)
        STEP(text_strip_html(to, buf_str(from), from->len));
    if (f->newlines)
        STEP(text_replace_newlines(to, buf_str(from), from->len, f->newlines));
    if (f->limit)
        buf_truncate(from, text_utf8_prefix(buf_str(from), from->len, f->limit));
    if (f->url)
        STEP(text_percent_encode(to, buf_str(from), from->len));
    if (f->escape_chars)
        STEP(text_escape_list(to, buf_str(from), from->len, f->escape_chars, f->escape_with));
#undef STEP
    *s = buf_str(from);
    *len = from->len;
}

int value_write(struct buf *out, const struct stmt_value *cell, const struct value_format *f,
                enum text_context context, struct value_scratch *scratch, bool *string, struct error *err)
{
    bool text = cell->type == STMT_TEXT || cell->type == STMT_BLOB,
         as_is = f->kind == FORMAT_AUTO || f->kind == FORMAT_TEXT;
    const char *s;
    size_t len;
    int rc;

    *string = false;
    if (cell->type == STMT_NULL)
        return 0;
    *string = f->kind == FORMAT_TEXT || f->kind == FORMAT_DATE || (as_is && text);
    if (f->plain) {
        if (as_is && text) {
            text_write(out, cell->s, cell->len, context);
            return 0;
        }
        if (f->kind != FORMAT_BOOLEAN && f->kind != FORMAT_DATE)
            return write_plain(out, cell, f, err); /* digits need no escaping */
    }
    if (as_is && text && f->only_escapes && context == TEXT_PLAIN &&
        text_write_without(out, cell->s, cell->len, &f->escape_set))
        return 0;
    buf_clear(&scratch->a);
    if (as_is && text && !f->plain) {
        text_write(&scratch->a, cell->s, cell->len, TEXT_PLAIN); /* the steps count whole characters */
        rc = 0;
    } else {
        rc = write_plain(&scratch->a, cell, f, err);
    }
    if (rc < 0)
        return rc;
    transform(scratch, f, &len, &s);
    text_write(out, s, len, context);
    return 0;
}

/* A number's cell is what was written for it. */
static bool is_bare_number(const struct stmt_value *cell, const struct value_format *f, const struct csv_style *style)
{
    return style->bare_numbers && (cell->type == STMT_INT || cell->type == STMT_REAL) && f->plain &&
           (f->kind == FORMAT_DECIMAL || f->kind == FORMAT_INTEGER || f->kind == FORMAT_AUTO) &&
           f->decimal_sign != style->delimiter && f->decimal_sign != style->quote_char;
}

int value_write_cell(struct buf *out, const struct stmt_value *cell, const struct value_format *f,
                     const struct csv_style *style, struct value_scratch *scratch, struct error *err)
{
    size_t start = out->len;
    bool string;
    int rc;

    if (style->bare) {
        if (cell->type == STMT_NULL)
            return 0;
        if (cell->type == STMT_TEXT && f->plain && (f->kind == FORMAT_AUTO || f->kind == FORMAT_TEXT) &&
            csv_write_text(out, cell->s, cell->len, style))
            return 0;
    }
    rc = value_write(out, cell, f, TEXT_PLAIN, scratch, &string, err);
    if (rc == 0 && !is_bare_number(cell, f, style))
        csv_finish_cell(out, start, style, string && out->len > start);
    return rc;
}
