/*
 * Private to parse.c and complete.c: bytes into libxml2's push parser with our limits and rules, with or
 * without a tree. Both judge by the same code, so what is called complete can be read.
 *
 * Rules: no DOCTYPE, no entities but the five of XML, no network, no files, single-byte encodings, UTF-8 and
 * UTF-16 only. Memory: the tree where one is built; else a chunk and the longest tag, comment or value (at
 * most 10 MB, the parser's own limit).
 */
#ifndef SHOPFS_ORDER_XMLFEED_H
#define SHOPFS_ORDER_XMLFEED_H

#include <libxml/parser.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "order/parse.h"

struct xmlfeed {
    const struct order_limits *limits;
    bool tree;
    xmlParserCtxtPtr ctxt; /* NULL until the first four bytes are there */
    xmlSAXHandler sax;     /* libxml2's own, called after our checks where a tree is built */
    struct error error;    /* message set: broken */
    int code;              /* -EINVAL or -E2BIG, with error */
    unsigned char held[4]; /* bytes not yet given to the parser: the first ones, or half a UTF-16 unit */
    size_t n_held;
    bool utf16, utf8_mark;
    bool root_closed;
    bool unconvertible; /* bytes that the declared encoding does not know */
    size_t bytes, elements;
    unsigned depth;
    size_t blank;     /* bytes of white space since the last tag */
    size_t text[256]; /* bytes of text so far, by depth */
};

void xmlfeed_init(struct xmlfeed *f, const struct order_limits *limits, bool tree);
void xmlfeed_release(struct xmlfeed *f);

/* Takes more bytes; false: broken, f->error says why, nothing more is taken. */
bool xmlfeed_add(struct xmlfeed *f, const void *data, size_t len);

/* The verdict once all bytes are in; err is filled unless complete. */
enum completeness xmlfeed_finish(struct xmlfeed *f, struct error *err);

/* After CONTENT_COMPLETE with tree: the document, the caller's. */
xmlDocPtr xmlfeed_take_document(struct xmlfeed *f);

#endif
