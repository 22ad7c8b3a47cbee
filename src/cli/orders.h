/* One order or invoice as a card: everything the database knows about it. */
#ifndef SHOPFS_CLI_ORDERS_H
#define SHOPFS_CLI_ORDERS_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/table.h"
#include "store/store.h"

/* Appends the card of the order ("invoice": the invoice) with this number; site NULL: the only site that has it. -ENOENT: there is
 * none; -EINVAL: several sites have it. Inside the caller's read transaction. */
int orders_show(struct db *db, const char *site, const char *kind, const char *number, enum output_format format,
                struct buf *out, struct error *err);

#endif
