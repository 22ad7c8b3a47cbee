/* Content objects on disk: their descriptors, copies, syncs, filing and removal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

#define COPY_STEP ((size_t)256 * 1024)
#define DATA_NAME_MAX 32

static void data_name(const struct object *o, char out[static DATA_NAME_MAX])
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
    o->next_queued = in->dead;
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

static int copy_bytes(int from, int to, uint64_t size)
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

/* -- filing
 * --------------------------------------------------------------------------------------------------- */

#define FILED_NAME_MAX 256

/* "order.xml", "order~2.xml", "order~3.xml" ...: the ending stays. A hidden name is made visible. */
static void filed_name(const char *name, unsigned k, char out[static FILED_NAME_MAX])
{
    const char *dot = strrchr(name + 1, '.');
    size_t stem = dot ? (size_t)(dot - name) : strlen(name);

    if (k == 1)
        snprintf(out, FILED_NAME_MAX, "%s", name);
    else
        snprintf(out, FILED_NAME_MAX, "%.*s~%u%s", (int)stem, name, k, dot ? dot : "");
    if (out[0] == '.')
        out[0] = '_';
}

static bool taken(int dir, const char *name, unsigned k)
{
    char filed[FILED_NAME_MAX];
    struct stat st;

    filed_name(name, k, filed);
    return fstatat(dir, filed, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool same_bytes(int a, int b, off_t size)
{
    auto_free char *da = xmalloc(COPY_STEP), *db = xmalloc(COPY_STEP);

    for (off_t at = 0; at < size;) {
        ssize_t na = io_pread_full(a, da, COPY_STEP, at), nb = io_pread_full(b, db, COPY_STEP, at);

        if (na <= 0 || na != nb || memcmp(da, db, (size_t)na) != 0)
            return false;
        at += na;
    }
    return true;
}

/* Is what stands under slot k this very file, or (unless only_inode) one with the same bytes? */
static bool already_filed(int fd, const struct stat *st, int dir, const char *name, unsigned k,
                          bool only_inode)
{
    char filed[FILED_NAME_MAX];
    struct stat there;
    auto_close int other = -1;

    filed_name(name, k, filed);
    if (fstatat(dir, filed, &there, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(there.st_mode))
        return false;
    if (there.st_dev == st->st_dev && there.st_ino == st->st_ino)
        return true;
    if (only_inode || there.st_size != st->st_size)
        return false;
    other = io_open_beneath(dir, filed, O_RDONLY, 0);
    return other >= 0 && same_bytes(fd, other, st->st_size);
}

/* Where hard links are not to be had: a synced copy, moved into place. */
static int place_copy(int fd, off_t size, int dir, const char *filed)
{
    static const char temporary[] = ".filing";
    auto_close int to = io_open_beneath(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    int rc;

    if (to < 0)
        return to;
    rc = copy_bytes(fd, to, (uint64_t)size);
    if (rc == 0 && fsync(to) < 0)
        rc = -errno;
    if (rc == 0 && renameat2(dir, temporary, dir, filed, RENAME_NOREPLACE) < 0)
        rc = -errno;
    if (rc < 0)
        unlinkat(dir, temporary, 0);
    return rc;
}

static int place(struct incoming *in, const struct object *o, int fd, const struct stat *st, int dir,
                 const char *filed)
{
    char data[DATA_NAME_MAX];

    data_name(o, data);
    if (o->on_disk && linkat(in->dir, data, dir, filed, 0) == 0)
        return 0;
    if (o->on_disk && errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EXDEV &&
        errno != EMLINK)
        return -errno;
    return place_copy(fd, st->st_size, dir, filed);
}

/* Notes that the directory has to be synced before a filed content is removed here. */
static int filed_dir_dirty(struct incoming *in, int dir, const struct stat *st)
{
    int rc = 0;
    unsigned i;

    pthread_mutex_lock(&in->lock);
    for (i = 0; i < in->n_filed; i++) {
        if (in->filed[i].dev == st->st_dev && in->filed[i].ino == st->st_ino)
            break;
    }
    if (i == in->n_filed && i < FILED_DIRS) {
        int fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);

        if (fd >= 0) {
            in->filed[i].fd = fd;
            in->filed[i].dev = st->st_dev;
            in->filed[i].ino = st->st_ino;
            in->n_filed++;
        } else {
            rc = -errno;
        }
    }
    if (rc == 0 && i < in->n_filed)
        in->filed[i].dirty = true;
    else
        rc = 1;
    pthread_mutex_unlock(&in->lock);
    return rc ? io_sync_dir(dir) : 0;
}

/* Links the content as name, or name~2, ~3 ... where taken, and notes that filed_dir is to be synced. A shop
 * that sends everything as orders.xml fills thousands of these slots: the first free one is found by doubling
 * and halving. The same bytes under the first or the newest of them are not kept twice. */
int object_file(struct incoming *in, struct object *o, int filed_dir, const char *name, char **filed_as)
{
    auto_close int fd = object_open_read(in, o);
    char filed[FILED_NAME_MAX];
    unsigned lo = 1, hi = 2, slot = 1;
    struct stat st, dir_st;
    int rc = 0;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || fstat(filed_dir, &dir_st) < 0)
        return -errno;
    if (taken(filed_dir, name, 1)) {
        while (taken(filed_dir, name, hi)) {
            lo = hi;
            hi *= 2;
        }
        while (hi - lo > 1) {
            unsigned middle = lo + (hi - lo) / 2;

            if (taken(filed_dir, name, middle))
                lo = middle;
            else
                hi = middle;
        }
        slot = 0;
        if (already_filed(fd, &st, filed_dir, name, 1, false))
            slot = 1;
        else if (already_filed(fd, &st, filed_dir, name, lo, false))
            slot = lo;
        for (unsigned k = 2; !slot && st.st_nlink > 1 && k < lo; k++) {
            if (already_filed(fd, &st, filed_dir, name, k, true))
                slot = k;
        }
        if (slot) {
            filed_name(name, slot, filed);
            goto filed;
        }
        slot = hi;
    }
    do {
        filed_name(name, slot++, filed);
        rc = place(in, o, fd, &st, filed_dir, filed);
    } while (rc == -EEXIST);
    if (rc < 0)
        return rc;
filed:
    rc = filed_dir_dirty(in, filed_dir, &dir_st);
    if (rc == 0)
        *filed_as = xstrdup(filed);
    return rc;
}

int filed_dirs_sync(struct incoming *in)
{
    int result = 0;

    for (unsigned i = 0; i < FILED_DIRS; i++) {
        int fd = -1, rc;

        pthread_mutex_lock(&in->lock);
        if (i < in->n_filed && in->filed[i].dirty) {
            fd = in->filed[i].fd;
            in->filed[i].dirty = false;
        }
        pthread_mutex_unlock(&in->lock);
        if (fd < 0)
            continue;
        rc = io_sync_dir(fd);
        if (rc < 0) {
            result = rc;
            pthread_mutex_lock(&in->lock);
            in->filed[i].dirty = true;
            pthread_mutex_unlock(&in->lock);
        }
    }
    return result;
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
    for (o = dead; o; o = o->next_queued)
        filed |= o->filed || o->orphan_noted;
    pthread_mutex_unlock(&in->lock);
    if (!dead)
        return;
    if (filed)
        rc = filed_dirs_sync(in);
    if (rc == 0) {
        pthread_mutex_lock(&in->lock);
        for (o = dead; o; o = o->next_queued) {
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
            dead = o->next_queued;
            o->next_queued = in->dead;
            in->dead = o;
        }
        pthread_mutex_unlock(&in->lock);
        return;
    }
    while ((o = dead)) {
        char name[DATA_NAME_MAX];

        dead = o->next_queued;
        data_name(o, name);
        if (o->fd >= 0)
            close(o->fd);
        if (o->on_disk && unlinkat(in->dir, name, 0) < 0)
            log_write(LOG_LEVEL_ERROR, "cannot remove '%s' from the uploads: %s", name, strerror(errno));
        pthread_mutex_destroy(&o->io);
        free(o->name);
        free(o);
    }
}
