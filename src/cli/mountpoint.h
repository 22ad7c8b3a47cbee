/* The directory a mount goes on: found, cleared of a dead mount of ours, and closed for when nothing is
 * mounted. */
#ifndef SHOPFS_CLI_MOUNTPOINT_H
#define SHOPFS_CLI_MOUNTPOINT_H

#include <stdbool.h>

#include "base/error.h"

/*
 * The real path of the mount point, malloced in out. A dead shopfs mount on it ("Transport endpoint is not
 * connected"), left by a server that was killed, is taken away first. "/dev/fd/N", an open FUSE device of a
 * mount that mount.fuse3(8) has made already (option drop_privileges), stays as it is: mountpoint_is_fd
 * tells.
 */
int mountpoint_find(char **out, const char *given, struct error *err);
bool mountpoint_is_fd(const char *path);

/*
 * The bare directory becomes root's with mode 0: without the mount nobody but root can write an order into
 * it, where nobody would ever read it, nor mirror its emptiness. Root can still mount on it. Only as root and
 * only when it is empty; what stands in the way is logged and is no error.
 */
void mountpoint_close_bare(const char *path);

#endif
