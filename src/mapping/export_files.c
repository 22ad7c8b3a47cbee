#include "mapping/export_files.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"
#include "mapping/render_value.h"

#define NAME_BYTES_MAX 200 /* of a part of a path: room for what clients append while they fetch */

bool export_map_many(const struct export_map *map)
{
    return map->files_query > 0 && !map->base;
}

source_set export_map_files_sources(const struct export_map *map)
{
    return map->files_sources;
}

/* -- names */

/* What separates names, and control characters, are no part of one; a dot in front would hide it. */
static void clean(char *name, bool first)
{
    for (char *c = name; *c; c++)
        if (*c == '/' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f ||
            (*c == '.' && c == name && first))
            *c = '_';
}

static bool add_value(struct buf *path, struct stmt *st, int column)
{
    static const struct value_format plain = {.decimal_sign = '.', .plain = true};
    struct value_scratch scratch = {0};
    struct stmt_value cell;
    auto_buf text = BUF_INIT;
    bool string, given;

    stmt_value(st, column, &cell);
    given = cell.type != STMT_NULL &&
            value_write(&text, &cell, &plain, TEXT_PLAIN, &scratch, &string, NULL) == 0 && text.len > 0;
    buf_release(&scratch.a);
    buf_release(&scratch.b);
    if (given) {
        clean(text.data, path->len == 0 || path->data[path->len - 1] == '/');
        buf_add_str(path, buf_str(&text));
    }
    return given;
}

static bool too_long(const char *path)
{
    for (size_t n; *path; path += n + (path[n] == '/')) {
        n = strcspn(path, "/");
        if (n > NAME_BYTES_MAX)
            return true;
    }
    return false;
}

/* NULL, or what is wrong with the row. */
static const char *path_of(const struct export_map *map, struct stmt *st, struct buf *path)
{
    for (size_t i = 0; i < map->n_path_parts; i++) {
        const struct path_part *part = &map->path_parts[i];

        if (part->literal)
            buf_add_str(path, part->literal);
        else if (!add_value(path, st, part->column))
            return "has nothing to put into the file's name";
    }
    if (too_long(buf_str(path)))
        return "would make a file's name longer than 200 bytes";
    return file_path_fault(buf_str(path)) ? "makes a name that cannot be a file's" : NULL;
}

/* -- files */

static void take_params(struct export_map *file, const struct export_map *map, struct stmt *st)
{
    struct sha256 *sum = sha256_new();

    file->params = xcalloc(map->n_params + 1, sizeof *file->params);
    sha256_update(sum, map->digest, SHA256_SIZE);
    for (size_t i = 0; i < map->n_params; i++) {
        struct file_param *p = &file->params[i];
        struct stmt_value cell;

        *p = map->params[i];
        stmt_value(st, p->column, &cell);
        p->type = cell.type;
        if (cell.type == STMT_INT) {
            p->i = cell.i;
        } else if (cell.type == STMT_REAL) {
            p->r = cell.r;
        } else if (cell.type != STMT_NULL) {
            p->s = xstrndup(cell.s, cell.len);
            p->len = cell.len;
        }
        sha256_update(sum, p->name, strlen(p->name) + 1);
        sha256_update(sum, &p->type, sizeof p->type);
        sha256_update(sum, &p->i, sizeof p->i);
        sha256_update(sum, &p->r, sizeof p->r);
        sha256_update(sum, &p->len, sizeof p->len);
        sha256_update(sum, p->s ? p->s : "", p->len);
    }
    sha256_finish_free(sum, file->digest);
}

static void add_file(struct export_files *out, struct export_map *map, const char *path, struct stmt *st)
{
    struct export_map *file = xmalloc(sizeof *file);

    *file = *map;
    atomic_init(&file->references, 1);
    file->base = export_map_ref(map);
    file->path = xstrdup(path);
    take_params(file, map, st);
    array_grow(out->maps, out->n, out->cap);
    out->maps[out->n++] = file;
}

__attribute__((format(printf, 2, 3))) static void problem(struct export_files *out, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    array_grow(out->problems, out->n_problems, out->cap_problems);
    out->problems[out->n_problems++] = buf_detach(&text, NULL);
}

static bool has_path(const struct export_files *out, const char *path)
{
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->maps[i]->path, path) == 0)
            return true;
    return false;
}

static void take_row(struct export_files *out, struct export_map *map, struct stmt *st, uint64_t row)
{
    const char *kind = map->queries[map->files_query].kind->name, *fault;
    auto_buf path = BUF_INIT;

    fault = path_of(map, st, &path);
    if (fault)
        problem(out, "row %llu of '%s' %s, and has none", (unsigned long long)row, kind, fault);
    else if (has_path(out, buf_str(&path)))
        problem(out, "row %llu of '%s' makes '%s' like a row before it, and has no file",
                (unsigned long long)row, kind, buf_str(&path));
    else
        add_file(out, map, buf_str(&path), st);
}

void param_bind(struct stmt *st, const char *name, const struct stmt_value *value)
{
    if (value->type == STMT_INT)
        stmt_bind_int(st, name, value->i);
    else if (value->type == STMT_REAL)
        stmt_bind_real(st, name, value->r);
    else if (value->type != STMT_NULL)
        stmt_bind_text_len(st, name, value->s, value->len);
}

void file_params_bind(const struct export_map *map, struct stmt *st)
{
    for (size_t i = 0; i < map->n_params; i++) {
        const struct file_param *p = &map->params[i];
        struct stmt_value value = {.type = p->type};

        if (!stmt_has_parameter(st, p->name))
            continue;
        if (p->type == STMT_INT) {
            value.i = p->i;
        } else if (p->type == STMT_REAL) {
            value.r = p->r;
        } else {
            value.s = p->s;
            value.len = p->len;
        }
        param_bind(st, p->name, &value);
    }
}

static int site_id(struct db *db, const char *site, int64_t *out, struct error *err)
{
    struct stmt *st;
    int rc = db_cached(db, &st, "SELECT id FROM site WHERE name = :name", err);

    if (rc < 0)
        return rc;
    stmt_bind_text(st, "name", site);
    rc = stmt_step(st, err);
    *out = rc == 1 ? stmt_int(st, 0) : 0;
    stmt_reset(st);
    return rc == 0 ? error_set(err, -ENOENT, "there is no site '%s' in the database", site) : rc < 0 ? rc : 0;
}

int export_map_files(struct export_files *out, struct export_map *map, struct db *db, const char *site,
                     struct error *err)
{
    struct stmt *st = NULL;
    uint64_t rows = 0;
    int64_t id;
    int rc;

    *out = (struct export_files){0};
    if (!export_map_many(map)) {
        array_grow(out->maps, out->n, out->cap);
        out->maps[out->n++] = export_map_ref(map);
        return 0;
    }
    rc = site_id(db, site, &id, err);
    if (rc == 0)
        rc = db_prepare(db, &st, map->queries[map->files_query].sql, err);
    if (rc == 0)
        stmt_bind_int(st, "site", id);
    while (rc == 0 && (rc = stmt_step(st, err)) == 1) {
        rc = 0;
        rows++;
        if (out->n < EXPORT_FILES_MAX)
            take_row(out, map, st, rows);
    }
    stmt_free(st);
    if (rc < 0) {
        export_files_release(out);
        return rc;
    }
    if (out->n == EXPORT_FILES_MAX && rows > EXPORT_FILES_MAX)
        problem(out, "there are %llu rows, and a mapping makes at most %d files", (unsigned long long)rows,
                EXPORT_FILES_MAX);
    return 0;
}

/* What the row gave to the path, its literal pieces taken off both ends. */
static bool gave(const struct export_map *file, const char *name)
{
    size_t before = 0, after = 0, len = strlen(file->path), n = file->n_path_parts;

    if (file->base && file->path_parts[0].literal)
        before = strlen(file->path_parts[0].literal);
    if (file->base && n > 1 && file->path_parts[n - 1].literal)
        after = strlen(file->path_parts[n - 1].literal);
    return before + after + strlen(name) == len && strncmp(file->path + before, name, strlen(name)) == 0;
}

struct export_map *export_files_find(const struct export_files *files, const char *name)
{
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->maps[i]->path, name) == 0)
            return export_map_ref(files->maps[i]);
    for (size_t i = 0; i < files->n; i++)
        if (gave(files->maps[i], name))
            return export_map_ref(files->maps[i]);
    return NULL;
}

void export_files_release(struct export_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        export_map_unref(files->maps[i]);
    for (size_t i = 0; i < files->n_problems; i++)
        free(files->problems[i]);
    free(files->maps);
    free(files->problems);
    *files = (struct export_files){0};
}
