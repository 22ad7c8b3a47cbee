/*
 * Files on real filesystems. Every function returns 0 (or a count) or -errno. No function here follows a
 * symbolic link below a base directory.
 */
#ifndef SHOPFS_BASE_IO_H
#define SHOPFS_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct error;

/* Whole counts or an error; interrupted calls are continued. pread_full returns bytes read (short at EOF). */
int io_write_full(int fd, const void *data, size_t len);
int io_pwrite_full(int fd, const void *data, size_t len, off_t at);
ssize_t io_pread_full(int fd, void *data, size_t len, off_t at);

/* openat2 below dirfd with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, O_CLOEXEC added.
 * Returns a descriptor or -errno. */
int io_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* Makes directory name below dirfd where it is missing and opens it; returns a descriptor or -errno. */
int io_open_dir(int dirfd, const char *name, mode_t mode);

/* How the names of temporary files begin that a kill may leave behind; the owner of a directory may delete
 * them at its start. */
#define IO_TEMP_PREFIX ".tmp-"

/* Replaces name below dirfd by these bytes: temporary file, write, fsync, close checked, rename, fsync of the
 * directory. A reader sees the old or the new content, whatever is killed. */
int io_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode);
/* The same, not on the disk yet when it returns: for what can be written again after a power cut. */
int io_replace_file_unsynced(int dirfd, const char *name, const void *data, size_t len, mode_t mode);

/* Appends the content of name (at most limit bytes, else -EFBIG) to out. */
int io_read_file(int dirfd, const char *name, size_t limit, struct buf *out);

/* Appends all bytes of fd, from its start, at most limit (else -EFBIG). */
int io_read_fd(int fd, size_t limit, struct buf *out);

/* fsync of a directory descriptor. */
int io_sync_dir(int dirfd);

/* True for a name that is safe as one component of a file name: not empty, not "." or "..", no '/', no
 * control character, at most 255 bytes. */
bool io_name_ok(const char *name);

#endif
