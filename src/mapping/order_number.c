/* Numbers of a field: their shapes, multiples, sums and rates out of two amounts. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/order_take.h"

#define EXTRA_SCALE 4 /* digits kept while multiplying and dividing */

static int scale_of(enum field_type type)
{
    switch (type) {
    case FIELD_QUANTITY:
        return QUANTITY_SCALE;
    case FIELD_PERCENT:
        return PERCENT_SCALE;
    case FIELD_RATE:
        return RATE_SCALE;
    default:
        return PRICE_SCALE;
    }
}

/* Length of a number without what follows its last digit, where that is a unit: "1 331,00 Kč", "150 грн.",
 * "12 %". */
static size_t without_unit(const char *text, size_t len)
{
    size_t digits = len, sign;

    while (digits && !isdigit((unsigned char)text[digits - 1]))
        digits--;
    if (digits == 0 || digits == len)
        return len;
    for (sign = digits; sign < len; sign++) {
        unsigned char c = (unsigned char)text[sign];

        if (!isalpha(c) && c < 0x80 && c != ' ' && c != '.' && c != '%' && c != '$')
            return len;
    }
    return text[digits] == '.' && digits + 1 == len ? len : digits;
}

static int parse_number(const struct found *v, enum decimal_style style, int scale, int64_t *out)
{
    if (v->computed)
        return decimal_from_double(v->number, scale, out);
    return decimal_parse(buf_str(&v->text), without_unit(buf_str(&v->text), v->text.len), style, scale, out);
}

enum taken { TAKEN_NONE, TAKEN, TAKEN_BAD };

static enum taken take_sum(struct reader *r, const struct source *s, xmlNodePtr at, int scale,
                           struct found *v, int64_t *out)
{
    enum taken result = TAKEN_NONE;

    *out = 0;
    for (size_t i = 0; i < s->n_parts && result != TAKEN_BAD; i++) {
        const struct part *p = &s->parts[i];
        struct found one = {0};
        int64_t value;

        if (p->text)
            buf_add_str(&one.text, p->text);
        else
            found_take_path(r, &p->path, NULL, p->map, at, &one);
        if (one.text.len) {
            if (parse_number(&one, s->numbers, scale, &value) != 0 ||
                __builtin_add_overflow(*out, value, out)) {
                result = TAKEN_BAD;
                buf_clear(&v->raw);
                buf_add_str(&v->raw, one.raw.len ? buf_str(&one.raw) : buf_str(&one.text));
            } else if (!p->text) {
                result = TAKEN;
            }
            if (one.node)
                v->node = one.node;
        }
        found_release(&one);
    }
    return result;
}

/* A rate out of an amount with and without it, moved to the nearest known one: amounts are rounded to cents,
 * rates are not. */
static bool derive_rate(const struct order_map *map, int64_t net, int64_t gross, int64_t *out)
{
    int64_t vat, rate, nearest = -1, tolerance, size = net < 0 ? -net : net;

    if (net == 0 || __builtin_sub_overflow(gross, net, &vat) ||
        decimal_mul_div(vat, 10000, net, &rate) != 0 || rate < 0)
        return false;
    tolerance = 2000000 / size; /* two cents of the net amount, in hundredths of a percent */
    tolerance = tolerance < 50 ? 50 : tolerance > 300 ? 300 : tolerance;
    for (size_t i = 0; i < map->n_vat_rates; i++) {
        int64_t known = map->vat_rates_e2[i];

        if (nearest < 0 || llabs(known - rate) < llabs(nearest - rate))
            nearest = known;
    }
    *out = nearest >= 0 && llabs(nearest - rate) <= tolerance ? nearest : rate;
    return true;
}

static enum taken take_derived(struct reader *r, const struct source *s, xmlNodePtr at, struct found *v,
                               int64_t *out)
{
    struct found gross = {0};
    int64_t net_e4, gross_e4;
    enum taken result = TAKEN_NONE;

    buf_clear(&v->raw);
    buf_clear(&v->text);
    found_take_path(r, &s->path, NULL, NULL, at, v);
    found_take_path(r, &s->gross, NULL, NULL, at, &gross);
    if (v->text.len && gross.text.len && parse_number(v, s->numbers, PRICE_SCALE, &net_e4) == 0 &&
        parse_number(&gross, s->numbers, PRICE_SCALE, &gross_e4) == 0 &&
        derive_rate(r->map, net_e4, gross_e4, out))
        result = TAKEN;
    found_release(&gross);
    return result;
}

static enum taken take_number(struct reader *r, const struct source *s, xmlNodePtr at, int scale,
                              struct found *v, int64_t *out)
{
    bool exact = s->multiply_e6 == 1000000 && !s->per.compiled;
    int work = exact ? scale : scale + EXTRA_SCALE;
    enum taken result;

    if (s->kind == SOURCE_DERIVE)
        return take_derived(r, s, at, v, out);
    if (s->kind == SOURCE_SUM) {
        result = take_sum(r, s, at, work, v, out);
    } else {
        found_take(r, s, at, v);
        if (v->text.len == 0)
            return TAKEN_NONE;
        result = parse_number(v, s->numbers, work, out) == 0 ? TAKEN : TAKEN_BAD;
    }
    if (result != TAKEN || exact)
        return result;
    if (s->multiply_e6 != 1000000 && decimal_mul_div(*out, s->multiply_e6, 1000000, out) != 0)
        return TAKEN_BAD;
    if (s->per.compiled) {
        struct found per = {0};
        int64_t per_e6 = 1000000;

        found_take_path(r, &s->per, NULL, NULL, at, &per);
        if (per.text.len && parse_number(&per, s->numbers, 6, &per_e6) != 0) {
            result = TAKEN_BAD;
            buf_clear(&v->raw);
            buf_add_str(&v->raw, buf_str(&per.raw));
            v->node = per.node;
        }
        found_release(&per);
        if (result == TAKEN_BAD || decimal_mul_div(*out, 1000000, per_e6 ? per_e6 : 1000000, out) != 0)
            return TAKEN_BAD;
    }
    return decimal_rescale(*out, work, scale, out) == 0 ? TAKEN : TAKEN_BAD;
}

static void tell_number(struct reader *r, const struct field *f, const struct source *s,
                        const struct found *v, int64_t value)
{
    auto_buf text = BUF_INIT;

    if (!r->trace)
        return;
    decimal_format(&text, value, scale_of(f->type), -1, '.');
    field_tell(r, f, s, v, buf_str(&text));
}

bool order_number(struct reader *r, const struct field *f, xmlNodePtr at, bool strict, int64_t *out,
                  enum vat_meaning *vat)
{
    struct found v = {0};
    enum taken result = TAKEN_NONE;
    const struct source *from = NULL;
    int scale = scale_of(f->type);
    int64_t value = 0;

    if (!field_present(f))
        return false;
    for (size_t i = 0; i < f->n_sources && result == TAKEN_NONE; i++) {
        from = &f->sources[i];
        result = take_number(r, from, at, scale, &v, &value);
        if (vat)
            *vat = from->vat;
    }
    if (result == TAKEN)
        tell_number(r, f, from, &v, value);
    if (result == TAKEN_BAD) {
        xmlNodePtr node = v.node ? v.node : at;

        if (strict || f->required) {
            auto_buf message = BUF_INIT;

            buf_addf(&message, "'%.*s' is not a number that can be used", field_shown(buf_str(&v.raw)),
                     buf_str(&v.raw));
            order_refuse(r, node, f->name, buf_str(&message),
                         "write it with digits and one decimal sign, as 1234.50");
        } else {
            order_remark(r, order_node_line(node), "%s: '%.*s' is not a number; left out", f->name,
                         field_shown(buf_str(&v.raw)), buf_str(&v.raw));
        }
    } else if (result == TAKEN_NONE) {
        if (f->fallback &&
            decimal_parse(f->fallback, strlen(f->fallback), DECIMAL_POINT, scale, &value) == 0) {
            result = TAKEN;
            tell_number(r, f, NULL, &v, value);
        } else if (f->required)
            field_refuse_missing(r, f, at);
    }
    found_release(&v);
    if (result == TAKEN)
        *out = value;
    return result == TAKEN;
}
