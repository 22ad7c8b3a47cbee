/*
 * The FUSE front end: translates a request, calls the rooms below, answers. No SQL, no XML, no policy.
 *
 * What it decides is only what the kernel may remember: an export's name is looked up each time and its inode
 * (one version) is remembered for long; names in incoming/ and pictures for a second or a few; ENOENT in
 * fixed directories for seconds. No extended attributes, no locks, no ACCESS: the kernel answers those by
 * itself.
 */
#ifndef SHOPFS_FS_FS_H
#define SHOPFS_FS_FS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <fuse_lowlevel.h>

struct incoming;
struct intake;
struct outlet;
struct pictures;
struct fs;

/* The rooms of one web shop's orders; they outlive the fs. */
struct fs_orders {
    struct incoming *incoming, *check; /* orders/incoming/, orders/check/ */
    struct intake *intake, *checker;
    int archive_dir, refused_dir, results_dir; /* orders/processed, rejected, results */
};

/* One web shop. */
struct fs_site {
    const char *name;
    const char *path; /* its directory; NULL: the root, of the only one */
    struct outlet *const *outlets; /* NULL-ended; the fs takes references of its own */
    uid_t uid;
    gid_t gid;
    bool has_owner;      /* uid or gid configured: what holds personal data is for them alone */
    mode_t mode;         /* of its own directory, where it has one */
    bool follows;        /* its files may be others at any look: see fs_set_follow */
    const char *remarks; /* lines for .shopfs/status; NULL: none */
    /* Opens the rooms of its orders: called once, when somebody first looks into orders/, by the thread of his request,
     * or by fs_open_orders. 0 or -errno, after which it is called again. */
    int (*open_orders)(void *arg, struct fs_orders *out);
    void *arg;
};

struct fs_options {
    struct pictures *pictures;
    int state_dir; /* its filesystem answers statfs */
};

/* In two steps, since rooms below want numbers and callbacks before the tree can be built from them. */
struct fs *fs_new(void);
void fs_build(struct fs *fs, const struct fs_options *options);
void fs_free(struct fs *fs); /* after the session ended */

/* Makes the tree show these sites: before the session, and again while requests are served, which see either the
 * tree before or the one after. What stays keeps its inodes, also under another path. A site that is not named any
 * more has no name in the tree; who has a file or directory of it open goes on.
 * One call at a time. tell: names that came or went are for fs_tell. */
void fs_set_sites(struct fs *fs, const struct fs_site *sites, size_t n, bool tell);
/* Tells the kernel of them; waits for it, so not in a request's thread, nor with a lock that one may wait for. */
void fs_tell(struct fs *fs);

/* As if somebody looked into the site's orders/. 0 or -errno: that of open_orders, -ENOENT: no such site. */
int fs_open_orders(struct fs *fs, const char *site);

/* Called by a request's thread before it looks at the names of exported files, while a site follows. false: they are
 * right as they are. true: done is called, once, when the tree has been made right by fs_set_sites, from another thread.
 * Must not block. Set before the session. */
typedef bool (*fs_follow_fn)(void *arg, void (*done)(void *arg), void *done_arg);
void fs_set_follow(struct fs *fs, fs_follow_fn follow, void *arg);

/* What .shopfs/status says of the configuration; malloced, taken over; NULL: nothing. Any thread. */
void fs_set_notice(struct fs *fs, char *text);

/* A number that was never an inode of this mount. Any thread; fits exports_options.next_ino. */
uint64_t fs_next_ino(void *fs);
/* For incoming_options.vanished and intake_options.filed: forward to the kernel. Any thread but a request's.
 */
void fs_vanished(void *fs, uint64_t parent_ino, uint64_t ino, const char *name);
struct fs_filed_arg {
    struct fs *fs;
    const char *site; /* outlives the fs */
};
void fs_filed(void *arg, const char *directory, const char *name);

/* Operations; their userdata is the struct fs. */
const struct fuse_lowlevel_ops *fs_operations(void);
/* NULL before the session is unmounted, which closes its descriptor: when it returns nobody writes notifications to it,
 * and requests that wait for a checksum are answered. */
void fs_set_session(struct fs *fs, struct fuse_session *session);

#endif
