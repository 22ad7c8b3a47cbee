/* Open files: versions, pictures, stored files and reports are read; files of incoming/ are also written. */
#include "fs/fs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

static struct incoming_handle *handle_of(const struct fuse_file_info *fi)
{
    return (struct incoming_handle *)(uintptr_t)fi->fh;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
    struct fs *fs = fs_of(req, REQUEST_OPEN);
    struct node *dir = node_get(fs, parent), *n;
    const struct fuse_ctx *who = fuse_req_ctx(req);
    struct incoming_node *made;
    struct incoming_handle *handle;
    struct fuse_entry_param e = {0};
    int r;

    if (dir == NULL || dir->kind != NODE_INCOMING) {
        fuse_reply_err(req, dir == NULL ? ESTALE : EACCES);
        return;
    }
    r = incoming_create(dir->incoming.in, dir->incoming.node, name, fi->flags, mode, who->uid, who->gid,
                        &made, &handle);
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    n = node_enter(fs, node_of_incoming(dir->incoming.in, made));
    e.ino = n->ino;
    node_attr(fs, n, &e.attr);
    e.attr_timeout = node_attr_timeout(n);
    e.entry_timeout = TIMEOUT_LISTED;
    fi->fh = (uint64_t)(uintptr_t)handle;
    if (fuse_reply_create(req, &e, fi) < 0) {
        incoming_release(n->incoming.in, handle);
        node_forget(fs, e.ino, 1);
    }
}

struct checksum_open {
    fuse_req_t req;
    struct fuse_file_info fi;
};

static void checksum_hashed(void *arg, const char *line, int status)
{
    struct checksum_open *o = arg;

    if (line == NULL) {
        fuse_reply_err(o->req, status < 0 ? -status : EIO);
    } else {
        char *text = xstrdup(line);
        o->fi.fh = (uint64_t)(uintptr_t)text;
        if (fuse_reply_open(o->req, &o->fi) < 0)
            free(text);
    }
    free(o);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct fs *fs = fs_of(req, REQUEST_OPEN);
    struct node *n = node_get(fs, ino);
    struct picture *pic = NULL;
    struct incoming_handle *handle = NULL;
    int r = 0, fd = -1;

    if (n == NULL) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    if (n->kind != NODE_INCOMING && (fi->flags & O_ACCMODE) != O_RDONLY) {
        fuse_reply_err(req, EACCES);
        return;
    }
    switch (n->kind) {
    case NODE_VERSION:
    case NODE_TEXT:
        /* The inode is its content: what the kernel has cached stays right. */
        fi->keep_cache = 1;
        fi->noflush = 1;
        break;
    case NODE_CHECKSUM: { /* the answer may come from the thread that hashes */
        struct checksum_open *o = xmalloc(sizeof *o);
        fi->keep_cache = 1;
        fi->noflush = 1;
        *o = (struct checksum_open){req, *fi};
        checksum_request(n->checksum.of, version_ref(n->checksum.version), checksum_hashed, o);
        return;
    }
    case NODE_PICTURE:
        r = picture_open(fs->pictures, n->file.name, &pic);
        if (r < 0)
            break;
        /* Replaced since it was looked up: the kernel looks up again and finds the new one. */
        if (!node_is_picture(n, picture_info(pic))) {
            picture_close(pic);
            r = -ESTALE;
            break;
        }
        fi->fh = (uint64_t)(uintptr_t)pic;
        fi->keep_cache = 1;
        fi->noflush = 1;
        break;
    case NODE_STORED:
        r = fd = shelf_open(n->file.shelf->shelf.fd, n->file.name);
        if (fd < 0)
            break;
        if (!node_is_stored(n, fd)) { /* replaced since it was looked up: as above */
            close(fd);
            fd = -1;
            r = -ESTALE;
            break;
        }
        fi->fh = (uint64_t)fd;
        fi->keep_cache = 1;
        fi->noflush = 1;
        break;
    case NODE_INCOMING:
        r = incoming_open_file(n->incoming.in, n->incoming.node, fi->flags, &handle);
        if (r == 0)
            fi->fh = (uint64_t)(uintptr_t)handle;
        break;
    case NODE_DIR:
    case NODE_IMAGES:
    case NODE_SHELF:
        r = -EISDIR;
        break;
    }
    if (r < 0) {
        fuse_reply_err(req, -r);
    } else if (fuse_reply_open(req, fi) < 0) {
        if (pic != NULL)
            picture_close(pic);
        if (fd >= 0)
            close(fd);
        if (handle != NULL)
            incoming_release(n->incoming.in, handle);
    }
}

static ssize_t text_read(const char *text, uint64_t len, char *data, size_t size, off_t off)
{
    uint64_t at = (uint64_t)off;

    if (at >= len)
        return 0;
    if (size > len - at)
        size = (size_t)(len - at);
    memcpy(data, text + at, size);
    return (ssize_t)size;
}

/* The bytes of a version go from the pages of the spool into the kernel's answer without passing through our memory,
 * which is one copy of two. False: not these, copy them. libfuse (3.14) goes by the last extent alone when it decides
 * whether a pipe is worth it, and copies badly where it is not: a short rest is given to it in memory. */
static bool reply_spliced(fuse_req_t req, struct fs *fs, const struct version *v, size_t size, off_t off)
{
    struct version_extent extents[SPLICE_EXTENTS];
    char rest[8192];
    const size_t least = 2 * (size_t)sysconf(_SC_PAGESIZE);
    size_t all = 0;
    int fd, n;

    if (size < least || size > fs->splice_max)
        return false;
    n = version_extents(v, extents, SPLICE_EXTENTS, size, (uint64_t)off, &fd);
    if (n <= 0)
        return false;
    bool has_rest = extents[n - 1].len < sizeof rest && n > 1;
    if (extents[n - 1 - has_rest].len < least)
        return false;
    if (has_rest && io_pread_full(fd, rest, extents[n - 1].len, extents[n - 1].at) != (ssize_t)extents[n - 1].len)
        return false;
    struct fuse_bufvec *bytes = xcalloc(1, sizeof *bytes + (size_t)n * sizeof bytes->buf[0]);
    bytes->count = (size_t)n;
    for (int i = 0; i < n; i++) {
        bytes->buf[i] = (struct fuse_buf){
            .size = extents[i].len, .flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK, .fd = fd, .pos = extents[i].at};
        all += extents[i].len;
    }
    if (has_rest)
        bytes->buf[n - 1] = (struct fuse_buf){.size = extents[n - 1].len, .mem = rest};
    if (fuse_reply_data(req, bytes, 0) == 0)
        atomic_fetch_add_explicit(&fs->bytes_read, all, memory_order_relaxed);
    free(bytes);
    return true;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    struct fs *fs = fs_of(req, REQUEST_READ);
    struct node *n = node_get(fs, ino);
    char *data;
    ssize_t got = -EBADF;

    if (n == NULL) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    if (n->kind == NODE_VERSION && reply_spliced(req, fs, n->version, size, off))
        return;
    data = malloc(size > 0 ? size : 1);
    if (data == NULL) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    switch (n->kind) {
    case NODE_VERSION:
        got = version_read(n->version, data, size, (uint64_t)off);
        break;
    case NODE_PICTURE:
        got = picture_read((struct picture *)(uintptr_t)fi->fh, data, size, (uint64_t)off);
        break;
    case NODE_STORED:
        got = io_pread_full((int)fi->fh, data, size, off);
        break;
    case NODE_TEXT:
        got = text_read(n->file.text, n->file.size, data, size, off);
        break;
    case NODE_CHECKSUM:
        got = text_read((const char *)(uintptr_t)fi->fh, checksum_len(n->checksum.of), data, size, off);
        break;
    case NODE_INCOMING:
        got = incoming_read(handle_of(fi), data, size, off);
        break;
    case NODE_DIR:
    case NODE_IMAGES:
    case NODE_SHELF:
        got = -EISDIR;
        break;
    }
    if (got < 0)
        fuse_reply_err(req, (int)-got);
    else
        fuse_reply_buf(req, data, (size_t)got);
    if (got > 0)
        atomic_fetch_add_explicit(&fs->bytes_read, (uint64_t)got, memory_order_relaxed);
    free(data);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
              struct fuse_file_info *fi)
{
    struct fs *fs = fs_of(req, REQUEST_WRITE);
    ssize_t put = incoming_write(handle_of(fi), data, size, off);

    (void)ino;
    if (put < 0) {
        fuse_reply_err(req, (int)-put);
        return;
    }
    atomic_fetch_add_explicit(&fs->bytes_written, (uint64_t)put, memory_order_relaxed);
    fuse_reply_write(req, (size_t)put);
}

/* Never fails for what the content is: a server has already told its client that all went well. What the disk
 * says is told, or done would not mean kept. */
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct node *n = node_get(fuse_req_userdata(req), ino);
    int r = 0;

    if (n != NULL && n->kind == NODE_INCOMING)
        r = incoming_flush(handle_of(fi));
    fuse_reply_err(req, -r);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    struct node *n = node_get(fuse_req_userdata(req), ino);
    int r = 0;

    (void)datasync;
    if (n != NULL && n->kind == NODE_INCOMING)
        r = incoming_fsync(handle_of(fi));
    fuse_reply_err(req, -r);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct node *n = node_get(fuse_req_userdata(req), ino);

    if (n != NULL) {
        switch (n->kind) {
        case NODE_PICTURE:
            picture_close((struct picture *)(uintptr_t)fi->fh);
            break;
        case NODE_STORED:
            close((int)fi->fh);
            break;
        case NODE_CHECKSUM:
            free((char *)(uintptr_t)fi->fh);
            break;
        case NODE_INCOMING:
            incoming_release(n->incoming.in, handle_of(fi));
            break;
        case NODE_VERSION:
        case NODE_TEXT:
        case NODE_DIR:
        case NODE_IMAGES:
        case NODE_SHELF:
            break;
        }
    }
    fuse_reply_err(req, 0);
}
