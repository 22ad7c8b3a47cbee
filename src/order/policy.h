/*
 * What a site wants done with orders where shops differ. Made by the configuration, read-only afterwards; all
 * zero is the default.
 */
#ifndef SHOPFS_ORDER_POLICY_H
#define SHOPFS_ORDER_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "mapping/order.h"

/* The shop's own word for a state of an order. */
struct status_word {
    char *word;         /* folded by order_word_fold, white space collapsed */
    const char *status; /* one of the database's words; NULL: the mapping's stays */
    int paid;           /* 1, 0; -1: what the file says */
};

/* The same for the state of its payment. */
struct payment_word {
    char *word;
    const char *payment; /* one of the database's words */
};

struct order_policy {
    bool refuse_unknown_code; /* else a line whose product is not found is kept as text, with a warning */
    bool overwrite_customer;  /* else only what a matched customer lacks is filled */
    enum { INVOICES_AS_SITE, INVOICES_TAKE, INVOICES_IGNORE } invoices; /* AS_SITE: as the site's row says */
    struct status_word *words;
    size_t n_words;
    struct payment_word *payments;
    size_t n_payments;
};

/* -EINVAL: value is not "STATUS", "paid mark" or both, see shop.conf(5); -EEXIST: the word is there already. */
int order_policy_add_word(struct order_policy *p, const char *word, const char *value);
/* -EINVAL: value is none of unpaid, partly, paid, refunded. */
int order_policy_add_payment(struct order_policy *p, const char *word, const char *value);
void order_policy_release(struct order_policy *p);
/* Replaces what the mapping made of the file's words by what the site says they mean; again: no difference. */
void order_policy_apply(const struct order_policy *p, struct order *o);

#endif
