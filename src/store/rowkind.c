#include "store/rowkind.h"

#include <string.h>

/* Not for mappings. */
static const struct row_kind counted_stock = {"stock", "v_product_stock", KEY_PRODUCT, "product_id", NULL, {NULL}, false};

/* Children of a product are ordered so that a merge by product_id meets them in their own order. */
static const struct row_kind kinds[] = {
    {"site", "v_site", KEY_NONE, NULL, NULL, {NULL}, true},
    {"currency", "v_currency", KEY_NONE, NULL, "main DESC, currency", {NULL}, true},
    {"language", "v_language", KEY_NONE, NULL, "main DESC, language", {NULL}, true},
    {"manufacturer", "v_manufacturer", KEY_NONE, NULL, "name, manufacturer_id", {NULL}, true},
    {"category",
     "v_category",
     KEY_NONE,
     NULL,
     "level, position, category_id",
     {NULL},
     true,
     "category_id",
     "parent_id"},
    {"category_level", "v_category_level", KEY_NONE, NULL, "level", {"category_id"}, false},
    {"property", "v_property", KEY_NONE, NULL, "position, attribute_id", {NULL}, true, .id = "attribute_id"},
    {"price_list", "v_price_list", KEY_NONE, NULL, "price_list_id", {NULL}, true},
    {"warehouse", "v_warehouse", KEY_NONE, NULL, "warehouse_id", {NULL}, true},
    {"delivery", "v_delivery", KEY_NONE, NULL, "position, delivery_id", {NULL}, true},
    {"certificate", "v_certificate", KEY_NONE, NULL, "code", {NULL}, true},
    {"product",
     "v_product",
     KEY_PRODUCT,
     "product_id",
     NULL,
     {NULL},
     true,
     .first = {"image", "image", "name"},
     .total = {"stock", &counted_stock, "amount_e3", "CAST(round(stock_buffer * 1000) AS INTEGER)"}},
    {"offer", "v_offer", KEY_PRODUCT, "product_id", "variant_id", {NULL}, true},
    {"deleted", "v_deleted", KEY_NONE, NULL, "product_id, variant_id", {NULL}, true},
    {"variant", "v_variant", KEY_PRODUCT, "product_id", "position, variant_id", {NULL}, true},
    {"product_text", "v_product_text", KEY_PRODUCT, "product_id", "language", {NULL}, true},
    {"attribute",
     "v_attribute",
     KEY_PRODUCT,
     "product_id",
     "variant_id, position, attribute_id, value_no",
     {"variant_id"},
     false,
     .part = "property",
     .short_view = "v_attribute_value",
     .rank = "rank"},
    {"image", "v_image", KEY_PRODUCT, "product_id", "variant_id, position, image_id", {"variant_id"}, true},
    {"product_category",
     "v_product_category",
     KEY_PRODUCT,
     "product_id",
     "position, category_id",
     {NULL},
     true},
    {"product_category_level",
     "v_product_category_level",
     KEY_PRODUCT,
     "product_id",
     "category_id, distance DESC",
     {"category_id"},
     false,
     .same_as = "category_level",
     .same_within = "product_category"},
    {"tier", "v_tier", KEY_PRODUCT, "product_id", "variant_id, min_qty", {"variant_id"}, true},
    {"price",
     "v_price",
     KEY_PRODUCT,
     "product_id",
     "variant_id, price_list_id, min_qty",
     {"variant_id"},
     true},
    {"stock", "v_stock", KEY_PRODUCT, "product_id", "variant_id, warehouse_id", {"variant_id"}, true},
    {"barcode",
     "v_barcode",
     KEY_PRODUCT,
     "product_id",
     "variant_id, position, barcode",
     {"variant_id"},
     false},
    {"offer_delivery",
     "v_offer_delivery",
     KEY_PRODUCT,
     "product_id",
     "variant_id, position, delivery_id",
     {"variant_id"},
     false},
    {"related", "v_related", KEY_PRODUCT, "product_id", "kind, position, related_id", {NULL}, false},
    {"customer", "v_customer", KEY_CUSTOMER, "customer_id", NULL, {NULL}, true},
    {"order", "v_order", KEY_ORDER, "order_id", NULL, {NULL}, true},
    {"order_line", "v_order_line", KEY_ORDER, "order_id", "position", {NULL}, true},
};

const struct row_kind *row_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const struct row_kind *row_kind_at(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? &kinds[index] : NULL;
}
