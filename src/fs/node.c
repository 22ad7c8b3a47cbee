#include "fs/node.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"

struct node *node_get(struct fs *fs, fuse_ino_t ino)
{
    struct node *n;
    uint64_t key = ino;

    if (ino == FUSE_ROOT_ID)
        return fs->root;
    pthread_mutex_lock(&fs->lock);
    HASH_FIND(hh, fs->table, &key, sizeof key, n);
    pthread_mutex_unlock(&fs->lock);
    return n;
}

static void node_free(struct node *n)
{
    switch (n->kind) {
    case NODE_VERSION:
        version_unref(n->version);
        break;
    case NODE_CHECKSUM:
        version_unref(n->checksum.version);
        break;
    case NODE_PICTURE:
    case NODE_STORED:
    case NODE_TEXT:
        free(n->file.name);
        free(n->file.text);
        break;
    case NODE_DIR:
        children_unref(n->dir.children);
        break;
    case NODE_IMAGES:
    case NODE_SHELF:
    case NODE_INCOMING:
        break;
    }
    free(n);
}

void node_table_free(struct fs *fs)
{
    struct node *n, *next;

    HASH_ITER(hh, fs->table, n, next)
    {
        HASH_DEL(fs->table, n);
        node_free(n);
    }
}

struct node *node_enter(struct fs *fs, struct node *fresh)
{
    struct node *n;

    pthread_mutex_lock(&fs->lock);
    HASH_FIND(hh, fs->table, &fresh->ino, sizeof fresh->ino, n);
    if (n == NULL) {
        n = fresh;
        fresh = NULL;
        HASH_ADD(hh, fs->table, ino, sizeof n->ino, n);
    }
    n->nlookup++;
    pthread_mutex_unlock(&fs->lock);
    if (fresh != NULL)
        node_free(fresh);
    return n;
}

void node_forget(struct fs *fs, fuse_ino_t ino, uint64_t count)
{
    struct node *n;
    struct incoming *in = NULL;
    struct incoming_node *in_node = NULL;
    bool gone = false;
    uint64_t key = ino;

    pthread_mutex_lock(&fs->lock);
    HASH_FIND(hh, fs->table, &key, sizeof key, n);
    if (n != NULL && !n->fixed) {
        if (n->kind == NODE_INCOMING) {
            in = n->incoming.in;
            in_node = n->incoming.node;
        }
        n->nlookup = n->nlookup > count ? n->nlookup - count : 0;
        gone = n->nlookup == 0;
        if (gone)
            HASH_DEL(fs->table, n);
    }
    pthread_mutex_unlock(&fs->lock);
    if (gone)
        node_free(n);
    if (in != NULL)
        incoming_forget(in, in_node, count);
}

struct node *node_of_version(struct version *v, struct outlet *o, struct site_tree *site)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_VERSION;
    n->ino = version_ino(v);
    n->mode = S_IFREG | (outlet_private(o) ? 0440 : 0444);
    n->site = site;
    n->in_orders = strncmp(outlet_path(o), "orders/", 7) == 0;
    n->version = v;
    return n;
}

static uint64_t picture_ino(const struct picture_info *info)
{
    return INO_PICTURE | (info->identity >> 2);
}

bool node_is_picture(const struct node *n, const struct picture_info *info)
{
    return picture_ino(info) == n->ino;
}

struct node *node_of_picture(const struct picture_info *info)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_PICTURE;
    n->ino = picture_ino(info);
    n->mode = S_IFREG | 0444;
    n->file.size = info->size;
    n->file.mtime = info->mtime;
    n->file.name = xstrdup(info->name);
    return n;
}

/* A listing finds nearly all of them there. */
struct node *node_enter_picture(struct fs *fs, const struct picture_info *info)
{
    struct node *n;
    uint64_t key = picture_ino(info);

    pthread_mutex_lock(&fs->lock);
    HASH_FIND(hh, fs->table, &key, sizeof key, n);
    if (n != NULL)
        n->nlookup++;
    pthread_mutex_unlock(&fs->lock);
    return n != NULL ? n : node_enter(fs, node_of_picture(info));
}

static uint64_t stored_ino(int dir, const char *name, const struct stat *st)
{
    const int64_t identity[] = {(int64_t)st->st_ino,
                                (int64_t)st->st_size,
                                st->st_mtim.tv_sec,
                                st->st_mtim.tv_nsec,
                                dir,
                                (int64_t)digest_hash64(name, strlen(name))};

    return INO_STORED | (digest_hash64(identity, sizeof identity) >> 2);
}

/* A name that is moved to incoming/ must not bring its number with it: there it is another file. */
double node_shelf_timeout(const struct node *shelf)
{
    return shelf->shelf.refused ? 0.0 : 1.0;
}

bool node_is_stored(const struct node *n, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && stored_ino(n->file.shelf->shelf.fd, n->file.name, &st) == n->ino;
}

struct node *node_of_stored(const struct node *shelf, const char *name, const struct stat *st)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_STORED;
    n->ino = stored_ino(shelf->shelf.fd, name, st);
    n->mode = S_IFREG;
    n->file.size = (uint64_t)st->st_size;
    n->file.mtime = st->st_mtim;
    n->file.shelf = shelf;
    n->file.name = xstrdup(name);
    return n;
}

struct node *node_of_incoming(struct incoming *in, struct incoming_node *node)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_INCOMING;
    n->ino = incoming_ino(node);
    n->incoming.in = in;
    n->incoming.node = node;
    return n;
}

struct node *node_of_text(struct fs *fs, char *text, size_t len)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_TEXT;
    n->ino = fs_next_ino(fs);
    n->mode = S_IFREG | 0440;
    n->uid = geteuid(); /* for who runs this, and those in his group */
    n->gid = getegid();
    n->file.size = len;
    clock_gettime(CLOCK_REALTIME, &n->file.mtime);
    n->file.text = text;
    return n;
}

struct node *node_of_checksum(struct checksum *of, struct version *v, struct outlet *o,
                              struct site_tree *site)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_CHECKSUM;
    n->ino = INO_CHECKSUM | version_ino(v);
    n->mode = S_IFREG | (outlet_private(o) ? 0440 : 0444);
    n->site = site;
    n->in_orders = strncmp(outlet_path(o), "orders/", 7) == 0;
    n->checksum.version = v;
    n->checksum.of = of;
    return n;
}

/* Of a private export: the site's group. */
static void export_owner(const struct node *n, struct stat *out)
{
    bool owned = n->in_orders && n->site->has_owner;

    if (owned) {
        out->st_mode = S_IFREG | 0440;
        out->st_uid = n->site->uid;
    }
    out->st_gid = owned || !(n->mode & 0004) ? n->site->gid : 0;
}

void node_attr(const struct fs *fs, struct node *n, struct stat *out)
{
    uint64_t size = 0;

    memset(out, 0, sizeof *out);
    if (n->kind == NODE_INCOMING) {
        incoming_getattr(n->incoming.in, n->incoming.node, out);
        out->st_ino = n->ino;
        if (n->fixed)
            out->st_mtim = out->st_ctim = out->st_atim = fs->born;
        return;
    }
    out->st_ino = n->ino;
    out->st_mode = n->mode;
    out->st_uid = n->uid;
    out->st_gid = n->gid;
    out->st_blksize = 4096;
    out->st_mtim = fs->born;
    out->st_nlink = S_ISDIR(n->mode) ? 2 : 1;
    switch (n->kind) {
    case NODE_VERSION:
        size = version_size(n->version);
        out->st_mtim = version_mtime(n->version);
        export_owner(n, out);
        break;
    case NODE_CHECKSUM: /* the version's time: a mirror takes the line whenever it takes the file */
        size = checksum_len(n->checksum.of);
        out->st_mtim = version_mtime(n->checksum.version);
        export_owner(n, out);
        break;
    case NODE_STORED: /* whose the directory is */
        out->st_mode |= n->file.shelf->mode & 0444;
        out->st_uid = n->file.shelf->uid;
        out->st_gid = n->file.shelf->gid;
        size = n->file.size;
        out->st_mtim = n->file.mtime;
        break;
    case NODE_PICTURE:
    case NODE_TEXT:
        size = n->file.size;
        out->st_mtim = n->file.mtime;
        break;
    case NODE_DIR:
    case NODE_IMAGES:
    case NODE_SHELF:
    case NODE_INCOMING:
        break;
    }
    out->st_size = (off_t)size;
    out->st_blocks = (blkcnt_t)((size + 511) / 512);
    out->st_atim = out->st_mtim;
    out->st_ctim = out->st_mtim;
}

/* A version, a picture, a stored file and a report never change under their number. */
double node_attr_timeout(const struct node *n)
{
    return n->kind == NODE_INCOMING ? 1.0 : 3600.0;
}

struct node *node_fixed(struct fs *fs, enum node_kind kind, uint64_t ino, mode_t mode, struct site_tree *site)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = kind;
    n->fixed = true;
    n->mode = S_IFDIR | mode;
    n->ino = ino != 0 ? ino : fs_next_ino(fs);
    n->site = site;
    if (kind == NODE_DIR)
        n->dir.children = children_new(NULL, 0);
    pthread_mutex_lock(&fs->lock);
    HASH_ADD(hh, fs->table, ino, sizeof n->ino, n);
    pthread_mutex_unlock(&fs->lock);
    return n;
}

/* -- children ------------------------------------------------------------------------------------------ */

struct children *children_new(struct child *array, size_t n)
{
    struct children *c = xcalloc(1, sizeof *c + n * sizeof c->list[0]);

    atomic_init(&c->refs, 1);
    c->n = n;
    for (size_t i = 0; i < n; i++)
        c->list[i] = array[i];
    free(array);
    return c;
}

struct children *children_of(struct fs *fs, struct node *dir)
{
    struct children *c;

    pthread_mutex_lock(&fs->lock);
    c = dir->dir.children;
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&fs->lock);
    return c;
}

void children_unref(struct children *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < c->n; i++) {
        free(c->list[i].name);
        outlet_unref(c->list[i].outlet);
    }
    free(c);
}

const struct child *children_find(const struct children *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->list[i].name, name) == 0)
            return &c->list[i];
    return NULL;
}

/* Names of a that b has not, or has for something else. Lock held. */
static void note_untold(struct fs *fs, uint64_t dir, const struct children *a, const struct children *b)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct child *other = children_find(b, a->list[i].name);
        if (other != NULL && other->dir == a->list[i].dir)
            continue;
        struct untold *u = xmalloc(sizeof *u + strlen(a->list[i].name) + 1);
        u->dir = dir;
        strcpy(u->name, a->list[i].name);
        u->next = fs->untold;
        fs->untold = u;
    }
}

void fs_tell(struct fs *fs)
{
    struct untold *list;

    pthread_mutex_lock(&fs->lock);
    list = fs->untold;
    fs->untold = NULL;
    pthread_mutex_unlock(&fs->lock);
    while (list != NULL) {
        struct untold *u = list;
        list = u->next;
        kernel_forget_name(fs, u->dir, u->name);
        free(u);
    }
}

void children_replace(struct fs *fs, struct node *dir, struct children *now, bool tell)
{
    bool told = tell && atomic_load(&fs->session) != NULL;
    struct children *was;

    pthread_mutex_lock(&fs->lock);
    was = dir->dir.children;
    dir->dir.children = now;
    if (told) {
        note_untold(fs, dir->ino, was, now);
        note_untold(fs, dir->ino, now, was); /* the kernel may remember that they were not there */
    }
    pthread_mutex_unlock(&fs->lock);
    children_unref(was);
}
