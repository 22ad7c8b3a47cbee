/* A file that comes by rename from elsewhere in the mount: its bytes become a new content under the new name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "order/incoming_internal.h"

/* in->lock */
static int check_place(const struct incoming *in, const struct incoming_node *dir, const char *name,
                       const struct incoming_node *target, unsigned flags)
{
    if (!dir->dir)
        return -ENOTDIR;
    if (!target)
        return name_check_new(in, dir, name);
    if (flags & RENAME_NOREPLACE)
        return -EEXIST;
    return target->dir ? -EISDIR : 0;
}

/* The bytes are on the disk when this returns 0. A copy: the file may share its bytes with others by hard
 * links, and this content may still be written to. */
static int fill(struct incoming *in, struct object *o, int fd, uint64_t size)
{
    int rc = 0;

    if (size == 0)
        return 0;
    pthread_mutex_lock(&o->io);
    rc = object_open_io(in, o, true);
    if (rc == 0)
        rc = copy_bytes(fd, o->fd, size);
    pthread_mutex_unlock(&o->io);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&in->lock);
    o->size = size;
    o->writes = 1;
    pthread_mutex_unlock(&in->lock);
    return object_sync(in, o);
}

int incoming_adopt(struct incoming *in, struct incoming_node *dir, const char *name, int fd,
                   const char *retry_of, uid_t uid, gid_t gid, unsigned flags)
{
    struct incoming_node *node, *target;
    struct object *o = NULL;
    uint64_t line = 0;
    struct stat st;
    int rc;

    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -EINVAL;
    if (fstat(fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size > max_upload(in))
        return -EACCES;
    pthread_mutex_lock(&in->lock);
    rc = check_place(in, dir, name, dir->dir ? node_find(in, dir, name) : NULL, flags);
    if (rc == 0) {
        o = object_new(in);
        o->changed = false;
    }
    pthread_mutex_unlock(&in->lock);
    if (rc < 0)
        return rc;
    rc = fill(in, o, fd, (uint64_t)st.st_size);
    object_close_io(in, o);

    pthread_mutex_lock(&in->lock);
    target = node_find(in, dir, name);
    if (rc == 0)
        rc = check_place(in, dir, name, target, flags);
    if (rc == 0) {
        if (target)
            node_remove(in, target, true);
        node = node_new(in, name, false, 0640, uid, gid);
        object_set_node(in, node, o);
        node_link(in, dir, node);
        note_node(in, node);
        line = node->line;
        o->changed = true;
        o->retry_of = xstrdup_or_null(retry_of);
        judge(in, o);
    }
    object_unref(in, o);
    pthread_mutex_unlock(&in->lock);
    if (rc < 0)
        return rc;
    crash_point("adopted");
    return name_log_sync(in->log, line);
}
