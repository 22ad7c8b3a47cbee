/*
 * Amounts of lines and orders: exact, rounded half away from zero, prices to ten-thousandths, totals to
 * cents.
 *
 * Price: with VAT as the file says it, or net * (100 + VAT) / 100 rounded to ten-thousandths. Line total: the
 * file's own where it has one (with VAT added where it is net), else price * quantity * (100 - discount) /
 * 100, in one step.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "order/decide.h"

#define CENT_E4 100
#define WHOLE_E2 10000 /* 100 % in hundredths of a percent */

static int too_big(size_t number, const struct order_line *line, const char *field, struct error *err)
{
    error_set(err, -ERANGE, "line %zu: the amount is too big to be counted", number);
    error_at(err, NULL, line->line, field);
    error_advise(err, "correct the number in the web shop and send the order again");
    return -ERANGE;
}

static int add_vat(int64_t net, int64_t vat_percent_e2, int64_t *out)
{
    return decimal_mul_div(net, WHOLE_E2 + vat_percent_e2, WHOLE_E2, out);
}

static int take_vat(int64_t gross, int64_t vat_percent_e2, int64_t *out)
{
    return decimal_mul_div(gross, WHOLE_E2, WHOLE_E2 + vat_percent_e2, out);
}

static int to_cents(int64_t units_e4, int64_t *out)
{
    int64_t cents;
    if (decimal_rescale(units_e4, PRICE_SCALE, 2, &cents) < 0)
        return -ERANGE;
    return __builtin_mul_overflow(cents, CENT_E4, out) ? -ERANGE : 0;
}

/* The unit price as the file means it, or what follows from the line's total. */
static int unit_price(const struct order_line *l, int64_t *out)
{
    *out = 0;
    if (l->has_price) {
        *out = l->price_e4;
        return 0;
    }
    if (!l->has_total || l->quantity_e3 == 0)
        return 0;
    if (decimal_mul_div(l->total_e4, decimal_pow10(QUANTITY_SCALE), l->quantity_e3, out) < 0)
        return -ERANGE;
    if (l->discount_percent_e2 && l->discount_percent_e2 < WHOLE_E2)
        return decimal_mul_div(*out, WHOLE_E2, WHOLE_E2 - l->discount_percent_e2, out);
    return 0;
}

/* price * quantity * (1 - discount), rounded once, to cents. */
static int product_total(int64_t price_e4, const struct order_line *l, int64_t *out)
{
    int64_t factor, cents;
    if (__builtin_mul_overflow(l->quantity_e3, WHOLE_E2 - l->discount_percent_e2, &factor) ||
        decimal_mul_div(price_e4, factor, (int64_t)CENT_E4 * 1000 * WHOLE_E2, &cents) < 0)
        return -ERANGE;
    return __builtin_mul_overflow(cents, CENT_E4, out) ? -ERANGE : 0;
}

/* The file's total of the line may be off by a cent for each unit: shops round unit prices. */
static void compare_line(const struct line_facts *f, int64_t computed, size_t number, struct notes *warnings)
{
    const struct order_line *l = f->from;
    int64_t difference, units = (llabs(l->quantity_e3) + 999) / 1000;
    if (__builtin_sub_overflow(f->total_e4, computed, &difference) || difference == INT64_MIN)
        difference = INT64_MAX;
    if (l->has_price && llabs(difference) / CENT_E4 > (units > 1 ? units : 1)) {
        auto_buf b = BUF_INIT;
        buf_addf(&b, "line %zu: the file's total is ", number);
        text_amount(&b, f->total_e4);
        buf_add_str(&b, ", price and quantity give ");
        text_amount(&b, computed);
        buf_add_str(&b, "; the file's is kept");
        notes_add(warnings, "%s", buf_str(&b));
    }
}

int line_amounts(struct line_facts *f, size_t number, struct notes *warnings, struct error *err)
{
    const struct order_line *l = f->from;
    if (l->discount_percent_e2 < -WHOLE_E2 || l->discount_percent_e2 > WHOLE_E2 ||
        (f->has_vat && (f->vat_percent_e2 < 0 || f->vat_percent_e2 > 10 * WHOLE_E2))) {
        error_set(err, -ERANGE, "line %zu: a percentage is out of range", number);
        error_at(err, NULL, l->line, f->has_vat && f->vat_percent_e2 < 0 ? "vat" : "discount");
        error_advise(err, "a discount is at most 100 percent, a VAT rate from 0 to 1000; correct it and send "
                          "the order again");
        return -ERANGE;
    }
    int64_t vat = f->has_vat ? f->vat_percent_e2 : 0;
    int64_t price, computed;
    bool gross = l->price_has_vat;
    if (unit_price(l, &price) < 0)
        return too_big(number, l, "price", err);
    if (gross) {
        f->price_e4 = price;
        f->has_net = f->has_vat;
        if (f->has_net && take_vat(price, vat, &f->price_net_e4) < 0)
            return too_big(number, l, "price", err);
    } else {
        f->has_net = true;
        f->price_net_e4 = price;
        if (add_vat(price, vat, &f->price_e4) < 0)
            return too_big(number, l, "price", err);
        if (!f->has_vat && price)
            notes_add(warnings, "line %zu: the price is without VAT and no VAT rate is known; taken as it is",
                      number);
    }
    if (product_total(f->price_e4, l, &computed) < 0)
        return too_big(number, l, "total", err);
    f->total_e4 = computed;
    if (l->has_total) {
        int64_t total = l->total_e4;
        if ((!gross && add_vat(total, vat, &total) < 0) || to_cents(total, &f->total_e4) < 0)
            return too_big(number, l, "total", err);
        compare_line(f, computed, number, warnings);
    }
    if (l->quantity_e3 <= 0 && (l->kind == LINE_PRODUCT || l->kind == LINE_GIFT))
        notes_add(warnings, "line %zu: the quantity is %s; nothing is reserved", number,
                  l->quantity_e3 ? "negative" : "0 in thousandths");
    if (!l->has_price && !l->has_total && l->kind == LINE_PRODUCT)
        notes_add(warnings, "line %zu: the file has no price; counted as 0", number);
    if (l->has_total && !gross)
        f->total_net_e4 = l->total_e4;
    else if (take_vat(f->total_e4, vat, &f->total_net_e4) < 0)
        return too_big(number, l, "total", err);
    if (to_cents(f->total_net_e4, &f->total_net_e4) < 0)
        return too_big(number, l, "total", err);
    return 0;
}

static int sum_too_big(const struct order *o, struct error *err)
{
    error_set(err, -ERANGE, "the order's total is too big to be counted");
    error_at(err, NULL, o->line, "total");
    error_advise(err, "correct the numbers in the web shop and send the order again");
    return -ERANGE;
}

int order_amounts(struct order_facts *f, struct error *err)
{
    const struct order *o = f->from;
    int64_t sum = 0, net = 0, slack = 0;
    for (size_t i = 0; i < o->n_lines; i++) {
        if (__builtin_add_overflow(sum, f->lines[i].total_e4, &sum) ||
            __builtin_add_overflow(net, f->lines[i].total_net_e4, &net))
            return sum_too_big(o, err);
        /* A line priced without VAT was rounded by us; the shop may have rounded elsewhere. */
        if (!o->lines[i].price_has_vat || o->total_is_net)
            slack += CENT_E4;
    }
    f->lines_total_e4 = sum;
    f->has_total = o->has_total;
    if (!o->has_total)
        return 0;
    int64_t expected = o->total_is_net ? net : sum;
    int64_t difference, vat;
    f->total_e4 = o->total_e4;
    if (__builtin_sub_overflow(sum, net, &vat) ||
        (o->total_is_net && __builtin_add_overflow(o->total_e4, vat, &f->total_e4)) ||
        __builtin_sub_overflow(expected, o->total_e4, &difference) || difference == INT64_MIN)
        return sum_too_big(o, err);
    f->difference_e4 = llabs(difference) > slack ? difference : 0;
    return 0;
}

/* Whether the file's total is the lines' less what a certificate, bonus or both pay. */
static bool is_what_was_paid(const struct order_facts *f)
{
    const struct order *o = f->from;
    int64_t certificate = o->has_certificate_amount ? o->certificate_e4 : f->certificate_used_e4;
    int64_t rest = f->difference_e4;

    return rest == certificate || rest == o->bonus_used_e4 ||
           (o->bonus_used_e4 && rest - o->bonus_used_e4 == certificate);
}

void order_compare_total(struct order_facts *f)
{
    const struct order *o = f->from;

    if (!f->difference_e4 || is_what_was_paid(f))
        return;
    auto_buf b = BUF_INIT;
    buf_add_str(&b, "the file's total is ");
    text_amount(&b, o->total_e4);
    buf_add_str(&b, ", the lines give ");
    text_amount(&b, o->total_e4 + f->difference_e4);
    if (o->total_is_net)
        buf_add_str(&b, " (both without VAT)");
    notes_add(&f->warnings, "%s", buf_str(&b));
}
