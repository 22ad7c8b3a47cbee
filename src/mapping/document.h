/*
 * A mapping document: an XML file of the administrator, read with safe settings and validated against one of
 * our RELAX NG grammars before anything looks at it. Any thread; libxml2 must have been initialized
 * (mapping_init).
 */
#ifndef SHOPFS_MAPPING_DOCUMENT_H
#define SHOPFS_MAPPING_DOCUMENT_H

#include <libxml/tree.h>

#include "base/digest.h"
#include "base/error.h"
#include "mapping/place.h"

#define MAPPING_NAMESPACE "urn:shopfs:mapping"

/* Once, before threads start: initializes libxml2 and installs an external-entity loader that always refuses.
 */
void mapping_init(void);

struct mapping_document {
    char *path;                  /* as opened, for messages */
    xmlDocPtr doc;               /* owned; its nodes know their places (place.h) */
    uint8_t digest[SHA256_SIZE]; /* of the file's bytes */
};

enum mapping_grammar { MAPPING_GRAMMAR_EXPORT, MAPPING_GRAMMAR_ORDER };

/* Reads (at most 1 MiB), parses (no network, no entities, no DOCTYPE) and validates. The grammars are built
 * into the library. The error names file, line, column, element and what was expected. */
int mapping_document_load(struct mapping_document *out, const char *path, enum mapping_grammar grammar,
                          struct error *err);
void mapping_document_release(struct mapping_document *doc);

/* Attributes of the document element, without prefix, of a document that need not be valid, nor well-formed after
 * that: what it would be. values[i] is that of names[i], malloced, NULL where there is none. */
void mapping_document_peek(const char *path, const char *const names[], char *values[], size_t n);

/* Attribute value (malloced) or NULL; helpers for compilers. */
char *mapping_attr(const xmlNode *node, const char *name);
int mapping_line(const xmlNode *node);
/* error_at with a column. */
void error_place(struct error *err, const char *file, struct place place, const char *field);

#endif
