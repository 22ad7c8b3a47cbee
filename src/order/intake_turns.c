#include "order/intake_turns.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void turn_release(struct turn *turn)
{
    for (size_t i = 0; i < turn->n_numbers; i++)
        free(turn->numbers[i]);
    free(turn->numbers);
    free(turn->key);
    free(turn->name);
}

void turns_release(struct turns *t)
{
    for (size_t i = 0; i < t->n; i++)
        turn_release(&t->items[i]);
    free(t->items);
    *t = (struct turns){0};
}

static bool shares(const struct turn *turn, const char *name, const struct order_file *file)
{
    if (strcmp(turn->name, name) == 0)
        return true;
    for (size_t i = 0; file && turn->n_numbers && i < file->n_orders; i++) {
        const char *number = file->orders[i].number;

        if (number && bsearch(&number, turn->numbers, turn->n_numbers, sizeof *turn->numbers, compare))
            return true;
    }
    return false;
}

bool turns_behind(const struct turns *t, const char *key, const char *name, const struct order_file *file)
{
    for (size_t i = 0; i < t->n && strcmp(t->items[i].key, key) != 0; i++) {
        if (shares(&t->items[i], name, file))
            return true;
    }
    return false;
}

void turns_hold(struct turns *t, const char *key, const char *name, const struct order_file *file)
{
    struct turn *turn;

    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->items[i].key, key) == 0)
            return;
    }
    array_grow(t->items, t->n, t->cap);
    turn = &t->items[t->n++];
    *turn = (struct turn){.key = xstrdup(key), .name = xstrdup(name)};
    if (!file || !file->n_orders)
        return;
    turn->numbers = xcalloc(file->n_orders, sizeof *turn->numbers);
    for (size_t i = 0; i < file->n_orders; i++) {
        if (file->orders[i].number)
            turn->numbers[turn->n_numbers++] = xstrdup(file->orders[i].number);
    }
    if (turn->n_numbers)
        qsort(turn->numbers, turn->n_numbers, sizeof *turn->numbers, compare);
}

void turns_pass(struct turns *t, const char *key)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->items[i].key, key) != 0)
            continue;
        turn_release(&t->items[i]);
        memmove(&t->items[i], &t->items[i + 1], (--t->n - i) * sizeof *t->items);
        return;
    }
}
