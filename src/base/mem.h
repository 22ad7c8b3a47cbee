/*
 * Memory that is small and whose loss nobody can repair: these abort with a message instead of returning
 * NULL. Sizes that come from outside are bounded before they get here.
 */
#ifndef SHOPFS_BASE_MEM_H
#define SHOPFS_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull, alloc_size(2)));
/* Grows an array to hold count elements of size bytes; overflow of the product aborts. */
void *xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull, nonnull));
/* xstrdup that passes NULL through. */
char *xstrdup_or_null(const char *s);
char *xasprintf(const char *format, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* Makes room for one more element in array (capacity *cap, count n), doubling. */
#define array_grow(array, n, cap)                                     \
    do {                                                              \
        if ((n) >= (cap)) {                                           \
            (cap) = (cap) ? 2 * (cap) : 8;                            \
            (array) = xreallocarray((array), (cap), sizeof *(array)); \
        }                                                             \
    } while (0)

#endif
