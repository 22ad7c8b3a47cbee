/*
 * Sessions: a reader connection with the renderers prepared on it and a buffer to render into. Opening one
 * and preparing statements costs milliseconds, so they are kept: a few idle ones, a few renderers each.
 *
 * Threads: sessions_* any; a session belongs to who took it.
 */
#ifndef SHOPFS_EXPORT_SESSION_H
#define SHOPFS_EXPORT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "mapping/render.h"
#include "store/store.h"

#define SESSION_RENDERERS 12

struct session {
    struct db *db;
    struct buf out;
    struct {
        struct export_map *map; /* compared by address: the renderer holds a reference */
        struct renderer *renderer;
        uint64_t used;
    } cached[SESSION_RENDERERS];
    uint64_t uses;
    bool busy;            /* under the lock of sessions */
    struct session *next; /* likewise */
};

struct sessions;

/* keep: idle sessions kept at most. row_limit_ms: see db_row_limit. */
struct sessions *sessions_new(struct store *store, unsigned keep, int64_t row_limit_ms);
/* Every session must have been given back. */
void sessions_free(struct sessions *all);

/* An idle session, best one that has rendered map before, or a new one. */
int session_take(struct sessions *all, struct session **out, const struct export_map *map, struct error *err);
/* Ends its transaction and gives it back; broken: it is closed instead. */
void session_give(struct sessions *all, struct session *s, bool broken);

/* The renderer for a mapping, set to a site; owned by the session, which must be inside its transaction. */
int session_renderer(struct session *s, struct export_map *map, const char *site, struct renderer **out,
                     struct error *err);

/* Interrupts whatever runs on any session. */
void sessions_interrupt(struct sessions *all);

#endif
