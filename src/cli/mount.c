#include "cli/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/reload.h"
#include "export/exports.h"
#include "fs/fs.h"
#include "image/pictures.h"
#include "mapping/order_map.h"
#include "order/incoming.h"
#include "order/intake.h"
#include "store/store.h"

/* What one web shop has open. */
struct mounted_site {
    int state_dir; /* the site's own part of the state directory */
    char *state_path;
    int archive_dir, refused_dir, results_dir;
    struct order_map **maps;
    size_t n_maps;
    struct exports *exports;
    struct incoming *incoming, *check; /* orders/incoming/, orders/check/ */
    struct intake *intake, *checker;
    int check_dir; /* state of check */
    struct fs_filed_arg filed;
};

struct mount {
    struct store *store;
    int state_dir, picture_dir;
    struct pictures *pictures;
    struct mounted_site *sites;
    size_t n_sites;
    struct fs *fs;
    struct reload *reload;
    struct fuse_session *session;
    bool mounted;
    char *mountpoint;
};

/* The state directory is the administrator's word, so its path may hold links; below it none is followed. */
static int open_state_dir(const char *path, struct error *err)
{
    int fd;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return error_set(err, -errno, "cannot make the state directory '%s': %s", path, strerror(errno));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, -errno, "cannot open the state directory '%s': %s", path, strerror(errno));
    return fd;
}

static int open_below(const char *path, int dirfd, const char *name, struct error *err)
{
    int fd = io_open_dir(dirfd, name, 0700);

    if (fd < 0)
        error_set(err, fd, "cannot open directory '%s/%s': %s", path, name, strerror(-fd));
    return fd;
}

/* A mapping that does not load is left out and said so: the others go on. */
static void load_order_maps(struct mounted_site *site, const struct site_config *config)
{
    for (char **path = config->order_mappings; *path != NULL; path++) {
        struct error err = ERROR_INIT;
        struct order_map *map;
        if (order_map_compile(&map, *path, &err) < 0) {
            log_error_object(LOG_LEVEL_ERROR, "order mapping left out", &err);
            error_release(&err);
            continue;
        }
        site->maps = xreallocarray(site->maps, site->n_maps + 1, sizeof *site->maps);
        site->maps[site->n_maps++] = map;
    }
}

static int open_site(struct mount *m, size_t index, const struct shop_config *config, unsigned threads,
                     struct error *err)
{
    struct mounted_site *site = &m->sites[index];
    const struct site_config *c = &config->sites[index];
    int r;

    site->state_path = xasprintf("%s/%s", config->state_dir, c->name);
    site->state_dir = open_below(config->state_dir, m->state_dir, c->name, err);
    if (site->state_dir < 0)
        return site->state_dir;
    if ((r = site->archive_dir = open_below(site->state_path, site->state_dir, "archive", err)) < 0 ||
        (r = site->refused_dir = open_below(site->state_path, site->state_dir, "refused", err)) < 0 ||
        (r = site->results_dir = open_below(site->state_path, site->state_dir, "results", err)) < 0)
        return r;
    load_order_maps(site, c);

    r = exports_start(&site->exports, m->store,
                      &(struct exports_options){
                          .site = c->name,
                          .state_dir = site->state_dir,
                          .state_path = site->state_path,
                          .mappings = (const char *const *)c->exports,
                          .threads = threads,
                          .next_ino = fs_next_ino,
                          .next_ino_arg = m->fs,
                      },
                      err);
    if (r < 0)
        return r;
    struct incoming_options incoming = {
        .state_dir = site->state_dir,
        .limits = {.max_upload = c->max_upload,
                   .max_files = c->max_files,
                   .max_depth = 8,
                   .max_name = 200,
                   .max_handles = 1024,
                   .linger_s = c->linger_s,
                   .pending_s = c->pending_s},
        .uid = c->uid,
        .gid = c->gid,
        .mode = c->incoming_mode,
        .next_ino = fs_next_ino,
        .next_ino_arg = m->fs,
        .vanished = fs_vanished,
        .vanished_arg = m->fs,
    };
    r = incoming_open(&site->incoming, &incoming, err);
    if (r < 0)
        return r;
    site->check_dir = open_below(site->state_path, site->state_dir, "check", err);
    if (site->check_dir < 0)
        return site->check_dir;
    incoming.state_dir = site->check_dir;
    r = incoming_open(&site->check, &incoming, err);
    if (r < 0)
        return r;
    site->filed = (struct fs_filed_arg){m->fs, index};
    struct intake_options intake = {
        .store = m->store,
        .incoming = site->incoming,
        .site = c->name,
        .state_dir = site->state_dir,
        .maps = site->maps,
        .n_maps = site->n_maps,
        .limits = ORDER_LIMITS_DEFAULT,
        .policy = &c->policy,
        .filed = fs_filed,
        .filed_arg = &site->filed,
    };
    r = intake_start(&site->intake, &intake, err);
    if (r < 0)
        return r;
    intake.incoming = site->check;
    intake.check = true;
    return intake_start(&site->checker, &intake, err);
}

static void build_tree(struct mount *m, const struct shop_config *config)
{
    struct fs_site *sites = xcalloc(m->n_sites, sizeof *sites);

    for (size_t i = 0; i < m->n_sites; i++)
        sites[i] = (struct fs_site){
            .name = config->sites[i].name,
            .exports = m->sites[i].exports,
            .incoming = m->sites[i].incoming,
            .intake = m->sites[i].intake,
            .checker = m->sites[i].checker,
            .check = m->sites[i].check,
            .archive_dir = m->sites[i].archive_dir,
            .refused_dir = m->sites[i].refused_dir,
            .results_dir = m->sites[i].results_dir,
            .uid = config->sites[i].uid,
            .gid = config->sites[i].gid,
            .has_owner = config->sites[i].uid != 0 || config->sites[i].gid != 0,
        };
    fs_build(m->fs,
             &(struct fs_options){
                 .pictures = m->pictures, .state_dir = m->state_dir, .sites = sites, .n_sites = m->n_sites});
    free(sites);
}

static void read_mappings_anew(void *arg)
{
    struct mount *m = arg;

    for (size_t i = 0; i < m->n_sites; i++)
        exports_reload(m->sites[i].exports);
}

/* A mount that cannot watch its mappings is still a mount. */
static void watch_mappings(struct mount *m, const struct shop_config *config)
{
    struct error err = ERROR_INIT;
    char **paths = NULL;
    size_t n = 0, cap = 0;

    for (size_t i = 0; i < config->n_sites; i++)
        for (char **path = config->sites[i].exports; *path != NULL; path++) {
            array_grow(paths, n, cap);
            paths[n++] = *path;
        }
    if (reload_start(&m->reload, paths, n, read_mappings_anew, m, &err) < 0)
        log_error_object(LOG_LEVEL_WARNING, "edited mappings need a new mount", &err);
    error_release(&err);
    free(paths);
}

int mount_open(struct mount **out, const struct shop_config *config, struct fuse_args *args,
               const char *mountpoint, unsigned threads, struct error *err)
{
    struct mount *m = xcalloc(1, sizeof *m);
    int r;

    m->mountpoint = xstrdup(mountpoint);
    m->state_dir = m->picture_dir = -1;
    m->n_sites = config->n_sites;
    m->sites = xcalloc(m->n_sites, sizeof *m->sites);
    for (size_t i = 0; i < m->n_sites; i++)
        m->sites[i].state_dir = m->sites[i].archive_dir = m->sites[i].refused_dir = m->sites[i].results_dir =
            m->sites[i].check_dir = -1;
    m->fs = fs_new();

    r = store_open(&m->store, config->database, 0, err);
    if (r < 0)
        goto fail;
    r = m->state_dir = open_state_dir(config->state_dir, err);
    if (r < 0)
        goto fail;
    m->picture_dir = open(config->picture_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (m->picture_dir < 0 && errno != ENOENT)
        log_warning("pictures=%s error=\"%s\": pictures kept as files will be missing", config->picture_dir,
                    strerror(errno));
    r = pictures_open(&m->pictures, m->store, m->picture_dir, err);
    for (size_t i = 0; r == 0 && i < m->n_sites; i++) {
        r = open_site(m, i, config, threads, err);
        if (r < 0)
            error_prefix(err, "site '%s'", config->sites[i].name);
    }
    if (r < 0)
        goto fail;
    build_tree(m, config);

    m->session = fuse_session_new(args, fs_operations(), sizeof *fs_operations(), m->fs);
    if (m->session == NULL) {
        r = error_set(err, -EINVAL, "the mount options are not understood");
        error_advise(err, "see mount.fuse3(8) for the options every FUSE filesystem takes");
        goto fail;
    }
    if (fuse_session_mount(m->session, mountpoint) != 0) {
        r = error_set(err, -EIO, "cannot mount on '%s'", mountpoint);
        error_advise(
            err, "the lines above say why; without root, fusermount3 of package fuse3 must be installed and "
                 "the mount point be yours");
        goto fail;
    }
    m->mounted = true;
    watch_mappings(m, config);
    fs_set_session(m->fs, m->session);
    *out = m;
    return 0;
fail:
    mount_close(m);
    return r;
}

/* The kernel asks for 1 MiB at a time when told so: a first read is 1.4 times as fast. Root only; no loss
 * else. */
static void raise_readahead(const char *mountpoint)
{
    auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
    auto_free char *line = NULL;
    auto_free char *real = realpath(mountpoint, NULL);
    size_t cap = 0;
    unsigned major, minor;
    char where[4096];
    bool found = false;

    while (mounts != NULL && real != NULL && getline(&line, &cap, mounts) > 0) {
        unsigned a, b;
        if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &a, &b, where) == 3 && strcmp(where, real) == 0) {
            major = a;
            minor = b;
            found = true;
        }
    }
    if (!found)
        return;
    char path[64];
    snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major, minor);
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && io_write_full(fd, "1024", 4) < 0)
        log_debug("readahead stays as it is");
}

int mount_run(struct mount *m)
{
    struct fuse_loop_config *loop = fuse_loop_cfg_create();
    sigset_t all, old;
    int r;

    if (fuse_set_signal_handlers(m->session) != 0) {
        fuse_loop_cfg_destroy(loop);
        return -EIO;
    }
    sigemptyset(&all);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &all, &old);
    fuse_loop_cfg_set_max_threads(loop, 16);
    fuse_loop_cfg_set_clone_fd(loop, 0);
    raise_readahead(m->mountpoint);
    log_notice("mounted=%s", m->mountpoint);
    r = fuse_session_loop_mt(m->session, loop);
    fuse_remove_signal_handlers(m->session);
    fuse_loop_cfg_destroy(loop);
    /* A positive result is the signal that ended it: as asked. */
    return r < 0 ? r : 0;
}

void mount_close(struct mount *m)
{
    if (m == NULL)
        return;
    reload_stop(m->reload);
    fs_set_session(m->fs, NULL);
    for (size_t i = 0; i < m->n_sites; i++)
        if (m->sites[i].exports != NULL)
            exports_halt(m->sites[i].exports);
    if (m->mounted)
        fuse_session_unmount(m->session);
    /* Their threads use the session: the keeper tells the kernel, a rendering answers who waits for it. */
    for (size_t i = 0; i < m->n_sites; i++) {
        struct mounted_site *site = &m->sites[i];
        if (site->intake != NULL)
            intake_stop(site->intake);
        if (site->checker != NULL)
            intake_stop(site->checker);
        if (site->incoming != NULL)
            incoming_close(site->incoming);
        if (site->check != NULL)
            incoming_close(site->check);
        if (site->exports != NULL)
            exports_stop(site->exports);
    }
    if (m->session != NULL)
        fuse_session_destroy(m->session);
    fs_free(m->fs);
    for (size_t i = 0; i < m->n_sites; i++) {
        struct mounted_site *site = &m->sites[i];
        for (size_t k = 0; k < site->n_maps; k++)
            order_map_free(site->maps[k]);
        free(site->maps);
        free(site->state_path);
        const int fds[] = {site->state_dir, site->archive_dir, site->refused_dir, site->results_dir,
                           site->check_dir};
        for (size_t k = 0; k < sizeof fds / sizeof *fds; k++)
            if (fds[k] >= 0)
                close(fds[k]);
    }
    free(m->sites);
    if (m->pictures != NULL)
        pictures_close(m->pictures);
    if (m->picture_dir >= 0)
        close(m->picture_dir);
    if (m->state_dir >= 0)
        close(m->state_dir);
    if (m->store != NULL)
        store_close(m->store);
    free(m->mountpoint);
    free(m);
}
