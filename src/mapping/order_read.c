/* The reader: a document and a compiled mapping to normalised orders. */
#include "mapping/order_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static char **text_member(void *base, const struct field *f)
{
    return (char **)((char *)base + f->offset);
}

/* Fills the text members of one of the structs. */
static bool read_texts(struct reader *r, const struct field *fields, size_t n, void *into, xmlNodePtr at)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (!fields[i].line || fields[i].type != FIELD_TEXT)
            continue;
        char **member = text_member(into, &fields[i]);

        free(*member);
        *member = order_text(r, &fields[i], at, NULL);
        any |= *member != NULL;
    }
    return any;
}

static void read_addresses(struct reader *r, const struct address_map *maps, size_t n,
                           struct order_address *out, xmlNodePtr at)
{
    for (size_t i = 0; i < n && !out->present; i++) {
        xmlNodePtr base = at;

        if (maps[i].base.compiled) {
            xmlXPathObjectPtr o = xpath_run(r->run, &maps[i].base, at);

            base = o && o->type == XPATH_NODESET && o->nodesetval && o->nodesetval->nodeNr > 0
                       ? o->nodesetval->nodeTab[0]
                       : NULL;
            xmlXPathFreeObject(o);
            if (base && base->type == XML_NAMESPACE_DECL)
                base = NULL;
        }
        if (base)
            out->present = read_texts(r, maps[i].fields, ORDER_ADDRESS_FIELDS, out, base);
    }
}

/* Whether an amount is with VAT, as its source says; flag: order_flag's answer. */
static bool with_vat(const struct order_map *map, enum vat_meaning meaning, int flag)
{
    switch (meaning) {
    case VAT_INCLUDED:
        return true;
    case VAT_EXCLUDED:
        return false;
    case VAT_FLAG:
        return flag < 0 ? map->vat_included : flag;
    case VAT_DEFAULT:
        break;
    }
    return map->vat_included;
}

static void read_currency(struct reader *r, xmlNodePtr at)
{
    const struct field *f = &r->section->fields[ORDER_CURRENCY];
    char *raw = NULL, *text = order_text(r, f, at, &raw);

    if (text && strlen(text) == 3 && isalpha((unsigned char)text[0]) && isalpha((unsigned char)text[1]) &&
        isalpha((unsigned char)text[2])) {
        for (char *c = text; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        r->out->currency = text;
        text = NULL;
    } else if (text) {
        char *message = xasprintf("'%.60s' is not a currency", raw ? raw : text);

        /* Prices in an unknown currency must not become prices in ours. */
        order_refuse(r, at, f->name, message,
                     "use the three letters of ISO 4217, or add the word to the mapping's map of currencies");
        free(message);
    }
    free(text);
    free(raw);
}

/* A word of ours and the file's own; what the map does not know stays text. */
static void read_state(struct reader *r, enum order_field which, const char *(*known)(const char *word),
                       xmlNodePtr at, char **word, char **text)
{
    char *is = order_text(r, &r->section->fields[which], at, text);

    if (is && known(is))
        *word = is;
    else
        free(is);
}

/* The flag goes before the word: it is the more definite of the two. */
static void read_payment(struct reader *r, xmlNodePtr at)
{
    struct order *o = r->out;
    int flag = order_flag(r, &r->section->fields[ORDER_PAID], at);

    read_state(r, ORDER_PAYMENT_STATUS, order_payment_word, at, &o->payment, &o->payment_text);
    o->has_paid = flag >= 0;
    o->paid = o->has_paid ? flag : o->payment && strcmp(o->payment, "paid") == 0;
}

static void read_header(struct reader *r, xmlNodePtr at)
{
    const struct field *f = r->section->fields;
    struct order *o = r->out;
    enum vat_meaning meaning = VAT_DEFAULT;
    int64_t value;
    int flag;

    read_texts(r, f, ORDER_FIELDS, o, at);
    if (!o->number && !o->error.message)
        order_refuse(r, at, "number",
                     o->kind == ORDER_IS_INVOICE ? "the invoice has no number" : "the order has no number",
                     NULL);
    o->ordered = order_date(r, &f[ORDER_ORDERED], at);
    o->due_on = order_date(r, &f[ORDER_DUE_ON], at);
    o->paid_on = order_date(r, &f[ORDER_PAID_ON], at);
    o->deliver_on = order_date(r, &f[ORDER_DELIVER_ON], at);
    read_state(r, ORDER_STATUS, order_status_word, at, &o->status, &o->status_text);
    read_payment(r, at);
    o->cancelled = order_flag(r, &f[ORDER_CANCELLED], at) == 1;
    read_currency(r, at);
    if (order_number(r, &f[ORDER_RATE], at, false, &value, NULL) && value > 0)
        o->rate_e6 = value;
    flag = order_flag(r, &f[ORDER_VAT_INCLUDED], at);
    o->has_total = order_number(r, &f[ORDER_TOTAL], at, false, &o->total_e4, &meaning);
    o->total_is_net = o->has_total && !with_vat(r->map, meaning, flag);
    o->has_certificate_amount =
        order_number(r, &f[ORDER_CERTIFICATE_AMOUNT], at, true, &o->certificate_e4, NULL);
    if (order_number(r, &f[ORDER_BONUS_USED], at, true, &value, NULL))
        o->bonus_used_e4 = value;
    r->place = "billing";
    read_addresses(r, r->section->billing, r->section->n_billing, &o->billing, at);
    r->place = "delivery";
    read_addresses(r, r->section->delivery, r->section->n_delivery, &o->delivery, at);
    r->place = NULL;
}

static void read_kind(struct reader *r, const struct line_map *m, xmlNodePtr at, struct order_line *l)
{
    char *raw = NULL, *text = order_text(r, &m->fields[L_KIND], at, &raw);

    l->kind = m->kind;
    if (text && order_line_kind_parse(text, &l->kind) != 0) {
        l->kind = LINE_OTHER;
        order_remark(r, order_node_line(at), "kind: the mapping does not know '%.60s'; kept as other",
                     raw ? raw : text);
    }
    free(raw);
    free(text);
}

/* The total in the meaning of the price, where the rate allows it. */
static void settle_total(struct order_line *l, bool total_has_vat)
{
    int64_t factor = 10000 + l->vat_percent_e2;

    if (!l->has_total || total_has_vat == l->price_has_vat)
        return;
    if (!l->has_vat || factor <= 0) {
        l->has_total = false;
        return;
    }
    if (decimal_mul_div(l->total_e4, l->price_has_vat ? factor : 10000, l->price_has_vat ? 10000 : factor,
                        &l->total_e4) != 0)
        l->has_total = false;
}

static void read_amounts(struct reader *r, const struct line_map *m, xmlNodePtr at, struct order_line *l)
{
    enum vat_meaning price_means = VAT_DEFAULT, total_means = VAT_DEFAULT;
    int flag = order_flag(r, &m->fields[L_VAT_INCLUDED], at);
    bool total_has_vat;

    if (!order_number(r, &m->fields[L_QUANTITY], at, true, &l->quantity_e3, NULL))
        l->quantity_e3 = 1000;
    l->has_vat = order_number(r, &m->fields[L_VAT_PERCENT], at, false, &l->vat_percent_e2, NULL);
    l->has_price = order_number(r, &m->fields[L_PRICE], at, true, &l->price_e4, &price_means);
    l->price_has_vat = with_vat(r->map, price_means, flag);
    order_number(r, &m->fields[L_DISCOUNT_PERCENT], at, true, &l->discount_percent_e2, NULL);
    l->has_total = order_number(r, &m->fields[L_TOTAL], at, false, &l->total_e4, &total_means);
    total_has_vat = with_vat(r->map, total_means, flag);
    if (!l->has_price && l->has_total && l->quantity_e3 != 0 &&
        decimal_mul_div(l->total_e4, 1000, l->quantity_e3, &l->price_e4) == 0) {
        l->has_price = true;
        l->price_has_vat = total_has_vat;
    }
    settle_total(l, total_has_vat);
}

static void add_line(struct reader *r, const struct line_map *m, xmlNodePtr at, size_t *cap)
{
    struct order_line l = {0};
    char place[40];

    snprintf(place, sizeof place, "line %zu", r->out->n_lines + 1);
    r->place = m->extra ? "extra line" : place;
    read_kind(r, m, at, &l);
    read_texts(r, m->fields, LINE_FIELDS, &l, at);
    read_amounts(r, m, at, &l);
    r->place = NULL;
    if (!m->extra)
        l.line = order_node_line(at);
    if (m->extra && (!l.has_price || (l.price_e4 == 0 && !m->keep_zero))) {
        order_line_release(&l);
        return;
    }
    if (!l.name)
        l.name = xstrdup_or_null(m->title);
    if (!m->extra && !l.code && !l.barcode && !l.external_id && !l.shop_id && !l.name)
        order_remark(r, l.line, "the line names no product: it has no code, barcode, id or name");
    array_grow(r->out->lines, r->out->n_lines, *cap);
    r->out->lines[r->out->n_lines++] = l;
}

/* Returns how many lines of the document there are, or negative: too many. */
static int read_lines(struct reader *r, const struct line_map *m, xmlNodePtr at,
                      const struct order_limits *limits, size_t *cap)
{
    xmlXPathObjectPtr o;
    int n = 0, lines = 0;

    if (m->extra) {
        add_line(r, m, at, cap);
        return 0;
    }
    o = xpath_run(r->run, &m->path, at);
    if (o && o->type == XPATH_NODESET && o->nodesetval)
        n = o->nodesetval->nodeNr;
    for (int i = 0; i < n && lines >= 0; i++) {
        xmlNodePtr node = o->nodesetval->nodeTab[i];

        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (r->out->n_lines >= limits->lines) {
            char *message = xasprintf("the order has more than %u lines", limits->lines);

            order_refuse(r, node, "lines", message,
                         "divide the order, or raise 'max-lines' in the site's configuration");
            free(message);
            lines = -1;
            break;
        }
        add_line(r, m, node, cap);
        order_leftovers_settle(r->run, &m->leftovers, node, at, r->out);
        lines++;
    }
    xmlXPathFreeObject(o);
    return lines;
}

static void refuse_without_lines(struct reader *r, const xmlNode *at)
{
    auto_buf advice = BUF_INIT;

    for (size_t i = 0; i < r->section->n_lines; i++)
        if (!r->section->lines[i].extra)
            buf_addf(&advice, "%s%s",
                     advice.len ? ", " : "the mapping looks for them in: ", r->section->lines[i].path.text);
    order_refuse(r, at, "lines",
                 r->out->kind == ORDER_IS_INVOICE ? "the invoice has no lines" : "the order has no lines",
                 buf_str(&advice));
}

static void read_order(struct reader *r, xmlNodePtr at, const struct order_limits *limits)
{
    const struct section *section = r->section;
    bool required = false;
    int lines = 0;
    size_t cap = 0;

    order_init(r->out);
    r->out->kind = section->kind;
    r->out->by_external_id = section->by_external_id;
    r->out->line = order_node_line(at);
    read_header(r, at);
    for (size_t i = 0; i < section->n_lines && lines >= 0; i++) {
        int n = read_lines(r, &section->lines[i], at, limits, &cap);

        required |= section->lines[i].required;
        lines = n < 0 ? n : lines + n;
    }
    if (lines == 0 && required)
        refuse_without_lines(r, at);
    order_leftovers_settle(r->run, &section->leftovers, at, at, r->out);
    order_leftovers_collect(at, r->out);
}

/* "3 invoices, 1 credit note" where a file of the format holds other documents than orders. */
static void count_others(const struct order_map *map, struct xpath_runner *run, xmlDocPtr doc,
                         struct order_file *out)
{
    auto_buf text = BUF_INIT;

    for (size_t i = 0; i < map->n_others; i++) {
        xmlXPathObjectPtr o = xpath_run(run, &map->others[i].path, (xmlNodePtr)doc);

        if (o && o->type == XPATH_NODESET && o->nodesetval && o->nodesetval->nodeNr > 0)
            buf_addf(&text, "%s%d %s", text.len ? ", " : "", o->nodesetval->nodeNr, map->others[i].name);
        xmlXPathFreeObject(o);
    }
    if (text.len) {
        free(out->others);
        out->others = buf_detach(&text, NULL);
    }
}

/* The documents of one section, appended. */
static int read_section(struct reader *r, xmlDocPtr doc, const struct order_limits *limits,
                        struct order_file *out, struct error *err)
{
    xmlXPathObjectPtr o = xpath_run(r->run, &r->section->path, (xmlNodePtr)doc);
    xmlNodeSetPtr set = o && o->type == XPATH_NODESET ? o->nodesetval : NULL;
    size_t n, first = out->n_orders;
    int rc = 0;

    if (r->section->group.compiled && set) {
        order_group_rows(r->section, r->run, set);
        xmlXPathOrderDocElems(doc);
    }
    n = set ? (size_t)set->nodeNr : 0;
    if (first + n > limits->orders) {
        rc = error_set(err, -E2BIG, "the file has %zu orders; at most %u are taken from one file", first + n,
                       limits->orders);
        error_advise(err, "divide the file, or raise 'max-orders' in the site's configuration");
    } else if (n) {
        out->orders = xreallocarray(out->orders, first + n, sizeof *out->orders);
        for (size_t i = 0; i < n; i++) {
            if (set->nodeTab[i]->type != XML_ELEMENT_NODE)
                continue;
            r->index = out->n_orders;
            r->out = &out->orders[out->n_orders++];
            read_order(r, set->nodeTab[i], limits);
        }
    }
    xmlXPathFreeObject(o);
    return rc;
}

int order_map_read(const struct order_map *map, xmlDoc *doc, const struct order_limits *limits,
                   const struct order_trace *trace, struct order_file *out, struct error *err)
{
    struct xpath_runner run;
    struct reader r = {.map = map, .run = &run, .trace = trace};
    size_t first = out->n_orders;
    int rc = 0;

    if (map->ignore_namespaces)
        order_namespaces_drop(doc);
    xmlXPathOrderDocElems(doc); /* else every comparison of two nodes walks their parents' children */
    pthread_mutex_lock(map->lock);
    xpath_runner_init(&run, doc, &map->prefixes);
    for (size_t i = 0; i < map->n_sections && rc == 0; i++) {
        r.section = &map->sections[i];
        rc = read_section(&r, doc, limits, out, err);
    }
    if (rc == 0 && out->n_orders == first)
        count_others(map, &run, doc, out);
    if (rc == 0 && run.failure) {
        rc = error_set(err, -EINVAL, "%s", run.failure);
        error_advise(err, "the mapping '%s' must be corrected (%s)", map->name, map->file);
    }
    while (rc < 0 && out->n_orders > first)
        order_release(&out->orders[--out->n_orders]);
    xpath_runner_release(&run);
    pthread_mutex_unlock(map->lock);
    return rc;
}
