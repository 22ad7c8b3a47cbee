/* SQL expressions of an export mapping: each is checked alone, so that a mistake has its own place. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

#define MAX_COLUMNS 500
#define FOR "for."

/* -- columns of a kind */

static struct stmt *all_columns(struct compiler *c, const struct row_kind *kind)
{
    auto_buf sql = BUF_INIT;
    struct stmt *st = NULL;

    buf_addf(&sql, "SELECT * FROM %s", kind->view);
    return db_prepare(c->db, &st, buf_str(&sql), NULL) < 0 ? NULL : st;
}

void compile_advise_columns(struct compiler *c, const struct row_kind *kind)
{
    auto_buf list = BUF_INIT;
    struct stmt *st = all_columns(c, kind);

    for (int i = 0; st && i < stmt_columns(st); i++)
        if (strcmp(stmt_column_name(st, i), "site_id") != 0)
            buf_addf(&list, "%s%s", list.len ? ", " : "", stmt_column_name(st, i));
    stmt_free(st);
    error_advise(c->err, "rows of '%s' have the columns: %s", kind->name, buf_str(&list));
}

bool compile_has_column(struct compiler *c, const struct row_kind *kind, const char *column)
{
    struct stmt *st = all_columns(c, kind);
    bool found = false;

    for (int i = 0; st && i < stmt_columns(st) && !found; i++)
        found = strcmp(stmt_column_name(st, i), column) == 0;
    stmt_free(st);
    return found;
}

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool compile_is_name(const char *s)
{
    if (!*s)
        return false;
    while (name_char(*s))
        s++;
    return *s == '\0';
}

/* -- for.COLUMN: the row that a file is for */

static int use_param(struct compiler *c, const struct spot *at, const char *column)
{
    struct export_map *map = c->map;
    const struct row_kind *kind = map->files_query > 0 ? map->queries[map->files_query].kind : NULL;

    if (!kind) {
        compile_error_at(c, -EINVAL, at, FOR "%s: this mapping makes one file, which is for no row", column);
        error_advise(c->err, "for=\"price_list\" on the document element makes a file for each of them");
        return -EINVAL;
    }
    if (!compile_has_column(c, kind, column)) {
        compile_error_at(c, -EINVAL, at, FOR "%s: no such column", column);
        compile_advise_columns(c, kind);
        return -EINVAL;
    }
    for (size_t i = 0; i < map->n_params; i++)
        if (strcmp(map->params[i].name + strlen("for"), column) == 0)
            return 0;
    array_grow(map->params, map->n_params, map->cap_params);
    map->params[map->n_params++] = (struct file_param){
        .name = xasprintf("for%s", column),
        .column = query_column(&map->queries[map->files_query], column),
    };
    return 0;
}

/* site.COLUMN inside an expression over rows of another kind. */
static int use_site(struct compiler *c, const struct spot *at, const char *column)
{
    struct export_map *map = c->map;

    if (c->section < 0)
        return compile_error_at(c, -EINVAL, at, "site.%s cannot stand here", column);
    if (!compile_has_column(c, map->queries[0].kind, column)) {
        compile_error_at(c, -EINVAL, at, "site.%s: no such column", column);
        compile_advise_columns(c, map->queries[0].kind);
        return -EINVAL;
    }
    map->sections[c->section].uses_site = true;
    for (size_t i = 0; i < map->n_site_params; i++)
        if (strcmp(map->site_params[i].name + strlen("site"), column) == 0)
            return 0;
    array_grow(map->site_params, map->n_site_params, map->cap_site_params);
    map->site_params[map->n_site_params++] =
        (struct site_param){xasprintf("site%s", column), query_column(&map->queries[0], column)};
    return 0;
}

/* The end of a quoted piece at s. */
static const char *quoted_end(const char *s)
{
    char quote = *s == '[' ? ']' : *s;
    const char *end = strchr(s + 1, quote);

    return end ? end + 1 : s + strlen(s);
}

/* "NAME." at s, followed by a column: the length of the column's name; 0: not. */
static size_t column_after(const char *s, const char *name)
{
    size_t n = strlen(name), len = 0;

    if (strncasecmp(s, name, n) != 0 || s[n] != '.')
        return 0;
    while (name_char(s[n + 1 + len]))
        len++;
    return len;
}

/* A word of an expression at s, which becomes a parameter where it is for.COLUMN or site.COLUMN. *n: its length. */
static int give_word(struct compiler *c, const struct spot *here, const struct row_kind *kind, char *s,
                     size_t *n)
{
    size_t of_file = column_after(s, "for"), of_site = column_after(s, "site");
    bool is_site = of_site && strcmp(kind->name, "site") != 0;
    auto_free char *column = NULL;
    int rc;

    for (*n = 1; name_char(s[*n]);)
        ++*n;
    if (!of_file && !is_site)
        return 0;
    column = xstrndup(s + *n + 1, of_file ? of_file : of_site);
    rc = of_file ? use_param(c, here, column) : use_site(c, here, column);
    /* As long as before, so that places stay where they are. */
    memmove(s + 1, s, *n);
    *s = ':';
    *n += 1 + strlen(column);
    return rc;
}

/* What the engine is given for an expression over rows of kind. Parameters of the author's own would be NULL for
 * ever. */
static int give_params(struct compiler *c, const struct spot *at, const struct row_kind *kind,
                       const char *sql, char **out)
{
    char *copy = xstrdup(sql), before = ' ';
    int rc = 0;

    for (char *s = copy; *s && rc == 0;) {
        struct spot here = *at;
        size_t n = 1;

        here.offset += (size_t)(s - copy);
        if (strchr("'\"`[", *s)) {
            n = (size_t)(quoted_end(s) - s);
        } else if (name_char(*s) && before == '.') {
            while (name_char(s[n]))
                n++;
        } else if (name_char(*s)) {
            rc = give_word(c, &here, kind, s, &n);
        } else if (*s == '?' || (strchr(":@$", *s) && name_char(s[1]))) {
            rc = compile_error_at(c, -EINVAL, &here, "parameters do not belong in an expression");
        }
        s += n;
        before = s[-1];
    }
    if (rc < 0)
        free(copy);
    else
        *out = copy;
    return rc;
}

/* -- checking */

/* The engine's message without the statement that we made around the expression. */
static const char *plain_cause(struct error *cause)
{
    char *in = cause->message ? strstr(cause->message, " in '") : NULL;

    if (in)
        *in = '\0';
    return cause->message ? cause->message : "not SQL";
}

/* Tells the engine's complaint about sql, which stands `prefix` bytes into the statement that was tried. */
static int tell_cause(struct compiler *c, int rc, const struct spot *at, const struct row_kind *kind,
                      const char *sql, size_t prefix, struct error *cause)
{
    struct spot here = *at;
    int offset = db_error_offset(c->db);

    if (offset > (int)prefix && (size_t)offset - prefix <= strlen(sql))
        here.offset += (size_t)offset - prefix;
    compile_error_at(c, rc, &here, "%s=\"%s\": %s", at->label, sql, plain_cause(cause));
    if (cause->advice)
        error_advise(c->err, "%s", cause->advice);
    else
        compile_advise_columns(c, kind);
    return rc;
}

/* In a WHERE clause, so that an aggregate is refused too. sql is as the author wrote it, *out what the engine is
 * given. */
static int check_sql(struct compiler *c, const struct spot *at, const struct row_kind *kind, const char *sql,
                     char **out)
{
    auto_buf text = BUF_INIT;
    auto_free char *given = NULL;
    struct error cause = ERROR_INIT;
    struct stmt *st = NULL;
    source_set sources;
    bool deterministic = true;
    size_t prefix;
    int rc;

    if (sql[strspn(sql, " \t\r\n")] == '\0')
        return compile_error_at(c, -EINVAL, at, "the attribute '%s' is empty", at->label);
    rc = give_params(c, at, kind, sql, &given);
    if (rc < 0)
        return rc;
    buf_addf(&text, "SELECT 1 FROM %s AS \"%s\" WHERE (", kind->view, kind->name);
    prefix = text.len;
    buf_addf(&text, "%s\n) IS NULL", given);
    rc = db_prepare(c->db, &st, buf_str(&text), &cause);
    stmt_free(st);
    if (rc == 0)
        rc = change_sources_of(c->db, buf_str(&text), &sources, &deterministic, &cause);
    if (rc == 0 && !deterministic) {
        rc = error_set(
            &cause, -EINVAL,
            "it depends on the time of day or on chance, so the file would never be the same twice");
        error_advise(&cause, "outside rows use version.date");
        prefix = text.len;
    }
    if (rc < 0)
        tell_cause(c, rc, at, kind, sql, prefix, &cause);
    else
        *out = steal_pointer(given);
    error_release(&cause);
    return rc;
}

int compile_where(struct compiler *c, const xmlNode *node, const struct row_kind *kind, char **where)
{
    struct spot at = spot_attr(node, false, "where");
    char *given = NULL;
    int rc = compile_fault(c, check_sql(c, &at, kind, *where, &given));

    free(*where);
    *where = given;
    return rc;
}

int compile_order(struct compiler *c, const xmlNode *node, const struct row_kind *kind, char **order)
{
    struct spot at = spot_attr(node, false, "order");
    struct error cause = ERROR_INIT;
    struct stmt *st = NULL;
    char *given = NULL;
    int rc = give_params(c, &at, kind, *order, &given);

    if (rc == 0) {
        auto_buf text = BUF_INIT;
        size_t prefix;

        buf_addf(&text, "SELECT 1 FROM %s AS \"%s\" ORDER BY ", kind->view, kind->name);
        prefix = text.len;
        buf_addf(&text, "%s\n", given);
        rc = db_prepare(c->db, &st, buf_str(&text), &cause);
        stmt_free(st);
        if (rc < 0) {
            tell_cause(c, rc, &at, kind, *order, prefix, &cause);
            free(given);
            given = NULL;
        }
        error_release(&cause);
    }
    rc = compile_fault(c, rc);
    free(*order);
    *order = given;
    return rc;
}

/* -- values */

uint16_t query_column(struct query *q, const char *sql)
{
    for (size_t i = 0; i < q->n_exprs; i++)
        if (strcmp(q->exprs[i], sql) == 0)
            return (uint16_t)i;
    array_grow(q->exprs, q->n_exprs, q->cap_exprs);
    q->exprs[q->n_exprs++] = xstrdup(sql);
    return (uint16_t)(q->n_exprs - 1);
}

/* The query that sql is about, its rest without "parent." and "site.". */
static int find_query(struct compiler *c, const struct spot *at, const char *sql, const char **rest, int *out)
{
    int query = c->query;

    *rest = sql;
    if (strncmp(sql, "parent.", 7) == 0) {
        for (; strncmp(*rest, "parent.", 7) == 0 && query >= 0; *rest += 7)
            query = c->map->queries[query].parent;
        if (query < 0)
            return compile_error_at(c, -EINVAL, at, "%s=\"%s\": there is no enclosing row", at->label, sql);
        if (!compile_is_name(*rest)) {
            compile_error_at(c, -EINVAL, at, "%s=\"%s\": not a column of the enclosing row", at->label, sql);
            error_advise(c->err, "parent. takes one column name, no expression");
            return -EINVAL;
        }
    } else if (query < 0) {
        query = 0;
    } else if (strncmp(sql, "site.", 5) == 0 && compile_is_name(sql + 5) &&
               strcmp(c->map->queries[query].kind->name, "site") != 0) {
        query = 0;
        *rest = sql + 5;
    }
    *out = query;
    return 0;
}

static int value_of(struct compiler *c, const struct spot *where, const char *text, struct value_ref *out)
{
    struct spot at = *where;
    auto_free char *sql = xstrdup(text + strspn(text, " \t\r\n")), *given = NULL;
    const char *rest;
    int query = 0, rc;

    at.offset += strspn(text, " \t\r\n");
    for (size_t n = strlen(sql); n && strchr(" \t\r\n", sql[n - 1]);)
        sql[--n] = '\0';
    if (strcmp(sql, "version.date") == 0) {
        if (c->query >= 0)
            return compile_error_at(c, -EINVAL, &at, "version.date can stand only outside 'rows'");
        c->map->sections[c->section].info.dated = true;
        *out = (struct value_ref){FROM_DATE, 0, 0};
        return 0;
    }
    rc = find_query(c, &at, sql, &rest, &query);
    at.offset += rc == 0 ? (size_t)(rest - sql) : 0;
    if (rc == 0)
        rc = check_sql(c, &at, c->map->queries[query].kind, rest, &given);
    if (rc < 0)
        return rc;
    if (c->map->queries[query].n_exprs >= MAX_COLUMNS)
        return compile_error_at(c, -E2BIG, &at, "more than %d values of one row", MAX_COLUMNS);
    if (query == 0)
        c->map->sections[c->section].uses_site = true;
    *out = (struct value_ref){FROM_ROW, (uint16_t)query, query_column(&c->map->queries[query], given)};
    return 0;
}

int compile_sql(struct compiler *c, const struct spot *at, const char *sql, struct value_ref *out)
{
    int rc = value_of(c, at, sql, out);

    if (rc == 0)
        return 0;
    rc = compile_fault(c, rc);
    if (rc == 0) /* nothing of it is ever run */
        *out = (struct value_ref){FROM_ROW, 0, query_column(&c->map->queries[0], "NULL")};
    return rc;
}
