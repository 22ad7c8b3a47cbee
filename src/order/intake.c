/*
 * The intake thread.
 *
 * One round, and what a crash at each point leaves:
 *
 *   take                        the bytes and the name are on the disk: judged again at the next start
 *   judge the content, parse the orders   before the transaction: others write to the database meanwhile
 *   begin, order_import ..., commit   one transaction for all that is complete
 *     crash before the commit:  as above, nothing was done
 *     crash after it:           judged again; the journal knows the object's key, so nothing is decided twice
 *   file the original           a hard link into archive/ or refused/; again after a crash: the same inode is found
 *   NAME.error.txt, results/NAME.txt     written again from the journal
 *   order_import_filed          written again
 *   the name lingers, then vanishes      the object's file is removed only after the archive's directory was synced
 *
 * Every step may be repeated, and until the last one the object's file and name are kept: nothing is lost,
 * and nothing done twice. The original is filed after the commit, never before, so the archive holds no order
 * that is not in.
 *
 * A database that cannot be used (locked, full disk, damaged) delays everything: the files wait where they
 * are. When a batch fails, its files are tried one by one, so that one that cannot be taken holds up only
 * itself and what may revise it (intake_turns.h). Whatever is tried again keeps its place by arrival.
 */
#include "order/intake.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "order/crash_point.h"
#include "order/intake_result.h"
#include "order/intake_turns.h"
#include "order/refused.h"

#define TAKE_MAX 64
#define BATCH_BYTES ((uint64_t)32 << 20)
#define WAIT_MS 60000
#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 30000
#define RETRY_ONE_MS 10000   /* a file that has trouble of its own */
#define RETRY_BEHIND_MS 1000 /* a file behind such a one */
#define EARLY_MS 10    /* what waits for the database comes so early, lest what arrives then goes before it */
#define FAILURES_MAX 3 /* one by one: after so many in a row it is the database, not the file */

/* One whose result says "waiting". */
struct told {
    UT_hash_handle hh;
    char key[];
};

struct intake {
    struct intake_options options;
    char *site;
    int archive, results;
    struct refused refused;
    pthread_t thread;
    pthread_mutex_t lock; /* guards stopping, busy, next, db as seen from intake_stop */
    bool stopping, busy;
    struct intake_options *next; /* maps and policy of the next round; NULL: as they are */
    struct db *db;    /* opened when first needed */
    int retry_ms;     /* the next delay; 0: the database is well */
    int64_t retry_at; /* monotonic: not tried before */
    struct error trouble;
    struct told *told;
    struct turns turns;
};

enum fate { FATE_SETTLED, FATE_DECIDE, FATE_DECIDED, FATE_WRONG_NAME };

struct entry {
    struct incoming_job job;
    enum fate fate;
    char *key, *name; /* the job's, which does not outlive its settling */
    uint64_t size;
    bool expired, again;
    bool read; /* reading holds the file */
    bool unreadable;
    struct import_reading reading;
    struct import_result result;
    bool withdrawn; /* refused before, and taken away by the site's owner since */
    char *filed_as;
    char *refused_as; /* of a partly taken file: its name among the refused, for who corrects the rest */
};

/* files ----------------------------------------------------------------------------------------------- */

static int write_text(struct intake *t, int dir, const char *dir_name, const char *name, const char *ending,
                      const struct buf *text)
{
    auto_free char *file = xasprintf("%s%s", name, ending);
    int rc;

    if (file[0] == '.')
        return 0;
    rc = io_replace_file(dir, file, buf_str(text), text->len, 0644);
    if (rc < 0)
        log_write(LOG_LEVEL_ERROR, "cannot write '%s' to %s: %s", file, dir_name, strerror(-rc));
    else if (t->options.filed)
        t->options.filed(t->options.filed_arg, dir_name, file);
    return rc == -ENAMETOOLONG ? 0 : rc; /* no time will help */
}

static int write_result(struct intake *t, const char *name, const struct buf *text)
{
    return write_text(t, t->results, "results", name, t->options.check ? ".check.txt" : ".txt", text);
}

/* waiting for the database ---------------------------------------------------------------------------- */

static bool told(const struct intake *t, const char *key)
{
    struct told *found;

    HASH_FIND_STR(t->told, key, found);
    return found != NULL;
}

static void add_told(struct intake *t, const char *key)
{
    size_t len = strlen(key);
    struct told *new = xcalloc(1, sizeof *new + len + 1);

    memcpy(new->key, key, len);
    HASH_ADD_STR(t->told, key, new);
}

static void forget_told(struct intake *t, const char *key)
{
    struct told *found;

    HASH_FIND_STR(t->told, key, found);
    if (!found)
        return;
    HASH_DEL(t->told, found);
    free(found);
}

static void wait_for_database(struct intake *t, struct entry *e, const struct error *why, int64_t until)
{
    int64_t delay;

    if (!told(t, e->key)) {
        auto_buf text = BUF_INIT;

        result_waiting(&text, e->name, e->size, e->unreadable, why);
        write_result(t, e->name, &text);
        add_told(t, e->key);
    }
    delay = until - clock_monotonic_ms();
    incoming_settle(t->options.incoming, &e->job, INCOMING_RETRY, -1, delay > 0 ? (int)delay : 1, NULL);
    e->fate = FATE_SETTLED;
}

static void wait_with_all(struct intake *t, struct entry *e)
{
    wait_for_database(t, e, &t->trouble, t->retry_at - EARLY_MS);
}

static void hold_turn(struct intake *t, const struct entry *e)
{
    turns_hold(&t->turns, e->key, e->name, e->read ? &e->reading.file : NULL);
}

/* True: it waits, since an earlier one does. */
static bool wait_behind(struct intake *t, struct entry *e)
{
    struct error why cleanup(error_release) = ERROR_INIT;

    if (!turns_behind(&t->turns, e->key, e->name, e->read ? &e->reading.file : NULL))
        return false;
    error_set(&why, -EAGAIN, "an earlier file of the same name or with the same order waits");
    hold_turn(t, e);
    wait_for_database(t, e, &why, clock_monotonic_ms() + RETRY_BEHIND_MS);
    return true;
}

/* Else it is the file that the database does not take. */
static bool is_database_trouble(int rc)
{
    return rc == -EAGAIN || rc == -EBUSY || rc == -ENOSPC || rc == -EDQUOT || rc == -EIO || rc == -EROFS ||
           rc == -EUCLEAN || rc == -EPROTO || rc == -ECANCELED || rc == -ENOMEM;
}

static void wait_alone(struct intake *t, struct entry *e, const struct error *why)
{
    auto_buf line = BUF_INIT;

    error_format(why, &line);
    log_write(LOG_LEVEL_WARNING, "the order file '%s' cannot be taken now: %s", e->name, buf_str(&line));
    hold_turn(t, e);
    wait_for_database(t, e, why, clock_monotonic_ms() + RETRY_ONE_MS);
}

static void drop_connection(struct intake *t)
{
    struct db *db;

    pthread_mutex_lock(&t->lock);
    db = steal_pointer(t->db);
    pthread_mutex_unlock(&t->lock);
    db_close(db);
}

/* The database failed: nobody tries it again for a while. err is taken over. */
static void database_failed(struct intake *t, int rc, struct error *err)
{
    auto_buf line = BUF_INIT;

    if (!err->message)
        error_set(err, rc, "%s", strerror(-rc));
    error_format(err, &line);
    if (!t->retry_ms)
        log_write(LOG_LEVEL_WARNING, "orders wait for the database: %s", buf_str(&line));
    t->retry_ms = t->retry_ms ? t->retry_ms * 2 : RETRY_MIN_MS;
    if (t->retry_ms > RETRY_MAX_MS)
        t->retry_ms = RETRY_MAX_MS;
    t->retry_at = clock_monotonic_ms() + t->retry_ms;
    error_move(&t->trouble, err);
    if (rc != -EAGAIN)
        drop_connection(t);
}

static void database_well(struct intake *t)
{
    if (t->retry_ms)
        log_write(LOG_LEVEL_NOTICE, "the database takes orders again");
    t->retry_ms = 0;
    t->retry_at = 0;
    error_release(&t->trouble);
}

static bool database_resting(const struct intake *t)
{
    return t->retry_ms && clock_monotonic_ms() < t->retry_at;
}

/* So close to the next try that what is here may have come early for it. */
static void sit_out_early(const struct intake *t)
{
    int64_t left = t->retry_ms ? t->retry_at - clock_monotonic_ms() : 0;

    if (left > 0 && left <= EARLY_MS)
        usleep((useconds_t)left * 1000);
}

static int connect_database(struct intake *t, struct error *err)
{
    struct db *db;
    int rc;

    if (t->db)
        return 0;
    rc = store_writer(t->options.store, &db, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&t->lock);
    t->db = db;
    pthread_mutex_unlock(&t->lock);
    return 0;
}

/* judging --------------------------------------------------------------------------------------------- */

static void stay_pending(struct intake *t, struct entry *e, const struct error *why)
{
    if (!e->job.only_complete) {
        auto_buf text = BUF_INIT;

        result_incomplete(&text, e->name, e->size, why, e->job.give_up_ms);
        write_result(t, e->name, &text);
    }
    turns_pass(&t->turns, e->key);
    incoming_settle(t->options.incoming, &e->job, INCOMING_INCOMPLETE, -1, 0, NULL);
    e->fate = FATE_SETTLED;
}

static void judge_content(struct intake *t, struct entry *e)
{
    struct error why cleanup(error_release) = ERROR_INIT;
    enum completeness found;

    e->fate = FATE_DECIDE;
    if (!e->job.candidate) {
        e->fate = FATE_WRONG_NAME;
        return;
    }
    found = order_content_check(e->job.fd, &t->options.limits, &why);
    if (found == CONTENT_COMPLETE)
        return;
    if (found == CONTENT_UNREADABLE) {
        e->unreadable = true;
        wait_alone(t, e, &why);
        return;
    }
    if (e->job.only_complete || (found == CONTENT_INCOMPLETE && !e->job.expired))
        stay_pending(t, e, &why);
}

static bool is_kept(enum verdict v)
{
    return v == VERDICT_ACCEPTED || v == VERDICT_DUPLICATE || v == VERDICT_REVISED || v == VERDICT_PARTLY;
}

/* Decided before a crash, or renamed since: the journal knows. */
static void recall(struct intake *t, struct entry *e)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    int rc;

    if (!e->job.recovered || !e->job.candidate || t->options.check || database_resting(t))
        return;
    rc = connect_database(t, &err);
    if (rc == 0)
        rc = order_import_recall(t->db, e->key, &e->result, &err);
    if (rc < 0)
        database_failed(t, rc, &err);
    else if (rc == 1)
        e->fate = FATE_DECIDED;
    if (rc == 1 && (!is_kept(e->result.verdict) || e->result.verdict == VERDICT_PARTLY))
        e->withdrawn = refused_was_withdrawn(t->db, e->key, &err) == 1;
}

/* deciding -------------------------------------------------------------------------------------------- */

static struct import_job import_job(const struct intake *t, const struct entry *e, const void *data)
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

/* Outside of any transaction. Read, not mapped: a bad sector is an error then, and no signal. */
static int read_orders(struct intake *t, struct entry *e, struct error *err)
{
    auto_free char *data = xmalloc((size_t)e->size + 1);
    struct import_job job = import_job(t, e, data);
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

static int import_one(struct intake *t, struct entry *e, struct error *err)
{
    struct import_job job = import_job(t, e, NULL);

    return order_import(t->db, &job, &e->reading, &e->result, err);
}

/* One transaction for n entries; 0, or nothing was done. *begun tells whether the database let us begin. */
static int decide_batch(struct intake *t, struct entry **entries, size_t n, bool *begun, struct error *err)
{
    int rc = connect_database(t, err);

    *begun = false;
    if (rc == 0)
        rc = db_begin_write(t->db, err);
    if (rc < 0)
        return rc;
    *begun = true;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = import_one(t, entries[i], err);
    crash_point("imported");
    if (rc == 0 && !t->options.check)
        rc = db_commit(t->db, err);
    db_end(t->db);
    if (rc == 0 && !t->options.check)
        crash_point("committed");
    for (size_t i = 0; i < n; i++) {
        if (rc == 0) {
            entries[i]->fate = FATE_DECIDED;
            turns_pass(&t->turns, entries[i]->key);
        } else {
            import_result_release(&entries[i]->result);
        }
    }
    return rc;
}

static void decide_singly(struct intake *t, struct entry **entries, size_t n)
{
    unsigned failures = 0;

    for (size_t i = 0; i < n; i++) {
        struct error err cleanup(error_release) = ERROR_INIT;
        bool begun;
        int rc;

        if (wait_behind(t, entries[i]))
            continue;
        if (failures >= FAILURES_MAX) {
            wait_with_all(t, entries[i]);
            continue;
        }
        rc = decide_batch(t, &entries[i], 1, &begun, &err);
        if (rc == 0) {
            failures = 0;
            database_well(t);
        } else if (begun && !is_database_trouble(rc)) {
            wait_alone(t, entries[i], &err);
        } else {
            failures = begun ? failures + 1 : FAILURES_MAX;
            database_failed(t, rc, &err);
            hold_turn(t, entries[i]); /* the next ones may be taken */
            wait_with_all(t, entries[i]);
        }
    }
}

/* Those that cannot be read wait, the others close up. Returns how many there are. */
static size_t read_batch(struct intake *t, struct entry **entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        struct error err cleanup(error_release) = ERROR_INIT;

        if (entries[i]->read || read_orders(t, entries[i], &err) == 0) {
            if (!wait_behind(t, entries[i]))
                entries[kept++] = entries[i];
        } else {
            entries[i]->unreadable = true;
            wait_alone(t, entries[i], &err);
        }
    }
    crash_point("read");
    return kept;
}

static void decide(struct intake *t, struct entry **entries, size_t n)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    bool begun = false;
    int rc;

    sit_out_early(t);
    if (n && !database_resting(t))
        n = read_batch(t, entries, n);
    if (n && t->options.check &&
        !database_resting(t)) { /* each by itself: no file sees what another would do */
        decide_singly(t, entries, n);
        return;
    }
    if (n && !database_resting(t)) {
        rc = decide_batch(t, entries, n, &begun, &err);
        if (rc == 0) {
            database_well(t);
            return;
        }
        if (begun && n > 1) {
            decide_singly(t, entries, n);
            return;
        }
        if (begun && !is_database_trouble(rc)) {
            wait_alone(t, entries[0], &err);
            return;
        }
        database_failed(t, rc, &err);
    }
    for (size_t i = 0; i < n; i++)
        wait_with_all(t, entries[i]);
}

/* filing ---------------------------------------------------------------------------------------------- */

/* The verdict of a dry run. */
static void tell(struct intake *t, struct entry *e)
{
    auto_buf text = BUF_INIT;

    if (e->fate == FATE_WRONG_NAME)
        result_wrong_name(&text, e->name, e->size);
    else
        buf_add_str(&text, e->result.text ? e->result.text : "");
    result_checked(&text);
    write_result(t, e->name, &text);
    forget_told(t, e->key);
    log_write(LOG_LEVEL_NOTICE, "order file '%s' checked: %.*s", e->name, (int)strcspn(buf_str(&text), "\n"),
              buf_str(&text));
}

/* refused.lock held. The original gets its name in the archive or among the refused; a partly taken one both: its
 * good orders are in, the others wait there for whoever corrects what is wrong and moves it back. */
static int file_original(struct intake *t, struct entry *e, bool kept, const struct buf *text)
{
    int rc = 0;

    if (kept && e->result.verdict == VERDICT_PARTLY && !e->withdrawn) {
        rc = incoming_file_also(t->options.incoming, &e->job, t->refused.dir, &e->refused_as);
        if (rc == 0)
            e->again = write_text(t, t->refused.dir, "refused", e->refused_as, ".error.txt", text) < 0;
    }
    if (rc == 0)
        rc = incoming_file(t->options.incoming, &e->job, kept ? t->archive : t->refused.dir, &e->filed_as);
    /* People are to know: what cannot be written is written once more, from the journal. */
    if (rc == 0 && e->filed_as && !kept)
        e->again = write_text(t, t->refused.dir, "refused", e->filed_as, ".error.txt", text) < 0;
    return rc;
}

static void finish(struct intake *t, struct entry *e)
{
    bool kept = e->fate == FATE_DECIDED && is_kept(e->result.verdict);
    auto_buf text = BUF_INIT;
    int rc;

    if (e->withdrawn && !kept)
        return;
    if (e->fate == FATE_WRONG_NAME) {
        result_wrong_name(&text, e->name, e->size);
    } else {
        buf_add_str(&text, e->result.text ? e->result.text : "");
        if (e->expired)
            result_given_up(&text);
    }
    pthread_mutex_lock(&t->refused.lock);
    rc = file_original(t, e, kept, &text);
    if (rc == 0 && e->job.retry_of)
        refused_drop_reason(&t->refused, e->job.retry_of);
    pthread_mutex_unlock(&t->refused.lock);
    if (rc < 0) {
        incoming_settle(t->options.incoming, &e->job, INCOMING_RETRY, -1, RETRY_ONE_MS, NULL);
        e->fate = FATE_SETTLED;
        return;
    }
    if (e->filed_as && t->options.filed)
        t->options.filed(t->options.filed_arg, kept ? "archive" : "refused", e->filed_as);
    if (e->refused_as && t->options.filed)
        t->options.filed(t->options.filed_arg, "refused", e->refused_as);
    crash_point("explained");
    e->again |= write_result(t, e->name, &text) < 0;
    forget_told(t, e->key);
    turns_pass(&t->turns, e->key);
    log_write(LOG_LEVEL_NOTICE, "order file '%s': %.*s", e->name, (int)strcspn(buf_str(&text), "\n"),
              buf_str(&text));
}

/* Where the originals went; of use to people, not needed for anything here. */
static void note_filed(struct intake *t, const struct entry *entries, size_t n)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    bool any = false;
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        any |= entries[i].fate == FATE_DECIDED && entries[i].filed_as;
    if (!any || !t->db)
        return;
    rc = db_begin_write(t->db, &err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (entries[i].fate == FATE_DECIDED && entries[i].filed_as)
            rc = order_import_filed(t->db, entries[i].key, entries[i].filed_as, entries[i].refused_as, &err);
    }
    if (rc == 0)
        rc = db_commit(t->db, &err);
    db_end(t->db);
    if (rc < 0)
        log_write(LOG_LEVEL_WARNING, "the journal does not name the archived files: %s",
                  err.message ? err.message : strerror(-rc));
}

/* What was done with refused files since. */
static void note_withdrawn(struct intake *t)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    int rc;

    if (t->options.check || !atomic_load(&t->refused.pending) || database_resting(t))
        return;
    rc = connect_database(t, &err);
    if (rc == 0)
        rc = refused_journal(&t->refused, t->db, t->site, &err);
    if (rc < 0)
        database_failed(t, rc, &err);
    else
        database_well(t);
}

/* the thread ------------------------------------------------------------------------------------------ */

static void process(struct intake *t, struct incoming_job *jobs, size_t n)
{
    struct entry *entries = xcalloc(n, sizeof *entries);
    struct entry *batch[TAKE_MAX];
    uint64_t bytes = 0;
    size_t in_batch = 0;

    for (size_t i = 0; i < n; i++) {
        struct entry *e = &entries[i];

        *e = (struct entry){.job = jobs[i],
                            .key = xstrdup(jobs[i].object_key),
                            .size = jobs[i].size,
                            .expired = jobs[i].expired};
        e->name = xstrdup(jobs[i].name);
        recall(t, e);
        if (e->fate != FATE_DECIDED)
            judge_content(t, e);
        if (e->fate != FATE_DECIDE)
            continue;
        if (in_batch && bytes + e->size > BATCH_BYTES) {
            decide(t, batch, in_batch);
            in_batch = 0;
            bytes = 0;
        }
        batch[in_batch++] = e;
        bytes += e->size;
    }
    decide(t, batch, in_batch);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].fate == FATE_DECIDED || entries[i].fate == FATE_WRONG_NAME)
            t->options.check ? tell(t, &entries[i]) : finish(t, &entries[i]);
    }
    if (!t->options.check)
        note_filed(t, entries, n);
    crash_point("round over");
    for (size_t i = 0; i < n; i++) {
        if (entries[i].fate == FATE_DECIDED || entries[i].fate == FATE_WRONG_NAME)
            incoming_settle(t->options.incoming, &entries[i].job,
                            entries[i].again ? INCOMING_RETRY : INCOMING_DONE, -1, RETRY_ONE_MS, NULL);
        import_result_release(&entries[i].result);
        import_reading_release(&entries[i].reading);
        free(entries[i].key);
        free(entries[i].name);
        free(entries[i].filed_as);
        free(entries[i].refused_as);
    }
    free(entries);
}

static bool set_busy(struct intake *t, bool busy)
{
    bool stopping;

    pthread_mutex_lock(&t->lock);
    t->busy = busy;
    stopping = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return stopping;
}

/* maps and policy ------------------------------------------------------------------------------------- */

static void release_rules(const struct intake_options *o)
{
    if (o->release)
        o->release(o->release_arg);
}

void intake_configure(struct intake *t, const struct intake_options *options)
{
    struct intake_options *next = xmalloc(sizeof *next), *unused;

    *next = *options;
    pthread_mutex_lock(&t->lock);
    unused = t->next;
    t->next = next;
    pthread_mutex_unlock(&t->lock);
    if (unused)
        release_rules(unused);
    free(unused);
    incoming_wake(t->options.incoming);
}

static void take_rules(struct intake *t)
{
    pthread_mutex_lock(&t->lock);
    struct intake_options *next = steal_pointer(t->next);
    pthread_mutex_unlock(&t->lock);
    if (!next)
        return;
    release_rules(&t->options);
    t->options.maps = next->maps;
    t->options.n_maps = next->n_maps;
    t->options.policy = next->policy;
    t->options.release = next->release;
    t->options.release_arg = next->release_arg;
    free(next);
}

static void *intake_thread(void *arg)
{
    struct incoming_job jobs[TAKE_MAX];
    struct intake *t = arg;

    set_busy(t, true);
    if (!t->options.check)
        refused_tidy(&t->refused);
    note_withdrawn(t);
    while (!set_busy(t, false)) {
        int wait = atomic_load(&t->refused.pending) ? RETRY_MIN_MS : WAIT_MS;
        size_t n = incoming_take(t->options.incoming, jobs, TAKE_MAX, wait);

        set_busy(t, true);
        take_rules(t);
        if (n)
            process(t, jobs, n);
        note_withdrawn(t);
    }
    return NULL;
}

static void intake_free(struct intake *t)
{
    if (t->archive >= 0)
        close(t->archive);
    refused_release(&t->refused);
    if (t->results >= 0)
        close(t->results);
    for (struct told *one = t->told, *next; one; one = next) {
        next = one->hh.next;
        HASH_DEL(t->told, one);
        free(one);
    }
    turns_release(&t->turns);
    error_release(&t->trouble);
    if (t->next)
        release_rules(t->next);
    free(t->next);
    db_close(t->db);
    pthread_mutex_destroy(&t->lock);
    free(t->site);
    free(t);
}

int intake_start(struct intake **out, const struct intake_options *options, struct error *err)
{
    struct intake *t = xcalloc(1, sizeof *t);
    int rc = 0;

    t->options = *options;
    t->site = xstrdup(options->site);
    pthread_mutex_init(&t->lock, NULL);
    t->archive = options->check ? -1 : io_open_dir(options->state_dir, "archive", 0755);
    if (options->check)
        refused_none(&t->refused);
    else
        rc = refused_open(&t->refused, options->state_dir);
    t->results = io_open_dir(options->state_dir, "results", 0755);
    if (!options->check && t->archive < 0)
        rc = t->archive;
    if (t->results < 0)
        rc = t->results;
    if (rc < 0) {
        error_set(err, rc, "cannot open the directories of decided orders: %s", strerror(-rc));
    } else {
        rc = -pthread_create(&t->thread, NULL, intake_thread, t);
        if (rc < 0)
            error_set(err, rc, "cannot start the intake of orders: %s", strerror(-rc));
    }
    if (rc < 0) {
        intake_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void intake_stop(struct intake *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_mutex_unlock(&t->lock);
    incoming_wake(t->options.incoming);
    pthread_join(t->thread, NULL);
    release_rules(&t->options);
    intake_free(t);
}

int intake_discard(struct intake *t, const char *name)
{
    int rc = refused_discard(&t->refused, name);

    incoming_wake(t->options.incoming);
    return rc;
}

int intake_retry(struct intake *t, const char *name, struct incoming_node *dir, const char *new_name,
                 uid_t uid, gid_t gid, unsigned flags)
{
    int rc = refused_retry(&t->refused, name, t->options.incoming, dir, new_name, uid, gid, flags);

    incoming_wake(t->options.incoming);
    return rc;
}

bool intake_idle(struct intake *t)
{
    bool busy;

    if (incoming_busy(t->options.incoming))
        return false;
    pthread_mutex_lock(&t->lock);
    busy = t->busy || atomic_load(&t->refused.pending);
    pthread_mutex_unlock(&t->lock);
    return !busy && !incoming_busy(t->options.incoming);
}
