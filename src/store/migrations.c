#include "store/migrations.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "store/changes.h"
#include "store/sqlite_internal.h"

/* Embedded from the files of the same names. */
extern const char store_schema_sql[];
extern const char store_views_sql[];

static const struct migration steps_shipped[] = {
    {1, store_schema_sql},
};

const struct migration *migrations(size_t *count)
{
    *count = sizeof steps_shipped / sizeof *steps_shipped;
    return steps_shipped;
}

int store_schema_version(void)
{
    return steps_shipped[sizeof steps_shipped / sizeof *steps_shipped - 1].version;
}

/* Drops what is made anew by every upgrade. */
static int drop_derived(struct db *db, struct error *err)
{
    auto_buf sql = BUF_INIT;
    struct stmt *st;
    int r = db_prepare(db, &st,
                       "SELECT type, name FROM sqlite_schema"
                       " WHERE (type = 'view' AND name LIKE 'v\\_%' ESCAPE '\\')"
                       "    OR (type = 'trigger' AND name LIKE 'track\\_%' ESCAPE '\\')",
                       err);
    if (r < 0)
        return r;
    while ((r = stmt_step(st, err)) == 1)
        buf_addf(&sql, "DROP %s \"%s\";", stmt_text(st, 0, NULL), stmt_text(st, 1, NULL));
    stmt_free(st);
    return r < 0 ? r : db_exec(db, buf_str(&sql), err);
}

static int make_derived(struct db *db, struct error *err)
{
    int r = db_exec(db, store_views_sql, err);
    if (r < 0)
        return r;
    auto_free char *triggers = NULL;
    r = change_trigger_sql(db, &triggers, err);
    if (r == 0)
        r = db_exec(db, triggers, err);
    if (r == 0)
        r = change_mark_all(db, err);
    return r;
}

/* Inside a transaction: the steps after version `from`. */
static int run_steps(struct db *db, const struct migration *steps, size_t count, int from, struct error *err)
{
    int r = drop_derived(db, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (steps[i].version <= from)
            continue;
        r = db_exec(db, steps[i].sql, err);
        if (r < 0)
            error_prefix(err, "upgrading the schema to version %d", steps[i].version);
    }
    if (r == 0)
        r = make_derived(db, err);
    if (r < 0)
        return r;
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", SHOP_APPLICATION_ID,
             steps[count - 1].version);
    return db_exec(db, sql, err);
}

int migrate_create(struct db *db, const struct migration *steps, size_t count, struct error *err)
{
    int r = db_exec(db, "PRAGMA foreign_keys = OFF; BEGIN EXCLUSIVE", err);
    if (r < 0)
        return r;
    int64_t objects = 0;
    r = db_number(db, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (r == 0 && objects > 0)
        r = error_set(err, -EUCLEAN, "the database is not empty");
    if (r == 0)
        r = run_steps(db, steps, count, 0, err);
    if (r == 0)
        r = db_commit(db, err);
    db_end(db);
    int on = db_exec(db, "PRAGMA foreign_keys = ON", r == 0 ? err : NULL);
    return r < 0 ? r : on;
}

/* Sets *missing where steps are to be run. */
static int compare(int64_t version, int latest, bool allowed, bool *missing, struct error *err)
{
    *missing = version < latest;
    if (version < 1)
        return error_set(err, -EUCLEAN, "the shop database has no schema version");
    if (version > latest) {
        error_set(err, -EPROTO,
                  "the database has schema version %lld, but shopfs " SHOPFS_VERSION " knows only up to %d",
                  (long long)version, latest);
        error_advise(err, "install the newer shopfs that this database was used with");
        return -EPROTO;
    }
    if (*missing && !allowed) {
        error_set(err, -EPROTO,
                  "the database has schema version %lld, but shopfs " SHOPFS_VERSION " needs %d",
                  (long long)version, latest);
        error_advise(
            err, "make a backup copy; the next mount, or any shopctl command that may write, upgrades it");
        return -EPROTO;
    }
    return 0;
}

int migrate_upgrade(struct db *db, const struct migration *steps, size_t count, bool allowed,
                    struct error *err)
{
    const int latest = steps[count - 1].version;
    int64_t version = 0;
    bool missing = false;
    int r = db_number(db, "PRAGMA user_version", &version, err);
    if (r == 0)
        r = compare(version, latest, allowed, &missing, err);
    if (r < 0 || !missing)
        return r;
    r = db_exec(db, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE", err);
    /* Another program may have been faster. */
    if (r == 0)
        r = db_number(db, "PRAGMA user_version", &version, err);
    if (r == 0)
        r = compare(version, latest, allowed, &missing, err);
    if (r == 0 && missing)
        r = run_steps(db, steps, count, (int)version, err);
    if (r == 0)
        r = db_commit(db, err);
    db_end(db);
    int on = db_exec(db, "PRAGMA foreign_keys = ON", r == 0 ? err : NULL);
    return r < 0 ? r : on;
}
