/*
 * What shop.conf says of the sites' rows in the database, where the views and the orders read it. For what the file
 * names it is the master: a row that says otherwise is put right. What it does not name is the row's own. A site whose
 * row is missing gets one where the file names all that a row must have.
 *
 * A code (currency, price list, language, warehouse) that the database does not have is an error with file and line:
 * -EINVAL, as any bad value of the file.
 */
#ifndef SHOPFS_CLI_SITE_ROWS_H
#define SHOPFS_CLI_SITE_ROWS_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/config.h"
#include "store/store.h"

/* What differs, in the words of the file; key NULL: the site has no row. */
struct site_row_change {
    const struct site_config *site;
    int line; /* of the file */
    const char *key, *is, *was; /* the file's value and the row's */
};
typedef void (*site_row_fn)(void *arg, const struct site_row_change *change);

/* Tells what differs and changes nothing; only NULL: of all sites. */
int site_rows_compare(struct db *db, const struct shop_config *config, const char *only, site_row_fn tell,
                      void *arg, struct error *err);
/* Puts the rows right inside a write transaction of the caller, and tells what was not. */
int site_rows_write(struct db *db, const struct shop_config *config, site_row_fn tell, void *arg,
                    struct error *err);

/* Puts the rows right in one transaction, which is not begun where they are; appends a line "FILE:LINE: site ..." to changes for
 * each thing that was not. -EROFS, -EACCES: the database cannot be written; changes tells what stays as it is. May wait for other
 * programs as every writer does, so never in a request's thread. */
int site_rows_apply(struct store *store, const struct shop_config *config, struct buf *changes,
                    struct error *err);

/* Appends "site 'NAME': KEY 'IS' in place of 'WAS'" without a line end. */
void site_row_change_format(const struct site_row_change *change, struct buf *out);

#endif
