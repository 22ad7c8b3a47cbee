/* Building the tree of a mount, and telling the kernel what changed without a request. */
#include "fs/fs_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Beyond the fixed numbers; versions and dropped files are counted from here. */
#define FIRST_INO 16

struct fs *fs_new(void)
{
    struct fs *fs = xcalloc(1, sizeof *fs);

    atomic_init(&fs->next_ino, FIRST_INO);
    atomic_init(&fs->session, NULL);
    pthread_mutex_init(&fs->lock, NULL);
    clock_gettime(CLOCK_REALTIME, &fs->started);
    fs->checksums = checksums_new();
    return fs;
}

uint64_t fs_next_ino(void *arg)
{
    return atomic_fetch_add(&((struct fs *)arg)->next_ino, 1);
}

static struct node *fixed_node(struct fs *fs, struct node *parent, const char *name, enum node_kind kind,
                               mode_t mode)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = kind;
    n->fixed = true;
    n->ino = fs_next_ino(fs);
    n->mode = S_IFDIR | mode;
    node_child_add(parent, (struct child){.name = name, .dir = n});
    HASH_ADD(hh, fs->table, ino, sizeof n->ino, n);
    return n;
}

/* What was ordered, by whom: for the site's owner where it has one. Only he (and root) may take away what was
 * refused. */
static struct node *shelf_node(struct fs *fs, struct node *parent, const char *name,
                               const struct fs_site *site, int fd)
{
    struct node *n = fixed_node(fs, parent, name, NODE_SHELF, site->has_owner ? 0550 : 0755);

    n->uid = site->has_owner ? site->uid : 0;
    n->gid = site->has_owner ? site->gid : 0;
    n->shelf.parent = parent;
    n->shelf.fd = fd;
    return n;
}

/* A directory that holds nothing but private exports is private as they are. */
static struct node *export_dir(struct fs *fs, struct node *top, const struct export *e, size_t site,
                               const char **leaf)
{
    bool hidden = export_private(e);

    return node_dir_path(fs, top, export_path(e), hidden ? 0750 : 0755, hidden ? fs->sites[site].gid : 0,
                         leaf);
}

/* After all exports: one whose name ends like a checksum's is what its mapping says. */
static void add_checksum(struct fs *fs, struct node *top, struct export *e, size_t site)
{
    const char *leaf;
    struct node *dir = export_dir(fs, top, e, site, &leaf);
    char *name = xasprintf("%s" CHECKSUM_SUFFIX, leaf);

    if (node_child_find(dir, name) == NULL)
        node_child_add(
            dir, (struct child){
                     .name = name, .export = e, .checksum = checksum_add(fs->checksums, leaf), .site = site});
    free(name);
}

static void incoming_root_node(struct fs *fs, struct node *parent, const char *name, struct incoming *in)
{
    struct node *n = xcalloc(1, sizeof *n);

    n->kind = NODE_INCOMING;
    n->fixed = true;
    n->incoming.in = in;
    n->incoming.node = incoming_root(in);
    n->ino = incoming_ino(n->incoming.node);
    n->mode = S_IFDIR;
    HASH_ADD(hh, fs->table, ino, sizeof n->ino, n);
    node_child_add(parent, (struct child){.name = name, .dir = n});
}

static void build_site(struct fs *fs, struct node *top, size_t index)
{
    const struct fs_site *site = &fs->sites[index];
    struct site_nodes *nodes = &fs->site_nodes[index];
    struct node *orders = node_dir_add(fs, top, "orders", 0755, false), *hidden;

    for (size_t i = 0; i < exports_count(site->exports); i++) {
        struct export *e = exports_at(site->exports, i);
        const char *leaf;
        struct node *dir = export_dir(fs, top, e, index, &leaf);
        node_child_add(dir, (struct child){.name = leaf, .export = e, .site = index});
    }
    for (size_t i = 0; i < exports_count(site->exports); i++)
        add_checksum(fs, top, exports_at(site->exports, i), index);
    fixed_node(fs, top, "images", NODE_IMAGES, 0755);

    incoming_root_node(fs, orders, "incoming", site->incoming);
    incoming_root_node(fs, orders, "check", site->check);
    nodes->processed = shelf_node(fs, orders, "processed", site, site->archive_dir);
    nodes->rejected = shelf_node(fs, orders, "rejected", site, site->refused_dir);
    nodes->rejected->shelf.site = &fs->sites[index];
    nodes->rejected->mode = S_IFDIR | (site->has_owner ? 0750 : 0755);
    nodes->results = shelf_node(fs, orders, "results", site, site->results_dir);

    hidden = node_dir_add(fs, top, ".shopfs", 0550, true);
    hidden->uid = geteuid();
    hidden->gid = getegid();
    node_child_add(hidden, (struct child){.name = "status", .text = status_report, .site = index});
    node_child_add(hidden, (struct child){.name = "metrics", .text = metrics_report, .site = index});
    node_child_add(hidden, (struct child){.name = "events", .text = events_report, .site = index});
}

/* When the state directory was made: it stays what it was, so that mirrors find the directories unchanged. */
static struct timespec born(int state_dir)
{
    struct statx st;

    if (statx(state_dir, "", AT_EMPTY_PATH, STATX_MTIME | STATX_BTIME, &st) < 0)
        return (struct timespec){0};
    return (st.stx_mask & STATX_BTIME) != 0 ? (struct timespec){st.stx_btime.tv_sec, st.stx_btime.tv_nsec}
                                            : (struct timespec){st.stx_mtime.tv_sec, st.stx_mtime.tv_nsec};
}

void fs_build(struct fs *fs, const struct fs_options *options)
{
    fs->pictures = options->pictures;
    fs->state_dir = options->state_dir;
    fs->born = born(options->state_dir);
    fs->n_sites = options->n_sites;
    fs->sites = xreallocarray(NULL, fs->n_sites, sizeof *fs->sites);
    memcpy(fs->sites, options->sites, fs->n_sites * sizeof *fs->sites);
    fs->site_nodes = xcalloc(fs->n_sites, sizeof *fs->site_nodes);
    fs->root = node_dir_add(fs, NULL, "", 0755, false);
    if (fs->n_sites == 1)
        build_site(fs, fs->root, 0);
    else
        for (size_t i = 0; i < fs->n_sites; i++)
            build_site(fs, node_dir_add(fs, fs->root, fs->sites[i].name, 0755, false), i);
}

void fs_free(struct fs *fs)
{
    if (fs == NULL)
        return;
    checksums_free(fs->checksums);
    node_table_free(fs);
    free(fs->sites);
    free(fs->site_nodes);
    pthread_mutex_destroy(&fs->lock);
    free(fs);
}

void fs_set_session(struct fs *fs, struct fuse_session *session)
{
    atomic_store(&fs->session, session);
    if (session == NULL)
        checksums_stop(fs->checksums);
}

/* The kernel answers ENOENT for a name it does not know, which is as good. */
void fs_vanished(void *arg, uint64_t parent_ino, uint64_t ino, const char *name)
{
    struct fuse_session *session = atomic_load(&((struct fs *)arg)->session);

    (void)ino;
    if (session != NULL)
        fuse_lowlevel_notify_inval_entry(session, parent_ino, name, strlen(name));
}

void fs_filed(void *arg, const char *directory, const char *name)
{
    const struct fs_filed_arg *to = arg;
    struct fuse_session *session = atomic_load(&to->fs->session);
    const struct site_nodes *nodes;
    const struct node *shelf;

    if (session == NULL) /* the tree may not be built yet */
        return;
    nodes = &to->fs->site_nodes[to->site];
    shelf = strcmp(directory, "results") == 0   ? nodes->results
            : strcmp(directory, "archive") == 0 ? nodes->processed
                                                : nodes->rejected;
    if (shelf != NULL)
        fuse_lowlevel_notify_inval_entry(session, shelf->ino, name, strlen(name));
}
