/*
 * One export: the state machine of its freshness and publication (drawn in export.c), and the set it belongs
 * to. Private to this room.
 */
#ifndef SHOPFS_EXPORT_EXPORT_H
#define SHOPFS_EXPORT_EXPORT_H

#include <pthread.h>
#include <stdatomic.h>

#include "export/build.h"
#include "export/crew.h"
#include "export/exports.h"
#include "export/index.h"
#include "export/members.h"

/* A version's mtime is never more than this ahead of the clock, seconds. */
#define MTIME_AHEAD 2

struct exports {
    struct store *store;
    struct spool_dir *dir;
    struct index *index;
    struct sessions *sessions;
    struct pool *pool;
    struct crew *crew;
    unsigned threads;
    int64_t row_limit_ms;
    uint64_t origin; /* see index_head */
    int64_t (*now_ms)(void);
    uint64_t (*next_ino)(void *arg);
    void *next_ino_arg;
    atomic_uint_fast64_t ino;
    void (*published)(void *arg, struct export *e);
    void *published_arg;
    atomic_bool stop;

    pthread_mutex_t wait_lock; /* for sleeping until stop */
    pthread_cond_t stopped;

    pthread_mutex_t question_lock; /* guards the connection that asks the cheap question */
    struct db *question;
    struct db *following; /* of whoever calls exports_follow: the question above waits for nothing that it does */

    pthread_mutex_t note_lock; /* one note is written at a time */

    /* Guards list and n, outlets and n_outlets, members, remarks, followed, files_state; of exports: site; of outlets: export, valid_from, valid_to. Held
     * for moments, without calls to the database or the disk. */
    pthread_mutex_t share_lock;
    struct export **list;
    size_t n;
    struct outlet **outlets; /* configured, site by site */
    size_t n_outlets;
    struct members *members;
    char *remarks;                   /* of rows without a file, lines "SITE <tab> words" */
    source_set followed;             /* what says which files there are, ... */
    struct change_state files_state; /* ... and the state that they are right for */
    atomic_bool many;                /* some mapping makes a file for each row of something */

    pthread_mutex_t members_lock; /* one writes the file at a time */
    /* The configuring thread's. */
    struct document *documents;
    struct exports_site *sites; /* as configured; copies */
    size_t n_sites;
    bool started;
};

struct outlet {
    atomic_uint refs;
    struct exports *set;
    char *site, *path;
    char *file; /* the mapping document */
    struct export *export;
    /* What the export shows by its numbers (export.shown) from this one ... */
    uint64_t valid_from;
    uint64_t valid_to; /* ... to this one is known to be this site's too */
};

struct waiter {
    export_ready_fn ready;
    void *arg;
    struct change_state state; /* of the database when it came ... */
    bool known;                /* ... which could be asked, and is enough to know */
    uint64_t round;            /* the first refresh that is late enough for it */
    uint64_t who;              /* 0: not known */
    struct waiter *next;
};

/* Someone who waited, and may have the same answer again. */
struct follower {
    uint64_t who;
    struct change_state state; /* of the database when it was answered */
    int64_t until;             /* monotonic ms */
    struct version *version;   /* a reference; NULL: unused */
};
#define FOLLOWERS 8

enum export_work { EXPORT_IDLE, EXPORT_QUEUED, EXPORT_RUNNING };

struct export
{
    struct exports *set;
    struct work work;
    char *path; /* in the tree */
    char *name; /* in the spool: "SITE/PATH" of the first site it served */
    char *
        site; /* whose rows are rendered; changed by the refreshing thread only, which may read it without lock */
    char *file; /* the mapping document */
    atomic_bool private_data;
    struct spool *spool;
    int64_t index_id;

    pthread_mutex_t lock; /* guards what follows */
    /* The mapping in service; NULL: it does not compile, but an older version may still be served. Changed by
     * the refreshing thread only, which may read it without the lock. */
    struct export_map *map;
    struct export_map *next_map; /* read anew, to be tried by the next refresh; NULL: none */
    uint64_t schema;             /* of the database that the newest of these was compiled for */
    char *mapping_error;         /* why the document as it is now is not in service; NULL: it is */
    enum export_work doing;
    bool unwanted;   /* the row it was for is gone, so no outlet shows it and nothing is rendered ... */
    int64_t gone_at; /* ... since then, monotonic ms; after a while ... */
    bool away;       /* ... nothing of it is on the disk: no spool, no place in the index */
    struct version *current; /* NULL: never a good one */
    bool usable;             /* current's bytes are known to be whole */
    bool settled;            /* current is right for `state` */
    bool recheck;            /* but not known to be, for every outlet */
    uint64_t shown; /* refreshes that succeeded: a number for what `current` was last found right for */
    struct change_state state;
    uint64_t round;         /* refreshes whose snapshot was begun */
    uint64_t settled_round; /* the last of them that succeeded */
    int64_t stale_since;    /* monotonic ms; 0: not known to be stale */
    struct waiter *waiters, **last_waiter;
    struct follower followers[FOLLOWERS]; /* a ring */
    unsigned next_follower;
    char *error;       /* the last failure while it lasts */
    bool shrunk;       /* it is that keep-rows refused a version ... */
    uint64_t refused;  /* ... of so many rows */
    int64_t failed_at; /* monotonic ms */
    bool cannot_ask;   /* the failure was the question's, not a refresh's */
    bool endless;      /* it was that a row took too long: not tried again soon, whatever changes */
    struct change_state failed_state;
    int64_t retry_at;  /* monotonic ms */
    unsigned failures; /* in a row */
    char *logged;      /* the failure last written to the log, and when (monotonic ms) */
    int64_t logged_at;
    uint64_t published, rendered, failed;
    time_t refreshed; /* the wall clock; 0: not since the start */
    int64_t last_render_ms;
    bool rendering;

    /* The refreshing thread's (one at a time; the lock passes it on). */
    struct export_map *untried_from; /* while a new mapping is tried: the one before */
    bool class_known;
    uint8_t class[SHA256_SIZE];     /* site_class of `site` ... */
    uint8_t class_map[SHA256_SIZE]; /* ... for the mapping of this digest ... */
    struct change_state class_at;   /* ... which nothing changed from some state up to this one */
    struct version *indexed;        /* on record in the index; NULL: none */
    bool behind;                    /* the index does not know the newest version or state */
    int64_t saved_at;               /* monotonic ms */
    bool verify;                    /* the loaded version must be read back before it is believed */
    atomic_bool same_origin; /* current's chunks are this mapping's and can be updated by change marks */
    int64_t last_mtime;      /* the newest ever published */
    int64_t published_at;    /* monotonic ms */
};

/* What export_refresh has to say. */
struct refreshed {
    struct change_state state;
    uint64_t round;
    bool published;   /* a version with other bytes */
    bool shrunk;      /* keep-rows refused a version ... */
    uint64_t refused; /* ... of so many rows */
    bool recorded;    /* the index was written, or e->behind says that it could not be */
};

/* refresh.c: brings the export up to date; blocks. Called with the export RUNNING. */
int export_refresh(struct export *e, struct refreshed *out, struct error *err);
/* Reads the loaded version back where that is needed; true when it may be served. */
int export_verify(struct export *e, struct builder *b, struct error *err);
/* Brings what is on record in the index up to date, where it is behind. */
void export_save(struct export *e);

/* export.c */
struct export *export_new(struct exports *set, const char *name, const char *site, const char *path,
                          const char *file);
void export_free(struct export *e);
/* What a document says now: map (taken over; NULL: it does not compile, for the reason why). True when it is
 * another, to be tried by the next refresh. */
bool export_take_mapping(struct export *e, struct export_map *map, uint64_t schema, const char *why);
/* Notes a failure in the status, and in the log where it is news. Lock held. */
void export_failed(struct export *e, int code, const struct error *err);

/* Writes what tools read (note.h), or takes it away. Not with the lock held. */
void export_note_down(struct export *e);

/* No row makes this file any more. */
void export_unwanted(struct export *e);
/* Takes from the disk what is unwanted for a while: a row may have been deleted to be written again. What readers have
 * open they keep until they close it. False: not yet. */
bool export_clean(struct export *e);
/* An outlet shows it, maybe again. By the configuring thread, before the outlet does. */
int export_wanted(struct export *e, struct error *err);

/* outlets.c: an export that has nothing in the spool, under a name of its own; not in the list yet. */
int export_make(struct export **out, struct exports *x, const char *site, const char *path, const char *file,
                struct error *err);
void exports_add(struct exports *x, struct export *e);
/* The outlets of the configuration there is for the rows there are now. One call at a time, as exports_configure. */
int exports_make_files(struct exports *x, struct error *err);
/* Writes down which export serves whom. */
int exports_save_members(struct exports *x, struct error *err);
void documents_free(struct document *list);
void site_list_free(struct exports_site *sites, size_t n);

/* share.c: inside a snapshot of db, before anything of it is rendered: sites whose file would differ get an export
 * of their own, which begins with the version there is. 1: another site's rows are rendered from now on, plan anew. */
int export_share(struct export *e, struct db *db, const struct change_state *state, struct error *err);
/* An export of o's own that goes on from e: same version until it renders another. */
int export_part(struct export **out, struct export *e, const struct outlet *o, struct error *err);

/* Waits ms milliseconds; false when the set is stopped meanwhile. */
bool exports_sleep(struct exports *x, int64_t ms);
uint64_t exports_ino(struct exports *x);
/* The cheap question. */
int exports_state(struct exports *x, struct change_state *out, struct error *err);

#endif
