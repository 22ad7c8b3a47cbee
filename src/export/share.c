/*
 * Sites that share an export, and what parts them.
 *
 * Invariants
 * (9)  A version is shown for an outlet only if it is known that, in the state the version is right for, the
 *      outlet's site has the class of the site whose rows were rendered: valid_from <= shown <= valid_to. So a row of
 *      one site, written a moment ago, is never seen through another.
 * (10) Whoever parts takes the version there is along, with its inode and time, and never shows an older time.
 * (11) An export whose site goes away is rendered for another of its sites.
 */
#include "export/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define TRIES 3

/* -- asking -------------------------------------------------------------------------------------------- */

struct ask {
    struct outlet *outlet;
    struct export *export;
    uint64_t who;
    void (*ready)(void *arg, struct version *version, int status);
    void *arg;
    int tries;
};

static struct export *export_of(struct outlet *o)
{
    pthread_mutex_lock(&o->set->share_lock);
    struct export *e = o->export;
    pthread_mutex_unlock(&o->set->share_lock);
    return e;
}

/* Invariant (9). Else *late tells that another look at the sites will help. */
static bool is_theirs(const struct outlet *o, struct export *e, bool *late)
{
    pthread_mutex_lock(&o->set->share_lock);
    uint64_t from = o->valid_from, to = o->valid_to;
    bool first = strcmp(e->site, o->site) == 0;
    pthread_mutex_unlock(&o->set->share_lock);
    pthread_mutex_lock(&e->lock);
    uint64_t shown = e->shown;
    *late = !first && shown > to;
    e->recheck |= *late;
    pthread_mutex_unlock(&e->lock);
    return from <= shown && (first || shown <= to);
}

static void answered(void *arg, struct version *v, int status)
{
    struct ask *a = arg;
    struct export *now = export_of(a->outlet);
    bool late = false;
    if (now != a->export || (v && !is_theirs(a->outlet, now, &late))) {
        version_unref(v);
        v = NULL;
        if ((now != a->export || late) && a->tries++ < TRIES) {
            a->export = now;
            export_current_for(now, a->who, answered, a);
            return;
        }
        status = -EIO;
    }
    a->ready(a->arg, v, status);
    outlet_unref(a->outlet);
    free(a);
}

void outlet_current_for(struct outlet *o, uint64_t who, void (*ready)(void *arg, struct version *version, int status),
                        void *arg)
{
    struct ask *a = xmalloc(sizeof *a);
    *a = (struct ask){outlet_ref(o), export_of(o), who, ready, arg, 0};
    export_current_for(a->export, who, answered, a);
}

bool outlet_private(struct outlet *o)
{
    return export_private(export_of(o));
}

void outlet_status(struct outlet *o, struct export_status *out)
{
    struct export *e = export_of(o);
    struct exports *x = o->set;
    unsigned sites = 0;
    pthread_mutex_lock(&x->share_lock);
    for (size_t i = 0; i < x->n_outlets; i++)
        sites += x->outlets[i]->export == e;
    pthread_mutex_unlock(&x->share_lock);
    export_status(e, out);
    out->sites = sites;
}

/* -- parting ------------------------------------------------------------------------------------------- */

struct share {
    struct outlet **outlets; /* references */
    uint8_t (*class)[SHA256_SIZE];
    size_t n;
};

static void share_release(struct share *s)
{
    for (size_t i = 0; i < s->n; i++)
        outlet_unref(s->outlets[i]);
    free(s->outlets);
    free(s->class);
}

static void collect(struct export *e, struct share *s)
{
    struct exports *x = e->set;
    pthread_mutex_lock(&x->share_lock);
    s->outlets = xcalloc(x->n_outlets + 1, sizeof(struct outlet *));
    for (size_t i = 0; i < x->n_outlets; i++)
        if (x->outlets[i]->export == e)
            s->outlets[s->n++] = outlet_ref(x->outlets[i]);
    pthread_mutex_unlock(&x->share_lock);
}

/* A site without a row is like no other. */
static int class_of(struct export *e, struct db *db, const char *site, uint8_t out[SHA256_SIZE], struct error *err)
{
    int r = site_class(db, site, export_map_site_uses(e->map), out, NULL);
    if (r == -ENOENT) {
        digest_sha256(site, strlen(site), out);
        return 1;
    }
    return r < 0 ? error_set(err, r, "cannot read the row of site '%s': %s", site, strerror(-r)) : 0;
}

static int any_change(void *arg, enum change_source source, int64_t block)
{
    (void)arg, (void)source, (void)block;
    return 1;
}

/* Nothing that tells sites apart changed since the last look. */
static int unchanged(struct export *e, struct db *db, struct error *err)
{
    if (!e->class_known || memcmp(e->class_map, export_map_digest(e->map), SHA256_SIZE) != 0)
        return 0;
    int r = change_follows(db, &e->class_at, err);
    if (r <= 0)
        return r;
    r = change_since(db, e->class_at.sequence, site_uses_sources(export_map_site_uses(e->map)), any_change, NULL, err);
    return r < 0 ? r : r == 0;
}

/* What this refresh will show, if it succeeds, is for these. */
static void note_valid(struct export *e, const struct share *s)
{
    struct exports *x = e->set;
    pthread_mutex_lock(&x->share_lock);
    for (size_t i = 0; i < s->n; i++) {
        struct outlet *o = s->outlets[i];
        if (o->export != e)
            continue;
        if (o->valid_to < e->shown && strcmp(o->site, e->site) != 0) /* what there is was made without a look at it */
            o->valid_from = e->shown + 1;
        o->valid_to = e->shown + 1;
    }
    pthread_mutex_unlock(&x->share_lock);
}

int export_part(struct export **out, struct export *e, const struct outlet *o, struct error *err)
{
    struct export *part;
    int r = export_make(&part, e->set, o->site, o->path, o->file, err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&e->lock);
    struct export_map *map = e->untried_from ? e->untried_from : e->map;
    struct export_map *next = e->untried_from ? e->map : e->next_map;
    part->map = map ? export_map_ref(map) : NULL;
    part->next_map = next ? export_map_ref(next) : NULL;
    part->mapping_error = xstrdup_or_null(e->mapping_error);
    part->private_data = e->private_data;
    if (e->last_mtime > part->last_mtime)
        part->last_mtime = e->last_mtime;
    if (e->current && e->usable) {
        part->current = version_ref(e->current);
        part->usable = true;
        part->state = e->state;
    }
    part->schema = e->schema;
    pthread_mutex_unlock(&e->lock);
    if (part->last_mtime > spool_last_mtime(part->spool))
        r = spool_note_mtime(part->spool, part->last_mtime);
    if (r < 0) {
        export_free(part);
        return error_set(err, r, "cannot write the spool's header: %s", strerror(-r));
    }
    export_note_down(part);
    exports_add(e->set, part);
    *out = part;
    return 0;
}

/* What there is was o's, too, or is not for it. */
static void move(struct outlet *o, struct export *from, struct export *to)
{
    pthread_mutex_lock(&from->set->share_lock);
    if (o->export == from) {
        bool theirs = o->valid_from <= from->shown &&
                      (strcmp(o->site, from->site) == 0 || from->shown <= o->valid_to);
        o->export = to;
        o->valid_from = theirs ? 0 : 1;
        o->valid_to = 0;
    }
    pthread_mutex_unlock(&from->set->share_lock);
}

/* Gives an export of its own to each group of sites whose class is not `stays`. */
static int part(struct export *e, const struct share *s, const uint8_t *stays, struct error *err)
{
    struct exports *x = e->set;
    struct export **parts = xcalloc(s->n + 1, sizeof(struct export *));
    bool any = false;
    int r = 0;
    for (size_t i = 0; i < s->n && r == 0; i++) {
        if (memcmp(s->class[i], stays, SHA256_SIZE) == 0)
            continue;
        for (size_t k = 0; k < i && !parts[i]; k++)
            if (memcmp(s->class[i], s->class[k], SHA256_SIZE) == 0)
                parts[i] = parts[k];
        if (!parts[i])
            r = export_part(&parts[i], e, s->outlets[i], err);
        if (r == 0)
            move(s->outlets[i], e, parts[i]);
        any = true;
    }
    free(parts);
    int saved = any ? exports_save_members(x, r == 0 ? err : NULL) : 0;
    return r < 0 ? r : saved;
}

/* Whose rows are rendered from now on: the site's that was, while it is there and has the file. True when another
 * was taken; its class is then *class. */
static bool settle_site(struct export *e, const struct share *s, bool there, uint8_t *class)
{
    size_t pick = s->n;
    for (size_t i = 0; i < s->n && there; i++)
        if (strcmp(s->outlets[i]->site, e->site) == 0)
            return false;
    const uint8_t *wanted = there ? class : e->class;
    for (size_t i = 0; i < s->n && pick == s->n && (there || e->class_known); i++)
        if (memcmp(s->class[i], wanted, SHA256_SIZE) == 0)
            pick = i;
    bool same = pick < s->n;
    if (!same)
        pick = 0;
    memcpy(class, s->class[pick], SHA256_SIZE);
    bool other = strcmp(e->site, s->outlets[pick]->site) != 0;
    pthread_mutex_lock(&e->set->share_lock);
    free(e->site);
    e->site = xstrdup(s->outlets[pick]->site);
    pthread_mutex_unlock(&e->set->share_lock);
    if (!same)
        e->same_origin = false;
    return other;
}

int export_share(struct export *e, struct db *db, const struct change_state *state, struct error *err)
{
    __attribute__((__cleanup__(share_release))) struct share s = {0};
    uint8_t class[SHA256_SIZE];
    collect(e, &s);
    if (s.n == 0)
        return 0;
    int r = unchanged(e, db, err);
    if (r == 0 && s.n == 1 && strcmp(s.outlets[0]->site, e->site) == 0) {
        e->class_known = false;
        r = 1;
    }
    bool other = false;
    if (r == 0) {
        s.class = xcalloc(s.n, sizeof *s.class);
        r = class_of(e, db, e->site, class, err);
        bool there = r == 0;
        for (size_t i = 0; i < s.n && r >= 0; i++)
            r = class_of(e, db, s.outlets[i]->site, s.class[i], err);
        if (r >= 0) {
            other = settle_site(e, &s, there, class);
            r = part(e, &s, class, err);
        }
        if (r == 0) {
            memcpy(e->class, class, SHA256_SIZE);
            memcpy(e->class_map, export_map_digest(e->map), SHA256_SIZE);
            e->class_known = true;
        }
    }
    if (r < 0)
        return r;
    if (e->class_known)
        e->class_at = *state;
    note_valid(e, &s);
    return other;
}
