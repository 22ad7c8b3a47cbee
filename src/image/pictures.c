/*
 * Rows of `image` to files. image.path and image.name are data, written by whoever may write the database: a
 * name must be one safe component, a path is opened beneath the picture directory without following any link,
 * and only regular files are served.
 *
 * A picture in the database is copied at its opening where it is small; a big one, or any once the copies add
 * up to COPIES_MAX, keeps its own connection with a read transaction until it is closed. Memory is bounded
 * either way.
 */
#include "image/pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

#define READERS_IDLE_MAX 8
#define COPY_MAX (UINT64_C(1) << 20)
#define COPIES_MAX (UINT64_C(32) << 20)

struct pictures {
    struct store *store;
    int dir;
    atomic_uint_fast64_t copied; /* bytes in copies of open pictures */
    pthread_mutex_t lock;        /* guards idle and n_idle */
    struct db *idle[READERS_IDLE_MAX];
    size_t n_idle;
};

struct picture {
    struct picture_info info;
    struct pictures *owner;
    int fd;               /* of a file, else -1 */
    char *copy;           /* of bytes in the database */
    struct db *reader;    /* else inside a read transaction */
    pthread_mutex_t lock; /* guards reader */
};

/* -- connections ----------------------------------------------------------------------------------------- */

static int take_reader(struct pictures *p, struct db **out, struct error *err)
{
    *out = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->n_idle)
        *out = p->idle[--p->n_idle];
    pthread_mutex_unlock(&p->lock);
    return *out ? 0 : store_reader(p->store, out, err);
}

/* Ends what transaction there is. A connection that failed is not used again. */
static void give_reader(struct pictures *p, struct db *db, int status)
{
    if (!db)
        return;
    db_end(db);
    if (status >= 0) {
        pthread_mutex_lock(&p->lock);
        if (p->n_idle < READERS_IDLE_MAX) {
            p->idle[p->n_idle++] = db;
            db = NULL;
        }
        pthread_mutex_unlock(&p->lock);
    }
    db_close(db);
}

/* The database's own failures: the caller has but an errno to tell. */
static int report(int status, const char *what, struct error *err)
{
    if (status < 0 && err->message)
        log_error_object(LOG_LEVEL_WARNING, what, err);
    error_release(err);
    return status;
}

int pictures_open(struct pictures **out, struct store *store, int picture_dir, struct error *err)
{
    struct pictures *p = xcalloc(1, sizeof *p);
    p->store = store;
    p->dir = picture_dir;
    pthread_mutex_init(&p->lock, NULL);
    struct db *db;
    int ret = take_reader(p, &db, err);
    if (ret < 0) {
        pictures_close(p);
        return ret;
    }
    give_reader(p, db, 0);
    *out = p;
    return 0;
}

void pictures_close(struct pictures *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_idle; i++)
        db_close(p->idle[i]);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* -- rows ------------------------------------------------------------------------------------------------ */

#define COLUMNS "id, name, path, size, modified"

/* What is not there is missing, what may not be followed or is no file is refused. */
static int file_error(int code)
{
    switch (-code) {
    case ELOOP:
    case EXDEV:
    case EISDIR:
    case ENXIO:
        return -EACCES;
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL:
        return -ENOENT;
    default:
        return code;
    }
}

/* file: NULL for bytes in the database. Size and time alone do not tell: copies keep both. */
static void identify(struct picture_info *info, const struct stat *file)
{
    const uint64_t parts[] = {
        (uint64_t)info->id,
        info->size,
        (uint64_t)info->mtime.tv_sec,
        (uint64_t)info->mtime.tv_nsec,
        digest_hash64(info->name, strlen(info->name)),
        file ? (uint64_t)file->st_dev : 0,
        file ? (uint64_t)file->st_ino : 0,
        file ? (uint64_t)file->st_ctim.tv_sec : 0,
        file ? (uint64_t)file->st_ctim.tv_nsec : 0,
    };
    info->identity = digest_hash64(parts, sizeof parts);
}

static void take_attributes(struct picture_info *info, const struct stat *file)
{
    info->size = (uint64_t)file->st_size;
    info->mtime = file->st_mtim;
    identify(info, file);
}

/* A descriptor of the regular file at path, its attributes in info; or -errno. */
static int open_file(const struct pictures *p, const char *path, int flags, struct picture_info *info)
{
    if (p->dir < 0 || !*path)
        return -ENOENT;
    int fd = io_open_beneath(p->dir, path, flags, 0);
    if (fd < 0)
        return file_error(fd);
    struct stat st;
    int ret = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EACCES;
    if (ret < 0) {
        close(fd);
        return ret;
    }
    take_attributes(info, &st);
    return fd;
}

/* The same without a descriptor. A name alone leads nowhere else: nothing to be opened, one call instead of three,
 * which is what listing a hundred thousand pictures costs. */
static int look_at_file(const struct pictures *p, const char *path, struct picture_info *info)
{
    struct stat st;
    if (p->dir < 0 || !*path)
        return -ENOENT;
    if (strchr(path, '/')) {
        int fd = open_file(p, path, O_PATH | O_NOFOLLOW, info);
        if (fd < 0)
            return fd;
        close(fd);
        return 0;
    }
    if (fstatat(p->dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return file_error(-errno);
    if (!S_ISREG(st.st_mode))
        return -EACCES;
    take_attributes(info, &st);
    return 0;
}

/* Name and id of the row st stands on; false for a name that cannot be a file's. A name that is not stored as
 * text sorts behind all text: to go on after it would find it again for ever. */
static bool row_name(struct stmt *st, struct picture_info *info)
{
    size_t len;
    if (stmt_type(st, 1) != STMT_TEXT)
        return false;
    const char *name = stmt_text(st, 1, &len);
    if (len >= sizeof info->name || strlen(name) != len || !io_name_ok(name))
        return false;
    info->id = stmt_int(st, 0);
    memcpy(info->name, name, len + 1);
    return true;
}

/* Size and time of bytes in the database. */
static int row_data(struct stmt *st, struct picture_info *info)
{
    int64_t size = stmt_int(st, 3);
    if (stmt_is_null(st, 3) || size < 0)
        return -ENOENT;
    info->size = (uint64_t)size;
    info->mtime = (struct timespec){.tv_sec = stmt_int(st, 4)};
    identify(info, NULL);
    return 0;
}

/* Attributes of the row st stands on, into info; *fd, where wanted, gets the file, -1 for bytes in the database. */
static int row_content(const struct pictures *p, struct stmt *st, struct picture_info *info, int *fd)
{
    if (fd)
        *fd = -1;
    if (stmt_is_null(st, 2))
        return row_data(st, info);
    size_t len;
    const char *path = stmt_text(st, 2, &len);
    if (strlen(path) != len)
        return -ENOENT;
    if (!fd)
        return look_at_file(p, path, info);
    int ret = open_file(p, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, info);
    if (ret < 0)
        return ret;
    *fd = ret;
    return 0;
}

/* fd NULL: only looked at. */
static int find(const struct pictures *p, struct db *db, const char *name, struct picture_info *info, int *fd,
                struct error *err)
{
    struct stmt *st;
    int ret = db_cached(db, &st, "SELECT " COLUMNS " FROM image WHERE name = :name", err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "name", name);
    ret = stmt_step(st, err);
    if (ret == 1)
        ret = row_name(st, info) ? row_content(p, st, info, fd) : -ENOENT;
    else if (ret == 0)
        ret = -ENOENT;
    stmt_reset(st);
    return ret;
}

int pictures_find(struct pictures *p, const char *name, struct picture_info *out)
{
    struct error err = ERROR_INIT;
    struct db *db = NULL;
    if (!io_name_ok(name))
        return -ENOENT;
    memset(out, 0, sizeof *out);
    int ret = take_reader(p, &db, &err);
    if (ret == 0)
        ret = find(p, db, name, out, NULL, &err);
    give_reader(p, db, err.message ? ret : 0);
    return report(ret, "looking for a picture", &err);
}

/* No LIMIT: rows are taken until enough are good, so that a page of bad ones is not mistaken for the end. */
static ssize_t list(const struct pictures *p, struct db *db, const char *after, struct picture_info *out,
                    size_t max, bool attributes, struct error *err)
{
    struct stmt *st;
    int ret = db_cached(db, &st, "SELECT " COLUMNS " FROM image WHERE name > :after ORDER BY name", err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "after", after ? after : "");
    size_t n = 0;
    while (n < max && (ret = stmt_step(st, err)) == 1) {
        struct picture_info *info = &out[n];
        memset(info, 0, sizeof *info);
        if (!row_name(st, info))
            continue;
        if (attributes && row_content(p, st, info, NULL) < 0)
            continue;
        n++;
    }
    stmt_reset(st);
    return ret < 0 ? ret : (ssize_t)n;
}

ssize_t pictures_list(struct pictures *p, const char *after, struct picture_info *out, size_t max,
                      int with_attributes)
{
    struct error err = ERROR_INIT;
    struct db *db = NULL;
    ssize_t ret = take_reader(p, &db, &err);
    if (ret == 0)
        ret = list(p, db, after, out, max, with_attributes, &err);
    give_reader(p, db, ret < 0 ? (int)ret : 0);
    return ret < 0 ? report((int)ret, "listing pictures", &err) : ret;
}

/* -- open pictures --------------------------------------------------------------------------------------- */

/* False where the copies of all open pictures would get too much. */
static bool copy_allowed(struct pictures *p, uint64_t size)
{
    if (size > COPY_MAX)
        return false;
    if (atomic_fetch_add(&p->copied, size) + size <= COPIES_MAX)
        return true;
    atomic_fetch_sub(&p->copied, size);
    return false;
}

/* Inside the read transaction of *reader; the picture takes the connection over where it does not copy. */
static int open_data(struct picture *pic, struct db **reader, struct error *err)
{
    uint64_t size = pic->info.size;
    if (!copy_allowed(pic->owner, size)) {
        char byte;
        int64_t n = db_read_image_data(*reader, pic->info.id, &byte, 1, 0, err);
        if (n < 0)
            return (int)n;
        pic->reader = steal_pointer(*reader);
        return 0;
    }
    pic->copy = xmalloc(size + 1);
    int64_t n = db_read_image_data(*reader, pic->info.id, pic->copy, size, 0, err);
    if (n < 0)
        return (int)n;
    /* The row's size is what was promised: a shorter content is told by the check, and padded nowhere. */
    if ((uint64_t)n != size)
        return error_set(err, -EIO, "picture '%s' has %lld bytes and not %llu", pic->info.name, (long long)n,
                         (unsigned long long)size);
    return 0;
}

static int open_row(struct picture *pic, struct db **reader, const char *name, struct error *err)
{
    int ret = db_begin_read(*reader, err);
    if (ret == 0)
        ret = find(pic->owner, *reader, name, &pic->info, &pic->fd, err);
    if (ret == 0 && pic->fd < 0)
        ret = open_data(pic, reader, err);
    return ret;
}

int picture_open(struct pictures *p, const char *name, struct picture **out)
{
    struct error err = ERROR_INIT;
    struct db *db = NULL;
    if (!io_name_ok(name))
        return -ENOENT;
    int ret = take_reader(p, &db, &err);
    if (ret < 0)
        return report(ret, "opening a picture", &err);
    struct picture *pic = xcalloc(1, sizeof *pic);
    pic->owner = p;
    pic->fd = -1;
    pthread_mutex_init(&pic->lock, NULL);
    ret = open_row(pic, &db, name, &err);
    give_reader(p, db, err.message ? ret : 0);
    if (ret < 0)
        picture_close(pic);
    else
        *out = pic;
    return report(ret, "opening a picture", &err);
}

ssize_t picture_read(struct picture *pic, void *data, size_t len, uint64_t at)
{
    if (pic->fd >= 0)
        return at > INT64_MAX ? 0 : io_pread_full(pic->fd, data, len, (off_t)at);
    if (at >= pic->info.size)
        return 0;
    if (len > pic->info.size - at)
        len = pic->info.size - at;
    if (pic->copy) {
        memcpy(data, pic->copy + at, len);
        return (ssize_t)len;
    }
    struct error err = ERROR_INIT;
    pthread_mutex_lock(&pic->lock);
    int64_t n = db_read_image_data(pic->reader, pic->info.id, data, len, at, &err);
    pthread_mutex_unlock(&pic->lock);
    return n < 0 ? report((int)n, "reading a picture", &err) : n;
}

const struct picture_info *picture_info(const struct picture *pic)
{
    return &pic->info;
}

void picture_close(struct picture *pic)
{
    if (!pic)
        return;
    if (pic->copy)
        atomic_fetch_sub(&pic->owner->copied, pic->info.size);
    give_reader(pic->owner, pic->reader, 0);
    free(pic->copy);
    if (pic->fd >= 0)
        close(pic->fd);
    pthread_mutex_destroy(&pic->lock);
    free(pic);
}
