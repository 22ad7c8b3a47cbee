/* A normalised order as text, for comparing with what is expected. */
#ifndef SHOPFS_TESTS_ORDER_DUMP_H
#define SHOPFS_TESTS_ORDER_DUMP_H

#include "base/buf.h"
#include "base/decimal.h"
#include "mapping/order.h"

static inline void dump_text(struct buf *b, const char *indent, const char *name, const char *value)
{
    if (value)
        buf_addf(b, "%s%s: %s\n", indent, name, value);
}

static inline void dump_number(struct buf *b, const char *name, int64_t units, int scale)
{
    buf_addf(b, "%s", name);
    decimal_format(b, units, scale, -1, '.');
}

static inline void dump_address(struct buf *b, const char *name, const struct order_address *a)
{
    if (!a->present)
        return;
    buf_addf(b, "  %s\n", name);
    for (size_t i = 0; i < ORDER_ADDRESS_FIELDS; i++)
        dump_text(b, "    ", order_address_fields[i].name, *order_address_text(a, i));
}

static inline void dump_line(struct buf *b, const struct order_line *l)
{
    buf_addf(b, "  line %s", order_line_kind_name(l->kind));
    dump_number(b, " ", l->quantity_e3, QUANTITY_SCALE);
    if (l->unit)
        buf_addf(b, " %s", l->unit);
    if (l->has_price) {
        dump_number(b, " at ", l->price_e4, PRICE_SCALE);
        buf_addf(b, " %s", l->price_has_vat ? "gross" : "net");
    }
    if (l->has_vat)
        dump_number(b, " vat ", l->vat_percent_e2, PERCENT_SCALE);
    if (l->discount_percent_e2)
        dump_number(b, " less % ", l->discount_percent_e2, PERCENT_SCALE);
    if (l->has_total)
        dump_number(b, " total ", l->total_e4, PRICE_SCALE);
    buf_addf(b, "%s\n", l->line ? "" : " (no line)");
    dump_text(b, "    ", "code", l->code);
    dump_text(b, "    ", "barcode", l->barcode);
    dump_text(b, "    ", "external-id", l->external_id);
    dump_text(b, "    ", "shop-id", l->shop_id);
    dump_text(b, "    ", "name", l->name);
    dump_text(b, "    ", "variant", l->variant);
    dump_text(b, "    ", "note", l->note);
}

static inline void dump_order(struct buf *b, const struct order *o)
{
    buf_addf(b, "%s %s\n", order_kind_name(o->kind), o->number ? o->number : "without a number");
    dump_text(b, "  ", "refused", o->error.message);
    dump_text(b, "  ", "refused field", o->error.field);
    dump_text(b, "  ", "external-id", o->external_id);
    dump_text(b, "  ", "order-number", o->order_number);
    dump_text(b, "  ", "ordered", o->ordered);
    dump_text(b, "  ", "due-on", o->due_on);
    dump_text(b, "  ", "deliver-on", o->deliver_on);
    if (o->status_text)
        buf_addf(b, "  status: %s (%s)\n", o->status ? o->status : "not known", o->status_text);
    if (o->paid || o->paid_on)
        buf_addf(b, "  paid: %s %s\n", o->paid ? "yes" : "no", o->paid_on ? o->paid_on : "");
    if (o->payment_text)
        buf_addf(b, "  payment: %s (%s)\n", o->payment ? o->payment : "not known", o->payment_text);
    if (o->cancelled)
        buf_add_str(b, "  cancelled\n");
    dump_text(b, "  ", "currency", o->currency);
    if (o->rate_e6) {
        dump_number(b, "  rate: ", o->rate_e6, RATE_SCALE);
        buf_add_char(b, '\n');
    }
    if (o->has_total) {
        dump_number(b, "  total: ", o->total_e4, PRICE_SCALE);
        buf_addf(b, " %s\n", o->total_is_net ? "net" : "gross");
    }
    dump_text(b, "  ", "customer-id", o->customer_id);
    dump_text(b, "  ", "payment-method", o->payment_method);
    dump_text(b, "  ", "delivery-method", o->delivery_method);
    dump_text(b, "  ", "note", o->note);
    dump_text(b, "  ", "internal-note", o->internal_note);
    dump_text(b, "  ", "certificate", o->certificate);
    if (o->has_certificate_amount) {
        dump_number(b, "  certificate pays: ", o->certificate_e4, PRICE_SCALE);
        buf_add_char(b, '\n');
    }
    if (o->bonus_used_e4) {
        dump_number(b, "  bonus-used: ", o->bonus_used_e4, PRICE_SCALE);
        buf_add_char(b, '\n');
    }
    dump_address(b, "billing", &o->billing);
    dump_address(b, "delivery", &o->delivery);
    for (size_t i = 0; i < o->n_lines; i++)
        dump_line(b, &o->lines[i]);
    for (size_t i = 0; i < o->n_unmapped; i++)
        buf_addf(b, "  left %s = %s\n", o->unmapped[i].path, o->unmapped[i].value);
    for (size_t i = 0; i < o->n_warnings; i++)
        buf_addf(b, "  remark %s\n", o->warnings[i]);
}

static inline void dump_file(struct buf *b, const struct order_file *f)
{
    buf_addf(b, "mapping %s%s\n", f->mapping ? f->mapping : "none", f->unverified ? ", assumed" : "");
    dump_text(b, "", "seen", f->seen);
    for (size_t i = 0; i < f->n_orders; i++)
        dump_order(b, &f->orders[i]);
}

#endif
