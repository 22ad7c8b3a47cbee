/*
 * The decision upon one normalised order: what it is for this database (new, a repetition, a revision, a
 * conflict) and the rows that follow. Inner header of order/: import.c drives it, the tests call it with
 * orders built by hand.
 *
 *                 none of this site, kind and number *)         -> accepted
 *   same content as the order stands now                        -> duplicate
 *   other content, but read from these very bytes before        -> duplicate (a late repetition of an older revision)
 *   other content, nobody has touched the order                 -> revised
 *   other content, the order is being handled                   -> conflict, with the differences
 *   the order cannot be taken (order.error, or a rule of ours)  -> refused
 *
 * Touched: `handled` is set, or its status history holds an entry that the intake did not write.
 *
 * *) Or external id, where the mapping says that numbers repeat.
 *
 * An invoice is decided like an order, but reserves nothing and charges nothing. Where the site does not take
 * invoices they are passed over before anything is decided.
 *
 * What the files of this room do, in the order of use: site.c reads the site's row and words, match.c finds
 * products, totals.c computes amounts, customer.c finds or makes the customer, reserve.c reserves stock,
 * charge.c takes what a certificate and bonus pay, record.c writes the rows, differences.c tells two states of
 * an order apart, verdict.c puts everything into words, decide.c says who is called when.
 */
#ifndef SHOPFS_ORDER_DECIDE_H
#define SHOPFS_ORDER_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "order/import.h"
#include "mapping/order.h"
#include "store/store.h"

/* A cached statement is reset when the variable's scope ends. */
static inline void reset_stmt_(struct stmt **st)
{
    if (*st)
        stmt_reset(*st);
}
#define auto_reset cleanup(reset_stmt_)

/* Remarks on an order, in the order they were made. */
struct notes {
    char **items;
    size_t n, cap;
};
void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void notes_release(struct notes *notes);

/* The row of `site`, as far as deciding needs it. */
struct site_facts {
    int64_t id;
    char *name, *language, *fallback_language, *currency;
    int64_t order_warehouse_id; /* 0: where most is free */
    char *default_client, *default_object, *default_user, *default_executor;
    int64_t price_list_id;
    bool take_invoices;
    struct order_policy own; /* the words in the database */
};
/* -ENOENT where there is no such site. */
int site_facts_load(struct site_facts *out, struct db *db, const char *name, struct error *err);
void site_facts_release(struct site_facts *site);

/* Runs statements that have :order. */
int run_for_order(struct db *db, const char *const *sql, size_t n, int64_t order_id, struct error *err);

/* One file being decided. */
struct decide {
    struct db *db; /* the writer, inside a write transaction */
    const struct site_facts *site;
    const struct order_policy *policy; /* NULL: the default */
    int64_t intake_id;                 /* its row in the journal */
    const char *file_name;             /* as uploaded */
    const char *sha256;                /* of the file's bytes, hexadecimal */
    const char *mapping;
};

/* A line as it is stored: what the file says, completed from the catalogue, amounts computed. */
struct line_facts {
    const struct order_line *from;
    int64_t product_id; /* 0: kept as text */
    int64_t variant_id;
    const char *matched_by; /* NULL: kept as text */
    bool stocked;           /* reserves stock */
    char *name, *unit;
    int64_t price_e4; /* for one unit, with VAT */
    bool has_net, has_vat;
    int64_t price_net_e4, vat_percent_e2;
    int64_t total_e4;     /* with VAT, after discount, whole cents */
    int64_t total_net_e4; /* the same without VAT where the rate is known, else equal */
    int64_t warehouse_id, reserved_e3;
    char *warehouse; /* its code; NULL: nothing reserved */
};

/* An order as it is stored. */
struct order_facts {
    const struct order *from;
    struct line_facts *lines; /* from->n_lines of them */
    char *number;             /* as stored: the file's, or with the external id where another order has it */
    const char *status, *currency;
    const char *dated; /* when it was ordered, else when it came: certificates are valid then */
    bool paid;
    int64_t rate_e6;
    bool has_total;
    int64_t total_e4;       /* the file's, with VAT */
    int64_t lines_total_e4; /* computed */
    int64_t
        difference_e4; /* what the lines give more than the file\'s total, where rounding does not explain it */
    int64_t certificate_used_e4, bonus_taken_e4; /* charged */
    int64_t to_pay_e4;                           /* lines_total less what was charged */
    int64_t customer_id;                         /* 0: none */
    char *customer_rule, *customer_name, *customer_code;
    int64_t price_list_id; /* the customer's; 0: none of his own */
    struct notes warnings;
};
void order_facts_release(struct order_facts *f);

/* Decides one order in a savepoint of its own. 0: decided, out filled (also refused). Negative: the database
 * could not take it, the savepoint is undone. *hash: of its content (malloced; NULL where it was refused
 * unread). */
int order_decide(const struct decide *d, const struct order *o, struct order_result *out, char **hash,
                 struct error *err);

/* Everything after reading: the site's words, journal row, each order, verdict. file NULL: it could not be
 * read, `unreadable` says why. */
int import_decide_file(struct db *writer, const struct import_job *job, struct order_file *file,
                       const struct error *unreadable, struct import_result *out, struct error *err);

/* match.c --------------------------------------------------------------------------------------------------
 */

/* Finds the product of the line and completes name, unit and VAT rate from the catalogue. -EDOM with err: not
 * found, and the site refuses such orders. */
int line_match(const struct decide *d, const struct order_line *line, size_t number, struct line_facts *out,
               struct notes *warnings, struct error *err);

/* totals.c -------------------------------------------------------------------------------------------------
 */

/* Computes a matched line; number is its place in the order, from 1. -ERANGE with err: an amount is too big.
 */
int line_amounts(struct line_facts *line, size_t number, struct notes *warnings, struct error *err);
/* Adds the lines up. */
int order_amounts(struct order_facts *f, struct error *err);
/* Warns where the file's total is another, and what has been charged does not explain it. After charge_settle. */
void order_compare_total(struct order_facts *f);

/* customer.c -----------------------------------------------------------------------------------------------
 */

/* Finds or makes the customer and fills the gaps of an existing one. present: the customer of an order that
 * is being revised (kept where no rule finds another), or 0. Sets customer_id, _rule, _name and _code of f.
 */
int customer_settle(const struct decide *d, struct order_facts *f, int64_t present, const char *present_rule,
                    struct error *err);

/* reserve.c ------------------------------------------------------------------------------------------------
 */

/* Whether an order in this status holds stock. */
bool status_reserves(const char *status);
/* Reserves each stocked line and notes where. Short stock is a warning. */
int stock_reserve(const struct decide *d, struct order_facts *f, struct error *err);
/* Gives back exactly what the order's lines hold. */
int stock_release(struct db *db, int64_t order_id, struct error *err);

/* charge.c -------------------------------------------------------------------------------------------------
 */

/* Takes what the order's certificate and the customer's bonus pay, as far as they go; what they do not is a
 * warning with the amount. After customer_settle. Sets certificate_used, bonus_taken and to_pay. */
int charge_settle(const struct decide *d, struct order_facts *f, struct error *err);
/* Gives back exactly what the stored order has taken. */
int charge_release(struct db *db, int64_t order_id, struct error *err);

/* record.c -------------------------------------------------------------------------------------------------
 */

/* Now, as the database writes it: 'YYYY-MM-DD HH:MM:SS', UTC. */
void sql_now(char out[static CLOCK_SQL_LEN + 1]);

int record_new(const struct decide *d, const struct order_facts *f, const char *hash, int64_t *order_id,
               struct error *err);
/* Replaces content, lines, addresses, remarks; note goes to the status history. */
int record_revision(const struct decide *d, const struct order_facts *f, const char *hash, int64_t order_id,
                    int64_t revision, const char *old_status, const char *note, struct error *err);

/* differences.c --------------------------------------------------------------------------------------------
 */

/* Appends "field: old -> new" for everything that differs between the stored order and f, bounded. */
int order_differences(struct db *db, int64_t order_id, const struct order_facts *f, struct notes *out,
                      struct error *err);

/* verdict.c ------------------------------------------------------------------------------------------------
 */

/* Amounts and quantities as people write them: "49.90", "49.9017", "2.5". */
void text_amount(struct buf *out, int64_t units_e4);
void text_quantity(struct buf *out, int64_t units_e3);
/* A string of the file for a line of text: control characters and what is not UTF-8 become '?', long ones are
 * cut. */
void text_shown(struct buf *out, const char *s);

/* The block of one order below its heading (see mapping/RESULTS.md). Malloced. */
char *verdict_order_text(enum verdict v, const struct order_facts *f, const struct notes *remarks);
char *verdict_refusal_text(const struct error *why, int order_line);
/* The whole text of a file. unreadable: as for import_decide_file. */
char *verdict_file_text(const struct import_result *r, const struct import_job *job,
                        const struct order_file *file, const struct error *unreadable);

#endif
