/* The decision upon one order: see decide.h. This file says who is called when; it writes nothing itself. */
#include "order/decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"

#define NUMBER_MAX 200 /* bytes of an order's number */

void notes_add(struct notes *notes, const char *format, ...)
{
    auto_buf b = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vaddf(&b, format, args);
    va_end(args);
    array_grow(notes->items, notes->n, notes->cap);
    notes->items[notes->n++] = buf_detach(&b, NULL);
}

void notes_release(struct notes *notes)
{
    for (size_t i = 0; i < notes->n; i++)
        free(notes->items[i]);
    free(notes->items);
    *notes = (struct notes){0};
}

void order_facts_release(struct order_facts *f)
{
    for (size_t i = 0; f->lines && i < f->from->n_lines; i++) {
        free(f->lines[i].name);
        free(f->lines[i].unit);
        free(f->lines[i].warehouse);
    }
    free(f->lines);
    free(f->number);
    free(f->customer_rule);
    free(f->customer_name);
    free(f->customer_code);
    notes_release(&f->warnings);
    *f = (struct order_facts){0};
}

/* The order as the database has it. */
struct present {
    int64_t id, revision, customer_id;
    char *number, *hash, *status, *customer_rule, *handled, *received;
    bool paid, touched;
    char *touched_by;
};

static void present_release(struct present *p)
{
    free(p->number);
    free(p->hash);
    free(p->status);
    free(p->customer_rule);
    free(p->handled);
    free(p->received);
    free(p->touched_by);
}

int run_for_order(struct db *db, const char *const *sql, size_t n, int64_t order_id, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct stmt *st auto_reset = NULL;
        int rc = db_cached(db, &st, sql[i], err);
        if (rc < 0)
            return rc;
        stmt_bind_int(st, "order", order_id);
        if ((rc = stmt_run(st, err)) < 0)
            return rc;
    }
    return 0;
}

/* 1: there is one. */
static int find_present(const struct decide *d, const struct order *o, struct present *out, struct error *err)
{
#define PRESENT                                                                                             \
    "SELECT o.id, o.revision, o.content_hash, o.status, o.customer_id, o.customer_rule, o.paid, o.handled," \
    " o.received, (SELECT s.source FROM order_status s WHERE s.order_id = o.id AND s.source <> 'intake'"    \
    " ORDER BY s.id DESC LIMIT 1), o.number FROM orders o WHERE o.site_id = :site AND o.kind = :kind AND "
    static const char by_number[] = PRESENT "o.number = :key";
    static const char by_external_id[] = PRESENT "o.external_id = :key ORDER BY o.id";
    bool external = o->by_external_id && o->external_id;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, external ? by_external_id : by_number, err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", d->site->id);
    stmt_bind_text(st, "kind", order_kind_name(o->kind));
    stmt_bind_text(st, "key", external ? o->external_id : o->number);
    if ((rc = stmt_step(st, err)) != 1)
        return rc;
    *out = (struct present){
        .id = stmt_int(st, 0),
        .revision = stmt_int(st, 1),
        .hash = xstrdup(stmt_text(st, 2, NULL)),
        .status = xstrdup(stmt_text(st, 3, NULL)),
        .customer_id = stmt_int(st, 4),
        .customer_rule = xstrdup_or_null(stmt_text(st, 5, NULL)),
        .paid = stmt_int(st, 6) != 0,
        .handled = xstrdup_or_null(stmt_text(st, 7, NULL)),
        .received = xstrdup_or_null(stmt_text(st, 8, NULL)),
        .touched_by = xstrdup_or_null(stmt_text(st, 9, NULL)),
        .number = xstrdup(stmt_text(st, 10, NULL)),
    };
    out->touched = out->handled || out->touched_by;
    return 1;
}

/* Whether these very bytes were taken before with this very content, which other bytes have replaced since.
 * (The same bytes with another content: the mapping was changed. The same content in other bytes: the buyer
 * changed it back.) */
static int is_superseded(const struct decide *d, int64_t order_id, const char *hash, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st,
                       "SELECT 1 FROM intake_order x JOIN intake i ON i.id = x.intake_id"
                       " WHERE x.order_id = :order AND x.content_hash = :hash AND i.sha256 = :sha"
                       " AND x.verdict IN ('accepted', 'revised', 'duplicate') LIMIT 1",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_text(st, "hash", hash);
    stmt_bind_text(st, "sha", d->sha256);
    return stmt_step(st, err);
}

/* Whether this very file had the order before, with other content. Which of the two holds cannot be told, and where a
 * mapping reads the wrong element as the number, all orders of a file would replace one another. */
static int check_said_once(const struct decide *d, const struct order *o, int64_t order_id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc =
        db_cached(d->db, &st,
                  "SELECT 1 FROM intake_order WHERE order_id = :order AND intake_id = :intake LIMIT 1", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_int(st, "intake", d->intake_id);
    if ((rc = stmt_step(st, err)) <= 0)
        return rc;
    error_set(err, -EEXIST, "the file has the %s '%s' twice, with different content",
              order_kind_name(o->kind), o->by_external_id && o->external_id ? o->external_id : o->number);
    error_at(err, NULL, o->line, o->by_external_id && o->external_id ? "external-id" : "number");
    error_advise(
        err,
        "what stands first in the file counts; let the web shop write each %s once, and check in the "
        "mapping which element is read as the number",
        order_kind_name(o->kind));
    return -EEXIST;
}

static int currency_rate(const struct decide *d, struct order_facts *f, struct error *err)
{
    f->rate_e6 = f->from->rate_e6 > 0 ? f->from->rate_e6 : decimal_pow10(RATE_SCALE);
    if (strcmp(f->currency, d->site->currency) == 0)
        return 0;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, "SELECT rate_e6 FROM currency WHERE code = :code", err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "code", f->currency);
    if ((rc = stmt_step(st, err)) < 0)
        return rc;
    if (rc == 1 && f->from->rate_e6 <= 0)
        f->rate_e6 = stmt_int(st, 0);
    if (rc == 0)
        notes_add(&f->warnings, "the shop has no currency '%s'", f->currency);
    return 0;
}

/* The order as it would be stored: reads the catalogue, writes nothing. */
static int work_out(const struct decide *d, const struct order *o, struct order_facts *f, struct error *err)
{
    f->from = o;
    f->lines = xcalloc(o->n_lines ? o->n_lines : 1, sizeof *f->lines);
    f->status = o->cancelled ? "cancelled" : o->status ? o->status : "new";
    f->currency = o->currency && *o->currency ? o->currency : d->site->currency;
    f->paid = o->paid;
    for (size_t i = 0; i < o->n_warnings; i++)
        notes_add(&f->warnings, "%s", o->warnings[i]);
    if (!o->status && !o->cancelled && o->status_text && *o->status_text)
        notes_add(&f->warnings, "the status word '%s' is not known; kept as text, the %s is taken as new",
                  o->status_text, order_kind_name(o->kind));
    if (!o->payment && o->payment_text && *o->payment_text)
        notes_add(&f->warnings, "the payment word '%s' is not known; kept as text, the %s is taken as %s",
                  o->payment_text, order_kind_name(o->kind), o->paid ? "paid" : "not paid");
    int rc = currency_rate(d, f, err);
    for (size_t i = 0; rc == 0 && i < o->n_lines; i++) {
        rc = line_match(d, &o->lines[i], i + 1, &f->lines[i], &f->warnings, err);
        if (rc == 0)
            rc = line_amounts(&f->lines[i], i + 1, &f->warnings, err);
    }
    if (rc == 0 && o->n_lines == 0)
        notes_add(&f->warnings, "the %s has no lines", order_kind_name(o->kind));
    return rc < 0 ? rc : order_amounts(f, err);
}

/* What an order takes from the shop besides its rows. An invoice is for goods and money an order has taken. */
static int take_from_shop(const struct decide *d, struct order_facts *f, struct error *err)
{
    int rc;

    f->to_pay_e4 = f->lines_total_e4;
    rc = f->from->kind == ORDER_IS_ORDER ? stock_reserve(d, f, err) : 0;
    if (rc == 0 && f->from->kind == ORDER_IS_ORDER)
        rc = charge_settle(d, f, err);
    order_compare_total(f);
    return rc;
}

/* Numbers are unique in a site: where orders are told apart by external id, a later one gets that behind it. */
static int choose_number(const struct decide *d, struct order_facts *f, struct error *err)
{
    const struct order *o = f->from;

    f->number = xstrdup(o->number);
    if (!o->by_external_id || !o->external_id)
        return 0;
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st, "SELECT 1 FROM orders WHERE site_id = :site AND kind = :kind AND number = :number", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", d->site->id);
    stmt_bind_text(st, "kind", order_kind_name(o->kind));
    stmt_bind_text(st, "number", o->number);
    if ((rc = stmt_step(st, err)) <= 0)
        return rc;
    free(f->number);
    f->number = xasprintf("%s#%s", o->number, o->external_id);
    notes_add(&f->warnings, "another %s has the number '%s'; this one is '%s'", order_kind_name(o->kind),
              o->number, f->number);
    return 0;
}

static int accept_new(const struct decide *d, struct order_facts *f, const char *hash,
                      struct order_result *out, struct error *err)
{
    char now[CLOCK_SQL_LEN + 1];
    sql_now(now);
    f->dated = f->from->ordered ? f->from->ordered : now;
    int rc = choose_number(d, f, err);
    if (rc == 0)
        rc = customer_settle(d, f, 0, NULL, err);
    if (rc == 0)
        rc = take_from_shop(d, f, err);
    if (rc == 0)
        rc = record_new(d, f, hash, &out->order_id, err);
    if (rc < 0)
        return rc;
    out->verdict = VERDICT_ACCEPTED;
    out->message = verdict_order_text(out->verdict, f, NULL);
    free(out->number);
    out->number = xstrdup(f->number);
    return 0;
}

static int revise(const struct decide *d, struct order_facts *f, const char *hash, const struct present *p,
                  struct order_result *out, struct error *err)
{
    struct notes changes cleanup(notes_release) = {0};
    if (p->paid && !f->paid) {
        /* Money that was noted as received is not taken back by a web shop's file. */
        f->paid = true;
        notes_add(&f->warnings, "the file says %s, the %s is marked paid; the mark is left",
                  f->from->payment ? f->from->payment : "unpaid", order_kind_name(f->from->kind));
    }
    f->dated = f->from->ordered ? f->from->ordered : p->received;
    int rc = order_differences(d->db, p->id, f, &changes, err);
    if (rc == 0)
        rc = stock_release(d->db, p->id, err);
    if (rc == 0)
        rc = charge_release(d->db, p->id, err);
    if (rc == 0)
        rc = customer_settle(d, f, p->customer_id, p->customer_rule, err);
    if (rc == 0)
        rc = take_from_shop(d, f, err);
    if (rc < 0)
        return rc;
    auto_buf note = BUF_INIT;
    buf_addf(&note, "revision %lld from '", (long long)p->revision + 1);
    text_shown(&note, d->file_name);
    buf_add_char(&note, '\'');
    for (size_t i = 0; i < changes.n; i++)
        buf_addf(&note, "%s%s", i ? "; " : ": ", changes.items[i]);
    if ((rc = record_revision(d, f, hash, p->id, p->revision + 1, p->status, buf_str(&note), err)) < 0)
        return rc;
    out->verdict = VERDICT_REVISED;
    out->order_id = p->id;
    struct notes remarks cleanup(notes_release) = {0};
    notes_add(&remarks, "revision: %lld", (long long)p->revision + 1);
    for (size_t i = 0; i < changes.n; i++)
        notes_add(&remarks, "changed: %s", changes.items[i]);
    out->message = verdict_order_text(out->verdict, f, &remarks);
    return 0;
}

static int conflict(const struct decide *d, struct order_facts *f, const struct present *p,
                    struct order_result *out, struct error *err)
{
    struct notes changes cleanup(notes_release) = {0}, remarks cleanup(notes_release) = {0};
    int rc = order_differences(d->db, p->id, f, &changes, err);
    if (rc < 0)
        return rc;
    if (p->handled)
        notes_add(&remarks,
                  "reason: the %s has other content than in the shop, where it is being handled since %s",
                  order_kind_name(f->from->kind), p->handled);
    else
        notes_add(&remarks,
                  "reason: the %s has other content than in the shop, where its status was changed to '%s'",
                  order_kind_name(f->from->kind), p->status);
    for (size_t i = 0; i < changes.n; i++)
        notes_add(&remarks, "difference: %s", changes.items[i]);
    if (f->from->cancelled && strcmp(p->status, "cancelled") != 0)
        notes_add(&remarks, "difference: the buyer or the web shop has cancelled the %s",
                  order_kind_name(f->from->kind));
    notes_add(&remarks, "to do: make the changes by hand; a file only changes %ss nobody has touched",
              order_kind_name(f->from->kind));
    out->verdict = VERDICT_CONFLICT;
    out->order_id = p->id;
    out->message = verdict_order_text(out->verdict, NULL, &remarks);
    return 0;
}

static int repeat(const struct order *o, const struct present *p, bool superseded, struct order_result *out)
{
    struct notes remarks cleanup(notes_release) = {0};
    out->verdict = VERDICT_DUPLICATE;
    out->order_id = p->id;
    if (superseded) {
        notes_add(&remarks,
                  "this file was taken before and has been replaced by a newer one since; the %s stays at "
                  "revision %lld, nothing was changed",
                  order_kind_name(o->kind), (long long)p->revision);
    } else {
        notes_add(&remarks, "the same %s was received at %s UTC; nothing was changed",
                  order_kind_name(o->kind), p->received);
    }
    out->message = verdict_order_text(out->verdict, NULL, &remarks);
    return 0;
}

static int decide_inside(const struct decide *d, const struct order *o, const char *hash,
                         struct order_result *out, struct error *err)
{
    struct order_facts f cleanup(order_facts_release) = {0};
    struct present p cleanup(present_release) = {0};
    int there = find_present(d, o, &p, err);
    if (there < 0)
        return there;
    if (there) {
        free(out->number);
        out->number = xstrdup(p.number);
        if (strcmp(p.hash, hash) == 0)
            return repeat(o, &p, false, out);
        int superseded = is_superseded(d, p.id, hash, err);
        if (superseded)
            return superseded < 0 ? superseded : repeat(o, &p, true, out);
    }
    int rc = there ? check_said_once(d, o, p.id, err) : 0;
    if (rc == 0)
        rc = work_out(d, o, &f, err);
    if (rc < 0)
        return rc;
    if (!there)
        return accept_new(d, &f, hash, out, err);
    return p.touched ? conflict(d, &f, &p, out, err) : revise(d, &f, hash, &p, out, err);
}

/* Rules of ours that a readable order may still break. */
static int check_order(const struct order *o, struct error *why)
{
    if (!o->number || !*o->number) {
        error_set(why, -EINVAL, "the %s has no number", order_kind_name(o->kind));
        error_at(why, NULL, o->line, "number");
        error_advise(why, "let the web shop write its order number into the file and send it again");
        return -EINVAL;
    }
    if (strlen(o->number) > NUMBER_MAX) {
        error_set(why, -EINVAL, "the %s's number is longer than %d bytes", order_kind_name(o->kind),
                  NUMBER_MAX);
        error_at(why, NULL, o->line, "number");
        error_advise(why, "check in the mapping which element is read as the number");
        return -EINVAL;
    }
    return 0;
}

static int refuse(const struct order *o, const struct error *why, struct order_result *out)
{
    out->verdict = VERDICT_REFUSED;
    out->order_id = 0;
    free(out->message);
    out->message = verdict_refusal_text(why, o->line);
    return 0;
}

int order_decide(const struct decide *d, const struct order *o, struct order_result *out, char **hash,
                 struct error *err)
{
    *hash = NULL;
    *out = (struct order_result){.kind = o->kind,
                                 .number = xstrdup_or_null(o->number && *o->number ? o->number : NULL)};
    if (o->error.message)
        return refuse(o, &o->error, out);
    struct error why cleanup(error_release) = ERROR_INIT;
    if (check_order(o, &why) < 0)
        return refuse(o, &why, out);
    int rc = db_savepoint(d->db, err);
    if (rc < 0)
        return rc;
    *hash = order_content_hash(o);
    rc = decide_inside(d, o, *hash, out, &why);
    if (rc == 0)
        return db_savepoint_release(d->db, err);
    db_savepoint_rollback(d->db);
    /* What the database does not allow in a row is this order's fault; anything else is the database's
     * trouble. */
    if (rc == -ERANGE || rc == -EDOM || rc == -EEXIST) {
        if (rc != -ERANGE && !why.advice)
            error_advise(&why, "the shop's own rules refuse this order; ask who keeps the database");
        return refuse(o, &why, out);
    }
    if (err)
        error_move(err, &why);
    return rc;
}
