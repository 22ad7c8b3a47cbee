/*
 * What the files of the intake share. Nobody else includes this.
 *
 *   intake.c           the thread: a round from taking to settling; start and stop
 *   intake_link.c      the connection to the database, and how it fares
 *   intake_judge.c     before a decision: is it complete, is it known already, its orders
 *   intake_decide.c    transactions: who is decided together, and who alone
 *   intake_wait.c      what has to wait, and for how long
 *   intake_turns.c     who may not go before whom
 *   intake_filing.c    after a decision: the original's place, the reason, the result
 *   intake_result.c    their texts
 *
 * Everything here belongs to the intake's thread unless it says otherwise.
 */
#ifndef SHOPFS_ORDER_INTAKE_INTERNAL_H
#define SHOPFS_ORDER_INTAKE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>

#include "order/crash_point.h"
#include "order/intake.h"
#include "order/intake_turns.h"
#include "order/refused.h"

/* intake_link.c ----------------------------------------------------------------------------------------- */

struct link {
    struct store *store;
    struct db *db;    /* NULL: opened when next needed */
    int retry_ms;     /* the next delay; 0: the database is well */
    int64_t retry_at; /* monotonic: not tried before */
    struct error trouble;
};

/* What waits for the database comes so early for the next try, lest what arrives then goes before it. */
#define LINK_EARLY_MS 10

int link_open(struct link *l, struct error *err);
void link_release(struct link *l);
/* The database failed: nobody tries it for a while. err is taken over. */
void link_failed(struct link *l, int rc, struct error *err);
void link_well(struct link *l);
bool link_resting(const struct link *l);
void link_sit_out(const struct link *l); /* where the next try is at most LINK_EARLY_MS away */
bool link_to_blame(int rc);              /* else it is the file that the database does not take */

/* the intake -------------------------------------------------------------------------------------------- */

/* A file that was told to wait, or could not be read. */
struct waiting {
    UT_hash_handle hh;
    bool told;      /* its result says "waiting" */
    unsigned tries; /* to read it, in vain */
    char key[];
};

/* Decided and filed; the journal is to learn under which name with the next commit, and then it is settled. A crash
 * before that leaves a content that is judged again, and known. */
struct finished {
    struct incoming_job job;
    char *key, *filed_as, *refused_as;
};

struct intake {
    struct intake_options options;
    char *site;
    int archive, results;
    struct refused refused;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stopping, busy, next */
    bool stopping, busy;
    struct intake_options *next; /* maps and policy of the next round; NULL: as they are */
    struct link link;
    struct waiting *waiting;
    struct turns turns;
    struct finished *finished;
    size_t n_finished, cap_finished;
    struct intake_counters {
        atomic_uint_fast64_t files[INTAKE_COUNTS], orders;
    } counters; /* any thread */
};

enum fate {
    FATE_SETTLED,    /* it waits, or is incomplete: nothing more to do in this round */
    FATE_DECIDE,     /* complete */
    FATE_DECIDED,    /* result has the verdict */
    FATE_WRONG_NAME, /* given up under a name we do not take */
    FATE_UNREADABLE, /* given up: the disk does not give it out */
};

struct entry {
    struct incoming_job job;
    enum fate fate;
    char *key, *name; /* the job's, which does not outlive its settling */
    uint64_t size;
    bool expired, again;
    bool read; /* reading holds the file */
    struct import_reading reading;
    struct import_result result;
    struct error unreadable; /* message set: why */
    bool withdrawn;          /* refused before, and taken away by the site's owner since */
    char *filed_as;
    char *refused_as; /* of a partly taken file: its name among the refused, for who corrects the rest */
};

/* intake_judge.c ---------------------------------------------------------------------------------------- */

/* Whether the journal knows it, else whether it is complete: sets the fate, or lets it wait. */
void intake_judge(struct intake *t, struct entry *e);
bool verdict_is_kept(enum verdict v); /* the original goes to the archive */
struct import_job intake_import_job(const struct intake *t, const struct entry *e, const void *data);
/* Parses the orders, outside of any transaction. False: it waits, or is given up. */
bool intake_read(struct intake *t, struct entry *e);

/* intake_decide.c --------------------------------------------------------------------------------------- */

/* Entries of fate FATE_DECIDE in their order of arrival; decided afterwards, or waiting. */
void intake_decide(struct intake *t, struct entry **entries, size_t n);

/* intake_wait.c ----------------------------------------------------------------------------------------- */

void wait_with_all(struct intake *t, struct entry *e);    /* for the database */
bool wait_behind(struct intake *t, struct entry *e);      /* true: it waits, since an earlier one does */
void wait_hold(struct intake *t, const struct entry *e);  /* later ones do not go before it */
void wait_alone(struct intake *t, struct entry *e, const struct error *why);
/* why is taken over. It waits; after some tries it is given up (FATE_UNREADABLE). */
void wait_unreadable(struct intake *t, struct entry *e, struct error *why);
void wait_over(struct intake *t, const char *key);
void wait_release(struct intake *t);
int wait_alone_ms(const struct intake *t);

/* intake_filing.c --------------------------------------------------------------------------------------- */

void intake_tell(struct intake *t, struct entry *e);   /* the verdict of a dry run */
void intake_finish(struct intake *t, struct entry *e); /* files the original, writes reason and result */
void intake_end(struct intake *t, struct entry *e);    /* after either: it is settled now, or finished */
void intake_note_finished(struct intake *t);           /* inside a write transaction */
void intake_settle_finished(struct intake *t);         /* after its commit */
void intake_flush_finished(struct intake *t);          /* both, in a transaction for that alone */
/* results/NAME.txt, or .check.txt. */
int intake_write_result(struct intake *t, const char *name, const struct buf *text);

#endif
