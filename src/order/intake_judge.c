/* Before a decision: what the journal knows of a file, whether it is complete, and what orders it holds. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/intake_internal.h"
#include "order/intake_result.h"

bool verdict_is_kept(enum verdict v)
{
    return v == VERDICT_ACCEPTED || v == VERDICT_DUPLICATE || v == VERDICT_REVISED || v == VERDICT_PARTLY;
}

/* Decided before a crash, or renamed since: the journal knows. */
static void recall(struct intake *t, struct entry *e)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    int rc;

    if (!e->job.recovered || !e->job.candidate || t->options.check || link_resting(&t->link))
        return;
    rc = link_open(&t->link, &err);
    if (rc == 0)
        rc = order_import_recall(t->link.db, e->key, &e->result, &err);
    if (rc < 0)
        link_failed(&t->link, rc, &err);
    else if (rc == 1)
        e->fate = FATE_DECIDED;
    if (rc == 1 && (!verdict_is_kept(e->result.verdict) || e->result.verdict == VERDICT_PARTLY))
        e->withdrawn = refused_was_withdrawn(t->link.db, e->key, &err) == 1;
}

/* why NULL: for its name. */
static void stay_pending(struct intake *t, struct entry *e, const struct error *why)
{
    if (!e->job.only_complete) {
        auto_buf text = BUF_INIT;

        if (why)
            result_incomplete(&text, e->name, e->size, why, e->job.give_up_ms);
        else
            result_misnamed(&text, e->name, e->size, e->job.give_up_ms);
        intake_write_result(t, e->name, &text);
    }
    turns_pass(&t->turns, e->key);
    incoming_settle(t->options.incoming, &e->job, INCOMING_INCOMPLETE, -1, 0, NULL);
    e->fate = FATE_SETTLED;
}

/* The disk has less than was written: what is missing will not come from the uploader. */
static bool is_cut(const struct entry *e, struct error *why)
{
    struct stat st;

    if (fstat(e->job.fd, &st) == 0 && (uint64_t)st.st_size >= e->size)
        return false;
    error_set(why, -EIO, "the file cannot be read: it has become shorter");
    return true;
}

static void judge_content(struct intake *t, struct entry *e)
{
    struct error why cleanup(error_release) = ERROR_INIT;
    enum completeness found;

    e->fate = FATE_DECIDE;
    if (!e->job.candidate) {
        if (e->job.expired)
            e->fate = FATE_WRONG_NAME;
        else
            stay_pending(t, e, NULL);
        return;
    }
    found = is_cut(e, &why) ? CONTENT_UNREADABLE : order_content_check(e->job.fd, &t->options.limits, &why);
    if (found == CONTENT_COMPLETE)
        return;
    if (found == CONTENT_UNREADABLE)
        wait_unreadable(t, e, &why);
    else if (e->job.only_complete || (found == CONTENT_INCOMPLETE && !e->job.expired))
        stay_pending(t, e, &why);
}

void intake_judge(struct intake *t, struct entry *e)
{
    recall(t, e);
    if (e->fate != FATE_DECIDED)
        judge_content(t, e);
}

struct import_job intake_import_job(const struct intake *t, const struct entry *e, const void *data)
{
    return (struct import_job){
        .site = t->site,
        .name = e->name,
        .object_key = e->key,
        .data = data,
        .len = (size_t)e->size,
        .maps = t->options.maps,
        .n_maps = t->options.n_maps,
        .limits = &t->options.limits,
        .policy = t->options.policy,
    };
}

/* Read, not mapped: a bad sector is an error then, and no signal. */
static int read_orders(struct intake *t, struct entry *e, struct error *err)
{
    auto_free char *data = xmalloc((size_t)e->size + 1);
    struct import_job job = intake_import_job(t, e, data);
    ssize_t n = io_pread_full(e->job.fd, data, (size_t)e->size, 0);

    if (n < 0)
        return error_set(err, (int)n, "the file cannot be read: %s", strerror((int)-n));
    if ((uint64_t)n != e->size)
        return error_set(err, -EIO, "the file cannot be read: it has become shorter");
    data[n] = '\0';
    import_read(&e->reading, &job);
    e->read = true;
    return 0;
}

bool intake_read(struct intake *t, struct entry *e)
{
    struct error err cleanup(error_release) = ERROR_INIT;

    if (e->read || read_orders(t, e, &err) == 0)
        return true;
    wait_unreadable(t, e, &err);
    return false;
}
