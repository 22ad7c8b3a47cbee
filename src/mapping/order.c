#include "mapping/order.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

static const char *const kind_names[] = {
    [LINE_PRODUCT] = "product",   [LINE_SHIPPING] = "shipping", [LINE_PAYMENT] = "payment",
    [LINE_DISCOUNT] = "discount", [LINE_WRAPPING] = "wrapping", [LINE_SERVICE] = "service",
    [LINE_GIFT] = "gift",         [LINE_ROUNDING] = "rounding", [LINE_OTHER] = "other",
};

static const char *const document_names[] = {
    [ORDER_IS_ORDER] = "order",
    [ORDER_IS_INVOICE] = "invoice",
};

static const char *const statuses[] = {"new",     "accepted",  "paid",      "packed",
                                       "shipped", "delivered", "cancelled", "returned"};
static const char *const payments[] = {"unpaid", "partly", "paid", "refunded"};

#define ADDRESS_FIELD(name, member)                           \
    {                                                         \
        name, #member, offsetof(struct order_address, member) \
    }

const struct order_address_field order_address_fields[ORDER_ADDRESS_FIELDS] = {
    ADDRESS_FIELD("name", name),           ADDRESS_FIELD("first-name", first_name),
    ADDRESS_FIELD("last-name", last_name), ADDRESS_FIELD("company", company),
    ADDRESS_FIELD("tax-id", tax_id),       ADDRESS_FIELD("vat-id", vat_id),
    ADDRESS_FIELD("street", street),       ADDRESS_FIELD("city", city),
    ADDRESS_FIELD("region", region),       ADDRESS_FIELD("zip", zip),
    ADDRESS_FIELD("country", country),     ADDRESS_FIELD("phone", phone),
    ADDRESS_FIELD("email", email),         ADDRESS_FIELD("full-text", full_text),
};

static int index_of(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -EINVAL;
}

#define INDEX_OF(words, word) index_of(words, sizeof(words) / sizeof *(words), word)

const char *order_kind_name(enum order_kind kind)
{
    return document_names[kind];
}

int order_kind_parse(const char *name, enum order_kind *out)
{
    int i = INDEX_OF(document_names, name);

    if (i >= 0)
        *out = (enum order_kind)i;
    return i < 0 ? i : 0;
}

const char *order_status_word(const char *word)
{
    int i = INDEX_OF(statuses, word);

    return i < 0 ? NULL : statuses[i];
}

const char *order_payment_word(const char *word)
{
    int i = INDEX_OF(payments, word);

    return i < 0 ? NULL : payments[i];
}

char **order_address_text(const struct order_address *a, size_t field)
{
    return (char **)((char *)a + order_address_fields[field].offset);
}

const char *order_line_kind_name(enum order_line_kind kind)
{
    return kind_names[kind];
}

int order_line_kind_parse(const char *name, enum order_line_kind *out)
{
    int i = INDEX_OF(kind_names, name);

    if (i >= 0)
        *out = (enum order_line_kind)i;
    return i < 0 ? i : 0;
}

void order_init(struct order *o)
{
    memset(o, 0, sizeof *o);
}

void order_line_release(struct order_line *l)
{
    free(l->code);
    free(l->barcode);
    free(l->external_id);
    free(l->shop_id);
    free(l->name);
    free(l->variant);
    free(l->unit);
    free(l->note);
}

static void address_release(struct order_address *a)
{
    for (size_t i = 0; i < ORDER_ADDRESS_FIELDS; i++)
        free(*order_address_text(a, i));
}

void order_release(struct order *o)
{
    free(o->number);
    free(o->external_id);
    free(o->order_number);
    free(o->ordered);
    free(o->due_on);
    free(o->status);
    free(o->status_text);
    free(o->payment);
    free(o->payment_text);
    free(o->paid_on);
    free(o->currency);
    free(o->customer_id);
    address_release(&o->billing);
    address_release(&o->delivery);
    free(o->payment_method);
    free(o->delivery_method);
    free(o->deliver_on);
    free(o->note);
    free(o->internal_note);
    free(o->certificate);
    for (size_t i = 0; i < o->n_lines; i++)
        order_line_release(&o->lines[i]);
    free(o->lines);
    for (size_t i = 0; i < o->n_unmapped; i++) {
        free(o->unmapped[i].path);
        free(o->unmapped[i].value);
    }
    free(o->unmapped);
    for (size_t i = 0; i < o->n_warnings; i++)
        free(o->warnings[i]);
    free(o->warnings);
    error_release(&o->error);
    memset(o, 0, sizeof *o);
}

void order_file_release(struct order_file *f)
{
    free(f->mapping);
    for (size_t i = 0; i < f->n_orders; i++)
        order_release(&f->orders[i]);
    free(f->orders);
    free(f->seen);
    free(f->also);
    free(f->near);
    free(f->others);
    memset(f, 0, sizeof *f);
}

size_t order_file_count(const struct order_file *f, enum order_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_orders; i++)
        n += f->orders[i].kind == kind;
    return n;
}

/* -- identity ------------------------------------------------------------------------------------------- */

/*
 * Every value is hashed as a tag, its length and its bytes, so that no two different orders give the same run
 * of bytes. Absent and empty are told apart. The tags are part of databases: a field added later gets a new
 * one and is hashed only where it is there.
 */
static void hash_text(struct sha256 *s, const char *tag, const char *value)
{
    uint8_t length[8];
    uint64_t n;

    if (!value)
        return;
    n = strlen(value);
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(n >> (8 * i));
    sha256_update(s, tag, strlen(tag) + 1);
    sha256_update(s, length, sizeof length);
    sha256_update(s, value, n);
}

static void hash_number(struct sha256 *s, const char *tag, int64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
    sha256_update(s, tag, strlen(tag) + 1);
    sha256_update(s, bytes, sizeof bytes);
}

static void hash_address(struct sha256 *s, const char *which, const struct order_address *a)
{
    if (!a->present)
        return;
    hash_text(s, "address", which);
    for (size_t i = 0; i < ORDER_ADDRESS_FIELDS; i++)
        hash_text(s, order_address_fields[i].column, *order_address_text(a, i));
}

static void hash_line(struct sha256 *s, const struct order_line *l)
{
    hash_text(s, "line", order_line_kind_name(l->kind));
    hash_text(s, "code", l->code);
    hash_text(s, "barcode", l->barcode);
    hash_text(s, "external_id", l->external_id);
    hash_text(s, "shop_id", l->shop_id);
    hash_text(s, "name", l->name);
    hash_text(s, "variant", l->variant);
    hash_text(s, "unit", l->unit);
    hash_text(s, "note", l->note);
    hash_number(s, "quantity", l->quantity_e3);
    if (l->has_price)
        hash_number(s, l->price_has_vat ? "price with VAT" : "price", l->price_e4);
    if (l->has_vat)
        hash_number(s, "vat", l->vat_percent_e2);
    if (l->discount_percent_e2)
        hash_number(s, "discount", l->discount_percent_e2);
    if (l->has_total)
        hash_number(s, l->price_has_vat ? "total with VAT" : "total", l->total_e4);
}

char *order_content_hash(const struct order *o)
{
    struct sha256 *s = sha256_new();
    uint8_t digest[SHA256_SIZE];
    char *hex = xmalloc(SHA256_HEX_LEN + 1);

    hash_text(s, "number", o->number);
    hash_text(s, "external_id", o->external_id);
    hash_text(s, "ordered", o->ordered);
    hash_text(s, "status", o->status);
    hash_text(s, "status_text", o->status_text);
    hash_text(s, "order_number", o->order_number);
    hash_text(s, "due_on", o->due_on);
    hash_text(s, "payment", o->payment);
    hash_text(s, "payment_text", o->payment_text);
    if (o->paid)
        hash_number(s, "paid", 1);
    hash_text(s, "paid_on", o->paid_on);
    if (o->cancelled)
        hash_number(s, "cancelled", 1);
    hash_text(s, "currency", o->currency);
    if (o->rate_e6)
        hash_number(s, "rate", o->rate_e6);
    if (o->has_total)
        hash_number(s, o->total_is_net ? "total net" : "total", o->total_e4);
    hash_text(s, "customer_id", o->customer_id);
    hash_address(s, "billing", &o->billing);
    hash_address(s, "delivery", &o->delivery);
    hash_text(s, "payment_method", o->payment_method);
    hash_text(s, "delivery_method", o->delivery_method);
    hash_text(s, "deliver_on", o->deliver_on);
    hash_text(s, "note", o->note);
    hash_text(s, "internal_note", o->internal_note);
    hash_text(s, "certificate", o->certificate);
    if (o->has_certificate_amount)
        hash_number(s, "certificate_amount", o->certificate_e4);
    if (o->bonus_used_e4)
        hash_number(s, "bonus_used", o->bonus_used_e4);
    for (size_t i = 0; i < o->n_lines; i++)
        hash_line(s, &o->lines[i]);
    sha256_finish_free(s, digest);
    digest_hex(digest, SHA256_SIZE, hex);
    return hex;
}
