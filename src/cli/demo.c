/* Filling a shop with demo goods, batch by batch. */
#include "cli/demo_internal.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH 500 /* products a transaction: what it changes fits the connection's page cache */

static int fill_batch(struct demo *d, int64_t first, int64_t last)
{
    const struct demo_options *o = d->options;
    int ret = db_begin_write(d->db, d->err);
    if (ret == 0 && first == 1)
        ret = demo_fill_words(d->db, d->err);
    for (int64_t id = first; ret == 0 && id <= last; id++) {
        if (o->progress && id % 64 == 0 && o->progress(o->arg, id, o->products) != 0)
            ret = error_set(d->err, -ECANCELED, "interrupted");
        if (ret == 0)
            ret = demo_add_product(d, id);
    }
    if (ret == 0 && last == o->products)
        ret = demo_fill_customers(d->db, o->products, &d->counts.customers, d->err);
    if (ret == 0)
        ret = db_commit(d->db, d->err);
    db_end(d->db);
    return ret;
}

int demo_fill(struct db *db, const struct demo_options *options, struct demo_counts *out, struct error *err)
{
    struct demo d = {.db = db, .options = options, .picture_dir = -1, .err = err};
    if (demo_kinds_count > sizeof d.unit / sizeof *d.unit)
        abort();
    d.pictures_weight = demo_picture_weight(options->products);
    int ret = demo_prepare(&d);
    for (int64_t first = 1; ret == 0 && first <= options->products; first += BATCH) {
        int64_t last = first + BATCH - 1;
        ret = fill_batch(&d, first, last < options->products ? last : options->products);
    }
    demo_release(&d);
    if (ret == 0)
        *out = d.counts;
    return ret;
}
