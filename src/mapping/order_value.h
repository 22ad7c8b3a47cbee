/* Private to order_*.c: values of one order out of the document. */
#ifndef SHOPFS_MAPPING_ORDER_VALUE_H
#define SHOPFS_MAPPING_ORDER_VALUE_H

#include "mapping/order_lang.h"

/* One order being read. */
struct reader {
    const struct order_map *map;
    const struct section *section;
    struct xpath_runner *run;
    struct order *out;
    const struct order_trace *trace; /* or NULL */
    size_t index;                    /* of the order in order_file.orders */
    const char *place;               /* for the trace */
};

/* A remark on the order (at most some dozens are kept); line: of the file, 0: not said. */
void order_remark(struct reader *r, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The order cannot be taken, for what `node` (NULL: nothing particular) says; only the first reason is kept. advice may
 * be NULL. */
void order_refuse(struct reader *r, const xmlNode *node, const char *field, const char *message,
                  const char *advice);

int order_node_line(const xmlNode *node);

/* The first value of the field below `at`, malloced, or NULL: none. raw (may be NULL) gets it as the file has
 * it, before the value map. A required field without value refuses the order. */
char *order_text(struct reader *r, const struct field *f, xmlNodePtr at, char **raw);

/* A date as "YYYY-MM-DD HH:MM:SS", or NULL; what is no date is a remark. */
char *order_date(struct reader *r, const struct field *f, xmlNodePtr at);

/* 1 yes, 0 no, -1 not said. */
int order_flag(struct reader *r, const struct field *f, xmlNodePtr at);

/* A number at the scale of the field's type; true where there is one. What is not a number refuses the order
 * where `strict`, else it is a remark. vat (may be NULL): what the amount means as its source says. */
bool order_number(struct reader *r, const struct field *f, xmlNodePtr at, bool strict, int64_t *out,
                  enum vat_meaning *vat);

#endif
