/* The engine's result codes as errno values with a message for people. */
#include "store/sqlite_internal.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"

static int io_code(struct db *db, int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return -ENOMEM;
    int system = sqlite3_system_errno(db->engine);
    return system == ENOSPC || system == EDQUOT ? -ENOSPC : -EIO;
}

static int constraint_code(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return -EEXIST;
    default:
        return -EDOM;
    }
}

static int errno_of(struct db *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_SCHEMA:
        return -EAGAIN;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_IOERR:
        return io_code(db, rc);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return -EUCLEAN;
    case SQLITE_CONSTRAINT:
        return constraint_code(rc);
    case SQLITE_MISMATCH:
        return -EDOM;
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
        return -ECANCELED;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CANTOPEN: {
        int system = sqlite3_system_errno(db->engine);
        return system ? -system : -EACCES;
    }
    case SQLITE_PERM:
        return -EACCES;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_TOOBIG:
        return -E2BIG;
    default:
        return -EINVAL;
    }
}

/* A piece of the text around the place of the mistake, in whole characters. */
static void excerpt(const char *sql, int offset, const char **start, int *len, bool *cut_front,
                    bool *cut_back)
{
    const int before = 30, after = 50;
    int size = (int)strnlen(sql, 1 << 20);
    if (offset < 0 || offset > size)
        offset = 0;
    int from = offset > before ? offset - before : 0;
    int to = size - offset > after ? offset + after : size;
    while (from > 0 && ((unsigned char)sql[from] & 0xc0) == 0x80)
        from--;
    while (to < size && ((unsigned char)sql[to] & 0xc0) == 0x80)
        to++;
    *start = sql + from;
    *len = to - from;
    *cut_front = from > 0;
    *cut_back = to < size;
}

int db_fail(struct db *db, int rc, const char *sql, struct error *err)
{
    int code = errno_of(db, rc);
    const char *text = sqlite3_errmsg(db->engine);
    if ((sqlite3_errcode(db->engine) & 0xff) != (rc & 0xff))
        text = sqlite3_errstr(rc);
    if (code == -EINVAL && sql) {
        const char *start;
        int len;
        bool front, back;
        excerpt(sql, sqlite3_error_offset(db->engine), &start, &len, &front, &back);
        error_set(err, code, "%s in '%s%.*s%s'", text, front ? "..." : "", len, start, back ? "..." : "");
        return code;
    }
    error_set(err, code, "%s", text);
    switch (code) {
    case -EAGAIN:
        error_advise(err, "another program is writing to the database; try again when it has finished");
        break;
    case -EUCLEAN:
        error_advise(
            err, "restore the database from a backup, or rescue its rows with 'sqlite3 DATABASE .recover'");
        break;
    default:
        break;
    }
    return code;
}
