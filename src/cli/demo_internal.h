/* Between the files of the demo: demo.c runs it, demo_product.c makes the rows of a product, demo_rows.c
 * writes them. */
#ifndef SHOPFS_CLI_DEMO_INTERNAL_H
#define SHOPFS_CLI_DEMO_INTERNAL_H

#include "cli/demo.h"
#include "cli/demo_words.h"

#define DEMO_SEED UINT64_C(0x5348304F50)
#define DEMO_VARIANTS_MAX 6

/* The tables that are filled with a product. */
enum demo_insert {
    PRODUCT,
    TEXT,
    VARIANT,
    CATEGORY,
    ATTRIBUTE,
    BARCODE,
    RELATION,
    PRICE,
    STOCK,
    SITE,
    IMAGE,
    DEMO_INSERTS
};

struct demo {
    struct db *db;
    const struct demo_options *options;
    struct demo_counts counts;
    struct stmt *insert[DEMO_INSERTS], *content;
    int64_t unit[64], vat[64]; /* by kind */
    int64_t pictures_weight;   /* of all products */
    int picture_dir;           /* the sub-directory being filled, -1 none */
    int64_t picture_files;
    struct buf texts[4], png; /* kept for their memory */
    struct error *err;
};

/* One product while it is made. */
struct demo_item {
    int64_t id;
    struct demo_rng rng;
    const struct demo_kind *kind;
    size_t kind_no;
    const char *series;
    const char *maker;
    char sku[24];
    int64_t retail_e4;
    unsigned variants;
    char value[DEMO_VARIANTS_MAX][16]; /* of the axis; for colours the index */
    unsigned colour[DEMO_VARIANTS_MAX];
    int64_t factor_e2[DEMO_VARIANTS_MAX]; /* the variant's price in percent of the product's */
};

/* Adds a row: the columns in the order of its statement, whole numbers as int64_t (DEMO_INT), texts as const
 * char * (NULL is NULL). 0 or -errno. */
int demo_put(struct demo *d, enum demo_insert which, ...);
#define DEMO_INT(n) ((int64_t)(n))

int demo_prepare(struct demo *d); /* the statements; freed by demo_release */
void demo_release(struct demo *d);

/* Product number id with everything that belongs to it.
 */
int demo_add_product(struct demo *d, int64_t id);

/* Pictures: how many the products up to number n should have where two is the average; and those of one
 * product. */
int64_t demo_picture_weight(int64_t n);
int demo_put_pictures(struct demo *d, struct demo_item *it);

#endif
