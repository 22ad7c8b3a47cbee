/* Attributes, formats and rows of an export mapping. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

#define MAX_QUERIES 200

char *attr_get(const xmlNode *node, bool in_ns, const char *name)
{
    xmlChar *value = in_ns ? xmlGetNsProp((xmlNodePtr)node, BAD_CAST name, BAD_CAST MAPPING_NAMESPACE)
                           : xmlGetNoNsProp((xmlNodePtr)node, BAD_CAST name);
    char *copy = value ? xstrdup((const char *)value) : NULL;

    xmlFree(value);
    return copy;
}

bool attr_yes(const xmlNode *node, bool in_ns, const char *name, bool otherwise)
{
    auto_free char *value = attr_get(node, in_ns, name);

    return value ? strcmp(value, "yes") == 0 : otherwise;
}

uint32_t attr_number(const xmlNode *node, const char *name)
{
    auto_free char *value = attr_get(node, false, name);
    unsigned long n = value ? strtoul(value, NULL, 10) : 0;

    return n > 1000000 ? 1000000 : (uint32_t)n;
}

uint16_t compile_plain_format(struct compiler *c)
{
    struct value_format f = {.decimal_sign = c->decimal_sign, .plain = true};

    for (size_t i = 0; i < c->map->n_formats; i++)
        if (value_format_equal(&c->map->formats[i], &f))
            return (uint16_t)i;
    array_grow(c->map->formats, c->map->n_formats, c->map->cap_formats);
    c->map->formats[c->map->n_formats++] = f;
    return (uint16_t)(c->map->n_formats - 1);
}

int compile_format(struct compiler *c, const xmlNode *node, bool in_ns, uint16_t *out)
{
    struct value_format f = {.decimal_sign = c->decimal_sign};
    auto_free char *format = attr_get(node, in_ns, "format"), *sign = attr_get(node, in_ns, "decimal-sign");
    auto_free char *zone = attr_get(node, in_ns, "zone"), *limit = attr_get(node, in_ns, "limit");
    auto_free char *html = attr_get(node, in_ns, "html"), *encode = attr_get(node, in_ns, "encode");
    int rc = 0;

    if (format)
        rc = value_format_parse(&f, format, c->err);
    if (rc < 0) {
        struct spot at = spot_attr(node, in_ns, "format");

        compile_place(c, rc, &at);
        rc = compile_fault(c, rc);
    }
    if (rc < 0) {
        value_format_release(&f);
        return rc;
    }
    if (sign)
        f.decimal_sign = *sign;
    f.local = zone && strcmp(zone, "local") == 0;
    f.limit = limit ? strtoul(limit, NULL, 10) : 0;
    f.strip_html = html && strcmp(html, "strip") == 0;
    f.url = encode && strcmp(encode, "url") == 0;
    f.newlines = attr_get(node, in_ns, "newlines");
    f.escape_chars = attr_get(node, in_ns, "escape-chars");
    f.escape_with = attr_get(node, in_ns, "escape-with");
    if (f.escape_chars && !f.escape_with)
        f.escape_with = xstrdup("\\");
    value_format_settle(&f);
    for (size_t i = 0; i < c->map->n_formats; i++)
        if (value_format_equal(&c->map->formats[i], &f)) {
            value_format_release(&f);
            *out = (uint16_t)i;
            return 0;
        }
    array_grow(c->map->formats, c->map->n_formats, c->map->cap_formats);
    c->map->formats[c->map->n_formats++] = f;
    *out = (uint16_t)(c->map->n_formats - 1);
    return 0;
}

/* The nearest enclosing query whose kind has this column; -1. */
static int find_link(struct compiler *c, int parent, const char *column)
{
    for (; parent >= 0; parent = c->map->queries[parent].parent)
        if (compile_has_column(c, c->map->queries[parent].kind, column))
            return parent;
    return -1;
}

static void advise_kinds(struct compiler *c, bool top)
{
    auto_buf list = BUF_INIT;

    for (size_t i = 0; row_kind_at(i); i++)
        if (!top || row_kind_at(i)->top)
            buf_addf(&list, "%s%s", list.len ? ", " : "", row_kind_at(i)->name);
    error_advise(c->err, "kinds of row here: %s", buf_str(&list));
}

/* How child rows of kind are met inside parent. */
static int choose_mode(struct compiler *c, const xmlNode *node, const struct row_kind *kind, int parent,
                       enum query_mode *out)
{
    const struct query *p = &c->map->queries[parent];
    int root = parent;

    *out = QUERY_WHOLE;
    if (kind->space == KEY_NONE)
        return 0;
    while (c->map->queries[root].parent >= 0)
        root = c->map->queries[root].parent;
    if (c->map->queries[root].kind->space != kind->space)
        return compile_error(c, -EINVAL, node, "rows of '%s' do not belong to rows of '%s'", kind->name,
                             p->kind->name);
    /* Met once per key only directly inside rows that have a key each, and unrestricted. */
    *out = parent == root && !p->kind->order_by ? QUERY_STREAM : QUERY_PER_KEY;
    return 0;
}

/* same="column": only rows that agree with the enclosing row in it. */
static int compile_same(struct compiler *c, const xmlNode *node, struct query *q, int parent,
                        const char *column)
{
    struct spot at = spot_attr(node, false, "same");
    int from = compile_is_name(column) ? find_link(c, parent, column) : -1;

    if (from >= 0 && compile_has_column(c, q->kind, column)) {
        q->links[q->n_links++] = (struct query_link){query_column(q, column), (uint16_t)from,
                                                     query_column(&c->map->queries[from], column)};
        return 0;
    }
    compile_error_at(c, -EINVAL, &at, "same=\"%s\": not a column of both these rows and the enclosing ones",
                     column);
    compile_advise_columns(c, q->kind);
    return compile_fault(c, -EINVAL);
}

/* per="column": what a variant is missing is told for each value of the column. */
static int compile_per(struct compiler *c, const xmlNode *node, struct query *q, const char *column)
{
    struct spot at = spot_attr(node, false, "per");

    if (q->inherit != INHERIT_MISSING)
        return compile_error_at(c, -EINVAL, &at, "per means something only with inherit=\"missing\"");
    if (!compile_is_name(column) || !compile_has_column(c, q->kind, column)) {
        compile_error_at(c, -EINVAL, &at, "per=\"%s\": no such column", column);
        compile_advise_columns(c, q->kind);
        return compile_fault(c, -EINVAL);
    }
    q->per = true;
    q->per_column = query_column(q, column);
    return 0;
}

int compile_query(struct compiler *c, const xmlNode *node, int parent, int *out)
{
    auto_free char *of = attr_get(node, false, "of"), *inherit = attr_get(node, false, "inherit");
    bool any_variant = false;
    auto_free char *where = attr_get(node, false, "where"), *order = attr_get(node, false, "order");
    auto_free char *same = attr_get(node, false, "same"), *per = attr_get(node, false, "per");
    const struct row_kind *kind = row_kind_find(of ? of : "");
    const struct spot where_at = spot_attr(node, false, "where");
    enum query_mode mode = QUERY_ROWS;
    struct query *q;
    int rc, index = (int)c->map->n_queries;

    if (!kind || (parent < 0 && !kind->top)) {
        struct spot at = spot_attr(node, false, "of");

        compile_error_at(
            c, -EINVAL, &at,
            kind ? "rows of '%s' exist only inside others, in 'each'" : "there is no kind of row '%s'", of);
        advise_kinds(c, parent < 0);
        return -EINVAL;
    }
    if (index >= MAX_QUERIES)
        return compile_error(c, -E2BIG, node, "more than %d uses of 'rows' and 'each'", MAX_QUERIES);
    if (parent >= 0) {
        rc = choose_mode(c, node, kind, parent, &mode);
        if (rc < 0)
            return rc;
    } else if (order && kind->space != KEY_NONE) {
        return compile_error_at(
            c, -EINVAL, &(struct spot){node, xmlHasProp((xmlNodePtr)node, BAD_CAST "order"), 0, "order"},
            "rows of '%s' always come in the order of %s", kind->name, kind->key);
    }
    if (where && (rc = compile_where(c, node, kind, &where)) < 0)
        return rc;
    if (order && (rc = compile_order(c, node, kind, &order)) < 0)
        return rc;
    array_grow(c->map->queries, c->map->n_queries, c->map->cap_queries);
    q = &c->map->queries[c->map->n_queries++];
    *out = index;
    *q = query_of(kind, mode);
    q->parent = parent;
    q->section = c->section;
    q->place = place_of_node(node);
    q->where_place = spot_place(&where_at);
    q->owner = (uint16_t)index;
    q->where = steal_pointer(where);
    q->order = steal_pointer(order);
    q->skip = attr_number(node, "skip");
    q->max = attr_number(node, "max");
    q->times = attr_number(node, "times");
    q->distinct = attr_yes(node, false, "distinct", false);
    if (kind->space != KEY_NONE)
        query_column(q, kind->key);
    if (inherit && strcmp(inherit, "any") == 0) {
        if (!kind->links[0] || strcmp(kind->links[0], "variant_id") != 0)
            return compile_error(c, -EINVAL, node,
                                 "inherit=\"any\" means something only for rows of a variant");
        any_variant = true;
    }
    for (size_t i = 0; parent >= 0 && kind->links[i] && !any_variant; i++) {
        int from = find_link(c, parent, kind->links[i]);

        if (from >= 0)
            q->links[q->n_links++] =
                (struct query_link){query_column(q, kind->links[i]), (uint16_t)from,
                                    query_column(&c->map->queries[from], kind->links[i])};
    }
    if (same && (rc = compile_same(c, node, q, parent, same)) < 0)
        return rc;
    if (q->n_links && q->mode == QUERY_STREAM)
        q->mode = QUERY_PER_KEY;
    if (attr_yes(node, false, "nested", false)) {
        if (!kind->parent)
            return compile_error(c, -EINVAL, node, "rows of '%s' are not below one another", kind->name);
        q->mode = QUERY_TREE;
        q->links[q->n_links++] =
            (struct query_link){query_column(q, kind->parent), (uint16_t)index, query_column(q, kind->id)};
    }
    if (inherit && strcmp(inherit, "no") != 0 && !any_variant) {
        if (!q->n_links)
            return compile_error(
                c, -EINVAL, node,
                "inherit means something only for rows of a variant inside 'offer' or 'variant'");
        q->inherit = strcmp(inherit, "all") == 0 ? INHERIT_ALL : INHERIT_MISSING;
    }
    if (per)
        return compile_per(c, node, q, per);
    return 0;
}

static bool has_subquery(const char *sql)
{
    return sql && strcasestr(sql, "select");
}

int compile_finish_queries(struct compiler *c)
{
    if (!c->plain)
        compile_look_up(c);
    compile_share_rows(c->map);
    if (!c->plain) {
        compile_from_children(c);
        compile_split(c);
    }
    for (size_t i = 0; i < c->map->n_queries; i++) {
        struct query *q = &c->map->queries[i];
        bool keyed = q->kind->space != KEY_NONE, elsewhere = has_subquery(q->where);
        auto_buf sql = BUF_INIT;
        source_set sources = 0, same_space = 0;
        int rc;

        if (q->owner != i)
            continue;
        if (q->n_exprs == 0)
            query_column(q, "1");
        buf_add_str(&sql, "SELECT ");
        for (size_t k = 0; k < q->n_exprs; k++) {
            buf_addf(&sql, "%s(%s\n)", k ? ", " : "", q->exprs[k]);
            elsewhere |= has_subquery(q->exprs[k]);
        }
        buf_addf(&sql, " FROM %s AS \"%s\" WHERE site_id = :site", q->view, q->as);
        if (keyed)
            buf_addf(&sql, " AND %s BETWEEN :low AND :high", q->kind->key);
        if (q->mode == QUERY_LOOKUP)
            buf_addf(&sql, " AND %s = :key", q->exprs[q->links[0].column]);
        if (q->where)
            buf_addf(&sql, " AND (%s\n)", q->where);
        if (keyed)
            buf_addf(&sql, " ORDER BY %s", q->kind->key);
        if (q->n_sort == 0 && (q->order || q->kind->order_by))
            buf_addf(&sql, "%s%s", keyed ? ", " : " ORDER BY ", q->order ? q->order : q->kind->order_by);
        q->sql = buf_detach(&sql, NULL);
        rc = change_sources_of(c->db, q->sql, &sources, NULL, c->err);
        if (rc == 0)
            rc = site_uses_add(c->db, q->sql, &c->map->site_uses, c->err);
        if (rc < 0) {
            error_place(c->err, c->map->file, q->place, q->kind->name);
            return rc;
        }
        for (int s = 1; s < CHANGE_SOURCES; s++)
            if (q->kind->space != KEY_NONE && change_source_space((enum change_source)s) == q->kind->space)
                same_space |= SOURCE_BIT(s);
        /* A subquery may read rows of other keys: then any change of what it reads counts for all. */
        if (elsewhere)
            same_space = 0;
        if (i == c->map->files_query && i > 0) {
            c->map->files_sources = sources;
            continue;
        }
        for (size_t s = 0; s < c->map->n_sections; s++) {
            struct section *section = &c->map->sections[s];

            if (i == 0 ? !section->uses_site : q->section != (int)s)
                continue;
            section->info.keyed |= sources & same_space;
            section->info.whole |= sources & ~same_space;
        }
    }
    for (size_t s = 0; s < c->map->n_sections; s++)
        c->map->sections[s].info.keyed &= ~c->map->sections[s].info.whole;
    return 0;
}
