#include "export/session.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

/* A buffer that grew beyond this for one big piece is not kept. */
#define BUFFER_KEPT ((size_t)2 << 20)

struct sessions {
    struct store *store;
    unsigned keep;
    int64_t row_limit_ms;
    pthread_mutex_t lock; /* guards the list, its members' busy and next, idle */
    struct session *list;
    unsigned idle;
};

struct sessions *sessions_new(struct store *store, unsigned keep, int64_t row_limit_ms)
{
    struct sessions *all = xcalloc(1, sizeof *all);
    all->store = store;
    all->keep = keep;
    all->row_limit_ms = row_limit_ms;
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

static void session_close(struct session *s)
{
    for (size_t i = 0; i < SESSION_RENDERERS; i++)
        if (s->cached[i].renderer)
            renderer_free(s->cached[i].renderer);
    db_close(s->db);
    buf_release(&s->out);
    free(s);
}

void sessions_free(struct sessions *all)
{
    if (!all)
        return;
    while (all->list) {
        struct session *s = all->list;
        all->list = s->next;
        session_close(s);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

static bool knows(const struct session *s, const struct export_map *map)
{
    for (size_t i = 0; i < SESSION_RENDERERS; i++)
        if (s->cached[i].map == map)
            return true;
    return false;
}

int session_take(struct sessions *all, struct session **out, const struct export_map *map, struct error *err)
{
    struct session *best = NULL;
    pthread_mutex_lock(&all->lock);
    for (struct session *s = all->list; s; s = s->next)
        if (!s->busy && (!best || knows(s, map)))
            best = s;
    if (best) {
        best->busy = true;
        all->idle--;
    }
    pthread_mutex_unlock(&all->lock);
    if (!best) {
        struct db *db;
        int r = store_reader(all->store, &db, err);
        if (r < 0)
            return r;
        db_row_limit(db, all->row_limit_ms);
        best = xcalloc(1, sizeof *best);
        best->db = db;
        best->busy = true;
        pthread_mutex_lock(&all->lock);
        best->next = all->list;
        all->list = best;
        pthread_mutex_unlock(&all->lock);
    }
    *out = best;
    return 0;
}

void session_give(struct sessions *all, struct session *s, bool broken)
{
    db_end(s->db);
    if (s->out.cap > BUFFER_KEPT)
        buf_release(&s->out);
    buf_clear(&s->out);
    pthread_mutex_lock(&all->lock);
    bool close = broken || all->idle >= all->keep;
    if (close) {
        struct session **at = &all->list;
        while (*at != s)
            at = &(*at)->next;
        *at = s->next;
    } else {
        s->busy = false;
        all->idle++;
    }
    pthread_mutex_unlock(&all->lock);
    if (close)
        session_close(s);
}

int session_renderer(struct session *s, struct export_map *map, const char *site, struct renderer **out,
                     struct error *err)
{
    size_t oldest = 0;
    s->uses++;
    for (size_t i = 0; i < SESSION_RENDERERS; i++) {
        if (s->cached[i].map == map) {
            s->cached[i].used = s->uses;
            *out = s->cached[i].renderer;
            return renderer_site(*out, site, err);
        }
        if (s->cached[i].used < s->cached[oldest].used)
            oldest = i;
    }
    struct renderer *made;
    int r = renderer_new(&made, map, s->db, site, err);
    if (r < 0)
        return r;
    if (s->cached[oldest].renderer)
        renderer_free(s->cached[oldest].renderer);
    s->cached[oldest].map = map;
    s->cached[oldest].renderer = made;
    s->cached[oldest].used = s->uses;
    *out = made;
    return 0;
}

void sessions_interrupt(struct sessions *all)
{
    pthread_mutex_lock(&all->lock);
    for (struct session *s = all->list; s; s = s->next)
        if (s->busy)
            db_interrupt(s->db);
    pthread_mutex_unlock(&all->lock);
}
