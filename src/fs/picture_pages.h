/*
 * The pictures of images/ by their number in one listing, read from the database page by page, so that memory does
 * not grow with them. One for each open directory, whose lock the caller holds.
 */
#ifndef SHOPFS_FS_PICTURE_PAGES_H
#define SHOPFS_FS_PICTURE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "image/pictures.h"

struct picture_page {
    struct picture_info *list; /* pictures [at, at + n) */
    uint64_t at;
    size_t n;
    int64_t read_ms; /* clock_monotonic_ms() */
};

struct picture_pages {
    struct pictures *of;
    struct picture_page now, next;
    uint64_t passed;                                  /* pictures up to the end of the last page given out ... */
    char last[sizeof((struct picture_info){0}.name)]; /* ... and the name of its last */
    char **marks;                                     /* for seeking back: names of some pictures, see the code */
    size_t n_marks, cap_marks;
};

void picture_pages_init(struct picture_pages *p, struct pictures *of); /* of outlives it */
void picture_pages_release(struct picture_pages *p);

/* Picture number i, valid until the next call: 1; 0: there is none; -errno. Always with attributes: a name whose file
 * is missing must not be listed, or rsync ends with an error. */
int picture_pages_get(struct picture_pages *p, uint64_t i, const struct picture_info **out);

/* Reads what will be asked for next, unless it is at hand: for who has just answered, so that his client looks at the
 * answer meanwhile. What is not asked for soon is read again. */
void picture_pages_ahead(struct picture_pages *p);

#endif
