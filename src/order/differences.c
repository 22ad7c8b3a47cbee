/*
 * What differs between an order as stored and as it now arrives, in words for the person who must decide.
 * Lines are recognised again by code, else external id, else barcode, else name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "order/decide.h"

#define SHOWN_MAX 24 /* entries; the rest is counted */

struct listing {
    struct notes *out;
    size_t more;
};

static void list(struct listing *l, const char *field, const char *was, const char *is)
{
    was = was ? was : "";
    is = is ? is : "";
    if (strcmp(was, is) == 0)
        return;
    if (l->out->n >= SHOWN_MAX) {
        l->more++;
        return;
    }
    auto_buf b = BUF_INIT;
    buf_addf(&b, "%s: ", field);
    text_shown(&b, *was ? was : "(none)");
    buf_add_str(&b, " -> ");
    text_shown(&b, *is ? is : "(none)");
    notes_add(l->out, "%s", buf_str(&b));
}

static void list_amount(struct listing *l, const char *field, bool had, int64_t was, bool has, int64_t is)
{
    if (had == has && (!had || was == is))
        return;
    auto_buf a = BUF_INIT, b = BUF_INIT;
    if (had)
        text_amount(&a, was);
    if (has)
        text_amount(&b, is);
    list(l, field, buf_str(&a), buf_str(&b));
}

static int compare_header(struct db *db, int64_t order_id, const struct order_facts *f, struct listing *l,
                          struct error *err)
{
    const struct order *o = f->from;
    struct stmt *st auto_reset = NULL;
    int rc =
        db_cached(db, &st,
                  "SELECT status, status_text, paid, currency, total_e4, payment_method, "
                  "delivery_method, deliver_on, note,"
                  " ordered, external_id, certificate, bonus_used_e4, internal_note, paid_on, payment_status,"
                  " payment_text, due_on, order_number FROM orders WHERE id = :order",
                  err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    if ((rc = stmt_step(st, err)) <= 0)
        return rc;
    /* A status the site does not speak of is no difference; its cancellation is. */
    if (o->status || o->cancelled)
        list(l, "status", stmt_text(st, 0, NULL), f->status);
    list(l, "status word", stmt_text(st, 1, NULL), o->status_text);
    list(l, "paid", stmt_int(st, 2) ? "yes" : "no", o->paid ? "yes" : "no");
    list(l, "paid on", stmt_text(st, 14, NULL), o->paid_on);
    list(l, "payment status", stmt_text(st, 15, NULL), o->payment);
    list(l, "payment word", stmt_text(st, 16, NULL), o->payment_text);
    list(l, "due on", stmt_text(st, 17, NULL), o->due_on);
    list(l, "order", stmt_text(st, 18, NULL), o->order_number);
    list(l, "currency", stmt_text(st, 3, NULL), f->currency);
    list_amount(l, "total", !stmt_is_null(st, 4), stmt_int(st, 4), f->has_total, f->total_e4);
    list(l, "payment", stmt_text(st, 5, NULL), o->payment_method);
    list(l, "delivery", stmt_text(st, 6, NULL), o->delivery_method);
    list(l, "deliver on", stmt_text(st, 7, NULL), o->deliver_on);
    list(l, "note", stmt_text(st, 8, NULL), o->note);
    list(l, "internal note", stmt_text(st, 13, NULL), o->internal_note);
    list(l, "ordered", stmt_text(st, 9, NULL), o->ordered);
    list(l, "external id", stmt_text(st, 10, NULL), o->external_id);
    list(l, "certificate", stmt_text(st, 11, NULL), o->certificate);
    list_amount(l, "bonus used", stmt_int(st, 12) != 0, stmt_int(st, 12), o->bonus_used_e4 != 0,
                o->bonus_used_e4);
    return 0;
}

static int compare_address(struct db *db, int64_t order_id, const char *kind, const struct order_address *a,
                           struct listing *l, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc =
        db_cached(db, &st,
                  "SELECT name, first_name, last_name, company, tax_id, vat_id, street, city, region,"
                  " zip, country, phone, email, full_text FROM order_address" /* as order_address_fields */
                  " WHERE order_id = :order AND kind = :kind",
                  err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_text(st, "kind", kind);
    if ((rc = stmt_step(st, err)) < 0)
        return rc;
    for (size_t i = 0; i < ORDER_ADDRESS_FIELDS; i++) {
        char field[64];
        snprintf(field, sizeof field, "%s %s", kind, order_address_fields[i].name);
        list(l, field, rc == 1 ? stmt_text(st, (int)i, NULL) : NULL,
             a->present ? *order_address_text(a, i) : NULL);
    }
    return 0;
}

static const char *first_given(const char *a, const char *b, const char *c, const char *d)
{
    return a && *a ? a : b && *b ? b : c && *c ? c : d ? d : "";
}

static void list_line(struct listing *l, const char *what, const char *name, int64_t quantity_e3,
                      int64_t total_e4)
{
    if (l->out->n >= SHOWN_MAX) {
        l->more++;
        return;
    }
    auto_buf b = BUF_INIT;
    buf_addf(&b, "line %s: ", what);
    text_quantity(&b, quantity_e3);
    buf_add_str(&b, " x '");
    text_shown(&b, name);
    buf_add_str(&b, "', ");
    text_amount(&b, total_e4);
    notes_add(l->out, "%s", buf_str(&b));
}

static int compare_lines(struct db *db, int64_t order_id, const struct order_facts *f, struct listing *l,
                         struct error *err)
{
    size_t n = f->from->n_lines;
    bool *met auto_free = xcalloc(n ? n : 1, sizeof *met);
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        db, &st,
        "SELECT code, external_id, barcode, name, quantity_e3, price_e4, total_e4, vat_percent_e2, kind"
        " FROM order_line WHERE order_id = :order ORDER BY position",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    size_t next = 0; /* most lines are where they were */
    while ((rc = stmt_step(st, err)) == 1) {
        const char *was = first_given(stmt_text(st, 0, NULL), stmt_text(st, 1, NULL), stmt_text(st, 2, NULL),
                                      stmt_text(st, 3, NULL));
        const char *kind = stmt_text(st, 8, NULL);
        size_t found = n;
        for (size_t k = 0; k < n && found == n; k++) {
            size_t i = (next + k) % n;
            const struct order_line *from = f->lines[i].from;
            if (!met[i] && strcmp(kind, order_line_kind_name(from->kind)) == 0 &&
                strcmp(was, first_given(from->code, from->external_id, from->barcode, f->lines[i].name)) == 0)
                found = i;
        }
        const char *name = stmt_text(st, 3, NULL);
        if (found == n) {
            list_line(l, "removed", *name ? name : was, stmt_int(st, 4), stmt_int(st, 6));
            continue;
        }
        met[found] = true;
        next = found + 1;
        const struct line_facts *is = &f->lines[found];
        auto_buf field = BUF_INIT, a = BUF_INIT, b = BUF_INIT;
        buf_addf(&field, "line '");
        text_shown(&field, was);
        buf_add_str(&field, "' quantity");
        text_quantity(&a, stmt_int(st, 4));
        text_quantity(&b, is->from->quantity_e3);
        list(l, buf_str(&field), buf_str(&a), buf_str(&b));
        buf_truncate(&field, field.len - strlen("quantity"));
        size_t prefix = field.len;
        buf_add_str(&field, "price");
        list_amount(l, buf_str(&field), true, stmt_int(st, 5), true, is->price_e4);
        buf_truncate(&field, prefix);
        buf_add_str(&field, "total");
        list_amount(l, buf_str(&field), true, stmt_int(st, 6), true, is->total_e4);
        buf_truncate(&field, prefix);
        buf_add_str(&field, "name");
        list(l, buf_str(&field), name, is->name);
    }
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (!met[i])
            list_line(l, "added", f->lines[i].name, f->lines[i].from->quantity_e3, f->lines[i].total_e4);
    return 0;
}

int order_differences(struct db *db, int64_t order_id, const struct order_facts *f, struct notes *out,
                      struct error *err)
{
    struct listing l = {.out = out};
    int rc = compare_lines(db, order_id, f, &l, err);
    if (rc == 0)
        rc = compare_header(db, order_id, f, &l, err);
    if (rc == 0)
        rc = compare_address(db, order_id, "billing", &f->from->billing, &l, err);
    if (rc == 0)
        rc = compare_address(db, order_id, "delivery", &f->from->delivery, &l, err);
    if (l.more)
        notes_add(out, "and %zu more differences", l.more);
    return rc;
}
