/*
 * A compiled order mapping: how one order format is recognised and read. Immutable; shared by threads.
 */
#ifndef SHOPFS_MAPPING_ORDER_MAP_H
#define SHOPFS_MAPPING_ORDER_MAP_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct order_map;

/* The error names file, line and element; every XPath is compiled here. */
int order_map_compile(struct order_map **out, const char *path, struct error *err);
void order_map_free(struct order_map *map); /* NULL is fine */

const char *order_map_name(const struct order_map *map);     /* "plain", "commerceml" */
const char *order_map_title(const struct order_map *map);
const char *order_map_evidence(const struct order_map *map); /* "verified", "documented", "assumed" */
const char *order_map_file(const struct order_map *map);

/* True where the document (namespaces as in the file) is of this format. */
bool order_map_detects(const struct order_map *map, xmlDoc *doc);

struct order_file;
struct order_limits;
/* Reads every order of the document into out->orders (appending). The document may be changed (namespaces dropped).
 * An order that cannot be taken has its `error` set; the return value is negative only where the file as a whole
 * cannot be read. */
int order_map_read(const struct order_map *map, xmlDoc *doc, const struct order_limits *limits, struct order_file *out,
                   struct error *err);

#endif
