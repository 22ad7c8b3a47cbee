/* The life of a mount: rooms opened in order, the session run, everything closed in reverse. */
#ifndef SHOPFS_CLI_MOUNT_H
#define SHOPFS_CLI_MOUNT_H

#include <fuse_lowlevel.h>

#include "base/error.h"
#include "cli/config.h"

struct mount;

/* Exit codes as mount(8) has them: the program is also a mount helper. */
enum {
    MOUNT_OK = 0,
    MOUNT_USAGE = 1,
    MOUNT_SYSTEM = 2,
    MOUNT_BUG = 4,
    MOUNT_INTERRUPTED = 8,
    MOUNT_FAIL = 32,
};

/* Opens everything below the filesystem and mounts. Takes a reference to config; its file is read anew when it
 * changes, and on SIGHUP. args: what libfuse understands of the options. threads:
 * for rendering, 0 as many as processors; row_limit_s: of exports_options. After 0 the mount answers requests as soon as mount_run runs. */
int mount_open(struct mount **out, struct shop_config *config, struct fuse_args *args,
               const char *mountpoint, unsigned threads, unsigned row_limit_s, struct error *err);
/* Serves until unmounted or told to end by SIGTERM, SIGINT; 0 or -errno. */
int mount_run(struct mount *m);
void mount_close(struct mount *m);

#endif
