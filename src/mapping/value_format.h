/* How one value is written: the format attributes of a mapping. Immutable after parsing. */
#ifndef SHOPFS_MAPPING_VALUE_FORMAT_H
#define SHOPFS_MAPPING_VALUE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "mapping/text_scan.h"

enum format_kind {
    FORMAT_AUTO,    /* whole numbers as digits, others with the decimals they have, text as it is */
    FORMAT_TEXT,    /* the same, but counts as text where quoting tells text from numbers */
    FORMAT_DECIMAL, /* `places` digits after the sign; trim: at most so many */
    FORMAT_INTEGER,
    FORMAT_DATE,
    FORMAT_BOOLEAN,
};

struct value_format {
    enum format_kind kind;
    int places;
    bool trim;
    char decimal_sign;
    char *pattern; /* of strftime */
    bool local;    /* in the time zone of the program, not in UTC */
    char *yes, *no;
    /* What happens to the text afterwards, in this order. */
    bool strip_html;
    char *newlines; /* instead of every line break; NULL: kept */
    size_t limit;   /* characters; 0: none */
    bool url;       /* percent-encoded */
    char *escape_chars, *escape_with;
    /* value_format_settle */
    bool plain;                 /* none of these */
    bool only_escapes;          /* nothing but the last, */
    struct text_set escape_set; /* and it looks for these bytes */
};

#define FORMAT_PLACES_MAX 9

/* Parses format="..." ("decimal(2,trim)") into f; everything else of f stays. The error has no place yet. */
int value_format_parse(struct value_format *f, const char *text, struct error *err);
/* After the last change of f: what can be told about it once. */
void value_format_settle(struct value_format *f);
bool value_format_equal(const struct value_format *a, const struct value_format *b);
void value_format_release(struct value_format *f);

#endif
