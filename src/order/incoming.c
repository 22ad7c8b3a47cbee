/*
 * The life of a dropped file.
 *
 *                 create, mkdir ...
 *                       |
 *                       v            write, truncate
 *   .-------------->  WRITTEN  <-------- (in place)
 *   |                   |
 *   |                   |  judge: the last writer's release, a rename to a candidate name, the truncation of a
 *   |                   |  closed file; the keeper: a writer silent for long, the time is over (expired)
 *   | settle            v
 *   | INCOMPLETE      QUEUED  <----------------.
 *   |                   |                      |  settle RETRY; judge_renamed: one more turn for the new
 *   |                   |  incoming_take       |  name's result
 *   |                   v                      |
 *   '-----------------TAKEN  -----------------'
 *                       |  settle DONE: the bytes are linked into the archive or among the refused
 *                       v
 *                     DONE  --- keeper: linger_s after the last use ---> name removed, `vanished` called
 *
 * What holds:
 *  1. Only a WRITTEN content changes. A change to any other content of a name makes a new generation: empty
 *     where the file is truncated, a copy else (and only when the bytes written differ from those that are
 *     there). So what the intake reads, and what the archive holds, stands still.
 *  2. WRITTEN shows as "receiving" while a handle may write and as "pending" when none does. FLUSH judges
 *     nothing: shells flush before the first byte.
 *  3. A generation that was truncated away or replaced by a rename while bytes in it were not yet judged, or
 *     while somebody still writes it, is judged all the same, under the name it had, when its last writer is gone (only_complete: complete is
 *     decided, the rest is thrown away). The writer who truncated has moved on to the new generation, others stay
 *     with theirs.
 *  4. UNLINK throws away what is WRITTEN, its writers' later bytes included (a server that deletes failed
 *     uploads does so before it closes). What is QUEUED, TAKEN or DONE was closed by its sender with success: the
 *     name goes, the decision stands. Who wants to withdraw an order cancels it in the shop.
 *  5. A candidate's name ends in .xml or .json and has no leading dot, nor has a directory above it. Other names
 *     are kept and usable, never decided, their result says so after a while (not with a leading dot: those are
 *     programs' own), and they are given up after pending_s (empty ones simply disappear). Only content that
 *     shows its own end can be taken so: INI and CSV are for `shopctl import`.
 *  6. A name that is gone while the kernel still knows its node answers getattr, setattr and read; a
 *     write-open answers ESTALE, so that the kernel looks again and creates.
 *
 * What is on disk: NUMBER.data for every content that is not empty, and the name log. FLUSH and FSYNC bring
 * to the disk the bytes, the directory entry of the data file and the log's line, in this order: a name in
 * the log never promises bytes that are not there. A rename of a candidate syncs the log too. Nothing about
 * DONE is in the log: after a crash the content is judged again, the journal in the database knows it, and
 * filing it again finds the same file. The file is only removed from here after the directory it was filed in
 * was synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/incoming_internal.h"

void (*crash_point_hook)(const char *where);

static const struct incoming_limits limits_default = {
    .max_upload = 64u << 20,
    .max_files = 20000,
    .max_depth = 8,
    .max_name = 200,
    .max_handles = 1024,
};

bool name_is_candidate(const char *name)
{
    return name[0] != '.' && (text_ends_with_nocase(name, ".xml") || text_ends_with_nocase(name, ".json"));
}

bool node_is_hidden(const struct incoming_node *node)
{
    for (const struct incoming_node *up = node; up && up->parent; up = up->parent) {
        if (up->name[0] == '.')
            return true;
    }
    return false;
}

bool node_is_candidate(const struct incoming_node *node)
{
    return !node->dir && name_is_candidate(node->name) && !node_is_hidden(node);
}

int64_t now_wall_ms(void)
{
    return clock_now_ms();
}

void node_touch(struct incoming_node *node)
{
    node->touched = clock_monotonic_ms();
}

static void take_limits(struct incoming_limits *limits)
{
    if (!limits->max_upload)
        limits->max_upload = limits_default.max_upload;
    if (!limits->max_files)
        limits->max_files = limits_default.max_files;
    if (!limits->max_depth)
        limits->max_depth = limits_default.max_depth;
    if (!limits->max_name)
        limits->max_name = limits_default.max_name;
    if (!limits->max_handles)
        limits->max_handles = limits_default.max_handles;
}

static void free_objects(struct object *list)
{
    while (list) {
        struct object *o = list;

        list = o->next;
        if (o->fd >= 0)
            close(o->fd);
        pthread_mutex_destroy(&o->io);
        free(o->name);
        free(o->filed_as);
        free(o->retry_of);
        free(o);
    }
}

static void free_all(struct incoming *in)
{
    while (in->nodes) {
        for (struct incoming_handle *h = in->nodes->handles, *next; h; h = next) {
            next = h->next;
            free(h); /* still open when the mount ended */
        }
        node_free(in, in->nodes);
    }
    free_objects(in->objects);
    free(in->ready.items);
    free(in->later.items);
    free(in->buckets);
    for (unsigned i = 0; i < in->n_filed; i++)
        close(in->filed[i].fd);
    for (size_t i = 0; i < in->n_unsynced; i++)
        free(in->unsynced[i].name);
    free(in->unsynced);
    name_log_close(in->log);
    if (in->dir >= 0)
        close(in->dir); /* and with it the lock */
    pthread_mutex_destroy(&in->lock);
    pthread_mutex_destroy(&in->dir_sync);
    pthread_cond_destroy(&in->work);
    pthread_cond_destroy(&in->tick);
    free(in);
}

int incoming_open(struct incoming **out, const struct incoming_options *options, struct error *err)
{
    struct incoming *in = xcalloc(1, sizeof *in);
    pthread_condattr_t monotonic;
    int rc;

    in->options = *options;
    take_limits(&in->options.limits);
    pthread_mutex_init(&in->lock, NULL);
    pthread_mutex_init(&in->dir_sync, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&in->work, &monotonic);
    pthread_cond_init(&in->tick, &monotonic);
    pthread_condattr_destroy(&monotonic);
    in->n_buckets = 1024;
    while (in->n_buckets < in->options.limits.max_files && in->n_buckets < 65536)
        in->n_buckets *= 2;
    in->buckets = xcalloc(in->n_buckets, sizeof *in->buckets);
    in->next_id = 1;
    in->next_number = 1;
    in->ready.before = heap_by_arrival;
    in->later.before = heap_by_time;

    in->dir = io_open_dir(options->state_dir, "incoming", 0700);
    if (in->dir < 0) {
        rc = error_set(err, in->dir, "cannot open the directory of uploads 'incoming': %s",
                       strerror(-in->dir));
        goto fail;
    }
    if (flock(in->dir, LOCK_EX | LOCK_NB) < 0) {
        rc = -errno;
        error_set(err, rc, "uploads are being received by another process: %s", strerror(-rc));
        error_advise(err, "serve one database by one mount only");
        goto fail;
    }
    in->root = node_new(in, "", true, options->mode & 07777, options->uid, options->gid);
    in->root->linked = true;
    rc = recover(in, err);
    if (rc == 0)
        rc = keeper_start(in);
    if (rc < 0)
        goto fail;
    *out = in;
    return 0;
fail:
    free_all(in);
    return rc;
}

void incoming_configure(struct incoming *in, const struct incoming_limits *limits, uid_t uid, gid_t gid,
                        mode_t mode)
{
    struct incoming_limits now = *limits;

    take_limits(&now);
    pthread_mutex_lock(&in->lock);
    __atomic_store_n(&in->options.limits.max_upload, now.max_upload, __ATOMIC_RELAXED);
    in->options.limits.max_files = now.max_files;
    in->options.limits.max_depth = now.max_depth;
    in->options.limits.max_name = now.max_name;
    in->options.limits.max_handles = now.max_handles;
    in->options.limits.linger_s = now.linger_s;
    in->options.limits.pending_s = now.pending_s;
    in->root->uid = uid;
    in->root->gid = gid;
    in->root->mode = mode & 07777;
    keeper_expect(in, clock_monotonic_ms()); /* more may be due */
    pthread_mutex_unlock(&in->lock);
}

void incoming_close(struct incoming *in)
{
    if (!in)
        return;
    keeper_stop(in);
    objects_bury(in);
    free_all(in);
}

struct incoming_node *incoming_root(struct incoming *in)
{
    return in->root;
}

uint64_t incoming_ino(const struct incoming_node *node)
{
    return node->ino;
}
