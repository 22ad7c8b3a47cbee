/* Content objects on disk: their descriptors, copies, syncs and removal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

#define COPY_STEP ((size_t)256 * 1024)

void data_name(const struct object *o, char out[static DATA_NAME_MAX])
{
    snprintf(out, DATA_NAME_MAX, "%llu.data", (unsigned long long)o->number);
}

void object_key(const struct object *o, char *out, size_t size)
{
    snprintf(out, size, "%llu-%016llx", (unsigned long long)o->number, (unsigned long long)o->salt);
}

struct object *object_new(struct incoming *in)
{
    struct object *o = xcalloc(1, sizeof *o);

    o->number = in->next_number++;
    if (getrandom(&o->salt, sizeof o->salt, 0) != (ssize_t)sizeof o->salt)
        o->salt = (uint64_t)now_wall_ms() * 0x9e3779b97f4a7c15u;
    o->refs = 1;
    o->fd = -1;
    o->changed = true;
    o->changed_ms = now_wall_ms();
    o->changed_mono = clock_monotonic_ms();
    pthread_mutex_init(&o->io, NULL);
    o->next = in->objects;
    if (o->next)
        o->next->prev = o;
    in->objects = o;
    return o;
}

struct object *object_ref(struct object *o)
{
    o->refs++;
    return o;
}

void object_unref(struct incoming *in, struct object *o)
{
    if (--o->refs)
        return;
    if (o->prev)
        o->prev->next = o->next;
    else
        in->objects = o->next;
    if (o->next)
        o->next->prev = o->prev;
    o->next = o->prev = NULL;
    o->chained = in->dead;
    in->dead = o;
    keeper_expect(in, 0);
}

void object_set_node(struct incoming *in, struct incoming_node *node, struct object *o)
{
    (void)in;
    node->object = object_ref(o);
    o->node = node;
}

void object_detach(struct incoming *in, struct object *o, bool superseded)
{
    struct incoming_node *node = o->node;

    if (o->state != OBJECT_WRITTEN) {
        if (!superseded)
            o->only_complete = true;
        note_orphan(in, o);
    } else if (superseded && ((o->changed && o->size > 0) || o->writers) && node_is_candidate(node)) {
        free(o->name);
        o->name = xstrdup(node->name);
        o->candidate = true;
        o->only_complete = true;
        note_orphan(in, o);
        if (!o->writers)
            queue_add(in, o, 0);
    }
    o->node = NULL;
    node->object = NULL;
    object_unref(in, o);
}

int object_open_io(struct incoming *in, struct object *o, bool create)
{
    char name[DATA_NAME_MAX];
    int fd;

    if (o->fd >= 0)
        return 0;
    if (!o->on_disk && !create)
        return -ENOENT;
    data_name(o, name);
    fd = io_open_beneath(in->dir, name, O_RDWR | (o->on_disk ? 0 : O_CREAT | O_TRUNC), 0640);
    if (fd < 0)
        return fd;
    if (!o->on_disk) {
        o->on_disk = true;
        pthread_mutex_lock(&in->lock);
        o->dir_number = ++in->dir_changes;
        pthread_mutex_unlock(&in->lock);
    }
    o->fd = fd;
    return 0;
}

void object_close_io(struct incoming *in, struct object *o)
{
    int fd = -1, rc = 0;

    pthread_mutex_lock(&o->io);
    pthread_mutex_lock(&in->lock);
    if (!o->writers && !o->readers && !(o->node && o->node->n_handles))
        fd = steal_fd(o->fd);
    pthread_mutex_unlock(&in->lock);
    if (fd >= 0 && close(fd) < 0)
        rc = -errno;
    pthread_mutex_unlock(&o->io);
    if (rc < 0)
        log_write(LOG_LEVEL_ERROR, "closing an upload: %s", strerror(-rc));
}

int object_open_read(struct incoming *in, struct object *o)
{
    char name[DATA_NAME_MAX];
    bool on_disk;

    pthread_mutex_lock(&o->io);
    on_disk = o->on_disk;
    pthread_mutex_unlock(&o->io);
    if (!on_disk) /* an empty file of the same kind: readers need no special case */
        return io_open_beneath(in->dir, ".", O_RDWR | O_TMPFILE, 0600);
    data_name(o, name);
    return io_open_beneath(in->dir, name, O_RDONLY, 0);
}

/* Makes the creation of data files up to `number` durable; those who wait meanwhile share the next sync. */
static int dir_sync(struct incoming *in, uint64_t number)
{
    uint64_t upto;
    int rc = 0;

    pthread_mutex_lock(&in->dir_sync);
    if (in->dir_synced < number) {
        pthread_mutex_lock(&in->lock);
        upto = in->dir_changes;
        pthread_mutex_unlock(&in->lock);
        rc = io_sync_dir(in->dir);
        if (rc == 0)
            in->dir_synced = upto;
    }
    pthread_mutex_unlock(&in->dir_sync);
    return rc;
}

int object_sync(struct incoming *in, struct object *o)
{
    uint64_t writes, number;
    bool needed;
    int fd, rc;

    pthread_mutex_lock(&in->lock);
    writes = o->writes;
    needed = o->synced < writes;
    rc = o->sync_error;
    pthread_mutex_unlock(&in->lock);
    if (!needed || rc < 0)
        return rc;
    pthread_mutex_lock(&o->io);
    rc = object_open_io(in, o, true);
    /* A descriptor of our own: whoever closes the last handle meanwhile may close the shared one. */
    fd = rc == 0 ? fcntl(o->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (rc == 0 && fd < 0)
        rc = -errno;
    pthread_mutex_unlock(&o->io);
    if (rc < 0)
        return rc;
    if (fdatasync(fd) < 0)
        rc = -errno;
    close(fd);
    pthread_mutex_lock(&in->lock);
    number = o->dir_number;
    o->sync_error = rc;
    pthread_mutex_unlock(&in->lock);
    if (rc == 0)
        rc = dir_sync(in, number);
    if (rc < 0)
        return rc;
    crash_point("content synced");
    pthread_mutex_lock(&in->lock);
    if (o->synced < writes)
        o->synced = writes;
    pthread_mutex_unlock(&in->lock);
    return 0;
}

int copy_bytes(int from, int to, uint64_t size)
{
    auto_free char *data = xmalloc(COPY_STEP);
    uint64_t at = 0;

    while (at < size) {
        size_t want = size - at < COPY_STEP ? (size_t)(size - at) : COPY_STEP;
        ssize_t n = io_pread_full(from, data, want, (off_t)at);
        int rc;

        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        rc = io_pwrite_full(to, data, (size_t)n, (off_t)at);
        if (rc < 0)
            return rc;
        at += (uint64_t)n;
    }
    return 0;
}

int object_copy(struct incoming *in, struct object *from, struct object *to, uint64_t size)
{
    int rc;

    if (size > from->size)
        size = from->size;
    if (size == 0)
        return 0;
    rc = object_open_io(in, from, false);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&to->io);
    rc = object_open_io(in, to, true);
    if (rc == 0)
        rc = copy_bytes(from->fd, to->fd, size);
    pthread_mutex_unlock(&to->io);
    return rc;
}

/* Removes the files of contents nobody refers to any more; those that were filed only once that is durable.
 */
void objects_bury(struct incoming *in)
{
    struct object *dead, *o;
    bool filed = false;
    uint64_t line = 0;
    int rc = 0;

    pthread_mutex_lock(&in->lock);
    dead = in->dead;
    in->dead = NULL;
    for (o = dead; o; o = o->chained)
        filed |= o->filed || o->orphan_noted;
    pthread_mutex_unlock(&in->lock);
    if (!dead)
        return;
    if (filed)
        rc = filed_sync(in);
    if (rc == 0) {
        pthread_mutex_lock(&in->lock);
        for (o = dead; o; o = o->chained) {
            if (o->orphan_noted)
                note_dead(in, o);
        }
        line = name_log_add(in->log, "c %llu %llu", (unsigned long long)in->next_id,
                            (unsigned long long)in->next_number);
        pthread_mutex_unlock(&in->lock);
        crash_point("before removal");
        rc = filed ? name_log_sync(in->log, line) : name_log_push(in->log);
    }
    if (rc < 0) {
        log_write(LOG_LEVEL_ERROR, "cannot remove finished uploads: %s", strerror(-rc));
        pthread_mutex_lock(&in->lock);
        while ((o = dead)) {
            dead = o->chained;
            o->chained = in->dead;
            in->dead = o;
        }
        pthread_mutex_unlock(&in->lock);
        return;
    }
    while ((o = dead)) {
        char name[DATA_NAME_MAX];

        dead = o->chained;
        data_name(o, name);
        if (o->fd >= 0)
            close(o->fd);
        if (o->on_disk && unlinkat(in->dir, name, 0) < 0)
            log_write(LOG_LEVEL_ERROR, "cannot remove '%s' from the uploads: %s", name, strerror(errno));
        pthread_mutex_destroy(&o->io);
        free(o->name);
        free(o->filed_as);
        free(o->retry_of);
        free(o);
    }
}
