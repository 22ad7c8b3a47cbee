#include "cli/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/reload.h"
#include "cli/sites.h"
#include "fs/fs.h"
#include "image/pictures.h"
#include "store/store.h"

struct mount {
    struct shop_config *config; /* in service; of the reading thread once that runs */
    struct store *store;
    int state_dir, picture_dir;
    struct pictures *pictures;
    struct sites *sites;
    struct fs *fs;
    struct reload *reload;
    bool waits; /* of its thread: for the database, to put another configuration in service */
    struct fuse_session *session;
    bool mounted;
    pthread_t raising; /* readahead */
    bool raises;
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

/* -- the configuration read anew ------------------------------------------------------------------------ */

static void notice(struct mount *m, const struct error *why)
{
    char date[CLOCK_ISO_LEN + 1];
    auto_buf text = BUF_INIT;

    clock_format_iso(clock_now_ms() / 1000, date);
    if (why == NULL) {
        buf_addf(&text, "configuration %s, read %s", m->config->source, date);
    } else {
        buf_addf(&text, "configuration error, %s, the one before stays in service: ", date);
        error_format(why, &text);
    }
    sites_report(m->sites, &text);
    fs_set_notice(m->fs, buf_detach(&text, NULL));
}

static void watch_files(struct mount *m)
{
    size_t n;
    char **files = sites_files(m->sites, &n);

    reload_watch(m->reload, files, n);
    for (size_t i = 0; i < n; i++)
        free(files[i]);
    free(files);
}

/* In the thread of reload.h. True: to be tried again, since another program holds the database. */
static bool read_anew(void *arg)
{
    struct mount *m = arg;
    struct shop_config *config = NULL;
    struct error err = ERROR_INIT;
    int r = 0;

    if (m->config->is_database) /* nothing but mappings can be another */
        config = shop_config_ref(m->config);
    else
        r = shop_config_load(&config, m->config->source, &err);

    if (r == 0)
        r = sites_configure(m->sites, config, &err);
    if (r == 0) {
        shop_config_free(m->config);
        m->config = shop_config_ref(config);
        watch_files(m);
        log_notice("configuration=%s sites=%zu read anew", config->source, config->n_sites);
        notice(m, NULL);
    } else {
        if (r != -EAGAIN || !m->waits)
            log_error_object(LOG_LEVEL_ERROR, r == -EAGAIN ? "the configuration stays as it was until the database is free"
                                                           : "the configuration stays as it was", &err);
        notice(m, &err);
    }
    m->waits = r == -EAGAIN;
    shop_config_free(config);
    error_release(&err);
    return r == -EAGAIN;
}

/* A mount that cannot watch its configuration is still a mount. */
static void start_watching(struct mount *m)
{
    struct error err = ERROR_INIT;
    size_t n;
    char **files = sites_files(m->sites, &n);

    if (reload_start(&m->reload, files, n, read_anew, m, &err) < 0)
        log_error_object(LOG_LEVEL_WARNING, "an edited configuration or mapping needs a new mount", &err);
    for (size_t i = 0; i < n; i++)
        free(files[i]);
    free(files);
    error_release(&err);
}

/* -- start and end -------------------------------------------------------------------------------------- */

int mount_open(struct mount **out, struct shop_config *config, struct fuse_args *args,
               const char *mountpoint, unsigned threads, unsigned row_limit_s, struct error *err)
{
    struct mount *m = xcalloc(1, sizeof *m);
    int r;

    m->mountpoint = xstrdup(mountpoint);
    m->state_dir = m->picture_dir = -1;
    m->config = shop_config_ref(config);
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
    if (r < 0)
        goto fail;
    fs_build(m->fs, &(struct fs_options){.pictures = m->pictures, .state_dir = m->state_dir});
    r = sites_open(&m->sites,
                   &(struct sites_options){
                       .store = m->store, .state_dir = m->state_dir, .fs = m->fs, .threads = threads, .row_limit_s = row_limit_s},
                   config, err);
    if (r < 0)
        goto fail;
    notice(m, NULL);

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
    fs_set_session(m->fs, m->session);
    start_watching(m);
    *out = m;
    return 0;
fail:
    mount_close(m);
    return r;
}

/* The kernel asks for 512 KiB at a time when told so: a first read is 1.4 times as fast, and such an answer still fits
 * into a pipe of the size everybody may have. Root only; no loss else. To be told after the answer to its first request, which sets it to the usual 128 KiB: so the mount is looked at
 * first. */
static void *raise_readahead(void *arg)
{
    const char *mountpoint = arg;
    auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
    auto_free char *line = NULL;
    auto_free char *real = realpath(mountpoint, NULL);
    size_t cap = 0;
    unsigned major, minor;
    char where[4096];
    bool found = false;
    struct stat st;

    if (stat(mountpoint, &st) < 0)
        return NULL;
    while (mounts != NULL && real != NULL && getline(&line, &cap, mounts) > 0) {
        unsigned a, b;
        if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &a, &b, where) == 3 && strcmp(where, real) == 0) {
            major = a;
            minor = b;
            found = true;
        }
    }
    if (!found)
        return NULL;
    char path[64];
    snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major, minor);
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && io_write_full(fd, "512", 3) < 0)
        log_debug("readahead stays as it is");
    return NULL;
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
    m->raises = pthread_create(&m->raising, NULL, raise_readahead, m->mountpoint) == 0; /* without the signals below */
    sigemptyset(&all);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &all, &old);
    fuse_loop_cfg_set_max_threads(loop, 16);
    fuse_loop_cfg_set_clone_fd(loop, 0);
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
    sites_halt(m->sites);
    if (m->mounted)
        fuse_session_unmount(m->session);
    if (m->raises) /* its look at the mount has been answered, or ends with the mount */
        pthread_join(m->raising, NULL);
    /* Their threads use the session: the keeper tells the kernel, a rendering answers who waits for it. */
    sites_stop(m->sites);
    if (m->session != NULL)
        fuse_session_destroy(m->session);
    fs_free(m->fs);
    sites_free(m->sites);
    if (m->pictures != NULL)
        pictures_close(m->pictures);
    if (m->picture_dir >= 0)
        close(m->picture_dir);
    if (m->state_dir >= 0)
        close(m->state_dir);
    if (m->store != NULL)
        store_close(m->store);
    shop_config_free(m->config);
    free(m->mountpoint);
    free(m);
}
