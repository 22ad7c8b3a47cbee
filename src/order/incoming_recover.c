/*
 * The lines of the name log, and the start after whatever ended the last run.
 *
 *   n ID PARENT d|f MODE UID GID ATIME MTIME NUMBER SALT CHANGED NAME   a node as it is now; PARENT 0:
 * incoming itself d ID                                                                it is gone o NUMBER
 * SALT NAME                                                  a content without a node (or judged under
 *                                                                       another name) that is still to be
 * decided x NUMBER                                                            that is done with c ID NUMBER
 * neither is used again below these
 *
 * Times are seconds.nanoseconds, CHANGED milliseconds, SALT hexadecimal. A name comes last and may hold
 * spaces.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

#define NODE_LINE \
    "n %" PRIu64 " %" PRIu64 " %c %o %u %u %lld.%09ld %lld.%09ld %" PRIu64 " %016" PRIx64 " %" PRId64 " %s"
#define NODE_ARGS(node, o)                                                                            \
    (node)->id, (node)->parent->parent ? (node)->parent->id : 0, (node)->dir ? 'd' : 'f',             \
        (unsigned)(node)->mode, (unsigned)(node)->uid, (unsigned)(node)->gid,                         \
        (long long)(node)->atime.tv_sec, (node)->atime.tv_nsec, (long long)(node)->mtime.tv_sec,      \
        (node)->mtime.tv_nsec, (o) ? (o)->number : 0, (o) ? (o)->salt : 0, (o) ? (o)->changed_ms : 0, \
        (node)->name

/* Requests alone make the log grow; the keeper, who shortens it, may have nothing else to do for hours. */
#define LINES_WATCHED 16384

static void line_noted(struct incoming *in)
{
    if (++in->lines % LINES_WATCHED == 0)
        keeper_expect(in, 0);
}

void note_node(struct incoming *in, struct incoming_node *node)
{
    struct object *o = node->object;

    line_noted(in);
    node->stale = false;
    node->line = name_log_add(in->log, NODE_LINE, NODE_ARGS(node, o));
}

void note_gone(struct incoming *in, struct incoming_node *node)
{
    line_noted(in);
    node->line = name_log_add(in->log, "d %" PRIu64, node->id);
}

void note_orphan(struct incoming *in, struct object *o)
{
    line_noted(in);
    o->orphan_noted = true;
    o->line = name_log_add(in->log, "o %" PRIu64 " %016" PRIx64 " %s", o->number, o->salt, o->name);
}

void note_dead(struct incoming *in, struct object *o)
{
    line_noted(in);
    o->orphan_noted = false;
    o->line = name_log_add(in->log, "x %" PRIu64, o->number);
}

static void snapshot(void *arg, struct name_log *log, struct buf *out)
{
    struct incoming *in = arg;

    pthread_mutex_lock(&in->lock);
    name_log_line(out, "c %" PRIu64 " %" PRIu64, in->next_id, in->next_number);
    for (const struct incoming_node *node = in->nodes; node; node = node->all_next) {
        if (node->linked && node != in->root)
            name_log_line(out, NODE_LINE, NODE_ARGS(node, node->object));
    }
    for (const struct object *o = in->objects; o; o = o->next) {
        if (o->orphan_noted)
            name_log_line(out, "o %" PRIu64 " %016" PRIx64 " %s", o->number, o->salt, o->name);
    }
    for (const struct object *o = in->dead; o; o = o->chained) {
        if (o->orphan_noted)
            name_log_line(out, "o %" PRIu64 " %016" PRIx64 " %s", o->number, o->salt, o->name);
    }
    name_log_snapshot_taken(log);
    pthread_mutex_unlock(&in->lock);
}

int names_rewrite(struct incoming *in)
{
    return name_log_rewrite(in->log, snapshot, in);
}

/* reading --------------------------------------------------------------------------------------------- */

struct found {
    uint64_t id, parent, number, salt;
    char kind; /* d, f, o */
    unsigned mode, uid, gid;
    struct timespec atime, mtime;
    int64_t changed_ms;
    char *name;
    bool gone;
    uint64_t order; /* of its last line: the later one has a name that two claim */
    struct incoming_node *node;
};

struct findings {
    struct found *nodes;
    size_t n_nodes, cap_nodes;
    struct found *orphans;
    size_t n_orphans, cap_orphans;
    uint64_t next_id, next_number, lines;
};

/* Sorted by id: numbers grow, so the place is nearly always the end. */
static struct found *find_slot(struct found **list, size_t *n, size_t *cap, uint64_t id)
{
    size_t lo = 0, hi = *n;

    if (*n && (*list)[*n - 1].id < id)
        lo = *n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;

        if ((*list)[middle].id < id)
            lo = middle + 1;
        else
            hi = middle;
    }
    if (lo < *n && (*list)[lo].id == id)
        return &(*list)[lo];
    array_grow(*list, *n, *cap);
    memmove(*list + lo + 1, *list + lo, (*n - lo) * sizeof **list);
    (*n)++;
    (*list)[lo] = (struct found){.id = id};
    return &(*list)[lo];
}

static void read_line(void *arg, const char *line)
{
    struct findings *f = arg;
    struct found v = {0}, *slot;
    long long atime, mtime;
    unsigned long long a, b;
    int name = 0;

    f->lines++;
    if (sscanf(line,
               "n %" SCNu64 " %" SCNu64 " %c %o %u %u %lld.%ld %lld.%ld %" SCNu64 " %" SCNx64 " %" SCNd64
               "%n",
               &v.id, &v.parent, &v.kind, &v.mode, &v.uid, &v.gid, &atime, &v.atime.tv_nsec, &mtime,
               &v.mtime.tv_nsec, &v.number, &v.salt, &v.changed_ms, &name) == 13 &&
        name) {
        v.atime.tv_sec = atime;
        v.mtime.tv_sec = mtime;
        slot = find_slot(&f->nodes, &f->n_nodes, &f->cap_nodes, v.id);
    } else if (sscanf(line, "o %" SCNu64 " %" SCNx64 "%n", &v.number, &v.salt, &name) == 2 && name) {
        v.kind = 'o';
        v.id = v.number;
        slot = find_slot(&f->orphans, &f->n_orphans, &f->cap_orphans, v.id);
    } else if (sscanf(line, "d %llu", &a) == 1) {
        find_slot(&f->nodes, &f->n_nodes, &f->cap_nodes, a)->gone = true;
        return;
    } else if (sscanf(line, "x %llu", &a) == 1) {
        find_slot(&f->orphans, &f->n_orphans, &f->cap_orphans, a)->gone = true;
        return;
    } else {
        if (sscanf(line, "c %llu %llu", &a, &b) == 2) {
            f->next_id = a > f->next_id ? a : f->next_id;
            f->next_number = b > f->next_number ? b : f->next_number;
        }
        return;
    }
    if (line[name] != ' ' || !io_name_ok(line + name + 1))
        return;
    free(slot->name);
    v.name = xstrdup(line + name + 1);
    v.order = f->lines;
    *slot = v;
    f->next_number = v.number >= f->next_number ? v.number + 1 : f->next_number;
}

static struct found *find_id(struct findings *f, uint64_t id)
{
    size_t lo = 0, hi = f->n_nodes;

    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;

        if (f->nodes[middle].id < id)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < f->n_nodes && f->nodes[lo].id == id ? &f->nodes[lo] : NULL;
}

static struct object *adopt_object(struct incoming *in, uint64_t number, uint64_t salt, int64_t changed_ms)
{
    struct object *o = object_new(in);
    char data[64];
    struct stat st;

    o->number = number;
    o->salt = salt;
    o->changed_ms = changed_ms;
    if (now_wall_ms() > changed_ms)
        o->changed_mono -= now_wall_ms() - changed_ms;
    o->recovered = true;
    o->arrival = number; /* as near as can be known */
    snprintf(data, sizeof data, "%" PRIu64 ".data", number);
    if (fstatat(in->dir, data, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
        o->on_disk = true;
        o->size = (uint64_t)st.st_size;
        o->writes = 1; /* what the last run left may not be on the disk yet */
    }
    return o;
}

/* Puts the node of a finding into the tree, its directories first. A parent that is gone, or a circle that
 * only a damaged log can hold, is replaced by incoming itself. */
static void adopt_node(struct incoming *in, struct findings *f, struct found *v, unsigned depth)
{
    struct incoming_node *dir = in->root, *other;
    struct found *parent;

    if (v->node || v->gone || !v->name)
        return;
    parent = v->parent ? find_id(f, v->parent) : NULL;
    if (parent && !parent->gone && parent->kind == 'd' && depth < 64) {
        adopt_node(in, f, parent, depth + 1);
        if (parent->node)
            dir = parent->node;
    }
    if (v->node)
        return;
    other = node_find(in, dir, v->name);
    if (other) {
        struct found *o = find_id(f, other->id);

        if (other->dir || (o && o->order > v->order))
            return; /* its content, if any, is thrown away: it was being replaced */
        node_remove(in, other, true);
    }
    v->node = node_new(in, v->name, v->kind == 'd', v->mode, v->uid, v->gid);
    v->node->id = v->id;
    if (v->kind == 'f') {
        struct object *o = adopt_object(in, v->number, v->salt, v->changed_ms);

        object_set_node(in, v->node, o);
        object_unref(in, o);
    }
    node_link(in, dir, v->node);
    v->node->atime = v->atime;
    v->node->mtime = v->mtime;
}

static void adopt_all(struct incoming *in, struct findings *f)
{
    for (size_t i = 0; i < f->n_nodes; i++)
        adopt_node(in, f, &f->nodes[i], 0);
    for (size_t i = 0; i < f->n_orphans; i++) {
        struct found *v = &f->orphans[i];
        struct object *o;

        if (v->gone || !v->name)
            continue;
        for (o = in->objects; o && o->number != v->number;)
            o = o->next;
        o = o ? object_ref(o) : adopt_object(in, v->number, v->salt, now_wall_ms());
        if (o->size) {
            queue_add(in, o, 0);
            free(o->name);
            o->name = xstrdup(v->name);
            o->candidate = true;
            o->only_complete = o->node == NULL;
            o->orphan_noted = true;
        }
        object_unref(in, o);
    }
    for (struct incoming_node *node = in->nodes; node; node = node->all_next) {
        if (node->linked && node->object)
            judge(in, node->object);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Files in the directory that no line refers to: leftovers, unless the list of names is damaged. */
static int sweep_files(struct incoming *in, bool keep)
{
    int fd = io_open_beneath(in->dir, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    auto_free uint64_t *numbers = NULL;
    size_t n = 0, cap = 0;
    struct dirent *entry;
    unsigned lost = 0;

    if (!dir) {
        int rc = fd < 0 ? fd : -errno;

        if (fd >= 0)
            close(fd);
        return rc;
    }
    for (const struct object *o = in->objects; o; o = o->next) {
        array_grow(numbers, n, cap);
        numbers[n++] = o->number;
    }
    for (const struct object *o = in->dead; o; o = o->chained) { /* the keeper removes these */
        array_grow(numbers, n, cap);
        numbers[n++] = o->number;
    }
    if (n)
        qsort(numbers, n, sizeof *numbers, compare_numbers);
    while ((entry = readdir(dir))) {
        uint64_t number;
        int end = 0;
        char name[64];

        if (sscanf(entry->d_name, "%" SCNu64 ".data%n", &number, &end) != 1 || !end || entry->d_name[end])
            continue;
        if (number >= in->next_number)
            in->next_number = number + 1;
        if (n && bsearch(&number, numbers, n, sizeof *numbers, compare_numbers))
            continue;
        if (!keep) {
            unlinkat(in->dir, entry->d_name, 0);
            continue;
        }
        snprintf(name, sizeof name, "%" PRIu64 ".lost", number);
        if (renameat(in->dir, entry->d_name, in->dir, name) == 0)
            lost++;
    }
    closedir(dir);
    if (lost)
        log_write(LOG_LEVEL_ERROR,
                  "the list of uploads is damaged: %u uploads without a name are kept as NUMBER.lost in the "
                  "state directory",
                  lost);
    return 0;
}

int recover(struct incoming *in, struct error *err)
{
    struct findings f = {.next_id = 1, .next_number = 1};
    bool existed, damaged;
    int rc = name_log_open(&in->log, in->dir, read_line, &f, &existed, &damaged, err);

    if (rc < 0)
        goto out;
    pthread_mutex_lock(&in->lock);
    in->next_id = f.next_id;
    if (f.n_nodes && f.nodes[f.n_nodes - 1].id >= in->next_id)
        in->next_id = f.nodes[f.n_nodes - 1].id + 1;
    in->root->id = 0;
    in->next_number = f.next_number;
    in->arrivals = f.next_number;
    adopt_all(in, &f);
    pthread_mutex_unlock(&in->lock);
    rc = sweep_files(in, damaged || !existed);
    if (rc == 0)
        rc = names_rewrite(in);
    if (rc < 0)
        error_set(err, rc, "cannot write the list of uploads: %s", strerror(-rc));
out:
    for (size_t i = 0; i < f.n_nodes; i++)
        free(f.nodes[i].name);
    for (size_t i = 0; i < f.n_orphans; i++)
        free(f.orphans[i].name);
    free(f.nodes);
    free(f.orphans);
    return rc;
}
