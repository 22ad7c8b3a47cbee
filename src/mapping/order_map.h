/*
 * A compiled order mapping: how one order format is recognised and read. Immutable; shared by threads.
 */
#ifndef SHOPFS_MAPPING_ORDER_MAP_H
#define SHOPFS_MAPPING_ORDER_MAP_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "mapping/order.h"
#include "mapping/place.h"

struct order_map;

/* The error names file, line and element; every XPath is compiled here. */
int order_map_compile(struct order_map **out, const char *path, struct error *err);
struct order_map *order_map_ref(struct order_map *map);
void order_map_free(struct order_map *map); /* gives a reference back; NULL is fine */

const char *order_map_name(const struct order_map *map);     /* "plain", "commerceml" */
const char *order_map_title(const struct order_map *map);
const char *order_map_evidence(const struct order_map *map); /* "verified", "documented", "assumed" */
const char *order_map_file(const struct order_map *map);
/* Name of the mapping this one is another name of, or NULL. */
const char *order_map_base(const struct order_map *map);

/* What looks like a mistake and harms nothing: alternatives that are never reached. NULL after the last; valid as
 * long as the map. The place is in order_map_file. */
const char *order_map_remark(const struct order_map *map, size_t index, struct place *place);

/* Appends how the mapping recognises its format: "root 'ORDERS' and /ORDERS/ORDER[CODE]". */
void order_map_conditions(const struct order_map *map, struct buf *out);

/* True where the document (namespaces as in the file) is of this format. */
bool order_map_detects(const struct order_map *map, xmlDoc *doc);

/* True where the document's outermost element has a name the mapping looks for. */
bool order_map_knows_root(const struct order_map *map, const xmlDoc *doc);

/* Where a value came from, for whoever wants to know; strings live as long as the call. */
struct order_value {
    size_t order;        /* its place in order_file.orders */
    const char *place;   /* "" (the order), "billing", "delivery", "line 2", "extra line" */
    const char *field;   /* as in the language */
    const char *source;  /* the XPath, "constant", "default" ... */
    int mapping_line;    /* of the source */
    int file_line;       /* of the value; 0: not known */
    const char *raw;     /* as in the file */
    const char *value;   /* what it became */
};
struct order_trace {
    void *arg;
    void (*asked)(void *arg, const struct order_map *map, bool fits); /* each mapping in turn; the first that fits reads */
    void (*value)(void *arg, const struct order_value *value);
};

/* Reads every order and invoice of the document into out->orders (appending). The document may be changed (namespaces dropped,
 * rows of one order put together). An order that cannot be taken has its `error` set; the return value is negative
 * only where the file as a whole cannot be read. trace may be NULL. */
int order_map_read(const struct order_map *map, xmlDoc *doc, const struct order_limits *limits,
                   const struct order_trace *trace, struct order_file *out, struct error *err);

#endif
