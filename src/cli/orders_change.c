/* What an operator says of an order or invoice: it is being handled, or its status. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/orders.h"

struct state {
    int64_t id, reserved_e3;
    char *status, *handled;
};

static void state_release(struct state *s)
{
    free(s->status);
    free(s->handled);
}

static int load(struct db *db, const char *site, const char *kind, const char *number, struct state *out,
                struct error *err)
{
    struct stmt *st = NULL;
    int rc = orders_find(db, site, kind, number, &out->id, err);
    if (rc == 0)
        rc = db_prepare(db, &st,
                        "SELECT status, handled, (SELECT coalesce(sum(reserved_e3), 0) FROM order_line l"
                        " WHERE l.order_id = o.id) FROM orders o WHERE id = :order",
                        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", out->id);
    rc = stmt_step(st, err);
    if (rc == 1) {
        out->status = xstrdup(stmt_text(st, 0, NULL));
        out->handled = xstrdup_or_null(stmt_text(st, 1, NULL));
        out->reserved_e3 = stmt_int(st, 2);
    }
    stmt_free(st);
    return rc < 0 ? rc : 0;
}

/* One statement with :order and perhaps :a and :b. */
static int change(struct db *db, const char *sql, int64_t order, const char *a, const char *b,
                  struct error *err)
{
    struct stmt *st = NULL;
    int rc = db_prepare(db, &st, sql, err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order);
    if (strstr(sql, ":a"))
        stmt_bind_text(st, "a", a);
    if (strstr(sql, ":b"))
        stmt_bind_text(st, "b", b);
    rc = stmt_run(st, err);
    stmt_free(st);
    return rc;
}

int orders_handle(struct db *writer, const char *site, const char *kind, const char *number, struct buf *out,
                  struct error *err)
{
    struct state s cleanup(state_release) = {0};
    int rc = load(writer, site, kind, number, &s, err);
    if (rc < 0)
        return rc;
    if (s.handled) {
        buf_addf(out, "%s %s: being handled since %s UTC already\n", kind, number, s.handled);
        return 0;
    }
    rc = change(writer, "UPDATE orders SET handled = datetime('now') WHERE id = :order",
                s.id, NULL, NULL, err);
    if (rc == 0)
        rc = change(writer,
                    "INSERT INTO order_status (order_id, status, source, note)"
                    " VALUES (:order, :a, 'shopctl', 'being handled')",
                    s.id, s.status, NULL, err);
    if (rc == 0)
        buf_addf(out, "%s %s: being handled; files do not change it any more\n", kind, number);
    return rc;
}

static int name_source(struct db *writer, int64_t order, struct error *err)
{
    return change(writer,
                  "UPDATE order_status SET source = 'shopctl'"
                  " WHERE id = (SELECT max(id) FROM order_status WHERE order_id = :order)",
                  order, NULL, NULL, err);
}

int orders_set_status(struct db *writer, const char *site, const char *kind, const char *number,
                      const char *status, const char *tracking, struct buf *out, struct error *err)
{
    struct state before cleanup(state_release) = {0}, after cleanup(state_release) = {0};
    int rc = load(writer, site, kind, number, &before, err);
    if (rc < 0)
        return rc;
    bool same = strcmp(before.status, status) == 0;
    if (!same || tracking)
        rc = change(writer,
                    "UPDATE orders SET status = :a, tracking = coalesce(:b, tracking) WHERE id = :order",
                    before.id, status, tracking, err);
    if (rc == 0 && !same)
        rc = name_source(writer, before.id, err);
    if (rc == 0)
        rc = load(writer, site, kind, number, &after, err);
    if (rc < 0)
        return rc;
    if (same)
        buf_addf(out, "%s %s: %s already%s", kind, number, status,
                 tracking ? "; the parcel's number is noted" : "");
    else
        buf_addf(out, "%s %s: %s -> %s", kind, number, before.status, status);
    if (before.reserved_e3 > after.reserved_e3)
        buf_add_str(out, "; its reservation is given back");
    buf_add_char(out, '\n');
    return 0;
}
