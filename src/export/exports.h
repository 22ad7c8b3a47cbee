/*
 * The exported files of all sites: always current, always whole, exact in size.
 *
 * An export is one content: a sequence of immutable versions; each has its own inode number for the life of the
 * mount. export_current() answers with a version that shows every commit finished before the call began. No call
 * here waits for a rendering: callbacks do.
 *
 * An outlet is one file of one site. Sites whose file must be the same (one mapping, and the same of everything
 * that the mapping takes from the site) have one export between them; it is rendered and stored once. When the
 * database makes them differ they part, before anything is shown to either (share.c).
 *
 * Threads: everything may be called from any thread, except where a call says more. Callbacks come from the
 * calling thread (version already current) or from a thread of ours; they must not block for long.
 */
#ifndef SHOPFS_EXPORT_EXPORTS_H
#define SHOPFS_EXPORT_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "store/store.h"

struct exports;
struct export;
struct outlet;
struct version;

/* What a site exports. */
struct exports_site {
    const char *name;            /* in the database */
    const char *const *mappings; /* NULL-ended: paths of export mapping documents; NULL: none */
};

#define ROW_LIMIT_S 30

struct exports_options {
    int state_dir;          /* spool and index live below it; kept open by the caller */
    const char *state_path; /* the same directory's path (the index database is opened by name) */
    const struct exports_site *sites;
    size_t n_sites;
    unsigned threads;   /* rendering threads at most; 0: as many as processors */
    unsigned row_limit_s; /* a mapping that takes longer for one row is not rendered; 0: ROW_LIMIT_S */
    uint64_t first_ino; /* inode numbers from here on are ours, taken by next_ino where given */
    uint64_t (*next_ino)(
        void *arg); /* gives a number never used before in this mount; NULL: first_ino counts up */
    void *next_ino_arg;
    /* Called from a thread of ours after a new version of e was published, to tell the kernel; may be NULL.
     */
    void (*published)(void *arg, struct export *e);
    void *published_arg;
    int64_t (*now_ms)(void); /* the wall clock, for tests; NULL: clock_now_ms */
};

/* Compiles the mappings, each document once, takes over what an earlier run left in the spool (checked), starts
 * threads. A mapping that does not compile is logged; while a good version of its file is in the spool that is
 * served, with the reason in its status, else the file is left out. -EBUSY: another mount or tool uses this
 * spool. */
int exports_start(struct exports **out, struct store *store, const struct exports_options *options,
                  struct error *err);
/* Ends what is being rendered and answers everybody who waits for a version, the last time: before the place their
 * answers go to is closed. Only exports_stop may follow. */
void exports_halt(struct exports *x);
/* Stops threads, writes the index; versions still referenced stay readable until released (and the spool
 * stays locked as long). No call on x or its exports may be running or follow. */
void exports_stop(struct exports *x);

/* Other sites or mappings, and every mapping document read anew; returns how many documents are broken now, or
 * -errno, when nothing was changed. A document that compiles and is another is tried by the next refresh of its
 * exports: when it renders it takes over, else, as when it does not compile, the one before stays in service and the
 * status says why. What is as it was keeps its outlets. One call at a time, not during exports_stop. */
int exports_configure(struct exports *x, const struct exports_site *sites, size_t n, struct error *err);
/* The same for the sites there are. */
int exports_reload(struct exports *x);

/* Files that a mapping makes for rows appear and disappear with these. Whether something was committed since the
 * outlets were right: the cheap question, and cheaper while no mapping makes files for rows. Any thread. */
bool exports_files_old(struct exports *x);
/* Whether some mapping makes files for rows, so that the question above is worth asking. */
bool exports_many(struct exports *x);
/* Makes the outlets right for what is committed: 1 when there are others now, 0 when not, -errno when all stays as it
 * was. Reads rows, so not for a request's thread. One call at a time, and not during exports_configure. */
int exports_follow(struct exports *x);
/* Takes from the disk what was of rows that are gone for some seconds; false: there is more, to be called again for. Not
 * during the two calls above. */
bool exports_clean(struct exports *x);
/* What is to be said of the files of a site: a line for each row that has none; malloced, NULL: nothing. */
char *exports_remarks(struct exports *x, const char *site);

/* The outlets of a site in the order of its mappings: a malloced, NULL-ended array of references. Not during
 * exports_configure. */
struct outlet **exports_outlets(struct exports *x, const char *site);
void outlets_free(struct outlet **list); /* gives the references back */
struct outlet *outlet_ref(struct outlet *o);
void outlet_unref(struct outlet *o);             /* also after exports_stop; NULL is fine */
const char *outlet_path(const struct outlet *o); /* "catalog.csv": relative to the site's root */
bool outlet_private(struct outlet *o);
/* As export_current_for. An outlet that is no longer configured answers as long as x lives. */
void outlet_current_for(struct outlet *o, uint64_t who,
                        void (*ready)(void *arg, struct version *version, int status), void *arg);

/* For tests and tools: every export there is, in the order they were made. */
size_t exports_count(struct exports *x);
struct export *exports_at(struct exports *x, size_t index);
const char *
export_path(const struct export *e); /* "catalog.csv", "exports/google.xml": relative to the site's root */
bool export_private(const struct export *e);

/* Gives a reference to the current version, or NULL and a negative errno when there has never been a good
 * one. */
typedef void (*export_ready_fn)(void *arg, struct version *version, int status);
void export_current(struct export *e, export_ready_fn ready, void *arg);

/* The same for a thread known by a number (0: none). Where it had to wait for a version, what it asks within
 * a tenth of a second is answered with that version again, unless something was committed since the first
 * answer: cp(1) looks at a file, opens it, and gives up when it finds another one; under a stream of commits
 * it always would. */
void export_current_for(struct export *e, uint64_t who, export_ready_fn ready, void *arg);

/* The same, waiting: for tools and tests; never from a FUSE thread. */
int export_current_wait(struct export *e, struct version **out, struct error *err);

/* Versions: immutable, reference-counted. */
struct version *version_ref(struct version *v);
void version_unref(struct version *v); /* NULL is fine; the last one gives the spool space back */
uint64_t version_ino(const struct version *v);
uint64_t version_size(const struct version *v);
uint64_t version_rows(const struct version *v);
struct timespec version_mtime(const struct version *v); /* whole seconds */
/* Bytes read (short only at the end) or -errno. Several threads may read at once. */
ssize_t version_read(const struct version *v, void *data, size_t len, uint64_t at);
/* Where these bytes lie, for who takes them out of the file himself: the extents of `len` bytes from byte `at` on, fewer
 * bytes at the end, in order. Their number, 0 behind the end; -ENOBUFS: more than max; -EIO: the file ends before.
 * *fd: the file; it and the extents stay for as long as the version is held. */
struct version_extent {
    off_t at;
    size_t len; /* > 0 */
};
int version_extents(const struct version *v, struct version_extent *out, size_t max, size_t len, uint64_t at, int *fd);

/* What an operator should know of an export. */
struct export_status {
    uint64_t size, rows;
    time_t mtime;
    uint64_t versions;                /* published since the start */
    uint64_t chunks, chunks_rendered; /* of the current version; rendered since the start */
    int64_t last_render_ms;           /* how long the last rendering took */
    uint64_t failed;                  /* refreshes that failed, since the start */
    time_t refreshed;                 /* when it was last found or made up to date; 0: not since the start */
    bool rendering;
    unsigned sites; /* whose file this is */
    char *error;    /* the last failure while it lasts; malloced, NULL: none */
};
void outlet_status(struct outlet *o, struct export_status *out);
void export_status(struct export *e, struct export_status *out);
void export_status_release(struct export_status *s);

#endif
