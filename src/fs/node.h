/*
 * What the kernel knows by number: the table of inodes, and the fixed directories.
 *
 * A node lives while the kernel remembers it (nlookup > 0) or for the whole mount (fixed). A request on a
 * number may use its node without a lock: the kernel does not forget an inode while a request on it is under
 * way. Fields are set before the node enters the table and do not change, but for nlookup and what the configuration
 * may change: the attributes of fixed nodes, which are atomic, and the children of a directory, an immutable list
 * that is replaced as a whole. Fixed nodes stay when their site goes: somebody may be in there.
 */
#ifndef SHOPFS_FS_NODE_H
#define SHOPFS_FS_NODE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <fuse_lowlevel.h>
#include <uthash.h>

#include "base/buf.h"
#include "export/checksum.h"
#include "export/exports.h"
#include "fs/fs.h"
#include "image/pictures.h"
#include "order/incoming.h"
#include "order/shelf.h"

enum node_kind {
    NODE_DIR,      /* a fixed directory: children in dir */
    NODE_IMAGES,   /* images/ */
    NODE_SHELF,    /* processed/, rejected/, results/ */
    NODE_INCOMING, /* a file or directory of incoming/ */
    NODE_VERSION,  /* one version of an export */
    NODE_PICTURE,
    NODE_STORED,   /* a file on a shelf */
    NODE_TEXT,     /* a file of .shopfs/, as it was when looked up */
    NODE_CHECKSUM, /* the checksum of one version; hashed when opened */
};

/* Inode numbers of pictures and stored files are computed from what they show, so that another content is
 * another inode; the tags keep the ranges apart from the counted ones. */
#define INO_PICTURE ((uint64_t)1 << 63)
#define INO_STORED ((uint64_t)1 << 62)
#define INO_CHECKSUM ((uint64_t)1 << 61) /* with the number of the version */

struct fs;
struct site_tree;

struct child {
    char *name;
    struct node *dir;          /* a fixed node, or */
    struct outlet *outlet;     /* a file that is exported, or */
    struct checksum *checksum; /* with outlet: that of its version, or */
    void (*text)(struct fs *fs, struct site_tree *site, struct buf *out); /* a report made when looked up */
    struct site_tree *site;
    bool hidden; /* not listed */
};

struct children {
    atomic_uint refs;
    size_t n;
    struct child list[];
};

struct node {
    uint64_t ino;
    uint64_t nlookup; /* table lock */
    UT_hash_handle hh;
    enum node_kind kind;
    bool fixed;
    _Atomic mode_t mode; /* with type; fixed nodes, versions, stored files */
    _Atomic uid_t uid;
    _Atomic gid_t gid;
    struct site_tree *site; /* whose it is; NULL: the mount's */
    bool in_orders;         /* an export in orders/: for the site's owner where it has one, as what else is there */
    union {
        struct {
            struct children *children; /* under fs->lock */
            bool orders;               /* orders/: opened when first looked into */
        } dir;
        struct {
            int fd;
            bool refused; /* rejected/: its files may be deleted and moved to incoming/ */
        } shelf;
        struct {
            struct incoming *in;
            struct incoming_node *node;
        } incoming;
        struct version *version;
        struct {
            struct version *version;
            struct checksum *of;
        } checksum;
        struct {
            uint64_t size;
            struct timespec mtime;
            const struct node *shelf; /* stored */
            char *name;               /* picture and stored */
            char *text;               /* text */
        } file;
    };
};

/* What the tree has of one site, for as long as the fs lives. */
struct site_tree {
    char *name;
    struct site_tree *next;
    bool shown;                /* by the configuration's thread */
    _Atomic gid_t gid;         /* of private exports */
    _Atomic bool has_owner;    /* written by the configuration's thread, under orders_lock */
    _Atomic uid_t uid;         /* likewise */
    struct node *top;          /* its own directory; NULL while it is the root */
    struct node *images, *orders, *hidden;
    struct node **dirs; /* of exports, "exports" */
    size_t n_dirs, cap_dirs;
    struct outlet **outlets; /* references; under fs->lock */
    char *remarks, *path;    /* likewise; path: as fs_site */
    atomic_bool follows;     /* its names are not for the kernel to remember */
    pthread_mutex_t orders_lock;
    int (*open_orders)(void *arg, struct fs_orders *out);
    void *arg;
    atomic_bool open; /* rooms and the nodes below are there */
    struct fs_orders rooms;
    struct node *processed, *rejected, *results, *incoming, *check;
};

/* What was asked of us, for the metrics. */
enum request {
    REQUEST_LOOKUP,
    REQUEST_GETATTR,
    REQUEST_LIST,
    REQUEST_OPEN,
    REQUEST_READ,
    REQUEST_WRITE,
    REQUEST_CHANGE,
    REQUESTS
};

struct untold {
    struct untold *next;
    uint64_t dir;
    char name[];
};

struct fs {
    _Atomic(struct fuse_session *) session; /* NULL: none, nothing to tell */
    atomic_uint telling;                    /* notifications that are being written to it */
    atomic_uint_fast64_t next_ino;
    pthread_mutex_t lock; /* table, nlookup, children of directories, outlets of sites, notice */
    struct node *table;
    struct node *root;
    struct pictures *pictures;
    struct checksums *checksums;
    int state_dir;
    size_t splice_max; /* bytes of a reply that fit into a pipe; 0: replies are copied */
    _Atomic(struct site_tree *) sites; /* all there ever were; only added to */
    char *notice;
    struct untold *untold; /* names the kernel is to forget; under lock */
    atomic_bool follows;           /* some site does */
    fs_follow_fn follow;           /* set before the session */
    void *follow_arg;
    struct timespec started;
    atomic_uint_fast64_t requests[REQUESTS], bytes_read, bytes_written;
    struct timespec born; /* time of every fixed directory: the same after a restart */
};

/* What the kernel remembers of a name (it answers ENOENT for one it does not know, which is as good), of a node's
 * attributes. Nothing without a session. Not from the thread of a request, which may be what the kernel waits for. */
void kernel_forget_name(struct fs *fs, uint64_t dir, const char *name);
void kernel_forget_attributes(struct fs *fs, uint64_t ino);

/* The node of a number that came in a request. */
struct node *node_get(struct fs *fs, fuse_ino_t ino);

/* Enters a node or finds the one with the same number, and counts one lookup. Takes over fresh (freed when
 * there was one already). */
struct node *node_enter(struct fs *fs, struct node *fresh);
void node_forget(struct fs *fs, fuse_ino_t ino, uint64_t count);

/* Frees every node; the session has ended. */
void node_table_free(struct fs *fs);

/* Fresh nodes for node_enter. */
struct node *node_of_version(struct version *v, struct outlet *o, struct site_tree *site); /* takes over v */
struct node *node_of_picture(const struct picture_info *info);
struct node *node_enter_picture(struct fs *fs, const struct picture_info *info); /* the same and node_enter */
bool node_is_picture(const struct node *n, const struct picture_info *info); /* still what was looked up */
struct node *node_of_stored(const struct node *shelf, const char *name, const struct stat *st);
double node_shelf_timeout(const struct node *shelf); /* how long the kernel may believe a name there */
bool node_is_stored(const struct node *n, int fd);   /* fd: still the file that was looked up */
struct node *node_of_incoming(struct incoming *in, struct incoming_node *node);
struct node *node_of_text(struct fs *fs, char *text, size_t len); /* takes over text */
struct node *node_of_checksum(struct checksum *of, struct version *v, struct outlet *o,
                              struct site_tree *site); /* takes over v */

void node_attr(const struct fs *fs, struct node *n, struct stat *out);
double node_attr_timeout(const struct node *n);

/* A fixed node in the table; parent's children are the caller's business. ino 0: a new number. */
struct node *node_fixed(struct fs *fs, enum node_kind kind, uint64_t ino, mode_t mode,
                        struct site_tree *site);

/* The children of a directory as they are now: a reference, never NULL. */
struct children *children_of(struct fs *fs, struct node *dir);
void children_unref(struct children *c); /* NULL is fine */
const struct child *children_find(const struct children *c, const char *name);
/* n children, taken over; array is freed. */
struct children *children_new(struct child *array, size_t n);
/* Replaces a directory's children and, with tell, notes names that came or went for fs_tell. Takes the reference
 * over. */
void children_replace(struct fs *fs, struct node *dir, struct children *now, bool tell);

#endif
