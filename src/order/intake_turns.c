#include "order/intake_turns.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/mem.h"

/* One file's share in a claim. */
struct part {
    struct claim *claim;
    struct turn *turn;
    struct part *prev, *next; /* of the same claim, the earlier turn first */
};

struct claim {
    UT_hash_handle hh;
    struct part *parts;
    char word[]; /* "n" and a name, or "o" and an order's number */
};

struct turn {
    UT_hash_handle hh;
    unsigned long place;
    struct part *parts;
    size_t n;
    char key[];
};

static const char *word_of(struct buf *out, char kind, const char *text)
{
    buf_clear(out);
    buf_add_char(out, kind);
    buf_add_str(out, text);
    return buf_str(out);
}

static void claim_add(struct turns *t, struct turn *turn, const char *word)
{
    struct part *part = &turn->parts[turn->n];
    size_t len = strlen(word);
    struct claim *claim;

    HASH_FIND_STR(t->claims, word, claim);
    if (!claim) {
        claim = xcalloc(1, sizeof *claim + len + 1);
        memcpy(claim->word, word, len);
        HASH_ADD_STR(t->claims, word, claim);
    }
    *part = (struct part){.claim = claim, .turn = turn};
    DL_APPEND(claim->parts, part);
    turn->n++;
}

static void turn_end(struct turns *t, struct turn *turn)
{
    for (size_t i = 0; i < turn->n; i++) {
        struct claim *claim = turn->parts[i].claim;

        DL_DELETE(claim->parts, &turn->parts[i]);
        if (claim->parts)
            continue;
        HASH_DEL(t->claims, claim);
        free(claim);
    }
    HASH_DEL(t->held, turn);
    free(turn->parts);
    free(turn);
}

void turns_release(struct turns *t)
{
    struct turn *turn, *next;

    HASH_ITER(hh, t->held, turn, next)
        turn_end(t, turn);
}

static bool claimed_before(const struct turns *t, const char *word, unsigned long place)
{
    struct claim *claim;

    HASH_FIND_STR(t->claims, word, claim);
    return claim && claim->parts->turn->place < place;
}

bool turns_behind(const struct turns *t, const char *key, const char *name, const struct order_file *file)
{
    auto_buf word = BUF_INIT;
    struct turn *own;
    unsigned long place;

    if (!t->held)
        return false;
    HASH_FIND_STR(t->held, key, own);
    place = own ? own->place : ULONG_MAX;
    if (claimed_before(t, word_of(&word, 'n', name), place))
        return true;
    for (size_t i = 0; file && i < file->n_orders; i++) {
        const char *number = file->orders[i].number;

        if (number && claimed_before(t, word_of(&word, 'o', number), place))
            return true;
    }
    return false;
}

void turns_hold(struct turns *t, const char *key, const char *name, const struct order_file *file)
{
    size_t n_orders = file ? file->n_orders : 0, len = strlen(key);
    auto_buf word = BUF_INIT;
    struct turn *turn;

    HASH_FIND_STR(t->held, key, turn);
    if (turn)
        return;
    turn = xcalloc(1, sizeof *turn + len + 1);
    memcpy(turn->key, key, len);
    turn->place = ++t->count;
    turn->parts = xcalloc(n_orders + 1, sizeof *turn->parts);
    HASH_ADD_STR(t->held, key, turn);
    claim_add(t, turn, word_of(&word, 'n', name));
    for (size_t i = 0; i < n_orders; i++) {
        if (file->orders[i].number)
            claim_add(t, turn, word_of(&word, 'o', file->orders[i].number));
    }
}

void turns_pass(struct turns *t, const char *key)
{
    struct turn *turn;

    HASH_FIND_STR(t->held, key, turn);
    if (turn)
        turn_end(t, turn);
}
