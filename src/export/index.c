#include "export/index.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"

struct index {
    pthread_mutex_t lock;
    struct db *db; /* under lock */
};

/* Numbers of 64 bits without sign are stored as the signed number with the same bits. chunks: struct record, one
 * behind the other; section and low are those of the first. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS export (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, file TEXT NOT NULL,"
    " digest BLOB, origin INTEGER NOT NULL DEFAULT 0, state BLOB, mtime INTEGER NOT NULL DEFAULT 0,"
    " private INTEGER NOT NULL DEFAULT 0, proof INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS chunk_group (export_id INTEGER NOT NULL, section INTEGER NOT NULL,"
    " low INTEGER NOT NULL, chunks BLOB NOT NULL, PRIMARY KEY (export_id, section, low)) WITHOUT ROWID;";

/* A chunk on the disk of the machine that wrote it. */
struct record {
    uint64_t section;
    int64_t low, high;
    uint64_t at, len, hash, rows;
};

static void remove_files(struct spool_dir *dir)
{
    static const char *const names[] = {"index.db", "index.db-wal", "index.db-shm", "index.db-journal"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlinkat(spool_dir_fd(dir), names[i], 0);
}

static int open_once(struct index *x, const char *path, struct error *err)
{
    int r = db_open_private(&x->db, path, false, err);
    if (r < 0)
        return r;
    struct stmt *st = NULL;
    if ((r = db_exec(x->db, schema, err)) == 0 &&
        (r = db_cached(x->db, &st, "SELECT e.state, e.name, g.chunks FROM export e, chunk_group g LIMIT 1", err)) == 0) {
        r = stmt_step(st, err);
        stmt_reset(st);
    }
    if (r < 0) {
        db_close(x->db);
        x->db = NULL;
    }
    return r < 0 ? r : 0;
}

int index_open(struct index **out, struct spool_dir *dir, const char *state_path, struct error *err)
{
    auto_free char *path = xasprintf("%s/spool/index.db", state_path);
    struct index *x = xcalloc(1, sizeof *x);
    pthread_mutex_init(&x->lock, NULL);
    struct error first = ERROR_INIT;
    int r = open_once(x, path, &first);
    if (r < 0) {
        log_error_object(LOG_LEVEL_WARNING, "the render index is damaged and is made anew", &first);
        remove_files(dir);
        r = open_once(x, path, err);
    }
    error_release(&first);
    if (r < 0) {
        pthread_mutex_destroy(&x->lock);
        free(x);
        return r;
    }
    *out = x;
    return 0;
}

static int sync_file(int dirfd, const char *name)
{
    auto_close int fd = io_open_beneath(dirfd, name, O_RDONLY, 0);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return fd;
    return fsync(fd) < 0 ? -errno : 0;
}

int index_close(struct index *x, struct spool_dir *dir, bool sync)
{
    if (!x)
        return 0;
    db_close(x->db);
    pthread_mutex_destroy(&x->lock);
    free(x);
    int r = 0;
    if (sync && ((r = sync_file(spool_dir_fd(dir), "index.db")) < 0 ||
                 (r = sync_file(spool_dir_fd(dir), "index.db-wal")) < 0))
        return r;
    return sync ? io_sync_dir(spool_dir_fd(dir)) : 0;
}

void index_entry_release(struct index_entry *entry)
{
    free(entry->name);
    version_unref(entry->version);
    *entry = (struct index_entry){0};
}

static int register_locked(struct index *x, const char *name, const char *file, int64_t *id,
                           struct error *err)
{
    struct stmt *st;
    int r = db_cached(x->db, &st,
                      "INSERT INTO export (name, file) VALUES (:name, :file)"
                      " ON CONFLICT (name) DO UPDATE SET file = excluded.file",
                      err);
    if (r < 0)
        return r;
    stmt_bind_text(st, "name", name);
    stmt_bind_text(st, "file", file);
    if ((r = stmt_run(st, err)) < 0 ||
        (r = db_cached(x->db, &st, "SELECT id FROM export WHERE name = :name", err)) < 0)
        return r;
    stmt_bind_text(st, "name", name);
    r = stmt_step(st, err);
    if (r > 0)
        *id = stmt_int(st, 0);
    stmt_reset(st);
    return r > 0 ? 0 : r < 0 ? r : error_set(err, -EIO, "the render index lost a row just written");
}

int index_register(struct index *x, const char *name, const char *file, int64_t *id, struct error *err)
{
    pthread_mutex_lock(&x->lock);
    int r = register_locked(x, name, file, id, err);
    pthread_mutex_unlock(&x->lock);
    return r;
}

bool index_has(struct index *x, const char *name, const char *file)
{
    bool has = false;
    struct stmt *st;
    pthread_mutex_lock(&x->lock);
    if (db_cached(x->db, &st, "SELECT 1 FROM export WHERE name = :name AND file = :file AND mtime > 0", NULL) == 0) {
        stmt_bind_text(st, "name", name);
        stmt_bind_text(st, "file", file);
        has = stmt_step(st, NULL) > 0;
        stmt_reset(st);
    }
    pthread_mutex_unlock(&x->lock);
    return has;
}

/* -- reading ------------------------------------------------------------------------------------------- */

/* Ties the groups and the entry together: a database that was not synced may come back as a mixture. */
static uint64_t proof_of(uint64_t chunks, const struct index_head *head, int64_t mtime)
{
    struct {
        uint64_t chunks, mtime, origin;
        struct change_state state;
        uint8_t digest[SHA256_SIZE];
    } all = {chunks, (uint64_t)mtime, head->origin, head->state, {0}};
    memcpy(all.digest, head->digest, SHA256_SIZE);
    return digest_hash64(&all, sizeof all);
}

/* Invariant (2) of version.h: within a section the ranges touch and reach from end to end. */
static bool touches(const struct chunk *before, const struct chunk *c)
{
    if (before && before->section == c->section)
        return before->high != INT64_MAX && before->high + 1 == c->low && c->low <= c->high;
    return (before == NULL || (before->section + 1 == c->section && before->high == INT64_MAX)) &&
           (before != NULL || c->section == 0) && c->low == INT64_MIN;
}

/* What an entry is made of while it is read. */
struct loading {
    struct chunk **chunks;
    size_t n, cap;
    uint32_t *sizes; /* of groups */
    size_t n_groups, cap_groups;
    uint64_t proof;
    bool sound;
};

static void load_group(struct loading *l, const char *bytes, size_t len)
{
    size_t n = len / sizeof(struct record);
    l->sound = n > 0 && n <= GROUP_MAX && len % sizeof(struct record) == 0;
    for (size_t i = 0; i < n && l->sound; i++) {
        struct record r;
        memcpy(&r, bytes + i * sizeof r, sizeof r);
        struct chunk *c = chunk_new((uint32_t)r.section, r.low, r.high);
        chunk_seal(c, r.at, r.len, r.hash, r.rows);
        l->proof += c->proof;
        l->sound = touches(l->n ? l->chunks[l->n - 1] : NULL, c);
        array_grow(l->chunks, l->n, l->cap);
        l->chunks[l->n++] = c;
    }
    array_grow(l->sizes, l->n_groups, l->cap_groups);
    l->sizes[l->n_groups++] = (uint32_t)n;
}

static void load_groups(struct index *x, int64_t id, struct loading *l)
{
    struct stmt *st;
    int r = db_cached(x->db, &st,
                      "SELECT chunks FROM chunk_group WHERE export_id = :id ORDER BY section, low", NULL);
    l->sound = r == 0;
    if (r < 0)
        return;
    stmt_bind_int(st, "id", id);
    while (l->sound && (r = stmt_step(st, NULL)) > 0) {
        size_t len = 0;
        const char *bytes = stmt_blob(st, 0, &len);
        load_group(l, bytes, len);
    }
    stmt_reset(st);
    l->sound = l->sound && r == 0 && l->n && l->chunks[l->n - 1]->high == INT64_MAX;
}

/* The version, where all of it can be believed; else NULL. */
static struct version *load_version(struct index *x, int64_t id, struct spool *spool,
                                    const struct index_entry *entry, uint64_t proof, bool *cut)
{
    struct loading l = {0};
    struct version *v = NULL;
    load_groups(x, id, &l);
    struct extent *used = xreallocarray(NULL, l.n + 1, sizeof *used);
    size_t n_used = 0;
    for (size_t i = 0; i < l.n; i++)
        if (l.chunks[i]->len)
            used[n_used++] = (struct extent){l.chunks[i]->at, l.chunks[i]->len};
    if (l.sound && entry->mtime > 0 && proof == proof_of(l.proof, &entry->head, entry->mtime) &&
        spool_take_over(spool, used, n_used, cut) == 0) {
        v = version_of_groups(spool, l.chunks, l.sizes, l.n_groups);
        v->mtime = entry->mtime;
        l.n = 0;
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.chunks[i]); /* their extents were never ours */
    free(l.chunks);
    free(l.sizes);
    free(used);
    return v;
}

static int load_locked(struct index *x, int64_t id, struct spool *spool, struct index_entry *out, bool *cut,
                       struct error *err)
{
    struct stmt *st;
    int r = db_cached(x->db, &st,
                      "SELECT name, digest, origin, state, mtime, private, proof FROM export WHERE id = :id", err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "id", id);
    r = stmt_step(st, err);
    uint64_t proof = 0;
    if (r > 0) {
        size_t len = 0;
        const void *bytes = stmt_blob(st, 1, &len);
        if (bytes && len == SHA256_SIZE)
            memcpy(out->head.digest, bytes, len);
        bytes = stmt_blob(st, 3, &len);
        if (bytes && len == sizeof out->head.state)
            memcpy(&out->head.state, bytes, len);
        out->id = id;
        out->name = xstrdup(stmt_text(st, 0, NULL));
        out->head.origin = (uint64_t)stmt_int(st, 2);
        out->mtime = stmt_int(st, 4);
        out->head.private_data = stmt_int(st, 5) != 0;
        proof = (uint64_t)stmt_int(st, 6);
    }
    stmt_reset(st);
    if (r <= 0)
        return r < 0 ? r : error_set(err, -ENOENT, "no export %lld in the render index", (long long)id);
    out->version = load_version(x, id, spool, out, proof, cut);
    return out->version ? 0 : 1;
}

int index_load(struct index *x, int64_t id, struct spool *spool, struct index_entry *out, bool *cut,
               struct error *err)
{
    *out = (struct index_entry){0};
    *cut = false;
    pthread_mutex_lock(&x->lock);
    int r = load_locked(x, id, spool, out, cut, err);
    pthread_mutex_unlock(&x->lock);
    if (r == 1) { /* nothing to be believed: an empty spool, and no rows that name its blocks */
        bool none;
        r = spool_take_over(spool, NULL, 0, &none);
        if (r < 0)
            error_set(err, r, "cannot take over the spool: %s", strerror(-r));
        struct stmt *st;
        pthread_mutex_lock(&x->lock);
        if (r == 0 && (r = db_cached(x->db, &st, "DELETE FROM chunk_group WHERE export_id = :id", err)) == 0) {
            stmt_bind_int(st, "id", id);
            r = stmt_run(st, err);
        }
        pthread_mutex_unlock(&x->lock);
    }
    if (r < 0)
        index_entry_release(out);
    return r;
}

/* -- writing ------------------------------------------------------------------------------------------- */

struct saving {
    struct index *x;
    int64_t id;
    struct error *err;
};

static int save_group(void *arg, const struct group *g, bool is_new)
{
    struct saving *to = arg;
    struct record records[GROUP_MAX];
    struct stmt *st;
    int r = db_cached(to->x->db, &st,
                      is_new ? "INSERT INTO chunk_group (export_id, section, low, chunks)"
                               " VALUES (:id, :section, :low, :chunks)"
                             : "DELETE FROM chunk_group WHERE export_id = :id AND section = :section AND low = :low",
                      to->err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "id", to->id);
    stmt_bind_int(st, "section", g->chunks[0]->section);
    stmt_bind_int(st, "low", g->chunks[0]->low);
    for (size_t i = 0; i < g->n && is_new; i++) {
        const struct chunk *c = g->chunks[i];
        records[i] = (struct record){c->section, c->low, c->high, c->at, c->len, c->hash, c->rows};
    }
    if (is_new)
        stmt_bind_blob(st, "chunks", records, g->n * sizeof *records);
    return stmt_run(st, to->err);
}

static int write_head(struct index *x, int64_t id, const struct index_head *head, const struct version *v,
                      struct error *err)
{
    struct stmt *st;
    int r = db_cached(
        x->db, &st,
        "UPDATE export SET digest = :digest, origin = :origin, state = :state, mtime = :mtime,"
        " private = :private, proof = :proof WHERE id = :id",
        err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "id", id);
    stmt_bind_blob(st, "digest", head->digest, SHA256_SIZE);
    stmt_bind_int(st, "origin", (int64_t)head->origin);
    stmt_bind_blob(st, "state", &head->state, sizeof head->state);
    stmt_bind_int(st, "mtime", v->mtime);
    stmt_bind_int(st, "private", head->private_data);
    stmt_bind_int(st, "proof", (int64_t)proof_of(v->proof, head, v->mtime));
    return stmt_run(st, err);
}

int index_save(struct index *x, int64_t id, const struct index_head *head, const struct version *before,
               const struct version *now, struct error *err)
{
    pthread_mutex_lock(&x->lock);
    int r = db_begin_write(x->db, err);
    if (r == 0)
        r = version_difference(before, now, save_group, &(struct saving){x, id, err});
    if (r == 0)
        r = write_head(x, id, head, now, err);
    if (r == 0)
        r = db_commit(x->db, err);
    db_end(x->db);
    pthread_mutex_unlock(&x->lock);
    return r;
}

int index_save_head(struct index *x, int64_t id, const struct index_head *head, const struct version *version,
                    struct error *err)
{
    pthread_mutex_lock(&x->lock);
    int r = write_head(x, id, head, version, err);
    pthread_mutex_unlock(&x->lock);
    return r;
}

/* Lock held. */
static int forget(struct index *x, int64_t id, struct error *err)
{
    static const char *const deletes[] = {"DELETE FROM chunk_group WHERE export_id = :id",
                                          "DELETE FROM export WHERE id = :id"};
    int r = 0;
    for (size_t i = 0; i < sizeof deletes / sizeof *deletes && r == 0; i++) {
        struct stmt *drop;
        r = db_cached(x->db, &drop, deletes[i], err);
        if (r < 0)
            break;
        stmt_bind_int(drop, "id", id);
        r = stmt_run(drop, err);
    }
    return r;
}

int index_forget(struct index *x, int64_t id, struct error *err)
{
    pthread_mutex_lock(&x->lock);
    int r = forget(x, id, err);
    pthread_mutex_unlock(&x->lock);
    return r;
}

int index_keep_only(struct index *x, struct spool_dir *dir, const int64_t *ids, size_t n, struct error *err)
{
    struct stmt *st;
    int64_t *gone = NULL;
    size_t n_gone = 0, cap = 0;
    pthread_mutex_lock(&x->lock);
    int r = db_cached(x->db, &st, "SELECT id, name FROM export", err);
    if (r == 0) {
        while ((r = stmt_step(st, err)) > 0) {
            int64_t id = stmt_int(st, 0);
            size_t i = 0;
            while (i < n && ids[i] != id)
                i++;
            if (i < n)
                continue;
            static const char *const suffixes[] = {".data", ".note", ".accept"};
            for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
                auto_free char *file = spool_file_name(stmt_text(st, 1, NULL), suffixes[k]);
                unlinkat(spool_dir_fd(dir), file, 0);
            }
            array_grow(gone, n_gone, cap);
            gone[n_gone++] = id;
        }
        stmt_reset(st);
    }
    for (size_t i = 0; i < n_gone && r == 0; i++)
        r = forget(x, gone[i], err);
    pthread_mutex_unlock(&x->lock);
    free(gone);
    return r;
}
