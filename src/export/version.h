/*
 * Chunks, groups and versions. exports.h has what readers need; this is what builds them.
 *
 * A version is a list of groups, a group a list of chunks, so that the next version shares every group in which
 * nothing changed: an edit copies one group and the list of groups, and is found again in the difference of two
 * versions by the groups that they do not share.
 *
 * Invariants
 * (1) A chunk never changes after chunk_seal: section, key range, extent, bytes. A group never changes.
 * (2) The chunks of a version stand in file order: ascending section, ascending low; within a section the ranges
 *     touch, from INT64_MIN to INT64_MAX.
 * (3) An extent belongs to one chunk and is freed with the chunk's last reference. References are held by groups,
 *     those by versions; the version the index on disk describes is one of the versions held (export.h), so nothing
 *     the index names is ever freed or overwritten.
 * (4) A chunk of length 0 has no extent.
 * (5) No group is empty or has more than GROUP_MAX chunks; all but a version's last have at least GROUP_MIN.
 */
#ifndef SHOPFS_EXPORT_VERSION_H
#define SHOPFS_EXPORT_VERSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/exports.h"
#include "export/spool.h"

#define GROUP_CHUNKS 64 /* in a version made anew */
#define GROUP_MIN 16
#define GROUP_MAX 128

struct chunk {
    atomic_uint refs;
    uint32_t section;
    bool lost; /* loaded from the index, but its bytes did not survive; only before the first publication */
    int64_t low, high;
    uint64_t at, len, hash, rows;
    uint64_t proof;       /* hash of section, range, extent and bytes, of chunk_seal */
    uint64_t split_tried; /* rows when a split was last found to be impossible; the refreshing thread's */
};

struct group {
    atomic_uint refs;
    uint32_t n;
    uint64_t rows, proof; /* sums over the chunks, the proof modulo 2^64 */
    uint64_t *end;        /* end[i]: bytes up to and including chunk i */
    struct chunk *chunks[];
};

struct version {
    atomic_uint refs;
    struct spool *spool;
    uint64_t ino;
    int64_t mtime;
    uint64_t rows, proof; /* sums over the groups */
    size_t n;             /* groups */
    size_t chunks;
    size_t lost; /* chunks that are */
    struct group **groups;
    uint64_t *end; /* end[i]: bytes up to and including group i */
};

struct chunk *chunk_new(uint32_t section, int64_t low, int64_t high);
/* What the chunk holds; at is of use where len > 0. */
void chunk_seal(struct chunk *c, uint64_t at, uint64_t len, uint64_t hash, uint64_t rows);
struct chunk *chunk_ref(struct chunk *c);
/* The last one gives the extent back to spool. NULL is fine. */
void chunk_unref(struct chunk *c, struct spool *spool);

/* Takes the references of the n chunks over; takes a reference to the spool. */
struct version *version_new(struct spool *spool, struct chunk *const *chunks, size_t n);
/* The same in groups of these sizes, which add up to the number of chunks. */
struct version *version_of_groups(struct spool *spool, struct chunk *const *chunks, const uint32_t *sizes,
                                  size_t n_groups);
/* base with these chunks (in file order, references taken over) in the place of those of the same keys. Together they
 * cover what they replace. Costs work for the chunks replaced and a little for each group of base. */
struct version *version_with(const struct version *base, struct chunk *const *chunks, size_t n);

/* A place in a version: the chunk `i` of group `g`; at the end where g is the number of groups. */
struct chunk_place {
    size_t g, i;
};
/* The chunk there, NULL at the end. */
struct chunk *version_chunk(const struct version *v, struct chunk_place at);
struct chunk_place version_next(const struct version *v, struct chunk_place at);
/* The chunk that holds this key of the section, or the end: every key from INT64_MIN on is held by one. */
struct chunk_place version_find(const struct version *v, uint32_t section, int64_t key);

/* 1: the same bytes; 0: not; -errno. Costs work for the chunks they do not share. A chunk of `was` that is
 * lost counts as equal to one of the same range, length and hash. */
int version_equal(const struct version *was, const struct version *now);

/* The groups that only one of the two has, in file order, was's before now's where both begin at the same key.
 * was: NULL for none. fn's non-zero return stops and is returned. */
typedef int (*group_fn)(void *arg, const struct group *g, bool is_new);
int version_difference(const struct version *was, const struct version *now, group_fn fn, void *arg);

#endif
