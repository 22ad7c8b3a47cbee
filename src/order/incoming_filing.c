/* Filing: a decided content gets its lasting name in the archive or among the refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/incoming_internal.h"

#define COMPARE_STEP ((size_t)256 * 1024)
#define FILED_NAME_MAX 256
#define EXPLANATION ".error.txt" /* what the intake writes beside the refused ends in it */

/* "order.xml", "order~2.xml", "order~3.xml" ...: the ending stays. A hidden name is made visible. No original
 * is named as an explanation of another: "a.xml.error.txt" becomes "a.xml.error~1.txt". */
static void filed_name(const char *name, unsigned k, char out[static FILED_NAME_MAX])
{
    const char *dot = strrchr(name + 1, '.');
    size_t stem = dot ? (size_t)(dot - name) : strlen(name);

    if (k == 1 && !text_ends_with_nocase(name, EXPLANATION))
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
    auto_free char *da = xmalloc(COMPARE_STEP), *db = xmalloc(COMPARE_STEP);

    for (off_t at = 0; at < size;) {
        ssize_t na = io_pread_full(a, da, COMPARE_STEP, at), nb = io_pread_full(b, db, COMPARE_STEP, at);

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

/* in->lock: the directory's place in the table, with a descriptor of our own, or -errno; -ENOSPC: it is full. */
static int filed_dir(struct incoming *in, int dir, const struct stat *st)
{
    unsigned i = 0;
    int fd;

    while (i < in->n_filed && (in->filed[i].dev != st->st_dev || in->filed[i].ino != st->st_ino))
        i++;
    if (i < in->n_filed)
        return (int)i;
    if (i == FILED_DIRS)
        return -ENOSPC;
    fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    in->filed[i].fd = fd;
    in->filed[i].dev = st->st_dev;
    in->filed[i].ino = st->st_ino;
    in->n_filed++;
    return (int)i;
}

/* Notes that the directory has to be synced before a filed content is removed here. */
static int filed_dir_dirty(struct incoming *in, int dir, const struct stat *st)
{
    int i;

    pthread_mutex_lock(&in->lock);
    i = filed_dir(in, dir, st);
    if (i >= 0)
        in->filed[i].dirty = true;
    pthread_mutex_unlock(&in->lock);
    return i >= 0 ? 0 : io_sync_dir(dir);
}

static int sync_file(int dir, const char *name)
{
    auto_close int fd = io_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0);

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd; /* taken away since */
    return fsync(fd) < 0 ? -errno : 0;
}

int incoming_sync_first(struct incoming *in, int dir, const char *name)
{
    struct stat st;
    int i, rc;

    if (fstat(dir, &st) < 0)
        return -errno;
    pthread_mutex_lock(&in->lock);
    i = filed_dir(in, dir, &st);
    if (i >= 0) {
        in->filed[i].dirty = true;
        array_grow(in->unsynced, in->n_unsynced, in->cap_unsynced);
        in->unsynced[in->n_unsynced++] = (struct unsynced){(unsigned)i, xstrdup(name)};
    }
    pthread_mutex_unlock(&in->lock);
    if (i >= 0)
        return 0;
    rc = sync_file(dir, name);
    return rc < 0 ? rc : io_sync_dir(dir);
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

/* One by one: the first brings most of them to the disk, while syncfs(2) would wait for what other programs write.
 * What fails is tried again the next time. */
static int sync_files(struct incoming *in)
{
    struct unsynced *list;
    int result = 0;
    size_t n;

    pthread_mutex_lock(&in->lock);
    list = steal_pointer(in->unsynced);
    n = in->n_unsynced;
    in->n_unsynced = in->cap_unsynced = 0;
    pthread_mutex_unlock(&in->lock);
    for (size_t i = 0; i < n; i++) {
        int rc = sync_file(in->filed[list[i].dir].fd, list[i].name);

        if (rc == 0) {
            free(list[i].name);
            continue;
        }
        result = rc;
        pthread_mutex_lock(&in->lock);
        array_grow(in->unsynced, in->n_unsynced, in->cap_unsynced);
        in->unsynced[in->n_unsynced++] = list[i];
        pthread_mutex_unlock(&in->lock);
    }
    free(list);
    return result;
}

int filed_sync(struct incoming *in)
{
    int result = sync_files(in);

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

