/*
 * Which product a line means: by its own code (sku), then barcode, external id, the site's code. A rule that
 * finds several products is not believed; the next one is asked. Names are never compared.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "order/decide.h"

struct found {
    int64_t product_id, variant_id;
    bool ambiguous;
};

/* Takes the rows (product, variant) of a bound statement: one product in one shape, or a product together
 * with its only variant of that code (the variant is meant). 1: found; 0: not, out->ambiguous tells whether
 * for abundance. */
static int take_one(struct stmt *st, struct found *out, struct error *err)
{
    struct found first = {0};
    size_t n = 0, variants = 0;
    bool one_product = true;
    int rc;
    while ((rc = stmt_step(st, err)) == 1) {
        int64_t product = stmt_int(st, 0), variant = stmt_int(st, 1);
        if (n && product != first.product_id)
            one_product = false;
        first.product_id = product;
        if (variant) {
            first.variant_id = variant;
            variants++;
        }
        n++;
    }
    if (rc < 0)
        return rc;
    if (n == 0)
        return 0;
    if (!one_product || variants > 1) {
        out->ambiguous = true;
        return 0;
    }
    out->product_id = first.product_id;
    out->variant_id = first.variant_id;
    return 1;
}

static const char by_sku[] = "SELECT id, 0 FROM product WHERE sku = :code UNION ALL SELECT product_id, id "
                             "FROM variant WHERE sku = :code";
static const char by_barcode[] = "SELECT product_id, variant_id FROM barcode WHERE barcode = :code";
static const char by_external_id[] = "SELECT id, 0 FROM product WHERE external_id = :code UNION ALL SELECT "
                                     "product_id, id FROM variant WHERE external_id = :code";
static const char by_site_code[] =
    "SELECT product_id, variant_id FROM site_product WHERE site_id = :site AND code = :code";
/* The variant `second` of the product `first`, each by external id or sku. */
static const char by_pair[] =
    "SELECT v.product_id, v.id FROM product p JOIN variant v ON v.product_id = p.id"
    " WHERE (p.external_id = :first OR p.sku = :first) AND (v.external_id = :second OR v.sku = :second)";

static int find_code(const struct decide *d, const char *sql, const char *code, struct found *out,
                     struct error *err)
{
    if (!code || !*code)
        return 0;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, sql, err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "code", code);
    if (stmt_has_parameter(st, "site"))
        stmt_bind_int(st, "site", d->site->id);
    return take_one(st, out, err);
}

/* "product#variant" as 1C and its relatives write it; "product#" and "product#product" mean the product. */
static int find_pair(const struct decide *d, const char *code, struct found *out, struct error *err)
{
    const char *hash = code ? strchr(code, '#') : NULL;
    if (!hash || hash == code)
        return 0;
    char *first auto_free = xstrndup(code, (size_t)(hash - code));
    const char *second = hash + 1;
    if (!*second || strcmp(first, second) == 0) {
        int rc = find_code(d, by_external_id, first, out, err);
        return rc ? rc : find_code(d, by_sku, first, out, err);
    }
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, by_pair, err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "first", first);
    stmt_bind_text(st, "second", second);
    return take_one(st, out, err);
}

static int find_product(const struct decide *d, const struct order_line *line, struct found *out,
                        const char **rule, struct error *err)
{
    const struct step {
        const char *rule, *sql, *code; /* sql NULL: a pair */
    } steps[] = {
        {"sku", by_sku, line->code},
        {"barcode", by_barcode, line->barcode},
        {"barcode", by_barcode, line->code},
        {"external-id", by_external_id, line->external_id},
        {"external-id", NULL, line->external_id},
        {"external-id", by_external_id, line->code},
        {"external-id", NULL, line->code},
        {"site-code", by_site_code, line->shop_id},
        {"site-code", by_site_code, line->code},
        {"site-code", by_site_code, line->external_id},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const struct step *s = &steps[i];
        int rc = s->sql ? find_code(d, s->sql, s->code, out, err) : find_pair(d, s->code, out, err);
        if (rc < 0)
            return rc;
        if (rc) {
            *rule = s->rule;
            return 1;
        }
    }
    return 0;
}

/* What the catalogue knows of the product: fills the gaps of the line. */
static int complete_line(const struct decide *d, struct line_facts *out, size_t number,
                         struct notes *warnings, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st,
                       "SELECT p.kind, coalesce(t.name, f.name, p.sku), u.name, r.percent_e2,"
                       " EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id)"
                       " FROM product p"
                       " LEFT JOIN product_text t ON t.product_id = p.id AND t.language = :language"
                       " LEFT JOIN product_text f ON f.product_id = p.id AND f.language = :fallback"
                       " LEFT JOIN unit u ON u.id = p.unit_id"
                       " LEFT JOIN vat_rate r ON r.id = p.vat_rate_id WHERE p.id = :product",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "language", d->site->language);
    stmt_bind_text(st, "fallback", d->site->fallback_language);
    stmt_bind_int(st, "product", out->product_id);
    rc = stmt_step(st, err);
    if (rc <= 0)
        return rc;
    const char *kind = stmt_text(st, 0, NULL);
    enum order_line_kind is = out->from->kind;
    out->stocked = (is == LINE_PRODUCT || is == LINE_GIFT) && strcmp(kind, "service") != 0;
    if (!out->name)
        out->name = xstrdup(stmt_text(st, 1, NULL));
    if (!out->unit && !stmt_is_null(st, 2) && *stmt_text(st, 2, NULL))
        out->unit = xstrdup(stmt_text(st, 2, NULL));
    if (!out->has_vat && !stmt_is_null(st, 3)) {
        out->has_vat = true;
        out->vat_percent_e2 = stmt_int(st, 3);
    }
    if (out->stocked && !out->variant_id && stmt_int(st, 4))
        notes_add(warnings, "line %zu: '%s' has variants and the file does not say which", number, out->name);
    return 0;
}

int line_match(const struct decide *d, const struct order_line *line, size_t number, struct line_facts *out,
               struct notes *warnings, struct error *err)
{
    out->from = line;
    out->name = xstrdup_or_null(line->name && *line->name ? line->name : NULL);
    out->unit = xstrdup_or_null(line->unit && *line->unit ? line->unit : NULL);
    out->has_vat = line->has_vat;
    out->vat_percent_e2 = line->has_vat ? line->vat_percent_e2 : 0;

    struct found found = {0};
    int rc = find_product(d, line, &found, &out->matched_by, err);
    if (rc < 0)
        return rc;
    if (rc == 1) {
        out->product_id = found.product_id;
        out->variant_id = found.variant_id;
        return complete_line(d, out, number, warnings, err);
    }
    const char *shown = line->code          ? line->code
                        : line->external_id ? line->external_id
                        : line->barcode     ? line->barcode
                        : line->shop_id     ? line->shop_id
                                            : NULL;
    if ((line->kind == LINE_PRODUCT || line->kind == LINE_GIFT) && d->policy &&
        d->policy->refuse_unknown_code) {
        error_set(err, -EDOM, "no product has the code '%s' of line %zu", shown ? shown : "", number);
        if (found.ambiguous)
            error_set(err, -EDOM, "the code '%s' of line %zu is that of several products", shown, number);
        error_at(err, NULL, line->line, "code");
        error_advise(err, "enter the code with the product, then send the file again or move it back from "
                          "rejected/; this site refuses orders with unknown codes");
        return -EDOM;
    }
    if (line->kind == LINE_PRODUCT || line->kind == LINE_GIFT) {
        if (found.ambiguous)
            notes_add(warnings,
                      "line %zu: '%s' is the code of several products; kept as text, nothing reserved",
                      number, shown ? shown : "");
        else if (shown)
            notes_add(warnings, "line %zu: no product has the code '%s'; kept as text, nothing reserved",
                      number, shown);
        else
            notes_add(warnings,
                      "line %zu: no code, barcode or id of a product; kept as text, nothing reserved",
                      number);
    }
    if (!out->name)
        out->name = xstrdup(shown ? shown : order_line_kind_name(line->kind));
    return 0;
}
