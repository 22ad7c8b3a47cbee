/* Nodes and names: a hash of (directory, name), and children in order of arrival for listing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

static struct timespec now_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t;
}

struct incoming_node *node_new(struct incoming *in, const char *name, bool dir, mode_t mode, uid_t uid,
                               gid_t gid)
{
    struct incoming_node *node = xcalloc(1, sizeof *node);

    node->ino = in->options.next_ino(in->options.next_ino_arg);
    node->id = in->next_id++;
    node->name = xstrdup(name);
    node->dir = dir;
    node->mode = mode & 07777;
    node->uid = uid;
    node->gid = gid;
    node->atime = node->mtime = node->ctime = now_time();
    node_touch(node);
    node->all_next = in->nodes;
    if (node->all_next)
        node->all_next->all_prev = node;
    in->nodes = node;
    return node;
}

void node_free(struct incoming *in, struct incoming_node *node)
{
    if (node->all_prev)
        node->all_prev->all_next = node->all_next;
    else
        in->nodes = node->all_next;
    if (node->all_next)
        node->all_next->all_prev = node->all_prev;
    free(node->name);
    free(node);
}

/* A node out of the tree keeps its content readable as long as the kernel knows it. */
void node_free_if_unused(struct incoming *in, struct incoming_node *node)
{
    if (node->linked || node->lookups || node->n_handles)
        return;
    if (node->object)
        object_unref(in, node->object);
    node_free(in, node);
}

static struct incoming_node **bucket(struct incoming *in, const struct incoming_node *dir, const char *name)
{
    uint64_t hash = digest_hash64(name, strlen(name)) ^ (dir->id * 0x9e3779b97f4a7c15u);

    return &in->buckets[(hash ^ hash >> 32) & (in->n_buckets - 1)];
}

struct incoming_node *node_find(struct incoming *in, const struct incoming_node *dir, const char *name)
{
    struct incoming_node *node = *bucket(in, dir, name);

    while (node && (node->parent != dir || strcmp(node->name, name) != 0))
        node = node->chain;
    return node;
}

void node_link(struct incoming *in, struct incoming_node *dir, struct incoming_node *node)
{
    struct incoming_node **at = bucket(in, dir, node->name);

    node->chain = *at;
    *at = node;
    node->parent = dir;
    node->linked = true;
    node->prev = dir->last;
    node->next = NULL;
    if (dir->last)
        dir->last->next = node;
    else
        dir->first = node;
    dir->last = node;
    dir->n_children++;
    if (node->dir)
        dir->n_dirs++;
    dir->mtime = dir->ctime = now_time();
    in->n_nodes++;
}

void node_unlink(struct incoming *in, struct incoming_node *node)
{
    struct incoming_node *dir = node->parent, **at = bucket(in, dir, node->name);

    while (*at != node)
        at = &(*at)->chain;
    *at = node->chain;
    if (node->prev)
        node->prev->next = node->next;
    else
        dir->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        dir->last = node->prev;
    node->chain = node->next = node->prev = NULL;
    dir->n_children--;
    if (node->dir)
        dir->n_dirs--;
    dir->mtime = dir->ctime = now_time();
    node_touch(dir);
    node->parent = NULL;
    node->linked = false;
    node->ctime = now_time();
    in->n_nodes--;
}

void node_remove(struct incoming *in, struct incoming_node *node, bool superseded)
{
    if (node->object) {
        struct object *o = node->object;

        object_ref(o);
        object_detach(in, o, superseded); /* while the name still stands */
        note_gone(in, node);
        node->object = o; /* readable as long as the kernel knows the node; o->node stays NULL */
    } else {
        note_gone(in, node);
    }
    node_unlink(in, node);
    node_free_if_unused(in, node);
}

unsigned node_depth(const struct incoming_node *node)
{
    unsigned depth = 0;

    for (; node->parent; node = node->parent)
        depth++;
    return depth;
}

static unsigned tree_height(const struct incoming_node *node)
{
    unsigned height = 0;

    for (const struct incoming_node *child = node->first; child; child = child->next) {
        unsigned h = child->dir ? 1 + tree_height(child) : 0;

        if (h > height)
            height = h;
    }
    return height;
}

static int name_check(const struct incoming *in, const char *name)
{
    /* EACCES, whatever is wrong: the one error that every client shows in words. */
    return io_name_ok(name) && strlen(name) <= in->options.limits.max_name ? 0 : -EACCES;
}

int name_check_new(const struct incoming *in, const struct incoming_node *dir, const char *name)
{
    if (!dir->linked)
        return -ENOENT;
    if (in->n_nodes >= in->options.limits.max_files)
        return -EACCES;
    return name_check(in, name);
}

void node_fill(const struct incoming *in, const struct incoming_node *node, struct stat *out)
{
    (void)in;
    memset(out, 0, sizeof *out);
    out->st_ino = node->ino;
    out->st_mode = node->mode | (node->dir ? S_IFDIR : S_IFREG);
    out->st_uid = node->uid;
    out->st_gid = node->gid;
    out->st_atim = node->atime;
    out->st_mtim = node->mtime;
    out->st_ctim = node->ctime;
    out->st_blksize = 4096;
    if (node->dir) {
        out->st_nlink = node->linked ? 2 + node->n_dirs : 0;
    } else {
        out->st_nlink = node->linked ? 1 : 0;
        out->st_size = (off_t)node->object->size;
        out->st_blocks = (out->st_size + 511) / 512;
    }
}

/* what the filesystem asks ---------------------------------------------------------------------------- */

int incoming_lookup(struct incoming *in, struct incoming_node *dir, const char *name,
                    struct incoming_node **out)
{
    struct incoming_node *node;

    pthread_mutex_lock(&in->lock);
    node = dir->dir ? node_find(in, dir, name) : NULL;
    if (node) {
        node->lookups++;
        *out = node;
    }
    pthread_mutex_unlock(&in->lock);
    return node ? 0 : -ENOENT;
}

void incoming_forget(struct incoming *in, struct incoming_node *node, uint64_t count)
{
    pthread_mutex_lock(&in->lock);
    node->lookups -= count < node->lookups ? count : node->lookups;
    if (node != in->root)
        node_free_if_unused(in, node);
    pthread_mutex_unlock(&in->lock);
}

int incoming_mkdir(struct incoming *in, struct incoming_node *dir, const char *name, mode_t mode, uid_t uid,
                   gid_t gid, struct incoming_node **out)
{
    struct incoming_node *node;
    int rc;

    pthread_mutex_lock(&in->lock);
    if (node_find(in, dir, name))
        rc = -EEXIST;
    else
        rc = name_check_new(in, dir, name);
    if (rc == 0 && node_depth(dir) >= in->options.limits.max_depth)
        rc = -EACCES;
    if (rc == 0) {
        node = node_new(in, name, true, mode, uid, gid);
        node_link(in, dir, node);
        node->lookups = 1;
        note_node(in, node);
        keeper_expect(in, node->touched + (int64_t)in->options.limits.pending_s * 1000);
        *out = node;
    }
    pthread_mutex_unlock(&in->lock);
    return rc < 0 ? rc : name_log_push(in->log);
}

int incoming_unlink(struct incoming *in, struct incoming_node *dir, const char *name)
{
    struct incoming_node *node;
    int rc = 0;

    pthread_mutex_lock(&in->lock);
    node = node_find(in, dir, name);
    if (!node)
        rc = -ENOENT;
    else if (node->dir)
        rc = -EISDIR;
    else
        node_remove(in, node, false);
    pthread_mutex_unlock(&in->lock);
    return rc < 0 ? rc : name_log_push(in->log);
}

int incoming_rmdir(struct incoming *in, struct incoming_node *dir, const char *name)
{
    struct incoming_node *node;
    int rc = 0;

    pthread_mutex_lock(&in->lock);
    node = node_find(in, dir, name);
    if (!node)
        rc = -ENOENT;
    else if (!node->dir)
        rc = -ENOTDIR;
    else if (node->n_children)
        rc = -ENOTEMPTY;
    else
        node_remove(in, node, false);
    pthread_mutex_unlock(&in->lock);
    return rc < 0 ? rc : name_log_push(in->log);
}

static int check_replaced(const struct incoming_node *node, const struct incoming_node *target)
{
    if (node->dir && !target->dir)
        return -ENOTDIR;
    if (!node->dir && target->dir)
        return -EISDIR;
    return target->dir && target->n_children ? -ENOTEMPTY : 0;
}

static int check_rename(const struct incoming *in, const struct incoming_node *node,
                        const struct incoming_node *new_dir, const char *new_name)
{
    int rc = new_dir->linked ? name_check(in, new_name) : -ENOENT;

    if (rc < 0 || !node->dir)
        return rc;
    for (const struct incoming_node *up = new_dir; up; up = up->parent) {
        if (up == node)
            return -EINVAL;
    }
    return node_depth(new_dir) + 1 + tree_height(node) > in->options.limits.max_depth ? -EACCES : 0;
}

/* Files that got a candidate's name with their directory. */
static void judge_below(struct incoming *in, struct incoming_node *node)
{
    if (!node->dir)
        judge_renamed(in, node);
    for (struct incoming_node *child = node->first; child; child = child->next)
        judge_below(in, child);
}

int incoming_rename(struct incoming *in, struct incoming_node *dir, const char *name,
                    struct incoming_node *new_dir, const char *new_name, unsigned flags)
{
    struct incoming_node *node, *target;
    uint64_t line = 0;
    int rc = 0;

    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -EINVAL;
    pthread_mutex_lock(&in->lock);
    node = node_find(in, dir, name);
    target = node_find(in, new_dir, new_name);
    if (!node)
        rc = -ENOENT;
    else if (target && (flags & RENAME_NOREPLACE))
        rc = -EEXIST;
    else if (target != node)
        rc = check_rename(in, node, new_dir, new_name);
    if (rc == 0 && target && target != node)
        rc = check_replaced(node, target);
    if (rc < 0 || target == node)
        goto out;

    /* The line of the new name comes before the one of the replaced file: a torn end loses neither. Who reads
     * both knows that the later one has the name. What the replaced file held is noted first. */
    if (target) {
        struct object *o = target->object;

        if (o) {
            object_ref(o);
            object_detach(in, o, true);
            target->object = o;
        }
        node_unlink(in, target);
    }
    /* Closed under a candidate's name and not yet decided, it is decided whatever its name becomes. */
    if (node->object && (node->object->state == OBJECT_QUEUED || node->object->state == OBJECT_TAKEN))
        note_orphan(in, node->object);
    node_unlink(in, node);
    free(node->name);
    node->name = xstrdup(new_name);
    node_link(in, new_dir, node);
    note_node(in, node);
    if (target) {
        note_gone(in, target);
        node_free_if_unused(in, target);
    }
    node_touch(node);
    judge_below(in, node);
    if (node->dir || (node_is_candidate(node) && node->object->size > 0 && !node->object->writers))
        line = node->line;
out:
    pthread_mutex_unlock(&in->lock);
    if (rc < 0)
        return rc;
    crash_point("renamed");
    /* The sender of a temporary name takes the rename for the end of his upload. */
    return line ? name_log_sync(in->log, line) : name_log_push(in->log);
}

/* Looking is no use of a file: where a client lists the directory all the time, names go away nevertheless. */
void incoming_getattr(struct incoming *in, struct incoming_node *node, struct stat *out)
{
    pthread_mutex_lock(&in->lock);
    node_fill(in, node, out);
    pthread_mutex_unlock(&in->lock);
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct incoming_entry *)a)->name, ((const struct incoming_entry *)b)->name);
}

int incoming_list(struct incoming *in, struct incoming_node *dir, bool want_nodes,
                  struct incoming_entry **out, size_t *n)
{
    struct incoming_entry *list;
    size_t count = 0;

    if (!dir->dir)
        return -ENOTDIR;
    pthread_mutex_lock(&in->lock);
    list = xcalloc(dir->n_children + 1, sizeof *list);
    for (struct incoming_node *child = dir->first; child; child = child->next) {
        list[count].name = xstrdup(child->name);
        node_fill(in, child, &list[count].attr);
        if (want_nodes) {
            list[count].node = child;
            child->lookups++;
        }
        count++;
    }
    node_touch(dir);
    pthread_mutex_unlock(&in->lock);
    qsort(list, count, sizeof *list, compare_entries);
    *out = list;
    *n = count;
    return 0;
}

void incoming_list_free(struct incoming_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(entries[i].name);
    free(entries);
}
