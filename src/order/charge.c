/*
 * What a gift certificate and bonus money pay of an order. They are money already received: they do not change
 * what the goods cost or their VAT, but what is left to pay. Taken in the order's own transaction, so that nobody
 * spends them twice; given back by a revision and, in the database, by a cancellation.
 *
 * Taken is never more than there is and never more than there is to pay. What the web shop promised beyond that
 * is a warning with the amounts, and stays to be paid: a file is no proof of money.
 */
#include <string.h>

#include "base/decimal.h"
#include "order/decide.h"

#define CENT_E4 100
#define WHOLE_E4 1000000 /* 100 % in a certificate of the kind 'percent' */

/* "the file takes 30.00 from the certificate 'G', there is 10.00" */
static void note_short(struct notes *warnings, int64_t wanted_e4, const char *from, int64_t there_e4)
{
    auto_buf b = BUF_INIT;
    buf_add_str(&b, "the file takes ");
    text_amount(&b, wanted_e4);
    buf_addf(&b, " from %s, there is ", from);
    text_amount(&b, there_e4 > 0 ? there_e4 : 0);
    notes_add(warnings, "%s", buf_str(&b));
}

/* Dates may be days or moments: compared as far as the limit goes. */
static bool is_before(const char *moment, const char *limit)
{
    return strncmp(moment, limit, strlen(limit)) < 0;
}

static bool is_after(const char *moment, const char *limit)
{
    return strncmp(moment, limit, strlen(limit)) > 0;
}

/* Why the certificate of the row (see below) does not count for this order; NULL: it does. */
static const char *unfit(const struct decide *d, const struct order_facts *f, struct stmt *st)
{
    const char *currency = stmt_text(st, 3, NULL), *from = stmt_text(st, 4, NULL),
               *to = stmt_text(st, 5, NULL);
    bool percent = strcmp(stmt_text(st, 0, NULL), "percent") == 0;

    if (from && *from && is_before(f->dated, from))
        return "is not valid yet";
    if (to && *to && is_after(f->dated, to))
        return "has expired";
    if (!stmt_is_null(st, 6) && stmt_int(st, 6) != f->customer_id)
        return "is another customer's";
    if (!percent && strcmp(currency && *currency ? currency : d->site->currency, f->currency) != 0)
        return "is of another currency";
    if (percent ? stmt_int(st, 2) != 0 : stmt_int(st, 1) - stmt_int(st, 2) <= 0)
        return "is spent";
    return NULL;
}

/* What it is good for: the rest of its amount, or its part of the order in whole cents. */
static int worth(const struct order_facts *f, struct stmt *st, int64_t *out)
{
    int64_t cents;

    if (strcmp(stmt_text(st, 0, NULL), "percent") != 0) {
        *out = stmt_int(st, 1) - stmt_int(st, 2);
        return 0;
    }
    if (decimal_mul_div(f->lines_total_e4, stmt_int(st, 1), (int64_t)WHOLE_E4 * CENT_E4, &cents) < 0)
        return -1;
    return __builtin_mul_overflow(cents, CENT_E4, out) ? -1 : 0;
}

static int use_certificate(struct db *db, const char *code, int64_t amount_e4, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(db, &st, "UPDATE certificate SET used_e4 = used_e4 + :amount WHERE code = :code", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "amount", amount_e4);
    stmt_bind_text(st, "code", code);
    return stmt_run(st, err);
}

static int charge_certificate(const struct decide *d, struct order_facts *f, struct error *err)
{
    const struct order *o = f->from;
    struct stmt *st auto_reset = NULL;
    const char *why;
    int64_t amount = 0;
    int rc = db_cached(d->db, &st,
                       "SELECT kind, amount_e4, used_e4, currency, valid_from, valid_to, customer_id"
                       " FROM certificate WHERE code = :code",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "code", o->certificate);
    if ((rc = stmt_step(st, err)) < 0)
        return rc;
    why = rc == 0 ? "is not known" : unfit(d, f, st);
    if (why || worth(f, st, &amount) < 0) {
        notes_add(&f->warnings, "the certificate '%s' %s; nothing is taken from it", o->certificate,
                  why ? why : "is worth too much to be counted");
        return 0;
    }
    int64_t wanted = o->has_certificate_amount && o->certificate_e4 >= 0 ? o->certificate_e4 : f->to_pay_e4;
    if (o->has_certificate_amount && amount < wanted) {
        auto_buf from = BUF_INIT;
        buf_addf(&from, "the certificate '%s'", o->certificate);
        note_short(&f->warnings, wanted, buf_str(&from), amount);
    }
    amount = amount < wanted ? amount : wanted;
    amount = amount < f->to_pay_e4 ? amount : f->to_pay_e4;
    if (amount <= 0)
        return 0;
    f->certificate_used_e4 = amount;
    f->to_pay_e4 -= amount;
    return use_certificate(d->db, o->certificate, amount, err);
}

static int charge_bonus(const struct decide *d, struct order_facts *f, struct error *err)
{
    int64_t wanted = f->from->bonus_used_e4, there = 0;
    struct stmt *st auto_reset = NULL, *take auto_reset = NULL;
    int rc;

    if (strcmp(f->currency, d->site->currency) != 0) {
        notes_add(&f->warnings, "bonus is in the site's currency, the order is not; none is taken");
        return 0;
    }
    rc = db_cached(d->db, &st, "SELECT bonus_e4 FROM customer WHERE id = :customer", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "customer", f->customer_id);
    if ((rc = stmt_step(st, err)) < 0)
        return rc;
    if (rc == 1)
        there = stmt_int(st, 0);
    if (there < wanted)
        note_short(&f->warnings, wanted, "the customer's bonus", there);
    int64_t amount = there < wanted ? there : wanted;
    amount = amount < f->to_pay_e4 ? amount : f->to_pay_e4;
    if (amount <= 0)
        return 0;
    rc = db_cached(d->db, &take, "UPDATE customer SET bonus_e4 = bonus_e4 - :amount WHERE id = :customer",
                   err);
    if (rc < 0)
        return rc;
    stmt_bind_int(take, "amount", amount);
    stmt_bind_int(take, "customer", f->customer_id);
    f->bonus_taken_e4 = amount;
    f->to_pay_e4 -= amount;
    return stmt_run(take, err);
}

int charge_settle(const struct decide *d, struct order_facts *f, struct error *err)
{
    int rc = 0;

    if (strcmp(f->status, "cancelled") == 0)
        return 0;
    if (f->from->certificate && *f->from->certificate)
        rc = charge_certificate(d, f, err);
    if (rc == 0 && f->from->bonus_used_e4 > 0)
        rc = charge_bonus(d, f, err);
    return rc;
}

int charge_release(struct db *db, int64_t order_id, struct error *err)
{
    static const char *const give_back[] = {
        "UPDATE certificate SET used_e4 = (SELECT CASE WHEN certificate.used_e4 > o.certificate_used_e4"
        " THEN certificate.used_e4 - o.certificate_used_e4 ELSE 0 END FROM orders o WHERE o.id = :order)"
        " WHERE code = (SELECT o.certificate FROM orders o WHERE o.id = :order AND o.certificate_used_e4 > "
        "0)",
        "UPDATE customer SET bonus_e4 = bonus_e4 + (SELECT o.bonus_taken_e4 FROM orders o WHERE o.id = "
        ":order)"
        " WHERE id = (SELECT o.customer_id FROM orders o WHERE o.id = :order AND o.bonus_taken_e4 > 0)",
        "UPDATE orders SET certificate_used_e4 = 0, bonus_taken_e4 = 0, to_pay_e4 = lines_total_e4"
        " WHERE id = :order AND (certificate_used_e4 <> 0 OR bonus_taken_e4 <> 0)",
    };

    return run_for_order(db, give_back, sizeof give_back / sizeof *give_back, order_id, err);
}
