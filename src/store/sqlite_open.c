/*
 * Opening: is it ours, which version, and the settings of every connection.
 *
 * A file is looked at before the engine may touch it: the first 100 bytes of a shop database always carry our
 * application id, because the schema is made in one transaction before WAL is switched on. Anything else is
 * refused unaltered.
 */
#include "store/sqlite_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/migrations.h"

struct store {
    char *path;     /* absolute, links resolved: the engine's side files lie beside the real file */
    ino_t ino;      /* of the file that was checked; 0: none yet */
    bool immutable; /* on a read-only filesystem: nobody can write, so no locks and no side files */
};

/* The allocator's statistics take a lock that all rendering threads would share. */
static void engine_setup(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static int open_failed(sqlite3 *engine, int rc, const char *path, struct error *err)
{
    int system = engine ? sqlite3_system_errno(engine) : 0;
    if (rc == SQLITE_NOMEM)
        system = ENOMEM;
    if (system == 0)
        system = EACCES;
    return error_set(err, -system, "cannot open database '%s': %s", path, strerror(system));
}

static int connect_engine(struct db **out, const char *path, int flags, struct error *err)
{
    pthread_once(&engine_once, engine_setup);
    sqlite3 *engine = NULL;
    int rc = sqlite3_open_v2(path, &engine, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK) {
        int r = open_failed(engine, rc, path, err);
        sqlite3_close(engine);
        return r;
    }
    struct db *db = xcalloc(1, sizeof *db);
    db->engine = engine;
    db->guard = GUARD_OPEN;
    guard_install(db);
    db_patience(db, DB_BUSY_TIMEOUT_MS);
    *out = db;
    return 0;
}

/* "file:PATH?immutable=1" with what would end the path escaped. */
static char *immutable_uri(const char *path)
{
    struct buf uri = BUF_INIT;
    buf_add_str(&uri, "file:");
    for (const char *p = path; *p; p++)
        if (strchr("%?#", *p))
            buf_addf(&uri, "%%%02X", (unsigned char)*p);
        else
            buf_add_char(&uri, *p);
    buf_add_str(&uri, "?immutable=1");
    return buf_detach(&uri, NULL);
}

/*
 * A file put in the place of the open one would be read together with the log of the one before, which the engine
 * finds by name: nothing good comes of it. So it is refused, visibly, until the next start.
 */
static int not_in_place(const char *path, struct error *err)
{
    error_set(err, -EUCLEAN, "the database '%s' was replaced or removed while in use", path);
    error_advise(
        err, "stop what uses it, see that NAME-wal and NAME-shm of the old one are gone, and start again; "
             "sqlite3's .restore replaces the content of a database in use");
    return -EUCLEAN;
}

int db_in_place(struct db *db, struct error *err)
{
    int moved = 0;
    if (sqlite3_file_control(db->engine, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved)
        return 0;
    return not_in_place(sqlite3_db_filename(db->engine, "main"), err);
}

static int connect_shop(const struct store *s, struct db **out, struct error *err)
{
    auto_free char *uri = s->immutable ? immutable_uri(s->path) : NULL;
    struct stat st;
    int r = uri ? connect_engine(out, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err)
                : connect_engine(out, s->path, SQLITE_OPEN_READWRITE, err);
    if (r < 0)
        return r;
    (*out)->shop = true;
    if (!s->ino || (stat(s->path, &st) == 0 && st.st_ino == s->ino))
        return 0;
    db_close(*out);
    *out = NULL;
    return not_in_place(s->path, err);
}

/*
 * Settings that are the connection's, not the database's:
 * - recursive triggers: REPLACE then fires the delete triggers, so change tracking sees the row that goes;
 * - trusted_schema off: a view or trigger smuggled into the file cannot call functions with side effects;
 * - cell_size_check: a damaged page is reported instead of read;
 * - journal_size_limit: the log file shrinks again after a bulk load.
 */
static const char settings[] = "PRAGMA trusted_schema = OFF;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA recursive_triggers = ON;"
                               "PRAGMA secure_delete = OFF;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA cache_size = -2048;"
                               "PRAGMA journal_size_limit = 16777216;"
                               "PRAGMA synchronous = FULL;";

static int configure(struct db *db, struct error *err)
{
    sqlite3_db_config(db->engine, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->engine, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->engine, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    return db_exec(db, settings, err);
}

/* Kept in the file; a copy made by other means may have lost it. */
static int set_wal(struct db *db, const char *path, struct error *err)
{
    struct stmt *st;
    int r = db_prepare(db, &st, "PRAGMA journal_mode = WAL", err);
    if (r < 0)
        return r;
    r = stmt_step(st, err);
    if (r == 1) {
        const char *mode = stmt_text(st, 0, NULL);
        r = 0;
        if (!mode || strcmp(mode, "wal") != 0) {
            r = error_set(err, -ENOTSUP, "the database '%s' cannot keep a write-ahead log", path);
            error_advise(err, "put it on a local disk: network filesystems have no shared memory");
        }
    }
    stmt_free(st);
    return r;
}

/* Through the engine's own file handle: closing another descriptor of the file would drop every lock this
 * process has on it. */
static int read_header(struct db *db, unsigned char out[static 100], struct error *err)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db->engine, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK && file && file->pMethods)
        rc = file->pMethods->xRead(file, out, 100, 0);
    if (rc == SQLITE_IOERR_SHORT_READ)
        return 0; /* the rest is zeros */
    return rc == SQLITE_OK ? 0 : db_fail(db, rc, NULL, err);
}

static int check_ours(struct db *db, const char *path, struct error *err)
{
    unsigned char header[100];
    memset(header, 0, sizeof header);
    int r = read_header(db, header, err);
    if (r < 0)
        return r;
    if (memcmp(header, "SQLite format 3", 16) != 0) {
        error_set(err, -EUCLEAN, "'%s' is not a database", path);
        error_advise(err, "make a shop database with 'shopctl init', or name the right file");
        return -EUCLEAN;
    }
    uint32_t id =
        (uint32_t)header[68] << 24 | (uint32_t)header[69] << 16 | (uint32_t)header[70] << 8 | header[71];
    if (id != SHOP_APPLICATION_ID) {
        error_set(err, -EUCLEAN, "'%s' is an SQLite database, but not a shop database", path);
        error_advise(err,
                     "make a shop database with 'shopctl init'; a copy of one is made with '.backup', since "
                     "'.dump' loses what marks it");
        return -EUCLEAN;
    }
    return 0;
}

static int file_failed(int code, const char *path, struct error *err)
{
    error_set(err, code, "cannot open database '%s': %s", path, strerror(-code));
    if (code == -ENOENT)
        error_advise(err, "make one with 'shopctl init'");
    return code;
}

/* Makes the file, so that two programs cannot make the same shop. An empty file counts as missing: it is what
 * a creation cut by a crash leaves. */
static int create_file(const char *path, bool *made, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (fd >= 0) {
        *made = true;
        return close(fd) == 0 ? 0 : file_failed(-errno, path, err);
    }
    if (errno != EEXIST)
        return error_set(err, -errno, "cannot make database '%s': %s", path, strerror(errno));
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
        return 0;
    return error_set(err, -EEXIST, "'%s' exists already", path);
}

/* A mount that is read-only here may be a view of a filesystem that others write (mount --bind -o ro, containers):
 * the filesystem itself must be. Where that cannot be told the mount is believed. */
static bool nobody_writes(const char *path, dev_t dev)
{
    struct statvfs fs;
    if (statvfs(path, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
        return false;
    auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
    auto_free char *line = NULL;
    size_t cap = 0;
    while (mounts && getline(&line, &cap, mounts) > 0) {
        unsigned a, b;
        const char *rest = strstr(line, " - ");
        char options[3];
        if (rest && sscanf(line, "%*d %*d %u:%u", &a, &b) == 2 && makedev(a, b) == dev &&
            sscanf(rest, " - %*s %*s %2s", options) == 1)
            return strcmp(options, "ro") == 0;
    }
    return true;
}

static int resolve(struct store *s, const char *path, struct error *err)
{
    char real[PATH_MAX];
    struct stat st;
    if (!realpath(path, real) || stat(real, &st) < 0)
        return file_failed(-errno, path, err);
    if (!S_ISREG(st.st_mode))
        return error_set(err, -EUCLEAN, "'%s' is not a file", path);
    s->path = xstrdup(real);
    s->immutable = nobody_writes(real, st.st_dev);
    return 0;
}

/* A database in WAL mode needs its side files, even for reading. */
static int advise_directory(int r, const struct store *s, struct error *err)
{
    if (r == -EACCES || r == -EROFS || r == -EPERM)
        error_advise(
            err,
            "the user running this must be able to write '%s' and its directory: NAME-wal and NAME-shm "
            "are kept beside the database",
            s->path);
    return r;
}

static int open_checked(struct store *s, unsigned flags, struct error *err)
{
    struct db *db = NULL;
    size_t count;
    const struct migration *steps = migrations(&count);
    int r = connect_shop(s, &db, err);
    if (r < 0)
        return r;
    bool read_only = sqlite3_db_readonly(db->engine, "main") == 1;
    if (r == 0 && !(flags & STORE_CREATE))
        r = check_ours(db, s->path, err);
    if (r == 0)
        r = configure(db, err);
    if (r == 0 && (flags & STORE_CREATE))
        r = migrate_create(db, steps, count, err);
    else if (r == 0)
        r = migrate_upgrade(db, steps, count, !(flags & STORE_NO_MIGRATE) && !read_only, err);
    if (r == 0 && !read_only)
        r = set_wal(db, s->path, err);
    struct stat st;
    if (r == 0 && stat(s->path, &st) == 0)
        s->ino = st.st_ino;
    db_close(db);
    return r;
}

int store_open(struct store **out, const char *path, unsigned flags, struct error *err)
{
    int r = 0;
    bool made = false;
    if (flags & STORE_CREATE)
        r = create_file(path, &made, err);
    if (r < 0)
        return r;
    struct store *s = xcalloc(1, sizeof *s);
    r = resolve(s, path, err);
    if (r == 0)
        r = advise_directory(open_checked(s, flags, err), s, err);
    struct statvfs fs;
    if (r < 0 && s->path && !s->immutable && statvfs(s->path, &fs) == 0 && (fs.f_flag & ST_RDONLY))
        error_advise(
            err,
            "the directory of '%s' is read-only here but may be written elsewhere, and nobody has the "
            "database open there: mount it writable",
            s->path);
    if (r < 0) {
        struct stat st;
        if (made && stat(path, &st) == 0 && st.st_size == 0)
            unlink(path);
        store_close(s);
        return r;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    free(s->path);
    free(s);
}

const char *store_path(const struct store *s)
{
    return s->path;
}

int store_reader(struct store *s, struct db **out, struct error *err)
{
    struct db *db = NULL;
    int r = connect_shop(s, &db, err);
    if (r < 0)
        return r;
    r = configure(db, err);
    if (r == 0)
        r = db_exec(db, "PRAGMA query_only = ON", err);
    if (r < 0) {
        db_close(db);
        return advise_directory(r, s, err);
    }
    db->guard = GUARD_READER;
    *out = db;
    return 0;
}

int store_writer(struct store *s, struct db **out, struct error *err)
{
    struct db *db = NULL;
    int r = connect_shop(s, &db, err);
    if (r < 0)
        return r;
    if (sqlite3_db_readonly(db->engine, "main") == 1)
        r = error_set(err, -EROFS, "the database '%s' cannot be written", s->path);
    if (r == 0)
        r = configure(db, err);
    /* A savepoint's journal is a temporary file else: several for each order. They are small. */
    if (r == 0)
        r = db_exec(db, "PRAGMA temp_store = MEMORY", err);
    if (r < 0) {
        db_close(db);
        return advise_directory(r, s, err);
    }
    *out = db;
    return 0;
}

int db_open_private(struct db **out, const char *path, bool durable, struct error *err)
{
    struct db *db = NULL;
    int r = connect_engine(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (r < 0)
        return r;
    /* Exclusive: no shared memory file, and no second program. */
    r = configure(db, err);
    if (r == 0)
        r = db_exec(db, "PRAGMA locking_mode = EXCLUSIVE", err);
    if (r == 0)
        r = set_wal(db, path, err);
    if (r == 0 && !durable)
        r = db_exec(db, "PRAGMA synchronous = NORMAL", err);
    if (r < 0) {
        db_close(db);
        return r;
    }
    *out = db;
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_end(db);
    struct stmt *st, *next;
    HASH_ITER(hh, db->cache, st, next)
    stmt_free(st);
    sqlite3_stmt *left;
    while ((left = sqlite3_next_stmt(db->engine, NULL))) {
        log_error("bug: statement not freed before its connection: '%.200s'", sqlite3_sql(left));
        sqlite3_finalize(left);
    }
    if (sqlite3_close(db->engine) != SQLITE_OK)
        log_error("bug: a connection was closed while in use");
    free(db);
}
