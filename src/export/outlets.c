/*
 * The sites of the set and their outlets: made at the start, and again when the configuration or a mapping document
 * changes.
 *
 * Which export serves an outlet that is new here:
 *
 *   on record (members.h), export not loaded yet   it is loaded: the site goes on with what it had
 *   on record, export loaded for another site      joined while their files are the same, else the site parts
 *   not on record                                  an export of the same mapping for sites of the same class; else a
 *                                                  new one
 *
 * A site that has an export of its own never joins another's later: what the two sites' clients saw, and under
 * which times, is not the same.
 */
#include "export/outlets.h"
#include "mapping/export_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

/* -- outlets ------------------------------------------------------------------------------------------- */

struct outlet *outlet_ref(struct outlet *o)
{
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void outlet_unref(struct outlet *o)
{
    if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(o->site);
    free(o->path);
    free(o->file);
    free(o);
}

void outlets_free(struct outlet **list)
{
    for (size_t i = 0; list && list[i]; i++)
        outlet_unref(list[i]);
    free(list);
}

struct outlet *outlet_new(struct exports *x, const char *site, const char *path, const char *file)
{
    struct outlet *o = xcalloc(1, sizeof *o);
    o->refs = 1;
    o->set = x;
    o->site = xstrdup(site);
    o->path = xstrdup(path);
    o->file = xstrdup(file);
    return o;
}

const char *outlet_path(const struct outlet *o)
{
    return o->path;
}

struct outlet **exports_outlets(struct exports *x, const char *site)
{
    struct outlet **list = NULL;
    size_t n = 0;
    pthread_mutex_lock(&x->share_lock);
    list = xcalloc(x->n_outlets + 1, sizeof *list);
    for (size_t i = 0; i < x->n_outlets; i++)
        if (strcmp(x->outlets[i]->site, site) == 0)
            list[n++] = outlet_ref(x->outlets[i]);
    pthread_mutex_unlock(&x->share_lock);
    return list;
}

/* -- exports ------------------------------------------------------------------------------------------- */

static struct export *find_named(struct exports *x, const char *name)
{
    struct export *e = NULL;
    pthread_mutex_lock(&x->share_lock);
    for (size_t i = 0; i < x->n && !e; i++)
        if (strcmp(x->list[i]->name, name) == 0)
            e = x->list[i];
    pthread_mutex_unlock(&x->share_lock);
    return e;
}

void exports_add(struct exports *x, struct export *e)
{
    pthread_mutex_lock(&x->share_lock);
    x->list = xreallocarray(x->list, x->n + 1, sizeof *x->list);
    x->list[x->n++] = e;
    pthread_mutex_unlock(&x->share_lock);
}

/* Opens the spool and what the index has of it. */
static int take_over(struct export *e, struct error *err)
{
    struct exports *x = e->set;
    auto_free char *file = spool_file_name(e->name, ".data");
    struct index_entry entry = {0};
    bool cut;
    int r = spool_open(&e->spool, x->dir, file, err);
    if (r == 0)
        r = index_register(x->index, e->name, e->file, &e->index_id, err);
    if (r == 0)
        r = index_load(x->index, e->index_id, e->spool, &entry, &cut, err);
    if (r < 0)
        return r;
    e->last_mtime = entry.mtime > spool_last_mtime(e->spool) ? entry.mtime : spool_last_mtime(e->spool);
    if (entry.version) {
        e->current = version_ref(entry.version);
        e->indexed = version_ref(entry.version);
        e->current->ino = exports_ino(x);
        e->verify = cut || !spool_dir_trusted(x->dir);
        e->usable = !e->verify;
        e->state = entry.head.state;
        e->same_origin = e->map && entry.head.origin == x->origin &&
                         memcmp(entry.head.digest, export_map_digest(e->map), SHA256_SIZE) == 0;
        e->settled = e->same_origin && e->usable;
        if (!e->map)
            e->private_data = entry.head.private_data;
    }
    index_entry_release(&entry);
    return 0;
}

/* An export as the spool has it, and in the list. map may be NULL. */
static int load(struct export **out, struct draft *d, const char *name, const struct outlet *o,
                struct export_map *map, struct error *err)
{
    struct exports *x = d->x;
    struct export *e = export_new(x, name, o->site, o->path, o->file);
    e->schema = d->state.schema;
    e->map = map ? export_map_ref(map) : NULL;
    e->private_data = map ? export_map_private(map) : false;
    int r = take_over(e, err);
    if (r == 0 && e->verify && !map) {
        struct builder b = {.stop = &x->stop};
        r = export_verify(e, &b, err);
    }
    if (r < 0) {
        export_free(e);
        return r;
    }
    export_note_down(e);
    exports_add(x, e);
    *out = e;
    return 0;
}

/* Some export has this name, or had it when the record was written. */
static bool is_named(struct exports *x, const char *name)
{
    pthread_mutex_lock(&x->share_lock);
    bool is = members_has_name(x->members, name);
    pthread_mutex_unlock(&x->share_lock);
    return is || find_named(x, name);
}

/* "SITE/PATH", or with "~2" where another export, of sites that stayed together, has that name. */
static char *free_name(struct exports *x, const char *site, const char *path)
{
    char *own = members_own_name(site, path), *name = xstrdup(own);
    for (unsigned i = 2; is_named(x, name); i++) {
        free(name);
        name = xasprintf("%s~%u", own, i);
    }
    free(own);
    return name;
}

int export_make(struct export **out, struct exports *x, const char *site, const char *path, const char *file,
                struct error *err)
{
    auto_free char *name = free_name(x, site, path);
    struct export *e = export_new(x, name, site, path, file);
    struct index_entry entry = {0};
    bool cut;
    auto_free char *data = spool_file_name(name, ".data");
    int r = spool_open(&e->spool, x->dir, data, err);
    if (r == 0)
        r = index_register(x->index, name, file, &e->index_id, err);
    if (r == 0)
        r = index_load(x->index, e->index_id, e->spool, &entry, &cut, err);
    if (r < 0) {
        export_free(e);
        return r;
    }
    e->last_mtime = entry.mtime > spool_last_mtime(e->spool) ? entry.mtime : spool_last_mtime(e->spool);
    e->indexed = entry.version ? version_ref(entry.version) : NULL; /* of an earlier life of the name */
    index_entry_release(&entry);
    *out = e;
    return 0;
}

int exports_save_members(struct exports *x, struct error *err)
{
    pthread_mutex_lock(&x->members_lock);
    pthread_mutex_lock(&x->share_lock);
    for (size_t i = 0; i < x->n_outlets; i++)
        members_set(x->members, x->outlets[i]->site, x->outlets[i]->path, x->outlets[i]->export->name);
    auto_buf text = BUF_INIT;
    bool news = members_write(x->members, &text);
    pthread_mutex_unlock(&x->share_lock);
    int r = news ? members_save(spool_dir_fd(x->dir), &text) : 0;
    pthread_mutex_unlock(&x->members_lock);
    return r < 0 ? error_set(err, r, "cannot write 'spool/members': %s", strerror(-r)) : 0;
}

/* -- which export serves whom -------------------------------------------------------------------------- */

static bool same_class(struct draft *d, const struct export_map *map, const char *site,
                       const uint8_t class[SHA256_SIZE])
{
    uint8_t theirs[SHA256_SIZE];
    return site_class(d->db, site, export_map_site_uses(map), theirs, NULL) == 0 &&
           memcmp(theirs, class, SHA256_SIZE) == 0;
}

/* Whose rows e renders; malloced. */
static char *site_of(struct export *e)
{
    pthread_mutex_lock(&e->set->share_lock);
    char *site = xstrdup(e->site);
    pthread_mutex_unlock(&e->set->share_lock);
    return site;
}

static bool is_map(const struct export_map *map, const struct export_map *other)
{
    return memcmp(export_map_digest(map), export_map_digest(other), SHA256_SIZE) == 0;
}

/* What e shows, if anything, was made by this mapping, so that the classes of sites tell whose it is. Lock held. */
static bool made_by(struct draft *d, const struct export *e, const struct export_map *map)
{
    return e->map && !e->next_map && !e->unwanted && e->schema == d->state.schema && (!e->current || e->same_origin) &&
           is_map(e->map, map);
}

static struct export *find_joinable(struct draft *d, const struct outlet *o, const struct export_map *map,
                                    const uint8_t class[SHA256_SIZE])
{
    size_t n = exports_count(d->x);
    for (size_t i = 0; i < n; i++) {
        struct export *e = exports_at(d->x, i);
        if (strcmp(e->path, o->path) != 0 || strcmp(e->file, o->file) != 0)
            continue;
        pthread_mutex_lock(&e->lock);
        bool made = made_by(d, e, map);
        pthread_mutex_unlock(&e->lock);
        auto_free char *site = site_of(e);
        if (made && same_class(d, map, site, class))
            return e;
    }
    return NULL;
}

/* o joins e: what e shows from now on is o's too, and what it shows already where that is of this very state. */
static void join(struct draft *d, struct export *e, struct outlet *o)
{
    pthread_mutex_lock(&e->lock);
    bool now = e->doing == EXPORT_IDLE && e->settled && change_same(&e->state, &d->state);
    bool running = e->doing == EXPORT_RUNNING;
    o->valid_to = e->shown;
    o->valid_from = now ? e->shown : running ? e->shown + 2 : e->shown + 1;
    pthread_mutex_unlock(&e->lock);
}

/* Goes on with what it had, in an export that another site has, too. */
static bool stays_with(struct draft *d, struct export *e, const struct outlet *o,
                       const struct export_map *map, bool many, const uint8_t *class)
{
    if (strcmp(e->file, o->file) != 0 || strcmp(e->path, o->path) != 0)
        return false;
    if (!map) /* nothing new can be made of it for anyone */
        return true;
    auto_free char *site = site_of(e);
    if (strcmp(site, o->site) == 0)
        return true;
    pthread_mutex_lock(&e->lock);
    bool same = (e->next_map || e->map) && is_map(e->next_map ? e->next_map : e->map, map);
    pthread_mutex_unlock(&e->lock);
    return same && !many && class && same_class(d, map, site, class);
}

int outlet_place(struct draft *d, struct outlet *o, struct export_map *map, bool many, struct error *err)
{
    struct exports *x = d->x;
    uint8_t class[SHA256_SIZE];
    int r = map ? site_class(d->db, o->site, export_map_site_uses(map), class, NULL) : -ENOENT;
    bool known = r == 0;
    if (r < 0 && r != -ENOENT)
        return error_set(err, r, "cannot read the row of site '%s'", o->site);
    bool alone = !known || many || export_map_site_uses(map)->own;
    pthread_mutex_lock(&x->share_lock);
    auto_free char *name = xstrdup_or_null(members_find(x->members, o->site, o->path));
    pthread_mutex_unlock(&x->share_lock);
    struct export *e = name ? find_named(x, name) : NULL;
    r = 0;
    if (name && !e) {
        r = load(&e, d, name, o, map, err);
    } else if (e && !stays_with(d, e, o, map, many, known ? class : NULL)) {
        auto_free char *site = site_of(e);
        o->valid_from = x->started && strcmp(site, o->site) != 0;
        r = export_part(&e, e, o, err);
    } else if (e) {
        auto_free char *site = site_of(e);
        r = export_wanted(e, err);
        if (x->started && strcmp(site, o->site) != 0) /* nobody asked about this site meanwhile */
            join(d, e, o);
    } else if (!map) {
        r = 1;
    } else if (!alone && (e = find_joinable(d, o, map, class))) {
        join(d, e, o);
    } else {
        auto_free char *own = free_name(x, o->site, o->path);
        r = load(&e, d, own, o, map, err);
    }
    o->export = e;
    return r;
}
