/*
 * Verdicts in words: what stands in orders/results/NAME.txt and what `shopctl import` prints. The form is
 * described in mapping/RESULTS.md; the first line is for programs and does not change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/decide.h"

#define VALUE_BYTES 160    /* of one value in a line */
#define MESSAGE_BYTES 1000 /* of a sentence */
#define FULL_ORDERS 100    /* more orders in a file than this are listed without their lines */

const char *verdict_name(enum verdict v)
{
    switch (v) {
    case VERDICT_ACCEPTED:
        return "accepted";
    case VERDICT_DUPLICATE:
        return "duplicate";
    case VERDICT_REVISED:
        return "revised";
    case VERDICT_PARTLY:
        return "partly";
    case VERDICT_REFUSED:
        return "refused";
    case VERDICT_CONFLICT:
        return "conflict";
    case VERDICT_NO_ORDER:
        return "no-order";
    }
    abort();
}

void text_amount(struct buf *out, int64_t units_e4)
{
    decimal_format(out, units_e4, PRICE_SCALE, units_e4 % 100 ? PRICE_SCALE : 2, '.');
}

void text_quantity(struct buf *out, int64_t units_e3)
{
    decimal_format(out, units_e3, QUANTITY_SCALE, -1, '.');
}

static void add_shown(struct buf *out, const char *s, size_t limit)
{
    size_t len = strlen(s), end = out->len + limit;
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        size_t n = text_utf8_decode(s + i, len - i, &cp);
        if (out->len + (n ? n : 1) > end) {
            buf_add_str(out, "...");
            return;
        }
        if (n == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
            buf_add_char(out, '?');
        else
            buf_add(out, s + i, n);
        i += n ? n : 1;
    }
}

void text_shown(struct buf *out, const char *s)
{
    add_shown(out, s, VALUE_BYTES);
}

/* A sentence of ours, with values of the file in it. */
static void add_message(struct buf *out, const char *s)
{
    add_shown(out, s, MESSAGE_BYTES);
}

static void add_customer(struct buf *b, const struct order_facts *f)
{
    if (!f->customer_id)
        return;
    static const char *const rules[][2] = {
        {"site-id", "matched by the web shop's id"},
        {"email", "matched by e-mail"},
        {"phone", "matched by telephone"},
        {"created", "new"},
    };
    const char *said = f->customer_rule ? f->customer_rule : "";
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(said, rules[i][0]) == 0)
            said = rules[i][1];
    buf_add_str(b, "customer: ");
    text_shown(b, f->customer_name ? f->customer_name : "");
    buf_addf(b, " (%lld, %s)\n", (long long)f->customer_id, said);
}

static void add_line(struct buf *b, const struct line_facts *l, size_t number)
{
    buf_addf(b, "line %zu: ", number);
    if (l->from->kind != LINE_PRODUCT)
        buf_addf(b, "%s, ", order_line_kind_name(l->from->kind));
    text_quantity(b, l->from->quantity_e3);
    buf_addf(b, " %s ", l->unit ? l->unit : "x");
    if (l->from->code && *l->from->code) {
        text_shown(b, l->from->code);
        buf_add_char(b, ' ');
    }
    buf_add_char(b, '\'');
    text_shown(b, l->name);
    buf_add_str(b, "', ");
    text_amount(b, l->price_e4);
    buf_add_str(b, " each, ");
    text_amount(b, l->total_e4);
    if (l->matched_by)
        buf_addf(b, " (by %s", l->matched_by);
    else
        buf_add_str(b, l->from->kind == LINE_PRODUCT ? " (text" : "");
    if (l->reserved_e3) {
        buf_add_str(b, ", reserved in ");
        text_shown(b, l->warehouse);
    }
    if (l->matched_by || l->from->kind == LINE_PRODUCT)
        buf_add_char(b, ')');
    buf_add_char(b, '\n');
}

static void add_amount_of(struct buf *b, const char *label, int64_t amount_e4)
{
    buf_add_str(b, label);
    text_amount(b, amount_e4);
    buf_add_char(b, '\n');
}

static void add_charges(struct buf *b, const struct order_facts *f)
{
    if (f->certificate_used_e4)
        add_amount_of(b, "certificate: ", f->certificate_used_e4);
    if (f->bonus_taken_e4)
        add_amount_of(b, "bonus: ", f->bonus_taken_e4);
    if (f->certificate_used_e4 || f->bonus_taken_e4)
        add_amount_of(b, "to pay: ", f->to_pay_e4);
}

char *verdict_order_text(enum verdict v, const struct order_facts *f, const struct notes *remarks)
{
    auto_buf b = BUF_INIT;
    if (f) {
        add_customer(&b, f);
        if (v == VERDICT_ACCEPTED || v == VERDICT_REVISED) {
            for (size_t i = 0; i < f->from->n_lines; i++)
                add_line(&b, &f->lines[i], i + 1);
            buf_add_str(&b, "total: ");
            text_amount(&b, f->lines_total_e4);
            buf_addf(&b, " %s\n", f->currency);
            add_charges(&b, f);
            if (strcmp(f->status, "new") != 0)
                buf_addf(&b, "status: %s\n", f->status);
            if (f->from->payment || f->paid)
                buf_addf(&b, "payment: %s\n", f->from->payment ? f->from->payment : "paid");
        }
    }
    for (size_t i = 0; remarks && i < remarks->n; i++)
        buf_addf(&b, "%s\n", remarks->items[i]);
    for (size_t i = 0; f && i < f->warnings.n; i++) {
        buf_add_str(&b, "warning: ");
        add_message(&b, f->warnings.items[i]);
        buf_add_char(&b, '\n');
    }
    if (b.len && b.data[b.len - 1] == '\n')
        buf_truncate(&b, b.len - 1);
    return buf_detach(&b, NULL);
}

char *verdict_refusal_text(const struct error *why, int order_line)
{
    auto_buf b = BUF_INIT;
    int line = why->line ? why->line : order_line;
    buf_add_str(&b, "reason: ");
    add_message(&b, why->message ? why->message : "unknown");
    const char *sign = "\nwhere: ";
    if (line) {
        buf_addf(&b, "%sline %d", sign, line);
        sign = ", ";
    }
    if (why->path) {
        buf_add_str(&b, sign);
        add_message(&b, why->path);
        sign = ", ";
    }
    if (why->field) {
        buf_addf(&b, "%sfield '", sign);
        text_shown(&b, why->field);
        buf_add_char(&b, '\'');
    }
    buf_add_str(&b, "\nto do: ");
    add_message(&b, why->advice ? why->advice : "correct the file, or what writes it, and send it again");
    return buf_detach(&b, NULL);
}

static bool taken(enum verdict v)
{
    return v == VERDICT_ACCEPTED || v == VERDICT_REVISED || v == VERDICT_DUPLICATE;
}

/* The value after "reason: " of an order's block. */
static void add_reason(struct buf *b, const char *message)
{
    static const char label[] = "reason: ";
    if (!message || strncmp(message, label, sizeof label - 1) != 0)
        return;
    message += sizeof label - 1;
    buf_add_str(b, ": ");
    buf_add(b, message, strcspn(message, "\n"));
}

/* "order 1042", "invoice without a number" */
static void add_name(struct buf *b, const struct order_result *o)
{
    buf_addf(b, "%s ", order_kind_name(o->kind));
    if (o->number)
        text_shown(b, o->number);
    else
        buf_add_str(b, "without a number");
}

static void add_number_of(struct buf *b, const char *sign, size_t n, const char *what)
{
    buf_addf(b, "%s%zu %s%s", sign, n, what, n == 1 ? "" : "s");
}

/* "3 orders: 2 accepted, 1 duplicate", "2 orders, 1 invoice: 3 accepted" */
static void add_counts(struct buf *b, const struct import_result *r)
{
    static const enum verdict kinds[] = {VERDICT_ACCEPTED, VERDICT_REVISED, VERDICT_DUPLICATE,
                                         VERDICT_CONFLICT, VERDICT_REFUSED};
    const char *sign = ": ";
    size_t invoices = 0;

    for (size_t i = 0; i < r->n_orders; i++)
        invoices += r->orders[i].kind == ORDER_IS_INVOICE;
    if (r->n_orders > invoices)
        add_number_of(b, "", r->n_orders - invoices, "order");
    if (invoices)
        add_number_of(b, r->n_orders > invoices ? ", " : "", invoices, "invoice");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = 0;
        for (size_t i = 0; i < r->n_orders; i++)
            n += r->orders[i].verdict == kinds[k];
        if (n) {
            buf_addf(b, "%s%zu %s", sign, n, verdict_name(kinds[k]));
            sign = ", ";
        }
    }
}

static void add_first_line(struct buf *b, const struct import_result *r, const struct error *unreadable,
                           const struct order_file *file)
{
    buf_addf(b, "%s: ", verdict_name(r->verdict));
    if (unreadable) {
        add_message(b, unreadable->message ? unreadable->message : "the file cannot be read");
    } else if (r->n_orders == 0) {
        buf_add_str(b, "no order in this file");
        if (file && file->seen && *file->seen) {
            buf_add_str(b, "; it holds ");
            add_message(b, file->seen);
        }
    } else if (r->n_orders == 1) {
        add_name(b, &r->orders[0]);
        if (!taken(r->orders[0].verdict))
            add_reason(b, r->orders[0].message);
    } else {
        add_counts(b, r);
    }
    buf_add_char(b, '\n');
}

/* In a file of very many orders those lines stay that somebody must read. */
static bool is_essential(const char *line)
{
    static const char *const plain[] = {"customer: ", "line ", "total: ", "status: "};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strncmp(line, plain[i], strlen(plain[i])) == 0)
            return false;
    return true;
}

static void add_indented(struct buf *b, const char *message, bool all)
{
    for (const char *line = message; *line;) {
        size_t len = strcspn(line, "\n");
        if (all || is_essential(line)) {
            buf_add_str(b, "  ");
            buf_add(b, line, len);
            buf_add_char(b, '\n');
        }
        line += len + (line[len] == '\n');
    }
}

static void add_no_order_advice(struct buf *b, const struct import_result *r, const struct order_file *file)
{
    buf_add_str(b, "\n  to do: nothing, where the file was not meant to hold orders; else ");
    if (r->mapping) {
        buf_add_str(b, "check which elements the mapping reads");
    } else if (file && file->near) {
        buf_add_str(b, "it lacks what the mappings look for: ");
        add_message(b, file->near);
    } else {
        buf_add_str(b, "none of the site's mappings is for files that begin like this one");
    }
    buf_add_char(b, '\n');
}

char *verdict_file_text(const struct import_result *r, const struct import_job *job,
                        const struct order_file *file, const struct error *unreadable)
{
    auto_buf b = BUF_INIT;
    char now[CLOCK_ISO_LEN + 1];
    clock_format_iso((time_t)(clock_now_ms() / 1000), now);
    add_first_line(&b, r, unreadable, file);
    buf_add_str(&b, "file: ");
    text_shown(&b, job->name);
    buf_addf(&b, ", %zu bytes\ndecided: %s\n", job->len, now);
    if (r->mapping) {
        buf_addf(&b, "mapping: %s%s", r->mapping,
                 file && file->unverified
                     ? " (not verified with files of this web shop: please check the order)"
                     : "");
        if (file && file->also)
            buf_addf(&b, " (%s would read the file too; the first in the site's list does)", file->also);
        buf_add_char(&b, '\n');
    }
    if (file && file->n_passed)
        buf_addf(&b, "not taken: %zu invoice%s; this site takes orders only\n", file->n_passed,
                 file->n_passed == 1 ? "" : "s");
    if (unreadable) {
        buf_add_char(&b, '\n');
        char *block auto_free = verdict_refusal_text(unreadable, 0);
        add_indented(&b, block, true);
    } else if (r->n_orders == 0) {
        add_no_order_advice(&b, r, file);
    }
    for (size_t i = 0; i < r->n_orders; i++) {
        const struct order_result *o = &r->orders[i];
        if (r->n_orders <= FULL_ORDERS)
            buf_add_char(&b, '\n');
        buf_addf(&b, "%s ", order_kind_name(o->kind));
        text_shown(&b, o->number ? o->number : "(no number)");
        buf_addf(&b, ": %s\n", verdict_name(o->verdict));
        if (o->message)
            add_indented(&b, o->message, r->n_orders <= FULL_ORDERS);
    }
    return buf_detach(&b, NULL);
}
