/* shopfs: mounts a shop. Options, the background, exit codes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/config.h"
#include "cli/mount.h"
#include "mapping/document.h"

struct options {
    char *source, *mountpoint;
    int foreground, debug, help, version;
    int no_allow_other, dev, suid, exec;
    unsigned threads;
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
    OPT("threads=%u", threads, 0),
    OPT("--threads=%u", threads, 0),
    OPT("log=%s", log, 0),
    OPT("--log=%s", log, 0),
    FUSE_OPT_KEY("nodev", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("nosuid", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("noexec", FUSE_OPT_KEY_DISCARD),
    FUSE_OPT_KEY("default_permissions", FUSE_OPT_KEY_DISCARD),
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
          "     threads=N         rendering threads at most (default: one for each processor)\n"
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
static int serve(const struct shop_config *config, struct fuse_args *args, const struct options *o,
                 int ready_fd)
{
    struct error err = ERROR_INIT;
    struct mount *m = NULL;
    unsigned char code = MOUNT_OK;
    sigset_t ours;

    raise_open_files();
    /* Threads of the rooms below leave the ending to the main thread. */
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    signal(SIGPIPE, SIG_IGN);

    if (mount_open(&m, config, args, o->mountpoint, o->threads, &err) < 0) {
        auto_buf text = BUF_INIT;
        error_format(&err, &text);
        fprintf(stderr, "shopfs: %s\n", buf_str(&text));
        error_release(&err);
        code = MOUNT_FAIL;
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
    if (code == MOUNT_OK && mount_run(m) < 0)
        code = MOUNT_SYSTEM;
    mount_close(m);
    return code;
}

/* The starting process waits until the mount answers and ends with its exit code: a boot script may rely on
 * it. */
static int serve_in_background(const struct shop_config *config, struct fuse_args *args,
                               const struct options *o)
{
    int pipe_fds[2];
    unsigned char code = MOUNT_SYSTEM;
    pid_t pid;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        perror("shopfs");
        return MOUNT_SYSTEM;
    }
    if (pid == 0) {
        close(pipe_fds[0]);
        setsid();
        if (chdir("/") < 0)
            return MOUNT_SYSTEM;
        return serve(config, args, o, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    ssize_t got;
    do
        got = read(pipe_fds[0], &code, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1) {
        fprintf(stderr, "shopfs: the mounting process ended without a word\n");
        return MOUNT_SYSTEM;
    }
    return code;
}

int main(int argc, char **argv)
{
    struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
    struct options o = {0};
    struct shop_config *config = NULL;
    struct error err = ERROR_INIT;
    enum log_level level = LOG_LEVEL_NOTICE;
    struct stat st;
    char *mountpoint;
    int code;

    if (fuse_opt_parse(&args, &o, option_table, take_option) < 0)
        return MOUNT_USAGE;
    if (o.help) {
        usage(stdout);
        return MOUNT_OK;
    }
    if (o.version) {
        printf("shopfs %s (libfuse %s)\n", SHOPFS_VERSION, fuse_pkgversion());
        return MOUNT_OK;
    }
    if (o.mountpoint == NULL) {
        fprintf(stderr, "shopfs: %s missing; try 'shopfs --help'\n",
                o.source == NULL ? "SOURCE and MOUNTPOINT are" : "MOUNTPOINT is");
        return MOUNT_USAGE;
    }
    if (o.log != NULL && parse_level(o.log, &level) < 0) {
        fprintf(stderr, "shopfs: no log level '%s'; one of error, warning, notice, info, debug\n", o.log);
        return MOUNT_USAGE;
    }
    log_init("shopfs", level);
    mapping_init();
    mountpoint = realpath(o.mountpoint, NULL);
    if (mountpoint == NULL || stat(mountpoint, &st) < 0 || !S_ISDIR(st.st_mode)) {
        fprintf(stderr, "shopfs: mount point '%s': %s\n", o.mountpoint,
                mountpoint == NULL ? strerror(errno) : "is not a directory");
        return MOUNT_FAIL;
    }
    free(o.mountpoint);
    o.mountpoint = mountpoint;
    if (shop_config_load(&config, o.source, &err) < 0) {
        auto_buf text = BUF_INIT;
        error_format(&err, &text);
        fprintf(stderr, "shopfs: %s\n", buf_str(&text));
        return MOUNT_FAIL;
    }
    complete_options(&args, &o, config->source);
    if (o.debug)
        fuse_opt_add_arg(&args, "-odebug");
    code = o.foreground || o.debug ? serve(config, &args, &o, -1) : serve_in_background(config, &args, &o);
    shop_config_free(config);
    error_release(&err);
    fuse_opt_free_args(&args);
    free(o.source);
    free(o.mountpoint);
    free(o.log);
    return code;
}
