/* The fixed directories of the sites: made from the configuration, and made anew when it changes. */
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* The children a directory will have. */
struct draft {
    struct node *dir;
    struct child *list;
    size_t n, cap;
    mode_t mode;
    gid_t gid;
};

struct drafts {
    struct fs *fs;
    struct draft *list; /* [0]: of the site's top */
    size_t n, cap;
};

static void add(struct draft *d, const char *name, struct child child)
{
    array_grow(d->list, d->n, d->cap);
    child.name = xstrdup(name);
    d->list[d->n++] = child;
}

static struct child *find(struct draft *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->list[i].name, name) == 0)
            return &d->list[i];
    return NULL;
}

/* A change of who may see a directory: nobody in between. */
static void set_owner(struct fs *fs, struct node *n, mode_t mode, uid_t uid, gid_t gid)
{
    if (n->mode == (S_IFDIR | mode) && n->uid == uid && n->gid == gid)
        return;
    n->mode = S_IFDIR;
    n->uid = uid;
    n->gid = gid;
    n->mode = S_IFDIR | mode;
    kernel_forget_attributes(fs, n->ino);
}

/* What the kernel remembers of a site's files, whose attributes come from their directory or the site. */
static void forget_attributes(struct fs *fs, const struct site_tree *t)
{
    struct node *n, *next;
    uint64_t *inos = NULL;
    size_t count = 0, cap = 0;

    pthread_mutex_lock(&fs->lock);
    HASH_ITER(hh, fs->table, n, next)
    {
        bool its = n->kind == NODE_STORED
                       ? n->file.shelf->site == t
                       : (n->kind == NODE_VERSION || n->kind == NODE_CHECKSUM) && n->site == t;
        if (its) {
            array_grow(inos, count, cap);
            inos[count++] = n->ino;
        }
    }
    pthread_mutex_unlock(&fs->lock);
    for (size_t i = 0; i < count; i++)
        kernel_forget_attributes(fs, inos[i]);
    free(inos);
}

/* -- orders -------------------------------------------------------------------------------------------- */

/* What was ordered, by whom: for the site's owner where it has one. Only he (and root) may take away what was
 * refused. */
static void own_shelves(struct fs *fs, struct site_tree *t)
{
    uid_t uid = t->has_owner ? t->uid : 0;
    gid_t gid = t->has_owner ? t->gid : 0;
    mode_t mode = t->has_owner ? 0550 : 0755;

    set_owner(fs, t->processed, mode, uid, gid);
    set_owner(fs, t->results, mode, uid, gid);
    set_owner(fs, t->rejected, mode | 0200, uid, gid);
}

static struct node *shelf(struct fs *fs, struct site_tree *t, int fd)
{
    struct node *n = node_fixed(fs, NODE_SHELF, 0, 0, t);

    n->shelf.fd = fd;
    return n;
}

static struct node *incoming(struct fs *fs, struct incoming *in)
{
    struct node *n = node_fixed(fs, NODE_INCOMING, incoming_ino(incoming_root(in)), 0, NULL);

    n->incoming.in = in;
    n->incoming.node = incoming_root(in);
    return n;
}

static void add_rooms(struct draft *d, const struct site_tree *t)
{
    add(d, "incoming", (struct child){.dir = t->incoming});
    add(d, "check", (struct child){.dir = t->check});
    add(d, "processed", (struct child){.dir = t->processed});
    add(d, "rejected", (struct child){.dir = t->rejected});
    add(d, "results", (struct child){.dir = t->results});
}

static void add_copy(struct draft *d, const struct child *c)
{
    add(d, c->name,
        (struct child){.outlet = outlet_ref(c->outlet), .checksum = c->checksum, .site = c->site});
}

static void show_orders(struct fs *fs, struct site_tree *t)
{
    struct draft d = {.dir = t->orders};

    t->processed = shelf(fs, t, t->rooms.archive_dir);
    t->rejected = shelf(fs, t, t->rooms.refused_dir);
    t->rejected->shelf.refused = true;
    t->results = shelf(fs, t, t->rooms.results_dir);
    own_shelves(fs, t);
    t->incoming = incoming(fs, t->rooms.incoming);
    t->check = incoming(fs, t->rooms.check);
    struct children *exports = children_of(fs, t->orders);
    for (size_t i = 0; i < exports->n; i++)
        add_copy(&d, &exports->list[i]);
    children_unref(exports);
    add_rooms(&d, t);
    struct children *now = children_new(d.list, d.n);
    /* No notification: this is a request's thread, and nothing was there before. */
    pthread_mutex_lock(&fs->lock);
    struct children *was = t->orders->dir.children;
    t->orders->dir.children = now;
    pthread_mutex_unlock(&fs->lock);
    children_unref(was);
}

/* Waits for who is opening them. */
static bool rooms_open(struct site_tree *t)
{
    pthread_mutex_lock(&t->orders_lock);
    bool open = atomic_load(&t->open);
    pthread_mutex_unlock(&t->orders_lock);
    return open;
}

/* orders/ with these exports; once more where it was opened meanwhile. The kernel is told without a lock, since a
 * request that holds the directory may be waiting for it. */
static void replace_orders(struct fs *fs, struct site_tree *t, const struct draft *exports, bool tell)
{
    bool open = rooms_open(t), again;

    do {
        struct draft d = {.dir = t->orders};
        for (size_t i = 0; i < exports->n; i++)
            add_copy(&d, &exports->list[i]);
        if (open)
            add_rooms(&d, t);
        children_replace(fs, t->orders, children_new(d.list, d.n), tell);
        again = !open && rooms_open(t);
        open = open || again;
    } while (again);
}

int orders_open(struct fs *fs, struct node *dir)
{
    struct site_tree *t = dir->site;
    int r = 0;

    if (!dir->dir.orders || atomic_load(&t->open))
        return 0;
    pthread_mutex_lock(&t->orders_lock);
    if (!atomic_load(&t->open)) {
        r = t->open_orders(t->arg, &t->rooms);
        if (r == 0) {
            show_orders(fs, t);
            atomic_store(&t->open, true);
        }
    }
    pthread_mutex_unlock(&t->orders_lock);
    return r;
}

int fs_open_orders(struct fs *fs, const char *site)
{
    struct site_tree *t = atomic_load(&fs->sites);

    while (t != NULL && strcmp(t->name, site) != 0)
        t = t->next;
    return t == NULL ? -ENOENT : orders_open(fs, t->orders);
}

bool names_follow(const struct fs *fs, const struct node *dir)
{
    return atomic_load(&fs->follows) && !dir->dir.orders && fs->follow != NULL;
}

bool names_wait(struct fs *fs, void (*done)(void *arg), void *arg)
{
    return fs->follow(fs->follow_arg, done, arg);
}

/* -- exports ------------------------------------------------------------------------------------------- */

static struct draft *draft_of(struct drafts *all, struct node *dir)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].dir == dir)
            return &all->list[i];
    array_grow(all->list, all->n, all->cap);
    all->list[all->n] = (struct draft){.dir = dir, .mode = 0};
    return &all->list[all->n++];
}

/* The directory with this name below parent that an earlier configuration made. */
static struct node *made_before(struct fs *fs, const struct site_tree *t, struct node *parent,
                                const char *name)
{
    struct children *children = children_of(fs, parent);
    const struct child *c = children_find(children, name);
    struct node *found = NULL;

    for (size_t i = 0; c != NULL && c->dir != NULL && i < t->n_dirs; i++)
        if (t->dirs[i] == c->dir)
            found = c->dir;
    children_unref(children);
    return found;
}

/* The draft of the directory that path lies in. A directory that holds nothing but private exports is private as
 * they are. *leaf: the last part of path. */
static size_t directory_of(struct drafts *all, struct site_tree *t, const char *path, bool private,
                           const char **leaf)
{
    size_t at = 0;
    const char *slash;

    while ((slash = strchr(path, '/')) != NULL) {
        char *name = xstrndup(path, (size_t)(slash - path));
        struct child *c = find(&all->list[at], name);
        struct node *dir = c != NULL ? c->dir : made_before(all->fs, t, all->list[at].dir, name);
        if (dir == NULL) {
            dir = node_fixed(all->fs, NODE_DIR, 0, 0, t);
            array_grow(t->dirs, t->n_dirs, t->cap_dirs);
            t->dirs[t->n_dirs++] = dir;
        }
        if (c == NULL)
            add(&all->list[at], name, (struct child){.dir = dir});
        struct draft *d = draft_of(all, dir);
        if (d->mode == 0)
            d->gid = private ? t->gid : 0;
        d->mode |= private ? 0750 : 0755;
        at = (size_t)(d - all->list);
        free(name);
        path = slash + 1;
    }
    *leaf = path;
    return at;
}

/* The checksum of an outlet that was there before goes on. */
static struct checksum *checksum_of(struct drafts *all, const struct draft *d, const char *name,
                                    const char *leaf)
{
    struct children *children = children_of(all->fs, d->dir);
    const struct child *c = children_find(children, name);
    struct checksum *sum =
        c != NULL && c->checksum != NULL ? c->checksum : checksum_add(all->fs->checksums, leaf);

    children_unref(children);
    return sum;
}

static void draft_exports(struct drafts *all, struct site_tree *t, struct outlet *const *outlets)
{
    const char *leaf;

    for (size_t i = 0; outlets[i] != NULL; i++) {
        size_t at = directory_of(all, t, outlet_path(outlets[i]), outlet_private(outlets[i]), &leaf);
        if (find(&all->list[at], leaf) == NULL)
            add(&all->list[at], leaf, (struct child){.outlet = outlet_ref(outlets[i]), .site = t});
    }
    /* After all exports: one whose name ends like a checksum's is what its mapping says. */
    for (size_t i = 0; outlets[i] != NULL; i++) {
        size_t at = directory_of(all, t, outlet_path(outlets[i]), outlet_private(outlets[i]), &leaf);
        char *name = xasprintf("%s" CHECKSUM_SUFFIX, leaf);
        if (find(&all->list[at], name) == NULL)
            add(&all->list[at], name,
                (struct child){.outlet = outlet_ref(outlets[i]),
                               .checksum = checksum_of(all, &all->list[at], name, leaf),
                               .site = t});
        free(name);
    }
}

/* -- sites --------------------------------------------------------------------------------------------- */

static struct site_tree *tree_of(struct fs *fs, const char *name)
{
    struct site_tree *t = fs->sites;

    while (t != NULL && strcmp(t->name, name) != 0)
        t = t->next;
    if (t != NULL)
        return t;
    t = xcalloc(1, sizeof *t);
    t->name = xstrdup(name);
    pthread_mutex_init(&t->orders_lock, NULL);
    t->images = node_fixed(fs, NODE_IMAGES, 0, 0755, t);
    t->orders = node_fixed(fs, NODE_DIR, 0, 0755, t);
    t->orders->dir.orders = true;
    t->hidden = node_fixed(fs, NODE_DIR, 0, 0550, t);
    t->hidden->uid = geteuid();
    t->hidden->gid = getegid();
    struct draft reports = {.dir = t->hidden};
    add(&reports, "status", (struct child){.text = status_report, .site = t});
    add(&reports, "metrics", (struct child){.text = metrics_report, .site = t});
    add(&reports, "events", (struct child){.text = events_report, .site = t});
    children_replace(fs, t->hidden, children_new(reports.list, reports.n), false);
    t->next = fs->sites;
    atomic_store(&fs->sites, t);
    return t;
}

/* Who owns it, before anything is found under new names. */
static void own(struct fs *fs, struct site_tree *t, const struct fs_site *site)
{
    pthread_mutex_lock(&t->orders_lock);
    bool other = t->has_owner != site->has_owner || t->uid != site->uid || t->gid != site->gid;
    t->has_owner = site->has_owner;
    t->uid = site->uid;
    t->gid = site->gid;
    t->open_orders = site->open_orders;
    t->arg = site->arg;
    if (other && atomic_load(&t->open))
        own_shelves(fs, t);
    pthread_mutex_unlock(&t->orders_lock);
    if (other)
        forget_attributes(fs, t);
}

static void take_outlets(struct fs *fs, struct site_tree *t, const struct fs_site *site)
{
    struct outlet *const *outlets = site->outlets;
    size_t n = 0;
    while (outlets[n] != NULL)
        n++;
    struct outlet **copy = xcalloc(n + 1, sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = outlet_ref(outlets[i]);
    pthread_mutex_lock(&fs->lock);
    struct outlet **was = t->outlets;
    char *words = t->remarks;
    t->outlets = copy;
    char *path = t->path;
    t->remarks = xstrdup_or_null(site->remarks);
    t->path = xstrdup_or_null(site->path);
    pthread_mutex_unlock(&fs->lock);
    outlets_free(was);
    free(words);
    free(path);
}

/* The tree of a site below top, subdirectories first. */
static void show_site(struct fs *fs, struct site_tree *t, struct node *top, const struct fs_site *site,
                      bool tell)
{
    struct drafts all = {.fs = fs};

    draft_of(&all, top);
    draft_of(&all, t->orders);
    own(fs, t, site);
    atomic_store(&t->follows, site->follows);
    take_outlets(fs, t, site);
    add(&all.list[0], "orders", (struct child){.dir = t->orders});
    draft_exports(&all, t, site->outlets);
    add(&all.list[0], "images", (struct child){.dir = t->images});
    add(&all.list[0], ".shopfs", (struct child){.dir = t->hidden, .hidden = true});
    for (size_t i = all.n; i-- > 0;) {
        struct draft *d = &all.list[i];
        if (d->dir == t->orders) {
            replace_orders(fs, t, d, tell);
            children_unref(children_new(d->list, d->n));
            continue;
        }
        if (i > 0)
            set_owner(fs, d->dir, d->mode, 0, d->gid);
        children_replace(fs, d->dir, children_new(d->list, d->n), tell);
    }
    free(all.list);
}

void fs_set_sites(struct fs *fs, const struct fs_site *sites, size_t n, bool tell)
{
    struct draft root = {.dir = fs->root};
    bool follows = false;

    for (size_t i = 0; i < n; i++)
        follows |= sites[i].follows;
    atomic_store(&fs->follows, follows);
    if (n == 1 && sites[0].path == NULL) {
        show_site(fs, tree_of(fs, sites[0].name), fs->root, &sites[0], tell);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct site_tree *t = tree_of(fs, sites[i].name);
        if (t->top == NULL)
            t->top = node_fixed(fs, NODE_DIR, 0, 0, t);
        set_owner(fs, t->top, sites[i].mode, 0, sites[i].has_owner ? sites[i].gid : 0);
        show_site(fs, t, t->top, &sites[i], tell);
        add(&root, sites[i].path, (struct child){.dir = t->top});
    }
    children_replace(fs, fs->root, children_new(root.list, root.n), tell);
}
