/*
 * Building: the slots of a plan rendered to the spool, alone or with helpers that all read the same committed
 * state.
 *
 * A builder belongs to one refreshing thread.
 */
#ifndef SHOPFS_EXPORT_BUILD_H
#define SHOPFS_EXPORT_BUILD_H

#include <stdatomic.h>

#include "export/plan.h"
#include "export/pool.h"
#include "export/session.h"

#define BUILD_HELPERS_MAX 64
#define BUILD_ALONE 6 /* slots that one thread renders sooner than helpers are gathered */

struct builder {
    struct sessions *sessions;
    struct pool *pool;
    struct export_map *map;
    const char *site; /* whose rows */
    struct spool *spool;
    unsigned helpers_wanted;
    const atomic_bool *stop;
    struct session *own; /* in its read transaction */
    struct session *helpers[BUILD_HELPERS_MAX];
    size_t n_helpers;
    bool broken;           /* something failed: connections are not kept */
    atomic_ulong rendered; /* chunks */
};

/* Opens the builder's own read transaction; *state is what it sees. Ends an earlier one. */
int build_begin(struct builder *b, struct change_state *state, struct error *err);
/* Begins all again, helpers included, until they read the same state (some tries, then with those that do).
 */
int build_gather(struct builder *b, struct change_state *state, struct error *err);
/* For tests: called after one connection's snapshot was begun and before the next one's. */
extern void (*build_between_snapshots)(void);

/* Renders every slot marked `todo`; where the bytes are those of the old chunk the result is the old chunk.
 */
int build_todo(struct builder *b, struct plan *p, time_t stamp, struct error *err);
/* Reads every chunk of v back and marks those whose bytes are not what the index says; v->lost counts them. */
int build_verify(struct builder *b, struct version *v, struct error *err);
/* Gives the sessions back. */
void build_end(struct builder *b);

#endif
