/*
 * A growing run of bytes, always followed by a NUL that does not count. Not shared between threads.
 * Running out of memory aborts (mem.h).
 */
#ifndef SHOPFS_BASE_BUF_H
#define SHOPFS_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf {
    char *data; /* NULL while nothing was ever added; use buf_str() where a string is wanted */
    size_t len; /* bytes used */
    size_t cap; /* bytes allocated */
};

#define BUF_INIT \
    {            \
        0        \
    }

void buf_reserve_slow(struct buf *b, size_t more);

/* Makes room for `more` further bytes (and the NUL). */
static inline void buf_reserve(struct buf *b, size_t more)
{
    if (b->cap - b->len <= more)
        buf_reserve_slow(b, more);
}

static inline void buf_add(struct buf *b, const void *data, size_t len)
{
    buf_reserve(b, len);
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

static inline void buf_add_char(struct buf *b, char c)
{
    buf_reserve(b, 1);
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

static inline void buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The content as a string; "" when empty. Valid until the next change. */
static inline const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

/* Forgets the content, keeps the memory. */
static inline void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

/* Cuts to len bytes (len <= b->len). */
void buf_truncate(struct buf *b, size_t len);

/* Hands the memory over (never NULL); the buffer is empty afterwards. */
char *buf_detach(struct buf *b, size_t *len);

void buf_release(struct buf *b);

#define auto_buf __attribute__((__cleanup__(buf_release))) struct buf

#endif
