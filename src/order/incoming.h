/*
 * orders/incoming/ of one site: a small writable tree kept in memory over content objects on a real
 * filesystem, and the life of a dropped file (states drawn in incoming.c).
 *
 * Mirrors what the filesystem asks. No call waits for the database: complete files are handed to the intake
 * thread. Nodes are reference-counted by the kernel's lookups (incoming_forget) and by open handles. All
 * calls return 0 or -errno, any thread. Names are data: validated, never joined into a path of the real
 * filesystem.
 */
#ifndef SHOPFS_ORDER_INCOMING_H
#define SHOPFS_ORDER_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"

struct incoming;
struct incoming_node;   /* a name: directory or file */
struct incoming_handle; /* an open file */

struct incoming_limits {
    uint64_t max_upload;  /* bytes of one file */
    unsigned max_files;   /* nodes in the tree */
    unsigned max_depth;   /* directories below incoming; 8 */
    unsigned max_name;    /* bytes of a name; 200 */
    unsigned max_handles; /* open at once; 1024 */
    unsigned linger_s;    /* a done file stays visible after it was last used; stat and listing are no use */
    unsigned pending_s;   /* an incomplete file is given up after */
};

struct incoming_options {
    int state_dir; /* objects live in state_dir/incoming/; kept open by the caller */
    struct incoming_limits limits;
    uid_t uid;
    gid_t gid;
    mode_t mode; /* of the top directory */
    uint64_t (*next_ino)(void *arg);
    void *next_ino_arg;
    /* A name disappeared without a request (linger over, given up): tell the kernel. From a thread of ours,
     * until incoming_close returns. */
    void (*vanished)(void *arg, uint64_t parent_ino, uint64_t ino, const char *name);
    void *vanished_arg;
};

/* Takes over what an earlier run left (names, incomplete files, complete ones not yet decided). */
int incoming_open(struct incoming **out, const struct incoming_options *options, struct error *err);
void incoming_close(struct incoming *in);
/* Other limits and another owner from now on; what is there stays. Any thread. */
void incoming_configure(struct incoming *in, const struct incoming_limits *limits, uid_t uid, gid_t gid, mode_t mode);
struct incoming_node *incoming_root(struct incoming *in);

/* Each gives *out one lookup reference, to be dropped by incoming_forget. */
int incoming_lookup(struct incoming *in, struct incoming_node *dir, const char *name,
                    struct incoming_node **out);
int incoming_mkdir(struct incoming *in, struct incoming_node *dir, const char *name, mode_t mode, uid_t uid,
                   gid_t gid, struct incoming_node **out);
int incoming_create(struct incoming *in, struct incoming_node *dir, const char *name, int flags, mode_t mode,
                    uid_t uid, gid_t gid, struct incoming_node **out, struct incoming_handle **handle);
void incoming_forget(struct incoming *in, struct incoming_node *node, uint64_t count);
uint64_t incoming_ino(const struct incoming_node *node);

int incoming_unlink(struct incoming *in, struct incoming_node *dir, const char *name);
int incoming_rmdir(struct incoming *in, struct incoming_node *dir, const char *name);
/* flags: 0 or RENAME_NOREPLACE; others -EINVAL. */
int incoming_rename(struct incoming *in, struct incoming_node *dir, const char *name,
                    struct incoming_node *new_dir, const char *new_name, unsigned flags);

/* A new file of these bytes (fd: read-only, kept by the caller), as if renamed into the tree; on the disk
 * when it returns 0, judged like an upload whose writer is gone. retry_of: handed to the job, or NULL. */
int incoming_adopt(struct incoming *in, struct incoming_node *dir, const char *name, int fd,
                   const char *retry_of, uid_t uid, gid_t gid, unsigned flags);

void incoming_getattr(struct incoming *in, struct incoming_node *node, struct stat *out);
/* which: bits of enum incoming_set. handle may be NULL. A size change is real; the rest is stored on files
 * and accepted without effect on the top directory. */
enum incoming_set {
    INCOMING_SET_MODE = 1,
    INCOMING_SET_UID = 2,
    INCOMING_SET_GID = 4,
    INCOMING_SET_SIZE = 8,
    INCOMING_SET_ATIME = 16,
    INCOMING_SET_MTIME = 32
};
int incoming_setattr(struct incoming *in, struct incoming_node *node, struct incoming_handle *handle,
                     const struct stat *attr, unsigned which, struct stat *out);

/* -ESTALE for a write-open of a node that is no longer in the tree. */
int incoming_open_file(struct incoming *in, struct incoming_node *node, int flags,
                       struct incoming_handle **out);
ssize_t incoming_read(struct incoming_handle *h, void *data, size_t len, off_t at);
ssize_t incoming_write(struct incoming_handle *h, const void *data, size_t len, off_t at);
/* Bytes and name are on disk afterwards (O1). Never fails for what is in the file; what the disk reports is
 * logged and returned (-EIO, -ENOSPC): a success would be a lie. */
int incoming_flush(struct incoming_handle *h);
int incoming_fsync(struct incoming_handle *h);
void incoming_release(struct incoming *in, struct incoming_handle *h); /* the last writer's release judges */

/* Entries of a directory as they are now, '.' and '..' left out. names malloced. */
struct incoming_entry {
    char *name;
    struct incoming_node *node; /* with one lookup reference when want_nodes, else NULL */
    struct stat attr;
};
int incoming_list(struct incoming *in, struct incoming_node *dir, bool want_nodes,
                  struct incoming_entry **out, size_t *n);
void incoming_list_free(struct incoming_entry *entries, size_t n); /* not the references */

/* For the intake thread (order/intake.c). A job owns one reference to a sealed content object. */
struct incoming_job {
    char *object_key; /* unique for ever */
    char *name;       /* the file's name at judgement */
    int fd;           /* read-only, of the whole content */
    uint64_t size;
    bool candidate;     /* false: not a name we take; never decided, offered to be told so, and to be given up (expired) */
    bool only_complete; /* a writer is still there, or the name has other content by now: INCOMPLETE unless
                           complete */
    bool expired;       /* pending_s is over: settle as DONE, among the refused */
    bool recovered;     /* may have been decided before: look in the journal first */
    char *retry_of;     /* it was refused before, under this name among the refused; NULL: an upload
                           (not known any more after a restart) */
    int64_t give_up_ms; /* wall clock: when an incomplete file is given up */
    void *object;
};
/* Waits up to timeout_ms for files that are to be judged; returns how many (0: none), at most max. */
size_t incoming_take(struct incoming *in, struct incoming_job *jobs, size_t max, int timeout_ms);
/* What the intake found; the job is used up whatever is returned. DONE: decided; the object's file is linked
 * as name below filed_dir (name~2, ~3 ... before the ending where taken, not again where the same bytes are
 * there already; *filed_as malloced, untouched where it had been filed before; filed_dir -1: not filed) and
 * the node lingers. An error of the disk is returned and the file comes again. INCOMPLETE: stays, resumable.
 * RETRY: the database cannot take it now; it stays and is offered again after delay_ms. */
enum incoming_outcome { INCOMING_DONE, INCOMING_INCOMPLETE, INCOMING_RETRY };
int incoming_settle(struct incoming *in, struct incoming_job *job, enum incoming_outcome outcome,
                    int filed_dir, int delay_ms, char **filed_as);
/* The filing of DONE in advance, for who has more to do before the name may vanish: settle then with
 * filed_dir -1. *filed_as is malloced, also where it had been filed before. After an error: settle with RETRY. */
int incoming_file(struct incoming *in, struct incoming_job *job, int filed_dir, char **filed_as);
/* A second place for the same content, before incoming_file; again after a crash: the same name. */
int incoming_file_also(struct incoming *in, struct incoming_job *job, int filed_dir, char **filed_as);
/* For operators. */
struct incoming_load {
    unsigned waiting;    /* complete and not decided yet, or tried again */
    unsigned incomplete; /* still written to, or waiting for the rest */
    int64_t oldest_ms;   /* since the last change of the oldest that waits */
};
void incoming_waiting(struct incoming *in, struct incoming_load *out);
/* What a decision wrote as the file `name` of the directory dir, and would be written again after a crash while the
 * content is still here: it is on the disk before a decided content is removed. Any thread. */
int incoming_sync_first(struct incoming *in, int dir, const char *name);
bool incoming_busy(struct incoming *in); /* something is queued (waiting included) or taken */
void incoming_wake(struct incoming *in); /* makes a waiting incoming_take return */

#endif
