#include "order/refused.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/crash_point.h"
#include "order/decide.h"
#include "order/shelf.h"

#define REASON ".error.txt"

void refused_none(struct refused *r)
{
    *r = (struct refused){.dir = -1, .marks = -1};
    pthread_mutex_init(&r->lock, NULL);
}

int refused_open(struct refused *r, int state_dir)
{
    struct shelf_entry *marks;
    size_t n;
    int rc;

    refused_none(r);
    r->dir = io_open_dir(state_dir, "refused", 0755);
    if (r->dir < 0)
        return r->dir;
    r->marks = io_open_dir(state_dir, "withdrawn", 0700);
    if (r->marks < 0)
        return r->marks;
    rc = shelf_list(r->marks, 0, &marks, &n);
    if (rc < 0)
        return rc;
    atomic_store(&r->pending, n > 0);
    shelf_list_free(marks, n);
    return 0;
}

void refused_release(struct refused *r)
{
    if (r->dir >= 0)
        close(r->dir);
    if (r->marks >= 0)
        close(r->marks);
    pthread_mutex_destroy(&r->lock);
}

static bool is_here(const struct refused *r, const char *name)
{
    struct stat st;

    return fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* An upload may be named like a reason; then it has one of its own. */
static bool is_reason(const struct refused *r, const char *name)
{
    auto_free char *own = xasprintf("%s" REASON, name);

    return strlen(name) > strlen(REASON) && text_ends_with_nocase(name, REASON) && !is_here(r, own);
}

bool refused_drop_reason(struct refused *r, const char *name)
{
    auto_free char *reason = xasprintf("%s" REASON, name);

    return !is_here(r, name) && is_reason(r, reason) && unlinkat(r->dir, reason, 0) == 0;
}

void refused_tidy(struct refused *r)
{
    struct shelf_entry *list;
    size_t n;

    if (shelf_list(r->dir, 0, &list, &n) < 0)
        return;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(list[i].name);

        if (len <= strlen(REASON) || !text_ends_with_nocase(list[i].name, REASON))
            continue;
        auto_free char *original = xstrndup(list[i].name, len - strlen(REASON));
        refused_drop_reason(r, original);
    }
    pthread_mutex_unlock(&r->lock);
    shelf_list_free(list, n);
}

/* Out of sight, and noted in one step. */
static int withdraw(struct refused *r, const char *name, const char *event)
{
    char mark[2 * NAME_MAX];
    int n = snprintf(mark, sizeof mark, "%lld-%u.%s.%s", (long long)clock_now_ms(),
                     atomic_fetch_add(&r->count, 1), event, name);

    if (n < 0 || n > NAME_MAX)
        return -ENAMETOOLONG;
    if (renameat2(r->dir, name, r->marks, mark, RENAME_NOREPLACE) < 0)
        return -errno;
    atomic_store(&r->pending, true);
    crash_point("withdrawn");
    return 0;
}

int refused_discard(struct refused *r, const char *name)
{
    struct stat st;
    int rc = shelf_stat(r->dir, name, &st);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&r->lock);
    if (is_reason(r, name)) {
        auto_free char *original = xstrndup(name, strlen(name) - strlen(REASON));

        if (is_here(r, original))
            rc = -EACCES;
        else if (unlinkat(r->dir, name, 0) < 0)
            rc = -errno;
    } else {
        rc = withdraw(r, name, "discarded");
        if (rc == 0)
            refused_drop_reason(r, name);
    }
    pthread_mutex_unlock(&r->lock);
    return rc;
}

int refused_retry(struct refused *r, const char *name, struct incoming *in, struct incoming_node *dir,
                  const char *new_name, uid_t uid, gid_t gid, unsigned flags)
{
    auto_close int fd = shelf_open(r->dir, name);
    int rc;

    if (fd < 0)
        return fd;
    pthread_mutex_lock(&r->lock); /* a new verdict waits until the old file is away */
    rc = is_reason(r, name) ? -EACCES : incoming_adopt(in, dir, new_name, fd, name, uid, gid, flags);
    if (rc == 0 && withdraw(r, name, "retried") < 0)
        log_write(LOG_LEVEL_ERROR, "the refused file '%s' is judged again and could not be taken away", name);
    pthread_mutex_unlock(&r->lock);
    return rc;
}

int refused_try(struct refused *r, const char *name, struct incoming *check, struct incoming_node *dir,
                const char *new_name, uid_t uid, gid_t gid, unsigned flags)
{
    auto_close int fd = shelf_open(r->dir, name);

    if (fd < 0)
        return fd;
    return is_reason(r, name) ? -EACCES : incoming_adopt(check, dir, new_name, fd, NULL, uid, gid, flags);
}

/* "TIME-N.EVENT.NAME" */
static int mark_read(const char *mark, int64_t *at_ms, char event[static 16], const char **name)
{
    long long ms;
    int end = 0;

    if (sscanf(mark, "%lld-%*u.%15[a-z].%n", &ms, event, &end) != 2 || !end || !mark[end])
        return -EINVAL;
    if (strcmp(event, "retried") != 0 && strcmp(event, "discarded") != 0)
        return -EINVAL;
    *at_ms = ms;
    *name = mark + end;
    return 0;
}

static int journal_one(struct db *db, const char *site, const char *mark, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    auto_buf shown_name = BUF_INIT, shown_mark = BUF_INIT;
    char event[16], at[CLOCK_SQL_LEN + 1];
    const char *name;
    int64_t at_ms;
    int rc;

    if (mark_read(mark, &at_ms, event, &name) < 0)
        return 0;
    clock_format((time_t)(at_ms / 1000), "%Y-%m-%d %H:%M:%S", false, at, sizeof at);
    rc = db_cached(
        db, &st,
        "INSERT INTO intake_event (site_id, intake_id, at, event, name, mark)"
        " SELECT s.id, (SELECT i.id FROM intake i WHERE i.site_id = s.id AND (i.refused_as = :name"
        " OR i.filed_as = :name AND i.verdict NOT IN ('accepted', 'duplicate', 'revised', 'partly'))"
        " ORDER BY i.id DESC LIMIT 1),"
        " :at, :event, :name, :mark FROM site s WHERE s.name = :site"
        " ON CONFLICT (mark) DO NOTHING",
        err);
    if (rc < 0)
        return rc;
    if (!text_utf8_valid(name, strlen(name))) {
        text_shown(&shown_name, name);
        text_shown(&shown_mark, mark);
    }
    stmt_bind_text(st, "site", site);
    stmt_bind_text(st, "at", at);
    stmt_bind_text(st, "event", event);
    stmt_bind_text(st, "name", shown_name.len ? buf_str(&shown_name) : name);
    stmt_bind_text(st, "mark", shown_mark.len ? buf_str(&shown_mark) : mark);
    return stmt_run(st, err);
}

int refused_was_withdrawn(struct db *db, const char *object_key, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(db, &st,
                       "SELECT 1 FROM intake i JOIN intake_event e ON e.site_id = i.site_id"
                       " AND e.name = CASE i.verdict WHEN 'partly' THEN i.refused_as ELSE i.filed_as END"
                       " AND e.at >= i.decided WHERE i.object_key = :key LIMIT 1",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "key", object_key);
    return stmt_step(st, err);
}

int refused_journal(struct refused *r, struct db *writer, const char *site, struct error *err)
{
    struct shelf_entry *marks;
    size_t n;
    int rc;

    if (!atomic_exchange(&r->pending, false))
        return 0;
    rc = shelf_list(r->marks, 0, &marks, &n);
    if (rc < 0) {
        log_write(LOG_LEVEL_ERROR, "cannot read the directory of withdrawn files: %s", strerror(-rc));
        return 0;
    }
    if (n) {
        rc = db_begin_write(writer, err);
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = journal_one(writer, site, marks[i].name, err);
        if (rc == 0)
            rc = db_commit(writer, err);
        db_end(writer);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (unlinkat(r->marks, marks[i].name, 0) < 0)
            log_write(LOG_LEVEL_ERROR, "cannot remove '%s' from the withdrawn files: %s", marks[i].name,
                      strerror(errno));
    }
    if (rc < 0)
        atomic_store(&r->pending, true);
    shelf_list_free(marks, n);
    return rc;
}
