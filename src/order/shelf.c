#include "order/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

static bool shown(const char *name)
{
    return name[0] != '.' && io_name_ok(name);
}

int shelf_stat(int dirfd, const char *name, struct stat *out)
{
    struct stat st;

    if (!shown(name))
        return -ENOENT;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENAMETOOLONG ? -ENOENT : -errno;
    if (!S_ISREG(st.st_mode))
        return -ENOENT;
    *out = st;
    return 0;
}

int shelf_open(int dirfd, const char *name)
{
    struct stat st;
    int fd;

    if (!shown(name))
        return -ENOENT;
    /* Not blocking: somebody may have put a pipe here, and the check comes after. */
    fd = io_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd == -ELOOP || fd == -ENXIO || fd == -ENAMETOOLONG ? -ENOENT : fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return -ENOENT;
    }
    return fd;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct shelf_entry *)a)->name, ((const struct shelf_entry *)b)->name);
}

int shelf_list(int dirfd, int with_attributes, struct shelf_entry **out, size_t *n)
{
    int fd = io_open_beneath(dirfd, ".", O_RDONLY | O_DIRECTORY, 0); /* a position of its own */
    struct shelf_entry *list = NULL;
    size_t count = 0, cap = 0;
    struct dirent *entry;
    DIR *dir;
    int rc;

    if (fd < 0)
        return fd;
    dir = fdopendir(fd);
    if (!dir) {
        rc = -errno;
        close(fd);
        return rc;
    }
    for (errno = 0; (entry = readdir(dir)); errno = 0) {
        struct shelf_entry e = {0};

        if (!shown(entry->d_name) || (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN))
            continue;
        if ((with_attributes || entry->d_type == DT_UNKNOWN) && shelf_stat(dirfd, entry->d_name, &e.attr) < 0)
            continue; /* just removed */
        e.name = xstrdup(entry->d_name);
        array_grow(list, count, cap);
        list[count++] = e;
    }
    rc = -errno;
    closedir(dir);
    if (rc < 0) {
        shelf_list_free(list, count);
        return rc;
    }
    if (count)
        qsort(list, count, sizeof *list, compare_names);
    *out = list;
    *n = count;
    return 0;
}

void shelf_list_free(struct shelf_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(entries[i].name);
    free(entries);
}
