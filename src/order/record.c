/* The rows of an order: written whole, or replaced whole by a revision. */
#include <string.h>

#include "base/mem.h"
#include "order/decide.h"

void sql_now(char out[static CLOCK_SQL_LEN + 1])
{
    clock_format((time_t)(clock_now_ms() / 1000), "%Y-%m-%d %H:%M:%S", false, out, CLOCK_SQL_LEN + 1);
}

static void bind_header(struct stmt *st, const struct decide *d, const struct order_facts *f,
                        const char *hash)
{
    const struct order *o = f->from;
    stmt_bind_text(st, "external_id", o->external_id);
    stmt_bind_text(st, "hash", hash);
    stmt_bind_text(st, "order_number", o->order_number);
    stmt_bind_text(st, "ordered", o->ordered);
    stmt_bind_text(st, "due_on", o->due_on);
    stmt_bind_text(st, "status", f->status);
    stmt_bind_text(st, "status_text", o->status_text);
    stmt_bind_int(st, "paid", f->paid);
    stmt_bind_text(st, "paid_on", o->paid_on);
    stmt_bind_text(st, "payment_status", o->payment);
    stmt_bind_text(st, "payment_text", o->payment_text);
    stmt_bind_text(st, "currency", f->currency);
    stmt_bind_int(st, "rate", f->rate_e6);
    if (f->has_total)
        stmt_bind_int(st, "total", f->total_e4);
    else
        stmt_bind_null(st, "total");
    stmt_bind_int(st, "lines_total", f->lines_total_e4);
    if (f->customer_id)
        stmt_bind_int(st, "customer", f->customer_id);
    else
        stmt_bind_null(st, "customer");
    stmt_bind_text(st, "rule", f->customer_rule);
    stmt_bind_text(st, "payment", o->payment_method);
    stmt_bind_text(st, "delivery", o->delivery_method);
    stmt_bind_text(st, "deliver_on", o->deliver_on);
    stmt_bind_text(st, "note", o->note);
    stmt_bind_text(st, "internal_note", o->internal_note);
    stmt_bind_text(st, "certificate", o->certificate);
    stmt_bind_int(st, "certificate_used", f->certificate_used_e4);
    stmt_bind_int(st, "bonus", o->bonus_used_e4);
    stmt_bind_int(st, "bonus_taken", f->bonus_taken_e4);
    stmt_bind_int(st, "to_pay", f->to_pay_e4);
    stmt_bind_text(st, "client", f->customer_code ? f->customer_code : d->site->default_client);
    stmt_bind_int(st, "price_list", f->price_list_id ? f->price_list_id : d->site->price_list_id);
    stmt_bind_text(st, "mapping", d->mapping);
    stmt_bind_int(st, "intake", d->intake_id);
}

static int write_line(struct stmt *st, int64_t order_id, size_t position, const struct line_facts *l,
                      struct error *err)
{
    const struct order_line *from = l->from;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_int(st, "position", (int64_t)position);
    stmt_bind_text(st, "kind", order_line_kind_name(from->kind));
    if (l->product_id)
        stmt_bind_int(st, "product", l->product_id);
    else
        stmt_bind_null(st, "product");
    stmt_bind_int(st, "variant", l->variant_id);
    stmt_bind_text(st, "matched", l->matched_by);
    stmt_bind_text(st, "code", from->code);
    stmt_bind_text(st, "barcode", from->barcode);
    stmt_bind_text(st, "external_id", from->external_id);
    stmt_bind_text(st, "shop_id", from->shop_id);
    stmt_bind_text(st, "name", l->name);
    stmt_bind_text(st, "unit", l->unit);
    stmt_bind_int(st, "quantity", from->quantity_e3);
    stmt_bind_int(st, "price", l->price_e4);
    if (l->has_net)
        stmt_bind_int(st, "net", l->price_net_e4);
    else
        stmt_bind_null(st, "net");
    if (l->has_vat)
        stmt_bind_int(st, "vat", l->vat_percent_e2);
    else
        stmt_bind_null(st, "vat");
    stmt_bind_int(st, "discount", from->discount_percent_e2);
    stmt_bind_int(st, "total", l->total_e4);
    if (l->warehouse_id)
        stmt_bind_int(st, "warehouse", l->warehouse_id);
    else
        stmt_bind_null(st, "warehouse");
    stmt_bind_int(st, "reserved", l->reserved_e3);
    /* The shop's own words for the variant are not lost where the catalogue did not say it better. */
    auto_buf note = BUF_INIT;
    if (from->variant && *from->variant)
        buf_add_str(&note, from->variant);
    if (from->note && *from->note)
        buf_addf(&note, "%s%s", note.len ? "; " : "", from->note);
    stmt_bind_text(st, "note", note.len ? buf_str(&note) : NULL);
    return stmt_run(st, err);
}

static int write_lines(const struct decide *d, const struct order_facts *f, int64_t order_id,
                       struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "INSERT INTO order_line (order_id, position, kind, product_id, variant_id, matched_by, code, barcode,"
        " external_id, shop_id, name, unit, quantity_e3, price_e4, price_net_e4, vat_percent_e2, "
        "discount_percent_e2,"
        " total_e4, warehouse_id, reserved_e3, note) VALUES (:order, :position, :kind, :product, :variant,"
        " :matched, :code, :barcode, :external_id, :shop_id, :name, :unit, :quantity, :price, :net, :vat, "
        ":discount,"
        " :total, :warehouse, :reserved, :note)",
        err);
    for (size_t i = 0; rc == 0 && i < f->from->n_lines; i++)
        rc = write_line(st, order_id, i + 1, &f->lines[i], err);
    return rc;
}

static int write_address(const struct decide *d, const char *kind, const struct order_address *a,
                         int64_t order_id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc;

    if (!a->present)
        return 0;
    rc = db_cached(
        d->db, &st,
        "INSERT INTO order_address (order_id, kind, name, first_name, last_name, company, tax_id, vat_id,"
        " street, city, region, zip, country, phone, email, full_text)"
        " VALUES (:order, :kind, :name, :first_name, :last_name, :company, :tax_id, :vat_id,"
        " :street, :city, :region, :zip, :country, :phone, :email, :full_text)",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_text(st, "kind", kind);
    for (size_t i = 0; i < ORDER_ADDRESS_FIELDS; i++)
        stmt_bind_text(st, order_address_fields[i].column, *order_address_text(a, i));
    return stmt_run(st, err);
}

static int write_unmapped(const struct decide *d, const struct order *o, int64_t order_id, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(d->db, &st,
                       "INSERT INTO order_unmapped (order_id, position, path, value) VALUES (:order, "
                       ":position, :path, :value)",
                       err);
    for (size_t i = 0; rc == 0 && i < o->n_unmapped; i++) {
        stmt_bind_int(st, "order", order_id);
        stmt_bind_int(st, "position", (int64_t)i + 1);
        stmt_bind_text(st, "path", o->unmapped[i].path ? o->unmapped[i].path : "");
        stmt_bind_text(st, "value", o->unmapped[i].value ? o->unmapped[i].value : "");
        rc = stmt_run(st, err);
    }
    return rc;
}

static int write_warnings(const struct decide *d, const struct notes *warnings, int64_t order_id,
                          struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st, "INSERT INTO order_warning (order_id, position, text) VALUES (:order, :position, :text)",
        err);
    for (size_t i = 0; rc == 0 && i < warnings->n; i++) {
        stmt_bind_int(st, "order", order_id);
        stmt_bind_int(st, "position", (int64_t)i + 1);
        stmt_bind_text(st, "text", warnings->items[i]);
        rc = stmt_run(st, err);
    }
    return rc;
}

static int write_children(const struct decide *d, const struct order_facts *f, int64_t order_id,
                          struct error *err)
{
    int rc = write_lines(d, f, order_id, err);
    if (rc == 0)
        rc = write_address(d, "billing", &f->from->billing, order_id, err);
    if (rc == 0)
        rc = write_address(d, "delivery", &f->from->delivery, order_id, err);
    if (rc == 0)
        rc = write_unmapped(d, f->from, order_id, err);
    if (rc == 0)
        rc = write_warnings(d, &f->warnings, order_id, err);
    return rc;
}

int record_new(const struct decide *d, const struct order_facts *f, const char *hash, int64_t *order_id,
               struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "INSERT INTO orders (site_id, kind, number, order_number, external_id, content_hash, ordered, "
        "due_on, status,"
        " status_text, paid, paid_on, payment_status, payment_text, currency, rate_e6, total_e4, "
        "lines_total_e4,"
        " customer_id, customer_rule, payment_method, delivery_method, deliver_on, note, internal_note, "
        "certificate,"
        " certificate_used_e4, bonus_used_e4, bonus_taken_e4, to_pay_e4, client_code, object_code, user_code,"
        " executor_code, price_list_id, mapping, intake_id) VALUES (:site, :kind, :number, :order_number, "
        ":external_id, "
        ":hash,"
        " :ordered, :due_on, :status, :status_text, :paid, :paid_on, :payment_status, :payment_text, "
        ":currency,"
        " :rate, :total, :lines_total, :customer, :rule, :payment, :delivery, :deliver_on, :note, "
        ":internal_note,"
        " :certificate, :certificate_used, :bonus, :bonus_taken, :to_pay, :client, :object, :user, "
        ":executor, :price_list,"
        " :mapping, :intake)",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "site", d->site->id);
    stmt_bind_text(st, "kind", order_kind_name(f->from->kind));
    stmt_bind_text(st, "number", f->number);
    stmt_bind_text(st, "object", d->site->default_object);
    stmt_bind_text(st, "user", d->site->default_user);
    stmt_bind_text(st, "executor", d->site->default_executor);
    bind_header(st, d, f, hash);
    if ((rc = stmt_run(st, err)) < 0)
        return rc;
    *order_id = db_last_id(d->db);
    return write_children(d, f, *order_id, err);
}

static int delete_children(struct db *db, int64_t order_id, struct error *err)
{
    static const char *const tables[] = {
        "DELETE FROM order_line WHERE order_id = :order",
        "DELETE FROM order_address WHERE order_id = :order",
        "DELETE FROM order_unmapped WHERE order_id = :order",
        "DELETE FROM order_warning WHERE order_id = :order",
    };
    return run_for_order(db, tables, sizeof tables / sizeof *tables, order_id, err);
}

/* The entry is the intake's. Where the status changed, the database's own trigger has just made one: it is
 * taken over, so that the order does not look touched by others. */
static int write_history(const struct decide *d, int64_t order_id, const char *status, bool changed,
                         const char *note, struct error *err)
{
    struct stmt *st auto_reset = NULL;
    int rc =
        db_cached(d->db, &st,
                  changed ? "UPDATE order_status SET source = 'intake', note = :note WHERE id ="
                            " (SELECT max(id) FROM order_status WHERE order_id = :order AND status = :status)"
                          : "INSERT INTO order_status (order_id, status, source, note) VALUES (:order, "
                            ":status, 'intake', :note)",
                  err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_text(st, "status", status);
    stmt_bind_text(st, "note", note);
    return stmt_run(st, err);
}

int record_revision(const struct decide *d, const struct order_facts *f, const char *hash, int64_t order_id,
                    int64_t revision, const char *old_status, const char *note, struct error *err)
{
    char now[CLOCK_SQL_LEN + 1];
    sql_now(now);
    struct stmt *st auto_reset = NULL;
    int rc = db_cached(
        d->db, &st,
        "UPDATE orders SET external_id = :external_id, order_number = :order_number, revision = :revision,"
        " content_hash = :hash, ordered = :ordered, due_on = :due_on, modified = :now, status = :status,"
        " status_text = :status_text, paid = :paid, paid_on = coalesce(:paid_on, paid_on),"
        " payment_status = :payment_status, payment_text = :payment_text, currency = :currency, rate_e6 = "
        ":rate,"
        " total_e4 = :total, lines_total_e4 = :lines_total, customer_id = :customer, customer_rule = :rule,"
        " payment_method = :payment, delivery_method = :delivery, deliver_on = :deliver_on, note = :note,"
        " internal_note = :internal_note, certificate = :certificate, certificate_used_e4 = "
        ":certificate_used,"
        " bonus_used_e4 = :bonus, bonus_taken_e4 = :bonus_taken, to_pay_e4 = :to_pay,"
        " client_code = :client, price_list_id = :price_list, mapping = :mapping, intake_id = :intake WHERE "
        "id = :order",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    stmt_bind_int(st, "revision", revision);
    stmt_bind_text(st, "now", now);
    bind_header(st, d, f, hash);
    if ((rc = stmt_run(st, err)) < 0 || (rc = delete_children(d->db, order_id, err)) < 0 ||
        (rc = write_children(d, f, order_id, err)) < 0)
        return rc;
    return write_history(d, order_id, f->status, strcmp(old_status, f->status) != 0, note, err);
}
