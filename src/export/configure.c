/* Which outlets there are: from the configuration, at the start and whenever it or a mapping document changes. */
#include "export/outlets.h"
#include "mapping/export_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

/* A mapping document as it is now. */
struct document {
    struct document *next;
    char *file;
    bool used;              /* in the configuration that is being made */
    struct export_map *map; /* NULL: it does not compile */
    char *why;              /* then: the error, as text */
    bool news;              /* the error is another than before */
    bool other;             /* some export takes another mapping from it */
    bool in_service;        /* an outlet shows it */
};

/* -- documents ----------------------------------------------------------------------------------------- */

static void document_free(struct document *doc)
{
    export_map_unref(doc->map);
    free(doc->file);
    free(doc->why);
    free(doc);
}

void documents_free(struct document *list)
{
    while (list) {
        struct document *doc = list;
        list = doc->next;
        document_free(doc);
    }
}

/* Compiled once for a configuration. */
static struct document *document_of(struct draft *d, const char *file)
{
    struct document **at = &d->x->documents;
    while (*at && strcmp((*at)->file, file) != 0)
        at = &(*at)->next;
    struct document *doc = *at;
    if (doc && doc->used)
        return doc;
    if (!doc) {
        doc = *at = xcalloc(1, sizeof *doc);
        doc->file = xstrdup(file);
    }
    struct error why = ERROR_INIT;
    auto_buf text = BUF_INIT;
    export_map_unref(doc->map);
    doc->map = NULL;
    doc->used = true;
    doc->other = doc->in_service = false;
    if (export_map_compile(&doc->map, file, d->db, &why) < 0)
        error_format(&why, &text);
    doc->news = strcmp(doc->why ? doc->why : "", buf_str(&text)) != 0;
    free(doc->why);
    doc->why = doc->map ? NULL : xstrdup(buf_str(&text));
    error_release(&why);
    return doc;
}

/* What is to be known of it, once, not for each site. */
static void report(const struct document *doc, const char *path)
{
    if (doc->why && doc->news && doc->in_service)
        log_error("export '%s': %s (the mapping as it was stays in service)", path, doc->why);
    else if (doc->why && doc->news)
        log_error("an export is left out: %s", doc->why);
    else if (doc->in_service && (doc->news || doc->other))
        log_notice("export '%s': its mapping was read anew", path);
}

/* Forgets what is no longer used; counts the broken ones. */
static int tidy_documents(struct exports *x)
{
    int broken = 0;
    for (struct document **at = &x->documents; *at;) {
        struct document *doc = *at;
        if (!doc->used) {
            *at = doc->next;
            document_free(doc);
            continue;
        }
        broken += doc->map == NULL;
        doc->used = false;
        at = &doc->next;
    }
    return broken;
}

/* -- a configuration ----------------------------------------------------------------------------------- */

void site_list_free(struct exports_site *sites, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (const char *const *file = sites[i].mappings; *file; file++)
            free((char *)*file);
        free((void *)sites[i].mappings);
        free((char *)sites[i].name);
    }
    free(sites);
}

static struct exports_site *site_list_copy(const struct exports_site *sites, size_t n)
{
    struct exports_site *copy = xcalloc(n + 1, sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        size_t files = 0;
        while (sites[i].mappings && sites[i].mappings[files])
            files++;
        const char **list = xcalloc(files + 1, sizeof *list);
        for (size_t k = 0; k < files; k++)
            list[k] = xstrdup(sites[i].mappings[k]);
        copy[i] = (struct exports_site){xstrdup(sites[i].name), list};
    }
    return copy;
}

static struct outlet *present(struct exports *x, const char *site, const char *path, const char *file)
{
    for (size_t i = 0; i < x->n_outlets; i++) {
        struct outlet *o = x->outlets[i];
        if (strcmp(o->site, site) == 0 && strcmp(o->file, file) == 0 && strcmp(o->path, path) == 0)
            return o;
    }
    return NULL;
}

static bool taken(const struct draft *d, size_t from, const char *path)
{
    for (size_t i = from; i < d->n; i++)
        if (strcmp(d->outlets[i]->path, path) == 0)
            return true;
    return false;
}

/* The outlet under this path; map as in draft. */
static int add_outlet(struct draft *d, const char *site, size_t from, struct document *doc, const char *path,
                      struct export_map *map, struct error *err)
{
    if (taken(d, from, path)) {
        log_error("an export is left out: '%s' makes '%s' like another mapping before it", doc->file, path);
        return 0;
    }
    struct outlet *o = present(d->x, site, path, doc->file);
    int r = 0;
    if (o) {
        outlet_ref(o);
    } else {
        o = outlet_new(d->x, site, path, doc->file);
        r = outlet_place(d, o, map, doc->map && export_map_many(doc->map), err);
    }
    if (r != 0) {
        outlet_unref(o);
        return r < 0 ? r : 0;
    }
    doc->in_service = true;
    if (d->n == d->cap) {
        d->cap = d->cap ? 2 * d->cap : 64;
        d->outlets = xreallocarray(d->outlets, d->cap, sizeof *d->outlets);
        d->maps = xreallocarray(d->maps, d->cap, sizeof *d->maps);
    }
    d->maps[d->n] = map ? export_map_ref(map) : NULL;
    d->outlets[d->n++] = o;
    return 0;
}

/* The files of a document that is broken: as they were. */
static int add_broken(struct draft *d, const char *site, size_t from, struct document *doc, struct error *err)
{
    struct exports *x = d->x;
    int r = 0;
    bool any = false;
    for (size_t i = 0; i < x->n_outlets && r == 0; i++) {
        struct outlet *o = x->outlets[i];
        if (strcmp(o->site, site) != 0 || strcmp(o->file, doc->file) != 0)
            continue;
        r = add_outlet(d, site, from, doc, o->path, NULL, err);
        any = true;
    }
    if (any || r < 0)
        return r;
    /* From an earlier run. */
    char **paths = NULL;
    size_t n = 0, cap = 0;
    const char *path, *name;
    pthread_mutex_lock(&x->share_lock);
    for (size_t i = 0; members_next(x->members, site, &i, &path, &name);)
        if (index_has(x->index, name, doc->file)) {
            array_grow(paths, n, cap);
            paths[n++] = xstrdup(path);
        }
    pthread_mutex_unlock(&x->share_lock);
    for (size_t i = 0; i < n; i++) {
        if (r == 0)
            r = add_outlet(d, site, from, doc, paths[i], NULL, err);
        free(paths[i]);
    }
    free(paths);
    return r;
}

/* The files of a mapping that makes many, as the rows are in the draft's snapshot. */
static int add_many(struct draft *d, const char *site, size_t from, struct document *doc, struct error *err)
{
    struct export_files files;
    struct error why = ERROR_INIT;
    int r = export_map_files(&files, doc->map, d->db, site, &why);
    d->many = true;
    d->followed |= export_map_files_sources(doc->map);
    if (r == -ENOENT) { /* the site has no row yet */
        error_release(&why);
        return 0;
    }
    if (r < 0) {
        error_move(err, &why);
        return r;
    }
    for (size_t i = 0; i < files.n_problems; i++)
        buf_addf(&d->remarks, "%s\t%s: %s\n", site, doc->file, files.problems[i]);
    for (size_t i = 0; i < files.n && r == 0; i++)
        r = add_outlet(d, site, from, doc, export_map_path(files.maps[i]), files.maps[i], err);
    export_files_release(&files);
    return r;
}

static int add_document(struct draft *d, const char *site, size_t from, const char *file, struct error *err)
{
    struct document *doc = document_of(d, file);
    if (!doc->map)
        return add_broken(d, site, from, doc, err);
    if (export_map_many(doc->map))
        return add_many(d, site, from, doc, err);
    return add_outlet(d, site, from, doc, export_map_path(doc->map), doc->map, err);
}

static const struct document *document_named(const struct exports *x, const char *file)
{
    const struct document *doc = x->documents;
    while (strcmp(doc->file, file) != 0)
        doc = doc->next;
    return doc;
}

/* Each export hears of its document. */
static void give_mappings(struct draft *d)
{
    for (size_t i = 0; i < d->n; i++) {
        struct outlet *o = d->outlets[i];
        struct document *doc = (struct document *)document_named(d->x, o->file);
        doc->other |= export_take_mapping(o->export, d->maps[i] ? export_map_ref(d->maps[i]) : NULL,
                                          d->state.schema, doc->why);
    }
}

static void draft_release(struct draft *d, bool outlets)
{
    for (size_t i = 0; i < d->n; i++) {
        export_map_unref(d->maps[i]);
        if (outlets)
            outlet_unref(d->outlets[i]);
    }
    free(d->maps);
    if (outlets)
        free(d->outlets);
    buf_release(&d->remarks);
    db_close(d->db);
}

static void put_in_service(struct draft *d)
{
    struct exports *x = d->x;
    pthread_mutex_lock(&x->share_lock);
    struct outlet **was = x->outlets;
    size_t n = x->n_outlets;
    x->outlets = d->outlets;
    x->n_outlets = d->n;
    pthread_mutex_unlock(&x->share_lock);
    for (size_t i = 0; i < n; i++)
        outlet_unref(was[i]);
    free(was);
}

static int make(struct draft *d, const struct exports_site *sites, size_t n, struct error *err)
{
    int r = db_begin_read(d->db, err);
    if (r == 0)
        r = change_state(d->db, &d->state, err);
    for (size_t i = 0; i < n && r == 0; i++) {
        size_t from = d->n;
        for (size_t k = 0; sites[i].mappings && sites[i].mappings[k] && r == 0; k++)
            r = add_document(d, sites[i].name, from, sites[i].mappings[k], err);
    }
    return r;
}

/* Whether e was made for a row, by a document that still makes such files for its site. share_lock held. */
static bool for_row(const struct exports *x, const struct export *e)
{
    const struct document *doc = x->documents;
    while (doc && strcmp(doc->file, e->file) != 0)
        doc = doc->next;
    if (!doc || !doc->used || !doc->map || !export_map_many(doc->map))
        return false;
    for (size_t i = 0; i < x->n_sites; i++)
        for (const char *const *file = x->sites[i].mappings; strcmp(x->sites[i].name, e->site) == 0 && *file; file++)
            if (strcmp(*file, e->file) == 0)
                return true;
    return false;
}

static bool shown(const struct exports *x, const struct export *e)
{
    for (size_t i = 0; i < x->n_outlets; i++)
        if (x->outlets[i]->export == e)
            return true;
    return false;
}

/* Files whose rows are gone. What a site or mapping that was taken out had stays as it is, for when it comes back. */
static void note_gone(struct exports *x)
{
    size_t n = 0;
    pthread_mutex_lock(&x->share_lock);
    struct export **gone = xcalloc(x->n + 1, sizeof(struct export *));
    for (size_t i = 0; i < x->n; i++)
        if (for_row(x, x->list[i]) && !shown(x, x->list[i]))
            gone[n++] = x->list[i];
    pthread_mutex_unlock(&x->share_lock);
    for (size_t i = 0; i < n; i++)
        export_unwanted(gone[i]);
    free(gone);
}

/* What follows from the configuration in service: which files there are, and what is said of those there are not. */
static void note_files(struct draft *d)
{
    struct exports *x = d->x;
    pthread_mutex_lock(&x->share_lock);
    char *was = x->remarks;
    bool news = strcmp(was ? was : "", buf_str(&d->remarks)) != 0;
    x->remarks = xstrdup(buf_str(&d->remarks));
    x->followed = d->followed;
    x->files_state = d->state;
    pthread_mutex_unlock(&x->share_lock);
    free(was);
    for (const char *line = buf_str(&d->remarks); news && *line; line += strcspn(line, "\n") + 1)
        log_warning("site '%.*s': %.*s", (int)strcspn(line, "\t"), line,
                    (int)(strcspn(line, "\n") - strcspn(line, "\t") - 1), line + strcspn(line, "\t") + 1);
    atomic_store(&x->many, d->many);
}

/* anew: with the documents read anew, not as they were compiled last. */
static int configure(struct exports *x, const struct exports_site *sites, size_t n, bool anew,
                     struct error *err)
{
    struct draft d = {.x = x};
    int r = store_reader(x->store, &d.db, err);
    if (r == 0)
        db_row_limit(d.db, x->row_limit_ms);
    for (struct document *doc = x->documents; doc; doc = doc->next)
        doc->used = !anew;
    if (r == 0)
        r = make(&d, sites, n, err);
    if (r < 0) {
        draft_release(&d, true);
        tidy_documents(x);
        return r;
    }
    db_end(d.db);
    struct exports_site *copy = site_list_copy(sites, n); /* which may be x->sites */
    site_list_free(x->sites, x->n_sites);
    x->sites = copy;
    x->n_sites = n;
    put_in_service(&d);
    note_files(&d);
    struct error unsaved = ERROR_INIT;
    if (exports_save_members(x, &unsaved) < 0)
        log_error_object(LOG_LEVEL_WARNING, "which files sites share is not on record", &unsaved);
    error_release(&unsaved);
    give_mappings(&d);
    if (d.many)
        note_gone(x);
    draft_release(&d, false);
    for (struct document *doc = x->documents; doc && anew; doc = doc->next) {
        const struct outlet *o = NULL;
        for (size_t i = 0; i < x->n_outlets && !o; i++)
            o = strcmp(x->outlets[i]->file, doc->file) == 0 ? x->outlets[i] : NULL;
        if (doc->used)
            report(doc, o ? o->path : "");
    }
    return tidy_documents(x);
}

int exports_configure(struct exports *x, const struct exports_site *sites, size_t n, struct error *err)
{
    return configure(x, sites, n, true, err);
}

int exports_make_files(struct exports *x, struct error *err)
{
    int r = configure(x, x->sites, x->n_sites, false, err);
    return r < 0 ? r : 0;
}

int exports_reload(struct exports *x)
{
    struct error err = ERROR_INIT;
    int r = exports_configure(x, x->sites, x->n_sites, &err);
    if (r < 0)
        log_error_object(LOG_LEVEL_ERROR, "the mappings cannot be read anew", &err);
    error_release(&err);
    return r;
}
