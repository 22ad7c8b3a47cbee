/*
 * Transactions. What is complete is decided together, with one commit, up to IMPORT_TURN orders at a time: so
 * long the database's write lock is held. A file with more of them goes on in the next turn, and its row in the
 * journal is finished with its last order; a crash between two turns leaves a beginning that is taken up again.
 */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "order/intake_internal.h"

#define FAILURES_MAX 3 /* one by one: after so many in a row it is the database, not the file */
#define PAUSE_MAX_MS 100

/* Who waits for the write lock looks for it now and then: it is left free for a while. */
static void let_others_write(int64_t held_ms)
{
    int64_t pause = held_ms / 4 + 1;

    usleep((useconds_t)(pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS) * 1000);
}

/* One transaction for the first entries, as many as go into a turn: *done of them are decided. 0, or nothing
 * was done. *begun tells whether the database let us begin. */
static int take_turn(struct intake *t, struct entry **entries, size_t n, size_t *done, bool *begun,
                     struct error *err)
{
    size_t left = t->options.check ? 0 : IMPORT_TURN, tried = 0; /* a dry run cannot be parted */
    int rc = link_open(&t->link, err);

    *begun = false;
    *done = 0;
    if (rc == 0)
        rc = db_begin_write(t->link.db, err);
    if (rc < 0)
        return rc;
    *begun = true;
    intake_note_finished(t);
    while (tried < n && rc == 0 && (left > 0 || t->options.check)) {
        struct entry *e = entries[tried++];
        struct import_job job = intake_import_job(t, e, NULL);

        rc = order_import(t->link.db, &job, &e->reading, t->options.check ? NULL : &left, &e->result, err);
        *done += rc == 0;
    }
    crash_point("imported");
    if (rc >= 0 && !t->options.check)
        rc = db_commit(t->link.db, err);
    db_end(t->link.db);
    if (rc >= 0 && !t->options.check)
        crash_point("committed");
    if (rc >= 0 && !t->options.check)
        intake_settle_finished(t);
    for (size_t i = 0; rc < 0 && i < tried; i++)
        import_result_release(&entries[i]->result);
    if (rc < 0)
        *done = 0;
    for (size_t i = 0; i < *done; i++) {
        entries[i]->fate = FATE_DECIDED;
        turns_pass(&t->turns, entries[i]->key);
    }
    return rc < 0 ? rc : 0;
}

/* Turns until all are decided, or the database fails: *done of them are decided then. */
static int take_turns(struct intake *t, struct entry **entries, size_t n, size_t *done, bool *begun,
                      struct error *err)
{
    *done = 0;
    for (;;) {
        int64_t since = clock_monotonic_ms();
        size_t now;
        int rc = take_turn(t, entries + *done, n - *done, &now, begun, err);

        *done += now;
        if (rc < 0 || *done == n)
            return rc;
        let_others_write(clock_monotonic_ms() - since);
    }
}

static void decide_singly(struct intake *t, struct entry **entries, size_t n)
{
    unsigned failures = 0;

    for (size_t i = 0; i < n; i++) {
        struct error err cleanup(error_release) = ERROR_INIT;
        size_t done;
        bool begun;
        int rc;

        if (wait_behind(t, entries[i]))
            continue;
        if (failures >= FAILURES_MAX) {
            wait_with_all(t, entries[i]);
            continue;
        }
        rc = take_turns(t, &entries[i], 1, &done, &begun, &err);
        if (rc == 0) {
            failures = 0;
            link_well(&t->link);
        } else if (begun && !link_to_blame(rc)) {
            wait_alone(t, entries[i], &err);
        } else {
            failures = begun ? failures + 1 : FAILURES_MAX;
            link_failed(&t->link, rc, &err);
            wait_hold(t, entries[i]); /* the next ones may be taken */
            wait_with_all(t, entries[i]);
        }
    }
}

/* Those that cannot be read wait, the others close up. Returns how many there are. */
static size_t read_all(struct intake *t, struct entry **entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (intake_read(t, entries[i]) && !wait_behind(t, entries[i]))
            entries[kept++] = entries[i];
    }
    crash_point("read");
    return kept;
}

void intake_decide(struct intake *t, struct entry **entries, size_t n)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    bool begun = false;
    size_t done = 0;
    int rc;

    link_sit_out(&t->link);
    if (n && !link_resting(&t->link))
        n = read_all(t, entries, n);
    if (n && t->options.check && !link_resting(&t->link)) {
        decide_singly(t, entries, n); /* no file sees what another would do */
        return;
    }
    if (n && !link_resting(&t->link)) {
        rc = take_turns(t, entries, n, &done, &begun, &err);
        if (rc == 0) {
            link_well(&t->link);
            return;
        }
        if (begun && n - done > 1) {
            decide_singly(t, entries + done, n - done);
            return;
        }
        if (begun && !link_to_blame(rc)) {
            wait_alone(t, entries[done], &err);
            return;
        }
        link_failed(&t->link, rc, &err);
    }
    for (size_t i = done; i < n; i++)
        wait_with_all(t, entries[i]);
}
