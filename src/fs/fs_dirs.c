/*
 * Listing. Small directories are listed from a snapshot of names taken at the first read of a handle; images/
 * is paged from the database, so that memory does not grow with it. Offset 0 is ".", 1 is "..", then the
 * entries; the offset given with an entry is that of the next.
 *
 * An export's entry carries no attributes, so the kernel asks for them one by one and a listing of names
 * never waits for a rendering.
 */
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fs/picture_pages.h"

struct listing {
    pthread_mutex_t lock;
    struct node *dir;
    bool loaded;
    /* small directories */
    char **names;
    uint64_t *inos; /* 0: not known */
    mode_t *types;
    size_t n, cap;
    struct picture_pages pictures; /* images/ */
};

struct reply {
    fuse_req_t req;
    struct fs *fs;
    bool plus;
    char *data;
    size_t size, used;
};

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct node *n = node_get(fuse_req_userdata(req), ino);
    struct listing *l;

    if (n == NULL) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    l = xcalloc(1, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    l->dir = n;
    picture_pages_init(&l->pictures, ((struct fs *)fuse_req_userdata(req))->pictures);
    fi->fh = (uint64_t)(uintptr_t)l;
    if (fuse_reply_open(req, fi) < 0) {
        pthread_mutex_destroy(&l->lock);
        free(l);
    }
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct listing *l = (struct listing *)(uintptr_t)fi->fh;

    (void)ino;
    pthread_mutex_lock(&l->lock); /* who answered last may still be reading ahead */
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    free(l->inos);
    free(l->types);
    picture_pages_release(&l->pictures);
    pthread_mutex_destroy(&l->lock);
    free(l);
    fuse_reply_err(req, 0);
}

/* Adds one entry; false when the buffer is full (a lookup counted for n is taken back). n NULL: no
 * attributes. */
static bool reply_add(struct reply *r, const char *name, struct node *n, uint64_t ino, mode_t type,
                      double timeout, off_t next)
{
    struct fuse_entry_param e = {0};
    size_t need;

    e.attr.st_ino = ino;
    e.attr.st_mode = type;
    if (!r->plus) {
        need = fuse_add_direntry(r->req, r->data + r->used, r->size - r->used, name, &e.attr, next);
    } else {
        if (n != NULL) {
            e.ino = n->ino;
            node_attr(r->fs, n, &e.attr);
            e.attr_timeout = node_attr_timeout(n);
            e.entry_timeout = timeout;
        }
        need = fuse_add_direntry_plus(r->req, r->data + r->used, r->size - r->used, name, &e, next);
    }
    if (need > r->size - r->used) {
        if (n != NULL && !n->fixed)
            node_forget(r->fs, n->ino, 1);
        return false;
    }
    r->used += need;
    return true;
}

static void listing_add(struct listing *l, const char *name, uint64_t ino, mode_t type)
{
    size_t cap = l->cap;

    array_grow(l->names, l->n, cap);
    if (cap != l->cap) {
        l->inos = xreallocarray(l->inos, cap, sizeof *l->inos);
        l->types = xreallocarray(l->types, cap, sizeof *l->types);
        l->cap = cap;
    }
    l->names[l->n] = xstrdup(name);
    l->inos[l->n] = ino;
    l->types[l->n] = type;
    l->n++;
}

static void listing_add_children(struct listing *l, struct fs *fs)
{
    struct children *children = children_of(fs, l->dir);

    for (size_t i = 0; i < children->n; i++) {
        const struct child *c = &children->list[i];
        if (!c->hidden)
            listing_add(l, c->name, c->dir != NULL ? c->dir->ino : (uint64_t)i + 2,
                        c->dir != NULL ? S_IFDIR : S_IFREG);
    }
    children_unref(children);
}

static int listing_load(struct fs *fs, struct listing *l)
{
    struct shelf_entry *stored;
    struct incoming_entry *entries;
    size_t n;
    int r;

    if (l->loaded)
        return 0;
    switch (l->dir->kind) {
    case NODE_DIR:
        if ((r = orders_open(fs, l->dir)) < 0)
            return r;
        listing_add_children(l, fs);
        break;
    case NODE_SHELF:
        r = shelf_list(l->dir->shelf.fd, 0, &stored, &n);
        if (r < 0)
            return r;
        for (size_t i = 0; i < n; i++)
            listing_add(l, stored[i].name, i + 2, S_IFREG);
        shelf_list_free(stored, n);
        break;
    case NODE_INCOMING:
        r = incoming_list(l->dir->incoming.in, l->dir->incoming.node, false, &entries, &n);
        if (r < 0)
            return r;
        for (size_t i = 0; i < n; i++)
            listing_add(l, entries[i].name, entries[i].attr.st_ino, entries[i].attr.st_mode & S_IFMT);
        incoming_list_free(entries, n);
        break;
    default:
        return -ENOTDIR;
    }
    l->loaded = true;
    return 0;
}

/* The node to send with an entry of a small directory, with one lookup counted; NULL: none, or gone
 * meanwhile. */
static struct node *listed_node(struct fs *fs, struct listing *l, size_t i, bool *gone)
{
    struct incoming_node *found;
    struct stat st;

    switch (l->dir->kind) {
    case NODE_DIR: { /* fixed nodes stay when their names go */
        struct children *children = children_of(fs, l->dir);
        const struct child *c = children_find(children, l->names[i]);
        struct node *n = c != NULL ? c->dir : NULL;
        *gone = c == NULL;
        children_unref(children);
        return n;
    }
    case NODE_SHELF:
        *gone = shelf_stat(l->dir->shelf.fd, l->names[i], &st) < 0;
        return *gone ? NULL : node_enter(fs, node_of_stored(l->dir, l->names[i], &st));
    case NODE_INCOMING:
        *gone = incoming_lookup(l->dir->incoming.in, l->dir->incoming.node, l->names[i], &found) < 0;
        return *gone ? NULL : node_enter(fs, node_of_incoming(l->dir->incoming.in, found));
    default:
        return NULL;
    }
}

static int list_small(struct reply *r, struct listing *l, uint64_t from)
{
    int err = listing_load(r->fs, l);

    if (err < 0)
        return err;
    for (size_t i = from; i < l->n; i++) {
        bool gone = false;
        struct node *n = r->plus ? listed_node(r->fs, l, i, &gone) : NULL;
        if (gone)
            continue;
        if (!reply_add(r, l->names[i], n, l->inos[i], l->types[i],
                       l->dir->kind == NODE_SHELF                                   ? node_shelf_timeout(l->dir)
                       : l->dir->kind == NODE_DIR && atomic_load(&r->fs->follows) ? 0.0
                                                                                    : TIMEOUT_LISTED,
                       (off_t)i + 3))
            break;
    }
    return 0;
}

static int list_pictures(struct reply *r, struct listing *l, uint64_t from)
{
    for (uint64_t i = from;; i++) {
        const struct picture_info *info;
        struct node *n = NULL;
        int got = picture_pages_get(&l->pictures, i, &info);
        if (got <= 0)
            return r->used > 0 ? 0 : got;
        if (r->plus)
            n = node_enter_picture(r->fs, info);
        if (!reply_add(r, info->name, n, INO_PICTURE | (uint64_t)info->id, S_IFREG, TIMEOUT_LISTED_PICTURE,
                       (off_t)i + 3))
            return 0;
    }
}

static void list_now(fuse_req_t req, struct fs *fs, struct listing *l, size_t size, off_t off, bool plus)
{
    struct reply r = {.req = req, .fs = fs, .plus = plus, .size = size};
    int err = 0;

    r.data = malloc(size);
    if (r.data == NULL) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    pthread_mutex_lock(&l->lock);
    if (off == 0 && reply_add(&r, ".", NULL, l->dir->ino, S_IFDIR, 0, 1))
        off = 1;
    if (off == 1 && reply_add(&r, "..", NULL, FUSE_ROOT_ID, S_IFDIR, 0, 2))
        off = 2;
    if (off >= 2) {
        if (l->dir->kind == NODE_IMAGES)
            err = list_pictures(&r, l, (uint64_t)off - 2);
        else
            err = list_small(&r, l, (uint64_t)off - 2);
    }
    if (err < 0)
        fuse_reply_err(req, -err);
    else
        fuse_reply_buf(req, r.data, r.used);
    if (l->dir->kind == NODE_IMAGES)
        picture_pages_ahead(&l->pictures);
    pthread_mutex_unlock(&l->lock);
    free(r.data);
}

/* A listing whose names must be made right first. */
struct late_list {
    fuse_req_t req;
    struct fs *fs;
    struct listing *l; /* not released before the answer */
    size_t size;
    off_t off;
    bool plus;
};

static void names_are_right(void *arg)
{
    struct late_list *late = arg;

    list_now(late->req, late->fs, late->l, late->size, late->off, late->plus);
    free(late);
}

static void list(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi, bool plus)
{
    struct listing *l = (struct listing *)(uintptr_t)fi->fh;
    struct fs *fs = fs_of(req, REQUEST_LIST);
    struct late_list *late;
    bool loaded;

    pthread_mutex_lock(&l->lock);
    loaded = l->loaded;
    pthread_mutex_unlock(&l->lock);
    if (loaded || l->dir->kind != NODE_DIR || !names_follow(fs, l->dir)) {
        list_now(req, fs, l, size, off, plus);
        return;
    }
    late = xmalloc(sizeof *late);
    *late = (struct late_list){req, fs, l, size, off, plus};
    if (!names_wait(fs, names_are_right, late))
        names_are_right(late);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    (void)ino;
    list(req, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    (void)ino;
    list(req, size, off, fi, true);
}
