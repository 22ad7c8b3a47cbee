/* Private to order_take.c, order_value.c and order_number.c: what one source of a field gives. */
#ifndef SHOPFS_MAPPING_ORDER_TAKE_H
#define SHOPFS_MAPPING_ORDER_TAKE_H

#include "mapping/order_value.h"

/* One value found. */
struct found {
    struct buf raw, text; /* as in the file; after the value map */
    bool computed;        /* XPath gave a number */
    double number;
    xmlNodePtr node; /* where it stands; NULL: nowhere, as with a constant */
};
void found_release(struct found *v);

/* The value of one XPath, of a source of text; nothing: v->text stays empty. */
void found_take_path(struct reader *r, const struct xpath *x, const char *separator, const struct word_map *map,
                     xmlNodePtr at, struct found *v);
void found_take(struct reader *r, const struct source *s, xmlNodePtr at, struct found *v);

bool field_present(const struct field *f); /* the mapping has it */
/* Refuses the order and tells where the mapping looks, below `at`. */
void field_refuse_missing(struct reader *r, const struct field *f, const xmlNode *at);
/* Tells the trace where a value came from; s NULL: the field's default. */
void field_tell(struct reader *r, const struct field *f, const struct source *s, const struct found *v,
                const char *value);
int field_shown(const char *text); /* bytes of a value that a message shows */

#endif
