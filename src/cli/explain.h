/* How an order file is read, step by step: `shopctl import --explain`. */
#ifndef SHOPFS_CLI_EXPLAIN_H
#define SHOPFS_CLI_EXPLAIN_H

#include "base/buf.h"
#include "mapping/order_map.h"
#include "order/parse.h"

/* Appends which mappings were asked and what each looks for, every value with the XPath and the line of the
 * mapping it came by, what no field took, remarks and refusals. A file that cannot be read is explained too.
 */
void explain_file(struct buf *out, const void *data, size_t len, struct order_map *const *maps, size_t n_maps,
                  const struct order_limits *limits);

#endif
