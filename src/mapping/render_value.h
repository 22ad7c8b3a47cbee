/* One value in its format to bytes: private to render*.c. */
#ifndef SHOPFS_MAPPING_RENDER_VALUE_H
#define SHOPFS_MAPPING_RENDER_VALUE_H

#include "base/buf.h"
#include "base/error.h"
#include "mapping/text_write.h"
#include "mapping/value_format.h"
#include "store/store.h"

/* Two work areas, kept from value to value. */
struct value_scratch {
    struct buf a, b;
};

/* Appends the value; nothing for NULL. *string: it is text, not a number. -EINVAL: it cannot be written so.
 */
int value_write(struct buf *out, const struct stmt_value *cell, const struct value_format *f,
                enum text_context context, struct value_scratch *scratch, bool *string, struct error *err);

/* Appends the value as a cell of its own. Errors as above. */
int value_write_cell(struct buf *out, const struct stmt_value *cell, const struct value_format *f,
                     const struct csv_style *style, struct value_scratch *scratch, struct error *err);

/* Not NULL, not 0, and not text that begins with no other number. */
bool cell_true(const struct stmt_value *cell);

#endif
