/* Products of the demo: everything of a product follows from its number. */
#include "cli/demo.h"
#include "cli/demo_words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

#define SEED UINT64_C(0x5348304F50)
#define BATCH 500 /* products a transaction: what it changes fits the connection's page cache */
#define VARIANTS_MAX 6

enum { LIST_RETAIL = 1, LIST_WHOLESALE, LIST_EUR, LIST_PURCHASE };

/* -- rows ---------------------------------------------------------------------------------------------------
 */

/* Statements take ":a", ":b" ... in order; types: i whole number, o the same but NULL where negative, t text
 * (NULL is NULL). */
enum insert {
    PRODUCT,
    TEXT,
    VARIANT,
    CATEGORY,
    ATTRIBUTE,
    BARCODE,
    RELATION,
    PRICE,
    STOCK,
    SITE,
    IMAGE,
    INSERTS
};
static const struct {
    const char *types, *sql;
} inserts[INSERTS] = {
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

struct demo {
    struct db *db;
    const struct demo_options *options;
    struct demo_counts counts;
    struct stmt *insert[INSERTS], *content;
    int64_t unit[64], vat[64]; /* by kind */
    int64_t pictures_weight;   /* of all products, see picture_weight() */
    int picture_dir;           /* the sub-directory being filled, -1 none */
    int64_t picture_files;
    struct buf texts[4], png; /* kept for their memory */
    struct error *err;
};

static int put(struct demo *d, enum insert which, ...)
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
#define I(n) ((int64_t)(n))

/* One product while it is made. */
struct item {
    int64_t id;
    struct demo_rng rng;
    const struct demo_kind *kind;
    size_t kind_no;
    const char *series;
    const char *maker;
    char sku[24];
    int64_t retail_e4;
    unsigned variants;
    char value[VARIANTS_MAX][16]; /* of the axis; for colours the index */
    unsigned colour[VARIANTS_MAX];
    int64_t factor_e2[VARIANTS_MAX]; /* the variant's price in percent of the product's */
};

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
    struct demo_rng rng = {SEED ^ (uint64_t)id};
    snprintf(out, 37, "%08x-%04x-4c11-9d3e-%012llx", (unsigned)id, kind,
             (unsigned long long)(demo_next(&rng) & UINT64_C(0xffffffffffff)));
}

static void variant_values(struct item *it)
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

static void item_init(struct item *it, int64_t id)
{
    *it = (struct item){.id = id, .rng = {SEED ^ (uint64_t)id * UINT64_C(0xD1342543DE82EF95)}};
    it->kind_no = demo_below(&it->rng, (unsigned)demo_kinds_count);
    it->kind = &demo_kinds[it->kind_no];
    it->series = demo_series[demo_below(&it->rng, (unsigned)demo_series_count)];
    snprintf(it->sku, sizeof it->sku, "%s-%06lld", it->kind->prefix, (long long)id);
    static const int endings[] = {0, 0, 5000, 9000, 9900};
    it->retail_e4 = (it->kind->price_low +
                     (int64_t)demo_below(&it->rng, (unsigned)(it->kind->price_high - it->kind->price_low))) *
                        10000 +
                    endings[demo_below(&it->rng, 5)];
    for (unsigned i = 0; i < VARIANTS_MAX; i++)
        it->factor_e2[i] = 100;
    /* Three kinds of five come in variants, and somewhat more than half of their products do: a third of all.
     */
    if (it->kind->axis != AXIS_NONE && demo_chance(&it->rng, 56)) {
        it->variants = 2 + demo_below(&it->rng, VARIANTS_MAX - 1);
        variant_values(it);
    }
}

/* -- parts of a product -------------------------------------------------------------------------------------
 */

static int put_product(struct demo *d, struct item *it)
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
    return put(d, PRODUCT, it->id, it->sku, has_external ? external : NULL, "goods", I(active), I(maker + 1),
               has_mpn ? mpn : NULL, d->unit[it->kind_no], d->vat[it->kind_no], grams, size[0], size[1],
               size[2], country, I(k->warranty), days, min_order, created);
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

static void name_text(struct buf *out, const struct item *it, const struct wording *w, size_t l)
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

static void short_text(struct buf *out, const struct item *it, const struct wording *w, size_t l)
{
    static const char *const maker[DEMO_LANGUAGES] = {"виробник", "výrobce", "made by"};
    static const char *const model[DEMO_LANGUAGES] = {"модель", "model", "model"};
    buf_addf(out, "%s; %s %s; %s %u", it->kind->item.in[l], maker[l], it->maker, model[l], w->model);
}

static void description_text(struct buf *out, const struct item *it, const struct wording *w, size_t l)
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

static int put_texts(struct demo *d, struct item *it)
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
        ret = put(d, TEXT, it->id, demo_language[l], buf_str(name), buf_str(summary), buf_str(description),
                  buf_str(address), w.meta ? buf_str(name) : NULL, w.meta ? buf_str(summary) : NULL,
                  w.meta ? it->kind->category_name.in[l] : NULL);
    }
    return ret;
}

/* A value in every language: the first language's stands for all others. */
static int put_phrase(struct demo *d, int64_t id, int64_t variant, int64_t attribute, int64_t no,
                      const struct demo_phrase *value)
{
    int ret = 0;
    for (size_t l = 0; ret == 0 && l < DEMO_LANGUAGES; l++)
        ret = put(d, ATTRIBUTE, id, variant, attribute, l ? demo_language[l] : "", no, value->in[l]);
    return ret;
}

static int put_attributes(struct demo *d, struct item *it)
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
            ret = put(d, ATTRIBUTE, it->id, I(0), id, "", I(0), value);
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

static int put_categories(struct demo *d, struct item *it)
{
    int64_t leaf = (int64_t)(demo_categories_count + it->kind_no) + 1;
    int ret = put(d, CATEGORY, it->id, leaf, I(0));
    if (ret == 0 && demo_chance(&it->rng, 10))
        ret = put(d, CATEGORY, it->id, I(it->kind->category + 1), I(1));
    return ret;
}

static int put_relations(struct demo *d, struct item *it)
{
    static const char *const kinds[] = {"related", "accessory", "similar", "upsell"};
    if (it->id < 20 || !demo_chance(&it->rng, 15))
        return 0;
    int ret = 0;
    unsigned n = 1 + demo_below(&it->rng, 3), back = 1 + demo_below(&it->rng, 9);
    for (unsigned i = 0; ret == 0 && i < n; i++)
        ret = put(d, RELATION, it->id, it->id - back - i, kinds[(it->id + i) % 4], I(i));
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

static int put_tiers(struct demo *d, const struct item *it, int64_t list, int64_t price_e4, bool whole_cents)
{
    static const int64_t tiers[][2] = {{5000, 96}, {10000, 93}, {50000, 88}};
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < 2 + (size_t)(it->id % 2); i++) {
        int64_t price = price_e4 * tiers[i][1] / 100;
        ret = put(d, PRICE, it->id, I(0), list, tiers[i][0], whole_cents ? cents(price) : price, I(-1));
    }
    return ret;
}

static int put_prices(struct demo *d, struct item *it)
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
    int ret = put(d, PRICE, it->id, I(0), I(LIST_RETAIL), I(0), p, old);
    if (ret == 0 && tiers)
        ret = put_tiers(d, it, LIST_RETAIL, p, true);
    if (ret == 0)
        ret = put(d, PRICE, it->id, I(0), I(LIST_WHOLESALE), I(0), wholesale, I(-1));
    if (ret == 0 && wholesale_tiers)
        ret = put_tiers(d, it, LIST_WHOLESALE, wholesale, false);
    if (ret == 0)
        ret = put(d, PRICE, it->id, I(0), I(LIST_EUR), I(0), eur, I(-1));
    if (ret == 0)
        ret = put(d, PRICE, it->id, I(0), I(LIST_PURCHASE), I(0), net_e4(p, 55, reduced), I(-1));
    for (unsigned i = 0; ret == 0 && i < it->variants; i++) {
        int64_t variant = it->id * 10 + i, f = it->factor_e2[i];
        if (f == 100)
            continue;
        ret = put(d, PRICE, it->id, variant, I(LIST_RETAIL), I(0), cents(p * f / 100),
                  old < 0 ? I(-1) : cents(old * f / 100));
        if (ret == 0)
            ret = put(d, PRICE, it->id, variant, I(LIST_WHOLESALE), I(0), wholesale * f / 100, I(-1));
        if (ret == 0)
            ret = put(d, PRICE, it->id, variant, I(LIST_EUR), I(0), cents(eur * f / 100), I(-1));
    }
    return ret;
}

static int put_stock(struct demo *d, struct item *it, int64_t variant)
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
        ret = put(d, STOCK, it->id, variant, warehouse, on_hand, reserved);
    }
    return ret;
}

static int put_barcodes(struct demo *d, struct item *it, int64_t variant, unsigned position)
{
    char code[14];
    if (!demo_chance(&it->rng, 92))
        return 0;
    demo_ean13((uint64_t)it->id * 100 + position, code);
    int ret = put(d, BARCODE, it->id, variant, code, I(0));
    if (ret == 0 && demo_chance(&it->rng, 6)) {
        demo_ean13((uint64_t)it->id * 100 + 50 + position, code);
        ret = put(d, BARCODE, it->id, variant, code, I(1));
    }
    return ret;
}

/* Variants are numbered 10 * product upwards. */
static int put_variants(struct demo *d, struct item *it)
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
        ret = put(d, VARIANT, id, it->id, sku, has_external ? external : NULL, (const char *)NULL, I(active),
                  I(i), grams);
        if (ret == 0 && it->kind->axis == AXIS_COLOUR)
            ret = put_phrase(d, it->id, id, attribute, 0, &demo_colours[it->colour[i]]);
        else if (ret == 0)
            ret = put(d, ATTRIBUTE, it->id, id, attribute, "", I(0), it->value[i]);
        if (ret == 0)
            ret = put_barcodes(d, it, id, i + 1);
        if (ret == 0)
            ret = put_stock(d, it, id);
    }
    d->counts.variants += it->variants;
    return ret;
}

static int put_site(struct demo *d, struct item *it)
{
    char code[24];
    if (!demo_chance(&it->rng, 4))
        return 0;
    bool hidden = demo_chance(&it->rng, 30);
    snprintf(code, sizeof code, "W%lld", (long long)it->id + 5000);
    return put(d, SITE, it->id, I(0), I(1), hidden ? NULL : code, I(hidden));
}

/* -- pictures -----------------------------------------------------------------------------------------------
 */

/* How many pictures the products up to number n should have, where two is the average. */
static int64_t picture_weight(int64_t n)
{
    static const int before[10] = {0, 2, 5, 6, 6, 10, 12, 14, 17, 19};
    return n / 10 * 20 + before[n % 10];
}

static int put_file(struct demo *d, const char *path, const struct buf *content)
{
    if (d->picture_files % DEMO_DIR_FILES == 0) {
        char dir[32];
        snprintf(dir, sizeof dir, "%.*s", (int)strcspn(path, "/"), path);
        if (d->picture_dir >= 0)
            close(steal_fd(d->picture_dir));
        d->picture_dir = io_open_dir(d->options->picture_dir, dir, 0755);
        if (d->picture_dir < 0)
            return error_set(d->err, d->picture_dir, "cannot make picture directory '%s': %s", dir,
                             strerror(-d->picture_dir));
    }
    int fd = openat(d->picture_dir, strchr(path, '/') + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int ret = fd < 0 ? -errno : io_write_full(fd, content->data, content->len);
    if (fd >= 0 && close(fd) < 0 && ret == 0)
        ret = -errno;
    if (ret < 0)
        return error_set(d->err, ret, "cannot write picture '%s': %s", path, strerror(-ret));
    d->picture_files++;
    return 0;
}

static int put_picture(struct demo *d, struct item *it, int64_t number, int position)
{
    char name[64], path[96];
    int64_t id = number + 1;
    bool in_file = number % 2 == 0;
    int64_t variant =
        position > 0 && position <= (int)it->variants && position % 2 == 0 ? it->id * 10 + position - 1 : 0;
    snprintf(name, sizeof name, "%s-%d.png", it->sku, position + 1);
    snprintf(path, sizeof path, "%03lld/%s", (long long)(d->picture_files / DEMO_DIR_FILES), name);
    demo_png(&d->png, SEED + (uint64_t)id, name);
    int ret = put(d, IMAGE, id, it->id, variant, I(position), name, in_file ? path : NULL,
                  position ? "" : it->kind->item.in[0]);
    if (ret < 0)
        return ret;
    d->counts.pictures++;
    if (in_file)
        return put_file(d, path, &d->png);
    stmt_bind_int(d->content, "id", id);
    stmt_bind_blob(d->content, "content", d->png.data, d->png.len);
    return stmt_run(d->content, d->err);
}

static int put_pictures(struct demo *d, struct item *it)
{
    const struct demo_options *o = d->options;
    if (d->pictures_weight == 0)
        return 0;
    int64_t first = picture_weight(it->id - 1) * o->pictures / d->pictures_weight;
    int64_t end = picture_weight(it->id) * o->pictures / d->pictures_weight;
    int ret = 0;
    for (int64_t n = first; ret == 0 && n < end; n++)
        ret = put_picture(d, it, n, (int)(n - first));
    return ret;
}

/* -- the whole ----------------------------------------------------------------------------------------------
 */

static int add_product(struct demo *d, int64_t id)
{
    static int (*const parts[])(struct demo *, struct item *) = {
        put_product, put_texts,     put_categories, put_attributes, put_variants,
        put_prices,  put_relations, put_site,       put_pictures,
    };
    struct item it;
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

static int prepare(struct demo *d)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < INSERTS; i++)
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

static int fill_batch(struct demo *d, int64_t first, int64_t last)
{
    const struct demo_options *o = d->options;
    int ret = db_begin_write(d->db, d->err);
    if (ret == 0 && first == 1)
        ret = demo_fill_words(d->db, d->err);
    for (int64_t id = first; ret == 0 && id <= last; id++) {
        if (o->progress && id % 64 == 0 && o->progress(o->arg, id, o->products) != 0)
            ret = error_set(d->err, -ECANCELED, "interrupted");
        if (ret == 0)
            ret = add_product(d, id);
    }
    if (ret == 0 && last == o->products)
        ret = demo_fill_customers(d->db, o->products, &d->counts.customers, d->err);
    if (ret == 0)
        ret = db_commit(d->db, d->err);
    db_end(d->db);
    return ret;
}

int demo_fill(struct db *db, const struct demo_options *options, struct demo_counts *out, struct error *err)
{
    struct demo d = {.db = db, .options = options, .picture_dir = -1, .err = err};
    if (demo_kinds_count > sizeof d.unit / sizeof *d.unit)
        abort();
    d.pictures_weight = picture_weight(options->products);
    int ret = prepare(&d);
    for (int64_t first = 1; ret == 0 && first <= options->products; first += BATCH) {
        int64_t last = first + BATCH - 1;
        ret = fill_batch(&d, first, last < options->products ? last : options->products);
    }
    for (size_t i = 0; i < INSERTS; i++)
        stmt_free(d.insert[i]);
    stmt_free(d.content);
    for (size_t i = 0; i < sizeof d.texts / sizeof *d.texts; i++)
        buf_release(&d.texts[i]);
    buf_release(&d.png);
    if (d.picture_dir >= 0)
        close(d.picture_dir);
    if (ret == 0)
        *out = d.counts;
    return ret;
}
