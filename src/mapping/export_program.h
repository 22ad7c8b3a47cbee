/*
 * The inside of a compiled export mapping: private to the compiler (export_map.c, compile_*.c) and the
 * renderer (render*.c). Immutable after compilation.
 *
 * Each section is a run of ops. Ops are nested by index: an op with a body owns the ops after it up to its
 * `end`. Values come from numbered columns of numbered queries; a query is one SELECT per section call, never
 * one per row.
 */
#ifndef SHOPFS_MAPPING_EXPORT_PROGRAM_H
#define SHOPFS_MAPPING_EXPORT_PROGRAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mapping/export_map.h"
#include "mapping/place.h"
#include "mapping/text_write.h"
#include "mapping/value_format.h"
#include "store/rowkind.h"

/* Part of the digest: counts up whenever the same mapping and rows would give other bytes than before. */
#define RENDERING_VERSION 2

enum op_code {
    OP_LITERAL,    /* literals[a .. a+b) */
    OP_VALUE,      /* a value in its format, escaped for its context; nothing for NULL */
    OP_IF,         /* to `end` unless the value is true (a number other than 0) */
    OP_PRESENT,    /* to `end` when the value is NULL */
    OP_EACH,       /* the body once per row of `query` that belongs to the enclosing row */
    OP_CHILDREN,   /* the section's ops once per row of its query below the current one */
    OP_CELL,       /* the body as one CSV cell */
    OP_CELL_VALUE, /* one value as one CSV cell */
    OP_LIMIT,      /* the body, cut to `a` characters as they are read, not written: a reference is one */
    OP_DROP_EMPTY, /* [next .. a) start tag, [a .. b) content, [b .. end) end tag; nothing when the content is
                      empty */
};

enum value_from {
    FROM_ROW,   /* the current row of `query` */
    FROM_FIRST, /* the first row of `query` for the section's current key, if its column `a` is 0; else NULL */
    FROM_TOTAL, /* column `column` of the rows of `query` with the section's current key summed, less column `a` of the
                   site's row; not below 0; in thousandths */
    FROM_DATE,  /* the version's date */
};

struct op {
    uint8_t code;
    uint8_t context; /* enum text_context */
    uint8_t from;    /* enum value_from */
    uint16_t query, column;
    uint16_t format;
    uint32_t end;
    uint32_t a, b;
    uint32_t line, line_column; /* in the mapping, for errors */
};

static inline struct place op_place(const struct op *op)
{
    return (struct place){(int)op->line, (int)op->line_column};
}

struct literal {
    uint32_t at, len;
};

static inline bool op_has_column(const struct op *op)
{
    return op->from == FROM_ROW && (op->code == OP_VALUE || op->code == OP_IF || op->code == OP_PRESENT ||
                                    op->code == OP_CELL_VALUE);
}

enum query_mode {
    QUERY_ROWS,    /* the rows of a section, streamed */
    QUERY_STREAM,  /* child rows met by merging in key order, used once */
    QUERY_PER_KEY, /* child rows of the current key kept: several enclosing rows share a key */
    QUERY_WHOLE,   /* all rows kept for the length of one section call */
    QUERY_SITE,    /* the site's own row, kept for one section call */
    QUERY_LOOKUP,  /* the rows with one value of links[0], kept while the database stays as it is */
    QUERY_TREE,    /* the rows of a section, all kept: links[0] joins a row's parent to its id */
};

enum inherit {
    INHERIT_NO,      /* a variant shows its own rows only */
    INHERIT_MISSING, /* the product's where it has none of its own */
    INHERIT_ALL,     /* the product's and its own */
};

#define QUERY_LINKS_MAX 4

struct query_link {
    uint16_t column;                  /* ours */
    uint16_t from_query, from_column; /* must be equal to this */
};

struct sort_column {
    uint16_t column;
    bool descending;
};

struct query {
    const struct row_kind *kind;
    const char *view, *as; /* its rows, and what expressions may call them */
    int parent; /* the enclosing query; -1: none */
    /* Whose statement and kept rows these are: its own number, or that of an earlier query of the same kind. All
     * columns below are then the owner's. */
    uint16_t owner;
    enum query_mode mode;
    int section;
    struct place place, where_place; /* in the mapping, for errors */
    char *where, *order;
    char **exprs; /* the columns; with keyed modes column 0 is the key */
    size_t n_exprs, cap_exprs;
    /* A QUERY_LOOKUP, by its links[0], that completes each row; 0: none. Columns n_exprs and on are its columns 0 and
     * on; a row for which it finds nothing is left out. */
    uint16_t part;
    /* Of kept rows that agree in both columns `ranked` those with the lowest rank stay; -1: all do. */
    int rank;
    uint16_t ranked[2];
    struct query_link links[QUERY_LINKS_MAX];
    size_t n_links;
    struct sort_column sort[6]; /* the order of kept rows, made here; the statement's is the key's alone */
    size_t n_sort;
    int filter; /* of kept rows: those where this column is true; -1: all */
    enum inherit inherit;
    bool per; /* with INHERIT_MISSING: missing is told for each value of this column */
    uint16_t per_column;
    uint32_t skip, max; /* max 0: no limit */
    bool distinct;
    struct literal separator, otherwise; /* between items; where there is none */
    uint32_t times; /* > 0: exactly so many repetitions, missing ones are `pad` */
    struct literal pad;
    char *sql;
};

/* A value of the row that a file is for: parameter ":forCOLUMN" of the statements. */
struct file_param {
    char *name;      /* "forCOLUMN" */
    uint16_t column; /* of the files' query */
    enum stmt_type type;
    int64_t i;
    double r;
    char *s;
    size_t len;
};

/* A value of the site's row inside an expression: parameter ":siteCOLUMN". */
struct site_param {
    char *name;
    uint16_t column; /* of query 0 */
};

/* A piece of path="a/{code}.csv". */
struct path_part {
    char *literal;   /* or */
    uint16_t column; /* of the files' query */
};

struct section {
    struct section_info info;
    uint32_t first, end; /* ops */
    int query;           /* of the rows; -1 for text */
    bool uses_site;
};

enum unmappable { UNMAPPABLE_REPLACE, UNMAPPABLE_TRANSLITERATE, UNMAPPABLE_REFERENCE };

struct export_map {
    atomic_uint references;
    char *file, *path, *title;
    bool private;
    atomic_bool left_out_told; /* of a base map: see struct left_out */
    unsigned keep_rows; /* percent */
    unsigned stale_s;
    uint8_t digest[SHA256_SIZE];
    struct site_uses site_uses;

    /* One file per row (export_files.h): the query of the rows, 0: there is one file. A file's own map has all of
     * its program in common with `base`, and path, digest and the values of params of its own. */
    struct export_map *base; /* a reference; NULL: not a file's own */
    size_t files_query;
    source_set files_sources;
    struct path_part *path_parts;
    size_t n_path_parts, cap_path_parts;
    struct file_param *params;
    size_t n_params, cap_params;
    struct site_param *site_params;
    size_t n_site_params, cap_site_params;

    bool is_csv;
    struct csv_style csv;
    char *encoding; /* NULL: UTF-8 */
    enum unmappable unmappable;

    struct op *ops;
    size_t n_ops, cap_ops;
    struct buf literals;
    struct value_format *formats;
    size_t n_formats, cap_formats;
    struct query *queries; /* [0] is the site's */
    size_t n_queries, cap_queries;
    struct section *sections;
    size_t n_sections, cap_sections;
};

/* Gives a statement of the mapping the values of its file's row. */
void file_params_bind(const struct export_map *map, struct stmt *st);
/* Binds a value that was read to a parameter. */
void param_bind(struct stmt *st, const char *name, const struct stmt_value *value);

#endif
