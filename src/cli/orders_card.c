#include "cli/orders.h"

#include <errno.h>
#include <stdbool.h>

#include "base/cleanup.h"

/* The parts of a card. `many`: any number of rows; else one or none. Each statement has :order. */
static const struct part {
    const char *name, *title;
    bool many;
    const char *sql;
} parts[] = {
    {NULL, NULL, false,
     "SELECT o.number, o.kind, o.order_number, s.name AS site, o.external_id, o.revision, o.status, "
     "o.status_text AS "
     "status_word, o.handled,"
     " coalesce(o.ordered, o.received) AS created, o.received, o.modified, o.paid AS paid_flag, o.paid_on, "
     "o.due_on,"
     " o.payment_status, o.payment_text AS payment_word,"
     " o.payment_method AS payment, o.delivery_method AS delivery, o.deliver_on, o.tracking, o.currency, "
     "o.rate_e6,"
     " o.lines_total_e4 AS total_e4, o.total_e4 AS file_total_e4, o.certificate,"
     " nullif(o.certificate_used_e4, 0) AS certificate_used_e4, nullif(o.bonus_used_e4, 0) AS bonus_used_e4,"
     " nullif(o.bonus_taken_e4, 0) AS bonus_taken_e4, nullif(o.to_pay_e4, o.lines_total_e4) AS to_pay_e4,"
     " o.note, o.internal_note, o.client_code, o.object_code, o.user_code, o.executor_code,"
     " (SELECT p.code FROM price_list p WHERE p.id = o.price_list_id) AS price_list, o.mapping"
     " FROM orders o JOIN site s ON s.id = o.site_id WHERE o.id = :order"},
    {"customer", "Customer", false,
     "SELECT c.id, c.code, c.kind, c.name, c.email, c.phone, c.tax_id, c.vat_id, o.customer_rule AS rule"
     " FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.id = :order"},
    {"addresses", "Addresses", true,
     "SELECT kind, name, first_name, last_name, company, tax_id, vat_id, street, city, region, zip, country, "
     "phone, email,"
     " full_text FROM order_address WHERE order_id = :order ORDER BY kind"},
    {"lines", "Lines", true,
     "SELECT l.position, l.kind, l.code, l.barcode, l.external_id, l.name, l.quantity_e3, l.unit, "
     "l.price_e4, l.price_net_e4,"
     " l.vat_percent_e2 AS vat_e2, nullif(l.discount_percent_e2, 0) AS discount_e2, l.total_e4, l.matched_by,"
     " coalesce(v.sku, p.sku) AS product, w.code AS warehouse, nullif(l.reserved_e3, 0) AS reserved_e3, "
     "l.note"
     " FROM order_line l LEFT JOIN product p ON p.id = l.product_id LEFT JOIN variant v ON v.id = "
     "l.variant_id"
     " LEFT JOIN warehouse w ON w.id = l.warehouse_id WHERE l.order_id = :order ORDER BY l.position"},
    {"invoices", "Invoices", true,
     "SELECT i.number, i.ordered AS created, i.due_on, i.lines_total_e4 AS total_e4, i.currency, i.paid AS "
     "paid_flag"
     " FROM orders o JOIN orders i ON i.site_id = o.site_id AND i.kind = 'invoice' AND i.order_number = "
     "o.number"
     " WHERE o.id = :order AND o.kind = 'order' ORDER BY i.id"},
    {"history", "History", true,
     "SELECT at, status, source, note FROM order_status WHERE order_id = :order ORDER BY id"},
    {"warnings", "Warnings", true,
     "SELECT text FROM order_warning WHERE order_id = :order ORDER BY position"},
    {"unmapped", "Not taken by the mapping", true,
     "SELECT path, value FROM order_unmapped WHERE order_id = :order ORDER BY position"},
    {"files", "Files", true,
     "SELECT i.decided, i.name, x.verdict, i.mapping, i.filed_as, i.sha256 FROM intake_order x JOIN intake i "
     "ON i.id = x.intake_id"
     " WHERE x.order_id = :order ORDER BY i.id, x.position"},
};

int orders_find(struct db *db, const char *site, const char *kind, const char *number, int64_t *id,
                      struct error *err)
{
    struct stmt *st = NULL;
    int rc = db_prepare(
        db, &st,
        "SELECT o.id FROM orders o JOIN site s ON s.id = o.site_id"
        " WHERE o.kind = :kind AND o.number = :number AND (:site IS NULL OR s.name = :site) LIMIT 2",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "kind", kind);
    stmt_bind_text(st, "number", number);
    stmt_bind_text(st, "site", site);
    rc = stmt_step(st, err);
    if (rc == 1) {
        *id = stmt_int(st, 0);
        rc = stmt_step(st, err);
        if (rc == 1) {
            rc = error_set(err, -EINVAL, "several web shops have an %s '%s'", kind, number);
            error_advise(err, "say which one by --site=NAME");
        }
    } else if (rc == 0) {
        rc = error_set(err, -ENOENT, "there is no %s '%s'", kind, number);
    }
    stmt_free(st);
    return rc;
}

static int load_part(struct db *db, const struct part *part, int64_t order_id, struct table *out,
                     struct error *err)
{
    struct stmt *st = NULL;
    int rc = db_prepare(db, &st, part->sql, err);
    if (rc < 0)
        return rc;
    stmt_bind_int(st, "order", order_id);
    rc = table_load(out, st, err);
    stmt_free(st);
    return rc;
}

static void write_text(const struct part *part, const struct table *t, struct buf *out)
{
    if (table_rows(t) == 0)
        return;
    if (part->title)
        buf_addf(out, "\n%s\n", part->title);
    if (!part->many)
        table_write_fields(t, 0, out);
    else if (t->columns == 1)
        for (size_t r = 0; r < table_rows(t); r++) {
            buf_add_str(out, "- ");
            display_add(out, t->cells[r].text ? t->cells[r].text : "");
            buf_add_char(out, '\n');
        }
    else
        table_write_text(t, true, out);
}

static void write_json(const struct part *part, const struct table *t, struct buf *out)
{
    if (part->name) {
        buf_add_str(out, ",\n\"");
        buf_add_str(out, part->name);
        buf_add_str(out, "\": ");
    }
    if (part->many) {
        table_write_json(t, out);
    } else if (table_rows(t) == 0) {
        buf_add_str(out, "null");
    } else {
        if (part->name)
            buf_add_char(out, '{');
        table_write_json_members(t, 0, out);
        if (part->name)
            buf_add_char(out, '}');
    }
}

/* One value in a row: its path in the card, and the value. */
static void write_csv(const struct part *part, const struct table *t, struct buf *out)
{
    for (size_t r = 0; r < table_rows(t); r++)
        for (size_t c = 0; c < t->columns; c++) {
            const struct cell *cell = &t->cells[r * t->columns + c];
            if (!cell->text)
                continue;
            if (part->name)
                buf_addf(out, "%s.", part->name);
            if (part->many)
                buf_addf(out, "%zu.", r + 1);
            buf_addf(out, "%s,", t->keys[c]);
            csv_field(out, cell->truth ? (cell->text[0] == 't' ? "yes" : "no") : cell->text);
            buf_add_str(out, "\r\n");
        }
}

int orders_show(struct db *db, const char *site, const char *kind, const char *number,
                enum output_format format, struct buf *out, struct error *err)
{
    int64_t id = 0;
    int rc = orders_find(db, site, kind, number, &id, err);
    if (rc < 0)
        return rc;
    if (format == OUTPUT_CSV)
        buf_add_str(out, "field,value\r\n");
    else if (format == OUTPUT_JSON)
        buf_add_char(out, '{');
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct table t cleanup(table_release) = {0};
        if ((rc = load_part(db, &parts[i], id, &t, err)) < 0)
            return rc;
        if (format == OUTPUT_TEXT)
            write_text(&parts[i], &t, out);
        else if (format == OUTPUT_JSON)
            write_json(&parts[i], &t, out);
        else
            write_csv(&parts[i], &t, out);
    }
    if (format == OUTPUT_JSON)
        buf_add_str(out, "}\n");
    return 0;
}
