/*
 * What the kernel knows by number: the table of inodes, and the fixed directories.
 *
 * A node lives while the kernel remembers it (nlookup > 0) or for the whole mount (fixed). A request on a
 * number may use its node without a lock: the kernel does not forget an inode while a request on it is under
 * way. All fields but nlookup are set before the node enters the table and do not change.
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

struct child {
    const char *name;
    struct node *dir;                                          /* a fixed node, or */
    struct export *export;                                     /* an export, or */
    struct checksum *checksum;                                 /* with export: that of its version, or */
    void (*text)(struct fs *fs, size_t site, struct buf *out); /* a report made when looked up */
    size_t site;
    bool hidden; /* not listed */
};

struct node {
    uint64_t ino;
    uint64_t nlookup; /* table lock */
    UT_hash_handle hh;
    enum node_kind kind;
    bool fixed;
    mode_t mode; /* with type; fixed nodes, versions, stored files */
    uid_t uid;
    gid_t gid;
    union {
        struct {
            struct node *parent;
            struct child *children;
            size_t n, cap;
        } dir;
        struct {
            struct node *parent;
            int fd;
            struct fs_site *site; /* rejected/: its files may be deleted and moved to incoming/; else NULL */
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
            int fd;     /* stored: of its shelf */
            char *name; /* picture and stored */
            char *text; /* text */
        } file;
    };
};

/* What was asked of us, for the metrics. */
enum request { REQUEST_LOOKUP, REQUEST_GETATTR, REQUEST_LIST, REQUEST_OPEN, REQUEST_READ, REQUEST_WRITE, REQUEST_CHANGE, REQUESTS };

struct fs {
    _Atomic(struct fuse_session *) session;
    atomic_uint_fast64_t next_ino;
    pthread_mutex_t lock; /* table, nlookup */
    struct node *table;
    struct node *root;
    struct pictures *pictures;
    struct checksums *checksums;
    int state_dir;
    struct fs_site *sites;
    struct site_nodes *site_nodes; /* beside sites */
    size_t n_sites;
    struct timespec started;
    atomic_uint_fast64_t requests[REQUESTS], bytes_read, bytes_written;
    struct timespec born; /* time of every fixed directory: the same after a restart */
};

struct site_nodes {
    struct node *processed, *rejected, *results;
};

/* The node of a number that came in a request. */
struct node *node_get(struct fs *fs, fuse_ino_t ino);

/* Enters a node or finds the one with the same number, and counts one lookup. Takes over fresh (freed when
 * there was one already). */
struct node *node_enter(struct fs *fs, struct node *fresh);
void node_forget(struct fs *fs, fuse_ino_t ino, uint64_t count);

/* Frees every node; the session has ended. */
void node_table_free(struct fs *fs);

/* Fresh nodes for node_enter. */
struct node *node_of_version(struct version *v, const struct export *e, const struct fs *fs,
                             size_t site); /* takes over v */
struct node *node_of_picture(const struct picture_info *info);
bool node_is_picture(const struct node *n, const struct picture_info *info); /* still what was looked up */
struct node *node_of_stored(const struct node *shelf, const char *name, const struct stat *st);
double node_shelf_timeout(const struct node *shelf); /* how long the kernel may believe a name there */
bool node_is_stored(const struct node *n, int fd); /* fd: still the file that was looked up */
struct node *node_of_incoming(struct incoming *in, struct incoming_node *node);
struct node *node_of_text(struct fs *fs, char *text, size_t len); /* takes over text */
struct node *node_of_checksum(struct checksum *of, struct version *v, const struct export *e,
                              const struct fs *fs, size_t site); /* takes over v */

void node_attr(const struct fs *fs, struct node *n, struct stat *out);
double node_attr_timeout(const struct node *n);

/* Fixed directories. */
struct node *node_dir_add(struct fs *fs, struct node *parent, const char *name, mode_t mode, bool hidden);
/* The directory of path below base, made where it is missing: with this mode and group. One that is there
 * already may be read by whoever mode allows as well. *leaf: the last part of path. */
struct node *node_dir_path(struct fs *fs, struct node *base, const char *path, mode_t mode, gid_t gid,
                           const char **leaf);
void node_child_add(struct node *dir, struct child child);
const struct child *node_child_find(const struct node *dir, const char *name);

#endif
