/*
 * A normalised order or invoice: what every order format is turned into, and what is decided upon.
 * Strings are UTF-8, white space collapsed, owned by the struct; NULL: the file does not say. Amounts are exact
 * (base/decimal.h). `has_` flags tell 0 from absent.
 */
#ifndef SHOPFS_MAPPING_ORDER_H
#define SHOPFS_MAPPING_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What a document is. An invoice is like an order in everything but its key: numbers of the two never meet. */
enum order_kind { ORDER_IS_ORDER, ORDER_IS_INVOICE };
const char *order_kind_name(enum order_kind kind); /* as in the database: "order", "invoice" */
int order_kind_parse(const char *name, enum order_kind *out); /* -EINVAL */

enum order_line_kind {
    LINE_PRODUCT,
    LINE_SHIPPING,
    LINE_PAYMENT,
    LINE_DISCOUNT,
    LINE_WRAPPING,
    LINE_SERVICE,
    LINE_GIFT,
    LINE_ROUNDING,
    LINE_OTHER,
};
const char *order_line_kind_name(enum order_line_kind kind); /* as in the database: "product", "shipping" ... */
int order_line_kind_parse(const char *name, enum order_line_kind *out); /* -EINVAL */

struct order_line {
    enum order_line_kind kind;
    char *code, *barcode, *external_id; /* external_id: the shop's own program knows the product by it */
    char *shop_id;                      /* the web shop knows it by this; only a site's code can be the same */
    char *name, *variant, *unit, *note;
    int64_t quantity_e3;          /* 1000 where the file has none */
    bool has_price, has_vat, has_total, price_has_vat;
    int64_t price_e4;             /* for one unit, as the file says; price_has_vat tells its meaning */
    int64_t vat_percent_e2;
    int64_t discount_percent_e2;
    int64_t total_e4;             /* the file's own total of the line, same meaning as the price */
    int line;                     /* where it starts in the file, 1-based; 0: made from a header amount */
};

struct order_address {
    bool present;
    char *name, *first_name, *last_name, *company, *tax_id, *vat_id;
    char *street, *city, *region, *zip, *country, *phone, *email, *full_text;
};

/* Each text of an address, once for all who go through them: reading, writing, comparing, hashing. */
#define ORDER_ADDRESS_FIELDS 14
struct order_address_field {
    const char *name;   /* in mappings: "first-name" */
    const char *column; /* in the database and in hashes: "first_name" */
    size_t offset;      /* of the char * in struct order_address */
};
extern const struct order_address_field order_address_fields[ORDER_ADDRESS_FIELDS];
char **order_address_text(const struct order_address *a, size_t field);

struct order_text {
    char *path, *value;
};

struct order {
    enum order_kind kind;
    char *number, *external_id;
    bool by_external_id;          /* the same order is the same external id, not number: numbers may repeat */
    char *order_number;           /* of an invoice: the order it is for */
    char *ordered;                /* "YYYY-MM-DD HH:MM:SS"; of an invoice: when it was issued */
    char *due_on;                 /* to be paid until */
    char *status, *status_text;   /* status: one of the database's words, or NULL; status_text: the file's */
    char *payment, *payment_text; /* the same of the state of the payment */
    bool paid, has_paid;          /* has_paid: the file says so itself, whatever its word for the payment */
    char *paid_on;
    bool cancelled;
    char *currency;               /* ISO 4217 letters, or NULL: the site's */
    int64_t rate_e6;              /* 0: not said */
    bool has_total;
    int64_t total_e4;             /* with VAT unless total_is_net */
    bool total_is_net;
    char *customer_id;            /* the customer's id in the web shop */
    struct order_address billing, delivery;
    char *payment_method, *delivery_method, *deliver_on, *note, *internal_note, *certificate;
    bool has_certificate_amount;
    int64_t certificate_e4;       /* what the file says the certificate pays */
    int64_t bonus_used_e4;
    struct order_line *lines;
    size_t n_lines;
    struct order_text *unmapped;  /* what the mapping did not take */
    size_t n_unmapped;
    char **warnings;              /* remarks made while reading: impossible dates and the like */
    size_t n_warnings;
    struct error error;           /* message set: this order cannot be taken (field, line, rule); others may */
    int line;                     /* where it starts in the file */
};

/* What one file holds. */
struct order_file {
    char *mapping;                /* name of the mapping that read it */
    bool unverified;              /* the mapping's evidence is an assumption */
    struct order *orders;
    size_t n_orders;
    size_t n_passed;              /* invoices that were taken out, since the site does not want them */
    char *seen;                   /* for "no order found": root element, namespace, first children */
    char *also;                   /* names of other mappings that fit as well: the first asked reads the file */
    char *near;                   /* where none fits: what those look for that begin like the file; NULL: none does */
    char *others;                 /* "3 invoices" where the file holds documents that are no orders */
};

void order_init(struct order *o);
void order_line_release(struct order_line *l);
void order_release(struct order *o);
void order_file_release(struct order_file *f);

/* How many of the documents are of this kind. */
size_t order_file_count(const struct order_file *f, enum order_kind kind);

/* Whether word is one of the database's: states of an order ("new" ... "returned"), of a payment ("unpaid", "partly",
 * "paid", "refunded"). The lists are the only ones there are; static storage, or NULL. */
const char *order_status_word(const char *word);
const char *order_payment_word(const char *word);

/* What is taken from one file at most, and how. */
struct order_limits {
    size_t bytes;        /* of a file; default 64 MiB */
    unsigned depth;      /* of elements; default 64 */
    size_t text;         /* bytes of one value; default 64 KiB */
    unsigned orders;     /* in a file; default 20000 */
    unsigned lines;      /* in an order; default 5000 */
    size_t elements;     /* in a file; default 5,000,000 */
    bool no_end_mark;    /* takes INI and CSV, which have no mark at their end: only where somebody vouches that the
                            file is whole; default no */
};
#define ORDER_LIMITS_DEFAULT                                                                                 \
    {                                                                                                        \
        64u << 20, 64, 64u << 10, 20000, 5000, 5000000, false                                                \
    }

/* SHA-256 (hexadecimal, malloced) of everything that makes an order the same order: a repetition has the same, a
 * revision another. Not part of it: unmapped content (exports put their own date there), remarks, places in the
 * file. */
char *order_content_hash(const struct order *o);

#endif
