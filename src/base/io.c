#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define READ_STEP (64 * 1024)
#define RACE_TRIES 100

int io_write_full(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int io_pwrite_full(int fd, const void *data, size_t len, off_t at)
{
    const char *p = data;

    while (len) {
        ssize_t n = pwrite(fd, p, len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t io_pread_full(int fd, void *data, size_t len, off_t at)
{
    char *p = data;
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, p + done, len - done, at + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int io_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
    bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    struct open_how how = {
        .flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
        .mode = creates ? mode & 07777 : 0, /* the kernel refuses a mode where nothing is created */
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    for (int i = 0;; i++) {
        long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);

        if (fd >= 0)
            return (int)fd;
        /* EAGAIN: a rename elsewhere kept the kernel from proving that the path stays beneath. */
        if (errno != EINTR && (errno != EAGAIN || i >= RACE_TRIES))
            return -errno;
    }
}

/* Opens the directory that holds the last component of path; *leaf points to that component. */
static int open_parent(int dirfd, const char *path, const char **leaf)
{
    const char *slash = strrchr(path, '/');
    auto_free char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");

    *leaf = slash ? slash + 1 : path;
    if (!io_name_ok(*leaf) || !*parent)
        return -EINVAL;
    return io_open_beneath(dirfd, parent, O_RDONLY | O_DIRECTORY, 0);
}

int io_open_dir(int dirfd, const char *name, mode_t mode)
{
    const char *leaf;
    auto_close int parent = open_parent(dirfd, name, &leaf);
    int rc;

    if (parent < 0)
        return parent;
    if (mkdirat(parent, leaf, mode) == 0) {
        rc = io_sync_dir(parent);
        if (rc < 0)
            return rc;
    } else if (errno != EEXIST) {
        return -errno;
    }
    return io_open_beneath(parent, leaf, O_RDONLY | O_DIRECTORY, 0);
}

static int sync_fd(int fd)
{
    while (fsync(fd) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return 0;
}

/* Makes a new file in dirfd under a name nobody uses. */
static int open_temporary(int dirfd, char *name, size_t size, mode_t mode)
{
    for (int i = 0; i < RACE_TRIES; i++) {
        uint64_t random;
        int fd;

        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return errno == EINTR ? -EAGAIN : -errno;
        snprintf(name, size, IO_TEMP_PREFIX "%016llx", (unsigned long long)random);
        fd = io_open_beneath(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd != -EEXIST)
            return fd;
    }
    return -EEXIST;
}

static int replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool durable)
{
    char temporary[sizeof IO_TEMP_PREFIX + 16];
    const char *leaf;
    auto_close int parent = open_parent(dirfd, name, &leaf);
    int fd, rc;

    if (parent < 0)
        return parent;
    fd = open_temporary(parent, temporary, sizeof temporary, mode);
    if (fd < 0)
        return fd;
    rc = io_write_full(fd, data, len);
    if (rc == 0 && durable)
        rc = sync_fd(fd);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && renameat(parent, temporary, parent, leaf) < 0)
        rc = -errno;
    if (rc < 0) {
        unlinkat(parent, temporary, 0); /* best effort: the first error is the one to tell */
        return rc;
    }
    return durable ? io_sync_dir(parent) : 0;
}

int io_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
    return replace_file(dirfd, name, data, len, mode, true);
}

int io_replace_file_unsynced(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
    return replace_file(dirfd, name, data, len, mode, false);
}

int io_read_file(int dirfd, const char *name, size_t limit, struct buf *out)
{
    /* Not blocking: a FIFO put in the place of a file must not hang the caller. */
    auto_close int fd = io_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    return io_read_fd(fd, limit, out);
}

int io_read_fd(int fd, size_t limit, struct buf *out)
{
    size_t start = out->len, done = 0;
    ssize_t n;

    do {
        /* One byte more than allowed: that is how too much shows. */
        size_t want = limit - done < READ_STEP ? limit - done + 1 : READ_STEP;

        buf_reserve(out, want);
        n = io_pread_full(fd, out->data + out->len, want, (off_t)done);
        if (n > 0) {
            out->len += (size_t)n;
            done += (size_t)n;
        }
        if (n >= 0 && done > limit)
            n = -EFBIG;
    } while (n > 0);
    if (n < 0) {
        buf_truncate(out, start);
        return (int)n;
    }
    out->data[out->len] = '\0';
    return 0;
}

int io_sync_dir(int dirfd)
{
    int rc = sync_fd(dirfd);

    /* Filesystems that keep directories otherwise (some network ones) say EINVAL: nothing to do there. */
    return rc == -EINVAL ? 0 : rc;
}

bool io_name_ok(const char *name)
{
    size_t len = 0;

    if (!name || !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        if (*c == '/' || *c < 0x20 || *c == 0x7f || ++len > NAME_MAX)
            return false;
    }
    return true;
}
