#include "cli/reload.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define QUIET_MS 200     /* an editor writes more than once */
#define PATIENCE_MS 2000 /* though a directory never gets quiet */
#define AGAIN_MS 2000    /* after what could not be done now */

struct seen {
    char *path;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
};

struct reload {
    pthread_t thread;
    bool running;
    int notify, signals, stop; /* inotify, signalfd, eventfd */
    struct seen *files;
    size_t n;
    bool added; /* files that were not looked at before */
    bool (*changed)(void *arg);
    void *arg;
};

/* Whether a document is another than when last looked at. */
static bool look(struct seen *f)
{
    struct stat st;
    if (stat(f->path, &st) < 0)
        return false;
    bool same = st.st_dev == f->dev && st.st_ino == f->ino && st.st_size == f->size &&
                st.st_mtim.tv_sec == f->mtime.tv_sec && st.st_mtim.tv_nsec == f->mtime.tv_nsec &&
                st.st_ctim.tv_sec == f->ctime.tv_sec && st.st_ctim.tv_nsec == f->ctime.tv_nsec;
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    f->size = st.st_size;
    f->mtime = st.st_mtim;
    f->ctime = st.st_ctim;
    return !same;
}

static bool look_at_all(struct reload *r)
{
    bool news = false;
    for (size_t i = 0; i < r->n; i++)
        news |= look(&r->files[i]);
    return news;
}

/* The directory and not the file: a file that is replaced is another. */
static void watch(struct reload *r, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
    if (inotify_add_watch(r->notify, dir, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0)
        log_warning("changes in '%s' go unnoticed (%s): send SIGHUP after editing", dir, strerror(errno));
    free(dir);
}

static void drain(int fd)
{
    char bytes[4096] __attribute__((aligned(8)));
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}

/* Until nothing happens for a moment; false when to stop. */
static bool settle(struct reload *r)
{
    struct pollfd p[2] = {{.fd = r->notify, .events = POLLIN}, {.fd = r->stop, .events = POLLIN}};
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    do
        drain(r->notify);
    while (poll(p, 2, QUIET_MS) > 0 && !p[1].revents && clock_monotonic_ms() < until);
    return !p[1].revents;
}

static void *run(void *arg)
{
    struct reload *r = arg;
    bool again = false;
    for (;;) {
        struct pollfd p[3] = {{.fd = r->stop, .events = POLLIN},
                              {.fd = r->signals, .events = POLLIN},
                              {.fd = r->notify, .events = POLLIN}};
        int n = poll(p, 3, again ? AGAIN_MS : -1);
        if (n < 0 && errno != EINTR)
            return NULL;
        if (p[0].revents)
            return NULL;
        bool asked = p[1].revents != 0;
        if (asked)
            drain(r->signals);
        if (p[2].revents && !settle(r))
            return NULL;
        if (!asked && !p[2].revents && n != 0)
            continue;
        bool news = look_at_all(r);
        if (asked)
            log_notice("configuration and mappings are read anew as asked");
        if (asked || news || n == 0)
            again = r->changed(r->arg);
        /* A file may have changed again before it was watched. */
        while (r->added) {
            r->added = false;
            if (look_at_all(r))
                again = r->changed(r->arg);
        }
    }
}

static const struct seen *find(const struct reload *r, const char *path)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->files[i].path, path) == 0)
            return &r->files[i];
    return NULL;
}

void reload_watch(struct reload *r, char *const *paths, size_t n)
{
    struct reload now = {.notify = r->notify, .files = xcalloc(n + 1, sizeof *r->files)};
    for (size_t i = 0; i < n; i++) {
        const struct seen *known = find(r, paths[i]);
        if (find(&now, paths[i]))
            continue;
        struct seen *f = &now.files[now.n++];
        if (known)
            *f = *known;
        f->path = xstrdup(paths[i]);
        if (known)
            continue;
        char *real = realpath(paths[i], NULL);
        watch(r, paths[i]);
        if (real && strcmp(real, paths[i]) != 0)
            watch(r, real);
        free(real);
        r->added = true;
    }
    for (size_t i = 0; i < r->n; i++)
        free(r->files[i].path);
    free(r->files);
    r->files = now.files;
    r->n = now.n;
}

int reload_start(struct reload **out, char *const *paths, size_t n, bool (*changed)(void *arg), void *arg,
                 struct error *err)
{
    struct reload *r = xcalloc(1, sizeof *r);
    sigset_t hup;
    r->changed = changed;
    r->arg = arg;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    r->stop = eventfd(0, EFD_CLOEXEC);
    r->signals = signalfd(-1, &hup, SFD_CLOEXEC | SFD_NONBLOCK);
    r->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int code = r->stop < 0 || r->signals < 0 || r->notify < 0 ? -errno : 0;
    if (code == 0)
        reload_watch(r, paths, n);
    look_at_all(r);
    r->added = false;
    if (code == 0)
        code = -pthread_create(&r->thread, NULL, run, r);
    r->running = code == 0;
    if (code < 0) {
        reload_stop(r);
        return error_set(err, code, "cannot watch configuration and mappings: %s", strerror(-code));
    }
    *out = r;
    return 0;
}

void reload_stop(struct reload *r)
{
    if (!r)
        return;
    if (r->running) {
        eventfd_write(r->stop, 1);
        pthread_join(r->thread, NULL);
    }
    const int fds[] = {r->stop, r->signals, r->notify};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    for (size_t i = 0; i < r->n; i++)
        free(r->files[i].path);
    free(r->files);
    free(r);
}
