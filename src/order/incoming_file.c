/* Open files: which generation of a content a handle reads or writes, and when a new one begins. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

static void content_changed(struct incoming *in, struct object *o)
{
    o->changed = true;
    o->writes++;
    o->changed_ms = now_wall_ms();
    o->written_mono = clock_monotonic_ms();
    o->changed_mono = o->written_mono;
    if (o->node) {
        clock_gettime(CLOCK_REALTIME, &o->node->mtime);
        o->node->ctime = o->node->mtime;
        o->node->touched = o->written_mono;
        o->node->stale = true;
    }
    (void)in;
}

static void handle_switch(struct incoming *in, struct incoming_handle *h, struct object *to)
{
    struct object *from = h->object;

    if (--from->writers == 0 && !from->node)
        judge(in, from);
    h->object = object_ref(to);
    to->writers++;
    object_unref(in, from);
}

/* in->lock: the node goes on with a new, empty generation; the handle that truncates (all, where the file is
 * truncated by name) goes with it, other writers stay with the old one. */
static void start_anew(struct incoming *in, struct incoming_node *node, struct incoming_handle *by)
{
    struct object *old = node->object, *o;

    if (old->state == OBJECT_WRITTEN && old->size == 0 && old->writes == 0 &&
        (!by || (by->object == old && old->writers == 1)))
        return;
    o = object_new(in);
    object_ref(old);
    if (by) {
        handle_switch(in, by, o);
    } else {
        for (struct incoming_handle *h = node->handles; h; h = h->next) {
            if (h->object == old)
                handle_switch(in, h, o);
        }
    }
    object_detach(in, old, true);
    object_unref(in, old);
    object_set_node(in, node, o);
    object_unref(in, o); /* the node and the handles hold it now */
    content_changed(in, o);
    o->writes = o->synced = 0; /* nothing to bring to the disk yet */
    note_node(in, node);
}

/* o->io held: a copy of at most size bytes becomes what the node and the handles of o go on with. */
static int start_copy(struct incoming *in, struct incoming_node *node, struct object *o, uint64_t size)
{
    struct object *copy;
    int rc;

    pthread_mutex_lock(&in->lock);
    copy = object_new(in);
    copy->changed = false;
    pthread_mutex_unlock(&in->lock);
    rc = object_copy(in, o, copy, size);
    pthread_mutex_lock(&in->lock);
    if (rc == 0) {
        copy->size = size < o->size ? size : o->size;
        copy->writes = copy->size ? 1 : 0;
        for (struct incoming_handle *h = node->handles; h; h = h->next) {
            if (h->object == o)
                handle_switch(in, h, copy);
        }
        if (node->object == o && o->node == node) {
            object_detach(in, o, true);
            object_set_node(in, node, copy);
            note_node(in, node);
        } else if (node->linked && !copy->name) { /* an older generation's writer goes on writing */
            copy->name = xstrdup(node->name);
            copy->candidate = node_is_candidate(node);
            copy->only_complete = true;
            if (copy->candidate)
                note_orphan(in, copy);
        }
    }
    object_unref(in, copy);
    pthread_mutex_unlock(&in->lock);
    return rc;
}

/* Takes o->io of the content that the handle writes (or the node holds) and tells whether it may be changed.
 * The content may be replaced while one waits: look again. A reference is held until content_end. */
static struct object *content_begin(struct incoming *in, struct incoming_node *node,
                                    struct incoming_handle *h, bool *sealed)
{
    for (;;) {
        struct object *o;
        bool current;

        pthread_mutex_lock(&in->lock);
        o = object_ref(h && h->object ? h->object : node->object);
        pthread_mutex_unlock(&in->lock);
        pthread_mutex_lock(&o->io);
        pthread_mutex_lock(&in->lock);
        current = o == (h && h->object ? h->object : node->object);
        *sealed = o->state != OBJECT_WRITTEN;
        if (!current)
            object_unref(in, o);
        pthread_mutex_unlock(&in->lock);
        if (current)
            return o;
        pthread_mutex_unlock(&o->io);
    }
}

static void content_end(struct incoming *in, struct object *o)
{
    pthread_mutex_unlock(&o->io);
    pthread_mutex_lock(&in->lock);
    object_unref(in, o);
    pthread_mutex_unlock(&in->lock);
}

static bool same_bytes_there(struct incoming *in, struct object *o, const void *data, size_t len, uint64_t at)
{
    auto_free char *there = NULL;

    if (at + len > o->size || object_open_io(in, o, false) < 0)
        return false;
    there = xmalloc(len + 1);
    return io_pread_full(o->fd, there, len, (off_t)at) == (ssize_t)len && memcmp(there, data, len) == 0;
}

ssize_t incoming_write(struct incoming_handle *h, const void *data, size_t len, off_t at)
{
    struct incoming *in = h->in;

    if (!h->object)
        return -EBADF;
    if (at < 0)
        return -EINVAL;
    for (;;) {
        bool sealed;
        struct object *o = content_begin(in, h->node, h, &sealed);
        uint64_t start = h->append ? o->size : (uint64_t)at;
        int rc = 0;

        uint64_t most = max_upload(in);
        if (start > most || len > most - start) {
            rc = -EFBIG;
        } else if (sealed && !same_bytes_there(in, o, data, len, start)) {
            rc = start_copy(in, h->node, o, UINT64_MAX);
            content_end(in, o);
            if (rc < 0)
                return rc;
            continue;
        } else if (!sealed) {
            rc = object_open_io(in, o, true);
            if (rc == 0)
                rc = io_pwrite_full(o->fd, data, len, (off_t)start);
            pthread_mutex_lock(&in->lock);
            if (rc == 0 && start + len > o->size)
                o->size = start + len;
            content_changed(in, o);
            pthread_mutex_unlock(&in->lock);
        }
        content_end(in, o);
        return rc < 0 ? rc : (ssize_t)len;
    }
}

ssize_t incoming_read(struct incoming_handle *h, void *data, size_t len, off_t at)
{
    struct incoming *in = h->in;
    struct object *o;
    uint64_t size;
    ssize_t n = 0;
    int fd = -1, rc;

    if (!h->readable)
        return -EBADF;
    if (at < 0)
        return -EINVAL;
    pthread_mutex_lock(&in->lock);
    o = object_ref(h->object ? h->object : h->node->object);
    o->readers++; /* keeps the shared descriptor open */
    size = o->size;
    node_touch(h->node);
    pthread_mutex_unlock(&in->lock);
    if ((uint64_t)at < size) {
        if (len > size - (uint64_t)at)
            len = (size_t)(size - (uint64_t)at);
        pthread_mutex_lock(&o->io);
        rc = object_open_io(in, o, false);
        fd = o->fd;
        pthread_mutex_unlock(&o->io);
        n = rc < 0 ? rc : io_pread_full(fd, data, len, at);
    }
    pthread_mutex_lock(&in->lock);
    o->readers--;
    object_unref(in, o);
    pthread_mutex_unlock(&in->lock);
    return n;
}

/* A real change of size. handle NULL: by name. */
static int set_size(struct incoming *in, struct incoming_node *node, struct incoming_handle *h, uint64_t size)
{
    bool linked;

    if (node->dir)
        return -EISDIR;
    if (h && !h->object)
        return -EINVAL;
    if (size > max_upload(in))
        return -EFBIG;
    pthread_mutex_lock(&in->lock);
    linked = node->linked;
    if (size == 0 && linked)
        start_anew(in, node, h);
    pthread_mutex_unlock(&in->lock);
    while (size > 0 || !linked) {
        bool sealed;
        struct object *now, *o = content_begin(in, node, h, &sealed);
        int rc = 0;

        if (size == o->size) {
            content_end(in, o);
            break;
        }
        if (sealed) {
            rc = start_copy(in, node, o, size);
        } else {
            rc = object_open_io(in, o, true);
            if (rc == 0 && ftruncate(o->fd, (off_t)size) < 0)
                rc = -errno;
        }
        pthread_mutex_lock(&in->lock);
        now = h ? h->object : node->object;
        if (rc == 0 && !sealed)
            o->size = size;
        if (rc == 0 && now->state == OBJECT_WRITTEN)
            content_changed(in, now);
        pthread_mutex_unlock(&in->lock);
        content_end(in, o);
        if (rc < 0)
            return rc;
    }
    pthread_mutex_lock(&in->lock);
    if (!h && node->linked) /* nobody will close it */
        judge(in, node->object);
    pthread_mutex_unlock(&in->lock);
    return 0;
}

static void set_time(struct timespec *to, const struct timespec *from)
{
    if (from->tv_nsec == UTIME_NOW)
        clock_gettime(CLOCK_REALTIME, to);
    else if (from->tv_nsec != UTIME_OMIT)
        *to = *from;
}

int incoming_setattr(struct incoming *in, struct incoming_node *node, struct incoming_handle *handle,
                     const struct stat *attr, unsigned which, struct stat *out)
{
    struct object *opened = NULL;
    int rc = 0;

    if (which & INCOMING_SET_SIZE) {
        bool lost;

        pthread_mutex_lock(&in->lock);
        lost = !handle && !node->linked;
        if (!node->dir && !handle)
            opened = object_ref(node->object);
        pthread_mutex_unlock(&in->lock);
        /* Truncated by name and then written: as for a write-open, the caller is to look the name up again.
         */
        rc = lost ? -ESTALE : set_size(in, node, handle, (uint64_t)attr->st_size);
    }
    pthread_mutex_lock(&in->lock);
    node_touch(node);
    if (rc == 0 && node != in->root) {
        if (which & INCOMING_SET_MODE)
            node->mode = attr->st_mode & 07777;
        if (which & INCOMING_SET_UID)
            node->uid = attr->st_uid;
        if (which & INCOMING_SET_GID)
            node->gid = attr->st_gid;
        if (which & INCOMING_SET_ATIME)
            set_time(&node->atime, &attr->st_atim);
        if (which & INCOMING_SET_MTIME)
            set_time(&node->mtime, &attr->st_mtim);
        clock_gettime(CLOCK_REALTIME, &node->ctime);
        if (node->linked)
            note_node(in, node);
    }
    if (out)
        node_fill(in, node, out);
    if (opened && node->object != opened) {
        object_unref(in, opened);
        opened = object_ref(node->object);
    }
    pthread_mutex_unlock(&in->lock);
    if (opened) {
        object_close_io(in, opened);
        pthread_mutex_lock(&in->lock);
        object_unref(in, opened);
        pthread_mutex_unlock(&in->lock);
    }
    name_log_push(in->log); /* a full disk shows at flush */
    return rc;
}

/* in->lock. Tells whether the flags ask for writing. */
static bool for_writing(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

static int open_locked(struct incoming *in, struct incoming_node *node, int flags,
                       struct incoming_handle **out)
{
    struct incoming_handle *h;

    if (node->dir)
        return -EISDIR;
    if (for_writing(flags) && !node->linked)
        return -ESTALE;
    if (in->n_handles >= in->options.limits.max_handles)
        return -EACCES;
    h = xcalloc(1, sizeof *h);
    h->in = in;
    h->node = node;
    h->readable = (flags & O_ACCMODE) != O_WRONLY;
    h->append = flags & O_APPEND;
    if (for_writing(flags)) {
        h->object = object_ref(node->object);
        h->object->writers++;
    }
    h->next = node->handles;
    if (h->next)
        h->next->prev = h;
    node->handles = h;
    node->n_handles++;
    in->n_handles++;
    node_touch(node);
    if (for_writing(flags) && (flags & O_TRUNC))
        start_anew(in, node, h);
    *out = h;
    return 0;
}

int incoming_open_file(struct incoming *in, struct incoming_node *node, int flags,
                       struct incoming_handle **out)
{
    int rc;

    pthread_mutex_lock(&in->lock);
    rc = open_locked(in, node, flags, out);
    pthread_mutex_unlock(&in->lock);
    name_log_push(in->log);
    return rc;
}

int incoming_create(struct incoming *in, struct incoming_node *dir, const char *name, int flags, mode_t mode,
                    uid_t uid, gid_t gid, struct incoming_node **out, struct incoming_handle **handle)
{
    struct incoming_node *node;
    int rc = 0;

    pthread_mutex_lock(&in->lock);
    node = node_find(in, dir, name);
    if (node && (flags & O_EXCL))
        rc = -EEXIST;
    else if (!node)
        rc = name_check_new(in, dir, name);
    if (rc == 0 && in->n_handles >= in->options.limits.max_handles)
        rc = -EACCES;
    if (rc == 0 && !node) {
        struct object *o = object_new(in);

        node = node_new(in, name, false, mode, uid, gid);
        object_set_node(in, node, o);
        object_unref(in, o);
        node_link(in, dir, node);
        note_node(in, node);
    }
    if (rc == 0)
        rc = open_locked(in, node, flags, handle);
    if (rc == 0) {
        node->lookups++;
        *out = node;
    }
    pthread_mutex_unlock(&in->lock);
    if (rc == 0)
        name_log_push(in->log);
    return rc;
}

/* The bytes, then the name: see incoming.c. An empty file is worth no sync. */
static int bring_to_disk(struct incoming_handle *h)
{
    struct incoming *in = h->in;
    struct object *o;
    uint64_t line;
    bool needed;
    int rc = 0;

    pthread_mutex_lock(&in->lock);
    if (!h->object) {
        pthread_mutex_unlock(&in->lock);
        return 0;
    }
    o = object_ref(h->object);
    if (h->node->stale && h->node->linked)
        note_node(in, h->node);
    line = o->node || h->node->line > o->line ? h->node->line : o->line;
    needed = o->size > 0;
    node_touch(h->node);
    pthread_mutex_unlock(&in->lock);
    if (needed)
        rc = object_sync(in, o);
    if (rc == 0)
        rc = needed ? name_log_sync(in->log, line) : name_log_push(in->log);
    if (rc < 0)
        log_write(LOG_LEVEL_ERROR, "an upload could not be brought to the disk: %s", strerror(-rc));
    pthread_mutex_lock(&in->lock);
    if (rc < 0) /* the name log is to be written anew at once, not when something else is due */
        keeper_expect(in, 0);
    object_unref(in, o);
    pthread_mutex_unlock(&in->lock);
    return rc;
}

int incoming_flush(struct incoming_handle *h)
{
    return bring_to_disk(h);
}

int incoming_fsync(struct incoming_handle *h)
{
    return bring_to_disk(h);
}

void incoming_release(struct incoming *in, struct incoming_handle *h)
{
    struct incoming_node *node = h->node;
    struct object *o, *shared;

    pthread_mutex_lock(&in->lock);
    if (h->prev)
        h->prev->next = h->next;
    else
        node->handles = h->next;
    if (h->next)
        h->next->prev = h->prev;
    node->n_handles--;
    in->n_handles--;
    node_touch(node);
    shared = object_ref(node->object);
    o = h->object;
    if (o) {
        if (node->stale && node->linked)
            note_node(in, node);
        if (--o->writers == 0)
            judge(in, o);
        object_unref(in, o);
    }
    if (node->linked)
        keeper_expect(in, node->touched + (int64_t)in->options.limits.linger_s * 1000);
    node_free_if_unused(in, node);
    pthread_mutex_unlock(&in->lock);
    free(h);
    object_close_io(in, shared);
    pthread_mutex_lock(&in->lock);
    object_unref(in, shared);
    pthread_mutex_unlock(&in->lock);
    name_log_push(in->log);
}
