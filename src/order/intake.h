/*
 * The intake of one site: a thread that judges dropped files, decides complete ones in batches (one commit
 * for all that is waiting), files the originals and writes the result files. It is the only writer of the
 * database in a mount.
 *
 * State directory: incoming/ (objects), archive/ (accepted originals), refused/ (with NAME.error.txt),
 * results/, withdrawn/ (refused files that were taken away, until the journal says so).
 */
#ifndef SHOPFS_ORDER_INTAKE_H
#define SHOPFS_ORDER_INTAKE_H

#include "mapping/order_map.h"
#include "order/import.h"
#include "order/incoming.h"

struct intake;

struct intake_options {
    struct store *store;
    struct incoming *incoming;
    const char *site;
    int state_dir;
    struct order_map *const *maps; /* kept by the caller */
    size_t n_maps;
    struct order_limits limits;
    const struct order_policy *policy; /* kept by the caller; NULL: the default */
    /* Called, from any thread, when maps and policy are no longer used; may be NULL. */
    void (*release)(void *arg);
    void *release_arg;
    /* Dry run: what would be decided is written to results/NAME.check.txt; the transaction is rolled back,
     * nothing is filed. Then state_dir/results is the only directory used. */
    bool check;
    /* A file appeared or changed below archive/, refused/ or results/ ("results", "a.xml.txt"); may be NULL. Called
     * without locks: it may wait for whoever is in intake_discard() or intake_retry(). */
    void (*filed)(void *arg, const char *directory, const char *name);
    void *filed_arg;
    int retry_ms; /* between two tries of a file with trouble of its own; 0: ten seconds */
};

/* Makes the directories and starts the thread, which first finishes what a crash left half done (it reads the
 * journal). A database that cannot be used now is no error: everything waits for it. */
int intake_start(struct intake **out, const struct intake_options *options, struct error *err);
/* Other maps and another policy (these fields of options, and release) for what is judged from the next round on. */
void intake_configure(struct intake *t, const struct intake_options *options);
/* Ends after the batch at hand; what is left waits durably for the next start. */
void intake_stop(struct intake *t);
/* A refused file, by its name among the refused: thrown away, or moved into the directory dir of the site's
 * incoming and judged anew (see refused.h). Any thread, also a request's: the database is not waited for. */
int intake_discard(struct intake *t, const char *name);
int intake_retry(struct intake *t, const char *name, struct incoming_node *dir, const char *new_name,
                 uid_t uid, gid_t gid, unsigned flags);
/* A dry run of a refused file, which stays: a copy of it in the directory dir of check. */
int intake_try(struct intake *t, const char *name, struct incoming *check, struct incoming_node *dir,
               const char *new_name, uid_t uid, gid_t gid, unsigned flags);
/* What became of files since the start, and what waits. Any thread. */
#define INTAKE_COUNTS (VERDICT_NO_ORDER + 1)
struct intake_status {
    uint64_t files[INTAKE_COUNTS]; /* by verdict; those given up undecided are among the refused */
    uint64_t orders;               /* met in them */
    struct incoming_load load;
};
void intake_status(struct intake *t, struct intake_status *out);
/* True when nothing is queued or being decided, or left to do of an earlier run; where a file was filed may be noted a
 * moment later: for tests. */
bool intake_idle(struct intake *t);

#endif
