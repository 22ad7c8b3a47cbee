/*
 * Rendering: rows of the database to the bytes of a compiled export mapping.
 *
 * A renderer is a compiled mapping with its statements prepared on one connection, for one site. It belongs
 * to one thread at a time. It never begins or ends a transaction: the caller decides which committed state is
 * read.
 */
#ifndef SHOPFS_MAPPING_RENDER_H
#define SHOPFS_MAPPING_RENDER_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "mapping/export_map.h"
#include "mapping/place.h"

struct renderer;

/* Takes a reference to the map. site: the site's name. -ENOENT: no such site. */
int renderer_new(struct renderer **out, struct export_map *map, struct db *db, const char *site,
                 struct error *err);
/* From now on for another site; its statements stay prepared. Between sections. */
int renderer_site(struct renderer *r, const char *site, struct error *err);
void renderer_free(struct renderer *r);

/* Appends the bytes of one section to out and adds the rows written to *rows (may be NULL). For SECTION_KEYED
 * only keys in [low, high] (both inclusive); otherwise low and high do not matter. stamp: the version's date.
 * Two calls with neighbouring ranges give the same bytes as one call with the joined range. On error out
 * holds an undefined tail beyond its old length. -ECANCELED after db_interrupt. */
int renderer_section(struct renderer *r, size_t section, int64_t low, int64_t high, time_t stamp,
                     struct buf *out, uint64_t *rows, struct error *err);

/* The next calls of renderer_section will be for neighbouring ranges of this section, upwards, until `last`: the
 * statements run through instead of beginning anew for each. Any other call, and every error, ends that. */
void renderer_span(struct renderer *r, size_t section, int64_t last);
/* Ends it before `last`. To be called before the transaction ends. */
void renderer_span_end(struct renderer *r);

/* From now on at most n rows of each section and call are written; 0: all. For previews. */
void renderer_limit(struct renderer *r, uint64_t n);

/* Rows with more sets of repeated columns than there is room for, since the renderer was made. */
struct left_out {
    uint64_t rows;
    int64_t key;   /* of the one with the most ... */
    uint64_t sets; /* ... and how many of it are left out */
    unsigned times;
    struct place place;
};
const struct left_out *renderer_left_out(const struct renderer *r);

/* Cuts the keys a section has now into ranges of about `rows` keys each. Boundaries are multiples of
 * CHANGE_BLOCK; the first range begins at INT64_MIN, the last ends at INT64_MAX, neighbours touch. *low is
 * malloced: the n lower bounds. For sections that are not keyed: one range. */
int renderer_ranges(struct renderer *r, size_t section, uint64_t rows, int64_t **low, size_t *n,
                    struct error *err);

#endif
