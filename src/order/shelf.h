/*
 * A real directory shown read-only: the archive, the refused, the results. Paths are opened beneath its descriptor.
 * Any thread.
 */
#ifndef SHOPFS_ORDER_SHELF_H
#define SHOPFS_ORDER_SHELF_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Attributes of a plain file in the directory; -ENOENT also for what is not a plain file. */
int shelf_stat(int dirfd, const char *name, struct stat *out);
/* A read-only descriptor or -errno. */
int shelf_open(int dirfd, const char *name);
/* All plain files, sorted by name, hidden ones left out. names malloced; attributes filled where wanted. */
struct shelf_entry {
    char *name;
    struct stat attr;
};
int shelf_list(int dirfd, int with_attributes, struct shelf_entry **out, size_t *n);
void shelf_list_free(struct shelf_entry *entries, size_t n);

#endif
