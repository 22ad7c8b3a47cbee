/* The <csv> body: a header and one record per row. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/encoding.h"
#include "mapping/export_compile.h"

struct csv_compiler {
    struct compiler *c;
    const xmlNode *definer; /* whose columns make the header */
    char **names;           /* "" where a column has none */
    size_t n_names, cap_names;
};

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static int one_char(struct compiler *c, const xmlNode *csv, const char *attribute, const char *text,
                    char *out)
{
    struct spot at = spot_attr(csv, false, attribute);

    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        text = "\t";
    if (strlen(text) != 1 || (unsigned char)*text >= 0x80 || *text == '\n' || *text == '\r' || *text == ' ') {
        compile_error_at(c, -EINVAL, &at, "%s=\"%s\" is not one character", attribute, text);
        error_advise(c->err, "a single ASCII character, or 'tab'");
        return -EINVAL;
    }
    *out = *text;
    return 0;
}

static int settings(struct compiler *c, const xmlNode *csv)
{
    auto_free char *delimiter = attr_get(csv, false, "delimiter"),
                   *quote_char = attr_get(csv, false, "quote-char");
    auto_free char *quote = attr_get(csv, false, "quote"), *escape = attr_get(csv, false, "escape");
    auto_free char *line_end = attr_get(csv, false, "line-end"), *sign = attr_get(csv, false, "decimal-sign");
    auto_free char *formulas = attr_get(csv, false, "formulas");
    auto_free char *unmappable = attr_get(csv, false, "unmappable"),
                   *encoding = attr_get(csv, false, "encoding");
    struct csv_style *style = &c->map->csv;
    int rc;

    style->delimiter = ',';
    style->quote_char = '"';
    rc = delimiter ? one_char(c, csv, "delimiter", delimiter, &style->delimiter) : 0;
    if (rc == 0 && quote_char)
        rc = one_char(c, csv, "quote-char", quote_char, &style->quote_char);
    if (rc < 0)
        return rc;
    if (style->delimiter == style->quote_char)
        return compile_error(c, -EINVAL, csv, "delimiter and quote-char are the same character");
    style->quote = !quote || strcmp(quote, "minimal") == 0 ? CSV_QUOTE_MINIMAL
                   : strcmp(quote, "all") == 0             ? CSV_QUOTE_ALL
                   : strcmp(quote, "strings") == 0         ? CSV_QUOTE_STRINGS
                                                           : CSV_QUOTE_NEVER;
    style->backslash = escape && strcmp(escape, "backslash") == 0;
    style->crlf = line_end && strcmp(line_end, "crlf") == 0;
    style->header = attr_yes(csv, false, "header", true);
    style->neutralise = formulas && strcmp(formulas, "neutralise") == 0;
    csv_style_init(style);
    if (sign)
        c->decimal_sign = *sign;
    c->map->unmappable = unmappable && strcmp(unmappable, "transliterate") == 0 ? UNMAPPABLE_TRANSLITERATE
                                                                                : UNMAPPABLE_REPLACE;
    if (encoding && encoding_check(encoding, &c->map->encoding) < 0) {
        struct spot at = spot_attr(csv, false, "encoding");

        compile_error_at(c, -EINVAL, &at, "the encoding '%s' is not known", encoding);
        error_advise(c->err,
                     "use UTF-8, windows-1250, windows-1251, ISO-8859-1 or another name that iconv knows");
        return -EINVAL;
    }
    return 0;
}

/* set: which set of `columns` it is of, from 1; 0: of none. */
static int add_name(struct csv_compiler *x, const xmlNode *column, unsigned long set)
{
    auto_free char *name = attr_get(column, false, "name");
    const char *number = name && set ? strstr(name, "{n}") : NULL;
    auto_buf numbered = BUF_INIT;

    if (!name && x->c->map->csv.header) {
        compile_error(x->c, -EINVAL, column, "a column needs a name");
        error_advise(x->c->err, "give it name=\"...\", or the file header=\"no\"");
        return -EINVAL;
    }
    if (number)
        buf_addf(&numbered, "%.*s%lu%s", (int)(number - name), name, set, number + strlen("{n}"));
    array_grow(x->names, x->n_names, x->cap_names);
    x->names[x->n_names++] = xstrdup(number ? buf_str(&numbered) : name ? name : "");
    return 0;
}

static int collect_names(struct csv_compiler *x, const xmlNode *definer)
{
    int rc = 0;

    for (const xmlNode *n = definer->children; n && rc == 0; n = n->next) {
        if (is(n, "column")) {
            rc = add_name(x, n, 0);
        } else if (is(n, "columns")) {
            auto_free char *times = attr_get(n, false, "times");
            unsigned long count = strtoul(times, NULL, 10);

            if (count > 1000)
                return compile_error(x->c, -EINVAL, n, "times=\"%s\" is more than 1000", times);
            if (x->n_names == 0)
                return compile_error(x->c, -EINVAL, n, "'columns' cannot come before the first 'column'");
            for (unsigned long i = 0; i < count && rc == 0; i++)
                for (const xmlNode *k = n->children; k && rc == 0; k = k->next)
                    if (is(k, "column"))
                        rc = add_name(x, k, i + 1);
        }
    }
    return rc;
}

static bool has_columns(const xmlNode *node)
{
    for (const xmlNode *n = node->children; n; n = n->next)
        if (is(n, "column") || is(n, "columns"))
            return true;
    return false;
}

static void delimiter(struct csv_compiler *x)
{
    emit_literal(x->c, &x->c->map->csv.delimiter, 1);
}

static void empty_cell(struct csv_compiler *x)
{
    auto_buf cell = BUF_INIT;

    csv_finish_cell(&cell, 0, &x->c->map->csv, false);
    emit_literal(x->c, buf_str(&cell), cell.len);
}

static int compile_cell(struct csv_compiler *x, const xmlNode *column)
{
    struct compiler *c = x->c;
    auto_free char *sql = attr_get(column, false, "value");
    struct spot value = spot_attr(column, false, "value");
    struct op op = {.code = OP_CELL};
    struct value_ref ref;
    uint32_t at;
    int rc;

    if (sql) {
        rc = compile_sql(c, &value, sql, &ref);
        if (rc == 0)
            rc = compile_format(c, column, false, &op.format);
        if (rc < 0)
            return rc;
        op.code = OP_CELL_VALUE;
        op.from = (uint8_t)ref.from;
        op.query = ref.query;
        op.column = ref.column;
        emit(c, &value, op);
        return 0;
    }
    at = emit_node(c, column, op);
    rc = compile_limited(c, column, attr_number(column, "limit"), TEXT_PLAIN, false);
    emit_close(c, at);
    return rc;
}

static int columns_body(struct compiler *c, const xmlNode *node, void *arg)
{
    struct csv_compiler *x = arg;
    int rc = 0;

    (void)c;
    for (const xmlNode *k = node->children; k && rc == 0; k = k->next)
        if (is(k, "column")) {
            delimiter(x);
            rc = compile_cell(x, k);
        }
    return rc;
}

static int compile_columns(struct csv_compiler *x, const xmlNode *node)
{
    int query = (int)x->c->map->n_queries; /* the one compile_each makes first */
    auto_buf pad = BUF_INIT;
    int rc = compile_each(x->c, node, TEXT_PLAIN, columns_body, x);

    if (rc < 0)
        return rc;
    for (const xmlNode *k = node->children; k; k = k->next)
        if (is(k, "column")) {
            buf_add_char(&pad, x->c->map->csv.delimiter);
            csv_finish_cell(&pad, pad.len, &x->c->map->csv, false);
        }
    x->c->map->queries[query].pad = literal_add(x->c, buf_str(&pad), pad.len, TEXT_PLAIN);
    return 0;
}

static int matching_column(struct csv_compiler *x, const xmlNode *node, size_t slot, const xmlNode **out)
{
    size_t nth = 0;

    for (size_t i = 0; i < slot; i++)
        nth += strcmp(x->names[i], x->names[slot]) == 0;
    *out = NULL;
    for (const xmlNode *n = node->children; n && !*out; n = n->next) {
        auto_free char *name = is(n, "column") ? attr_get(n, false, "name") : NULL;

        if (name && strcmp(name, x->names[slot]) == 0 && nth-- == 0)
            *out = n;
    }
    return 0;
}

static int check_names(struct csv_compiler *x, const xmlNode *node)
{
    for (const xmlNode *n = node->children; n; n = n->next) {
        auto_free char *name = NULL;
        bool known = false;

        if (is(n, "columns"))
            return compile_error(x->c, -EINVAL, n, "'columns' can stand only where the header comes from");
        if (!is(n, "column"))
            continue;
        name = attr_get(n, false, "name");
        for (size_t i = 0; name && i < x->n_names; i++)
            known |= strcmp(x->names[i], name) == 0;
        if (!known) {
            compile_error(x->c, -EINVAL, n, "there is no column '%s' in the header", name ? name : "");
            error_advise(
                x->c->err,
                "the header consists of the columns of the first record of the mapping; add it there");
            return -EINVAL;
        }
    }
    return 0;
}

static int compile_record(struct csv_compiler *x, const xmlNode *node)
{
    struct compiler *c = x->c;
    bool first = true;
    int rc = node == x->definer ? 0 : check_names(x, node);

    if (node == x->definer) {
        for (const xmlNode *n = node->children; n && rc == 0; n = n->next) {
            if (is(n, "column")) {
                if (!first)
                    delimiter(x);
                first = false;
                rc = compile_cell(x, n);
            } else if (is(n, "columns")) {
                rc = compile_columns(x, n);
            }
        }
    } else {
        for (size_t i = 0; i < x->n_names && rc == 0; i++) {
            const xmlNode *column;

            if (i)
                delimiter(x);
            matching_column(x, node, i, &column);
            if (column)
                rc = compile_cell(x, column);
            else
                empty_cell(x);
        }
    }
    emit_literal(c, "\r\n" + !c->map->csv.crlf, c->map->csv.crlf ? 2 : 1);
    return rc;
}

static int record_body(struct compiler *c, const xmlNode *node, void *arg)
{
    (void)c;
    return compile_record(arg, node);
}

static int compile_rows(struct csv_compiler *x, const xmlNode *rows)
{
    struct compiler *c = x->c;
    int rc;

    section_begin(c, -1);
    rc = compile_query(c, rows, -1, &c->query);
    if (rc < 0)
        return rc;
    section_of_rows(c);
    if (has_columns(rows))
        rc = compile_record(x, rows);
    for (const xmlNode *n = rows->children; n && rc == 0; n = n->next)
        if (is(n, "each"))
            rc = compile_each(c, n, TEXT_PLAIN, record_body, x);
    c->query = -1;
    section_end(c);
    return rc;
}

static void compile_header(struct csv_compiler *x)
{
    struct csv_style header = x->c->map->csv;
    auto_buf line = BUF_INIT;

    header.neutralise = false; /* the author's own words */
    for (size_t i = 0; i < x->n_names; i++) {
        size_t start;

        if (i)
            buf_add_char(&line, x->c->map->csv.delimiter);
        start = line.len;
        text_write(&line, x->names[i], strlen(x->names[i]), TEXT_PLAIN);
        csv_finish_cell(&line, start, &header, true);
    }
    buf_add_str(&line, x->c->map->csv.crlf ? "\r\n" : "\n");
    emit_literal(x->c, buf_str(&line), line.len);
}

int compile_csv(struct compiler *c, const xmlNode *csv)
{
    struct csv_compiler x = {.c = c};
    int rc = settings(c, csv);

    for (const xmlNode *rows = csv->children; rows && !x.definer; rows = rows->next) {
        if (!is(rows, "rows"))
            continue;
        if (has_columns(rows))
            x.definer = rows;
        for (const xmlNode *n = rows->children; n && !x.definer; n = n->next)
            if (is(n, "each"))
                x.definer = n;
    }
    if (rc == 0 && x.definer)
        rc = collect_names(&x, x.definer);
    if (rc == 0) {
        section_begin(c, -1);
        if (attr_yes(csv, false, "bom", false) && !c->map->encoding)
            emit_literal(c, "\xef\xbb\xbf", 3);
        if (c->map->csv.header)
            compile_header(&x);
        section_end(c);
    }
    for (const xmlNode *rows = csv->children; rows && rc == 0; rows = rows->next)
        if (is(rows, "rows"))
            rc = compile_rows(&x, rows);
    for (size_t i = 0; i < x.n_names; i++)
        free(x.names[i]);
    free(x.names);
    return rc;
}
