/* Requests on names and attributes: lookup, getattr, setattr, and what changes the tree of incoming/. */
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "base/mem.h"
#include "order/intake.h"

/* How long the kernel may believe a name. */
#define TIMEOUT_FIXED 60.0
#define TIMEOUT_NEGATIVE 5.0
#define TIMEOUT_PICTURE 2.0
#define TIMEOUT_SHORT 1.0

static void entry_fill(const struct fs *fs, struct node *n, double name_timeout, struct fuse_entry_param *out)
{
    memset(out, 0, sizeof *out);
    out->ino = n->ino;
    node_attr(fs, n, &out->attr);
    out->attr_timeout = node_attr_timeout(n);
    out->entry_timeout = name_timeout;
}

/* Replies with a node just entered; a reply that did not reach the kernel takes the lookup back. */
static void reply_node(fuse_req_t req, struct fs *fs, struct node *n, double name_timeout)
{
    struct fuse_entry_param e;
    uint64_t ino = n->ino;
    bool fixed = n->fixed;

    entry_fill(fs, n, name_timeout, &e);
    if (fuse_reply_entry(req, &e) < 0 && !fixed)
        node_forget(fs, ino, 1);
}

static void reply_absent(fuse_req_t req, double timeout)
{
    struct fuse_entry_param e = {.entry_timeout = timeout};

    if (timeout > 0)
        fuse_reply_entry(req, &e);
    else
        fuse_reply_err(req, ENOENT);
}

struct export_lookup {
    fuse_req_t req;
    struct fs *fs;
    struct outlet *outlet; /* a reference */
    struct site_tree *site;
};

static void export_looked_up(void *arg, struct version *v, int status)
{
    struct export_lookup *l = arg;

    if (v == NULL)
        fuse_reply_err(l->req, status < 0 ? -status : EIO);
    else
        reply_node(l->req, l->fs, node_enter(l->fs, node_of_version(v, l->outlet, l->site)), 0.0);
    outlet_unref(l->outlet);
    free(l);
}

struct checksum_lookup {
    struct export_lookup of;
    struct checksum *checksum;
};

/* The checksum of the version that a lookup of the export itself would have found. */
static void checksum_looked_up(void *arg, struct version *v, int status)
{
    struct checksum_lookup *l = arg;
    struct fs *fs = l->of.fs;

    if (v == NULL)
        fuse_reply_err(l->of.req, status < 0 ? -status : EIO);
    else
        reply_node(l->of.req, fs, node_enter(fs, node_of_checksum(l->checksum, v, l->of.outlet, l->of.site)), 0.0);
    outlet_unref(l->of.outlet);
    free(l);
}

static void answer_child(fuse_req_t req, struct fs *fs, const struct child *c)
{
    bool follows = atomic_load(&fs->follows); /* what is not there may be there at the next look, and the other way */

    if (c == NULL) {
        reply_absent(req, follows ? 0.0 : TIMEOUT_NEGATIVE);
    } else if (c->dir != NULL) {
        reply_node(req, fs, c->dir, follows ? 0.0 : TIMEOUT_FIXED);
    } else if (c->checksum != NULL) {
        struct checksum_lookup *l = xmalloc(sizeof *l);
        *l = (struct checksum_lookup){{req, fs, outlet_ref(c->outlet), c->site}, c->checksum};
        outlet_current_for(c->outlet, (uint64_t)fuse_req_ctx(req)->pid, checksum_looked_up, l);
    } else if (c->outlet != NULL) {
        struct export_lookup *l = xmalloc(sizeof *l);
        *l = (struct export_lookup){req, fs, outlet_ref(c->outlet), c->site};
        outlet_current_for(c->outlet, (uint64_t)fuse_req_ctx(req)->pid, export_looked_up, l);
    } else {
        struct buf text = BUF_INIT;
        size_t len;
        c->text(fs, c->site, &text);
        char *s = buf_detach(&text, &len);
        reply_node(req, fs, node_enter(fs, node_of_text(fs, s, len)), 0.0);
    }
}

static void find_child(fuse_req_t req, struct fs *fs, struct node *dir, const char *name)
{
    int r = orders_open(fs, dir);
    struct children *children;

    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    children = children_of(fs, dir);
    answer_child(req, fs, children_find(children, name));
    children_unref(children);
}

struct name_lookup {
    fuse_req_t req;
    struct fs *fs;
    struct node *dir;
    char name[];
};

static void names_are_right(void *arg)
{
    struct name_lookup *l = arg;

    find_child(l->req, l->fs, l->dir, l->name);
    free(l);
}

static void lookup_child(fuse_req_t req, struct fs *fs, struct node *dir, const char *name)
{
    struct name_lookup *l;

    if (!names_follow(fs, dir)) {
        find_child(req, fs, dir, name);
        return;
    }
    l = xmalloc(sizeof *l + strlen(name) + 1);
    *l = (struct name_lookup){req, fs, dir};
    strcpy(l->name, name);
    if (!names_wait(fs, names_are_right, l))
        names_are_right(l);
}

static void reply_incoming(fuse_req_t req, struct fs *fs, struct incoming *in, struct incoming_node *found)
{
    reply_node(req, fs, node_enter(fs, node_of_incoming(in, found)), TIMEOUT_SHORT);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fs *fs = fs_of(req, REQUEST_LOOKUP);
    struct node *dir = node_get(fs, parent);
    struct picture_info info;
    struct incoming_node *found;
    struct stat st;
    int r;

    if (dir == NULL) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    switch (dir->kind) {
    case NODE_DIR:
        lookup_child(req, fs, dir, name);
        return;
    case NODE_IMAGES:
        r = pictures_find(fs->pictures, name, &info);
        if (r == 0)
            reply_node(req, fs, node_enter(fs, node_of_picture(&info)), TIMEOUT_PICTURE);
        else if (r == -ENOENT)
            reply_absent(req, TIMEOUT_PICTURE);
        else
            fuse_reply_err(req, -r);
        return;
    case NODE_SHELF:
        r = shelf_stat(dir->shelf.fd, name, &st);
        if (r == 0)
            reply_node(req, fs, node_enter(fs, node_of_stored(dir, name, &st)), node_shelf_timeout(dir));
        else
            fuse_reply_err(req, -r);
        return;
    case NODE_INCOMING:
        r = incoming_lookup(dir->incoming.in, dir->incoming.node, name, &found);
        if (r == 0)
            reply_incoming(req, fs, dir->incoming.in, found);
        else
            fuse_reply_err(req, -r);
        return;
    case NODE_VERSION:
    case NODE_PICTURE:
    case NODE_STORED:
    case NODE_TEXT:
    case NODE_CHECKSUM:
        break;
    }
    fuse_reply_err(req, ENOTDIR);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
    node_forget(fuse_req_userdata(req), ino, count);
    fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t n, struct fuse_forget_data *forgets)
{
    struct fs *fs = fuse_req_userdata(req);

    for (size_t i = 0; i < n; i++)
        node_forget(fs, forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct node *n = node_get(fs_of(req, REQUEST_GETATTR), ino);
    struct stat st;

    (void)fi;
    if (n == NULL) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    node_attr(fuse_req_userdata(req), n, &st);
    fuse_reply_attr(req, &st, node_attr_timeout(n));
}

/* The fixed directories take attributes without effect: rsync -a sets them on whatever it copies into. What
 * is exported refuses, whoever asks: its attributes say what it is. */
static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                       struct fuse_file_info *fi)
{
    struct node *n = node_get(fs_of(req, REQUEST_CHANGE), ino);
    struct stat st;
    unsigned which = 0;
    int r;

    if (n == NULL) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    if (n->kind != NODE_INCOMING) {
        if (!S_ISDIR(n->mode)) {
            fuse_reply_err(req, EACCES);
            return;
        }
        node_attr(fuse_req_userdata(req), n, &st);
        fuse_reply_attr(req, &st, node_attr_timeout(n));
        return;
    }
    which |= to_set & FUSE_SET_ATTR_MODE ? INCOMING_SET_MODE : 0;
    which |= to_set & FUSE_SET_ATTR_UID ? INCOMING_SET_UID : 0;
    which |= to_set & FUSE_SET_ATTR_GID ? INCOMING_SET_GID : 0;
    which |= to_set & FUSE_SET_ATTR_SIZE ? INCOMING_SET_SIZE : 0;
    which |= to_set & FUSE_SET_ATTR_ATIME ? INCOMING_SET_ATIME : 0;
    which |= to_set & FUSE_SET_ATTR_MTIME ? INCOMING_SET_MTIME : 0;
    if (to_set & FUSE_SET_ATTR_ATIME_NOW)
        clock_gettime(CLOCK_REALTIME, &attr->st_atim);
    if (to_set & FUSE_SET_ATTR_MTIME_NOW)
        clock_gettime(CLOCK_REALTIME, &attr->st_mtim);
    r = incoming_setattr(n->incoming.in, n->incoming.node,
                         fi != NULL ? (struct incoming_handle *)(uintptr_t)fi->fh : NULL, attr, which, &st);
    if (r < 0) {
        fuse_reply_err(req, -r);
        return;
    }
    st.st_ino = n->ino;
    fuse_reply_attr(req, &st, node_attr_timeout(n));
}

/* The directory of incoming/ a changing request names, or NULL after the refusal was sent. */
/* NULL: answered already, the request is gone. */
static struct node *incoming_dir(fuse_req_t req, fuse_ino_t ino)
{
    struct node *n = node_get(fuse_req_userdata(req), ino);

    if (n != NULL && n->kind == NODE_INCOMING)
        return n;
    fuse_reply_err(req, n == NULL ? ESTALE : EACCES);
    return NULL;
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct fs *fs = fs_of(req, REQUEST_CHANGE);
    struct node *dir = incoming_dir(req, parent);
    struct incoming_node *made;
    int r;

    if (dir == NULL)
        return;
    const struct fuse_ctx *who = fuse_req_ctx(req);
    r = incoming_mkdir(dir->incoming.in, dir->incoming.node, name, mode, who->uid, who->gid, &made);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        reply_incoming(req, fs, dir->incoming.in, made);
}

/* rejected/ of a site, or NULL: its files may go. */
static const struct fs_orders *refused_of(struct fs *fs, fuse_ino_t ino)
{
    struct node *n = node_get(fs, ino);

    return n != NULL && n->kind == NODE_SHELF && n->shelf.refused ? &n->site->rooms : NULL;
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    const struct fs_orders *refused = refused_of(fs_of(req, REQUEST_CHANGE), parent);
    struct node *dir = refused == NULL ? incoming_dir(req, parent) : NULL;

    if (refused != NULL)
        fuse_reply_err(req, -intake_discard(refused->intake, name));
    else if (dir != NULL)
        fuse_reply_err(req, -incoming_unlink(dir->incoming.in, dir->incoming.node, name));
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    fs_of(req, REQUEST_CHANGE);
    struct node *dir = incoming_dir(req, parent);

    if (dir != NULL)
        fuse_reply_err(req, -incoming_rmdir(dir->incoming.in, dir->incoming.node, name));
}

/* A refused file moved to incoming/ is judged again; moved to check/ it is looked at and stays. */
static int rename_refused(const struct fs_orders *site, const char *name, const struct node *to, const char *new_name,
                          const struct fuse_ctx *who, unsigned flags)
{
    if (to->incoming.in == site->incoming)
        return intake_retry(site->intake, name, to->incoming.node, new_name, who->uid, who->gid, flags);
    if (to->incoming.in == site->check)
        return intake_try(site->intake, name, site->check, to->incoming.node, new_name, who->uid, who->gid, flags);
    return -EXDEV;
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                      const char *new_name, unsigned flags)
{
    const struct fs_orders *refused = refused_of(fs_of(req, REQUEST_CHANGE), parent);
    struct node *dir = refused == NULL ? incoming_dir(req, parent) : NULL, *to;

    if (dir == NULL && refused == NULL)
        return;
    to = incoming_dir(req, new_parent);
    if (to == NULL)
        return;
    if (refused != NULL)
        fuse_reply_err(req, -rename_refused(refused, name, to, new_name, fuse_req_ctx(req), flags));
    else if (to->incoming.in != dir->incoming.in)
        fuse_reply_err(req, EXDEV);
    else
        fuse_reply_err(req, -incoming_rename(dir->incoming.in, dir->incoming.node, name, to->incoming.node,
                                             new_name, flags));
}

/* EPERM is what every SFTP client takes as "no hard links here, rename instead". */
static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name)
{
    (void)ino, (void)new_parent, (void)new_name;
    fuse_reply_err(req, EPERM);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    (void)target, (void)parent, (void)name;
    fuse_reply_err(req, EPERM);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    (void)parent, (void)name, (void)mode, (void)rdev;
    fuse_reply_err(req, EPERM);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct fs *fs = fuse_req_userdata(req);
    struct statvfs st;

    (void)ino;
    if (fstatvfs(fs->state_dir, &st) < 0)
        fuse_reply_err(req, errno);
    else
        fuse_reply_statfs(req, &st);
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
    const struct fs *fs = userdata;

    /* Errors of a write belong to the write; requests are as fast copied, and pages of the spool stay its own. */
    conn->want &= ~(unsigned)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                              FUSE_CAP_SPLICE_MOVE);
    conn->want |= conn->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
                                   FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_ASYNC_READ);
    if (fs->splice_max > 0)
        conn->want |= conn->capable & FUSE_CAP_SPLICE_WRITE;
    conn->time_gran = 1;
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .rename = op_rename,
    .link = op_link,
    .symlink = op_symlink,
    .mknod = op_mknod,
    .statfs = op_statfs,
    .create = op_create,
    .open = op_open,
    .read = op_read,
    .write = op_write,
    .flush = op_flush,
    .fsync = op_fsync,
    .release = op_release,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .releasedir = op_releasedir,
};

const struct fuse_lowlevel_ops *fs_operations(void)
{
    return &operations;
}
