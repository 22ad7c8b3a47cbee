/*
 * The keeper: the thread that lets done names vanish, gives up what never became complete, offers what a
 * silent writer holds, removes files nobody refers to, and keeps the name log short. The only thread that
 * calls `vanished`.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

#define SILENT_MS 30000              /* a writer that has not written for so long may be dead */
#define LOG_KEPT ((uint64_t)1 << 20) /* bytes of the name log that are no reason to rewrite it */
#define LINE_GUESS 256

struct gone {
    uint64_t parent, ino;
    char *name;
};

struct sweep {
    struct gone *gone;
    size_t n, cap;
    int64_t now, next; /* next: monotonic ms of what is due next; 0: nothing */
};

void keeper_expect(struct incoming *in, int64_t mono_ms)
{
    if (in->next_tick > mono_ms) {
        in->next_tick = mono_ms;
        pthread_cond_signal(&in->tick);
    }
}

static void due_at(struct sweep *s, int64_t mono_ms)
{
    if (!s->next || mono_ms < s->next)
        s->next = mono_ms;
}

static void vanish(struct incoming *in, struct incoming_node *node, struct sweep *s)
{
    array_grow(s->gone, s->n, s->cap);
    s->gone[s->n++] =
        (struct gone){.parent = node->parent->ino, .ino = node->ino, .name = xstrdup(node->name)};
    node_remove(in, node, false);
}

static void sweep_pending(struct incoming *in, struct incoming_node *node, struct sweep *s)
{
    struct object *o = node->object;
    int64_t over = o->changed_mono + (int64_t)in->options.limits.pending_s * 1000,
            told = o->changed_mono + misnamed_after_ms(in);
    bool tell = !o->misnamed && o->size > 0 && !node_is_candidate(node) && !node_is_hidden(node);

    if (tell && told <= s->now && over > s->now) {
        o->misnamed = true;
        queue_add(in, o, 0);
    } else if (over > s->now) {
        due_at(s, tell ? told : over);
    } else if (!node_is_candidate(node) && o->size == 0) {
        vanish(in, node, s); /* a flag file */
    } else {
        o->expired = true;
        queue_add(in, o, 0);
    }
}

static void sweep_silent(struct incoming *in, struct incoming_node *node, struct sweep *s)
{
    struct object *o = node->object;

    if (!o->changed || o->idle_judged == o->writes || !node_is_candidate(node))
        return;
    if (o->written_mono + SILENT_MS > s->now) {
        due_at(s, o->written_mono + SILENT_MS);
        return;
    }
    o->idle_judged = o->writes;
    queue_add(in, o, 0);
}

static void sweep_node(struct incoming *in, struct incoming_node *node, struct sweep *s)
{
    int64_t linger = (int64_t)in->options.limits.linger_s * 1000,
            pending = (int64_t)in->options.limits.pending_s * 1000;

    if (node->dir) {
        if (node->n_children)
            return;
        if (node->touched + pending > s->now)
            due_at(s, node->touched + pending);
        else
            vanish(in, node, s);
        return;
    }
    if (node->object->state == OBJECT_WRITTEN && node->object->writers)
        sweep_silent(in, node, s);
    if (node->n_handles)
        return; /* the release restarts the clock */
    if (node->object->state == OBJECT_WRITTEN) {
        sweep_pending(in, node, s);
    } else if (node->object->state == OBJECT_DONE) {
        if (node->touched + linger > s->now)
            due_at(s, node->touched + linger);
        else
            vanish(in, node, s);
    }
}

static void sweep(struct incoming *in)
{
    struct sweep s = {.now = clock_monotonic_ms()};
    struct incoming_node *node, *next;

    for (node = in->nodes; node; node = next) {
        next = node->all_next;
        if (node->linked && node != in->root)
            sweep_node(in, node, &s);
    }
    in->next_tick = s.next ? s.next : INT64_MAX;
    pthread_mutex_unlock(&in->lock);
    name_log_push(in->log);
    for (size_t i = 0; i < s.n; i++) {
        if (in->options.vanished)
            in->options.vanished(in->options.vanished_arg, s.gone[i].parent, s.gone[i].ino, s.gone[i].name);
        free(s.gone[i].name);
    }
    free(s.gone);
    pthread_mutex_lock(&in->lock);
}

static void shorten_log(struct incoming *in)
{
    uint64_t size = name_log_size(in->log), names;
    int rc;

    pthread_mutex_lock(&in->lock);
    names = in->n_nodes;
    pthread_mutex_unlock(&in->lock);
    if (!name_log_suspect(in->log) && size < LOG_KEPT + 4 * names * LINE_GUESS)
        return;
    rc = names_rewrite(in);
    if (rc < 0)
        log_write(LOG_LEVEL_ERROR, "cannot rewrite the list of uploads: %s", strerror(-rc));
}

/* Names that are due at nearly the same time go in one sweep. in->lock */
static int64_t pause_of(const struct incoming *in)
{
    int64_t pause = (int64_t)in->options.limits.linger_s * 1000 / 8;

    return pause > 500 ? 500 : pause < 20 ? 20 : pause;
}

static void *keeper(void *arg)
{
    struct incoming *in = arg;

    pthread_mutex_lock(&in->lock);
    while (!in->closing) {
        int64_t now = clock_monotonic_ms();
        struct timespec t;

        if (in->next_tick > now) {
            if (in->next_tick == INT64_MAX) {
                pthread_cond_wait(&in->tick, &in->lock);
            } else {
                t = (struct timespec){in->next_tick / 1000, in->next_tick % 1000 * 1000000};
                pthread_cond_timedwait(&in->tick, &in->lock, &t);
            }
            continue;
        }
        sweep(in);
        pthread_mutex_unlock(&in->lock);
        objects_bury(in);
        shorten_log(in);
        pthread_mutex_lock(&in->lock);
        now = clock_monotonic_ms() + pause_of(in);
        t = (struct timespec){now / 1000, now % 1000 * 1000000};
        while (!in->closing && clock_monotonic_ms() < now)
            pthread_cond_timedwait(&in->tick, &in->lock, &t);
    }
    pthread_mutex_unlock(&in->lock);
    return NULL;
}

int keeper_start(struct incoming *in)
{
    in->next_tick = 0;
    return -pthread_create(&in->keeper, NULL, keeper, in);
}

void keeper_stop(struct incoming *in)
{
    pthread_mutex_lock(&in->lock);
    in->closing = true;
    pthread_cond_signal(&in->tick);
    pthread_mutex_unlock(&in->lock);
    pthread_join(in->keeper, NULL);
}
