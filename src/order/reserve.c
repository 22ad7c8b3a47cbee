/*
 * Stock held for orders: stock.reserved_e3 grows with the order and falls with its cancellation or revision
 * by exactly what order_line.reserved_e3 and warehouse_id say. Where no stock row exists one is made with
 * nothing on hand, so that selling what is not there shows as a negative free quantity instead of being lost.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "order/decide.h"

bool status_reserves(const char *status)
{
    static const char *const holding[] = {"new", "accepted", "paid", "packed"};
    for (size_t i = 0; i < sizeof holding / sizeof *holding; i++)
        if (strcmp(status, holding[i]) == 0)
            return true;
    return false;
}

/* The warehouse to reserve in: the site's own, else of those it sells from the one with most free, the oldest
 * first among equals. 1: out filled; 0: there is no warehouse at all. */
static int choose_warehouse(const struct decide *d, struct line_facts *line, int64_t *free_e3,
                            struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "SELECT w.id, w.code, coalesce(k.on_hand_e3 - k.reserved_e3, 0) AS free"
        " FROM warehouse w LEFT JOIN stock k ON k.warehouse_id = w.id AND k.product_id = :product AND "
        "k.variant_id = :variant"
        " WHERE w.id = :fixed OR (:fixed = 0 AND"
        " (NOT EXISTS (SELECT 1 FROM site_warehouse x WHERE x.site_id = :site)"
        " OR EXISTS (SELECT 1 FROM site_warehouse x WHERE x.site_id = :site AND x.warehouse_id = w.id)))"
        " ORDER BY free DESC, k.warehouse_id IS NULL, w.id LIMIT 1",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "product", line->product_id);
    stmt_bind_int(st, "variant", line->variant_id);
    stmt_bind_int(st, "fixed", d->site->order_warehouse_id);
    stmt_bind_int(st, "site", d->site->id);
    rc = stmt_step(st, err);
    if (rc == 1) {
        line->warehouse_id = stmt_int(st, 0);
        line->warehouse = xstrdup(stmt_text(st, 1, NULL));
        *free_e3 = stmt_int(st, 2);
    }
    return rc;
}

static int reserve_line(const struct decide *d, struct line_facts *line, size_t number,
                        struct notes *warnings, struct error *err)
{
    int64_t free_e3 = 0, wanted = line->from->quantity_e3;
    int rc = choose_warehouse(d, line, &free_e3, err);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        notes_add(warnings, "line %zu: there is no warehouse to reserve in", number);
        return 0;
    }
    struct stmt *st auto_reset = NULL;
    rc = db_cached(d->db, &st,
                   "INSERT INTO stock (product_id, variant_id, warehouse_id, on_hand_e3, reserved_e3)"
                   " VALUES (:product, :variant, :warehouse, 0, :quantity)"
                   " ON CONFLICT (product_id, variant_id, warehouse_id) DO UPDATE SET reserved_e3 = "
                   "stock.reserved_e3 + :quantity",
                   err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "product", line->product_id);
    stmt_bind_int(st, "variant", line->variant_id);
    stmt_bind_int(st, "warehouse", line->warehouse_id);
    stmt_bind_int(st, "quantity", wanted);
    if ((rc = stmt_run(st, err)) < 0)
        return rc;
    line->reserved_e3 = wanted;
    if (free_e3 < wanted) {
        auto_buf b = BUF_INIT;
        buf_addf(&b, "line %zu: short of stock: ", number);
        text_quantity(&b, wanted);
        buf_add_str(&b, " ordered, ");
        text_quantity(&b, free_e3 > 0 ? free_e3 : 0);
        buf_addf(&b, " free in warehouse '%s'", line->warehouse);
        notes_add(warnings, "%s", buf_str(&b));
    }
    return 0;
}

int stock_reserve(const struct decide *d, struct order_facts *f, struct error *err)
{
    if (!status_reserves(f->status))
        return 0;
    for (size_t i = 0; i < f->from->n_lines; i++) {
        struct line_facts *line = &f->lines[i];
        if (!line->stocked || line->from->quantity_e3 <= 0)
            continue;
        int rc = reserve_line(d, line, i + 1, &f->warnings, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int stock_release(struct db *db, int64_t order_id, struct error *err)
{
    static const char held[] =
        "SELECT product_id, variant_id, warehouse_id, sum(reserved_e3) FROM order_line"
        " WHERE order_id = :order AND reserved_e3 > 0 AND product_id IS NOT NULL AND warehouse_id IS NOT NULL"
        " GROUP BY product_id, variant_id, warehouse_id";
    /* Somebody may have set reserved_e3 lower by hand: never below nothing on our account. */
    static const char give_back[] =
        "UPDATE stock SET reserved_e3 = CASE WHEN reserved_e3 > :quantity THEN reserved_e3 - :quantity"
        " WHEN reserved_e3 > 0 THEN 0 ELSE reserved_e3 END"
        " WHERE product_id = :product AND variant_id = :variant AND warehouse_id = :warehouse";
    struct stmt *st auto_reset = NULL, *give auto_reset = NULL, *forget auto_reset = NULL;
    int rc;
    if ((rc = db_cached(db, &st, held, err)) < 0 || (rc = db_cached(db, &give, give_back, err)) < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    while ((rc = stmt_step(st, err)) == 1) {
        stmt_bind_int(give, "product", stmt_int(st, 0));
        stmt_bind_int(give, "variant", stmt_int(st, 1));
        stmt_bind_int(give, "warehouse", stmt_int(st, 2));
        stmt_bind_int(give, "quantity", stmt_int(st, 3));
        if ((rc = stmt_run(give, err)) < 0)
            return rc;
    }
    if (rc < 0)
        return rc;
    rc = db_cached(db, &forget,
                   "UPDATE order_line SET reserved_e3 = 0, warehouse_id = NULL WHERE order_id = :order AND "
                   "reserved_e3 <> 0",
                   err);
    if (rc < 0)
        return rc;
    stmt_bind_int(forget, "order", order_id);
    return stmt_run(forget, err);
}
