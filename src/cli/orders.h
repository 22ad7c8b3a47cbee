/* What shopctl orders does with one order or invoice: shows it as a card, or says what became of it. */
#ifndef SHOPFS_CLI_ORDERS_H
#define SHOPFS_CLI_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/table.h"
#include "store/store.h"

/* The order ("invoice": the invoice) with this number; site NULL: the only site that has it. -ENOENT: there is none; -EINVAL: several sites
 * have it. */
int orders_find(struct db *db, const char *site, const char *kind, const char *number, int64_t *id,
                struct error *err);

/* Marks the order as being handled: files do not change it any more. Appends what was done, one line. Inside the
 * caller's write transaction; errors as for orders_find. */
int orders_handle(struct db *writer, const char *site, const char *kind, const char *number, struct buf *out,
                  struct error *err);
/* Sets a status that is known, and the parcel's number where tracking is not NULL. The database ends the
 * reservation with it (DATABASE.md). */
int orders_set_status(struct db *writer, const char *site, const char *kind, const char *number,
                      const char *status, const char *tracking, struct buf *out, struct error *err);

/* Appends the card of an order: everything the database knows about it. Inside the caller's read transaction. */
int orders_show(struct db *db, const char *site, const char *kind, const char *number,
                enum output_format format, struct buf *out, struct error *err);

#endif
