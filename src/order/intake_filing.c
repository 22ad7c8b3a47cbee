/* After a decision: the original gets its lasting place, people get the reason and the result. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/intake_internal.h"
#include "order/intake_result.h"

#define REASON_ENDING ".error.txt"

/* Never with refused.lock: whoever is told may wait for requests that wait for that lock, as the kernel does with a
 * file being moved or removed in the same directory. */
static void tell_filed(struct intake *t, const char *dir_name, const char *name, const char *ending)
{
    auto_free char *file = name ? xasprintf("%s%s", name, ending) : NULL;

    if (file && t->options.filed)
        t->options.filed(t->options.filed_arg, dir_name, file);
}

static int write_text(struct intake *t, int dir, const char *dir_name, const char *name, const char *ending,
                      const struct buf *text)
{
    auto_free char *file = xasprintf("%s%s", name, ending);
    int rc;

    if (file[0] == '.')
        return 0;
    rc = io_replace_file_unsynced(dir, file, buf_str(text), text->len, 0644);
    if (rc == 0)
        rc = incoming_sync_first(t->options.incoming, dir, file);
    if (rc < 0)
        log_write(LOG_LEVEL_ERROR, "cannot write '%s' to %s: %s", file, dir_name, strerror(-rc));
    return rc == -ENAMETOOLONG ? 0 : rc; /* no time will help */
}

int intake_write_result(struct intake *t, const char *name, const struct buf *text)
{
    const char *ending = t->options.check ? ".check.txt" : ".txt";
    int rc = write_text(t, t->results, "results", name, ending, text);

    if (rc == 0)
        tell_filed(t, "results", name, ending);
    return rc;
}

static void verdict_text(const struct entry *e, struct buf *out)
{
    switch (e->fate) {
    case FATE_WRONG_NAME:
        result_wrong_name(out, e->name, e->size);
        break;
    case FATE_UNREADABLE:
        result_unreadable(out, e->name, e->size, &e->unreadable);
        break;
    default:
        buf_add_str(out, e->result.text ? e->result.text : "");
        if (e->expired)
            result_given_up(out);
    }
}

static void log_verdict(const struct entry *e, const char *what, const struct buf *text)
{
    const char *line = buf_str(text);

    log_write(e->fate == FATE_UNREADABLE ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE, "order file '%s'%s: %.*s",
              e->name, what, (int)strcspn(line, "\n"), line);
}

static void count(struct intake *t, const struct entry *e)
{
    enum verdict v = e->fate == FATE_DECIDED ? e->result.verdict : VERDICT_REFUSED;

    if (e->result.repeated) /* counted by an earlier run or try */
        return;
    atomic_fetch_add_explicit(&t->counters.files[v], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->counters.orders, e->result.n_orders, memory_order_relaxed);
}

void intake_tell(struct intake *t, struct entry *e)
{
    auto_buf text = BUF_INIT;

    verdict_text(e, &text);
    result_checked(&text);
    intake_write_result(t, e->name, &text);
    wait_over(t, e->key);
    turns_pass(&t->turns, e->key);
    log_verdict(e, " checked", &text);
}

/* refused.lock held. The original gets its name in the archive or among the refused; a partly taken one both: its
 * good orders are in, the others wait there for whoever corrects what is wrong and moves it back. */
static int file_original(struct intake *t, struct entry *e, bool kept, const struct buf *text)
{
    int rc = 0;

    if (kept && e->result.verdict == VERDICT_PARTLY && !e->withdrawn) {
        rc = incoming_file_also(t->options.incoming, &e->job, t->refused.dir, &e->refused_as);
        if (rc == 0)
            e->again = write_text(t, t->refused.dir, "refused", e->refused_as, REASON_ENDING, text) < 0;
    }
    if (rc == 0)
        rc = incoming_file(t->options.incoming, &e->job, kept ? t->archive : t->refused.dir, &e->filed_as);
    /* People are to know: what cannot be written is written once more, from the journal. */
    if (rc == 0 && e->filed_as && !kept)
        e->again = write_text(t, t->refused.dir, "refused", e->filed_as, REASON_ENDING, text) < 0;
    return rc;
}

void intake_finish(struct intake *t, struct entry *e)
{
    bool kept = e->fate == FATE_DECIDED && verdict_is_kept(e->result.verdict);
    auto_buf text = BUF_INIT;
    int rc;

    if (e->withdrawn && !kept)
        return;
    verdict_text(e, &text);
    pthread_mutex_lock(&t->refused.lock);
    rc = file_original(t, e, kept, &text);
    if (rc == 0 && e->job.retry_of)
        refused_drop_reason(&t->refused, e->job.retry_of);
    pthread_mutex_unlock(&t->refused.lock);
    if (rc < 0) {
        incoming_settle(t->options.incoming, &e->job, INCOMING_RETRY, -1, wait_alone_ms(t), NULL);
        e->fate = FATE_SETTLED;
        return;
    }
    tell_filed(t, kept ? "archive" : "refused", e->filed_as, "");
    tell_filed(t, "refused", e->refused_as, "");
    tell_filed(t, "refused", kept ? e->refused_as : e->filed_as, REASON_ENDING);
    crash_point("explained");
    e->again |= intake_write_result(t, e->name, &text) < 0;
    wait_over(t, e->key);
    turns_pass(&t->turns, e->key);
    count(t, e);
    log_verdict(e, "", &text);
}

/* Appended to what is finished; settled at once where the journal has nothing to learn, or it has to come again. */
void intake_end(struct intake *t, struct entry *e)
{
    if (t->options.check || e->again || e->fate != FATE_DECIDED || !e->filed_as) {
        incoming_settle(t->options.incoming, &e->job, e->again ? INCOMING_RETRY : INCOMING_DONE, -1,
                        wait_alone_ms(t), NULL);
        return;
    }
    array_grow(t->finished, t->n_finished, t->cap_finished);
    t->finished[t->n_finished++] = (struct finished){
        .job = e->job,
        .key = xstrdup(e->key),
        .filed_as = steal_pointer(e->filed_as),
        .refused_as = steal_pointer(e->refused_as),
    };
}

void intake_note_finished(struct intake *t)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    int rc;

    if (t->n_finished == 0)
        return;
    rc = db_savepoint(t->link.db, &err);
    for (size_t i = 0; i < t->n_finished && rc == 0; i++) {
        const struct finished *f = &t->finished[i];

        rc = order_import_filed(t->link.db, f->key, f->filed_as, f->refused_as, &err);
    }
    if (rc == 0)
        rc = db_savepoint_release(t->link.db, &err);
    if (rc == 0)
        return;
    db_savepoint_rollback(t->link.db);
    log_write(LOG_LEVEL_WARNING, "the journal does not name the archived files: %s",
              err.message ? err.message : strerror(-rc));
}

void intake_settle_finished(struct intake *t)
{
    for (size_t i = 0; i < t->n_finished; i++) {
        struct finished *f = &t->finished[i];

        incoming_settle(t->options.incoming, &f->job, INCOMING_DONE, -1, 0, NULL);
        free(f->key);
        free(f->filed_as);
        free(f->refused_as);
    }
    t->n_finished = 0;
}

void intake_flush_finished(struct intake *t)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    int rc;

    if (t->n_finished == 0 || link_resting(&t->link))
        return;
    rc = link_open(&t->link, &err);
    if (rc == 0)
        rc = db_begin_write(t->link.db, &err);
    if (rc == 0) {
        intake_note_finished(t);
        rc = db_commit(t->link.db, &err);
        db_end(t->link.db);
    }
    if (rc < 0) {
        link_failed(&t->link, rc, &err);
        return;
    }
    link_well(&t->link);
    crash_point("noted");
    intake_settle_finished(t);
}
