/* The spool's directory: its lock and the mark that tells whether its bytes survived (spool.h). */
#include "export/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

struct spool_dir {
    atomic_uint refs;
    int fd;
    int lock_fd;
    bool trusted;
    char boot[64];
};

char *spool_file_name(const char *text, const char *suffix)
{
    struct buf b = BUF_INIT;
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                    c == '_' || (c == '.' && p != text);
        if (safe)
            buf_add_char(&b, (char)c);
        else
            buf_addf(&b, "%%%02X", c);
    }
    buf_add_str(&b, suffix);
    return buf_detach(&b, NULL);
}

static void read_boot_id(char *out, size_t size)
{
    auto_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    if (n <= 0) /* unknown: nothing an earlier run left is believed unread, unless it stopped cleanly */
        n = snprintf(out, size, "unknown-%d", (int)getpid());
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static int take_lock(struct spool_dir *d, struct error *err)
{
    d->lock_fd = io_open_beneath(d->fd, "lock", O_RDWR | O_CREAT, 0600);
    if (d->lock_fd < 0)
        return error_set(err, d->lock_fd, "cannot open 'spool/lock': %s", strerror(-d->lock_fd));
    char pid[32] = "";
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        int code = errno == EWOULDBLOCK ? -EBUSY : -errno;
        ssize_t n = io_pread_full(d->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? n : 0] = '\0';
        if (code != -EBUSY)
            return error_set(err, code, "cannot lock the spool: %s", strerror(-code));
        error_set(err, code, "the spool is in use by another mount or tool (process %s)",
                  *pid ? pid : "unknown");
        error_advise(err, "unmount it first, or give this mount a state directory of its own");
        return code;
    }
    int n = snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (ftruncate(d->lock_fd, 0) == 0)
        (void)io_pwrite_full(d->lock_fd, pid, (size_t)n, 0); /* only for the message above */
    return 0;
}

int spool_dir_open(struct spool_dir **out, int state_dir, struct error *err)
{
    struct spool_dir *d = xcalloc(1, sizeof *d);
    d->refs = 1;
    d->lock_fd = -1;
    d->fd = io_open_dir(state_dir, "spool", 0700);
    int r = d->fd < 0 ? error_set(err, d->fd, "cannot make directory 'spool' in the state directory: %s",
                                  strerror(-d->fd))
                      : take_lock(d, err);
    if (r < 0) {
        spool_dir_unref(d);
        return r;
    }
    read_boot_id(d->boot, sizeof d->boot);
    auto_buf state = BUF_INIT;
    if (io_read_file(d->fd, "state", 256, &state) == 0) {
        const char *text = buf_str(&state);
        size_t n = strlen(d->boot);
        d->trusted =
            strncmp(text, "clean", 5) == 0 ||
            (strncmp(text, "running ", 8) == 0 && strncmp(text + 8, d->boot, n) == 0 && text[8 + n] == '\n');
    }
    *out = d;
    return 0;
}

struct spool_dir *spool_dir_ref(struct spool_dir *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

void spool_dir_unref(struct spool_dir *d)
{
    if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    if (d->fd >= 0)
        close(d->fd);
    free(d);
}

int spool_dir_fd(const struct spool_dir *d)
{
    return d->fd;
}

bool spool_dir_trusted(const struct spool_dir *d)
{
    return d->trusted;
}

int spool_dir_mark(struct spool_dir *d, bool clean, struct error *err)
{
    char text[96];
    int n =
        clean ? snprintf(text, sizeof text, "clean\n") : snprintf(text, sizeof text, "running %s\n", d->boot);
    int r = io_replace_file(d->fd, "state", text, (size_t)n, 0600);
    if (r < 0)
        return error_set(err, r, "cannot write 'spool/state': %s", strerror(-r));
    return 0;
}
