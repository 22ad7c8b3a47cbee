/* What the database says of a site that orders come from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "order/decide.h"

/* A word that differs from another in capitals only is passed over: the first one counts. */
static int load_status_words(struct site_facts *site, struct db *db, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        db, &st, "SELECT word, status, paid FROM site_status_word WHERE site_id = :site ORDER BY word", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", site->id);
    while ((rc = stmt_step(st, err)) == 1) {
        auto_buf value = BUF_INIT;
        if (!stmt_is_null(st, 1))
            buf_add_str(&value, stmt_text(st, 1, NULL));
        if (!stmt_is_null(st, 2))
            buf_addf(&value, " marked-%s", stmt_int(st, 2) ? "paid" : "unpaid");
        order_policy_add_word(&site->own, stmt_text(st, 0, NULL), buf_str(&value));
    }
    return rc;
}

static int load_payment_words(struct site_facts *site, struct db *db, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        db, &st, "SELECT word, payment FROM site_payment_word WHERE site_id = :site ORDER BY word", err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", site->id);
    while ((rc = stmt_step(st, err)) == 1)
        order_policy_add_payment(&site->own, stmt_text(st, 0, NULL), stmt_text(st, 1, NULL));
    return rc;
}

int site_facts_load(struct site_facts *out, struct db *db, const char *name, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        db, &st,
        "SELECT id, name, language, fallback_language, currency, order_warehouse_id, default_client,"
        " default_object, default_user, default_executor, take_invoices, price_list_id FROM site WHERE name = :name",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "name", name);
    if ((rc = stmt_step(st, err)) < 0)
        return rc;
    if (rc == 0) {
        error_set(err, -ENOENT, "there is no site '%s' in the database", name);
        error_advise(err, "the site's name in the configuration must be one of the table 'site'");
        return -ENOENT;
    }
    *out = (struct site_facts){
        .id = stmt_int(st, 0),
        .name = xstrdup_or_null(stmt_text(st, 1, NULL)),
        .language = xstrdup_or_null(stmt_text(st, 2, NULL)),
        .fallback_language = xstrdup_or_null(stmt_text(st, 3, NULL)),
        .currency = xstrdup_or_null(stmt_text(st, 4, NULL)),
        .order_warehouse_id = stmt_int(st, 5),
        .default_client = xstrdup_or_null(stmt_text(st, 6, NULL)),
        .default_object = xstrdup_or_null(stmt_text(st, 7, NULL)),
        .default_user = xstrdup_or_null(stmt_text(st, 8, NULL)),
        .default_executor = xstrdup_or_null(stmt_text(st, 9, NULL)),
        .take_invoices = stmt_int(st, 10) != 0,
        .price_list_id = stmt_int(st, 11),
    };
    rc = load_status_words(out, db, err);
    return rc < 0 ? rc : load_payment_words(out, db, err);
}

void site_facts_release(struct site_facts *site)
{
    free(site->name);
    free(site->language);
    free(site->fallback_language);
    free(site->currency);
    free(site->default_client);
    free(site->default_object);
    free(site->default_user);
    free(site->default_executor);
    order_policy_release(&site->own);
    *site = (struct site_facts){0};
}
