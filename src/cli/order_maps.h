/*
 * The compiled order mappings of the sites: each document is compiled once, for all sites that name it. A document
 * that no longer compiles leaves the mapping as it was in service; one that never did is left out.
 *
 * order_documents: one thread at a time. order_maps: immutable, any thread.
 */
#ifndef SHOPFS_CLI_ORDER_MAPS_H
#define SHOPFS_CLI_ORDER_MAPS_H

#include <stddef.h>

#include "base/buf.h"
#include "cli/config.h"
#include "mapping/order_map.h"

struct order_documents;

struct order_documents *order_documents_new(void);
void order_documents_free(struct order_documents *all);
/* Reads every document that config names; forgets others. What is wrong, and what changed, goes into the log. */
void order_documents_read(struct order_documents *all, const struct shop_config *config);
/* Appends a line for each document that is broken. */
void order_documents_report(const struct order_documents *all, struct buf *out);

/* The mappings of one site, in its order; one reference. */
struct order_maps;
struct order_maps *order_maps_new(const struct order_documents *all, char *const *paths);
struct order_maps *order_maps_ref(struct order_maps *m);
void order_maps_unref(struct order_maps *m); /* NULL is fine */
struct order_map *const *order_maps_list(const struct order_maps *m);
size_t order_maps_count(const struct order_maps *m);

#endif
