/*
 * A plan: what one refresh has to render. One slot for each chunk that is made anew or may be joined to one that is,
 * in file order; where there is a base the chunks without a slot stay as they are.
 *
 * Belongs to one refresh; its helpers write only `result` of the slots they were given.
 */
#ifndef SHOPFS_EXPORT_PLAN_H
#define SHOPFS_EXPORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/version.h"
#include "mapping/render.h"
#include "store/changes.h"

/* Keys per chunk. One edited product costs one chunk: a millisecond or two and some ten kilobytes. */
#define CHUNK_ROWS 64
#define CHUNK_ROWS_MAX (4 * CHUNK_ROWS) /* split beyond */
#define CHUNK_ROWS_MIN (CHUNK_ROWS / 4) /* neighbours are joined when they have no more together, */
#define CHUNK_BYTES_MIN 16384 /* or are smaller than this together, so that the spool's blocks are filled, */
#define CHUNK_SPAN_MAX (32 * CHANGE_BLOCK) /* and have no more keys: rows filtered out cost time too */

struct slot {
    uint32_t section;
    int64_t low, high;
    struct chunk *old;    /* of the base version: the same section and range; NULL: none. Not a reference */
    struct chunk *result; /* a reference; NULL until rendered, or while old stays */
    bool todo;            /* in the next pass */
    bool split;           /* holds more than a chunk should */
    uint8_t source;       /* marks, of this source */
    uint32_t marks;       /* blocks of it that changed in the range */
};

struct plan {
    const struct export_map *map;
    struct version *base; /* a reference; NULL: everything is new */
    struct slot *slots;
    size_t n, cap;
};

/* Everything, cut by the keys there are now. */
int plan_fresh(struct plan *p, const struct export_map *map, struct renderer *r, struct error *err);
/* What changed since a sequence in base, which was made by the same mapping from the same database. Slots in which
 * very many blocks changed are cut, so that an import of a whole catalogue is not rendered as one piece. */
int plan_changes(struct plan *p, const struct export_map *map, struct version *base, struct db *db,
                 struct renderer *r, uint64_t since, struct error *err);
/* Slots for all of a section; those there are stay. */
void plan_section(struct plan *p, uint32_t section);
/* Cuts slots that are marked `split` where the keys allow it; the pieces are todo, what they replace goes
 * back to the spool. *cut: how many were cut. */
int plan_refine(struct plan *p, struct renderer *r, struct spool *spool, size_t *cut, struct error *err);
/* What stands around rows and is left out when there are none (section_info.wrap): empties the chunks of what is not
 * shown, and marks as `todo` what has to be rendered to be shown. Returns how many are marked. After everything else
 * is rendered. */
size_t plan_wraps(struct plan *p, struct spool *spool);
/* Joins small neighbours of which one is new. out is a buffer to work in. *joined: how many went. */
int plan_join(struct plan *p, struct spool *spool, struct buf *out, size_t *joined, struct error *err);

/* The slot was rendered, to other bytes than it had. */
bool slot_is_new(const struct slot *s);
/* The version that the results and the old chunks make. */
struct version *plan_version(const struct plan *p, struct spool *spool);
void plan_release(struct plan *p, struct spool *spool);

#endif
