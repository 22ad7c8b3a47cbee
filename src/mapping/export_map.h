/*
 * A compiled export mapping: what one exported file consists of.
 *
 * The document is cut into sections in file order. A section is either TEXT (once; may hold values of the
 * site's own row and the version's date) or ROWS (one piece of bytes per row of a keyed view). Sections of a
 * keyed kind can be rendered for any range of keys on their own; the file is the concatenation of all
 * sections. What the bytes of a section look like is known to mapping/render.h only.
 *
 * Immutable after compilation; shared by threads; reference-counted.
 */
#ifndef SHOPFS_MAPPING_EXPORT_MAP_H
#define SHOPFS_MAPPING_EXPORT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "store/changes.h"
#include "store/site_uses.h"
#include "store/store.h"

struct export_map;

enum section_kind {
    SECTION_TEXT,  /* rendered once, whole */
    SECTION_WHOLE, /* rows of a kind without keys: rendered whole */
    SECTION_KEYED, /* rows of a keyed kind: rendered by key range */
};

struct section_info {
    enum section_kind kind;
    enum key_space space; /* KEY_NONE unless SECTION_KEYED */
    source_set keyed; /* sources of this key space it reads: a changed block dirties the keys of the block */
    source_set whole; /* other sources it reads: any change dirties the whole section */
    /* > 0: stands in an element that is left out, with everything of this number, when no section of the number that
     * counts has rows. */
    unsigned wrap;
    bool counts;
    bool dated; /* holds the version's own date: rendered again whenever any other byte changed, and
                         never itself a reason for a new version */
};

/* Told of a mistake; err is the callee's for the time of the call. */
typedef void (*export_fault_fn)(void *arg, const struct error *err);

/* Compiles the document at path. db (any reader of the shop) is used to check every SQL expression and to
 * derive what is read; nothing of it is kept. The error names file, line, column and element. */
int export_map_compile(struct export_map **out, const char *path, struct db *db, struct error *err);
/* The same for tools: goes on after a mistake in an expression and tells of each. Returns how many there were
 * (nothing is compiled then), 0 with *out, or -errno when something else is wrong, which is in err. */
int export_map_compile_all(struct export_map **out, const char *path, struct db *db, export_fault_fn fault,
                           void *arg, struct error *err);
struct export_map *export_map_ref(struct export_map *map);
void export_map_unref(struct export_map *map); /* NULL is fine */

const char *
export_map_path(const struct export_map *map); /* in the tree: "catalog.csv", "exports/google.xml" */
const char *export_map_title(const struct export_map *map);
const char *export_map_file(const struct export_map *map); /* the document */
/* Of everything that decides the bytes besides the database: document, program's rendering version. */
const uint8_t *export_map_digest(const struct export_map *map); /* SHA256_SIZE bytes */
bool export_map_private(const struct export_map *map);          /* personal data: not world-readable */
/* A version with fewer than this many percent of the rows of the one before is not to be published; 0: any.
 */
unsigned export_map_keep_rows(const struct export_map *map);
/* Background mode: a version may be shown this long after it went stale, while the next is rendered behind it,
 * seconds; 0: never (E1). */
unsigned export_map_stale_s(const struct export_map *map);

/* What the bytes take from the site: sites of one class (site_class) have the same file. */
const struct site_uses *export_map_site_uses(const struct export_map *map);

size_t export_map_sections(const struct export_map *map);
const struct section_info *export_map_section(const struct export_map *map, size_t index);

#endif
