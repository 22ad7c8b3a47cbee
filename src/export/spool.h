/*
 * The spool: where the bytes of versions lie. A directory below the site's state directory, one data file per
 * export in it.
 *
 *     spool/lock         held (flock) while a mount or tool uses the directory
 *     spool/state        boot id and whether the last run stopped cleanly; replaced durably
 *     spool/index.db     see index.h
 *     spool/NAME.data    a header block, then extents
 *     spool/NAME.note    see note.h
 *
 * A data file is a run of 4 KiB blocks. Space is given out first-fit from a free list with coalescing; what
 * is freed is punched out of the file, so the disk holds live bytes only. The header block keeps the newest
 * mtime ever published: it survives the loss of the index.
 *
 * Threads: everything. No lock is held while bytes are read or written.
 */
#ifndef SHOPFS_EXPORT_SPOOL_H
#define SHOPFS_EXPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define SPOOL_BLOCK 4096

/* The directory, locked for us alone. Reference-counted: every open spool holds it, so the lock lasts as long
 * as any version can still be read. -EBUSY: another mount has it. */
struct spool_dir;
int spool_dir_open(struct spool_dir **out, int state_dir, struct error *err);
struct spool_dir *spool_dir_ref(struct spool_dir *d);
void spool_dir_unref(struct spool_dir *d);
int spool_dir_fd(const struct spool_dir *d);

/* True when bytes that an earlier run wrote can be believed unread: same boot, or a clean stop before it
 * ended. */
bool spool_dir_trusted(const struct spool_dir *d);
/* Says, durably, that a run begins (before the first byte changes) or has stopped with everything synced. */
int spool_dir_mark(struct spool_dir *d, bool clean, struct error *err);

/* A file name for any text: safe bytes stay, the others become %XX. Malloced. */
char *spool_file_name(const char *text, const char *suffix);

struct spool;

struct extent {
    uint64_t at, len; /* len in bytes as used; space is taken in whole blocks */
};

/* Opens or makes the data file `name`. Nothing is free before spool_take_over. */
int spool_open(struct spool **out, struct spool_dir *dir, const char *name, struct error *err);
struct spool *spool_ref(struct spool *s);
void spool_unref(struct spool *s);
/* From now on nothing is freed any more: the index on disk is final. */
void spool_seal(struct spool *s);

/* Declares which extents are in use; everything else becomes free and is given back to the filesystem. The
 * array is sorted in place. -EUCLEAN: extents overlap or are not ours. *cut tells that the file is shorter
 * than they say. */
int spool_take_over(struct spool *s, struct extent *used, size_t n, bool *cut);

/* Takes space and writes: 0 and *at, or -errno with the space given back. len > 0. */
int spool_write(struct spool *s, const void *data, size_t len, uint64_t *at);
void spool_free(struct spool *s, uint64_t at, uint64_t len);

/* Bytes read, short at the end of the file, or -errno. */
ssize_t spool_read(const struct spool *s, void *data, size_t len, uint64_t at);
/* Several pieces, each to its place in memory: 0, or -errno; -EIO where the file ends before. Pieces that lie in
 * neighbouring blocks, as those of one rendering do, are read by one call. The array is put in order of `at`. */
#define SPOOL_PIECES 64 /* at most */
struct spool_piece {
    uint64_t at;
    size_t len; /* > 0 */
    char *to;
};
int spool_read_pieces(const struct spool *s, struct spool_piece *pieces, size_t n);
/* The data file, open as long as the spool is. */
int spool_file(const struct spool *s);
/* Nobody has cut it before byte `end`. */
bool spool_reaches(const struct spool *s, uint64_t end);
/* 1: the len bytes at `at` are these; 0: they differ; -errno. */
int spool_equal(const struct spool *s, uint64_t at, const void *data, size_t len);

/* The newest mtime ever published from this file; 0: none known. */
int64_t spool_last_mtime(const struct spool *s);
int spool_note_mtime(struct spool *s, int64_t mtime);

int spool_sync(const struct spool *s);
/* What the file takes on disk and what is in use, bytes. */
void spool_usage(struct spool *s, uint64_t *disk, uint64_t *live);

#endif
