/*
 * Product pictures as one flat directory: the rows of `image` with their bytes, from files below the picture
 * directory or from the database. Nothing is cached but an open connection per thread in use; memory does not grow
 * with the number of pictures.
 */
#ifndef SHOPFS_IMAGE_PICTURES_H
#define SHOPFS_IMAGE_PICTURES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "store/store.h"

struct pictures;
struct picture; /* an open one */

struct picture_info {
    int64_t id;        /* of the row */
    uint64_t identity; /* of row, name, file and times: another content or another name has another */
    uint64_t size;     /* bytes */
    struct timespec mtime;
    char name[256];    /* file name in images/ */
};

/* picture_dir: descriptor of the directory image.path is relative to, or -1 where there is none; not owned. */
int pictures_open(struct pictures **out, struct store *store, int picture_dir, struct error *err);
void pictures_close(struct pictures *p);

/* 0, -ENOENT (no row, or its file is missing), other -errno. Any thread. */
int pictures_find(struct pictures *p, const char *name, struct picture_info *out);

/* Up to max pictures in name order, after the name `after` (NULL: from the start): the count, 0 at the end, or
 * -errno. One query a call. Rows whose file is missing are skipped (the result may then be short without being the
 * end: only 0 is the end). with_attributes: also size and mtime (a stat of each file). */
ssize_t pictures_list(struct pictures *p, const char *after, struct picture_info *out, size_t max, int with_attributes);

/* Opened content does not change under its reader where it is a file that is replaced by rename, or bytes in the
 * database as of the opening. */
int picture_open(struct pictures *p, const char *name, struct picture **out);
ssize_t picture_read(struct picture *pic, void *data, size_t len, uint64_t at);
const struct picture_info *picture_info(const struct picture *pic);
void picture_close(struct picture *pic);

#endif
