/*
 * Rows of a statement as people and programs read them: an aligned table, CSV (RFC 4180) or JSON (RFC 8259).
 *
 * The column names of the SQL say how a value is written: a suffix _e2, _e3, _e4 or _e6 is an exact decimal
 * of that scale (money with two digits at least), _flag is yes or no; the suffix is dropped and what remains
 * is the key. Other whole numbers are numbers, everything else is text. One thread.
 */
#ifndef SHOPFS_CLI_TABLE_H
#define SHOPFS_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

enum output_format { OUTPUT_TEXT, OUTPUT_CSV, OUTPUT_JSON };
int output_format_parse(const char *name, enum output_format *out); /* -EINVAL */

struct cell {
    char *text; /* as written; NULL: absent */
    bool bare;  /* a number or a truth value: right-aligned, unquoted in JSON */
    bool truth;
};

struct table {
    char **keys;
    size_t columns;
    struct cell *cells; /* row by row */
    size_t n_cells, cap;
};

/* Runs the bound statement to its end. */
int table_load(struct table *out, struct stmt *st, struct error *err);
size_t table_rows(const struct table *t);
void table_release(struct table *t);

/* Appends: with a heading, aligned by display width, columns without any value left out where `skip_empty`.
 */
void table_write_text(const struct table *t, bool skip_empty, struct buf *out);
/* Appends "key: value" for each present value of row, aligned. */
void table_write_fields(const struct table *t, size_t row, struct buf *out);
void table_write_csv(const struct table *t, struct buf *out);
/* Appends an array of objects, or one row's members without the braces. */
void table_write_json(const struct table *t, struct buf *out);
void table_write_json_members(const struct table *t, size_t row, struct buf *out);

void csv_field(struct buf *out, const char *value);   /* quoted where it must be */
void json_string(struct buf *out, const char *value); /* ill-formed UTF-8 becomes U+FFFD */

/* Appends s as a terminal may see it: control characters and ill-formed bytes become '?' or a space. */
void display_add(struct buf *out, const char *s);
/* Columns a terminal needs for s; wide and combining characters counted as they are. */
size_t display_width(const char *s);

#endif
