/* The two heaps of the queue: what may be taken, by arrival; what may not be yet, by when it may. */
#include <stdlib.h>

#include "base/mem.h"
#include "order/incoming_internal.h"

bool heap_by_arrival(const struct object *a, const struct object *b)
{
    return a->arrival < b->arrival;
}

bool heap_by_time(const struct object *a, const struct object *b)
{
    return a->not_before < b->not_before;
}

void heap_push(struct heap *h, struct object *o)
{
    size_t at = h->n;

    array_grow(h->items, h->n, h->cap);
    h->n++;
    while (at > 0 && h->before(o, h->items[(at - 1) / 2])) {
        h->items[at] = h->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->items[at] = o;
}

struct object *heap_pop(struct heap *h)
{
    struct object *first, *moved;
    size_t at = 0, child;

    if (h->n == 0)
        return NULL;
    first = h->items[0];
    moved = h->items[--h->n];
    while ((child = 2 * at + 1) < h->n) {
        if (child + 1 < h->n && h->before(h->items[child + 1], h->items[child]))
            child++;
        if (!h->before(h->items[child], moved))
            break;
        h->items[at] = h->items[child];
        at = child;
    }
    h->items[at] = moved;
    return first;
}
