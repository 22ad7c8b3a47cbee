#include "order/name_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/crash_point.h"

#define LOG_NAME "names"
#define LOG_NEW "names.new"
#define LOG_LIMIT ((size_t)1 << 30)
#define SUM_LEN 16

/*
 * Lock order: syncing, writing, noting. `syncing` is the only one held across an fsync, so that those who
 * come while one runs share the next.
 */
struct name_log {
    int dirfd;
    pthread_mutex_t syncing; /* guards synced, suspect */
    pthread_mutex_t writing; /* guards fd, size, pushed */
    pthread_mutex_t noting;  /* guards noted, last, dropped */
    int fd;
    uint64_t size;
    struct buf noted;   /* lines not yet written */
    uint64_t last;      /* number of the last line noted */
    uint64_t pushed;    /* of the last one written */
    uint64_t synced;    /* of the last one on the disk */
    bool suspect;       /* an fsync failed: the kernel may have dropped pages and will not say so again */
    struct buf dropped; /* lines that the snapshot being written covers */
};

static void line_append(struct buf *out, const char *format, va_list args)
{
    size_t start = out->len;
    char sum[SUM_LEN + 1];

    buf_add(out, "0000000000000000 ", SUM_LEN + 1);
    buf_vaddf(out, format, args);
    snprintf(
        sum, sizeof sum, "%016llx",
        (unsigned long long)digest_hash64(out->data + start + SUM_LEN + 1, out->len - start - SUM_LEN - 1));
    memcpy(out->data + start, sum, SUM_LEN);
    buf_add_char(out, '\n');
}

void name_log_line(struct buf *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_append(out, format, args);
    va_end(args);
}

static bool line_intact(const char *line, size_t len)
{
    char sum[SUM_LEN + 1];

    if (len <= SUM_LEN + 1 || line[SUM_LEN] != ' ' || memchr(line, '\0', len))
        return false;
    snprintf(sum, sizeof sum, "%016llx",
             (unsigned long long)digest_hash64(line + SUM_LEN + 1, len - SUM_LEN - 1));
    return memcmp(line, sum, SUM_LEN) == 0;
}

int name_log_open(struct name_log **out, int dirfd, void (*line)(void *arg, const char *line), void *arg,
                  bool *existed, bool *damaged, struct error *err)
{
    auto_buf text = BUF_INIT;
    bool bad = false;
    struct name_log *log;
    int fd, rc;

    *damaged = false;
    *existed = true;
    rc = io_read_file(dirfd, LOG_NAME, LOG_LIMIT, &text);
    if (rc == -ENOENT)
        *existed = false;
    else if (rc < 0)
        return error_set(err, rc, "cannot read the list of uploads '%s': %s", LOG_NAME, strerror(-rc));
    for (char *p = text.data, *end = p + text.len; p && p < end;) {
        char *stop = memchr(p, '\n', (size_t)(end - p));

        if (!stop || !line_intact(p, (size_t)(stop - p))) {
            bad = true;
        } else {
            *damaged |= bad;
            *stop = '\0';
            line(arg, p + SUM_LEN + 1);
        }
        if (!stop)
            break;
        p = stop + 1;
    }
    fd = io_open_beneath(dirfd, LOG_NAME, O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return error_set(err, fd, "cannot write the list of uploads '%s': %s", LOG_NAME, strerror(-fd));
    log = xcalloc(1, sizeof *log);
    log->dirfd = dirfd;
    log->fd = fd;
    log->size = text.len;
    pthread_mutex_init(&log->syncing, NULL);
    pthread_mutex_init(&log->writing, NULL);
    pthread_mutex_init(&log->noting, NULL);
    *out = log;
    return 0;
}

void name_log_close(struct name_log *log)
{
    int rc;

    if (!log)
        return;
    rc = name_log_push(log);
    if (rc < 0)
        log_write(LOG_LEVEL_ERROR, "cannot write the list of uploads: %s", strerror(-rc));
    close(log->fd);
    buf_release(&log->noted);
    buf_release(&log->dropped);
    pthread_mutex_destroy(&log->syncing);
    pthread_mutex_destroy(&log->writing);
    pthread_mutex_destroy(&log->noting);
    free(log);
}

uint64_t name_log_add(struct name_log *log, const char *format, ...)
{
    uint64_t number;
    va_list args;

    pthread_mutex_lock(&log->noting);
    va_start(args, format);
    line_append(&log->noted, format, args);
    va_end(args);
    number = ++log->last;
    pthread_mutex_unlock(&log->noting);
    return number;
}

/* Under `writing`. What could not be written is kept for the next try, before what was noted meanwhile. */
static int push(struct name_log *log)
{
    struct buf lines, kept;
    uint64_t last;
    int rc;

    pthread_mutex_lock(&log->noting);
    lines = log->noted;
    log->noted = (struct buf)BUF_INIT;
    last = log->last;
    pthread_mutex_unlock(&log->noting);
    if (!lines.len)
        return 0;
    rc = io_pwrite_full(log->fd, lines.data, lines.len, (off_t)log->size);
    if (rc == 0) {
        log->size += lines.len;
        log->pushed = last;
        buf_release(&lines);
        return 0;
    }
    pthread_mutex_lock(&log->noting);
    kept = log->noted;
    buf_add(&lines, buf_str(&kept), kept.len);
    log->noted = lines;
    pthread_mutex_unlock(&log->noting);
    buf_release(&kept);
    return rc;
}

int name_log_push(struct name_log *log)
{
    int rc;

    pthread_mutex_lock(&log->writing);
    rc = push(log);
    pthread_mutex_unlock(&log->writing);
    return rc;
}

int name_log_sync(struct name_log *log, uint64_t upto)
{
    uint64_t pushed;
    int fd, rc = 0;

    pthread_mutex_lock(&log->syncing);
    if (log->synced >= upto)
        goto out;
    if (log->suspect) {
        rc = -EIO;
        goto out;
    }
    pthread_mutex_lock(&log->writing);
    rc = push(log);
    pushed = log->pushed;
    fd = log->fd; /* replaced only under `syncing` */
    pthread_mutex_unlock(&log->writing);
    if (rc < 0)
        goto out;
    if (fdatasync(fd) < 0) {
        rc = -errno;
        log->suspect = true;
        goto out;
    }
    log->synced = pushed;
out:
    pthread_mutex_unlock(&log->syncing);
    return rc;
}

uint64_t name_log_size(struct name_log *log)
{
    uint64_t size;

    pthread_mutex_lock(&log->writing);
    size = log->size;
    pthread_mutex_unlock(&log->writing);
    return size;
}

bool name_log_suspect(struct name_log *log)
{
    bool suspect;

    pthread_mutex_lock(&log->syncing);
    suspect = log->suspect;
    pthread_mutex_unlock(&log->syncing);
    return suspect;
}

void name_log_snapshot_taken(struct name_log *log)
{
    pthread_mutex_lock(&log->noting);
    buf_release(&log->dropped);
    log->dropped = log->noted;
    log->noted = (struct buf)BUF_INIT;
    log->pushed = log->last; /* `writing` is held by name_log_rewrite */
    pthread_mutex_unlock(&log->noting);
}

/* Writes the new file beside the old one and puts it in its place. */
static int replace(struct name_log *log, const struct buf *text)
{
    auto_close int fd = io_open_beneath(log->dirfd, LOG_NEW, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int rc;

    if (fd < 0)
        return fd;
    rc = io_pwrite_full(fd, buf_str(text), text->len, 0);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    crash_point("names written anew");
    if (rc == 0 && renameat(log->dirfd, LOG_NEW, log->dirfd, LOG_NAME) < 0)
        rc = -errno;
    if (rc < 0)
        return rc;
    close(log->fd); /* only written to, and all of that is in the new file */
    log->fd = steal_fd(fd);
    log->size = text->len;
    crash_point("names replaced");
    return io_sync_dir(log->dirfd);
}

int name_log_rewrite(struct name_log *log, void (*snapshot)(void *arg, struct name_log *log, struct buf *out),
                     void *arg)
{
    auto_buf text = BUF_INIT;
    uint64_t pushed;
    int rc;

    pthread_mutex_lock(&log->syncing);
    pthread_mutex_lock(&log->writing);
    pushed = log->pushed;
    snapshot(arg, log, &text);
    rc = replace(log, &text);
    if (rc == 0) {
        log->synced = log->pushed;
        log->suspect = false;
    } else {
        /* The old file goes on: the lines it lacks come first again. */
        struct buf later;

        log->pushed = pushed;
        log->suspect = true;
        pthread_mutex_lock(&log->noting);
        later = log->noted;
        buf_add(&log->dropped, buf_str(&later), later.len);
        log->noted = log->dropped;
        log->dropped = (struct buf)BUF_INIT;
        pthread_mutex_unlock(&log->noting);
        buf_release(&later);
    }
    buf_release(&log->dropped);
    pthread_mutex_unlock(&log->writing);
    pthread_mutex_unlock(&log->syncing);
    return rc;
}
