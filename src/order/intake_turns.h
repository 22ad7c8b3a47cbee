/*
 * Whose turn it is: a file that could not be taken and will be tried again is not overtaken by a later one of
 * the same name or with an order of the same number, which may be its revision. However many wait, a question
 * costs as much as the file has orders. Owned by one thread.
 */
#ifndef SHOPFS_ORDER_INTAKE_TURNS_H
#define SHOPFS_ORDER_INTAKE_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "mapping/order.h"

struct turn;  /* a file that waits */
struct claim; /* a name or number, and who waits with it */

struct turns {
    struct turn *held;    /* by key */
    struct claim *claims; /* by word */
    unsigned long count;  /* turns given out */
};

void turns_release(struct turns *t);
/* Whether one that waits is before this file. file: its orders; NULL where they are not known. */
bool turns_behind(const struct turns *t, const char *key, const char *name, const struct order_file *file);
/* It waits; a second time changes nothing. */
void turns_hold(struct turns *t, const char *key, const char *name, const struct order_file *file);
/* It waits no longer. */
void turns_pass(struct turns *t, const char *key);

#endif
