/*
 * What the owner of a site does with a refused file: judged again (moved back to incoming/) or discarded
 * (deleted). Both end in the journal, table intake_event.
 *
 *   refused/NAME, NAME.error.txt --- refused_retry ---> a new content in incoming/, and
 *                                                       withdrawn/TIME-N.retried.NAME
 *                                --- refused_discard -> withdrawn/TIME-N.discarded.NAME
 *   withdrawn/MARK               --- refused_journal -> a row of intake_event, then removed
 *
 * The request does only what the directory can do; the row is written by the intake thread, after a crash by
 * the next one. A mark has one row, however often that is tried. A crash within refused_retry leaves the file
 * in both places, never in none.
 *
 * The reason NAME.error.txt goes with a discarded file at once. That of a retried one stays until the new
 * verdict: it is replaced where the file is refused again under its name, removed else. It cannot be taken
 * away alone (-EACCES).
 */
#ifndef SHOPFS_ORDER_REFUSED_H
#define SHOPFS_ORDER_REFUSED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "order/incoming.h"
#include "store/store.h"

struct refused {
    int dir, marks;       /* refused/, withdrawn/; -1: not open */
    pthread_mutex_t lock; /* held while a file is put among the refused with its reason, or taken away */
    atomic_bool pending;  /* there may be marks without a row */
    atomic_uint count;
};

void refused_none(struct refused *r); /* of a dry run */
int refused_open(struct refused *r, int state_dir);
void refused_release(struct refused *r);

/* Any thread; 0 or -errno; the caller wakes the intake thread. */
int refused_discard(struct refused *r, const char *name);
int refused_retry(struct refused *r, const char *name, struct incoming *in, struct incoming_node *dir,
                  const char *new_name, uid_t uid, gid_t gid, unsigned flags);
/* Looked at only: a copy in check, a directory of which dir is; the refused file stays as it is. */
int refused_try(struct refused *r, const char *name, struct incoming *check, struct incoming_node *dir,
                const char *new_name, uid_t uid, gid_t gid, unsigned flags);

/* For the intake thread. The journal: 0, or the database could not take it and `pending` stands. */
int refused_journal(struct refused *r, struct db *writer, const char *site, struct error *err);
/* 1: what was decided under this key was filed among the refused and taken away since; 0; negative errno. */
int refused_was_withdrawn(struct db *db, const char *object_key, struct error *err);
/* r->lock held: removes the reason of a file that is not here any more; true where there was one. */
bool refused_drop_reason(struct refused *r, const char *name);
/* At the start: reasons whose files went while nobody could remove them. */
void refused_tidy(struct refused *r);

#endif
