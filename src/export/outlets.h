/*
 * Outlets in the making: what is between the placing of outlets (outlets.c) and the configuration (configure.c). Private
 * to these.
 */
#ifndef SHOPFS_EXPORT_OUTLETS_H
#define SHOPFS_EXPORT_OUTLETS_H

#include "export/export.h"

/* A configuration in the making. */
struct draft {
    struct exports *x;
    struct db *db; /* inside a snapshot */
    struct change_state state;
    struct outlet **outlets;
    struct export_map **maps; /* beside outlets: what each is made by now; NULL: the document is broken */
    size_t n, cap;
    struct buf remarks;  /* rows that should have a file and have none, as lines "SITE <tab> words" */
    source_set followed; /* what says which files there are */
    bool many;
};

struct outlet *outlet_new(struct exports *x, const char *site, const char *path, const char *file);

/* Finds or makes o's export; many: the mapping makes a file for each row, which depends on the site in ways that no
 * class tells. 1: there is nothing to show. */
int outlet_place(struct draft *d, struct outlet *o, struct export_map *map, bool many, struct error *err);

#endif
