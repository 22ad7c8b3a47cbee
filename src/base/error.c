#include "base/error.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

int error_set(struct error *err, int code, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    if (!err)
        return code;
    /* Formatted first: the arguments may point into the old message. */
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    error_release(err);
    err->message = buf_detach(&text, NULL);
    return code;
}

static void replace(char **field, const char *value)
{
    char *copy = xstrdup(value);

    free(*field);
    *field = copy;
}

void error_at(struct error *err, const char *file, int line, const char *field)
{
    if (!err || !err->message)
        return;
    if (file)
        replace(&err->file, file);
    if (line) {
        err->line = line;
        err->column = 0;
    }
    if (field)
        replace(&err->field, field);
}

void error_column(struct error *err, int column)
{
    if (err && err->message)
        err->column = column;
}

void error_path(struct error *err, const char *path)
{
    if (err && err->message && path)
        replace(&err->path, path);
}

void error_advise(struct error *err, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    if (!err || !err->message)
        return;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    free(err->advice);
    err->advice = buf_detach(&text, NULL);
}

void error_prefix(struct error *err, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    if (!err || !err->message)
        return;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    buf_add_str(&text, ": ");
    buf_add_str(&text, err->message);
    free(err->message);
    err->message = buf_detach(&text, NULL);
}

void error_format(const struct error *err, struct buf *out)
{
    if (!err || !err->message)
        return;
    if (err->file && err->line && err->column)
        buf_addf(out, "%s:%d:%d: ", err->file, err->line, err->column);
    else if (err->file && err->line)
        buf_addf(out, "%s:%d: ", err->file, err->line);
    else if (err->file)
        buf_addf(out, "%s: ", err->file);
    else if (err->line)
        buf_addf(out, "line %d: ", err->line);
    if (err->field)
        buf_addf(out, "%s: ", err->field);
    buf_add_str(out, err->message);
    if (err->advice)
        buf_addf(out, "; %s", err->advice);
}

void error_move(struct error *to, struct error *from)
{
    if (to == from)
        return;
    if (!to) {
        error_release(from);
        return;
    }
    error_release(to);
    *to = *from;
    *from = (struct error)ERROR_INIT;
}

void error_release(struct error *err)
{
    if (!err)
        return;
    free(err->message);
    free(err->file);
    free(err->path);
    free(err->field);
    free(err->advice);
    *err = (struct error)ERROR_INIT;
}
