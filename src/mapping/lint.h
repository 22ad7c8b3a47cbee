/*
 * Mistakes of an export mapping that only the rows show: values that cannot be written in their format,
 * conditions that never hold. For tools.
 */
#ifndef SHOPFS_MAPPING_LINT_H
#define SHOPFS_MAPPING_LINT_H

#include <stdbool.h>
#include <stdint.h>

#include "mapping/export_map.h"
#include "mapping/place.h"

/* error: a rendering fails of it; else it is only suspicious. */
typedef void (*lint_fn)(void *arg, bool error, struct place place, const char *text);

/* Looks at the first `rows` rows of each `rows` and `each`, of a mapping for many files in each of them: what
 * holds in one of them holds. -ENOENT: no such site. In the caller's read
 * transaction. */
int export_map_lint(struct export_map *map, struct db *db, const char *site, uint64_t rows, lint_fn found,
                    void *arg, struct error *err);

#endif
