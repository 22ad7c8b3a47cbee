/* What the tests of deciding share: a small shop with goods and stock, orders built by hand, one call that
 * decides a file of them in a transaction of its own. */
#ifndef SHOPFS_TESTS_DECIDE_TEST_H
#define SHOPFS_TESTS_DECIDE_TEST_H

#include "store_test.h"

#include "base/mem.h"
#include "order/decide.h"
#include "order/import.h"
#include "mapping/order.h"

/* Products: 1 'TEA' (10 in main), 2 'CUP' with variants 21 'CUP-R' and 22 'CUP-B' (3 each in second), 3
 * 'DELIVERY' a service, 4 'RARE' without any stock row. VAT 20 % on TEA and CUP. */
static inline void goods(struct fixture *f)
{
    small_shop(f);
    run(f, "INSERT INTO vat_rate (id, code, percent_e2) VALUES (1, 'standard', 2000);"
           "INSERT INTO unit (id, code, name) VALUES (1, 'pcs', 'шт');"
           "INSERT INTO product (id, sku, external_id, unit_id, vat_rate_id) VALUES (1, 'TEA', 'ext-tea', 1, "
           "1), (2, 'CUP', 'ext-cup', 1, 1);"
           "INSERT INTO product (id, sku, kind) VALUES (3, 'DELIVERY', 'service'), (4, 'RARE', 'goods');"
           "INSERT INTO product_text (product_id, language, name) VALUES (1, 'uk', 'Чай'), (1, 'en', 'Tea'), "
           "(2, 'en', 'Cup');"
           "INSERT INTO variant (id, product_id, sku, external_id) VALUES (21, 2, 'CUP-R', 'ext-red'), (22, "
           "2, 'CUP-B', 'ext-blue');"
           "INSERT INTO barcode (product_id, variant_id, barcode) VALUES (1, 0, '4820000000017'), (2, 22, "
           "'4820000000024'),"
           " (1, 0, 'SHARED'), (4, 0, 'SHARED');"
           "INSERT INTO site_product (product_id, variant_id, site_id, code) VALUES (4, 0, 1, 'web-4');"
           "INSERT INTO stock (product_id, variant_id, warehouse_id, on_hand_e3) VALUES (1, 0, 1, 10000), "
           "(1, 0, 2, 4000),"
           " (2, 21, 2, 3000), (2, 22, 2, 3000);");
}

static inline void set(char **field, const char *value)
{
    free(*field);
    *field = xstrdup_or_null(value);
}

static inline struct order_line *add_line(struct order *o, const char *code, int64_t quantity_e3,
                                          int64_t price_e4)
{
    o->lines = xreallocarray(o->lines, o->n_lines + 1, sizeof *o->lines);
    struct order_line *l = &o->lines[o->n_lines++];
    *l = (struct order_line){
        .kind = LINE_PRODUCT,
        .code = xstrdup_or_null(code),
        .quantity_e3 = quantity_e3,
        .has_price = true,
        .price_has_vat = true,
        .price_e4 = price_e4,
        .line = 10 * (int)o->n_lines,
    };
    return l;
}

/* Order `number` by Olena: two teas at 49.90. */
static inline struct order tea_order(const char *number)
{
    struct order o;
    order_init(&o);
    o.number = xstrdup_or_null(number);
    o.line = 2;
    o.billing.present = true;
    set(&o.billing.first_name, "Олена");
    set(&o.billing.last_name, "Коваль");
    set(&o.billing.email, "olena@example.com");
    add_line(&o, "TEA", 2000, 499000);
    return o;
}

static inline int try_decide(struct db *db, const char *bytes, const char *key, struct order *orders,
                             size_t n, struct import_result *out, struct error *err)
{
    struct order_file file = {.mapping = (char *)"plain", .orders = orders, .n_orders = n};
    struct import_job job = {
        .site = "shop", .name = "order.xml", .object_key = key, .data = bytes, .len = strlen(bytes)};
    int rc = db_begin_write(db, err);
    if (rc == 0)
        rc = import_decide_file(db, &job, &file, NULL, out, err);
    if (rc == 0)
        rc = db_commit(db, err);
    db_end(db);
    return rc;
}

/* Each call is an upload of its own; the same bytes are a repetition of the same file. */
static inline struct import_result decide_file(struct fixture *f, const char *bytes, struct order *orders,
                                               size_t n)
{
    static unsigned uploads;
    char key[32];
    snprintf(key, sizeof key, "upload-%u", uploads++);
    struct import_result r = {0};
    ok(f, try_decide(f->writer, bytes, key, orders, n, &r, &f->err));
    return r;
}

/* Decides one order, checks the verdict, gives the text. Valid until the next call. */
static inline const char *decided(struct fixture *f, const char *bytes, struct order *o,
                                  enum verdict expected)
{
    struct import_result r = decide_file(f, bytes, o, 1);
    buf_clear(&f->text);
    buf_add_str(&f->text, r.text);
    enum verdict v = r.orders[0].verdict;
    import_result_release(&r);
    if (v != expected)
        fail_msg("%s instead of %s:\n%s", verdict_name(v), verdict_name(expected), buf_str(&f->text));
    return buf_str(&f->text);
}

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' is in:\n%s", part, text);
}

/* "on hand/reserved" of every stock row that is touched. */
static inline const char *reserved(struct fixture *f)
{
    return text(f, f->reader,
                "SELECT product_id, variant_id, warehouse_id, reserved_e3 FROM stock WHERE reserved_e3 <> 0 "
                "ORDER BY 1, 2, 3");
}

#endif
