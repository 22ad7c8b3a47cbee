/* The word lists of the demo goods: constant tables. Index 0 is Ukrainian, 1 Czech, 2 English. */
#ifndef SHOPFS_CLI_DEMO_WORDS_H
#define SHOPFS_CLI_DEMO_WORDS_H

#include <stddef.h>

enum { DEMO_LANGUAGES = 3 };
extern const char *const demo_language[DEMO_LANGUAGES]; /* "uk", "cs", "en" */

struct demo_phrase {
    const char *in[DEMO_LANGUAGES];
};

/* What the variants of a product differ in. */
enum demo_axis { AXIS_NONE, AXIS_SHOE_SIZE, AXIS_SIZE, AXIS_COLOUR, AXIS_VOLUME, AXIS_PACK };

/* Rows of attribute: id is the index + 1. */
enum demo_attribute {
    ATTR_SIZE, ATTR_COLOUR, ATTR_VOLUME, ATTR_PACK, /* the axes' own */
    ATTR_MATERIAL, ATTR_SEASON, ATTR_GENDER, ATTR_TASTE, ATTR_PURPOSE, /* translated values */
    ATTR_POWER, ATTR_VOLTAGE, ATTR_LENGTH, ATTR_DIAMETER, ATTR_SERIES, ATTR_YEAR, /* plain values */
    ATTR_COUNT,
};

struct demo_attribute_info {
    const char *code;
    struct demo_phrase name, unit, group;
    const struct demo_phrase *values; /* translated ones, ended by one of NULLs; NULL: a number */
    int low, high, step;              /* of numbers */
};
extern const struct demo_attribute_info demo_attributes[ATTR_COUNT];

/* The tree: tops, then groups below them, then one leaf per kind of goods. */
struct demo_category {
    int top; /* index of the top; -1 for tops */
    struct demo_phrase name;
};
extern const struct demo_category demo_categories[];
extern const size_t demo_categories_count, demo_tops_count;

struct demo_kind {
    int category;                /* index in demo_categories of the group it belongs to */
    struct demo_phrase category_name, item;
    const char *prefix;          /* of article numbers */
    int price_low, price_high;   /* whole UAH */
    int grams_low, grams_high;
    const char *unit, *vat;      /* codes */
    enum demo_axis axis;
    enum demo_attribute attributes[6]; /* ended by ATTR_SIZE (0), which no product has of itself */
    int warranty;                /* months; 0 none */
    struct demo_phrase about;    /* one sentence; may hold HTML */
};
extern const struct demo_kind demo_kinds[];
extern const size_t demo_kinds_count;

extern const struct demo_phrase demo_colours[]; /* ended by one of NULLs */
extern const struct demo_phrase demo_sentences[];
extern const size_t demo_colours_count, demo_sentences_count;
extern const char *const demo_series[], *const demo_makers[], *const demo_countries[];
extern const size_t demo_series_count, demo_makers_count, demo_countries_count;

#endif
