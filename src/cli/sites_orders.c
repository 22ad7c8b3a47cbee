/* A web shop that is served, and the rooms of its orders. */
#include "cli/sites_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

/* -- the rooms of a site's orders ----------------------------------------------------------------------- */

static int open_below(const char *path, int dirfd, const char *name, struct error *err)
{
    int fd = io_open_dir(dirfd, name, 0700);

    if (fd < 0)
        error_set(err, fd, "cannot open directory '%s/%s': %s", path, name, strerror(-fd));
    return fd;
}

static struct incoming_limits limits_of(const struct site_config *c)
{
    return (struct incoming_limits){.max_upload = c->limits.bytes,
                                    .max_files = c->max_files,
                                    .max_depth = 8,
                                    .max_name = 200,
                                    .max_handles = 1024,
                                    .linger_s = c->linger_s,
                                    .pending_s = c->pending_s};
}

/* What the intake works by: kept until it says that it has others. */
struct rules {
    struct shop_config *config;
    struct order_maps *maps;
};

static void release_rules(void *arg)
{
    struct rules *r = arg;

    shop_config_free(r->config);
    order_maps_unref(r->maps);
    free(r);
}

static struct intake_options intake_options(struct site *site)
{
    struct rules *rules = xmalloc(sizeof *rules);

    *rules = (struct rules){shop_config_ref(site->config), order_maps_ref(site->order_maps)};
    return (struct intake_options){
        .store = site->set->options.store,
        .site = site->name,
        .maps = order_maps_list(rules->maps),
        .n_maps = order_maps_count(rules->maps),
        .limits = site->is->limits,
        .policy = &site->is->policy,
        .release = release_rules,
        .release_arg = rules,
        .filed = fs_filed,
        .filed_arg = &site->filed,
    };
}

static int start_intake(struct intake **out, struct site *site, struct incoming *in, int state_dir,
                        bool check, struct error *err)
{
    struct intake_options o = intake_options(site);

    o.incoming = in;
    o.state_dir = state_dir;
    o.check = check;
    int r = intake_start(out, &o, err);
    if (r < 0)
        release_rules(o.release_arg);
    return r;
}

static void close_dirs(struct site *site)
{
    int *const fds[] = {&site->state_dir, &site->archive_dir, &site->refused_dir, &site->results_dir,
                        &site->check_dir};

    for (size_t k = 0; k < sizeof fds / sizeof *fds; k++) {
        if (*fds[k] >= 0)
            close(*fds[k]);
        *fds[k] = -1;
    }
}

void site_stop(struct site *site)
{
    intake_stop(steal_pointer(site->intake));
    intake_stop(steal_pointer(site->checker));
    incoming_close(steal_pointer(site->incoming));
    incoming_close(steal_pointer(site->check));
}

static int open_dirs(struct site *site, struct error *err)
{
    const char *path = site->state_path;
    int r = site->state_dir = open_below(path, site->set->options.state_dir, site->name, err);

    if (r >= 0)
        r = site->archive_dir = open_below(path, site->state_dir, "archive", err);
    if (r >= 0)
        r = site->refused_dir = open_below(path, site->state_dir, "refused", err);
    if (r >= 0)
        r = site->results_dir = open_below(path, site->state_dir, "results", err);
    if (r >= 0)
        r = site->check_dir = open_below(path, site->state_dir, "check", err);
    return r < 0 ? r : 0;
}

static int make_dirs(struct site *site, struct error *err)
{
    int r = open_dirs(site, err);

    close_dirs(site);
    return r;
}

/* With the lock. */
static int open_site(struct site *site, struct error *err)
{
    struct fs *fs = site->set->options.fs;
    const struct site_config *c = site->is;
    int r = open_dirs(site, err);
    struct incoming_options incoming = {
        .state_dir = site->state_dir,
        .limits = limits_of(c),
        .uid = c->uid,
        .gid = c->gid,
        .mode = c->incoming_mode,
        .next_ino = fs_next_ino,
        .next_ino_arg = fs,
        .vanished = fs_vanished,
        .vanished_arg = fs,
    };

    if (r == 0)
        r = incoming_open(&site->incoming, &incoming, err);
    incoming.state_dir = site->check_dir;
    if (r == 0)
        r = incoming_open(&site->check, &incoming, err);
    if (r == 0)
        r = start_intake(&site->intake, site, site->incoming, site->state_dir, false, err);
    if (r == 0)
        r = start_intake(&site->checker, site, site->check, site->state_dir, true, err);
    if (r < 0) {
        site_stop(site);
        close_dirs(site);
        error_prefix(err, "site '%s'", site->name);
        return r;
    }
    site->is_open = true;
    return 0;
}

int site_open_orders(void *arg, struct fs_orders *out)
{
    struct site *site = arg;
    struct error err = ERROR_INIT;
    int r = 0;

    pthread_mutex_lock(&site->lock);
    if (!site->is_open)
        r = open_site(site, &err);
    pthread_mutex_unlock(&site->lock);
    if (r < 0) {
        log_error_object(LOG_LEVEL_ERROR, "orders/ cannot be opened", &err);
        error_release(&err);
        return r;
    }
    *out = (struct fs_orders){.incoming = site->incoming,
                              .check = site->check,
                              .intake = site->intake,
                              .checker = site->checker,
                              .archive_dir = site->archive_dir,
                              .refused_dir = site->refused_dir,
                              .results_dir = site->results_dir};
    return 0;
}

/* Files of uploads in STATE/NAME/path: what an earlier run left to do. */
static unsigned waiting_in(int state_dir, const char *name, const char *path)
{
    auto_free char *where = xasprintf("%s/%s", name, path);
    int fd = io_open_beneath(state_dir, where, O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    unsigned n = 0;

    for (struct dirent *d; dir && (d = readdir(dir));)
        n += d->d_name[0] != '.' && strncmp(d->d_name, "names", 5) != 0;
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    return n;
}

unsigned site_waiting(int state_dir, const char *name)
{
    return waiting_in(state_dir, name, "incoming") + waiting_in(state_dir, name, "withdrawn") +
           waiting_in(state_dir, name, "check/incoming");
}

/* -- a site ---------------------------------------------------------------------------------------------- */

struct site *site_of(struct sites *s, const char *name)
{
    struct site *site = s->list;

    while (site && strcmp(site->name, name) != 0)
        site = site->next;
    return site;
}

struct site *site_new(struct sites *s, const char *name)
{
    struct site *site = xcalloc(1, sizeof *site);

    site->set = s;
    site->name = xstrdup(name);
    site->state_path = xasprintf("%s/%s", s->config->state_dir, name);
    site->state_dir = site->archive_dir = site->refused_dir = site->results_dir = site->check_dir = -1;
    site->filed = (struct fs_filed_arg){s->options.fs, site->name};
    pthread_mutex_init(&site->lock, NULL);
    site->next = s->list;
    s->list = site;
    return site;
}

void site_configure(struct site *site, struct shop_config *config, const struct site_config *is,
                           struct order_maps *maps)
{
    pthread_mutex_lock(&site->lock);
    struct shop_config *config_was = site->config;
    struct order_maps *maps_was = site->order_maps;
    site->config = shop_config_ref(config);
    site->is = is;
    site->order_maps = maps;
    site->served = true;
    if (site->is_open) {
        const struct incoming_limits limits = limits_of(is);
        incoming_configure(site->incoming, &limits, is->uid, is->gid, is->incoming_mode);
        incoming_configure(site->check, &limits, is->uid, is->gid, is->incoming_mode);
        struct intake_options o = intake_options(site), check = intake_options(site);
        intake_configure(site->intake, &o);
        intake_configure(site->checker, &check);
    }
    pthread_mutex_unlock(&site->lock);
    shop_config_free(config_was);
    order_maps_unref(maps_was);
}

void sites_look_for_forgotten(struct sites *s)
{
    int fd = openat(s->options.state_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir && fd >= 0)
        close(fd);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        unsigned n;
        if (d->d_name[0] == '.' || site_of(s, d->d_name) ||
            (n = waiting_in(s->options.state_dir, d->d_name, "incoming")) == 0)
            continue;
        log_warning("%u uploads of '%s' wait in '%s/%s/incoming': there is no such site in the "
                    "configuration; they are "
                    "decided when there is again",
                    n, d->d_name, s->config->state_dir, d->d_name);
    }
    if (dir)
        closedir(dir);
}

int site_start(struct site *site, bool open, struct error *err)
{
    pthread_mutex_lock(&site->lock);
    int r = open ? open_site(site, err) : make_dirs(site, err);
    pthread_mutex_unlock(&site->lock);
    return r;
}

void site_free(struct site *site)
{
    close_dirs(site);
    shop_config_free(site->config);
    order_maps_unref(site->order_maps);
    pthread_mutex_destroy(&site->lock);
    free(site->state_path);
    free(site->name);
    free(site);
}
