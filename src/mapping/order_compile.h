/* Private to order_compile*.c: what the parts of the compiler share. Each returns 0 or negative with c->err set. */
#ifndef SHOPFS_MAPPING_ORDER_COMPILE_H
#define SHOPFS_MAPPING_ORDER_COMPILE_H

#include "mapping/order_lang.h"

/* What is inherited downwards while compiling. */
struct compiler {
    struct order_map *map;
    struct error *err;
    const char *file;            /* the nodes at hand are from */
    const xmlNode *first_orders; /* NULL: none met yet */
    enum decimal_style numbers;
    bool month_first;
};

/* order_compile_field.c */
bool compile_is(const xmlNode *node, const char *name); /* an element of this name */
bool compile_attr_is(const xmlNode *node, const char *name, const char *value);
/* Adds the place to a message already set; returns rc. */
int compile_at(const struct compiler *c, const xmlNode *node, int rc);
enum decimal_style compile_number_style(const xmlNode *node, enum decimal_style inherited);
bool compile_date_style(const xmlNode *node, bool inherited); /* true: the month first */
/* Compiles the XPath of an attribute; without the attribute out stays empty. */
int compile_path(struct compiler *c, const xmlNode *node, const char *name, struct xpath *out);
int compile_find_map(struct compiler *c, const xmlNode *node, const struct word_map **out);
int compile_field(struct compiler *c, const xmlNode *node, const struct field_spec *spec, struct field *f);
/* Compiles node where it is one of the n fields; 1: it is none of them. */
int compile_one_of(struct compiler *c, const xmlNode *node, const struct field_spec *specs, size_t n,
                   struct field *fields);

/* order_compile_words.c: base NULL: there is none. */
int compile_word_maps(struct compiler *c, const xmlNode *root, const xmlNode *base, const char *base_file);
int compile_vat_rates(struct compiler *c, const xmlNode *root);

/* order_compile_section.c: one <orders>, appended to the map's. */
int compile_section(struct compiler *c, const xmlNode *node);

#endif
