/* What the commands share. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/error.h"

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
