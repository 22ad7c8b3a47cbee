/*
 * What a person must read when something fails: what, where (file, line, field), and what to do about it.
 *
 * A function that can fail in a way a user must understand takes a `struct error *` as its last argument and
 * returns 0 or a negative errno. The object is untouched on success. Callers may pass NULL. Not shared
 * between threads. All strings are owned by the object.
 */
#ifndef SHOPFS_BASE_ERROR_H
#define SHOPFS_BASE_ERROR_H

#include <stdarg.h>

struct buf;

struct error {
    char *message; /* cause first, 'subject' in quotes, lower case, no full stop; NULL: nothing failed */
    char *file;    /* NULL where no file is meant */
    int line;      /* 1-based; 0 where unknown */
    int column;    /* of the line, in characters, 1-based; 0 where unknown */
    char *path;    /* XPath of the node in the document; NULL where none is meant */
    char *field;   /* element, column, key or canonical order field; NULL where none */
    char *advice;  /* what to do, one sentence; NULL where the message says it all */
};

#define ERROR_INIT \
    {              \
        0          \
    }

/* Replaces the whole object by a new message and returns `code`, so that `return error_set(err, -EINVAL, ..)`
 * reads well. err may be NULL. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds where it happened to a message already set. NULL file or field and line 0 leave what is there; a line
 * takes the column away. */
void error_at(struct error *err, const char *file, int line, const char *field);

/* Adds the column to a place already told; 0 says that it is not known. */
void error_column(struct error *err, int column);

/* Adds the XPath of the node it is about; NULL leaves what is there. */
void error_path(struct error *err, const char *path);

/* Adds what the reader should do. */
void error_advise(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts context before the message: "context: message". */
void error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line for a log or a terminal: "file:line:column: field: message; advice". Appends to out. */
void error_format(const struct error *err, struct buf *out);

/* Moves from into to (to's old content is released); from is empty afterwards. */
void error_move(struct error *to, struct error *from);

void error_release(struct error *err);

#endif
