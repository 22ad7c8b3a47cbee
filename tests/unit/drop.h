/*
 * A drop directory to test with: orders/incoming over a temporary state directory, and a stand-in for the
 * intake thread that runs when it is told to, keeps a journal of what it decided and takes for complete what
 * ends in
 * "</order>".
 */
#ifndef SHOPFS_TESTS_DROP_H
#define SHOPFS_TESTS_DROP_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/incoming.h"

struct drop_import {
    char *name, *bytes, *key, *filed_as;
    bool refused;
};

struct drop {
    char path[64];
    int state, archive, refused;
    struct incoming *in;
    struct incoming_limits limits;
    uint64_t last_ino;
    struct drop_import *imports;
    size_t n_imports, cap_imports;
    unsigned takes;
    pthread_mutex_t lock;
    char vanished[4096]; /* names, each followed by a space; guarded by lock */
};

static inline uint64_t drop_ino(void *arg)
{
    return __atomic_add_fetch(&((struct drop *)arg)->last_ino, 1, __ATOMIC_RELAXED);
}

static inline void drop_vanished(void *arg, uint64_t parent, uint64_t ino, const char *name)
{
    struct drop *d = arg;

    assert_true(parent != 0 && ino != 0);
    pthread_mutex_lock(&d->lock);
    /* The first ones are what tests look at; thousands vanish where a shop is killed again and again. */
    if (strlen(d->vanished) + strlen(name) + 2 <= sizeof d->vanished) {
        strcat(d->vanished, name);
        strcat(d->vanished, " ");
    }
    pthread_mutex_unlock(&d->lock);
}

static inline void drop_open(struct drop *d)
{
    struct error err = ERROR_INIT;
    struct incoming_options options = {
        .state_dir = d->state,
        .limits = d->limits,
        .uid = 1000,
        .gid = 1000,
        .mode = 0775,
        .next_ino = drop_ino,
        .next_ino_arg = d,
        .vanished = drop_vanished,
        .vanished_arg = d,
    };

    if (incoming_open(&d->in, &options, &err) < 0)
        fail_msg("%s", err.message);
}

static inline void drop_start(struct drop *d)
{
    *d = (struct drop){.limits = {.linger_s = 3600, .pending_s = 3600}};
    pthread_mutex_init(&d->lock, NULL);
    strcpy(d->path, "/tmp/shopfs-drop.XXXXXX");
    assert_non_null(mkdtemp(d->path));
    d->state = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(d->state >= 0);
    d->archive = io_open_dir(d->state, "archive", 0755);
    d->refused = io_open_dir(d->state, "refused", 0755);
    assert_true(d->archive >= 0 && d->refused >= 0);
}

static inline int drop_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void drop_end(struct drop *d)
{
    incoming_close(d->in);
    for (size_t i = 0; i < d->n_imports; i++) {
        free(d->imports[i].name);
        free(d->imports[i].bytes);
        free(d->imports[i].key);
        free(d->imports[i].filed_as);
    }
    free(d->imports);
    close(d->archive);
    close(d->refused);
    close(d->state);
    pthread_mutex_destroy(&d->lock);
    nftw(d->path, drop_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Ends and starts again, as a restart of the program would. */
static inline void drop_restart(struct drop *d)
{
    incoming_close(d->in);
    drop_open(d);
}

static inline bool drop_complete(const struct buf *bytes)
{
    size_t n = bytes->len;

    while (n && bytes->data[n - 1] == '\n')
        n--;
    return n >= 8 && memcmp(bytes->data + n - 8, "</order>", 8) == 0;
}

/* The intake, once: what is queued is decided. Returns how many jobs there were. */
static inline size_t drop_decide(struct drop *d)
{
    struct incoming_job jobs[4];
    size_t total = 0, n;

    while ((n = incoming_take(d->in, jobs, 4, 0))) {
        total += n;
        for (size_t i = 0; i < n; i++) {
            struct incoming_job *job = &jobs[i];
            struct buf bytes = BUF_INIT;
            bool complete, known = false;

            d->takes++;
            assert_int_equal(io_read_fd(job->fd, 1u << 30, &bytes), 0);
            assert_int_equal(bytes.len, job->size);
            complete = job->candidate && drop_complete(&bytes);
            for (size_t k = 0; k < d->n_imports; k++)
                known |= strcmp(d->imports[k].key, job->object_key) == 0;
            if (known) {
                char *filed = NULL;

                assert_int_equal(incoming_settle(d->in, job, INCOMING_DONE, d->archive, 0, &filed), 0);
                free(filed);
            } else if (complete || (job->expired && !job->only_complete)) {
                struct drop_import *new;

                array_grow(d->imports, d->n_imports, d->cap_imports);
                new = &d->imports[d->n_imports++];
                *new = (struct drop_import){xstrdup(job->name), xstrdup(buf_str(&bytes)),
                                            xstrdup(job->object_key), NULL, !complete};
                assert_int_equal(incoming_settle(d->in, job, INCOMING_DONE,
                                                 complete ? d->archive : d->refused, 0, &new->filed_as),
                                 0);
            } else {
                assert_int_equal(incoming_settle(d->in, job, INCOMING_INCOMPLETE, -1, 0, NULL), 0);
            }
            buf_release(&bytes);
        }
    }
    return total;
}

/* Path below incoming to the directory's node and the last name; references taken on the way are kept in
 * *held. */
struct drop_at {
    struct incoming_node *dir;
    const char *name;
    struct incoming_node *held[8];
    unsigned n;
};

static inline int drop_find(struct drop *d, const char *path, struct drop_at *at)
{
    const char *slash;

    *at = (struct drop_at){.dir = incoming_root(d->in), .name = path};
    while ((slash = strchr(at->name, '/'))) {
        char *part = xstrndup(at->name, (size_t)(slash - at->name));
        int rc = incoming_lookup(d->in, at->dir, part, &at->held[at->n]);

        free(part);
        if (rc < 0)
            return rc;
        at->dir = at->held[at->n++];
        at->name = slash + 1;
    }
    return 0;
}

static inline void drop_found(struct drop *d, struct drop_at *at)
{
    while (at->n)
        incoming_forget(d->in, at->held[--at->n], 1);
}

static inline int drop_lookup(struct drop *d, const char *path, struct incoming_node **out)
{
    struct drop_at at;
    int rc = drop_find(d, path, &at);

    if (rc == 0)
        rc = incoming_lookup(d->in, at.dir, at.name, out);
    drop_found(d, &at);
    return rc;
}

static inline int drop_stat(struct drop *d, const char *path, struct stat *st)
{
    struct incoming_node *node;
    int rc = drop_lookup(d, path, &node);

    if (rc < 0)
        return rc;
    incoming_getattr(d->in, node, st);
    incoming_forget(d->in, node, 1);
    return 0;
}

static inline int drop_create(struct drop *d, const char *path, int flags, struct incoming_handle **h)
{
    struct incoming_node *node;
    struct drop_at at;
    int rc = drop_find(d, path, &at);

    if (rc == 0)
        rc = incoming_create(d->in, at.dir, at.name, flags | O_CREAT, 0644, 1000, 1000, &node, h);
    if (rc == 0)
        incoming_forget(d->in, node, 1);
    drop_found(d, &at);
    return rc;
}

static inline int drop_open_file(struct drop *d, const char *path, int flags, struct incoming_handle **h)
{
    struct incoming_node *node;
    int rc = drop_lookup(d, path, &node);

    if (rc < 0)
        return rc;
    rc = incoming_open_file(d->in, node, flags, h);
    incoming_forget(d->in, node, 1);
    return rc;
}

static inline int drop_rename(struct drop *d, const char *from, const char *to, unsigned flags)
{
    struct drop_at a, b;
    int rc = drop_find(d, from, &a), rc2 = drop_find(d, to, &b);

    if (rc == 0 && rc2 == 0)
        rc = incoming_rename(d->in, a.dir, a.name, b.dir, b.name, flags);
    drop_found(d, &a);
    drop_found(d, &b);
    return rc;
}

static inline int drop_unlink(struct drop *d, const char *path)
{
    struct drop_at at;
    int rc = drop_find(d, path, &at);

    if (rc == 0)
        rc = incoming_unlink(d->in, at.dir, at.name);
    drop_found(d, &at);
    return rc;
}

static inline int drop_mkdir(struct drop *d, const char *path)
{
    struct incoming_node *node;
    struct drop_at at;
    int rc = drop_find(d, path, &at);

    if (rc == 0)
        rc = incoming_mkdir(d->in, at.dir, at.name, 0755, 1000, 1000, &node);
    if (rc == 0)
        incoming_forget(d->in, node, 1);
    drop_found(d, &at);
    return rc;
}

static inline int drop_rmdir(struct drop *d, const char *path)
{
    struct drop_at at;
    int rc = drop_find(d, path, &at);

    if (rc == 0)
        rc = incoming_rmdir(d->in, at.dir, at.name);
    drop_found(d, &at);
    return rc;
}

static inline int drop_set(struct drop *d, const char *path, struct incoming_handle *h, unsigned which,
                           struct stat attr)
{
    struct incoming_node *node;
    struct stat out;
    int rc = drop_lookup(d, path, &node);

    if (rc < 0)
        return rc;
    rc = incoming_setattr(d->in, node, h, &attr, which, &out);
    incoming_forget(d->in, node, 1);
    return rc;
}

/* A whole upload: create or replace, write, flush, release. */
static inline void drop_put(struct drop *d, const char *path, const char *text)
{
    struct incoming_handle *h;

    assert_int_equal(drop_create(d, path, O_WRONLY | O_TRUNC, &h), 0);
    assert_int_equal(incoming_write(h, text, strlen(text), 0), strlen(text));
    assert_int_equal(incoming_flush(h), 0);
    incoming_release(d->in, h);
}

static inline char *drop_get(struct drop *d, const char *path)
{
    struct incoming_handle *h;
    char *text = xcalloc(1, 65537);

    if (drop_open_file(d, path, O_RDONLY, &h) < 0) {
        free(text);
        return NULL;
    }
    assert_true(incoming_read(h, text, 65536, 0) >= 0);
    incoming_release(d->in, h);
    return text;
}

static inline bool drop_wait_gone(struct drop *d, const char *path, int ms)
{
    struct incoming_node *node;
    struct drop_at at;
    size_t n;
    struct incoming_entry *list;
    bool there = true;

    for (int i = 0; there && i < ms / 10; i++) {
        usleep(10000);
        there = false;
        if (drop_find(d, path, &at) == 0) { /* by listing: a lookup would keep the name alive */
            assert_int_equal(incoming_list(d->in, at.dir, false, &list, &n), 0);
            for (size_t k = 0; k < n; k++)
                there |= strcmp(list[k].name, at.name) == 0;
            incoming_list_free(list, n);
        }
        drop_found(d, &at);
    }
    (void)node;
    return !there;
}

#endif
