/*
 * Deciding: what becomes of the orders in a file, in the database. The same code serves the drop, `shopctl import`
 * and a dry run.
 */
#ifndef SHOPFS_ORDER_IMPORT_H
#define SHOPFS_ORDER_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "mapping/order_map.h"
#include "mapping/order.h"
#include "order/parse.h"
#include "order/policy.h"
#include "store/store.h"

enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_DUPLICATE,
    VERDICT_REVISED,
    VERDICT_PARTLY,   /* files only: some orders in, some refused */
    VERDICT_REFUSED,
    VERDICT_CONFLICT, /* orders only: other content, but the order is already being handled */
    VERDICT_NO_ORDER, /* files only */
};
const char *verdict_name(enum verdict v); /* as in the database */

struct order_result {
    enum order_kind kind;
    enum verdict verdict;
    char *number;       /* NULL: has none */
    int64_t order_id;   /* 0: none */
    char *message;      /* what happened and, when refused, line, field, rule and what to do */
};

struct import_result {
    enum verdict verdict;
    char *mapping;      /* NULL: none recognised it */
    struct order_result *orders;
    size_t n_orders;
    char *text;         /* the whole verdict as the result file shows it; several lines, ends with a line end */
    int64_t intake_id;  /* its row in the journal; 0: none yet */
    bool repeated;      /* this object_key was decided before: nothing was done now, the rest is from the journal */
};
void import_result_release(struct import_result *r);

struct import_job {
    const char *site;        /* the site's name */
    const char *name;        /* of the upload, as data */
    const char *object_key;  /* unique for each content object; decides once */
    const void *data;        /* the bytes, complete; only looked at by import_read */
    size_t len;
    struct order_map *const *maps;
    size_t n_maps;
    const struct order_limits *limits;
    const struct order_policy *policy; /* NULL: the default */
};

/* A file read in advance: that may take seconds, and the database's write lock is not to be held for so long. */
struct import_reading {
    struct order_file file;
    struct error unreadable; /* message set: the file cannot be read, and this is why */
    char sha256[SHA256_HEX_LEN + 1]; /* of the bytes */
};
/* Touches no database; any thread. */
void import_read(struct import_reading *out, const struct import_job *job);
void import_reading_release(struct import_reading *r);

#define IMPORT_TURN 200 /* orders of one transaction: so long the database's write lock is held */

/* Decides one file inside the caller's write transaction (each order in a savepoint of its own) and writes the
 * journal row; the caller commits.
 *
 * turn NULL: the whole file. Else at most *turn orders now, and *turn is what is left of it. 1: there are more;
 * the caller commits and calls again, with the same out. What was committed is not decided again, also not by
 * another process after a crash: out empty, it goes on where the journal ends.
 *
 * 0: decided (also refused). Negative: the database could not take it now (-EAGAIN, -ENOSPC, -EIO ...): the
 * caller rolls back, releases out, and may try again later with the same reading; nothing was done in this transaction. */
int order_import(struct db *writer, const struct import_job *job, struct import_reading *reading, size_t *turn,
                 struct import_result *out, struct error *err);

/* Looks a content object up in the journal (any connection): 1 decided, out filled; 0 not yet; negative errno. */
int order_import_recall(struct db *db, const char *object_key, struct import_result *out, struct error *err);

/* Notes where the bytes were filed; its own small write transaction is the caller's business. refused_as: the name of
 * a partly taken file among the refused, else NULL. */
int order_import_filed(struct db *writer, const char *object_key, const char *filed_as, const char *refused_as,
                       struct error *err);

#endif
