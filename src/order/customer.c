/*
 * Who ordered: the customer with this id in the web shop, else with this e-mail address, else with this
 * telephone number, else a new one. What an existing customer lacks is filled from the order; what he has is
 * overwritten only where the site says so.
 *
 * The caller's write transaction makes it safe to run twice at once: the second finds what the first created.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/decide.h"

/* What the order says of the buyer: billing first, gaps from delivery. Pointers into the order. */
struct buyer {
    const char *site_id, *name, *first_name, *last_name, *company, *tax_id, *vat_id;
    const char *email, *phone, *street, *city, *region, *zip, *country;
};

static const char *given(const char *s)
{
    return s && *s ? s : NULL;
}

/* The id of somebody: web shops write 0 for all who order without an account. */
static const char *given_id(const char *s)
{
    return s && s[strspn(s, "0")] ? s : NULL;
}

static const char *either(const char *a, const char *b)
{
    return given(a) ? a : given(b);
}

static struct buyer buyer_of(const struct order *o)
{
    const struct order_address *b = &o->billing, *d = &o->delivery;
    /* A name or a place is taken whole from one of the two. */
    bool named = given(b->name) || given(b->first_name) || given(b->last_name) || given(b->company);
    const struct order_address *who = named ? b : d;
    bool placed = given(b->street) || given(b->city) || given(b->zip) || given(b->full_text);
    const struct order_address *where = placed ? b : d;
    return (struct buyer){
        .site_id = given_id(o->customer_id),
        .name = given(who->name),
        .first_name = given(who->first_name),
        .last_name = given(who->last_name),
        .company = given(who->company),
        .tax_id = either(b->tax_id, who->tax_id),
        .vat_id = either(b->vat_id, who->vat_id),
        .email = either(b->email, d->email),
        .phone = either(b->phone, d->phone),
        .street = either(where->street, where->full_text),
        .city = given(where->city),
        .region = given(where->region),
        .zip = given(where->zip),
        .country = given(where->country),
    };
}

/* 1: found, *id set. */
static int find_by_site_id(const struct decide *d, const char *site_id, int64_t *id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st, "SELECT customer_id FROM customer_site WHERE site_id = :site AND external_id = :id", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", d->site->id);
    stmt_bind_text(st, "id", site_id);
    rc = stmt_step(st, err);
    if (rc == 1)
        *id = stmt_int(st, 0);
    return rc;
}

static int find_by_email(const struct decide *d, const char *email, int64_t *id, struct notes *warnings,
                         struct error *err)
{
    auto_buf key = BUF_INIT;
    text_email_key(&key, email);
    if (!key.len)
        return 0;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, "SELECT id FROM customer WHERE email_key = :key ORDER BY id LIMIT 2", err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "key", buf_str(&key));
    if ((rc = stmt_step(st, err)) != 1)
        return rc;
    *id = stmt_int(st, 0);
    if ((rc = stmt_step(st, err)) < 0)
        return rc;
    if (rc == 1)
        notes_add(warnings, "several customers have the e-mail address '%s'; the oldest one is taken", email);
    return 1;
}

static bool is_suffix(const struct buf *whole, const struct buf *end)
{
    return whole->len >= end->len && memcmp(whole->data + whole->len - end->len, end->data, end->len) == 0;
}

/* Candidates share the last nine digits; then the shorter number must be the end of the longer one, leading
 * zeros apart: +380 50 123-45-67 is 050 123 45 67, but not +7 350 123-45-67. */
static int find_by_phone(const struct decide *d, const char *phone, int64_t *id, struct error *err)
{
    auto_buf digits = BUF_INIT, key = BUF_INIT;
    for (const char *p = phone; *p; p++)
        if (*p >= '0' && *p <= '9')
            buf_add_char(&digits, *p);
    text_phone_key(&key, phone);
    if (digits.len < 9 || !key.len)
        return 0;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, "SELECT id, phone FROM customer WHERE phone_key = :key ORDER BY id", err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "key", digits.data + digits.len - 9);
    while ((rc = stmt_step(st, err)) == 1) {
        auto_buf theirs = BUF_INIT;
        text_phone_key(&theirs, stmt_text(st, 1, NULL));
        if (theirs.len && (is_suffix(&key, &theirs) || is_suffix(&theirs, &key))) {
            *id = stmt_int(st, 0);
            return 1;
        }
    }
    return rc;
}

static int find_customer(const struct decide *d, const struct buyer *b, int64_t *id, const char **rule,
                         struct notes *warnings, struct error *err)
{
    int rc = 0;
    if (b->site_id && (rc = find_by_site_id(d, b->site_id, id, err)) != 0)
        *rule = "site-id";
    else if (b->email && (rc = find_by_email(d, b->email, id, warnings, err)) != 0)
        *rule = "email";
    else if (b->phone && (rc = find_by_phone(d, b->phone, id, err)) != 0)
        *rule = "phone";
    return rc;
}

static char *name_of(const struct buyer *b)
{
    if (b->company)
        return xstrdup(b->company);
    if (b->name)
        return xstrdup(b->name);
    if (b->first_name && b->last_name)
        return xasprintf("%s %s", b->first_name, b->last_name);
    const char *one = b->last_name    ? b->last_name
                      : b->first_name ? b->first_name
                      : b->email      ? b->email
                                      : b->phone;
    return one ? xstrdup(one) : xasprintf("customer %s", b->site_id);
}

static void bind_buyer(struct stmt *st, const struct buyer *b)
{
    stmt_bind_text(st, "first", b->first_name);
    stmt_bind_text(st, "last", b->last_name);
    stmt_bind_text(st, "company", b->company);
    stmt_bind_text(st, "tax_id", b->tax_id);
    stmt_bind_text(st, "vat_id", b->vat_id);
    stmt_bind_text(st, "email", b->email);
    stmt_bind_text(st, "phone", b->phone);
}

static void bind_place(struct stmt *st, const struct buyer *b)
{
    stmt_bind_text(st, "street", b->street);
    stmt_bind_text(st, "city", b->city);
    stmt_bind_text(st, "region", b->region);
    stmt_bind_text(st, "zip", b->zip);
    stmt_bind_text(st, "country", b->country);
}

static int create_customer(const struct decide *d, const struct buyer *b, int64_t *id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "INSERT INTO customer (kind, name, first_name, last_name, company, tax_id, vat_id, email, phone,"
        " street, city, region, zip, country) VALUES (:kind, :name, :first, :last, :company, :tax_id,"
        " :vat_id, :email, :phone, :street, :city, :region, :zip, :country)",
        err);
    if (rc < 0)
        return rc;
    char *name auto_free = name_of(b);
    stmt_bind_text(st, "kind", b->company ? "company" : "person");
    stmt_bind_text(st, "name", name);
    bind_buyer(st, b);
    bind_place(st, b);
    if ((rc = stmt_run(st, err)) < 0)
        return rc;
    *id = db_last_id(d->db);
    return 0;
}

/* Fills what is empty. An address is filled whole, where the customer has none at all: two half addresses
 * make a wrong one. A person who orders for a company does not become one: the order keeps the company's
 * name. */
static int fill_gaps(const struct decide *d, int64_t id, struct buyer *b, struct error *err)
{
    char now[CLOCK_SQL_LEN + 1];
    sql_now(now);
    struct stmt *kind auto_reset = NULL;
    int krc = db_cached(d->db, &kind, "SELECT kind FROM customer WHERE id = :id", err);
    if (krc < 0)
        return krc;
    stmt_bind_int(kind, "id", id);
    if ((krc = stmt_step(kind, err)) < 0)
        return krc;
    if (krc == 1 && b->company && strcmp(stmt_text(kind, 0, NULL), "company") != 0)
        b->company = b->tax_id = b->vat_id = NULL;

    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "UPDATE customer SET first_name = coalesce(nullif(first_name, ''), :first),"
        " last_name = coalesce(nullif(last_name, ''), :last),"
        " company = coalesce(nullif(company, ''), :company),"
        " tax_id = coalesce(nullif(tax_id, ''), :tax_id), vat_id = coalesce(nullif(vat_id, ''), :vat_id),"
        " email = coalesce(nullif(email, ''), :email), phone = coalesce(nullif(phone, ''), :phone),"
        " modified = :now"
        " WHERE id = :id AND ((coalesce(first_name, '') = '' AND :first IS NOT NULL)"
        " OR (coalesce(last_name, '') = '' AND :last IS NOT NULL)"
        " OR (coalesce(company, '') = '' AND :company IS NOT NULL)"
        " OR (coalesce(tax_id, '') = '' AND :tax_id IS NOT NULL)"
        " OR (coalesce(vat_id, '') = '' AND :vat_id IS NOT NULL)"
        " OR (coalesce(email, '') = '' AND :email IS NOT NULL)"
        " OR (coalesce(phone, '') = '' AND :phone IS NOT NULL))",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "id", id);
    stmt_bind_text(st, "now", now);
    bind_buyer(st, b);
    if ((rc = stmt_run(st, err)) < 0)
        return rc;
    if (!b->street && !b->city && !b->zip)
        return 0;
    struct stmt *place auto_reset = NULL;
    rc = db_cached(
        d->db, &place,
        "UPDATE customer SET street = :street, city = :city, zip = :zip,"
        " region = coalesce(nullif(region, ''), :region), country = coalesce(nullif(country, ''), :country),"
        " modified = :now"
        " WHERE id = :id AND coalesce(street, '') = '' AND coalesce(city, '') = ''"
        " AND coalesce(zip, '') = ''",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(place, "id", id);
    stmt_bind_text(place, "now", now);
    bind_place(place, b);
    return stmt_run(place, err);
}

/* The order's data replace the customer's, each where the order has it; names and address as a whole. */
static int overwrite(const struct decide *d, int64_t id, const struct buyer *b, struct error *err)
{
    char now[CLOCK_SQL_LEN + 1];
    bool named = b->name || b->first_name || b->last_name || b->company;
    bool placed = b->street || b->city || b->zip;
    char *name auto_free = named ? name_of(b) : NULL;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "UPDATE customer SET"
        " name = CASE WHEN :name IS NULL OR (kind = 'company' AND :company IS NULL) THEN name ELSE :name END,"
        " first_name = CASE WHEN :first IS NULL AND :last IS NULL THEN first_name ELSE :first END,"
        " last_name = CASE WHEN :first IS NULL AND :last IS NULL THEN last_name ELSE :last END,"
        " company = coalesce(:company, company), tax_id = coalesce(:tax_id, tax_id),"
        " vat_id = coalesce(:vat_id, vat_id), email = coalesce(:email, email), phone = coalesce(:phone, "
        "phone),"
        " street = CASE WHEN :placed = 1 THEN :street ELSE street END,"
        " city = CASE WHEN :placed = 1 THEN :city ELSE city END,"
        " zip = CASE WHEN :placed = 1 THEN :zip ELSE zip END,"
        " region = CASE WHEN :placed = 1 THEN :region ELSE region END,"
        " country = coalesce(:country, country), modified = :now WHERE id = :id",
        err);
    if (rc < 0)
        return rc;
    sql_now(now);
    stmt_bind_int(st, "id", id);
    stmt_bind_text(st, "name", name);
    stmt_bind_text(st, "now", now);
    stmt_bind_int(st, "placed", placed);
    bind_buyer(st, b);
    bind_place(st, b);
    return stmt_run(st, err);
}

static int note_site_id(const struct decide *d, int64_t id, const char *site_id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "INSERT INTO customer_site (site_id, external_id, customer_id) VALUES (:site, :external, :customer)"
        " ON CONFLICT (site_id, external_id) DO NOTHING",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", d->site->id);
    stmt_bind_text(st, "external", site_id);
    stmt_bind_int(st, "customer", id);
    return stmt_run(st, err);
}

/* Reads back who it is; warns where the matched customer's data say something else than the order. */
static int describe(const struct decide *d, struct order_facts *f, const struct buyer *b, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st, "SELECT name, code, email_key, tax_id, price_list_id FROM customer WHERE id = :id", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "id", f->customer_id);
    if ((rc = stmt_step(st, err)) <= 0)
        return rc;
    f->customer_name = xstrdup(stmt_text(st, 0, NULL));
    f->customer_code = xstrdup_or_null(stmt_text(st, 1, NULL));
    f->price_list_id = stmt_int(st, 4);
    auto_buf key = BUF_INIT;
    text_email_key(&key, b->email);
    const char *email = stmt_text(st, 2, NULL), *tax_id = stmt_text(st, 3, NULL);
    if (key.len && email && strcmp(email, buf_str(&key)) != 0)
        notes_add(&f->warnings,
                  "the order's e-mail address '%s' is not the customer's '%s'; the customer is left as it is",
                  b->email, email);
    if (b->tax_id && given(tax_id) && strcmp(tax_id, b->tax_id) != 0)
        notes_add(&f->warnings,
                  "the order's tax number '%s' is not the customer's '%s'; the customer is left as it is",
                  b->tax_id, tax_id);
    return 0;
}

int customer_settle(const struct decide *d, struct order_facts *f, int64_t present, const char *present_rule,
                    struct error *err)
{
    struct buyer b = buyer_of(f->from);
    const char *rule = NULL;
    int64_t id = 0;
    int rc = find_customer(d, &b, &id, &rule, &f->warnings, err);
    if (rc < 0)
        return rc;
    if (rc == 0 && present) {
        id = present;
        rule = present_rule;
    } else if (rc == 1 && id == present) {
        rule = present_rule; /* a revision finds the customer by what its first version left there */
    } else if (rc == 0) {
        if (!b.site_id && !b.name && !b.first_name && !b.last_name && !b.company && !b.email && !b.phone) {
            notes_add(&f->warnings, "the file does not say who the customer is");
            return 0;
        }
        if ((rc = create_customer(d, &b, &id, err)) < 0)
            return rc;
        rule = "created";
    }
    f->customer_id = id;
    f->customer_rule = xstrdup_or_null(rule);
    if ((rc = fill_gaps(d, id, &b, err)) < 0)
        return rc;
    if (d->policy && d->policy->overwrite_customer && (rc = overwrite(d, id, &b, err)) < 0)
        return rc;
    if (b.site_id && (rc = note_site_id(d, id, b.site_id, err)) < 0)
        return rc;
    return describe(d, f, &b, err);
}
