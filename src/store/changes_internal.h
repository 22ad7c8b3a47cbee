/* Which tables are tracked, and how. Not for other rooms. */
#ifndef SHOPFS_STORE_CHANGES_INTERNAL_H
#define SHOPFS_STORE_CHANGES_INTERNAL_H

#include "store/changes.h"

struct tracked_table {
    enum change_source source;
    const char *table;
    const char *key;    /* the column that says the block; NULL: the table is one block */
    const char *unique; /* finds a row that REPLACE would remove from another block; NULL: there is none */
    const char *unique_columns; /* what an update must change for that; the table has an id then */
};

/* NULL after the last. */
const struct tracked_table *tracked_table_at(size_t index);

/* By table name, derived tables included; 0: not tracked. */
enum change_source change_source_of_table(const char *name);
/* The same as a set: who reads which products changed, and when, depends on all that is kept by product. */
source_set change_sources_of_table(const char *name);

#endif
