/* shopfs: mounts a shop. Options, the background, exit codes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/config.h"
#include "cli/mount.h"
#include "cli/mountpoint.h"
#include "cli/notify.h"
#include "mapping/document.h"

struct options {
    char *source, *mountpoint;
    int foreground, debug, help, version;
    int no_allow_other, dev, suid, exec, no_prepare, default_permissions;
    unsigned threads, row_limit;
    char *log;
};

#define OPT(text, field, value)                      \
    {                                                \
        text, offsetof(struct options, field), value \
    }
static const struct fuse_opt option_table[] = {
    OPT("-f", foreground, 1),
    OPT("--foreground", foreground, 1),
    OPT("-d", debug, 1),
    OPT("--debug", debug, 1),
    OPT("debug", debug, 1),
    OPT("-h", help, 1),
    OPT("--help", help, 1),
    OPT("-V", version, 1),
    OPT("--version", version, 1),
    OPT("no_allow_other", no_allow_other, 1),
    OPT("dev", dev, 1),
    OPT("suid", suid, 1),
    OPT("exec", exec, 1),
    OPT("no_prepare", no_prepare, 1),
    OPT("default_permissions", default_permissions, 1),
    OPT("threads=%u", threads, 0),
    OPT("--threads=%u", threads, 0),
    OPT("row-limit=%u", row_limit, 0),
    OPT("log=%s", log, 0),
    OPT("--log=%s", log, 0),
    FUSE_OPT_KEY("nodev", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("nosuid", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("noexec", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("allow_other", 1),
    /* Words of fstab that are for mount(8). */
    FUSE_OPT_KEY("noauto", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("auto", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("nofail", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("_netdev", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("user", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("users", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("defaults", FUSE_OPT_KEY_DISCARD),
    /* A mount that dies must fail loudly, or a mirror job deletes the shop. */
    FUSE_OPT_KEY("auto_unmount", 2),
    FUSE_OPT_END,
};

static bool allow_other;

static int take_option(void *data, const char *arg, int key, struct fuse_args *out)
{
    struct options *o = data;

    (void)out;
    if (key == 1) {
        allow_other = true;
        return 0;
    }
    if (key == 2) {
        fprintf(
            stderr,
            "shopfs: option 'auto_unmount' is refused: a mount that died would look like an empty shop\n");
        return -1;
    }
    if (key == FUSE_OPT_KEY_OPT && strncmp(arg, "x-", 2) == 0)
        return 0;
    if (key != FUSE_OPT_KEY_NONOPT)
        return 1;
    if (o->source == NULL) {
        o->source = xstrdup(arg);
        return 0;
    }
    if (o->mountpoint == NULL) {
        o->mountpoint = xstrdup(arg);
        return 0;
    }
    fprintf(stderr, "shopfs: too many arguments at '%s'; try 'shopfs --help'\n", arg);
    return -1;
}

static void usage(FILE *out)
{
    fputs("Usage: shopfs [-f] [-o OPTIONS] SOURCE MOUNTPOINT\n"
          "\n"
          "Mounts the shop SOURCE, a shop database or a configuration file, as files on MOUNTPOINT.\n"
          "\n"
          "  -f, --foreground     stay in the foreground\n"
          "  -d, --debug          show every request; implies -f\n"
          "  -o OPTION[,...]      mount options:\n"
          "     allow_other       let other users in (the default for root)\n"
          "     no_allow_other    only this user\n"
          "     no_prepare        leave the bare mount point as it is (see the manual)\n"
          "     threads=N         rendering threads at most (default: one for each processor)\n"
          "     row-limit=SECONDS how long a mapping may compute one row (default: 30)\n"
          "     log=LEVEL         error, warning, notice, info or debug (default: notice)\n"
          "     and those of mount.fuse3(8)\n"
          "  -h, --help           this text\n"
          "  -V, --version        the version\n"
          "\n"
          "Unmount with 'umount MOUNTPOINT', without root 'fusermount3 -u MOUNTPOINT', or SIGTERM.\n"
          "For more details see shopfs(8).\n",
          out);
}

static int parse_level(const char *text, enum log_level *out)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"error", LOG_LEVEL_ERROR},
                  {"warning", LOG_LEVEL_WARNING},
                  {"notice", LOG_LEVEL_NOTICE},
                  {"info", LOG_LEVEL_INFO},
                  {"debug", LOG_LEVEL_DEBUG}};

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i].name, text) == 0) {
            *out = levels[i].level;
            return 0;
        }
    return -EINVAL;
}

/* What every mount of ours is, and who may see it. */
static void complete_options(struct fuse_args *args, const struct options *o, const char *source)
{
    auto_buf list = BUF_INIT;

    buf_addf(&list, "-odefault_permissions,subtype=shopfs");
    if (!o->no_allow_other && (allow_other || geteuid() == 0))
        buf_add_str(&list, ",allow_other");
    buf_add_str(&list, o->suid ? ",suid" : ",nosuid");
    buf_add_str(&list, o->dev ? ",dev" : ",nodev");
    buf_add_str(&list, ",noexec");
    buf_add_str(&list, ",fsname=");
    for (const char *p = source; *p != '\0'; p++) {
        if (*p == ',' || *p == '\\')
            buf_add_char(&list, '\\');
        buf_add_char(&list, *p);
    }
    fuse_opt_add_arg(args, buf_str(&list));
}

/* The usual 1024 would let one sender with as many open files take the database from everybody. */
static void raise_open_files(void)
{
    const rlim_t enough = 65536;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= enough)
        return;
    files.rlim_cur = files.rlim_max < enough ? files.rlim_max : enough;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        log_warning("open files: the limit stays as it is: %s", strerror(errno));
}

/* Runs the mount; ready_fd (or -1) gets one byte, the exit code, once the mount answers or has failed. */
static int serve(struct shop_config *config, struct fuse_args *args, const struct options *o,
                 int ready_fd)
{
    struct error err = ERROR_INIT;
    struct mount *m = NULL;
    struct notify_watch *watch;
    unsigned char code = MOUNT_OK;
    sigset_t ours, pending;

    raise_open_files();
    /* Threads of the rooms below leave the ending to the main thread. SIGHUP stays blocked everywhere: it is
     * read as a wish to read the mappings anew (reload.h), also when a terminal goes away. */
    signal(SIGHUP, SIG_DFL);
    sigemptyset(&ours);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    signal(SIGPIPE, SIG_IGN);
    watch = notify_watch_new(o->mountpoint);

    if (!o->no_prepare)
        mountpoint_close_bare(o->mountpoint);
    if (mount_open(&m, config, args, o->mountpoint, o->threads, o->row_limit, &err) < 0) {
        auto_buf text = BUF_INIT;
        error_format(&err, &text);
        fprintf(stderr, "shopfs: %s\n", buf_str(&text));
        error_release(&err);
        notify_send("STATUS=%s", buf_str(&text));
        code = MOUNT_FAIL;
    }
    /* Told to end before it was up. */
    if (code == MOUNT_OK && sigpending(&pending) == 0 &&
        (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1)) {
        mount_close(m);
        m = NULL;
        code = MOUNT_INTERRUPTED;
    }
    if (ready_fd >= 0) {
        if (code == MOUNT_OK) {
            int null = open("/dev/null", O_RDWR | O_CLOEXEC);
            if (null >= 0) {
                dup2(null, STDIN_FILENO);
                dup2(null, STDOUT_FILENO);
                log_to_syslog();
                dup2(null, STDERR_FILENO);
                close(null);
            }
        }
        if (io_write_full(ready_fd, &code, 1) < 0)
            log_warning("the starting process went away");
        close(ready_fd);
    }
    if (code == MOUNT_OK) {
        auto_buf status = BUF_INIT;
        buf_addf(&status, "Serving %s on %s", config->source, o->mountpoint);
        notify_watch_start(watch, buf_str(&status));
        if (mount_run(m) < 0)
            code = MOUNT_SYSTEM;
    }
    notify_watch_stop(watch);
    mount_close(m);
    notify_watch_free(watch);
    return code;
}

static pid_t serving;

static void pass_on(int sig)
{
    (void)sig;
    kill(serving, SIGTERM);
}

/* How the serving process ended without having said so itself. */
static int code_of_death(void)
{
    int status;

    while (waitpid(serving, &status, 0) < 0)
        if (errno != EINTR)
            return MOUNT_SYSTEM;
    if (!WIFSIGNALED(status)) {
        fprintf(stderr, "shopfs: the mounting process ended without a word\n");
        return MOUNT_SYSTEM;
    }
    fprintf(stderr, "shopfs: the mounting process died: %s\n", strsignal(WTERMSIG(status)));
    switch (WTERMSIG(status)) {
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSEGV:
        return MOUNT_BUG;
    default:
        return MOUNT_SYSTEM;
    }
}

/* The starting process waits until the mount answers and ends with its exit code: a boot script may rely on
 * it. Interrupted meanwhile, it takes the mount back. */
static int serve_in_background(struct shop_config *config, struct fuse_args *args,
                               const struct options *o)
{
    int pipe_fds[2];
    unsigned char code = MOUNT_SYSTEM;
    const struct sigaction act = {.sa_handler = pass_on};
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    if (pipe2(pipe_fds, O_CLOEXEC) < 0 || (serving = fork()) < 0) {
        perror("shopfs");
        return MOUNT_SYSTEM;
    }
    if (serving == 0) {
        close(pipe_fds[0]);
        setsid();
        if (chdir("/") < 0)
            return MOUNT_SYSTEM;
        return serve(config, args, o, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigprocmask(SIG_UNBLOCK, &ours, NULL);
    ssize_t got;
    do
        got = read(pipe_fds[0], &code, 1);
    while (got < 0 && errno == EINTR);
    return got == 1 ? code : code_of_death();
}

static int report_failure(const struct error *err)
{
    auto_buf text = BUF_INIT;

    error_format(err, &text);
    fprintf(stderr, "shopfs: %s\n", buf_str(&text));
    return MOUNT_FAIL;
}

static int run(struct fuse_args *args, struct options *o, struct shop_config **config, struct error *err)
{
    enum log_level level = LOG_LEVEL_NOTICE;
    char *mountpoint;

    if (fuse_opt_parse(args, o, option_table, take_option) < 0)
        return MOUNT_USAGE;
    if (o->help) {
        usage(stdout);
        return MOUNT_OK;
    }
    if (o->version) {
        printf("shopfs %s (libfuse %s)\n", SHOPFS_VERSION, fuse_pkgversion());
        return MOUNT_OK;
    }
    if (o->mountpoint == NULL) {
        fprintf(stderr, "shopfs: %s missing; try 'shopfs --help'\n",
                o->source == NULL ? "SOURCE and MOUNTPOINT are" : "MOUNTPOINT is");
        return MOUNT_USAGE;
    }
    if (o->log != NULL && parse_level(o->log, &level) < 0) {
        fprintf(stderr, "shopfs: no log level '%s'; one of error, warning, notice, info, debug\n", o->log);
        return MOUNT_USAGE;
    }
    log_init("shopfs", level);
    mapping_init();
    if (mountpoint_find(&mountpoint, o->mountpoint, err) < 0)
        return report_failure(err);
    free(o->mountpoint);
    o->mountpoint = mountpoint;
    if (mountpoint_is_fd(mountpoint) && !o->default_permissions) {
        error_set(err, -EINVAL, "option 'default_permissions' is missing");
        error_advise(err, "with drop_privileges the mount is made before shopfs starts: fstab must say "
                          "default_permissions,allow_other,nosuid,nodev,noexec itself");
        return report_failure(err);
    }
    if (shop_config_load(config, o->source, err) < 0)
        return report_failure(err);
    complete_options(args, o, (*config)->source);
    if (o->debug)
        fuse_opt_add_arg(args, "-odebug");
    return o->foreground || o->debug ? serve(*config, args, o, -1) : serve_in_background(*config, args, o);
}

int main(int argc, char **argv)
{
    struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
    struct options o = {0};
    struct shop_config *config = NULL;
    struct error err = ERROR_INIT;
    int code = run(&args, &o, &config, &err);

    shop_config_free(config);
    error_release(&err);
    fuse_opt_free_args(&args);
    free(o.source);
    free(o.mountpoint);
    free(o.log);
    return code;
}
