/* What the commands share. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/site_rows.h"

static int exit_code(int code)
{
    switch (-code) {
    case ENOENT:
    case EISDIR:
    case ENOTDIR:
        return EX_NOINPUT;
    case EUCLEAN:
    case EBADMSG:
    case EDOM:
    case EILSEQ:
        return EX_DATAERR;
    case EINVAL:
    case EPROTO:
        return EX_CONFIG;
    case EEXIST:
        return EX_CANTCREAT;
    case EACCES:
    case EPERM:
    case EROFS:
        return EX_NOPERM;
    case EAGAIN:
    case EBUSY:
    case ECANCELED:
    case ETIMEDOUT:
        return EX_TEMPFAIL;
    case EIO:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return EX_IOERR;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return EX_OSERR;
    default:
        return EX_SOFTWARE;
    }
}

int cli_fail(int code, const struct error *err)
{
    auto_buf text = BUF_INIT;
    if (err && err->message)
        error_format(err, &text);
    else
        buf_add_str(&text, strerror(-code));
    fflush(stdout);
    fprintf(stderr, "shopctl: %s\n", buf_str(&text));
    return exit_code(code);
}

int cli_put_rows(struct store *store, const struct shop_config *config, struct error *err)
{
    auto_buf changes = BUF_INIT;
    int rc = site_rows_apply(store, config, &changes, err);
    char *rest = changes.data;

    for (char *line; rc == 0 && rest && *rest && (line = strsep(&rest, "\n"));)
        fprintf(stderr, "shopctl: %s\n", line);
    return rc;
}

static void tell_row(void *arg, const struct site_row_change *change)
{
    const struct shop_config *config = arg;
    auto_buf text = BUF_INIT;

    site_row_change_format(change, &text);
    fprintf(stderr, "shopctl: %s:%d: %s: not in the database yet; written when this file is mounted or read anew\n",
            config->source, change->line, buf_str(&text));
}

int cli_tell_rows(struct db *db, const struct shop_config *config, const char *site, struct error *err)
{
    return site_rows_compare(db, config, site, tell_row, (void *)config, err);
}
