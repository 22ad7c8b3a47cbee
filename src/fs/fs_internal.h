/* What the files of this room share. */
#ifndef SHOPFS_FS_FS_INTERNAL_H
#define SHOPFS_FS_FS_INTERNAL_H

#include "fs/node.h"

/* fs_files.c */
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
              struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* A reply made of more extents is copied; so are small ones, for which a pipe costs more. */
#define SPLICE_EXTENTS 64

/* fs_dirs.c */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* How long the kernel may believe a name found by readdirplus. */
#define TIMEOUT_LISTED_PICTURE 2.0
#define TIMEOUT_LISTED 1.0

/* status.c, metrics.c: the reports in .shopfs/ */
void status_report(struct fs *fs, struct site_tree *site, struct buf *out);
void metrics_report(struct fs *fs, struct site_tree *site, struct buf *out);
void events_report(struct fs *fs, struct site_tree *site, struct buf *out);
/* References to what the site exports now; NULL-ended, for outlets_free. */
struct outlet **site_outlets(struct fs *fs, const struct site_tree *site);

/* Counts a request; any thread. */
static inline struct fs *fs_of(fuse_req_t req, enum request request)
{
    struct fs *fs = fuse_req_userdata(req);

    atomic_fetch_add_explicit(&fs->requests[request], 1, memory_order_relaxed);
    return fs;
}

/* tree.c: whether what is in the directory depends on what is committed, so that names_wait is to be asked before names
 * are looked at. */
bool names_follow(const struct fs *fs, const struct node *dir);
/* As fs_follow_fn. */
bool names_wait(struct fs *fs, void (*done)(void *arg), void *arg);

/* tree.c: makes sure that the rooms of a site's orders are open; 0 or -errno. dir: any directory. */
int orders_open(struct fs *fs, struct node *dir);

#endif
