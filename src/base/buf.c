#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define BUF_MIN 64

void buf_reserve_slow(struct buf *b, size_t more)
{
    size_t need, cap = b->cap;

    if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need)) {
        fprintf(stderr, "out of memory: a buffer of %zu and %zu bytes\n", b->len, more);
        abort();
    }
    /* By half, not by two: large renderings stay close to their size. */
    if (__builtin_add_overflow(cap, cap / 2, &cap) || cap < need)
        cap = need;
    if (cap < BUF_MIN)
        cap = BUF_MIN;
    b->data = xrealloc(b->data, cap);
    b->cap = cap;
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vaddf(b, format, args);
    va_end(args);
}

void buf_vaddf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    int n;

    va_copy(again, args);
    buf_reserve(b, BUF_MIN);
    n = vsnprintf(b->data + b->len, b->cap - b->len, format, args);
    if (n >= 0 && (size_t)n >= b->cap - b->len) {
        buf_reserve(b, (size_t)n);
        n = vsnprintf(b->data + b->len, b->cap - b->len, format, again);
    }
    va_end(again);
    if (n < 0) {
        fprintf(stderr, "cannot format '%s'\n", format);
        abort();
    }
    b->len += (size_t)n;
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len > b->len) {
        fprintf(stderr, "a buffer of %zu bytes cannot be cut to %zu\n", b->len, len);
        abort();
    }
    b->len = len;
    if (b->data)
        b->data[len] = '\0';
}

char *buf_detach(struct buf *b, size_t *len)
{
    char *data = b->data ? b->data : xstrdup("");

    if (len)
        *len = b->len;
    *b = (struct buf)BUF_INIT;
    return data;
}

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf)BUF_INIT;
}
