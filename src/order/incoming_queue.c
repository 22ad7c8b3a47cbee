/* What waits for the intake thread. The queue keeps the order in which files were closed, also for what is put
 * back into it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

/* The name it is judged under is the node's. */
static void take_name(struct object *o)
{
    bool candidate = node_is_candidate(o->node);

    if (candidate && !o->candidate) /* given up under a name we do not take: now it has one */
        o->filed = false;
    free(o->name);
    o->name = xstrdup(o->node->name);
    o->candidate = candidate;
}

void queue_add(struct incoming *in, struct object *o, int64_t not_before)
{
    if (o->queued)
        return;
    o->state = OBJECT_QUEUED;
    o->queued = true;
    o->not_before = not_before;
    if (o->arrival == 0)
        o->arrival = ++in->arrivals;
    heap_push(not_before ? &in->later : &in->ready, object_ref(o));
    if (o->node && (!o->name || node_is_candidate(o->node)))
        take_name(o);
    pthread_cond_signal(&in->work);
}

void judge(struct incoming *in, struct object *o)
{
    if (o->state != OBJECT_WRITTEN || o->writers || !o->changed)
        return;
    if (!o->node ? o->name != NULL && o->candidate : node_is_candidate(o->node))
        queue_add(in, o, 0);
    else if (o->node)
        keeper_expect(in, o->changed_mono + misnamed_after_ms(in));
}

void judge_renamed(struct incoming *in, struct incoming_node *node)
{
    struct object *o = node->object;

    if (!node_is_candidate(node))
        return;
    switch (o->state) {
    case OBJECT_WRITTEN:
        o->changed = true;
        judge(in, o);
        break;
    case OBJECT_QUEUED:
        take_name(o);
        break;
    case OBJECT_TAKEN:
        o->again |= strcmp(o->name, node->name) != 0;
        break;
    case OBJECT_DONE:
        if (strcmp(o->name, node->name) == 0)
            break;
        o->recovered = true;
        o->expired = false;
        queue_add(in, o, 0);
        break;
    }
}

/* in->lock: what may be taken now is ready. Returns how long until something is; 0: it is, -1: nothing queued. */
static int64_t next_ready(struct incoming *in, int64_t now)
{
    while (in->later.n > 0 && in->later.items[0]->not_before <= now)
        heap_push(&in->ready, heap_pop(&in->later));
    if (in->ready.n > 0)
        return 0;
    return in->later.n > 0 ? in->later.items[0]->not_before - now : -1;
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_ms)
{
    struct timespec t = {.tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000};

    pthread_cond_timedwait(cond, lock, &t);
}

/* The content stands still and is on the disk when this returns 0, under the name it is decided under; both were on their
 * way there since the flush or the rename. Decided with its last name only in memory, it would come back from a kill under
 * the one before, and the journal name a file that nobody finds. */
static int job_fill(struct incoming *in, struct object *o, struct incoming_job *job)
{
    char key[64];
    uint64_t line;
    int rc;

    pthread_mutex_lock(&o->io); /* a write that began before the content was sealed ends first */
    pthread_mutex_unlock(&o->io);
    rc = object_sync(in, o);
    if (rc <
        0) /* the uploader was told; the content may still be readable, and deciding it is the better loss */
        log_write(LOG_LEVEL_ERROR, "an upload could not be brought to the disk: %s", strerror(-rc));
    object_close_io(in, o);
    job->fd = object_open_read(in, o);
    if (job->fd < 0)
        return job->fd;
    object_key(o, key, sizeof key);
    job->object_key = xstrdup(key);
    job->object = o;
    pthread_mutex_lock(&in->lock);
    if (!o->writers)
        o->changed = false;
    job->name = xstrdup(o->name);
    job->retry_of = xstrdup_or_null(o->retry_of);
    job->size = o->size;
    job->candidate = o->candidate;
    job->only_complete = o->only_complete || o->writers;
    job->expired = o->expired;
    job->recovered = o->recovered;
    job->give_up_ms = now_wall_ms() + (o->changed_mono - clock_monotonic_ms()) +
                      (int64_t)in->options.limits.pending_s * 1000;
    line = o->node && o->node->line > o->line ? o->node->line : o->line;
    pthread_mutex_unlock(&in->lock);
    rc = name_log_sync(in->log, line);
    if (rc < 0) /* as above */
        log_write(LOG_LEVEL_ERROR, "the name of an upload could not be brought to the disk: %s", strerror(-rc));
    return 0;
}

/* in->lock: the first `max` of those that are ready, chained. */
static struct object *take_ready(struct incoming *in, size_t max)
{
    struct object *list = NULL, **end = &list, *o;

    for (size_t n = 0; n < max && (o = heap_pop(&in->ready)); n++) {
        o->chained = NULL;
        o->queued = false;
        o->state = OBJECT_TAKEN;
        in->n_taken++;
        *end = o;
        end = &o->chained;
    }
    return list;
}

size_t incoming_take(struct incoming *in, struct incoming_job *jobs, size_t max, int timeout_ms)
{
    int64_t end = clock_monotonic_ms() + timeout_ms;
    struct object *list, *o;
    size_t filled = 0;

    pthread_mutex_lock(&in->lock);
    for (;;) {
        int64_t now = clock_monotonic_ms(), wait = next_ready(in, now);

        if (wait == 0 || in->woken || now >= end)
            break;
        wait_until(&in->work, &in->lock, wait > 0 && now + wait < end ? now + wait : end);
    }
    in->woken = false;
    list = take_ready(in, max);
    pthread_mutex_unlock(&in->lock);
    while ((o = list)) {
        int rc = job_fill(in, o, &jobs[filled]);

        list = o->chained;
        o->chained = NULL;
        if (rc == 0) {
            filled++;
            continue;
        }
        log_write(LOG_LEVEL_ERROR, "cannot read an upload back: %s", strerror(-rc));
        pthread_mutex_lock(&in->lock);
        queue_add(in, o, clock_monotonic_ms() + 1000);
        in->n_taken--;
        object_unref(in, o);
        pthread_mutex_unlock(&in->lock);
    }
    return filled;
}

static void settle_done(struct incoming *in, struct object *o)
{
    o->state = OBJECT_DONE;
    o->arrival = 0;
    o->expired = false;
    o->recovered = false;
    free(o->retry_of);
    o->retry_of = NULL;
    if (!o->node)
        return;
    node_touch(o->node);
    keeper_expect(in, o->node->touched + (int64_t)in->options.limits.linger_s * 1000);
    if (o->again)
        judge_renamed(in, o->node);
    o->again = false;
}

static void settle_incomplete(struct incoming *in, struct object *o)
{
    o->state = OBJECT_WRITTEN;
    o->arrival = 0;
    o->recovered = false;
    if (o->orphan_noted)
        note_dead(in, o);
    free(o->name);
    o->name = NULL;
    o->candidate = false;
    if (!o->node) /* nobody can complete it: thrown away with the last reference */
        return;
    if (o->expired) { /* the intake would not have it given up: another period */
        o->changed_ms = now_wall_ms();
        o->changed_mono = clock_monotonic_ms();
    }
    o->expired = false;
    if (o->again)
        judge_renamed(in, o->node);
    else if (!o->writers && o->changed)
        judge(in, o);
    o->again = false;
    keeper_expect(in, o->changed_mono + (int64_t)in->options.limits.pending_s * 1000);
}

int incoming_file(struct incoming *in, struct incoming_job *job, int filed_dir, char **filed_as)
{
    struct object *o = job->object;
    int rc;

    *filed_as = NULL;
    if (o->filed) {
        *filed_as = xstrdup_or_null(o->filed_as);
        return 0;
    }
    rc = object_file(in, o, filed_dir, job->name, filed_as);
    if (rc == 0)
        crash_point("filed");
    else
        log_write(LOG_LEVEL_ERROR, "cannot file the upload '%s': %s", job->name, strerror(-rc));
    pthread_mutex_lock(&in->lock);
    if (rc == 0) {
        o->filed = true;
        free(o->filed_as);
        o->filed_as = xstrdup_or_null(*filed_as);
    } else { /* decided, but its bytes are not safe yet: it comes again, and the journal knows it */
        o->recovered = true;
    }
    pthread_mutex_unlock(&in->lock);
    return rc;
}

int incoming_file_also(struct incoming *in, struct incoming_job *job, int filed_dir, char **filed_as)
{
    struct object *o = job->object;
    int rc;

    *filed_as = NULL;
    rc = object_file(in, o, filed_dir, job->name, filed_as);
    if (rc == 0) {
        crash_point("filed also");
    } else {
        log_write(LOG_LEVEL_ERROR, "cannot file the upload '%s': %s", job->name, strerror(-rc));
        pthread_mutex_lock(&in->lock);
        o->recovered = true;
        pthread_mutex_unlock(&in->lock);
    }
    return rc;
}

int incoming_settle(struct incoming *in, struct incoming_job *job, enum incoming_outcome outcome,
                    int filed_dir, int delay_ms, char **filed_as)
{
    struct object *o = job->object;
    char *filed = NULL;
    int rc = 0;

    if (outcome == INCOMING_DONE && filed_dir >= 0) {
        rc = incoming_file(in, job, filed_dir, &filed);
        if (rc < 0)
            outcome = INCOMING_RETRY;
        else if (filed && filed_as)
            *filed_as = steal_pointer(filed);
        free(filed);
    }
    pthread_mutex_lock(&in->lock);
    switch (outcome) {
    case INCOMING_DONE:
        o->filed = true;
        settle_done(in, o);
        break;
    case INCOMING_INCOMPLETE:
        settle_incomplete(in, o);
        break;
    case INCOMING_RETRY:
        o->again = false; /* taken again it has the new name */
        o->recovered |= o->filed;
        queue_add(in, o, clock_monotonic_ms() + (delay_ms > 0 ? delay_ms : 1));
        break;
    }
    in->n_taken--;
    object_unref(in, o);
    pthread_mutex_unlock(&in->lock);
    name_log_push(in->log);
    if (job->fd >= 0)
        close(job->fd);
    free(job->object_key);
    free(job->name);
    free(job->retry_of);
    *job = (struct incoming_job){.fd = -1};
    return rc;
}

void incoming_waiting(struct incoming *in, struct incoming_load *out)
{
    int64_t now = clock_monotonic_ms();

    *out = (struct incoming_load){0};
    pthread_mutex_lock(&in->lock);
    for (const struct object *o = in->objects; o; o = o->next) {
        if ((o->state == OBJECT_QUEUED || o->state == OBJECT_TAKEN) && !o->filed) { /* else it is decided */
            out->waiting++;
            if (now - o->changed_mono > out->oldest_ms)
                out->oldest_ms = now - o->changed_mono;
        } else if (o->state == OBJECT_WRITTEN && o->node) {
            out->incomplete++;
        }
    }
    pthread_mutex_unlock(&in->lock);
}

bool incoming_busy(struct incoming *in)
{
    bool busy;

    pthread_mutex_lock(&in->lock);
    busy = in->ready.n || in->later.n || in->n_taken;
    pthread_mutex_unlock(&in->lock);
    return busy;
}

void incoming_wake(struct incoming *in)
{
    pthread_mutex_lock(&in->lock);
    in->woken = true;
    pthread_cond_signal(&in->work);
    pthread_mutex_unlock(&in->lock);
}
