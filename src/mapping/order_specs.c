/* The fields of the language and where their texts go. */
#include <stddef.h>

#include "mapping/order_lang.h"

#define TEXT_OF(type, member) FIELD_TEXT, offsetof(type, member)

const struct field_spec order_field_specs[ORDER_FIELDS] = {
    [ORDER_NUMBER] = {"number", TEXT_OF(struct order, number)},
    [ORDER_EXTERNAL_ID] = {"external-id", TEXT_OF(struct order, external_id)},
    [ORDER_OF_ORDER] = {"order-number", TEXT_OF(struct order, order_number)},
    [ORDER_ORDERED] = {"ordered", FIELD_DATE, offsetof(struct order, ordered)},
    [ORDER_DUE_ON] = {"due-on", FIELD_DATE, offsetof(struct order, due_on)},
    [ORDER_STATUS] = {"status", FIELD_STATUS, 0},
    [ORDER_PAYMENT_STATUS] = {"payment-status", FIELD_PAYMENT, 0},
    [ORDER_PAID] = {"paid", FIELD_FLAG, 0},
    [ORDER_PAID_ON] = {"paid-on", FIELD_DATE, offsetof(struct order, paid_on)},
    [ORDER_CANCELLED] = {"cancelled", FIELD_FLAG, 0},
    [ORDER_CURRENCY] = {"currency", FIELD_CURRENCY, 0},
    [ORDER_RATE] = {"rate", FIELD_RATE, 0},
    [ORDER_VAT_INCLUDED] = {"vat-included", FIELD_FLAG, 0},
    [ORDER_TOTAL] = {"total", FIELD_AMOUNT, 0},
    [ORDER_CUSTOMER_ID] = {"customer-id", TEXT_OF(struct order, customer_id)},
    [ORDER_PAYMENT_METHOD] = {"payment-method", TEXT_OF(struct order, payment_method)},
    [ORDER_DELIVERY_METHOD] = {"delivery-method", TEXT_OF(struct order, delivery_method)},
    [ORDER_DELIVER_ON] = {"deliver-on", FIELD_DATE, offsetof(struct order, deliver_on)},
    [ORDER_NOTE] = {"note", TEXT_OF(struct order, note)},
    [ORDER_INTERNAL_NOTE] = {"internal-note", TEXT_OF(struct order, internal_note)},
    [ORDER_CERTIFICATE] = {"certificate", TEXT_OF(struct order, certificate)},
    [ORDER_CERTIFICATE_AMOUNT] = {"certificate-amount", FIELD_AMOUNT, 0},
    [ORDER_BONUS_USED] = {"bonus-used", FIELD_AMOUNT, 0},
};

const struct field_spec order_line_specs[LINE_FIELDS] = {
    [L_KIND] = {"kind", FIELD_KIND, 0},
    [L_CODE] = {"code", TEXT_OF(struct order_line, code)},
    [L_BARCODE] = {"barcode", TEXT_OF(struct order_line, barcode)},
    [L_EXTERNAL_ID] = {"external-id", TEXT_OF(struct order_line, external_id)},
    [L_SHOP_ID] = {"shop-id", TEXT_OF(struct order_line, shop_id)},
    [L_NAME] = {"name", TEXT_OF(struct order_line, name)},
    [L_VARIANT] = {"variant", TEXT_OF(struct order_line, variant)},
    [L_UNIT] = {"unit", TEXT_OF(struct order_line, unit)},
    [L_NOTE] = {"note", TEXT_OF(struct order_line, note)},
    [L_QUANTITY] = {"quantity", FIELD_QUANTITY, 0},
    [L_VAT_INCLUDED] = {"vat-included", FIELD_FLAG, 0},
    [L_VAT_PERCENT] = {"vat-percent", FIELD_PERCENT, 0},
    [L_PRICE] = {"price", FIELD_AMOUNT, 0},
    [L_DISCOUNT_PERCENT] = {"discount-percent", FIELD_PERCENT, 0},
    [L_TOTAL] = {"total", FIELD_AMOUNT, 0},
};
