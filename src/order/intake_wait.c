/* What cannot be decided now waits where it is, and its result says so, once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/intake_internal.h"
#include "order/intake_result.h"

#define ALONE_MS 10000   /* until the next try of a file that has trouble of its own */
#define BEHIND_MS 1000   /* of a file behind such a one */
#define UNREADABLE_MAX 6 /* tries: about a minute */

static struct waiting *waiting_of(struct intake *t, const char *key)
{
    size_t len = strlen(key);
    struct waiting *w;

    HASH_FIND_STR(t->waiting, key, w);
    if (w)
        return w;
    w = xcalloc(1, sizeof *w + len + 1);
    memcpy(w->key, key, len);
    HASH_ADD_STR(t->waiting, key, w);
    return w;
}

void wait_over(struct intake *t, const char *key)
{
    struct waiting *w;

    HASH_FIND_STR(t->waiting, key, w);
    if (!w)
        return;
    HASH_DEL(t->waiting, w);
    free(w);
}

void wait_release(struct intake *t)
{
    struct waiting *w, *next;

    HASH_ITER(hh, t->waiting, w, next)
    {
        HASH_DEL(t->waiting, w);
        free(w);
    }
}

int wait_alone_ms(const struct intake *t)
{
    return t->options.retry_ms ? t->options.retry_ms : ALONE_MS;
}

/* until: monotonic. */
static void wait_until(struct intake *t, struct entry *e, const struct error *why, int64_t until)
{
    struct waiting *w = waiting_of(t, e->key);
    int64_t delay;

    if (!w->told) {
        auto_buf text = BUF_INIT;

        result_waiting(&text, e->name, e->size, w->tries > 0, why);
        intake_write_result(t, e->name, &text);
        w->told = true;
    }
    delay = until - clock_monotonic_ms();
    incoming_settle(t->options.incoming, &e->job, INCOMING_RETRY, -1, delay > 0 ? (int)delay : 1, NULL);
    e->fate = FATE_SETTLED;
}

void wait_with_all(struct intake *t, struct entry *e)
{
    wait_until(t, e, &t->link.trouble, t->link.retry_at - LINK_EARLY_MS);
}

void wait_hold(struct intake *t, const struct entry *e)
{
    turns_hold(&t->turns, e->key, e->name, e->read ? &e->reading.file : NULL);
}

bool wait_behind(struct intake *t, struct entry *e)
{
    struct error why cleanup(error_release) = ERROR_INIT;

    if (!turns_behind(&t->turns, e->key, e->name, e->read ? &e->reading.file : NULL))
        return false;
    error_set(&why, -EAGAIN, "an earlier file of the same name or with the same order waits");
    wait_hold(t, e);
    wait_until(t, e, &why, clock_monotonic_ms() + BEHIND_MS);
    return true;
}

void wait_alone(struct intake *t, struct entry *e, const struct error *why)
{
    auto_buf line = BUF_INIT;

    error_format(why, &line);
    log_write(LOG_LEVEL_WARNING, "the order file '%s' cannot be taken now: %s", e->name, buf_str(&line));
    wait_hold(t, e);
    wait_until(t, e, why, clock_monotonic_ms() + wait_alone_ms(t));
}

void wait_unreadable(struct intake *t, struct entry *e, struct error *why)
{
    if (++waiting_of(t, e->key)->tries < UNREADABLE_MAX) {
        wait_alone(t, e, why);
        return;
    }
    error_move(&e->unreadable, why);
    e->fate = FATE_UNREADABLE;
}
