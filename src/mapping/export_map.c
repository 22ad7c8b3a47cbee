#include "mapping/export_map.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

struct spot spot_attr(const xmlNode *node, bool in_ns, const char *name)
{
    const xmlAttr *attr = in_ns ? xmlHasNsProp((xmlNodePtr)node, BAD_CAST name, BAD_CAST MAPPING_NAMESPACE)
                                : xmlHasNsProp((xmlNodePtr)node, BAD_CAST name, NULL);

    return (struct spot){node, attr, 0, name};
}

struct place spot_place(const struct spot *at)
{
    if (at->attr)
        return place_of_attribute(at->attr, at->offset);
    return at->node->type == XML_ELEMENT_NODE ? place_of_node(at->node) : place_of_text(at->node, at->offset);
}

int compile_place(struct compiler *c, int code, const struct spot *at)
{
    const xmlNode *element = at->node->type == XML_ELEMENT_NODE ? at->node : at->node->parent;

    error_place(c->err, c->map->file, spot_place(at), (const char *)element->name);
    return code;
}

__attribute__((format(printf, 4, 0))) static int told(struct compiler *c, int code, const struct spot *at,
                                                      const char *format, va_list args)
{
    auto_buf message = BUF_INIT;

    buf_vaddf(&message, format, args);
    error_set(c->err, code, "%s", buf_str(&message));
    return compile_place(c, code, at);
}

int compile_error_at(struct compiler *c, int code, const struct spot *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    told(c, code, at, format, args);
    va_end(args);
    return code;
}

int compile_error(struct compiler *c, int code, const xmlNode *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    told(c, code, &(struct spot){.node = node}, format, args);
    va_end(args);
    return code;
}

int compile_fault(struct compiler *c, int code)
{
    if (!c->fault || code != -EINVAL)
        return code;
    /* What is looked at twice is told once. */
    if (c->faults == 0 || c->told.line != c->err->line || c->told.column != c->err->column) {
        c->fault(c->fault_arg, c->err);
        c->faults++;
    }
    c->told = (struct place){c->err->line, c->err->column};
    error_release(c->err);
    return 0;
}

void emit_literal(struct compiler *c, const char *s, size_t len)
{
    struct buf *pool = &c->map->literals;
    struct op *last = c->map->n_ops ? &c->map->ops[c->map->n_ops - 1] : NULL;

    if (len == 0)
        return;
    if (c->mergeable && last->a + last->b == pool->len) {
        buf_add(pool, s, len);
        last->b += (uint32_t)len;
        return;
    }
    array_grow(c->map->ops, c->map->n_ops, c->map->cap_ops);
    c->map->ops[c->map->n_ops++] =
        (struct op){.code = OP_LITERAL, .a = (uint32_t)pool->len, .b = (uint32_t)len};
    buf_add(pool, s, len);
    c->mergeable = true;
}

void emit_text(struct compiler *c, const char *s, size_t len, enum text_context context)
{
    auto_buf text = BUF_INIT;

    text_write(&text, s, len, context);
    emit_literal(c, buf_str(&text), text.len);
}

struct literal literal_add(struct compiler *c, const char *s, size_t len, enum text_context context)
{
    struct buf *pool = &c->map->literals;
    struct literal lit = {(uint32_t)pool->len, 0};

    text_write(pool, s, len, context);
    lit.len = (uint32_t)pool->len - lit.at;
    c->mergeable = false;
    return lit;
}

/* The version's date without a format is written as date and time. */
static uint16_t date_format(struct compiler *c)
{
    struct value_format f = {.kind = FORMAT_DATE, .decimal_sign = c->decimal_sign, .plain = true};

    f.pattern = xstrdup("%Y-%m-%d %H:%M:%S");
    array_grow(c->map->formats, c->map->n_formats, c->map->cap_formats);
    c->map->formats[c->map->n_formats++] = f;
    return (uint16_t)(c->map->n_formats - 1);
}

uint32_t emit(struct compiler *c, const struct spot *at, struct op op)
{
    struct place place = spot_place(at);

    if (op.from == FROM_DATE && (op.code == OP_VALUE || op.code == OP_CELL_VALUE) &&
        c->map->formats[op.format].kind == FORMAT_AUTO)
        op.format = date_format(c);
    op.line = (uint32_t)place.line;
    op.line_column = (uint32_t)place.column;
    array_grow(c->map->ops, c->map->n_ops, c->map->cap_ops);
    c->map->ops[c->map->n_ops++] = op;
    c->mergeable = false;
    return (uint32_t)c->map->n_ops - 1;
}

uint32_t emit_node(struct compiler *c, const xmlNode *node, struct op op)
{
    return emit(c, &(struct spot){.node = node}, op);
}

uint32_t emit_label(struct compiler *c)
{
    c->mergeable = false;
    return (uint32_t)c->map->n_ops;
}

void emit_close(struct compiler *c, uint32_t op)
{
    c->map->ops[op].end = emit_label(c);
}

void section_begin(struct compiler *c, int query)
{
    struct section *s;

    array_grow(c->map->sections, c->map->n_sections, c->map->cap_sections);
    s = &c->map->sections[c->map->n_sections];
    *s = (struct section){.first = emit_label(c), .query = query, .info.wrap = c->wrap};
    c->section = (int)c->map->n_sections++;
}

static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *s = list; *s; s += strcspn(s, " "), s += strspn(s, " "))
        if (strncmp(s, word, len) == 0 && strchr(" ", s[len]))
            return true;
    return false;
}

void section_of_rows(struct compiler *c)
{
    struct section *s = &c->map->sections[c->section];
    const struct row_kind *kind = c->map->queries[c->query].kind;

    s->query = c->query;
    s->info.kind = kind->space == KEY_NONE ? SECTION_WHOLE : SECTION_KEYED;
    s->info.space = kind->space;
    s->info.counts = c->wrap && (!c->wrap_kinds || list_has(c->wrap_kinds, kind->name));
}

void section_end(struct compiler *c)
{
    struct section *s = &c->map->sections[c->section];

    s->end = emit_label(c);
    if (s->first == s->end && s->query < 0)
        c->map->n_sections--;
}

/* What a mapping says besides the database, and how this program writes it. */
static void make_digest(struct export_map *map, const uint8_t *document)
{
    struct sha256 *s = sha256_new();
    int version = RENDERING_VERSION;

    sha256_update(s, document, SHA256_SIZE);
    sha256_update(s, &version, sizeof version);
    sha256_finish_free(s, map->digest);
}

static int compile(struct compiler *c, const xmlNode *root)
{
    struct export_map *map = c->map;
    int rc;

    map->path = attr_get(root, false, "path");
    map->title = attr_get(root, false, "title");
    map->private = attr_yes(root, false, "private", false);
    map->keep_rows = attr_number(root, "keep-rows");
    map->stale_s = attr_number(root, "stale");
    if (!map->title)
        map->title = xstrdup(map->path);
    /* Query 0 is the site's own row. */
    array_grow(map->queries, map->n_queries, map->cap_queries);
    map->queries[map->n_queries++] = (struct query){
        .kind = row_kind_find("site"), .parent = -1, .mode = QUERY_SITE, .section = -1, .filter = -1};
    rc = compile_files(c, root);
    for (const xmlNode *n = root->children; n && rc == 0; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        map->is_csv = strcmp((const char *)n->name, "csv") == 0;
        rc = map->is_csv ? compile_csv(c, n) : compile_xml(c, n);
    }
    if (rc == 0 && c->faults == 0)
        rc = compile_finish_queries(c);
    map->site_uses.own |= map->private; /* its file is the site's group's to read */
    return rc;
}

/* The first mistake ends it, or all are told. */
static int compile_document(struct export_map **out, const char *path, struct db *db, export_fault_fn fault,
                            void *arg, struct error *err)
{
    struct mapping_document document = {0};
    struct error mine = ERROR_INIT;
    struct compiler c = {.db = db,
                         .err = &mine,
                         .query = -1,
                         .section = -1,
                         .decimal_sign = '.',
                         .fault = fault,
                         .fault_arg = arg};
    int rc = mapping_document_load(&document, path, MAPPING_GRAMMAR_EXPORT, err);

    if (rc < 0)
        return rc;
    c.map = xcalloc(1, sizeof *c.map);
    atomic_init(&c.map->references, 1);
    c.map->file = xstrdup(path);
    make_digest(c.map, document.digest);
    rc = compile(&c, xmlDocGetRootElement(document.doc));
    mapping_document_release(&document);
    if (rc < 0 && err)
        error_move(err, &mine);
    error_release(&mine);
    if (rc == 0 && c.faults == 0)
        *out = c.map;
    else
        export_map_unref(c.map);
    return rc < 0 ? rc : (int)c.faults;
}

int export_map_compile(struct export_map **out, const char *path, struct db *db, struct error *err)
{
    return compile_document(out, path, db, NULL, NULL, err);
}

int export_map_compile_all(struct export_map **out, const char *path, struct db *db, export_fault_fn fault,
                           void *arg, struct error *err)
{
    return compile_document(out, path, db, fault, arg, err);
}

struct export_map *export_map_ref(struct export_map *map)
{
    atomic_fetch_add_explicit(&map->references, 1, memory_order_relaxed);
    return map;
}

static void query_release(struct query *q)
{
    for (size_t i = 0; i < q->n_exprs; i++)
        free(q->exprs[i]);
    free(q->exprs);
    free(q->where);
    free(q->order);
    free(q->sql);
}

void export_map_unref(struct export_map *map)
{
    if (!map || atomic_fetch_sub_explicit(&map->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < map->n_params; i++) {
        free(map->params[i].s);
        if (!map->base)
            free(map->params[i].name);
    }
    free(map->params);
    free(map->path);
    if (map->base) {
        export_map_unref(map->base);
        free(map);
        return;
    }
    for (size_t i = 0; i < map->n_site_params; i++)
        free(map->site_params[i].name);
    free(map->site_params);
    for (size_t i = 0; i < map->n_path_parts; i++)
        free(map->path_parts[i].literal);
    free(map->path_parts);
    for (size_t i = 0; i < map->n_queries; i++)
        query_release(&map->queries[i]);
    for (size_t i = 0; i < map->n_formats; i++)
        value_format_release(&map->formats[i]);
    buf_release(&map->literals);
    free(map->queries);
    free(map->formats);
    free(map->sections);
    free(map->ops);
    free(map->encoding);
    free(map->file);
    free(map->title);
    free(map);
}

const char *export_map_path(const struct export_map *map)
{
    return map->path;
}

const char *export_map_title(const struct export_map *map)
{
    return map->title;
}

const char *export_map_file(const struct export_map *map)
{
    return map->file;
}

const uint8_t *export_map_digest(const struct export_map *map)
{
    return map->digest;
}

bool export_map_private(const struct export_map *map)
{
    return map->private;
}

unsigned export_map_keep_rows(const struct export_map *map)
{
    return map->keep_rows;
}

unsigned export_map_stale_s(const struct export_map *map)
{
    return map->stale_s;
}

const struct site_uses *export_map_site_uses(const struct export_map *map)
{
    return &map->site_uses;
}

size_t export_map_sections(const struct export_map *map)
{
    return map->n_sections;
}

const struct section_info *export_map_section(const struct export_map *map, size_t index)
{
    return &map->sections[index].info;
}
