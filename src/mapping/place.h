/*
 * Where a piece of a mapping document stands in its text: line and column, both from 1, the column counted in
 * characters (a tab is one). libxml2 remembers lines of elements only, and those of where their tags end; so
 * the text is read once more and each node is told where it begins. The document is well-formed and has
 * neither document type nor entities of its own, which makes that easy.
 */
#ifndef SHOPFS_MAPPING_PLACE_H
#define SHOPFS_MAPPING_PLACE_H

#include <libxml/tree.h>
#include <stddef.h>

#include "base/buf.h"

struct place {
    int line, column; /* 0: not known */
};

/* Takes the bytes over, keeps them with doc and notes in every node where it begins in them. In encodings that are
 * neither made of ASCII and single bytes nor UTF-8 nothing is noted. Uses _private of the document and its nodes. */
void places_note(xmlDocPtr doc, struct buf *bytes);
/* Before the document is freed. */
void places_release(xmlDocPtr doc);

/* Of a node of such a document; where nothing was noted, the line that libxml2 knows. */
struct place place_of_node(const xmlNode *node);
/* Of the value of an attribute, `offset` bytes into it as the parser gave it. */
struct place place_of_attribute(const xmlAttr *attribute, size_t offset);
/* Of a text node, `offset` bytes into its content. */
struct place place_of_text(const xmlNode *text, size_t offset);

#endif
