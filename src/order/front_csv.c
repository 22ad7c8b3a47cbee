/* CSV orders, by libcsv: one row for each line of an order, the order's own columns repeated. */
#include <csv.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "order/front.h"

#define CSV_ENCODING "WINDOWS-1250" /* what exports are in that are not UTF-8 */
#define COLUMNS_MAX 1000

struct table {
    struct front_tree tree;
    xmlNodePtr root, row;
    char **names;
    size_t n_names, cap;
    size_t column;
    bool header; /* the first row was read */
    int line, row_line;
    int rc;
};

static void fail(struct table *t, int code)
{
    if (t->rc == 0)
        t->rc = code;
}

static void on_field(void *data, size_t len, void *arg)
{
    struct table *t = arg;
    const char *text = data ? data : "";
    size_t column = t->column++;

    for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))) != NULL; p++)
        t->line++;
    if (t->rc < 0)
        return;
    if (!t->header) {
        if (column >= COLUMNS_MAX) {
            error_set(t->tree.err, -E2BIG, "the file has more than %d columns", COLUMNS_MAX);
            fail(t, -E2BIG);
            return;
        }
        array_grow(t->names, t->n_names, t->cap);
        t->names[t->n_names++] = xstrdup(text);
        return;
    }
    if (!t->row) {
        t->row = front_add(&t->tree, t->root, "row", NULL, t->row_line);
        if (!t->row)
            fail(t, -E2BIG);
    }
    if (!*text || t->rc < 0 || column >= t->n_names || !*t->names[column])
        return;
    if (!front_add(&t->tree, t->row, t->names[column], text, t->row_line))
        fail(t, -E2BIG);
}

/* Columns up to the last that has a name: many programs end each row with a delimiter. */
static size_t named_columns(const struct table *t)
{
    size_t n = t->n_names;

    while (n && !*t->names[n - 1])
        n--;
    return n;
}

static void on_row(int terminator, void *arg)
{
    struct table *t = arg;

    (void)terminator;
    /* A row that ends early is what a broken-off file looks like; there is no other sign of it. */
    if (t->header && t->rc == 0 && t->column && t->column < named_columns(t)) {
        error_set(t->tree.err, -EINVAL, "the row has %zu columns of %zu: the file is not whole", t->column,
                  named_columns(t));
        error_at(t->tree.err, NULL, t->row_line, NULL);
        error_advise(t->tree.err, "export the file again");
        fail(t, -EINVAL);
    }
    t->header = true;
    t->row = NULL;
    t->column = 0;
    t->line++;
    t->row_line = t->line;
}

/* The delimiter of the first row: what it has most of, outside quotes. */
static unsigned char delimiter_of(const char *text)
{
    size_t count[3] = {0};
    bool quoted = false;

    for (; *text && (quoted || *text != '\n'); text++) {
        quoted ^= *text == '"';
        for (size_t i = 0; i < 3 && !quoted; i++)
            count[i] += *text == ";,\t"[i];
    }
    return (unsigned char)(count[0] >= count[1] && count[0] >= count[2] ? ';'
                           : count[1] >= count[2]                       ? ','
                                                                        : '\t');
}

static int parse(struct table *t, const struct buf *text)
{
    struct csv_parser parser;

    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return error_set(t->tree.err, -ENOMEM, "out of memory");
    csv_set_delim(&parser, delimiter_of(buf_str(text)));
    if ((csv_parse(&parser, buf_str(text), text->len, on_field, on_row, t) != text->len ||
         csv_fini(&parser, on_field, on_row, t) != 0) &&
        t->rc == 0) {
        fail(t,
             error_set(t->tree.err, -EINVAL, "not CSV: a quote is not closed or stands in the wrong place"));
        error_at(t->tree.err, NULL, t->row_line, NULL);
    }
    csv_free(&parser);
    return t->rc;
}

int front_csv(xmlDocPtr *out, const char *data, size_t len, const struct order_limits *limits,
              struct error *err)
{
    struct table t = {.line = 1, .row_line = 1};
    auto_buf text = BUF_INIT;
    int rc = front_utf8(&text, data, len, CSV_ENCODING, err);

    if (rc < 0)
        return rc;
    t.root = front_tree_init(&t.tree, "csv", limits, err);
    rc = t.root ? parse(&t, &text) : -ENOMEM;
    for (size_t i = 0; i < t.n_names; i++)
        free(t.names[i]);
    free(t.names);
    if (rc < 0) {
        xmlFreeDoc(t.tree.doc);
        return rc;
    }
    *out = t.tree.doc;
    return 0;
}
