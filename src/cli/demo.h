/*
 * Demo goods: a believable shop made from word lists and a fixed seed. The same numbers give the same rows
 * (but for when a picture was stored in the database), and product i is the same whatever the number of
 * products. Meant to be awkward: three languages, quotes, semicolons, line breaks, HTML, ampersands and emoji
 * where real catalogues have them.
 *
 * Not thread-safe as to one database; words and pictures are pure functions.
 */
#ifndef SHOPFS_CLI_DEMO_H
#define SHOPFS_CLI_DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

#define DEMO_PRODUCTS_MAX 1000000
#define DEMO_PICTURES_MAX 10000000
#define DEMO_DIR_FILES 1000 /* picture files per sub-directory at most */

struct demo_counts {
    int64_t products, variants, pictures, customers;
};

struct demo_options {
    int64_t products;
    int64_t pictures; /* rows of image; every other one is a file */
    int picture_dir;  /* descriptor of an empty directory; not owned */
    /* Told now and then; non-zero ends the work with -ECANCELED. */
    int (*progress)(void *arg, int64_t done, int64_t total);
    void *arg;
};

/* The rows no shop can do without: languages, countries, currencies, VAT rates, units, price lists, a warehouse, the
 * site 'main'. Inside the caller's write transaction. */
int shop_fill_basics(struct db *db, struct error *err);

/* Fills a shop that has the basics. Commits every few thousand products, so that the write-ahead log stays
 * small: after an error the database is good for nothing but removal. */
int demo_fill(struct db *db, const struct demo_options *options, struct demo_counts *out, struct error *err);

/* Its parts, each inside the caller's write transaction. */
int demo_fill_words(struct db *db, struct error *err); /* manufacturers, categories, attributes, lists */
int demo_fill_customers(struct db *db, int64_t products, int64_t *count, struct error *err);

/* Replaces out by a 64x64 PNG whose colours and pattern come from seed; title is kept inside as a text chunk.
 */
void demo_png(struct buf *out, uint64_t seed, const char *title);

/* Numbers: a generator whose whole state is one word, so that every row can have its own. */
struct demo_rng {
    uint64_t state;
};
static inline uint64_t
demo_next(struct demo_rng *r) /* splitmix64, public domain: https://prng.di.unimi.it/ */
{
    uint64_t z = (r->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static inline unsigned demo_below(struct demo_rng *r, unsigned n)
{
    return (unsigned)(((demo_next(r) >> 32) * n) >> 32);
}
static inline bool demo_chance(struct demo_rng *r, unsigned percent)
{
    return demo_below(r, 100) < percent;
}

/* "2" and eleven digits of number, with the check digit: the range GS1 leaves to shops themselves. */
void demo_ean13(uint64_t number, char out[static 14]);

#endif
