/*
 * One file: read, each order decided, the journal written; all inside the caller's transaction, so that
 * orders and journal are committed together or not at all.
 */
#include "order/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/decide.h"

void import_result_release(struct import_result *r)
{
    for (size_t i = 0; i < r->n_orders; i++) {
        free(r->orders[i].number);
        free(r->orders[i].message);
    }
    free(r->orders);
    free(r->mapping);
    free(r->text);
    *r = (struct import_result){0};
}

static int verdict_parse(const char *name, enum verdict *out)
{
    for (int v = VERDICT_ACCEPTED; v <= VERDICT_NO_ORDER; v++)
        if (strcmp(verdict_name((enum verdict)v), name) == 0) {
            *out = (enum verdict)v;
            return 0;
        }
    return -EINVAL;
}

/* The verdict upon a file follows from those upon its orders. */
static enum verdict file_verdict(const struct import_result *r)
{
    size_t accepted = 0, revised = 0, duplicate = 0, refused = 0;
    for (size_t i = 0; i < r->n_orders; i++) {
        switch (r->orders[i].verdict) {
        case VERDICT_ACCEPTED:
            accepted++;
            break;
        case VERDICT_REVISED:
            revised++;
            break;
        case VERDICT_DUPLICATE:
            duplicate++;
            break;
        default:
            refused++;
        }
    }
    if (refused)
        return accepted + revised + duplicate ? VERDICT_PARTLY : VERDICT_REFUSED;
    return accepted    ? VERDICT_ACCEPTED
           : revised   ? VERDICT_REVISED
           : duplicate ? VERDICT_DUPLICATE
                       : VERDICT_NO_ORDER;
}

/* journal --------------------------------------------------------------------------------------------------
 */

static int journal_open(const struct decide *d, const struct import_job *job, int64_t *id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st,
                       "INSERT INTO intake (site_id, object_key, name, sha256, size, verdict, mapping)"
                       " VALUES (:site, :key, :name, :sha, :size, 'begun', :mapping)",
                       err);
    if (rc < 0)
        return rc;
    auto_buf name = BUF_INIT;
    if (!text_utf8_valid(job->name, strlen(job->name)))
        text_shown(&name, job->name);
    stmt_bind_int(st, "site", d->site->id);
    stmt_bind_text(st, "key", job->object_key);
    stmt_bind_text(st, "name", name.len ? buf_str(&name) : job->name);
    stmt_bind_text(st, "sha", d->sha256);
    stmt_bind_int(st, "size", (int64_t)job->len);
    stmt_bind_text(st, "mapping", *d->mapping ? d->mapping : NULL);
    if ((rc = stmt_run(st, err)) < 0)
        return rc;
    *id = db_last_id(d->db);
    return 0;
}

static int journal_order(const struct decide *d, size_t position, const struct order_result *o,
                         const char *hash, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st,
                       "INSERT INTO intake_order (intake_id, position, kind, number, verdict, order_id, "
                       "content_hash, message)"
                       " VALUES (:intake, :position, :kind, :number, :verdict, :order, :hash, :message)",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "intake", d->intake_id);
    stmt_bind_int(st, "position", (int64_t)position + 1);
    stmt_bind_text(st, "kind", order_kind_name(o->kind));
    stmt_bind_text(st, "number", o->number);
    stmt_bind_text(st, "verdict", verdict_name(o->verdict));
    if (o->order_id)
        stmt_bind_int(st, "order", o->order_id);
    else
        stmt_bind_null(st, "order");
    stmt_bind_text(st, "hash", hash);
    stmt_bind_text(st, "message", o->message ? o->message : "");
    return stmt_run(st, err);
}

static int journal_close(const struct decide *d, const struct import_result *r, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st,
                       "UPDATE intake SET verdict = :verdict, message = :message WHERE id = :intake", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "intake", d->intake_id);
    stmt_bind_text(st, "verdict", verdict_name(r->verdict));
    stmt_bind_text(st, "message", r->text);
    return stmt_run(st, err);
}

static int recall_orders(struct db *db, int64_t intake_id, struct import_result *out, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(db, &st,
                       "SELECT number, verdict, order_id, message, kind FROM intake_order WHERE intake_id = "
                       ":intake ORDER BY position",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "intake", intake_id);
    size_t cap = 0;
    while ((rc = stmt_step(st, err)) == 1) {
        array_grow(out->orders, out->n_orders, cap);
        struct order_result *o = &out->orders[out->n_orders++];
        *o = (struct order_result){
            .number = xstrdup_or_null(stmt_text(st, 0, NULL)),
            .order_id = stmt_int(st, 2),
            .message = xstrdup(stmt_text(st, 3, NULL)),
        };
        if (verdict_parse(stmt_text(st, 1, NULL), &o->verdict) < 0)
            o->verdict = VERDICT_REFUSED;
        order_kind_parse(stmt_text(st, 4, NULL), &o->kind);
    }
    return rc;
}

/* 1: there is a row, `r` has what it says. */
static int recall(struct db *db, const char *object_key, bool begun, struct import_result *r,
                  struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(db, &st,
                       "SELECT id, verdict, mapping, message FROM intake"
                       " WHERE object_key = :key AND (verdict = 'begun') = :begun",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "key", object_key);
    stmt_bind_int(st, "begun", begun);
    if ((rc = stmt_step(st, err)) != 1)
        return rc;
    *r = (struct import_result){
        .mapping = xstrdup_or_null(stmt_text(st, 2, NULL)),
        .text = begun ? NULL : xstrdup(stmt_text(st, 3, NULL)),
        .intake_id = stmt_int(st, 0),
    };
    if (begun || verdict_parse(stmt_text(st, 1, NULL), &r->verdict) < 0)
        r->verdict = VERDICT_REFUSED;
    rc = recall_orders(db, r->intake_id, r, err);
    if (rc < 0)
        import_result_release(r);
    return rc < 0 ? rc : 1;
}

int order_import_recall(struct db *db, const char *object_key, struct import_result *out, struct error *err)
{
    int rc = recall(db, object_key, false, out, err);
    if (rc == 1)
        out->repeated = true;
    return rc;
}

int order_import_filed(struct db *writer, const char *object_key, const char *filed_as,
                       const char *refused_as, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(writer, &st,
                       "UPDATE intake SET filed_as = :filed, refused_as = coalesce(:refused, refused_as)"
                       " WHERE object_key = :key",
                       err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "filed", filed_as);
    stmt_bind_text(st, "refused", refused_as);
    stmt_bind_text(st, "key", object_key);
    return stmt_run(st, err);
}

/* deciding -------------------------------------------------------------------------------------------------
 */

static bool takes_invoices(const struct decide *d)
{
    if (d->policy && d->policy->invoices != INVOICES_AS_SITE)
        return d->policy->invoices == INVOICES_TAKE;
    return d->site->take_invoices;
}

/* The site's words: those of its database row, then those of the configuration, which count more. */
static void apply_words(const struct decide *d, struct order *o)
{
    order_policy_apply(&d->site->own, o);
    if (d->policy)
        order_policy_apply(d->policy, o);
}

/* Takes the invoices out of a file of a site that does not want them. */
static void pass_over(struct order_file *file)
{
    size_t kept = 0;

    for (size_t i = 0; i < file->n_orders; i++) {
        if (file->orders[i].kind != ORDER_IS_INVOICE)
            file->orders[kept++] = file->orders[i];
        else
            order_release(&file->orders[i]);
    }
    file->n_passed += file->n_orders - kept;
    file->n_orders = kept;
}

/* The next orders of the file; 1: the turn is used up before its end. */
static int decide_orders(const struct decide *d, struct order_file *file, size_t *turn,
                         struct import_result *r, struct error *err)
{
    r->orders = xreallocarray(r->orders, file->n_orders ? file->n_orders : 1, sizeof *r->orders);
    for (size_t i = r->n_orders; i < file->n_orders; i++) {
        if (turn && *turn == 0)
            return 1;
        char *hash auto_free = NULL;
        apply_words(d, &file->orders[i]);
        int rc = order_decide(d, &file->orders[i], &r->orders[i], &hash, err);
        r->n_orders = i + 1; /* also released when it failed */
        if (rc == 0)
            rc = journal_order(d, i, &r->orders[i], hash, err);
        if (rc < 0)
            return rc;
        if (turn)
            --*turn;
    }
    return 0;
}

static void digest_of(const struct import_job *job, char out[static SHA256_HEX_LEN + 1])
{
    uint8_t digest[SHA256_SIZE];

    digest_sha256(job->data, job->len, digest);
    digest_hex(digest, sizeof digest, out);
}

/* What an earlier run decided of this file is the beginning of what it holds, as it is read now? */
static bool is_beginning(const struct import_result *r, const struct order_file *file)
{
    if (r->n_orders > file->n_orders)
        return false;
    for (size_t i = 0; i < r->n_orders; i++) {
        const struct order *o = &file->orders[i];
        const char *now = o->number ? o->number : "", *then = r->orders[i].number ? r->orders[i].number : "";
        size_t len = strlen(now);
        bool same = strncmp(now, then, len) == 0 && (!then[len] || (o->by_external_id && then[len] == '#'));
        if (o->kind != r->orders[i].kind || !same)
            return false;
    }
    return true;
}

/* A file that was begun and is read otherwise now, since its mapping was changed: from the start. What stands in
 * the shop already will be duplicates. */
static int begin_anew(const struct decide *d, struct import_result *r, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st, "DELETE FROM intake_order WHERE intake_id = :intake", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "intake", d->intake_id);
    import_result_release(r);
    r->intake_id = d->intake_id;
    return stmt_run(st, err);
}

/* The file's row in the journal: of an earlier turn, of an earlier run, or new. */
static int journal_find(struct decide *d, const struct import_job *job, const struct order_file *file,
                        struct import_result *r, struct error *err)
{
    int rc = 0;
    if (!r->intake_id && (rc = recall(d->db, job->object_key, true, r, err)) < 0)
        return rc;
    d->intake_id = r->intake_id;
    if (rc == 1 && !(file && is_beginning(r, file)))
        rc = begin_anew(d, r, err);
    else if (!r->intake_id)
        rc = journal_open(d, job, &d->intake_id, err);
    r->intake_id = d->intake_id;
    return rc < 0 ? rc : 0;
}

static int decide_file(struct db *writer, const struct import_job *job, const char *sha256,
                       struct order_file *file, const struct error *unreadable, size_t *turn,
                       struct import_result *r, struct error *err)
{
    struct site_facts site cleanup(site_facts_release) = {0};
    int rc = site_facts_load(&site, writer, job->site, err);
    if (rc < 0)
        return rc;
    struct decide d = {
        .db = writer,
        .site = &site,
        .policy = job->policy,
        .file_name = job->name,
        .sha256 = sha256,
        .mapping = file && file->mapping ? file->mapping : "",
    };
    if (file && !takes_invoices(&d))
        pass_over(file);
    if ((rc = journal_find(&d, job, file, r, err)) < 0)
        return rc;
    free(r->mapping);
    r->mapping = xstrdup_or_null(file ? file->mapping : NULL);
    if (file && (rc = decide_orders(&d, file, turn, r, err)) != 0)
        return rc;
    r->verdict = file ? file_verdict(r) : VERDICT_REFUSED;
    r->text = verdict_file_text(r, job, file, file ? NULL : unreadable);
    return journal_close(&d, r, err);
}

int import_decide_file(struct db *writer, const struct import_job *job, struct order_file *file,
                       const struct error *unreadable, struct import_result *out, struct error *err)
{
    char sha256[SHA256_HEX_LEN + 1];

    digest_of(job, sha256);
    *out = (struct import_result){0};
    int rc = decide_file(writer, job, sha256, file, unreadable, NULL, out, err);
    if (rc < 0)
        import_result_release(out);
    return rc;
}

void import_read(struct import_reading *out, const struct import_job *job)
{
    *out = (struct import_reading){0};
    digest_of(job, out->sha256);
    if (order_parse(&out->file, job->data, job->len, job->maps, job->n_maps, job->limits, &out->unreadable) <
            0 &&
        !out->unreadable.message)
        error_set(&out->unreadable, -EINVAL, "the file cannot be read");
}

void import_reading_release(struct import_reading *r)
{
    order_file_release(&r->file);
    error_release(&r->unreadable);
    *r = (struct import_reading){0};
}

int order_import(struct db *writer, const struct import_job *job, struct import_reading *reading,
                 size_t *turn, struct import_result *out, struct error *err)
{
    bool readable = !reading->unreadable.message;
    int rc = out->intake_id ? 0 : order_import_recall(writer, job->object_key, out, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    return decide_file(writer, job, reading->sha256, readable ? &reading->file : NULL,
                       readable ? NULL : &reading->unreadable, turn, out, err);
}
