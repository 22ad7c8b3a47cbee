/*
 * What of a site the result of a query depends on. Two sites that agree in this have the same result: one
 * rendering serves both.
 *
 * A view gives each row once per site and is asked for one of them, as `site_id = :site`. The compiled program of
 * the statement says what it takes from there: columns of the site's row, and tables that have rows of their own
 * for each site. A plan that does not read a column proves that the result does not depend on it, whatever plan is
 * chosen later.
 */
#ifndef SHOPFS_STORE_SITE_USES_H
#define SHOPFS_STORE_SITE_USES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "store/changes.h"

struct site_uses {
    uint64_t columns; /* bit per column of table `site`, in the table's order */
    bool warehouses;  /* which warehouses the site sells from */
    bool products;    /* what the site says of single products */
    bool customers;   /* by what names the site knows customers */
    bool own;         /* more than that, such as its orders: no other site has the same */
};

/* Adds what sql uses, whose one condition on the site is "site_id = :site". */
int site_uses_add(struct db *db, const char *sql, struct site_uses *uses, struct error *err);

/* The changes after which site_class may have another answer. */
source_set site_uses_sources(const struct site_uses *uses);

/* The values of what is used: sites with the same class have the same result in the state db sees. A site that has
 * rows of its own in a table that is read has a class of its own. -ENOENT: there is no such site. */
int site_class(struct db *db, const char *site, const struct site_uses *uses, uint8_t out[SHA256_SIZE], struct error *err);

#endif
