/*
 * Text and numbers to bytes of a file: escaping, cleaning, quoting. What is written is always well-formed
 * UTF-8: control characters other than tab, line feed and carriage return, U+FFFE and U+FFFF are left out,
 * each run of ill-formed bytes becomes one U+FFFD. Pure functions, any thread.
 */
#ifndef SHOPFS_MAPPING_TEXT_WRITE_H
#define SHOPFS_MAPPING_TEXT_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mapping/text_scan.h"

void text_write(struct buf *out, const char *s, size_t len, enum text_context context);
/* The same for plain text without one of these bytes and of no strange characters, which is nearly all there is; for
 * other text nothing is appended, and false returned. */
bool text_write_without(struct buf *out, const char *s, size_t len, const struct text_set *set);

enum csv_quote { CSV_QUOTE_MINIMAL, CSV_QUOTE_ALL, CSV_QUOTE_STRINGS, CSV_QUOTE_NEVER };

struct csv_style {
    char delimiter, quote_char;
    enum csv_quote quote;
    bool backslash; /* \" instead of "" */
    bool crlf;
    bool header;
    bool neutralise;   /* text that a spreadsheet would take for a formula gets an apostrophe before it */
    struct text_set special; /* a cell with one of these needs quotes; csv_style_init */
    bool bare;               /* only what needs quotes has them, and nothing else is done to a cell; csv_style_init */
    bool bare_numbers;       /* what stands in numbers, beside their decimal sign, needs none; csv_style_init */
};

void csv_style_init(struct csv_style *style);

/* Appends text as a cell of its own where that is the text as it is; else appends nothing and returns false. */
bool csv_write_text(struct buf *out, const char *s, size_t len, const struct csv_style *style);

/* Turns out[start ..], plain text, into a cell. string: the value is text, not a number. */
void csv_finish_cell(struct buf *out, size_t start, const struct csv_style *style, bool string);

void number_write_int(struct buf *out, int64_t value);
/* units of 10^-scale with `places` decimals (as decimal_format). */
void number_write_units(struct buf *out, int64_t units, int scale, int places, char sign);
/* A REAL of the database with as many decimals as it has (at most 9). */
void number_write_real(struct buf *out, double value, char sign);
/* As decimal_from_double, without printf for what prices and quantities look like. */
int number_from_double(double value, int scale, int64_t *out);

/* Steps of value_format.h: each appends to out. */
void text_strip_html(struct buf *out, const char *s, size_t len);
void text_replace_newlines(struct buf *out, const char *s, size_t len, const char *by);
void text_percent_encode(struct buf *out, const char *s, size_t len);
void text_escape_list(struct buf *out, const char *s, size_t len, const char *chars, const char *with);

#endif
