/*
 * The steps from one version of the schema to the next. An upgrade is one transaction: every missing step,
 * then views and tracking triggers dropped and made anew; it happens wholly or not at all.
 *
 * Whoever changes schema.sql after a release adds a step here instead; whoever changes views.sql or the
 * tracking triggers adds a step too, with empty SQL, since that is what makes existing databases take it
 * over. Names starting with v_ (views) and track_ (triggers) belong to the program.
 */
#ifndef SHOPFS_STORE_MIGRATIONS_H
#define SHOPFS_STORE_MIGRATIONS_H

#include <stddef.h>

#include "store/store.h"

struct migration {
    int version;     /* of the schema after this step; ascending from 1 without gaps */
    const char *sql; /* runs with foreign keys off; "" where only views or triggers changed */
};

/* The shipped steps. */
const struct migration *migrations(size_t *count);

/* Makes the schema in an empty database. -EUCLEAN where it is not empty. */
int migrate_create(struct db *db, const struct migration *steps, size_t count, struct error *err);

/* Brings a shop database to the version of the last step. -EPROTO: it is newer, or older and !allowed. */
int migrate_upgrade(struct db *db, const struct migration *steps, size_t count, bool allowed,
                    struct error *err);

#endif
