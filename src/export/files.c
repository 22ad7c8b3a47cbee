/*
 * The files that a mapping makes for rows: they come and go with the rows, at the next look.
 *
 * A look asks whether anything was committed since the outlets were last right. If so, the change record says whether it
 * was anything that files depend on; only then the rows are read and the outlets made anew, by the same code that makes
 * them for a configuration, with the mappings as they were compiled last.
 */
#include "export/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

bool exports_many(struct exports *x)
{
    return atomic_load(&x->many);
}

/* The state the files are right for. */
static struct change_state files_state(struct exports *x)
{
    pthread_mutex_lock(&x->share_lock);
    struct change_state state = x->files_state;
    pthread_mutex_unlock(&x->share_lock);
    return state;
}

bool exports_files_old(struct exports *x)
{
    struct change_state now, at;
    if (!atomic_load(&x->many) || exports_state(x, &now, NULL) < 0)
        return false;
    at = files_state(x);
    return !change_same(&now, &at);
}

static int any_change(void *arg, enum change_source source, int64_t block)
{
    (void)arg, (void)source, (void)block;
    return 1;
}

/* 1: what files depend on may have changed; else the outlets are right for *now. */
static int changed(struct exports *x, struct change_state *now, struct error *err)
{
    struct change_state at = files_state(x);
    pthread_mutex_lock(&x->share_lock);
    source_set followed = x->followed;
    pthread_mutex_unlock(&x->share_lock);
    int r = x->following ? 0 : store_reader(x->store, &x->following, err);
    if (r == 0)
        r = db_in_place(x->following, err);
    if (r == 0)
        r = db_begin_read(x->following, err);
    if (r == 0)
        r = change_state(x->following, now, err);
    if (r == 0)
        r = change_follows(x->following, &at, err);
    if (r == 0)
        r = 1;
    else if (r == 1)
        r = change_since(x->following, at.sequence, followed, any_change, NULL, err);
    if (x->following)
        db_end(x->following);
    if (r < 0) { /* asked on a new connection next time */
        db_close(x->following);
        x->following = NULL;
    }
    return r;
}

/* The outlets, or what is said of the files there are not, are others than these. */
static bool differ(struct exports *x, struct outlet *const *was, size_t n, const char *remarks)
{
    pthread_mutex_lock(&x->share_lock);
    bool other = x->n_outlets != n || strcmp(x->remarks, remarks) != 0;
    for (size_t i = 0; i < n && !other; i++)
        other = x->outlets[i] != was[i];
    pthread_mutex_unlock(&x->share_lock);
    return other;
}

int exports_follow(struct exports *x)
{
    struct error err = ERROR_INIT;
    struct change_state now = {0};
    int r = changed(x, &now, &err);
    if (r == 0) {
        pthread_mutex_lock(&x->share_lock);
        x->files_state = now;
        pthread_mutex_unlock(&x->share_lock);
    }
    if (r == 1) {
        pthread_mutex_lock(&x->share_lock);
        size_t n = x->n_outlets;
        struct outlet **was = xcalloc(n + 1, sizeof(struct outlet *));
        for (size_t i = 0; i < n; i++)
            was[i] = outlet_ref(x->outlets[i]);
        char *remarks = xstrdup(x->remarks);
        pthread_mutex_unlock(&x->share_lock);
        r = exports_make_files(x, &err);
        if (r == 0)
            r = differ(x, was, n, remarks);
        outlets_free(was);
        free(remarks);
    }
    if (r < 0)
        log_warning("which files there are is not known now, they stay as they were: %s",
                    err.message ? err.message : strerror(-r));
    error_release(&err);
    return r;
}

bool exports_clean(struct exports *x)
{
    bool all = true;
    for (size_t i = 0, n = exports_count(x); i < n; i++)
        all &= export_clean(exports_at(x, i));
    return all;
}

char *exports_remarks(struct exports *x, const char *site)
{
    struct buf out = BUF_INIT;
    size_t len = strlen(site);
    pthread_mutex_lock(&x->share_lock);
    for (const char *line = x->remarks ? x->remarks : ""; *line;) {
        size_t end = strcspn(line, "\n");
        if (strncmp(line, site, len) == 0 && line[len] == '\t')
            buf_add(&out, line + len + 1, end - len);
        line += end + 1;
    }
    pthread_mutex_unlock(&x->share_lock);
    return out.len ? buf_detach(&out, NULL) : NULL;
}
