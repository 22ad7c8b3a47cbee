/* Private to document*.c: the grammars as built in, and plain words for what does not fit one. */
#ifndef SHOPFS_MAPPING_GRAMMAR_H
#define SHOPFS_MAPPING_GRAMMAR_H

#include <libxml/tree.h>
#include <stddef.h>

#include "base/error.h"

extern const char mapping_grammar_export[];
extern const size_t mapping_grammar_export_size;
extern const char mapping_grammar_order[];
extern const size_t mapping_grammar_order_size;

/*
 * Looks for the first element or attribute of doc that grammar does not know where it stands, that is
 * missing, or that has a value outside a closed list, and says so in err with what may stand there. Returns
 * -EINVAL, or 0 when it finds nothing (the grammar can say more than this looks at: order, patterns).
 *
 * The grammar is our own: patterns by name, no includes, name classes only as <anyName> for foreign elements.
 */
int grammar_explain(const char *grammar, size_t grammar_len, xmlDocPtr doc, const char *file,
                    struct error *err);

#endif
