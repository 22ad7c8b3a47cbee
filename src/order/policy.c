#include "order/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "mapping/order_words.h"

static void normalise(struct buf *out, const char *word)
{
    auto_buf plain = BUF_INIT;

    text_collapse(&plain, word, strlen(word));
    order_word_fold(out, buf_str(&plain));
}

/* "shipped", "delivered, paid", "marked-paid", "marked-unpaid" */
static int read_value(const char *value, struct status_word *out)
{
    auto_free char *copy = xstrdup(value);
    char *save = NULL;
    size_t n = 0;

    for (char *part = strtok_r(copy, ", \t", &save); part; part = strtok_r(NULL, ", \t", &save), n++) {
        if (strcmp(part, "marked-paid") == 0 || strcmp(part, "marked-unpaid") == 0) {
            if (out->paid >= 0)
                return -EINVAL;
            out->paid = strcmp(part, "marked-paid") == 0;
            continue;
        }
        if (out->status)
            return -EINVAL;
        out->status = order_status_word(part);
        if (!out->status)
            return -EINVAL;
    }
    return n ? 0 : -EINVAL;
}

static const struct status_word *find(const struct order_policy *p, const char *folded)
{
    for (size_t i = 0; i < p->n_words; i++)
        if (strcmp(p->words[i].word, folded) == 0)
            return &p->words[i];
    return NULL;
}

int order_policy_add_word(struct order_policy *p, const char *word, const char *value)
{
    struct status_word w = {.paid = -1};
    auto_buf folded = BUF_INIT;

    normalise(&folded, word);
    if (find(p, buf_str(&folded)))
        return -EEXIST;
    if (!folded.len || read_value(value, &w) < 0)
        return -EINVAL;
    w.word = buf_detach(&folded, NULL);
    p->words = xreallocarray(p->words, p->n_words + 1, sizeof *p->words);
    p->words[p->n_words++] = w;
    return 0;
}

static const struct payment_word *find_payment(const struct order_policy *p, const char *folded)
{
    for (size_t i = 0; i < p->n_payments; i++)
        if (strcmp(p->payments[i].word, folded) == 0)
            return &p->payments[i];
    return NULL;
}

int order_policy_add_payment(struct order_policy *p, const char *word, const char *value)
{
    const char *payment = order_payment_word(value);
    auto_buf folded = BUF_INIT;

    normalise(&folded, word);
    if (find_payment(p, buf_str(&folded)))
        return -EEXIST;
    if (!folded.len || !payment)
        return -EINVAL;
    p->payments = xreallocarray(p->payments, p->n_payments + 1, sizeof *p->payments);
    p->payments[p->n_payments++] =
        (struct payment_word){.word = buf_detach(&folded, NULL), .payment = payment};
    return 0;
}

void order_policy_release(struct order_policy *p)
{
    for (size_t i = 0; i < p->n_words; i++)
        free(p->words[i].word);
    free(p->words);
    for (size_t i = 0; i < p->n_payments; i++)
        free(p->payments[i].word);
    free(p->payments);
    *p = (struct order_policy){0};
}

static void apply_payment(const struct order_policy *p, struct order *o)
{
    const struct payment_word *w;
    auto_buf folded = BUF_INIT;

    if (!p->n_payments || !o->payment_text)
        return;
    normalise(&folded, o->payment_text);
    w = find_payment(p, buf_str(&folded));
    if (!w)
        return;
    free(o->payment);
    o->payment = xstrdup(w->payment);
    if (!o->has_paid)
        o->paid = strcmp(w->payment, "paid") == 0;
}

static void apply_status(const struct order_policy *p, struct order *o)
{
    const struct status_word *w;
    auto_buf folded = BUF_INIT;

    if (!p->n_words || !o->status_text)
        return;
    normalise(&folded, o->status_text);
    w = find(p, buf_str(&folded));
    if (!w)
        return;
    if (w->status) {
        free(o->status);
        o->status = xstrdup(w->status);
    }
    if (w->paid >= 0 && !o->payment) /* a word for the payment itself says it better */
        o->paid = w->paid;
}

void order_policy_apply(const struct order_policy *p, struct order *o)
{
    apply_payment(p, o);
    apply_status(p, o);
}
