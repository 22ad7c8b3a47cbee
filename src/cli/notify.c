#include "cli/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

#define READY_EVERY_MS 50
#define SLOW_MS 10000 /* an answer that takes longer is told, where no watchdog says how long it may take */

/* Fields are set before the thread starts; afterwards they are the thread's until it is joined. */
struct notify_watch {
    pid_t prober;
    int probe_fd; /* socket to the prober: a byte asks, a byte with the errno answers */
    int stop_fds[2];
    pthread_t thread;
    bool started;
    int interval_ms; /* of WATCHDOG=1; 0: nobody waits for it */
    char *status;
};

int notify_send(const char *format, ...)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = secure_getenv("NOTIFY_SOCKET");
    auto_buf text = BUF_INIT;
    va_list args;
    size_t len;

    if (path == NULL || *path == '\0')
        return 0;
    len = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || len >= sizeof to.sun_path)
        return -EINVAL;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (sendto(fd, buf_str(&text), strlen(buf_str(&text)), MSG_NOSIGNAL, (struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        return -errno;
    return 0;
}

/* The watchdog is meant for us if WATCHDOG_PID says so or says nothing: the interval to keep, half of the
 * limit. */
static int watchdog_interval_ms(void)
{
    const char *usec = secure_getenv("WATCHDOG_USEC"), *pid = secure_getenv("WATCHDOG_PID");
    char *end;
    unsigned long long n;

    if (usec == NULL || *usec == '\0')
        return 0;
    if (pid != NULL && *pid != '\0' && strtoll(pid, NULL, 10) != (long long)getpid())
        return 0;
    errno = 0;
    n = strtoull(usec, &end, 10);
    if (errno != 0 || *end != '\0' || n < 2000)
        return 0;
    n /= 2000;
    return n > 3600000 ? 3600000 : (int)n;
}

/* 0: a mount is there and has answered now, not from what the kernel remembers. */
static int probe(const char *mountpoint)
{
    struct statx st;

    if (statx(AT_FDCWD, mountpoint, AT_STATX_FORCE_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) < 0)
        return errno;
    if ((st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
        (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
        return ENOENT;
    return 0;
}

/* Only what is safe after fork, and no descriptor but ours: the mount must be able to die without us. */
__attribute__((noreturn)) static void prober(int fd, const char *mountpoint)
{
    char question;

    if (fd != STDIN_FILENO)
        dup2(fd, STDIN_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN); /* a manager ends the whole group at once; we end with our server */
    while (read(STDIN_FILENO, &question, 1) == 1) {
        unsigned char answer = (unsigned char)probe(mountpoint);
        if (write(STDIN_FILENO, &answer, 1) != 1)
            break;
    }
    _exit(0);
}

struct notify_watch *notify_watch_new(const char *mountpoint)
{
    struct notify_watch *w;
    const char *path = secure_getenv("NOTIFY_SOCKET");
    int fds[2];

    if (path == NULL || *path == '\0')
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        log_error("notify error=\"%s\": the service manager will not be told", strerror(errno));
        return NULL;
    }
    w = xcalloc(1, sizeof *w);
    w->interval_ms = watchdog_interval_ms();
    w->probe_fd = fds[0];
    w->stop_fds[0] = w->stop_fds[1] = -1;
    w->prober = fork();
    if (w->prober == 0)
        prober(fds[1], mountpoint);
    close(fds[1]);
    if (w->prober > 0 && pipe2(w->stop_fds, O_CLOEXEC) == 0)
        return w;
    log_error("notify error=\"%s\": the service manager will not be told", strerror(errno));
    notify_watch_free(w);
    return NULL;
}

/* Waits for the answer that is due, or for nothing (want_answer false); <0: told to stop, or the prober is
 * gone. */
static int wait_answer(struct notify_watch *w, bool want_answer, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = w->stop_fds[0], .events = POLLIN},
                           {.fd = want_answer ? w->probe_fd : -1, .events = POLLIN}};
    int n = poll(fds, 2, timeout_ms);

    if (n < 0 && errno != EINTR)
        return -errno;
    return fds[0].revents != 0 ? -ECANCELED : n > 0;
}

static void *watch(void *arg)
{
    struct notify_watch *w = arg;
    bool ready = false, asked = false, slow = false;
    int limit_ms = w->interval_ms > 0 ? w->interval_ms : SLOW_MS, r;
    unsigned char answer;

    for (;;) {
        if (!asked && write(w->probe_fd, "?", 1) != 1)
            break;
        asked = true;
        r = wait_answer(w, true, limit_ms);
        if (r < 0)
            return NULL;
        if (r == 0) {
            if (!slow)
                log_error("mount=silent ms=%d", limit_ms);
            slow = true;
            notify_send("STATUS=The mount does not answer");
            continue;
        }
        if (read(w->probe_fd, &answer, 1) != 1)
            break;
        asked = false;
        if (answer == 0 && !ready) {
            notify_send("READY=1\nSTATUS=%s", w->status);
            ready = true;
        } else if (answer == 0 && slow) {
            log_notice("mount=answers");
            notify_send("WATCHDOG=1\nSTATUS=%s", w->status);
        } else if (answer == 0) {
            notify_send("WATCHDOG=1");
        } else if (ready) {
            log_error("mount=failing error=\"%s\"", strerror(answer));
            notify_send("STATUS=The mount does not answer: %s", strerror(answer));
        }
        slow = answer != 0 && ready;
        if (ready && w->interval_ms == 0)
            return NULL;
        if (wait_answer(w, false, ready ? w->interval_ms : READY_EVERY_MS) < 0)
            return NULL;
    }
    log_error("the watchdog's prober is gone");
    return NULL;
}

void notify_watch_start(struct notify_watch *w, const char *status)
{
    if (w == NULL)
        return;
    w->status = xstrdup(status);
    int r = pthread_create(&w->thread, NULL, watch, w);
    w->started = r == 0;
    if (r != 0)
        log_error("notify error=\"%s\": the service manager will not be told", strerror(r));
}

void notify_watch_stop(struct notify_watch *w)
{
    if (w == NULL)
        return;
    notify_send("STOPPING=1\nSTATUS=Unmounting");
    if (w->started && write(w->stop_fds[1], "", 1) == 1)
        pthread_join(w->thread, NULL);
    w->started = false;
}

void notify_watch_free(struct notify_watch *w)
{
    if (w == NULL)
        return;
    close(w->probe_fd);
    if (w->prober > 0) {
        kill(w->prober, SIGKILL);
        while (waitpid(w->prober, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    for (int i = 0; i < 2; i++)
        if (w->stop_fds[i] >= 0)
            close(w->stop_fds[i]);
    free(w->status);
    free(w);
}
