/* The compiler of export mappings: private to export_map.c and compile_*.c. */
#ifndef SHOPFS_MAPPING_EXPORT_COMPILE_H
#define SHOPFS_MAPPING_EXPORT_COMPILE_H

#include <libxml/tree.h>

#include "mapping/document.h"
#include "mapping/export_program.h"

struct compiler {
    struct export_map *map;
    struct db *db;
    struct error *err;

    int query;   /* whose rows the current place is in; -1: outside rows */
    int section; /* being filled; -1: none yet */
    char decimal_sign;
    bool plain;             /* no rows are looked up */
    bool mergeable;         /* the last op is a literal that may grow */
    unsigned guards;        /* conditions around the current place */
    unsigned wrap, n_wraps; /* see section_info; 0: not inside one */
    const char *wrap_kinds; /* of row that count, separated by blanks; NULL: all */

    /* Where every mistake in an expression is told, and the compilation goes on without it; NULL: the first one
     * ends it. */
    export_fault_fn fault;
    void *fault_arg;
    unsigned faults;
    struct place told; /* the last one */

    /* XML only */
    bool indent_rows, indent_all;
    unsigned depth;     /* elements around */
    unsigned row_depth; /* of them inside the row */
    unsigned inlined;   /* elements around whose content is text: no line breaks in them */
};

/* Where a value comes from. */
struct value_ref {
    enum value_from from;
    uint16_t query, column;
};

/* A piece of the document that a message can point at: an element, a piece of an attribute's value, a piece of a
 * text node. */
struct spot {
    const xmlNode *node; /* element or text */
    const xmlAttr *attr; /* of the element; NULL: the node itself */
    size_t offset;       /* bytes into the value or the text */
    const char *label;   /* how a message calls it: the attribute's name, "{}" */
};

struct spot spot_attr(const xmlNode *node, bool in_ns, const char *name);
struct place spot_place(const struct spot *at);

/* Sets the error and its place, and returns code. */
int compile_error(struct compiler *c, int code, const xmlNode *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int compile_error_at(struct compiler *c, int code, const struct spot *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds the place to an error that is set. */
int compile_place(struct compiler *c, int code, const struct spot *at);
/* What may be told and passed over: 0 when it was, else code. */
int compile_fault(struct compiler *c, int code);

/* Ops. */
void emit_literal(struct compiler *c, const char *s, size_t len);
void emit_text(struct compiler *c, const char *s, size_t len,
               enum text_context context); /* escaped literal */
/* at: where its expression stands, else the element. */
uint32_t emit(struct compiler *c, const struct spot *at, struct op op);
uint32_t emit_node(struct compiler *c, const xmlNode *node, struct op op);
/* The index of the op that comes next; it is not merged with what is before. */
uint32_t emit_label(struct compiler *c);
void emit_close(struct compiler *c, uint32_t op); /* its body ends here */
struct literal literal_add(struct compiler *c, const char *s, size_t len, enum text_context context);

/* Sections. */
void section_begin(struct compiler *c, int query); /* -1: text */
void section_of_rows(struct compiler *c);          /* it is of the rows of c->query */
void section_end(struct compiler *c);              /* an empty one disappears */

/* Rows and values. Queries: parent -1 makes a section's own. `node` carries of, where, order, skip ... */
int compile_query(struct compiler *c, const xmlNode *node, int parent, int *out);
int compile_sql(struct compiler *c, const struct spot *at, const char *sql, struct value_ref *out);
/* The attributes where and order of node, checked and made what the engine is given. */
int compile_where(struct compiler *c, const xmlNode *node, const struct row_kind *kind, char **where);
int compile_order(struct compiler *c, const xmlNode *node, const struct row_kind *kind, char **order);
bool compile_has_column(struct compiler *c, const struct row_kind *kind, const char *column);
void compile_advise_columns(struct compiler *c, const struct row_kind *kind);
bool compile_is_name(const char *s);
/* The format attributes of node: in_ns: those of our namespace on a foreign element. */
int compile_format(struct compiler *c, const xmlNode *node, bool in_ns, uint16_t *out);
uint16_t compile_plain_format(struct compiler *c);
/* The column of q that gives this expression, added where it is new. */
uint16_t query_column(struct query *q, const char *sql);
int compile_finish_queries(struct compiler *c);

/* One of no section, inside no other. */
static inline struct query query_of(const struct row_kind *kind, enum query_mode mode)
{
    return (struct query){.kind = kind,
                          .view = kind->view,
                          .as = kind->name,
                          .mode = mode,
                          .parent = -1,
                          .section = -1,
                          .filter = -1,
                          .rank = -1};
}

/* Takes column[k] for column k wherever one of query i's is named. */
void query_renumber(struct export_map *map, size_t i, const uint16_t *column);

/* Child rows that are met in key order. */
bool query_shareable(const struct query *q);

/* The conditions of an owner and of those that share its rows are asked of the kept rows, not of the engine. */
void query_filter(struct export_map *map, size_t owner);

/* Lets child rows of one kind be read by one statement, and in key order only. Before the SQL is made. */
void compile_share_rows(struct export_map *map);

/* Takes what rows say of their children from these: of the first, where it is read anyway; of all together. After
 * sharing. */
void compile_from_children(struct compiler *c);

/* Lets rows that many others have in common be looked up: those that stand alone before the others are shared, the parts
 * of rows after it. */
void compile_look_up(struct compiler *c);
void compile_split(struct compiler *c);

/* Attributes. */
char *attr_get(const xmlNode *node, bool in_ns, const char *name); /* malloced or NULL */
uint32_t attr_number(const xmlNode *node, const char *name);       /* 0 where missing */
bool attr_yes(const xmlNode *node, bool in_ns, const char *name, bool otherwise);

/* Content that becomes text: text, value, if, each; with elements: also literal elements and rows (XML). */
int compile_content(struct compiler *c, const xmlNode *node, enum text_context context, bool elements);
/* The same, what it writes cut to so many characters; 0: not. */
int compile_limited(struct compiler *c, const xmlNode *node, uint32_t limit, enum text_context context, bool elements);
/* <each>: its body is compiled by this function when it has no value attribute. */
typedef int (*body_fn)(struct compiler *c, const xmlNode *node, void *arg);
int compile_each(struct compiler *c, const xmlNode *node, enum text_context context, body_fn body, void *arg);
/* Text with {SQL}; in attributes a NULL skips to the end of the op `guard` is for: refs are collected. */
struct text_part {
    char *literal; /* or */
    struct value_ref ref;
    size_t offset; /* of its expression in the text */
};
int compile_template(struct compiler *c, const struct spot *at, const char *text, struct text_part **parts,
                     size_t *n);
void template_free(struct text_part *parts, size_t n);

/* for="KIND" of the document element: the query that gives its files, made before everything else. */
int compile_files(struct compiler *c, const xmlNode *root);
/* Whether the name of a file is possible: NULL, or what is wrong with it. */
const char *file_path_fault(const char *path);

int compile_csv(struct compiler *c, const xmlNode *csv);
int compile_xml(struct compiler *c, const xmlNode *xml);
int compile_xml_element(struct compiler *c, const xmlNode *node);
int compile_xml_rows(struct compiler *c, const xmlNode *node);

#endif
