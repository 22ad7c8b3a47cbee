/*
 * Private to parse.c and complete.c: what is not XML, turned into a tree that order mappings read like any
 * other.
 *
 *   JSON   <json>, a member for each key, an array as the repetition of its element (unnamed: <item>)
 *   INI    <ini>, a section for each [section], a key=value as an element; a section whose name is no name of
 *          XML ([1]): <section name="1">
 *   CSV    <csv>, <row>s, elements named by the first row; empty cells are left out
 *
 * A name that is none in XML gets '_' for what cannot stand in it. The trees have the lines of the file
 * (JSON: not).
 */
#ifndef SHOPFS_ORDER_FRONT_H
#define SHOPFS_ORDER_FRONT_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "order/parse.h"

enum front_form { FRONT_XML, FRONT_JSON, FRONT_INI, FRONT_CSV };

/* By the first bytes (some hundreds are enough); what is none of the others is XML, or will be refused as
 * such. */
enum front_form front_form_of(const void *head, size_t len);

/* Refuses INI and CSV where nobody vouches for their end. */
int front_refuse_endless(enum front_form form, struct error *err);

int front_json(xmlDocPtr *out, const char *data, size_t len, const struct order_limits *limits,
               struct error *err);
int front_ini(xmlDocPtr *out, const char *data, size_t len, const struct order_limits *limits,
              struct error *err);
int front_csv(xmlDocPtr *out, const char *data, size_t len, const struct order_limits *limits,
              struct error *err);

/* Whether JSON text is whole, in pieces and without keeping it: brackets and strings, no more. It has no
 * closing tag, but the bracket that closes the first one is the end. */
struct front_json_scan {
    const struct order_limits *limits;
    struct error error; /* message set: broken */
    int code;
    size_t bytes, values, text;
    unsigned depth;
    unsigned char closing[256]; /* the bracket that is awaited, by depth */
    int line, mark;             /* mark: bytes of the mark of UTF-8 seen */
    bool in_text, escaped, closed;
};
void front_json_scan_init(struct front_json_scan *s, const struct order_limits *limits);
bool front_json_scan_add(struct front_json_scan *s, const void *data, size_t len);
enum completeness front_json_scan_finish(struct front_json_scan *s, struct error *err);

/* For the front ends. */
struct front_tree {
    xmlDocPtr doc;
    size_t elements;
    const struct order_limits *limits;
    struct error *err;
};
/* The document with its outermost element; NULL: out of memory, err set. */
xmlNodePtr front_tree_init(struct front_tree *t, const char *root, const struct order_limits *limits,
                           struct error *err);
/* A child named as near to name as XML allows; text (may be NULL) without what XML cannot hold. line 0: not
 * known. NULL: a limit, err set. */
xmlNodePtr front_add(struct front_tree *t, xmlNodePtr parent, const char *name, const char *text, int line);

/* The text as UTF-8: by its mark, as UTF-8 where it is that, else from `otherwise`. */
int front_utf8(struct buf *out, const char *data, size_t len, const char *otherwise, struct error *err);

#endif
