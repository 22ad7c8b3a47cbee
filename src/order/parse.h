/*
 * From bytes to normalised orders. Nothing here touches a database; bytes are data, never instructions: no network,
 * no files, no entities, bounded sizes. Any thread.
 */
#ifndef SHOPFS_ORDER_PARSE_H
#define SHOPFS_ORDER_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "mapping/order_map.h"
#include "mapping/order.h"

enum completeness {
    CONTENT_COMPLETE,   /* well-formed to the closing root tag; JSON: to its last bracket */
    CONTENT_INCOMPLETE, /* could become complete when more is written (also: empty) */
    CONTENT_UNREADABLE, /* the disk does not give it out now: nothing is known about it */
    CONTENT_BROKEN,     /* no continuation can make it well-formed, or it breaks a limit or a rule (DOCTYPE ...) */
};

/* Judges the content of fd (XML or JSON) from its start in bounded memory (XML: streaming; JSON
 * is kept, 16 MiB at most). err tells what is wrong or missing, with
 * the line. Trailing white space after the root is fine; anything else makes it broken. */
enum completeness order_content_check(int fd, const struct order_limits *limits, struct error *err);
enum completeness order_content_check_bytes(const void *data, size_t len, const struct order_limits *limits, struct error *err);

/* Parses complete content, chooses the first of maps (n of them; a pinned one is the only one) that recognises it
 * and reads all orders. Another name of a mapping (order_map_base) is asked only where that mapping is not in maps.
 * 0 also where single orders failed or none was found (n_orders == 0, out->seen says what the file is). Negative: the
 * file cannot be read (-EINVAL; -E2BIG: a limit), err says where and what to do. */
int order_parse(struct order_file *out, const void *data, size_t len, struct order_map *const *maps, size_t n_maps,
                const struct order_limits *limits, struct error *err);
/* The same, telling trace (may be NULL) how it goes. */
int order_parse_traced(struct order_file *out, const void *data, size_t len, struct order_map *const *maps,
                       size_t n_maps, const struct order_limits *limits, const struct order_trace *trace,
                       struct error *err);

#endif
