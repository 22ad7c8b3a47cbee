/* Products of the demo: everything of a product follows from its number. */
#include "cli/demo_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_RETAIL = 1, LIST_WHOLESALE, LIST_EUR, LIST_PURCHASE };

void demo_ean13(uint64_t number, char out[static 14])
{
    snprintf(out, 14, "2%011llu", (unsigned long long)(number % UINT64_C(100000000000)));
    int sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (out[i] - '0') * (i % 2 ? 3 : 1);
    out[12] = (char)('0' + (10 - sum % 10) % 10);
    out[13] = '\0';
}

/* A GUID as accounting programs make them, but rising, so that its index is filled in order. */
static void guid(char out[static 37], int64_t id, unsigned kind)
{
    struct demo_rng rng = {DEMO_SEED ^ (uint64_t)id};
    snprintf(out, 37, "%08x-%04x-4c11-9d3e-%012llx", (unsigned)id, kind,
             (unsigned long long)(demo_next(&rng) & UINT64_C(0xffffffffffff)));
}

static void variant_values(struct demo_item *it)
{
    static const char *const sizes[] = {"XS", "S", "M", "L", "XL", "XXL", "3XL"};
    static const int volumes[] = {50, 100, 200, 250, 400, 500, 750, 1000};
    static const int packs[] = {50, 100, 150, 250, 500, 1000};
    unsigned first;
    switch (it->kind->axis) {
    case AXIS_SHOE_SIZE:
        first = 35 + demo_below(&it->rng, 8);
        for (unsigned i = 0; i < it->variants; i++)
            snprintf(it->value[i], sizeof it->value[i], "%u", first + i);
        break;
    case AXIS_SIZE:
        first = demo_below(&it->rng, 8 - it->variants);
        for (unsigned i = 0; i < it->variants; i++) {
            snprintf(it->value[i], sizeof it->value[i], "%s", sizes[first + i]);
            it->factor_e2[i] = first + i > 4 ? 108 : 100;
        }
        break;
    case AXIS_COLOUR:
        first = demo_below(&it->rng, (unsigned)demo_colours_count);
        for (unsigned i = 0; i < it->variants; i++)
            it->colour[i] = (first + i) % (unsigned)demo_colours_count;
        break;
    case AXIS_VOLUME:
    case AXIS_PACK:
        first = demo_below(&it->rng, 7 - it->variants);
        for (unsigned i = 0; i < it->variants; i++) {
            const int *steps = it->kind->axis == AXIS_VOLUME ? volumes : packs;
            snprintf(it->value[i], sizeof it->value[i], "%d", steps[first + i]);
            it->factor_e2[i] = 100 + 85 * (steps[first + i] - steps[first]) / steps[first];
        }
        break;
    case AXIS_NONE:
        break;
    }
}

static void item_init(struct demo_item *it, int64_t id)
{
    *it = (struct demo_item){.id = id, .rng = {DEMO_SEED ^ (uint64_t)id * UINT64_C(0xD1342543DE82EF95)}};
    it->kind_no = demo_below(&it->rng, (unsigned)demo_kinds_count);
    it->kind = &demo_kinds[it->kind_no];
    it->series = demo_series[demo_below(&it->rng, (unsigned)demo_series_count)];
    snprintf(it->sku, sizeof it->sku, "%s-%06lld", it->kind->prefix, (long long)id);
    static const int endings[] = {0, 0, 5000, 9000, 9900};
    it->retail_e4 = (it->kind->price_low +
                     (int64_t)demo_below(&it->rng, (unsigned)(it->kind->price_high - it->kind->price_low))) *
                        10000 +
                    endings[demo_below(&it->rng, 5)];
    for (unsigned i = 0; i < DEMO_VARIANTS_MAX; i++)
        it->factor_e2[i] = 100;
    /* Three kinds of five come in variants, and somewhat more than half of their products do: a third of all.
     */
    if (it->kind->axis != AXIS_NONE && demo_chance(&it->rng, 56)) {
        it->variants = 2 + demo_below(&it->rng, DEMO_VARIANTS_MAX - 1);
        variant_values(it);
    }
}

/* -- parts of a product ---------------------------------------------------------------------------------- */

static int put_product(struct demo *d, struct demo_item *it)
{
    const struct demo_kind *k = it->kind;
    struct demo_rng *r = &it->rng;
    char external[37], mpn[24], created[24];
    unsigned maker = demo_below(r, (unsigned)demo_makers_count);
    it->maker = demo_makers[maker];
    guid(external, it->id, 0x5f0e);
    snprintf(mpn, sizeof mpn, "%c%c%04u/%u", 'A' + (int)demo_below(r, 26), 'A' + (int)demo_below(r, 26),
             demo_below(r, 10000), demo_below(r, 9) + 1);
    unsigned minute = demo_below(r, 560 * 1440);
    snprintf(created, sizeof created, "202%u-%02u-%02u %02u:%02u:00", 3 + minute / 1440 / 280,
             minute / 1440 / 28 % 10 + 1, minute / 1440 % 28 + 1, minute / 60 % 24, minute % 60);
    int64_t grams = k->grams_low + (int64_t)demo_below(r, (unsigned)(k->grams_high - k->grams_low) + 1);
    int64_t min_order = strcmp(k->unit, "kg") == 0 ? 50 : strcmp(k->unit, "m") == 0 ? 500 : 1000;
    /* One statement per argument: the order in which arguments are evaluated is not fixed. */
    bool active = !demo_chance(r, 3), has_external = demo_chance(r, 95), has_mpn = demo_chance(r, 70);
    int64_t size[3];
    for (int i = 0; i < 3; i++)
        size[i] = 20 + demo_below(r, 480);
    const char *country = demo_countries[demo_below(r, (unsigned)demo_countries_count)];
    int64_t days = demo_chance(r, 60) ? (int64_t)demo_below(r, 14) : -1;
    return demo_put(d, PRODUCT, it->id, it->sku, has_external ? external : NULL, "goods", DEMO_INT(active),
                    DEMO_INT(maker + 1), has_mpn ? mpn : NULL, d->unit[it->kind_no], d->vat[it->kind_no],
                    grams, size[0], size[1], size[2], country, DEMO_INT(k->warranty), days, min_order,
                    created);
}

static void slug(struct buf *out, const char *name, int64_t id)
{
    for (const char *p = name; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))
            buf_add_char(out, *p);
        else if (*p >= 'A' && *p <= 'Z')
            buf_add_char(out, (char)(*p - 'A' + 'a'));
        else if (out->len && out->data[out->len - 1] != '-')
            buf_add_char(out, '-');
    }
    if (out->len && out->data[out->len - 1] != '-')
        buf_add_char(out, '-');
    buf_addf(out, "%lld", (long long)id);
}

/* What makes one text of a product, drawn once so that the languages say the same. */
struct wording {
    unsigned model, suffix, sentences[2];
    bool html, crlf, meta;
};

static void name_text(struct buf *out, const struct demo_item *it, const struct wording *w, size_t l)
{
    static const char *const quotes[DEMO_LANGUAGES][2] = {{"«", "»"}, {"„", "“"}, {"\"", "\""}};
    static const struct demo_phrase suffixes[] = {
        {{"; новинка", "; novinka", "; new"}},
        {{" + подарунок & листівка", " + dárek & přání", " + gift & card"}},
        {{", 2 шт. у наборі", ", 2 ks v sadě", ", set of 2"}},
    };
    buf_addf(out, "%s %s%s%s %u", it->kind->item.in[l], quotes[l][0], it->series, quotes[l][1], w->model);
    if (w->suffix < 3)
        buf_add_str(out, suffixes[w->suffix].in[l]);
}

static void short_text(struct buf *out, const struct demo_item *it, const struct wording *w, size_t l)
{
    static const char *const maker[DEMO_LANGUAGES] = {"виробник", "výrobce", "made by"};
    static const char *const model[DEMO_LANGUAGES] = {"модель", "model", "model"};
    buf_addf(out, "%s; %s %s; %s %u", it->kind->item.in[l], maker[l], it->maker, model[l], w->model);
}

static void description_text(struct buf *out, const struct demo_item *it, const struct wording *w, size_t l)
{
    static const char *const more[DEMO_LANGUAGES] = {"Докладніше", "Více", "More"};
    const char *nl = w->crlf ? "\r\n" : "\n";
    const char *first = demo_sentences[w->sentences[0]].in[l],
               *second = demo_sentences[w->sentences[1]].in[l];
    if (w->html)
        buf_addf(out,
                 "<p>%s</p>%s<ul>%s  <li>%s</li>%s  <li>%s</li>%s</ul>%s"
                 "<p><a href=\"https://shop.example/info?id=%lld&amp;lang=%s\">%s</a></p>",
                 it->kind->about.in[l], nl, nl, first, nl, second, nl, nl, (long long)it->id,
                 demo_language[l], more[l]);
    else
        buf_addf(out, "%s%s%s", it->kind->about.in[l], nl, first);
}

static int put_texts(struct demo *d, struct demo_item *it)
{
    struct demo_rng *r = &it->rng;
    struct wording w;
    w.model = 100 + demo_below(r, 9900);
    w.suffix = demo_below(r, 30);
    w.sentences[0] = demo_below(r, (unsigned)demo_sentences_count);
    w.sentences[1] = (w.sentences[0] + 1 + demo_below(r, (unsigned)demo_sentences_count - 1)) %
                     (unsigned)demo_sentences_count;
    w.html = !demo_chance(r, 20);
    w.crlf = demo_chance(r, 30);
    w.meta = demo_chance(r, 40);
    bool czech = !demo_chance(r, 5); /* the rest is not translated yet */
    struct buf *name = &d->texts[0], *summary = &d->texts[1], *description = &d->texts[2],
               *address = &d->texts[3];
    buf_clear(address);
    slug(address, it->kind->item.in[2], it->id);
    int ret = 0;
    for (size_t l = 0; ret == 0 && l < DEMO_LANGUAGES; l++) {
        if (l == 1 && !czech)
            continue;
        buf_clear(name);
        buf_clear(summary);
        buf_clear(description);
        name_text(name, it, &w, l);
        short_text(summary, it, &w, l);
        description_text(description, it, &w, l);
        ret = demo_put(d, TEXT, it->id, demo_language[l], buf_str(name), buf_str(summary),
                       buf_str(description), buf_str(address), w.meta ? buf_str(name) : NULL,
                       w.meta ? buf_str(summary) : NULL, w.meta ? it->kind->category_name.in[l] : NULL);
    }
    return ret;
}

/* A value in every language: the first language's stands for all others. */
static int put_phrase(struct demo *d, int64_t id, int64_t variant, int64_t attribute, int64_t no,
                      const struct demo_phrase *value)
{
    int ret = 0;
    for (size_t l = 0; ret == 0 && l < DEMO_LANGUAGES; l++)
        ret = demo_put(d, ATTRIBUTE, id, variant, attribute, l ? demo_language[l] : "", no, value->in[l]);
    return ret;
}

static int put_attributes(struct demo *d, struct demo_item *it)
{
    struct demo_rng *r = &it->rng;
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < 6 && it->kind->attributes[i]; i++) {
        int64_t id = (int64_t)it->kind->attributes[i] + 1;
        const struct demo_attribute_info *a = &demo_attributes[it->kind->attributes[i]];
        if (!a->values) {
            char value[24];
            unsigned steps = (unsigned)((a->high - a->low) / a->step) + 1;
            snprintf(value, sizeof value, "%d", a->low + a->step * (int)demo_below(r, steps));
            ret = demo_put(d, ATTRIBUTE, it->id, DEMO_INT(0), id, "", DEMO_INT(0), value);
            continue;
        }
        unsigned n = 0;
        while (a->values[n].in[0])
            n++;
        unsigned first = demo_below(r, n);
        ret = put_phrase(d, it->id, 0, id, 0, &a->values[first]);
        if (ret == 0 && demo_chance(r, 15))
            ret = put_phrase(d, it->id, 0, id, 1, &a->values[(first + 1) % n]);
    }
    return ret;
}

static int put_categories(struct demo *d, struct demo_item *it)
{
    int64_t leaf = (int64_t)(demo_categories_count + it->kind_no) + 1;
    int ret = demo_put(d, CATEGORY, it->id, leaf, DEMO_INT(0));
    if (ret == 0 && demo_chance(&it->rng, 10))
        ret = demo_put(d, CATEGORY, it->id, DEMO_INT(it->kind->category + 1), DEMO_INT(1));
    return ret;
}

static int put_relations(struct demo *d, struct demo_item *it)
{
    static const char *const kinds[] = {"related", "accessory", "similar", "upsell"};
    if (it->id < 20 || !demo_chance(&it->rng, 15))
        return 0;
    int ret = 0;
    unsigned n = 1 + demo_below(&it->rng, 3), back = 1 + demo_below(&it->rng, 9);
    for (unsigned i = 0; ret == 0 && i < n; i++)
        ret = demo_put(d, RELATION, it->id, it->id - back - i, kinds[(it->id + i) % 4], DEMO_INT(i));
    return ret;
}

/* Gross to the wholesale price without VAT: all four decimals are used. */
static int64_t net_e4(int64_t gross_e4, int64_t percent_of_price, bool reduced)
{
    return gross_e4 * percent_of_price / (reduced ? 107 : 120);
}

static int64_t cents(int64_t price_e4)
{
    return (price_e4 + 50) / 100 * 100;
}

static int put_tiers(struct demo *d, const struct demo_item *it, int64_t list, int64_t price_e4,
                     bool whole_cents)
{
    static const int64_t tiers[][2] = {{5000, 96}, {10000, 93}, {50000, 88}};
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < 2 + (size_t)(it->id % 2); i++) {
        int64_t price = price_e4 * tiers[i][1] / 100;
        ret = demo_put(d, PRICE, it->id, DEMO_INT(0), list, tiers[i][0], whole_cents ? cents(price) : price,
                       DEMO_INT(-1));
    }
    return ret;
}

static int put_prices(struct demo *d, struct demo_item *it)
{
    struct demo_rng *r = &it->rng;
    bool reduced = strcmp(it->kind->vat, "reduced") == 0;
    int64_t p = it->retail_e4, old = -1;
    if (demo_chance(r, 20))
        old = cents(p * (110 + (int64_t)demo_below(r, 40)) / 100);
    bool tiers = demo_chance(r, 25), wholesale_tiers = demo_chance(r, 20);
    int64_t wholesale = net_e4(p, 82, reduced);
    int64_t eur = cents(p * 100 / 4850);
    if (eur < 100)
        eur = 100;
    /* In the order of the key: the table is filled at its end. */
    int ret = demo_put(d, PRICE, it->id, DEMO_INT(0), DEMO_INT(LIST_RETAIL), DEMO_INT(0), p, old);
    if (ret == 0 && tiers)
        ret = put_tiers(d, it, LIST_RETAIL, p, true);
    if (ret == 0)
        ret = demo_put(d, PRICE, it->id, DEMO_INT(0), DEMO_INT(LIST_WHOLESALE), DEMO_INT(0), wholesale,
                       DEMO_INT(-1));
    if (ret == 0 && wholesale_tiers)
        ret = put_tiers(d, it, LIST_WHOLESALE, wholesale, false);
    if (ret == 0)
        ret = demo_put(d, PRICE, it->id, DEMO_INT(0), DEMO_INT(LIST_EUR), DEMO_INT(0), eur, DEMO_INT(-1));
    if (ret == 0)
        ret = demo_put(d, PRICE, it->id, DEMO_INT(0), DEMO_INT(LIST_PURCHASE), DEMO_INT(0),
                       net_e4(p, 55, reduced), DEMO_INT(-1));
    for (unsigned i = 0; ret == 0 && i < it->variants; i++) {
        int64_t variant = it->id * 10 + i, f = it->factor_e2[i];
        if (f == 100)
            continue;
        ret = demo_put(d, PRICE, it->id, variant, DEMO_INT(LIST_RETAIL), DEMO_INT(0), cents(p * f / 100),
                       old < 0 ? DEMO_INT(-1) : cents(old * f / 100));
        if (ret == 0)
            ret = demo_put(d, PRICE, it->id, variant, DEMO_INT(LIST_WHOLESALE), DEMO_INT(0),
                           wholesale * f / 100, DEMO_INT(-1));
        if (ret == 0)
            ret = demo_put(d, PRICE, it->id, variant, DEMO_INT(LIST_EUR), DEMO_INT(0), cents(eur * f / 100),
                           DEMO_INT(-1));
    }
    return ret;
}

static int put_stock(struct demo *d, struct demo_item *it, int64_t variant)
{
    struct demo_rng *r = &it->rng;
    bool measured = strcmp(it->kind->unit, "kg") == 0 || strcmp(it->kind->unit, "m") == 0;
    bool none = demo_chance(r, 15);
    int ret = 0;
    for (int64_t warehouse = 1; ret == 0 && warehouse <= 2; warehouse++) {
        int64_t unit = measured ? 50 : 1000;
        int64_t on_hand =
            none ? 0 : (int64_t)demo_below(r, warehouse == 1 ? 80 : 12) * unit * (measured ? 7 : 1);
        int64_t reserved =
            demo_chance(r, 10) ? (int64_t)demo_below(r, (unsigned)(on_hand / unit) + 1) * unit : 0;
        if (warehouse == 2 && on_hand == 0 && !none)
            continue; /* never been there */
        ret = demo_put(d, STOCK, it->id, variant, warehouse, on_hand, reserved);
    }
    return ret;
}

static int put_barcodes(struct demo *d, struct demo_item *it, int64_t variant, unsigned position)
{
    char code[14];
    if (!demo_chance(&it->rng, 92))
        return 0;
    demo_ean13((uint64_t)it->id * 100 + position, code);
    int ret = demo_put(d, BARCODE, it->id, variant, code, DEMO_INT(0));
    if (ret == 0 && demo_chance(&it->rng, 6)) {
        demo_ean13((uint64_t)it->id * 100 + 50 + position, code);
        ret = demo_put(d, BARCODE, it->id, variant, code, DEMO_INT(1));
    }
    return ret;
}

/* Variants are numbered 10 * product upwards. */
static int put_variants(struct demo *d, struct demo_item *it)
{
    static const enum demo_attribute axis[] = {
        [AXIS_SHOE_SIZE] = ATTR_SIZE, [AXIS_SIZE] = ATTR_SIZE, [AXIS_COLOUR] = ATTR_COLOUR,
        [AXIS_VOLUME] = ATTR_VOLUME,  [AXIS_PACK] = ATTR_PACK,
    };
    int ret = 0;
    for (unsigned i = 0; ret == 0 && i < it->variants; i++) {
        int64_t id = it->id * 10 + i, attribute = (int64_t)axis[it->kind->axis] + 1;
        char sku[40], external[37];
        snprintf(sku, sizeof sku, "%s/%u", it->sku, i + 1);
        guid(external, id, 0x7a21);
        bool has_external = demo_chance(&it->rng, 95), active = !demo_chance(&it->rng, 3);
        int64_t grams = it->kind->axis == AXIS_PACK ? atoi(it->value[i]) : -1;
        ret = demo_put(d, VARIANT, id, it->id, sku, has_external ? external : NULL, (const char *)NULL,
                       DEMO_INT(active), DEMO_INT(i), grams);
        if (ret == 0 && it->kind->axis == AXIS_COLOUR)
            ret = put_phrase(d, it->id, id, attribute, 0, &demo_colours[it->colour[i]]);
        else if (ret == 0)
            ret = demo_put(d, ATTRIBUTE, it->id, id, attribute, "", DEMO_INT(0), it->value[i]);
        if (ret == 0)
            ret = put_barcodes(d, it, id, i + 1);
        if (ret == 0)
            ret = put_stock(d, it, id);
    }
    d->counts.variants += it->variants;
    return ret;
}

static int put_site(struct demo *d, struct demo_item *it)
{
    char code[24];
    if (!demo_chance(&it->rng, 4))
        return 0;
    bool hidden = demo_chance(&it->rng, 30);
    snprintf(code, sizeof code, "W%lld", (long long)it->id + 5000);
    return demo_put(d, SITE, it->id, DEMO_INT(0), DEMO_INT(1), hidden ? NULL : code, DEMO_INT(hidden));
}

/* -- the whole ------------------------------------------------------------------------------------------- */

int demo_add_product(struct demo *d, int64_t id)
{
    static int (*const parts[])(struct demo *, struct demo_item *) = {
        put_product, put_texts,     put_categories, put_attributes,    put_variants,
        put_prices,  put_relations, put_site,       demo_put_pictures,
    };
    struct demo_item it;
    item_init(&it, id);
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < sizeof parts / sizeof *parts; i++)
        ret = parts[i](d, &it);
    if (ret == 0 && it.variants == 0) {
        ret = put_barcodes(d, &it, 0, 0);
        if (ret == 0)
            ret = put_stock(d, &it, 0);
    }
    d->counts.products++;
    return ret;
}
