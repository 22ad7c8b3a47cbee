/*
 * The files of a mapping: one, or one for each row of a kind (<export path="prices/{code}.csv" for="price_list">).
 *
 * A file of such a mapping has a map of its own, with a path, a digest and the values of its row (for.COLUMN);
 * the program is shared. Its digest holds the values that are used, so that another value is another rendering.
 */
#ifndef SHOPFS_MAPPING_EXPORT_FILES_H
#define SHOPFS_MAPPING_EXPORT_FILES_H

#include "mapping/export_map.h"

#define EXPORT_FILES_MAX 1000 /* of one mapping */

struct export_files {
    struct export_map **maps; /* references */
    size_t n, cap;
    char **problems; /* rows without a file: why, in words */
    size_t n_problems, cap_problems;
};

/* Whether the files depend on rows, and what these are read from. */
bool export_map_many(const struct export_map *map);
source_set export_map_files_sources(const struct export_map *map);

/* The files as the rows are now, in their order; of a mapping for one file that one. Names come from data: what
 * no name can hold becomes '_'; a row without a name, with too long a one, or with that of a row before it has no
 * file. -ENOENT: no such site. Inside the caller's read transaction, or each call sees a state of its own. */
int export_map_files(struct export_files *out, struct export_map *map, struct db *db, const char *site,
                     struct error *err);
/* The file with this path, or whose row gave this text to the path: "prices/retail.csv" and "retail". A
 * reference; NULL: none. */
struct export_map *export_files_find(const struct export_files *files, const char *name);
void export_files_release(struct export_files *files);

#endif
