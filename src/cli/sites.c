#include "cli/sites.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/order_maps.h"
#include "export/exports.h"
#include "fs/fs.h"
#include "order/incoming.h"
#include "order/intake.h"

/* What one web shop has open. */
struct site {
    struct site *next;
    struct sites *set;
    char *name, *state_path;
    pthread_mutex_t lock;       /* guards config, order_maps, is_open */
    struct shop_config *config; /* a reference; the site as it was configured last */
    const struct site_config *is;
    struct order_maps *order_maps; /* a reference */
    bool is_open;
    bool served; /* in the configuration that is in service */
    int state_dir, archive_dir, refused_dir, results_dir, check_dir;
    struct incoming *incoming, *check; /* orders/incoming/, orders/check/ */
    struct intake *intake, *checker;
    struct fs_filed_arg filed;
};

#define AT_ONCE_MAX 16 /* sites: the rooms of more are opened when somebody looks into orders/ */
#define FOLLOW_WAIT_NS 500000
#define FOLLOW_PATIENCE_MS 5000

struct sites {
    struct sites_options options;
    struct exports *exports;
    struct shop_config *config; /* in service */
    struct order_documents *documents;
    struct site *list;
    pthread_mutex_t lock; /* one configures, or makes the tree follow the rows, at a time */
    atomic_bool changing; /* the exports may be ahead of the tree */
};

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

static void stop_site(struct site *site)
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

/* For who watches them before somebody looks into orders/. */
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
        stop_site(site);
        close_dirs(site);
        error_prefix(err, "site '%s'", site->name);
        return r;
    }
    site->is_open = true;
    return 0;
}

static int open_orders(void *arg, struct fs_orders *out)
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

static unsigned waiting(int state_dir, const char *name)
{
    return waiting_in(state_dir, name, "incoming") + waiting_in(state_dir, name, "withdrawn") +
           waiting_in(state_dir, name, "check/incoming");
}

/* -- a configuration ------------------------------------------------------------------------------------ */

static struct site *site_of(struct sites *s, const char *name)
{
    struct site *site = s->list;

    while (site && strcmp(site->name, name) != 0)
        site = site->next;
    return site;
}

static struct site *site_new(struct sites *s, const char *name)
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

/* The site as it is configured now; its rooms follow. maps is a reference, taken over. */
static void configure_site(struct site *site, struct shop_config *config, const struct site_config *is,
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

static void say_removed(struct site *site)
{
    if (!site->served)
        return;
    site->served = false;
    if (site->is_open)
        log_notice("site '%s' is no longer served; what was dropped in its orders/ is still decided",
                   site->name);
    else
        log_notice("site '%s' is no longer served", site->name);
}

/* A site that is away while its uploads wait: they are kept, and said so. */
static void look_for_forgotten(struct sites *s)
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

static int configure_exports(struct sites *s, const struct shop_config *config, struct error *err)
{
    auto_free struct exports_site *list = xcalloc(config->n_sites, sizeof *list);

    for (size_t i = 0; i < config->n_sites; i++)
        list[i] = (struct exports_site){config->sites[i].name, (const char *const *)config->sites[i].exports};
    if (s->exports)
        return exports_configure(s->exports, list, config->n_sites, err);
    struct exports_options o = {
        .state_dir = s->options.state_dir,
        .state_path = config->state_dir,
        .sites = list,
        .n_sites = config->n_sites,
        .threads = s->options.threads,
        .row_limit_s = s->options.row_limit_s,
        .next_ino = fs_next_ino,
        .next_ino_arg = s->options.fs,
    };
    return exports_start(&s->exports, s->options.store, &o, err);
}

static void show(struct sites *s, const struct shop_config *config, bool tell)
{
    struct fs_site *list = xcalloc(config->n_sites, sizeof *list);
    bool follows = exports_many(s->exports);

    for (size_t i = 0; i < config->n_sites; i++) {
        const struct site_config *c = &config->sites[i];
        list[i] = (struct fs_site){.name = c->name,
                                   .outlets = exports_outlets(s->exports, c->name),
                                   .uid = c->uid,
                                   .gid = c->gid,
                                   .has_owner = c->uid != 0 || c->gid != 0,
                                   .mode = c->mode,
                                   .follows = follows,
                                   .remarks = exports_remarks(s->exports, c->name),
                                   .open_orders = open_orders,
                                   .arg = site_of(s, c->name)};
    }
    fs_set_sites(s->options.fs, list, config->n_sites, tell);
    for (size_t i = 0; i < config->n_sites; i++) {
        outlets_free((struct outlet **)list[i].outlets);
        free((char *)list[i].remarks);
    }
    free(list);
}

/* A request's thread, whose directory the kernel holds until it answers. Whoever has the lock never waits for the
 * kernel (it is told afterwards), so this ends; the patience is for what nobody thought of. */
static void follow(void *arg)
{
    struct sites *s = arg;
    int64_t until = clock_monotonic_ms() + FOLLOW_PATIENCE_MS;

    if (!exports_files_old(s->exports) && !atomic_load(&s->changing))
        return;
    while (pthread_mutex_trylock(&s->lock) != 0) {
        if (clock_monotonic_ms() > until)
            return;
        nanosleep(&(struct timespec){.tv_nsec = FOLLOW_WAIT_NS}, NULL);
    }
    /* Set before the files are others, cleared when the tree shows them: nobody sees the one without the other. */
    atomic_store(&s->changing, true);
    if (exports_files_old(s->exports) && exports_follow(s->exports) == 1)
        show(s, s->config, false);
    atomic_store(&s->changing, false);
    pthread_mutex_unlock(&s->lock);
}

static void put_in_service(struct sites *s, struct shop_config *config)
{
    struct shop_config *was = s->config;

    s->config = shop_config_ref(config);
    for (size_t i = 0; i < config->n_sites; i++) {
        const struct site_config *c = &config->sites[i];
        struct site *site = site_of(s, c->name);
        configure_site(site ? site : site_new(s, c->name), config, c,
                       order_maps_new(s->documents, c->order_mappings));
    }
    for (struct site *site = s->list; site; site = site->next)
        if (site->config != config)
            say_removed(site);
    show(s, config, true);
    shop_config_free(was);
}

static int refuse(const struct shop_config *now, const char *was, const char *is, const char *what, int line,
                  struct error *err)
{
    if (strcmp(was, is) == 0)
        return 0;
    error_set(err, -EBUSY, "%s is '%s' now, which needs a new mount", what, is);
    error_at(err, now->source, line, what);
    return -EBUSY;
}

int sites_configure(struct sites *s, struct shop_config *config, struct error *err)
{
    int r = refuse(config, s->config->database, config->database, "database", config->line_of[0], err);

    if (r == 0)
        r = refuse(config, s->config->state_dir, config->state_dir, "state", config->line_of[1], err);
    if (r == 0)
        r = refuse(config, s->config->picture_dir, config->picture_dir, "pictures", config->line_of[2], err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->changing, true);
    r = configure_exports(s, config, err);
    if (r >= 0) {
        order_documents_read(s->documents, config);
        put_in_service(s, config);
        r = 0;
    }
    atomic_store(&s->changing, false);
    pthread_mutex_unlock(&s->lock);
    fs_tell(s->options.fs);
    return r;
}

char **sites_files(const struct sites *s, size_t *n)
{
    const struct shop_config *c = s->config;
    char **list = NULL;
    size_t cap = 0;

    *n = 0;
    if (!c->is_database) {
        array_grow(list, *n, cap);
        list[(*n)++] = xstrdup(c->source);
    }
    for (size_t i = 0; i < c->n_sites; i++) {
        char **const kinds[] = {c->sites[i].exports, c->sites[i].order_mappings};
        for (size_t k = 0; k < 2; k++)
            for (char **path = kinds[k]; path && *path; path++) {
                array_grow(list, *n, cap);
                list[(*n)++] = xstrdup(*path);
            }
    }
    return list;
}

void sites_report(const struct sites *s, struct buf *out)
{
    buf_add_char(out, '\n');
    order_documents_report(s->documents, out);
    buf_truncate(out, out->len - 1);
}

/* -- start and end -------------------------------------------------------------------------------------- */

int sites_open(struct sites **out, const struct sites_options *options, struct shop_config *config,
               struct error *err)
{
    struct sites *s = xcalloc(1, sizeof *s);

    s->options = *options;
    s->config = shop_config_ref(config);
    s->documents = order_documents_new();
    pthread_mutex_init(&s->lock, NULL);
    fs_set_follow(options->fs, follow, s);
    int r = configure_exports(s, config, err);
    if (r >= 0) {
        r = 0;
        order_documents_read(s->documents, config);
        put_in_service(s, config);
        look_for_forgotten(s);
    }
    size_t n = 0;
    for (struct site *site = s->list; site; site = site->next)
        n++;
    for (struct site *site = s->list; r == 0 && site; site = site->next) {
        bool now = n <= AT_ONCE_MAX || waiting(options->state_dir, site->name) > 0;
        pthread_mutex_lock(&site->lock);
        r = now ? open_site(site, err) : make_dirs(site, err);
        pthread_mutex_unlock(&site->lock);
        if (r == 0 && now)
            r = fs_open_orders(options->fs, site->name);
    }
    *out = s; /* also when it failed: what was opened is the caller's to close */
    return r;
}

void sites_halt(struct sites *s)
{
    if (s != NULL && s->exports != NULL)
        exports_halt(s->exports);
}

void sites_stop(struct sites *s)
{
    if (!s)
        return;
    for (struct site *site = s->list; site; site = site->next)
        stop_site(site);
    exports_stop(steal_pointer(s->exports));
}

void sites_free(struct sites *s)
{
    if (!s)
        return;
    while (s->list) {
        struct site *site = s->list;
        s->list = site->next;
        close_dirs(site);
        shop_config_free(site->config);
        order_maps_unref(site->order_maps);
        pthread_mutex_destroy(&site->lock);
        free(site->state_path);
        free(site->name);
        free(site);
    }
    order_documents_free(s->documents);
    shop_config_free(s->config);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
