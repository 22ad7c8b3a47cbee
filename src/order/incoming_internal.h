/*
 * What the files of orders/incoming share. Nobody else includes this.
 *
 *   incoming.c          the life of a dropped file (drawn there); opening and closing; limits
 *   incoming_tree.c     nodes and names: lookup, mkdir, unlink, rename, list, attributes
 *   incoming_adopt.c    a file that comes by rename from elsewhere in the mount
 *   incoming_file.c     handles: create, open, read, write, truncate, flush, release
 *   incoming_object.c   content objects on disk: bytes, copies, removal
 *   incoming_filing.c   a decided content's place in the archive or among the refused
 *   incoming_queue.c    judgement: what waits for the intake thread, take and settle
 *   incoming_heap.c     the order in which it is taken
 *   incoming_keeper.c   the thread that lets names vanish and gives up what never became complete
 *   incoming_recover.c  the lines of the name log: written, and read at the start
 *   name_log.c          the log itself
 *
 * Locks, in this order: object->io, in->lock, the name log's own. in->lock guards the tree, the queue and
 * every field that names no other lock; it is never held across an fsync or a transfer of content. object->io
 * makes writers of one content take turns and guards its descriptor; a writer asks under in->lock whether the
 * content is still his to change, so a judge that seals it and then takes and drops object->io once has a
 * content that stands still.
 */
#ifndef SHOPFS_ORDER_INCOMING_INTERNAL_H
#define SHOPFS_ORDER_INCOMING_INTERNAL_H

#include <pthread.h>

#include "order/crash_point.h"
#include "order/incoming.h"
#include "order/name_log.h"

/* The life of one content; drawn in incoming.c. Only OBJECT_WRITTEN may change. */
enum object_state { OBJECT_WRITTEN, OBJECT_QUEUED, OBJECT_TAKEN, OBJECT_DONE };

/* One generation of a file's content: NUMBER.data in the state directory (no file while it is empty). */
struct object {
    uint64_t number;
    uint64_t salt; /* with the number: the key that is unique for ever, also when a state directory is lost */
    unsigned refs; /* its node, handles, running calls, the queue, the job */
    enum object_state state;
    struct incoming_node *node; /* whose content this is; NULL: unlinked or superseded */
    char *name;                 /* without a node: the name to judge it under; NULL: it is thrown away */
    bool candidate;             /* with name: it was one we take */
    char *retry_of;             /* as in the job; until decided */
    unsigned writers;           /* handles that may write */
    unsigned readers;           /* reads under way */
    bool changed;               /* since it was judged */
    bool only_complete;         /* judge: act on complete content, never refuse */
    bool expired;               /* judge: time is over, refuse what is not complete */
    bool misnamed;              /* was offered once under a name we do not take, so that its result says so */
    bool recovered;             /* from an earlier run, or filed before: look in the journal first */
    bool again;                 /* taken and renamed meanwhile: one more turn, for the result's name */
    bool filed;                 /* linked into the archive or among the refused */
    char *filed_as;             /* its name there; NULL: not known */
    bool orphan_noted;          /* has a line of its own in the log */
    uint64_t line;              /* its number */
    uint64_t size;
    uint64_t writes, synced; /* changes of the content, and how many of them are on the disk */
    int sync_error;          /* a sync failed: the kernel may have dropped pages and will not say so again */
    uint64_t dir_number;     /* of the creation of its file, for the sync of the directory */
    int64_t changed_ms;      /* last change, wall clock: for the log, which outlives us */
    int64_t changed_mono;    /* the same, monotonic: pending counts from here, whatever becomes of the clock */
    int64_t written_mono;    /* last write: a writer that fell silent */
    uint64_t idle_judged;    /* value of writes when judged with a writer still there */
    int64_t not_before;      /* queued: monotonic */
    uint64_t arrival;        /* its place in the queue, kept while it is tried again; 0: none yet */
    bool queued;             /* in one of the queue's heaps */
    struct object *chained;  /* of the taken, on the way to the job; of the dead */
    struct object *next, *prev; /* all */
    pthread_mutex_t io;
    int fd;       /* io; -1: not open */
    bool on_disk; /* io */
};

struct incoming_node {
    uint64_t ino;
    uint64_t id;                  /* in the name log */
    struct incoming_node *parent; /* NULL: the root, or no longer in the tree */
    char *name;
    bool linked; /* in the tree */
    bool dir;
    uint64_t lookups;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec atime, mtime, ctime;
    int64_t touched;       /* last request, monotonic ms */
    bool noted;            /* the log has a line of it */
    uint64_t line;         /* number of the last one */
    bool stale;            /* the log's line lags behind */
    struct object *object; /* files */
    struct incoming_handle *handles;
    unsigned n_handles;
    unsigned n_children, n_dirs;
    struct incoming_node *first, *last, *next, *prev; /* children in order of arrival; siblings */
    struct incoming_node *chain;                      /* of the hash */
    struct incoming_node *all_next, *all_prev;
};

struct incoming_handle {
    struct incoming *in;
    struct incoming_node *node;
    struct object *object; /* writers: the generation they write; readers: NULL, they follow the node */
    bool readable, append;
    struct incoming_handle *next, *prev;
};

/* The least is at the top; each step costs the logarithm of n. */
struct heap {
    bool (*before)(const struct object *a, const struct object *b);
    struct object **items;
    size_t n, cap;
};

#define FILED_DIRS 4

struct incoming {
    pthread_mutex_t lock;
    struct incoming_options options;
    int dir; /* state_dir/incoming */
    struct name_log *log;
    struct incoming_node *root;
    struct incoming_node **buckets;
    size_t n_buckets;
    struct incoming_node *nodes; /* all, detached ones too */
    unsigned n_nodes, n_handles; /* n_nodes: in the tree, the root left out */
    uint64_t next_id, next_number;
    struct object *objects;

    struct heap ready, later; /* the queue: by arrival; by not_before */
    uint64_t arrivals;
    unsigned n_taken;
    pthread_cond_t work; /* the queue, or a wake */
    bool woken;

    struct object *dead; /* files to remove, by the keeper (chained) */
    struct {
        int fd; /* of our own */
        dev_t dev;
        ino_t ino;
        bool dirty;
    } filed[FILED_DIRS];
    unsigned n_filed;
    struct unsynced {
        unsigned dir; /* in filed */
        char *name;
    } *unsynced;
    size_t n_unsynced, cap_unsynced;

    pthread_t keeper;
    pthread_cond_t tick;
    int64_t next_tick; /* monotonic ms the keeper sleeps to */
    bool closing;
    unsigned lines; /* written to the name log */

    pthread_mutex_t dir_sync; /* guards dir_synced; held across the fsync */
    uint64_t dir_synced;
    uint64_t dir_changes; /* in->lock */
};

/* After this a file that was closed under a name we do not take is none that is about to be renamed. */
static inline int64_t misnamed_after_ms(const struct incoming *in)
{
    return in->options.limits.linger_s < 10 ? (int64_t)in->options.limits.linger_s * 1000 : 10000;
}

/* Asked without the lock too. */
static inline uint64_t max_upload(const struct incoming *in)
{
    return __atomic_load_n(&in->options.limits.max_upload, __ATOMIC_RELAXED);
}

/* incoming.c */
bool name_is_candidate(const char *name);
bool node_is_hidden(const struct incoming_node *node); /* a dot begins its name, or that of a directory above it */
bool node_is_candidate(const struct incoming_node *node); /* its name, and no dot-directory above it */
int64_t now_wall_ms(void);
void node_touch(struct incoming_node *node);

/* incoming_tree.c; in->lock is held for all of these */
struct incoming_node *node_new(struct incoming *in, const char *name, bool dir, mode_t mode, uid_t uid,
                               gid_t gid);
struct incoming_node *node_find(struct incoming *in, const struct incoming_node *dir, const char *name);
void node_link(struct incoming *in, struct incoming_node *dir, struct incoming_node *node);
void node_unlink(struct incoming *in, struct incoming_node *node);
void node_free_if_unused(struct incoming *in, struct incoming_node *node);
void node_free(struct incoming *in, struct incoming_node *node);
void node_fill(const struct incoming *in, const struct incoming_node *node, struct stat *out);
unsigned node_depth(const struct incoming_node *node); /* directories from the root: 0 for the root */
int name_check_new(const struct incoming *in, const struct incoming_node *dir, const char *name);
/* Takes a file or an empty directory out of the tree for good; superseded: its content is judged if it could
 * be an order, else it is thrown away unless it was already on its way. */
void node_remove(struct incoming *in, struct incoming_node *node, bool superseded);

/* incoming_object.c */
struct object *object_new(struct incoming *in);           /* in->lock; one reference */
struct object *object_ref(struct object *o);              /* in->lock */
void object_unref(struct incoming *in, struct object *o); /* in->lock */
void object_set_node(struct incoming *in, struct incoming_node *node,
                     struct object *o); /* in->lock; takes a reference */
void object_detach(struct incoming *in, struct object *o,
                   bool superseded); /* in->lock; drops the node's reference */
void object_key(const struct object *o, char *out, size_t size);
int object_open_io(struct incoming *in, struct object *o,
                   bool create);                             /* o->io; 0, or -errno; -ENOENT: empty */
void object_close_io(struct incoming *in, struct object *o); /* neither lock: when nobody has the file open */
int object_open_read(struct incoming *in, struct object *o); /* a descriptor of its own */
int object_sync(struct incoming *in, struct object *o); /* neither lock: bytes and directory on the disk */
int object_copy(struct incoming *in, struct object *from, struct object *to,
                uint64_t size); /* from->io held */
void objects_bury(struct incoming *in);   /* neither lock: removes the files of the dead */

#define DATA_NAME_MAX 32
void data_name(const struct object *o, char out[static DATA_NAME_MAX]);
int copy_bytes(int from, int to, uint64_t size);

/* incoming_filing.c */
int object_file(struct incoming *in, struct object *o, int filed_dir, const char *name, char **filed_as);
int filed_sync(struct incoming *in); /* neither lock; what was filed, and what incoming_sync_first names */

/* incoming_heap.c; in->lock is held */
bool heap_by_arrival(const struct object *a, const struct object *b);
bool heap_by_time(const struct object *a, const struct object *b);
void heap_push(struct heap *h, struct object *o);
struct object *heap_pop(struct heap *h); /* NULL: it is empty */

/* incoming_queue.c; in->lock is held */
void queue_add(struct incoming *in, struct object *o, int64_t not_before);
void judge(struct incoming *in, struct object *o); /* no writer is left: queue it if it is a candidate's */
void judge_renamed(struct incoming *in, struct incoming_node *node);

/* incoming_keeper.c */
int keeper_start(struct incoming *in);
void keeper_stop(struct incoming *in);
void keeper_expect(struct incoming *in, int64_t mono_ms); /* in->lock: something is due then */

/* incoming_recover.c; in->lock is held but in recover() and names_rewrite() */
int recover(struct incoming *in, struct error *err);
int names_rewrite(struct incoming *in);
void note_node(struct incoming *in, struct incoming_node *node);
void note_gone(struct incoming *in, struct incoming_node *node);
void note_orphan(struct incoming *in, struct object *o);
void note_dead(struct incoming *in, struct object *o);

#endif
