/*
 * The kinds of row that mappings read, and the views behind them (views.sql; documented in
 * mapping/MANUAL.md).
 */
#ifndef SHOPFS_STORE_ROWKIND_H
#define SHOPFS_STORE_ROWKIND_H

#include <stdbool.h>
#include <stddef.h>

#include "store/changes.h"

struct row_kind {
    const char *name;     /* as a mapping says it: "product", "offer", "image" */
    const char *view;     /* "v_product" */
    enum key_space space; /* KEY_PRODUCT: rendered in ranges of `key`; KEY_NONE: always whole */
    const char *key;      /* the key column, "product_id"; NULL with KEY_NONE */
    const char *order_by; /* columns after the key that fix the order; NULL: none */
    const char *links[3]; /* columns which, inside another row kind that has a column of the same name, must
                             be equal to the enclosing row's; NULL-ended. Where no enclosing row has the
                             column the link does not restrict. */
    bool top;             /* may stand in <rows>; else only in <each> */
    const char *id, *parent; /* the columns that make a tree of the rows, or the one that finds a row; NULL: none */
    /* What rows have in common is the same row of another kind, found by its id, which they have too. Their
     * short view gives them without it, under the same names otherwise; a row for which nothing is found is none. Of
     * the short view's rows that agree in the key, in links[0] and in the part's id, those with the lowest rank are
     * wanted, and none whose rank is NULL. */
    const char *part, *short_view, *rank;
    /* The column `column` is the column `of` of the first row of a kind of child rows, in their order, if in this
     * row links[0] is 0; else NULL. */
    struct {
        const char *column, *kind, *of;
    } first;
    /* The column `column` is the sum of the column `of` over the rows with this key, less the expression `less` over the
     * site's row, but not below 0, in thousandths. `of` and `less` are whole numbers. */
    struct {
        const char *column;
        const struct row_kind *rows;
        const char *of, *less;
    } total;
    /* Inside rows of same_within these are the rows of the kind same_as with the same links, in the same order. */
    const char *same_as, *same_within;
};

/* NULL where there is no such kind. */
const struct row_kind *row_kind_find(const char *name);

/* All kinds, for manuals and completion: NULL after the last index. */
const struct row_kind *row_kind_at(size_t index);

#endif
