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
        for (size_t i = 0; i < n->dir.n; i++)
            free((char *)n->dir.children[i].name);
        free(n->dir.children);
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

/* Who may read an export. A private one: the site's group. One in orders/: as what else is there. */
static void export_access(struct node *n, const struct export *e, const struct fs *fs, size_t site)
{
    const struct fs_site *s = &fs->sites[site];
    bool owned = s->has_owner && strncmp(export_path(e), "orders/", 7) == 0;

    n->mode = S_IFREG | (export_private(e) || owned ? 0440 : 0444);
    n->uid = owned ? s->uid : 0;
    n->gid = export_private(e) || owned ? s->gid : 0;
}

struct node *node_of_version(struct version *v, const struct export *e, const struct fs *fs, size_t site)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_VERSION;
    n->ino = version_ino(v);
    export_access(n, e, fs, site);
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
    return shelf->shelf.site != NULL ? 0.0 : 1.0;
}

bool node_is_stored(const struct node *n, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && stored_ino(n->file.fd, n->file.name, &st) == n->ino;
}

struct node *node_of_stored(const struct node *shelf, const char *name, const struct stat *st)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_STORED;
    n->ino = stored_ino(shelf->shelf.fd, name, st);
    n->mode = S_IFREG | (shelf->mode & 0444);
    n->uid = shelf->uid;
    n->gid = shelf->gid;
    n->file.size = (uint64_t)st->st_size;
    n->file.mtime = st->st_mtim;
    n->file.fd = shelf->shelf.fd;
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

struct node *node_of_checksum(struct checksum *of, struct version *v, const struct export *e,
                              const struct fs *fs, size_t site)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_CHECKSUM;
    n->ino = INO_CHECKSUM | version_ino(v);
    export_access(n, e, fs, site);
    n->checksum.version = v;
    n->checksum.of = of;
    return n;
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
        break;
    case NODE_CHECKSUM: /* the version's time: a mirror takes the line whenever it takes the file */
        size = checksum_len(n->checksum.of);
        out->st_mtim = version_mtime(n->checksum.version);
        break;
    case NODE_PICTURE:
    case NODE_STORED:
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

void node_child_add(struct node *dir, struct child child)
{
    array_grow(dir->dir.children, dir->dir.n, dir->dir.cap);
    child.name = xstrdup(child.name);
    dir->dir.children[dir->dir.n++] = child;
}

const struct child *node_child_find(const struct node *dir, const char *name)
{
    for (size_t i = 0; i < dir->dir.n; i++)
        if (strcmp(dir->dir.children[i].name, name) == 0)
            return &dir->dir.children[i];
    return NULL;
}

struct node *node_dir_add(struct fs *fs, struct node *parent, const char *name, mode_t mode, bool hidden)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_DIR;
    n->fixed = true;
    n->mode = S_IFDIR | mode;
    n->ino = parent == NULL ? FUSE_ROOT_ID : fs_next_ino(fs);
    n->dir.parent = parent;
    HASH_ADD(hh, fs->table, ino, sizeof n->ino, n);
    if (parent != NULL)
        node_child_add(parent, (struct child){.name = name, .dir = n, .hidden = hidden});
    return n;
}

struct node *node_dir_path(struct fs *fs, struct node *base, const char *path, mode_t mode, gid_t gid,
                           const char **leaf)
{
    const char *slash;

    while ((slash = strchr(path, '/')) != NULL) {
        char *name = xstrndup(path, (size_t)(slash - path));
        const struct child *c = node_child_find(base, name);
        if (c != NULL && c->dir != NULL) {
            base = c->dir;
            base->mode |= mode;
        } else {
            base = node_dir_add(fs, base, name, mode, false);
            base->gid = gid;
        }
        free(name);
        path = slash + 1;
    }
    *leaf = path;
    return base;
}
