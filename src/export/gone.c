/*
 * The exports of files whose row is gone: after a while, since a row may be deleted to be written again, nothing of them
 * is left on the disk. The export itself stays, and goes on where the row comes back.
 */
#include "export/export.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define GONE_MS 5000

/* The spool's file loses its name; with the last version that somebody reads it goes. Lock held, IDLE. */
static void put_away(struct export *e)
{
    struct error err = ERROR_INIT;
    auto_free char *file = spool_file_name(e->name, ".data");
    e->away = true;
    unlinkat(spool_dir_fd(e->set->dir), file, 0);
    if (index_forget(e->set->index, e->index_id, &err) < 0)
        log_error_object(LOG_LEVEL_WARNING, "what is left of a file is cleaned at the next start", &err);
    error_release(&err);
    for (size_t i = 0; i < FOLLOWERS; i++)
        version_unref(steal_pointer(e->followers[i].version));
    version_unref(steal_pointer(e->indexed));
    version_unref(steal_pointer(e->current));
    spool_unref(steal_pointer(e->spool));
    e->usable = e->settled = e->behind = e->verify = false;
    e->same_origin = false;
}

void export_unwanted(struct export *e)
{
    pthread_mutex_lock(&e->lock);
    if (!e->unwanted)
        e->gone_at = clock_monotonic_ms();
    e->unwanted = true;
    pthread_mutex_unlock(&e->lock);
}

bool export_clean(struct export *e)
{
    pthread_mutex_lock(&e->lock);
    bool waits = e->unwanted && !e->away;
    bool now = waits && e->doing == EXPORT_IDLE && clock_monotonic_ms() - e->gone_at >= GONE_MS;
    if (now)
        put_away(e);
    pthread_mutex_unlock(&e->lock);
    if (now)
        export_note_down(e);
    return now || !waits;
}

int export_wanted(struct export *e, struct error *err)
{
    struct exports *x = e->set;
    struct index_entry entry = {0};
    bool cut;
    int r = 0;
    pthread_mutex_lock(&e->lock);
    if (e->away) {
        auto_free char *file = spool_file_name(e->name, ".data");
        r = spool_open(&e->spool, x->dir, file, err);
        if (r == 0)
            r = index_register(x->index, e->name, e->file, &e->index_id, err);
        if (r == 0)
            r = index_load(x->index, e->index_id, e->spool, &entry, &cut, err);
        index_entry_release(&entry);
        if (r < 0)
            spool_unref(steal_pointer(e->spool));
    }
    if (r == 0)
        e->unwanted = e->away = false;
    pthread_mutex_unlock(&e->lock);
    return r;
}
