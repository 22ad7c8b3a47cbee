/*
 * XPath as order mappings use it: compiled once with mistakes told in words, evaluated with bounded work.
 * An expression may be run by one thread at a time (libxml2 keeps the functions it looked up in it).
 *
 * Not done: variables, functions beyond XPath 1.0, strict floating-point results (a number computed by XPath
 * is a binary double: mappings sum, multiply and divide by attributes instead).
 */
#ifndef SHOPFS_MAPPING_ORDER_XPATH_H
#define SHOPFS_MAPPING_ORDER_XPATH_H

#include <libxml/xpath.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Namespace prefixes an expression may use: those in scope on the mapping's root element. */
struct xpath_prefixes {
    char **prefix, **uri;
    size_t n;
};
void xpath_prefixes_of(struct xpath_prefixes *out, const xmlNode *root);
void xpath_prefixes_release(struct xpath_prefixes *p);

struct xpath {
    xmlXPathCompExprPtr compiled;
    char *text; /* as the author wrote it */
};

/* -EINVAL with the message in err (no place: the caller adds file and line). */
int xpath_compile(struct xpath *out, const char *text, const struct xpath_prefixes *prefixes,
                  struct error *err);
void xpath_release(struct xpath *x);

/* Steps one expression and one document may take: an honest file of 64 MiB needs some 60 million.
 */
#define XPATH_OPS_ONE 20000000ul
#define XPATH_OPS_ALL 400000000ul

struct xpath_runner {
    xmlXPathContextPtr ctx;
    unsigned long left; /* of XPATH_OPS_ALL */
    char *failure;      /* first failed expression and why; NULL: none */
};

void xpath_runner_init(struct xpath_runner *r, xmlDocPtr doc, const struct xpath_prefixes *prefixes);
void xpath_runner_release(struct xpath_runner *r);

/* NULL where it failed (r->failure set) or where x is empty. The caller frees with xmlXPathFreeObject. */
xmlXPathObjectPtr xpath_run(struct xpath_runner *r, const struct xpath *x, xmlNodePtr at);

/* Appends a node's text, white space collapsed. */
void xpath_node_text(struct buf *out, const xmlNode *node);

#endif
