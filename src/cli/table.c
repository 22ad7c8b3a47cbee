#include "cli/table.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/text.h"

int output_format_parse(const char *name, enum output_format *out)
{
    static const char *const names[] = {[OUTPUT_TEXT] = "text", [OUTPUT_CSV] = "csv", [OUTPUT_JSON] = "json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum output_format)i;
            return 0;
        }
    return -EINVAL;
}

/* loading --------------------------------------------------------------------------------------------------
 */

/* -1: not a decimal; else its scale. */
static int scale_of(const char *name)
{
    size_t n = strlen(name);
    if (n > 3 && name[n - 3] == '_' && name[n - 2] == 'e' && name[n - 1] >= '0' && name[n - 1] <= '9')
        return name[n - 1] - '0';
    return -1;
}

static bool is_flag(const char *name)
{
    return text_ends_with_nocase(name, "_flag");
}

static struct cell cell_of(struct stmt *st, int col)
{
    const char *name = stmt_column_name(st, col);
    int scale = scale_of(name);
    if (stmt_is_null(st, col))
        return (struct cell){.bare = scale >= 0 || is_flag(name)};
    if (is_flag(name))
        return (struct cell){
            .text = xstrdup(stmt_int(st, col) ? "true" : "false"), .bare = true, .truth = true};
    if (scale >= 0) {
        auto_buf b = BUF_INIT;
        int64_t units = stmt_int(st, col);
        decimal_format(&b, units, scale, scale == PRICE_SCALE ? (units % 100 ? PRICE_SCALE : 2) : -1, '.');
        return (struct cell){.text = buf_detach(&b, NULL), .bare = true};
    }
    return (struct cell){.text = xstrdup(stmt_text(st, col, NULL)), .bare = stmt_type(st, col) == STMT_INT};
}

int table_load(struct table *out, struct stmt *st, struct error *err)
{
    *out = (struct table){.columns = (size_t)stmt_columns(st)};
    out->keys = xcalloc(out->columns, sizeof *out->keys);
    for (size_t c = 0; c < out->columns; c++) {
        const char *name = stmt_column_name(st, (int)c);
        size_t n = strlen(name) - (scale_of(name) >= 0 ? 3 : is_flag(name) ? strlen("_flag") : 0);
        out->keys[c] = xstrndup(name, n);
    }
    int rc;
    while ((rc = stmt_step(st, err)) == 1)
        for (size_t c = 0; c < out->columns; c++) {
            array_grow(out->cells, out->n_cells, out->cap);
            struct cell cell = cell_of(st, (int)c);
            out->cells[out->n_cells++] = cell;
        }
    return rc;
}

size_t table_rows(const struct table *t)
{
    return t->columns ? t->n_cells / t->columns : 0;
}

void table_release(struct table *t)
{
    for (size_t c = 0; c < t->columns; c++)
        free(t->keys[c]);
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i].text);
    free(t->keys);
    free(t->cells);
    *t = (struct table){0};
}

/* text -----------------------------------------------------------------------------------------------------
 */

/* Width of one character. The C library knows it whatever locale the caller has set. */
static int char_width(uint32_t cp)
{
    static locale_t utf8;
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (cp < 0x7f || !utf8)
        return cp >= 0x20;
    locale_t before = uselocale(utf8);
    int width = wcwidth((wchar_t)cp);
    uselocale(before);
    return width;
}

/* Appends s as a terminal may see it: no control characters, no ill-formed bytes. Returns its width. */
static size_t add_shown(struct buf *out, const char *s)
{
    size_t width = 0;
    for (size_t i = 0, len = strlen(s); i < len;) {
        uint32_t cp;
        size_t n = text_utf8_decode(s + i, len - i, &cp);
        int w = n ? char_width(cp) : -1;
        if (w < 0 || (w == 0 && cp < 0x20)) {
            if (out)
                buf_add_char(out, cp == '\n' || cp == '\t' ? ' ' : '?');
            width++;
        } else {
            if (out)
                buf_add(out, s + i, n);
            width += (size_t)w;
        }
        i += n ? n : 1;
    }
    return width;
}

void display_add(struct buf *out, const char *s)
{
    add_shown(out, s);
}

size_t display_width(const char *s)
{
    return add_shown(NULL, s);
}

static void add_spaces(struct buf *out, size_t n)
{
    while (n--)
        buf_add_char(out, ' ');
}

static const char *cell_text(const struct cell *c)
{
    if (!c->text)
        return "";
    if (c->truth)
        return c->text[0] == 't' ? "yes" : "no";
    return c->text;
}

static const struct cell *cell_at(const struct table *t, size_t row, size_t column)
{
    return &t->cells[row * t->columns + column];
}

static void add_text_row(const struct table *t, size_t row, bool heading, const size_t *widths,
                         struct buf *out)
{
    size_t pending = 0; /* spaces owed before the next cell: no line ends in blanks */
    for (size_t c = 0; c < t->columns; c++) {
        if (!widths[c])
            continue;
        const char *s = heading ? t->keys[c] : cell_text(cell_at(t, row, c));
        size_t gap = widths[c] - display_width(s);
        bool right = table_rows(t) && cell_at(t, 0, c)->bare;
        if (right)
            pending += gap;
        if (*s) {
            add_spaces(out, pending);
            add_shown(out, s);
            pending = 0;
        }
        pending += (right ? 0 : gap) + 2;
    }
    buf_add_char(out, '\n');
}

void table_write_text(const struct table *t, bool skip_empty, struct buf *out)
{
    size_t *widths = xcalloc(t->columns ? t->columns : 1, sizeof *widths);
    for (size_t c = 0; c < t->columns; c++) {
        size_t widest = 0;
        for (size_t r = 0; r < table_rows(t); r++) {
            size_t w = display_width(cell_text(cell_at(t, r, c)));
            widest = w > widest ? w : widest;
        }
        size_t title = display_width(t->keys[c]);
        if (widest || !skip_empty)
            widths[c] = widest > title ? widest : title;
    }
    add_text_row(t, 0, true, widths, out);
    for (size_t r = 0; r < table_rows(t); r++)
        add_text_row(t, r, false, widths, out);
    free(widths);
}

void table_write_fields(const struct table *t, size_t row, struct buf *out)
{
    size_t widest = 0;
    for (size_t c = 0; c < t->columns; c++) {
        size_t w = display_width(t->keys[c]);
        if (*cell_text(cell_at(t, row, c)) && w > widest)
            widest = w;
    }
    for (size_t c = 0; c < t->columns; c++) {
        const char *s = cell_text(cell_at(t, row, c));
        if (!*s)
            continue;
        buf_addf(out, "%s:", t->keys[c]);
        add_spaces(out, widest + 1 - display_width(t->keys[c]));
        add_shown(out, s);
        buf_add_char(out, '\n');
    }
}

/* CSV ------------------------------------------------------------------------------------------------------
 */

void csv_field(struct buf *out, const char *value)
{
    if (!value[strcspn(value, ",\"\r\n")] && value[0] != ' ') {
        buf_add_str(out, value);
        return;
    }
    buf_add_char(out, '"');
    for (; *value; value++) {
        if (*value == '"')
            buf_add_char(out, '"');
        buf_add_char(out, *value);
    }
    buf_add_char(out, '"');
}

void table_write_csv(const struct table *t, struct buf *out)
{
    for (size_t c = 0; c < t->columns; c++) {
        if (c)
            buf_add_char(out, ',');
        csv_field(out, t->keys[c]);
    }
    buf_add_str(out, "\r\n");
    for (size_t r = 0; r < table_rows(t); r++) {
        for (size_t c = 0; c < t->columns; c++) {
            if (c)
                buf_add_char(out, ',');
            csv_field(out, cell_text(cell_at(t, r, c)));
        }
        buf_add_str(out, "\r\n");
    }
}

/* JSON -----------------------------------------------------------------------------------------------------
 */

void json_string(struct buf *out, const char *value)
{
    buf_add_char(out, '"');
    for (size_t i = 0, len = strlen(value); i < len;) {
        uint32_t cp;
        size_t n = text_utf8_decode(value + i, len - i, &cp);
        if (n == 0)
            buf_add_str(out, "\xef\xbf\xbd");
        else if (cp == '"' || cp == '\\')
            buf_addf(out, "\\%c", (char)cp);
        else if (cp == '\n')
            buf_add_str(out, "\\n");
        else if (cp < 0x20 || cp == 0x7f)
            buf_addf(out, "\\u%04x", (unsigned)cp);
        else
            buf_add(out, value + i, n);
        i += n ? n : 1;
    }
    buf_add_char(out, '"');
}

void table_write_json_members(const struct table *t, size_t row, struct buf *out)
{
    for (size_t c = 0; c < t->columns; c++) {
        const struct cell *cell = cell_at(t, row, c);
        if (c)
            buf_add_str(out, ", ");
        json_string(out, t->keys[c]);
        buf_add_str(out, ": ");
        if (!cell->text)
            buf_add_str(out, "null");
        else if (cell->bare)
            buf_add_str(out, cell->text);
        else
            json_string(out, cell->text);
    }
}

void table_write_json(const struct table *t, struct buf *out)
{
    buf_add_char(out, '[');
    for (size_t r = 0; r < table_rows(t); r++) {
        buf_add_str(out, r ? ",\n  {" : "\n  {");
        table_write_json_members(t, r, out);
        buf_add_char(out, '}');
    }
    buf_add_str(out, table_rows(t) ? "\n]" : "]");
}
