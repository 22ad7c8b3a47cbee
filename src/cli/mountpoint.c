#include "cli/mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

bool mountpoint_is_fd(const char *path)
{
    const char *digits = path + strlen("/dev/fd/");

    return strncmp(path, "/dev/fd/", strlen("/dev/fd/")) == 0 && *digits != '\0' &&
           digits[strspn(digits, "0123456789")] == '\0';
}

/* The table writes blanks and backslashes in octal: proc(5). */
static void unescape(char *s)
{
    char *to = s;

    for (; *s != '\0'; s++) {
        if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
            *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

/* Whether the mount on top of path is one of shopfs. */
static bool ours(const char *path)
{
    auto_fclose FILE *mounts = fopen("/proc/self/mounts", "re");
    auto_free char *line = NULL;
    size_t cap = 0;
    bool found = false;

    while (mounts != NULL && getline(&line, &cap, mounts) > 0) {
        char *save = NULL, *where, *type;
        strtok_r(line, " ", &save);
        where = strtok_r(NULL, " ", &save);
        type = strtok_r(NULL, " ", &save);
        if (where == NULL || type == NULL)
            continue;
        unescape(where);
        if (strcmp(where, path) == 0)
            found = strcmp(type, "fuse.shopfs") == 0;
    }
    return found;
}

/* A dead mount cannot be resolved by itself, its directory's parent can. */
static char *resolve_parent(const char *given)
{
    auto_free char *copy = xstrdup(given);
    size_t len = strlen(copy);
    char *slash, *real;

    while (len > 1 && copy[len - 1] == '/')
        copy[--len] = '\0';
    slash = strrchr(copy, '/');
    if (slash == NULL) {
        auto_free char *cwd = getcwd(NULL, 0);
        return cwd != NULL ? xasprintf("%s/%s", cwd, copy) : NULL;
    }
    *slash = '\0';
    auto_free char *parent = realpath(slash == copy ? "/" : copy, NULL);
    if (parent == NULL)
        return NULL;
    real = xasprintf("%s/%s", strcmp(parent, "/") == 0 ? "" : parent, slash + 1);
    return real;
}

static int detach(const char *path)
{
    static char program[] = "fusermount3", options[] = "-uz", end[] = "--";
    auto_free char *copy = xstrdup(path);
    char *argv[] = {program, options, end, copy, NULL};
    extern char **environ;
    pid_t pid;
    int status;

    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        return 0;
    if (posix_spawnp(&pid, program, NULL, NULL, argv, environ) != 0)
        return -EPERM;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

/* Asked anew: what the kernel remembers of a dead mount's root is as good as ever. */
static bool is_dead(const char *path)
{
    struct statx st;

    return statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) < 0 && errno == ENOTCONN;
}

int mountpoint_find(char **out, const char *given, struct error *err)
{
    struct stat st;
    auto_free char *real = NULL;

    if (mountpoint_is_fd(given)) {
        *out = xstrdup(given);
        return 0;
    }
    if (is_dead(given)) {
        auto_free char *dead = resolve_parent(given);
        if (dead != NULL && ours(dead) && detach(dead) == 0)
            log_notice("unmounted=%s: its server had died", dead);
    }
    real = realpath(given, NULL);
    if (real == NULL || stat(real, &st) < 0)
        return error_set(err, -errno, "mount point '%s': %s", given, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(err, -ENOTDIR, "mount point '%s': is not a directory", given);
    *out = steal_pointer(real);
    return 0;
}

static bool is_empty(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    bool empty = dir != NULL;

    if (dir == NULL) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    for (struct dirent *e; empty && (e = readdir(dir)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

void mountpoint_close_bare(const char *path)
{
    struct stat st;

    if (geteuid() != 0 || mountpoint_is_fd(path))
        return;
    auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    if (!is_empty(fd)) {
        log_warning("mountpoint=%s: the directory is not empty; what is in it shows, and can be written to, "
                    "whenever the "
                    "shop is not mounted",
                    path);
        return;
    }
    if (st.st_uid == 0 && (st.st_mode & 07777) == 0)
        return;
    if (fchown(fd, 0, 0) < 0 || fchmod(fd, 0) < 0)
        log_warning("mountpoint=%s error=\"%s\": the directory stays usable when the shop is not mounted",
                    path, strerror(errno));
}
