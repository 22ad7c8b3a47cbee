/* Statements of the demo, prepared once. */
#include "cli/demo_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

/* Parameters are ":a", ":b" ... in order; types: i whole number, o the same but NULL where negative, t text.
 */
static const struct {
    const char *types, *sql;
} inserts[DEMO_INSERTS] = {
    [PRODUCT] =
        {"itttiitiiiiiitioit",
         "INSERT INTO product (id, sku, external_id, kind, active, manufacturer_id, mpn, unit_id, "
         "vat_rate_id,"
         " weight_e3, length_mm, width_mm, height_mm, country, warranty_months, delivery_days, min_order_e3,"
         " created) VALUES (:a,:b,:c,:d,:e,:f,:g,:h,:i,:j,:k,:l,:m,:n,:o,:p,:q,:r)"},
    [TEXT] = {"itttttttt",
              "INSERT INTO product_text (product_id, language, name, short_description, description, slug,"
              " meta_title, meta_description, meta_keywords) VALUES (:a,:b,:c,:d,:e,:f,:g,:h,:i)"},
    [VARIANT] = {"iitttiio",
                 "INSERT INTO variant (id, product_id, sku, external_id, mpn, active, position, weight_e3)"
                 " VALUES (:a,:b,:c,:d,:e,:f,:g,:h)"},
    [CATEGORY] = {"iii",
                  "INSERT INTO product_category (product_id, category_id, position) VALUES (:a,:b,:c)"},
    [ATTRIBUTE] = {"iiitit",
                   "INSERT INTO product_attribute (product_id, variant_id, attribute_id, language, value_no,"
                   " value) VALUES (:a,:b,:c,:d,:e,:f)"},
    [BARCODE] = {"iiti",
                 "INSERT INTO barcode (product_id, variant_id, barcode, position) VALUES (:a,:b,:c,:d)"},
    [RELATION] =
        {"iiti",
         "INSERT INTO product_relation (product_id, related_id, kind, position) VALUES (:a,:b,:c,:d)"},
    [PRICE] = {"iiiiio",
               "INSERT INTO price (product_id, variant_id, price_list_id, min_qty_e3, price_e4, old_price_e4)"
               " VALUES (:a,:b,:c,:d,:e,:f)"},
    [STOCK] = {"iiiii", "INSERT INTO stock (product_id, variant_id, warehouse_id, on_hand_e3, reserved_e3)"
                        " VALUES (:a,:b,:c,:d,:e)"},
    [SITE] = {"iiiti", "INSERT INTO site_product (product_id, variant_id, site_id, code, hidden)"
                       " VALUES (:a,:b,:c,:d,:e)"},
    [IMAGE] = {"iiiittt", "INSERT INTO image (id, product_id, variant_id, position, name, path, title)"
                          " VALUES (:a,:b,:c,:d,:e,:f,:g)"},
};

int demo_put(struct demo *d, enum demo_insert which, ...)
{
    struct stmt *st = d->insert[which];
    char name[2] = "a";
    va_list args;
    va_start(args, which);
    for (const char *type = inserts[which].types; *type; type++, name[0]++) {
        if (*type == 't') {
            stmt_bind_text(st, name, va_arg(args, const char *));
            continue;
        }
        int64_t value = va_arg(args, int64_t);
        if (*type == 'o' && value < 0)
            stmt_bind_null(st, name);
        else
            stmt_bind_int(st, name, value);
    }
    va_end(args);
    return stmt_run(st, d->err);
}
static int look_up(struct demo *d, const char *sql, const char *code, int64_t *out)
{
    struct stmt *st;
    int ret = db_cached(d->db, &st, sql, d->err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "code", code);
    ret = stmt_step(st, d->err);
    if (ret == 1)
        *out = stmt_int(st, 0);
    stmt_reset(st);
    return ret == 0 ? error_set(d->err, -EUCLEAN, "no unit or VAT rate '%s'", code) : ret < 0 ? ret : 0;
}

int demo_prepare(struct demo *d)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < DEMO_INSERTS; i++)
        ret = db_prepare(d->db, &d->insert[i], inserts[i].sql, d->err);
    if (ret == 0)
        ret = db_prepare(d->db, &d->content,
                         "INSERT INTO image_data (image_id, content) VALUES (:id, :content)", d->err);
    for (size_t i = 0; ret == 0 && i < demo_kinds_count; i++) {
        ret = look_up(d, "SELECT id FROM unit WHERE code = :code", demo_kinds[i].unit, &d->unit[i]);
        if (ret == 0)
            ret = look_up(d, "SELECT id FROM vat_rate WHERE code = :code", demo_kinds[i].vat, &d->vat[i]);
    }
    return ret;
}

void demo_release(struct demo *d)
{
    for (size_t i = 0; i < DEMO_INSERTS; i++)
        stmt_free(d->insert[i]);
    stmt_free(d->content);
    for (size_t i = 0; i < sizeof d->texts / sizeof *d->texts; i++)
        buf_release(&d->texts[i]);
    buf_release(&d->png);
    if (d->picture_dir >= 0)
        close(d->picture_dir);
}
