#include "export/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"

/* The header block: the first bytes of a data file. */
struct header {
    char magic[16];
    int64_t last_mtime;
    uint64_t check; /* hash64 of what precedes */
};
static const char header_magic[16] = "shopfs spool 1\n";

struct spool {
    atomic_uint refs;
    struct spool_dir *dir;
    int fd;
    atomic_bool sealed;
    _Atomic int64_t last_mtime;

    pthread_mutex_t lock; /* guards what follows */
    struct extent *free;  /* ascending, never touching each other; whole blocks */
    size_t n_free, cap_free;
    uint64_t end;  /* first byte after the last block given out */
    uint64_t live; /* bytes in blocks given out */
};

static uint64_t blocks(uint64_t len)
{
    return (len + SPOOL_BLOCK - 1) / SPOOL_BLOCK * SPOOL_BLOCK;
}

static int read_header(struct spool *s)
{
    struct header h;
    ssize_t n = io_pread_full(s->fd, &h, sizeof h, 0);
    if (n < 0)
        return (int)n;
    if (n == sizeof h && memcmp(h.magic, header_magic, sizeof h.magic) == 0 &&
        h.check == digest_hash64(&h, offsetof(struct header, check)))
        s->last_mtime = h.last_mtime;
    return 0;
}

int spool_open(struct spool **out, struct spool_dir *dir, const char *name, struct error *err)
{
    int fd = io_open_beneath(spool_dir_fd(dir), name, O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return error_set(err, fd, "cannot open 'spool/%s': %s", name, strerror(-fd));
    struct spool *s = xcalloc(1, sizeof *s);
    s->refs = 1;
    s->fd = fd;
    s->dir = spool_dir_ref(dir);
    s->end = SPOOL_BLOCK;
    pthread_mutex_init(&s->lock, NULL);
    int r = read_header(s);
    if (r < 0) {
        spool_unref(s);
        return error_set(err, r, "cannot read 'spool/%s': %s", name, strerror(-r));
    }
    *out = s;
    return 0;
}

struct spool *spool_ref(struct spool *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void spool_unref(struct spool *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    close(s->fd); /* synced, where it matters, by spool_sync */
    spool_dir_unref(s->dir);
    pthread_mutex_destroy(&s->lock);
    free(s->free);
    free(s);
}

void spool_seal(struct spool *s)
{
    s->sealed = true;
}

/* -- the free list: all under the lock ----------------------------------------------------------------------
 */

/* The index of the first free extent at or after `at`. */
static size_t free_position(const struct spool *s, uint64_t at)
{
    size_t low = 0, high = s->n_free;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->free[mid].at < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void free_remove(struct spool *s, size_t i)
{
    memmove(&s->free[i], &s->free[i + 1], (s->n_free - i - 1) * sizeof *s->free);
    s->n_free--;
}

static void free_add(struct spool *s, uint64_t at, uint64_t len)
{
    size_t i = free_position(s, at);
    bool joins_before = i > 0 && s->free[i - 1].at + s->free[i - 1].len == at;
    bool joins_after = i < s->n_free && at + len == s->free[i].at;
    if (joins_before && joins_after) {
        s->free[i - 1].len += len + s->free[i].len;
        free_remove(s, i);
    } else if (joins_before) {
        s->free[i - 1].len += len;
    } else if (joins_after) {
        s->free[i].at = at;
        s->free[i].len += len;
    } else {
        array_grow(s->free, s->n_free, s->cap_free);
        memmove(&s->free[i + 1], &s->free[i], (s->n_free - i) * sizeof *s->free);
        s->free[i] = (struct extent){at, len};
        s->n_free++;
    }
    /* What is free at the end is not part of the file. */
    struct extent *last = &s->free[s->n_free - 1];
    if (last->at + last->len == s->end) {
        s->end = last->at;
        s->n_free--;
    }
}

static uint64_t take(struct spool *s, uint64_t len)
{
    uint64_t at = s->end;
    size_t i = 0;
    while (i < s->n_free && s->free[i].len < len)
        i++;
    if (i < s->n_free) {
        at = s->free[i].at;
        s->free[i].at += len;
        s->free[i].len -= len;
        if (s->free[i].len == 0)
            free_remove(s, i);
    } else {
        s->end += len;
    }
    s->live += len;
    return at;
}

/* ------------------------------------------------------------------------------------------------------------
 */

void spool_free(struct spool *s, uint64_t at, uint64_t len)
{
    if (len == 0 || s->sealed)
        return;
    len = blocks(len);
    /* Punched before it is free: afterwards another writer may have it. Where holes are not supported the
     * space is still used again. */
    (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len);
    pthread_mutex_lock(&s->lock);
    uint64_t end = s->end;
    s->live -= len;
    free_add(s, at, len);
    if (s->end < end)
        (void)!ftruncate(s->fd, (off_t)s->end); /* a longer file is only untidy */
    pthread_mutex_unlock(&s->lock);
}

int spool_write(struct spool *s, const void *data, size_t len, uint64_t *at)
{
    pthread_mutex_lock(&s->lock);
    uint64_t where = take(s, blocks(len));
    pthread_mutex_unlock(&s->lock);
    int r = io_pwrite_full(s->fd, data, len, (off_t)where);
    if (r < 0) {
        spool_free(s, where, len);
        return r;
    }
    *at = where;
    return 0;
}

static int compare_extents(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

int spool_take_over(struct spool *s, struct extent *used, size_t n, bool *cut)
{
    struct stat st;
    if (fstat(s->fd, &st) < 0)
        return -errno;
    if (n)
        qsort(used, n, sizeof *used, compare_extents);
    uint64_t at = SPOOL_BLOCK, bytes_end = SPOOL_BLOCK;
    for (size_t i = 0; i < n; i++) {
        if (used[i].at < at || used[i].at % SPOOL_BLOCK || used[i].len == 0 ||
            used[i].len > (uint64_t)1 << 48 || used[i].at > (uint64_t)1 << 56)
            return -EUCLEAN;
        at = used[i].at + blocks(used[i].len);
        bytes_end = used[i].at + used[i].len;
    }
    *cut = n > 0 && (uint64_t)st.st_size < bytes_end;

    pthread_mutex_lock(&s->lock);
    s->n_free = 0;
    s->live = 0;
    at = SPOOL_BLOCK;
    for (size_t i = 0; i < n; i++) {
        if (used[i].at > at) {
            array_grow(s->free, s->n_free, s->cap_free);
            s->free[s->n_free++] = (struct extent){at, used[i].at - at};
            (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
                            (off_t)(used[i].at - at));
        }
        at = used[i].at + blocks(used[i].len);
        s->live += blocks(used[i].len);
    }
    s->end = at;
    if ((uint64_t)st.st_size > at)
        (void)!ftruncate(s->fd, (off_t)at);
    pthread_mutex_unlock(&s->lock);
    return 0;
}

ssize_t spool_read(const struct spool *s, void *data, size_t len, uint64_t at)
{
    return io_pread_full(s->fd, data, len, (off_t)at);
}

/* Pieces that lie so that only the rests of blocks are between them. */
static int read_run(const struct spool *s, const struct spool_piece *pieces, size_t n)
{
    char rest[SPOOL_BLOCK]; /* read and not looked at */
    struct iovec iov[2 * SPOOL_PIECES];
    size_t n_iov = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        size_t gap = i ? (size_t)(pieces[i].at - pieces[i - 1].at) - pieces[i - 1].len : 0;
        if (gap)
            iov[n_iov++] = (struct iovec){rest, gap};
        iov[n_iov++] = (struct iovec){pieces[i].to, pieces[i].len};
        all += gap + pieces[i].len;
    }
    if (preadv(s->fd, iov, (int)n_iov, (off_t)pieces->at) == (ssize_t)all)
        return 0;
    for (size_t i = 0; i < n; i++) {
        ssize_t got = io_pread_full(s->fd, pieces[i].to, pieces[i].len, (off_t)pieces[i].at);
        if (got < 0 || (size_t)got < pieces[i].len) /* someone cut the file: never a short read instead of an error */
            return got < 0 ? (int)got : -EIO;
    }
    return 0;
}

static bool touch(const struct spool_piece *a, const struct spool_piece *b)
{
    return a->at / SPOOL_BLOCK * SPOOL_BLOCK + blocks(a->at % SPOOL_BLOCK + a->len) == b->at;
}

int spool_read_pieces(const struct spool *s, struct spool_piece *pieces, size_t n)
{
    int r = 0;
    for (size_t i = 1; i < n; i++) /* nearly in order: several threads wrote them */
        for (size_t k = i; k > 0 && pieces[k - 1].at > pieces[k].at; k--) {
            struct spool_piece p = pieces[k];
            pieces[k] = pieces[k - 1];
            pieces[k - 1] = p;
        }
    for (size_t i = 0, from = 0; i < n && r == 0; i++)
        if (i + 1 == n || !touch(&pieces[i], &pieces[i + 1])) {
            r = read_run(s, pieces + from, i + 1 - from);
            from = i + 1;
        }
    return r;
}

int spool_file(const struct spool *s)
{
    return s->fd;
}

bool spool_reaches(const struct spool *s, uint64_t end)
{
    struct stat st;
    return fstat(s->fd, &st) == 0 && (uint64_t)st.st_size >= end;
}

int spool_equal(const struct spool *s, uint64_t at, const void *data, size_t len)
{
    char piece[16384];
    for (size_t done = 0; done < len;) {
        size_t want = len - done < sizeof piece ? len - done : sizeof piece;
        ssize_t n = io_pread_full(s->fd, piece, want, (off_t)(at + done));
        if (n < 0)
            return (int)n;
        if ((size_t)n < want || memcmp(piece, (const char *)data + done, want) != 0)
            return 0;
        done += want;
    }
    return 1;
}

int64_t spool_last_mtime(const struct spool *s)
{
    return s->last_mtime;
}

int spool_note_mtime(struct spool *s, int64_t mtime)
{
    struct header h = {.last_mtime = mtime};
    memcpy(h.magic, header_magic, sizeof h.magic);
    h.check = digest_hash64(&h, offsetof(struct header, check));
    s->last_mtime = mtime;
    return io_pwrite_full(s->fd, &h, sizeof h, 0);
}

int spool_sync(const struct spool *s)
{
    return fdatasync(s->fd) < 0 ? -errno : 0;
}

void spool_usage(struct spool *s, uint64_t *disk, uint64_t *live)
{
    struct stat st;
    *disk = fstat(s->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
    pthread_mutex_lock(&s->lock);
    *live = s->live;
    pthread_mutex_unlock(&s->lock);
}
