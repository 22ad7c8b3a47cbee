/* shopfs: mounts a shop. Options, the background, exit codes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
    raise_open_files();
#include <sys/resource.h>
#include <sys/stat.h>
    sigemptyset(&ours);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    signal(SIGPIPE, SIG_IGN);
    watch = notify_watch_new(o->mountpoint);

    if (!o->no_prepare)
        mountpoint_close_bare(o->mountpoint);
    if (mount_open(&m, config, args, o->mountpoint, o->threads, &err) < 0) {
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
static int serve_in_background(const struct shop_config *config, struct fuse_args *args,
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
