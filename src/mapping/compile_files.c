/* The document element: the file's path, or one file for each row of a kind. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

#define MAX_DEPTH 8

/* orders/ has a few names of its own, and no directories of ours. */
static bool orders_name_taken(const char *name)
{
    static const char *const names[] = {"incoming", "check", "processed", "rejected", "results"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return *name == '\0' || strchr(name, '/') != NULL;
}

const char *file_path_fault(const char *path)
{
    auto_free char *copy = xstrdup(path);
    char *save = NULL;
    size_t n = 0;

    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save), n++) {
        if (!io_name_ok(part) || (part[0] == '.' && n == 0) || n == MAX_DEPTH)
            return "cannot be a file of the tree";
        if (n == 0 && strcmp(part, "images") == 0)
            return "is below 'images', which is taken";
        if (n == 0 && strcmp(part, "orders") == 0 && orders_name_taken(path[6] == '/' ? path + 7 : ""))
            return "is taken in 'orders', which has no directories of mappings";
    }
    if (n == 0 || path[0] == '/' || path[strlen(path) - 1] == '/' || strstr(path, "//"))
        return "cannot be a file of the tree";
    return NULL;
}

static int check_path(struct compiler *c, const xmlNode *root)
{
    struct spot at = spot_attr(root, false, "path");
    const char *fault = file_path_fault(c->map->path);

    if (!fault)
        return 0;
    compile_error_at(c, -EINVAL, &at, "path=\"%s\" %s", c->map->path, fault);
    error_advise(c->err, "write a relative name such as catalog.csv or exports/google.xml");
    return -EINVAL;
}

static int check_kind(struct compiler *c, const xmlNode *root, const char *name)
{
    struct spot at = spot_attr(root, false, "for");
    const struct row_kind *kind = row_kind_find(name);
    auto_buf list = BUF_INIT;

    if (kind && kind->top && kind->space == KEY_NONE)
        return 0;
    for (size_t i = 0; row_kind_at(i); i++)
        if (row_kind_at(i)->top && row_kind_at(i)->space == KEY_NONE)
            buf_addf(&list, "%s%s", list.len ? ", " : "", row_kind_at(i)->name);
    compile_error_at(c, -EINVAL, &at,
                     kind ? "there cannot be a file for each row of '%s'" : "there is no kind of row '%s'",
                     name);
    error_advise(c->err, "kinds of row here: %s", buf_str(&list));
    return -EINVAL;
}

/* The pieces of path="prices/{code}.csv". */
static int compile_path(struct compiler *c, const xmlNode *root)
{
    struct export_map *map = c->map;
    struct spot at = spot_attr(root, false, "path");
    struct text_part *parts = NULL;
    size_t n = 0;
    bool varies = false;
    int rc;

    c->query = (int)map->files_query;
    rc = compile_template(c, &at, map->path, &parts, &n);
    c->query = -1;
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (!parts[i].literal && parts[i].ref.query != map->files_query)
            rc = compile_error_at(c, -EINVAL, &at, "path=\"%s\": in a path stand columns of '%s' only",
                                  map->path, map->queries[map->files_query].kind->name);
        varies |= !parts[i].literal;
        array_grow(map->path_parts, map->n_path_parts, map->cap_path_parts);
        map->path_parts[map->n_path_parts++] =
            (struct path_part){.literal = steal_pointer(parts[i].literal), .column = parts[i].ref.column};
    }
    template_free(parts, n);
    if (rc == 0 && !varies) {
        compile_error_at(c, -EINVAL, &at, "path=\"%s\" is the same for every row of '%s'", map->path,
                         map->queries[map->files_query].kind->name);
        error_advise(c->err, "put something of the row into it, in braces: path=\"prices/{code}.csv\"");
        return -EINVAL;
    }
    return rc;
}

int compile_files(struct compiler *c, const xmlNode *root)
{
    auto_free char *kind = attr_get(root, false, "for"), *where = attr_get(root, false, "where");
    struct export_map *map = c->map;
    struct query *q;
    int rc;

    if (!kind) {
        struct spot at = spot_attr(root, false, "where");

        if (where)
            return compile_error_at(c, -EINVAL, &at,
                                    "'where' without 'for': there are no rows to choose from");
        return check_path(c, root);
    }
    rc = check_kind(c, root, kind);
    if (rc == 0 && where)
        rc = compile_where(c, root, row_kind_find(kind), &where);
    if (rc < 0)
        return rc;
    map->files_query = map->n_queries;
    array_grow(map->queries, map->n_queries, map->cap_queries);
    q = &map->queries[map->n_queries++];
    *q = query_of(row_kind_find(kind), QUERY_ROWS);
    q->owner = (uint16_t)map->files_query;
    q->place = place_of_node(root);
    q->where = steal_pointer(where);
    return compile_path(c, root);
}
