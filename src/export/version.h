/*
 * Chunks and versions. exports.h has what readers need; this is what builds them.
 *
 * Invariants
 * (1) A chunk never changes after chunk_new: section, key range, extent, bytes.
 * (2) The chunks of a version stand in file order: ascending section, ascending low; within a section the ranges
 *     touch, from INT64_MIN to INT64_MAX.
 * (3) An extent belongs to one chunk and is freed with the chunk's last reference. References are held by versions;
 *     the version the index on disk describes is one of the versions held (export.h), so nothing the index names is
 *     ever freed or overwritten.
 * (4) A chunk of length 0 has no extent.
 */
#ifndef SHOPFS_EXPORT_VERSION_H
#define SHOPFS_EXPORT_VERSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/exports.h"
#include "export/spool.h"

struct chunk {
    atomic_uint refs;
    uint32_t section;
    bool lost; /* loaded from the index, but its bytes did not survive; only before the first publication */
    int64_t low, high;
    uint64_t at, len, hash, rows;
    uint64_t split_tried; /* rows when a split was last found to be impossible; the refreshing thread's */
};

struct version {
    atomic_uint refs;
    struct spool *spool;
    uint64_t ino;
    int64_t mtime;
    uint64_t rows;
    size_t n;
    struct chunk **chunks;
    uint64_t *end; /* end[i]: bytes up to and including chunk i */
};

struct chunk *chunk_new(uint32_t section, int64_t low, int64_t high);
struct chunk *chunk_ref(struct chunk *c);
/* The last one gives the extent back to spool. NULL is fine. */
void chunk_unref(struct chunk *c, struct spool *spool);

/* Takes the references of the n chunks over; takes a reference to the spool. */
struct version *version_new(struct spool *spool, struct chunk **chunks, size_t n, int64_t mtime,
                            uint64_t ino);

/* 1: the same bytes; 0: not; -errno. Costs work for the chunks they do not share. A chunk of `was` that is
 * lost counts as equal to one of the same range, length and hash. */
int version_equal(const struct version *was, const struct version *now);

/* hash64 of the chunk list with lengths and hashes: tells a damaged index, not two contents apart. */
uint64_t version_list_hash(const struct version *v);

#endif
