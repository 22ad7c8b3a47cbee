#include "mapping/order_value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define REMARKS_MAX 50
#define SHOWN_MAX 60  /* characters of a value in a message */
#define EXTRA_SCALE 4 /* digits kept while multiplying and dividing */

void order_remark(struct reader *r, int line, const char *format, ...)
{
    struct order *o = r->out;
    auto_buf text = BUF_INIT;
    va_list args;

    if (o->n_warnings >= REMARKS_MAX)
        return;
    if (line)
        buf_addf(&text, "line %d: ", line);
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    o->warnings = xreallocarray(o->warnings, o->n_warnings + 1, sizeof *o->warnings);
    o->warnings[o->n_warnings++] = buf_detach(&text, NULL);
}

void order_refuse(struct reader *r, int line, const char *field, const char *message, const char *advice)
{
    struct error *e = &r->out->error;

    if (e->message)
        return;
    error_set(e, -EINVAL, "%s", message);
    error_at(e, NULL, line, field);
    if (advice)
        error_advise(e, "%s", advice);
}

int order_node_line(const xmlNode *node)
{
    if (node && node->type == XML_ATTRIBUTE_NODE)
        node = node->parent;
    return node ? (int)xmlGetLineNo((xmlNodePtr)node) : 0;
}

/* One value found. */
struct found {
    struct buf raw, text; /* as in the file; after the value map */
    bool computed;        /* XPath gave a number */
    double number;
    int line;
};

static void found_release(struct found *v)
{
    buf_release(&v->raw);
    buf_release(&v->text);
}

static void apply_map(const struct word_map *map, struct found *v)
{
    buf_clear(&v->text);
    if (map)
        order_word_map(map, buf_str(&v->raw), &v->text);
    else
        buf_add(&v->text, buf_str(&v->raw), v->raw.len);
}

static void take_nodes(const xmlNodeSet *set, const char *separator, const struct word_map *map,
                       struct found *v)
{
    auto_buf joined = BUF_INIT;

    for (int i = 0; i < set->nodeNr; i++) {
        xmlNodePtr node = set->nodeTab[i];

        if (node->type == XML_NAMESPACE_DECL)
            continue;
        buf_clear(&v->raw);
        xpath_node_text(&v->raw, node);
        if (v->raw.len == 0)
            continue;
        order_mark(node);
        v->line = order_node_line(node);
        if (!separator)
            break;
        if (joined.len)
            buf_add_str(&joined, separator);
        buf_add(&joined, v->raw.data, v->raw.len);
    }
    if (separator && joined.len) {
        buf_clear(&v->raw);
        buf_add(&v->raw, joined.data, joined.len);
    }
    if (v->raw.len)
        apply_map(map, v);
}

/* The value of one XPath; nothing: v->text stays empty. */
static void take_path(struct reader *r, const struct xpath *x, const char *separator,
                      const struct word_map *map, xmlNodePtr at, struct found *v)
{
    xmlXPathObjectPtr o = xpath_run(r->run, x, at);
    xmlChar *text = NULL;

    if (!o)
        return;
    if (o->type == XPATH_NODESET) {
        if (o->nodesetval)
            take_nodes(o->nodesetval, separator, map, v);
    } else {
        if (o->type == XPATH_NUMBER) {
            v->computed = !xmlXPathIsNaN(o->floatval) && !xmlXPathIsInf(o->floatval);
            v->number = o->floatval;
        }
        if (o->type != XPATH_NUMBER || v->computed)
            text = xmlXPathCastToString(o);
        if (text) {
            text_collapse(&v->raw, (const char *)text, strlen((const char *)text));
            if (v->raw.len)
                apply_map(map, v);
            v->computed = v->computed && !map;
        }
        xmlFree(text);
    }
    xmlXPathFreeObject(o);
}

static void take_join(struct reader *r, const struct source *s, xmlNodePtr at, struct found *v)
{
    bool any = false;

    for (size_t i = 0; i < s->n_parts; i++) {
        const struct part *p = &s->parts[i];
        struct found one = {0};

        if (p->text) {
            buf_add_str(&one.text, p->text);
        } else {
            take_path(r, &p->path, NULL, p->map, at, &one);
            any |= one.text.len > 0;
        }
        if (one.text.len) {
            if (v->raw.len)
                buf_add_str(&v->raw, s->separator);
            buf_add(&v->raw, one.text.data, one.text.len);
        }
        if (one.line && !v->line)
            v->line = one.line;
        found_release(&one);
    }
    if (any)
        apply_map(s->map, v);
}

static void take_text(struct reader *r, const struct source *s, xmlNodePtr at, struct found *v)
{
    buf_clear(&v->raw);
    buf_clear(&v->text);
    v->computed = false;
    if (s->kind == SOURCE_CONSTANT) {
        buf_add_str(&v->raw, s->text);
        buf_add_str(&v->text, s->text);
    } else if (s->kind == SOURCE_JOIN) {
        take_join(r, s, at, v);
    } else {
        take_path(r, &s->path, s->separator, s->map, at, v);
    }
}

/* Where the mapping looks, for the reader of the message. */
static void refuse_missing(struct reader *r, const struct field *f, int line)
{
    auto_buf message = BUF_INIT;
    auto_buf advice = BUF_INIT;

    for (size_t i = 0; i < f->n_sources; i++) {
        const struct source *s = &f->sources[i];
        const char *path = s->path.text ? s->path.text : s->n_parts ? s->parts[0].path.text : NULL;

        if (path)
            buf_addf(&advice, "%s%s", advice.len ? ", " : "the mapping looks for it in: ", path);
    }
    buf_addf(&message, "the field '%s' is required and the file has no value for it", f->name);
    order_refuse(r, line, f->name, buf_str(&message), advice.len ? buf_str(&advice) : NULL);
}

/* The paths of a source, as its author wrote them. */
static void describe_source(const struct source *s, struct buf *out)
{
    switch (s->kind) {
    case SOURCE_FROM:
        buf_add_str(out, s->path.text);
        break;
    case SOURCE_CONSTANT:
        buf_add_str(out, "constant");
        break;
    case SOURCE_DERIVE:
        buf_addf(out, "derived from %s and %s", s->path.text, s->gross.text);
        break;
    case SOURCE_JOIN:
    case SOURCE_SUM:
        for (size_t i = 0; i < s->n_parts; i++)
            buf_addf(out, "%s%s%s%s", i ? " + " : "", s->parts[i].text ? "'" : "",
                     s->parts[i].text ? s->parts[i].text : s->parts[i].path.text,
                     s->parts[i].text ? "'" : "");
        break;
    }
    if (s->per.text)
        buf_addf(out, " per %s", s->per.text);
}

/* Tells the trace where a value came from; s NULL: the field's default. */
static void tell(struct reader *r, const struct field *f, const struct source *s, const struct found *v,
                 const char *value)
{
    auto_buf source = BUF_INIT;

    if (!r->trace || !r->trace->value)
        return;
    if (s)
        describe_source(s, &source);
    r->trace->value(r->trace->arg, &(struct order_value){
                                       .order = r->index,
                                       .place = r->place ? r->place : "",
                                       .field = f->name,
                                       .source = s ? buf_str(&source) : "default",
                                       .mapping_line = s ? s->line : f->line,
                                       .file_line = s ? v->line : 0,
                                       .raw = s ? buf_str(&v->raw) : value,
                                       .value = value,
                                   });
}

static bool present(const struct field *f)
{
    return f->line != 0;
}

char *order_text(struct reader *r, const struct field *f, xmlNodePtr at, char **raw)
{
    struct found v = {0};
    const struct source *from = NULL;
    char *text = NULL;

    if (!present(f))
        return NULL;
    for (size_t i = 0; i < f->n_sources && v.text.len == 0; i++) {
        from = &f->sources[i];
        take_text(r, from, at, &v);
    }
    if (v.text.len) {
        tell(r, f, from, &v, buf_str(&v.text));
        if (raw)
            *raw = buf_detach(&v.raw, NULL);
        text = buf_detach(&v.text, NULL);
    } else if (f->fallback && *f->fallback) {
        text = xstrdup(f->fallback);
        tell(r, f, NULL, &v, text);
    } else if (f->required) {
        refuse_missing(r, f, order_node_line(at));
    }
    found_release(&v);
    return text;
}

static int shown(const char *text)
{
    return (int)text_utf8_prefix(text, strlen(text), SHOWN_MAX);
}

char *order_date(struct reader *r, const struct field *f, xmlNodePtr at)
{
    struct found v = {0};
    char date[CLOCK_SQL_LEN + 1];
    char *result = NULL;
    bool refused = false;

    if (!present(f))
        return NULL;
    for (size_t i = 0; i < f->n_sources && !result; i++) {
        take_text(r, &f->sources[i], at, &v);
        if (v.text.len == 0)
            continue;
        switch (clock_parse_date(buf_str(&v.text), f->sources[i].month_first, date)) {
        case 0:
            result = xstrdup(date);
            tell(r, f, &f->sources[i], &v, date);
            break;
        case 1:
            break;
        default:
            refused = true;
            order_remark(r, v.line, "%s: '%.*s' is not a date that exists; left out", f->name,
                         shown(buf_str(&v.raw)), buf_str(&v.raw));
        }
    }
    if (!result && !refused && f->fallback && clock_parse_date(f->fallback, false, date) == 0)
        result = xstrdup(date);
    if (!result && f->required)
        refuse_missing(r, f, v.line ? v.line : order_node_line(at));
    found_release(&v);
    return result;
}

int order_flag(struct reader *r, const struct field *f, xmlNodePtr at)
{
    struct found v = {0};
    int flag = -1;

    if (!present(f))
        return -1;
    for (size_t i = 0; i < f->n_sources && flag < 0; i++) {
        take_text(r, &f->sources[i], at, &v);
        if (v.text.len == 0)
            continue;
        flag = order_flag_word(buf_str(&v.text));
        if (flag < 0)
            order_remark(r, v.line, "%s: '%.*s' is neither yes nor no; left out", f->name,
                         shown(buf_str(&v.raw)), buf_str(&v.raw));
        else
            tell(r, f, &f->sources[i], &v, flag ? "yes" : "no");
    }
    if (flag < 0 && f->fallback) {
        flag = order_flag_word(f->fallback);
        tell(r, f, NULL, &v, flag == 1 ? "yes" : "no");
    }
    if (flag < 0 && f->required)
        refuse_missing(r, f, order_node_line(at));
    found_release(&v);
    return flag;
}

/* -- numbers -------------------------------------------------------------------------------------------- */

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
            take_path(r, &p->path, NULL, p->map, at, &one);
        if (one.text.len) {
            if (parse_number(&one, s->numbers, scale, &value) != 0 ||
                __builtin_add_overflow(*out, value, out)) {
                result = TAKEN_BAD;
                buf_clear(&v->raw);
                buf_add_str(&v->raw, one.raw.len ? buf_str(&one.raw) : buf_str(&one.text));
            } else if (!p->text) {
                result = TAKEN;
            }
            if (one.line)
                v->line = one.line;
        }
        found_release(&one);
    }
    return result;
}

/* A rate out of an amount with and without it, moved to the nearest known one: amounts are rounded to cents,
 * rates are not. */
static bool derive_rate(const struct order_map *map, int64_t net, int64_t gross, int64_t *out)
{
    int64_t rate, nearest = -1, tolerance, size = net < 0 ? -net : net;

    if (net == 0 || decimal_mul_div(gross - net, 10000, net, &rate) != 0 || rate < 0)
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
    take_path(r, &s->path, NULL, NULL, at, v);
    take_path(r, &s->gross, NULL, NULL, at, &gross);
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
        take_text(r, s, at, v);
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

        take_path(r, &s->per, NULL, NULL, at, &per);
        if (per.text.len && (parse_number(&per, s->numbers, 6, &per_e6) != 0 || per_e6 == 0))
            per_e6 = 1000000;
        found_release(&per);
        if (decimal_mul_div(*out, 1000000, per_e6, out) != 0)
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
    tell(r, f, s, v, buf_str(&text));
}

bool order_number(struct reader *r, const struct field *f, xmlNodePtr at, bool strict, int64_t *out,
                  enum vat_meaning *vat)
{
    struct found v = {0};
    enum taken result = TAKEN_NONE;
    const struct source *from = NULL;
    int scale = scale_of(f->type);
    int64_t value = 0;

    if (!present(f))
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
        int line = v.line ? v.line : order_node_line(at);

        if (strict || f->required) {
            auto_buf message = BUF_INIT;

            buf_addf(&message, "'%.*s' is not a number that can be used", shown(buf_str(&v.raw)),
                     buf_str(&v.raw));
            order_refuse(r, line, f->name, buf_str(&message),
                         "write it with digits and one decimal sign, as 1234.50");
        } else {
            order_remark(r, line, "%s: '%.*s' is not a number; left out", f->name, shown(buf_str(&v.raw)),
                         buf_str(&v.raw));
        }
    } else if (result == TAKEN_NONE) {
        if (f->fallback &&
            decimal_parse(f->fallback, strlen(f->fallback), DECIMAL_POINT, scale, &value) == 0) {
            result = TAKEN;
            tell_number(r, f, NULL, &v, value);
        } else if (f->required)
            refuse_missing(r, f, order_node_line(at));
    }
    found_release(&v);
    if (result == TAKEN)
        *out = value;
    return result == TAKEN;
}
