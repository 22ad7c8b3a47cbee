/* The life of the front end, and telling the kernel what changed without a request. */
#include "fs/fs_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Beyond the fixed numbers; versions and dropped files are counted from here. */
#define FIRST_INO 16

struct fs *fs_new(void)
{
    struct fs *fs = xcalloc(1, sizeof *fs);

    atomic_init(&fs->next_ino, FIRST_INO);
    atomic_init(&fs->session, NULL);
    atomic_init(&fs->telling, 0);
    atomic_init(&fs->sites, NULL);
    pthread_mutex_init(&fs->lock, NULL);
    clock_gettime(CLOCK_REALTIME, &fs->started);
    fs->checksums = checksums_new();
    fs->root = node_fixed(fs, NODE_DIR, FUSE_ROOT_ID, 0755, NULL);
    return fs;
}

uint64_t fs_next_ino(void *arg)
{
    return atomic_fetch_add(&((struct fs *)arg)->next_ino, 1);
}

/* When the state directory was made: it stays what it was, so that mirrors find the directories unchanged. */
static struct timespec born(int state_dir)
{
    struct statx st;

    if (statx(state_dir, "", AT_EMPTY_PATH, STATX_MTIME | STATX_BTIME, &st) < 0)
        return (struct timespec){0};
    return (st.stx_mask & STATX_BTIME) != 0 ? (struct timespec){st.stx_btime.tv_sec, st.stx_btime.tv_nsec}
                                            : (struct timespec){st.stx_mtime.tv_sec, st.stx_mtime.tv_nsec};
}

/* What a reply of libfuse may take of a pipe: whatever the length of the last page of each extent, and the header. The
 * kernel grants everybody a pipe of 1 MiB, unless it was told otherwise. */
static size_t splice_max(void)
{
    size_t size = (size_t)2 << 20, spare = (SPLICE_EXTENTS + 3) * (size_t)sysconf(_SC_PAGESIZE);
    int fds[2], r;

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return 0;
    while ((r = fcntl(fds[0], F_SETPIPE_SZ, (int)size)) < 0 && size > spare)
        size /= 2;
    close(fds[0]);
    close(fds[1]);
    return r >= 0 && size > spare ? size - spare : 0;
}

void fs_build(struct fs *fs, const struct fs_options *options)
{
    fs->pictures = options->pictures;
    fs->state_dir = options->state_dir;
    fs->born = born(options->state_dir);
    fs->splice_max = splice_max();
}

static void site_tree_free(struct site_tree *t)
{
    outlets_free(t->outlets);
    pthread_mutex_destroy(&t->orders_lock);
    free(t->dirs);
    free(t->remarks);
    free(t->path);
    free(t->name);
    free(t);
}

void fs_free(struct fs *fs)
{
    struct site_tree *next;

    if (fs == NULL)
        return;
    fs_tell(fs); /* to nobody */
    checksums_free(fs->checksums);
    node_table_free(fs);
    for (struct site_tree *t = fs->sites; t != NULL; t = next) {
        next = t->next;
        site_tree_free(t);
    }
    pthread_mutex_destroy(&fs->lock);
    free(fs->notice);
    free(fs);
}

void fs_set_session(struct fs *fs, struct fuse_session *session)
{
    atomic_store(&fs->session, session);
    if (session != NULL)
        return;
    checksums_stop(fs->checksums);
    /* Whoever has taken the session has yet to write, and its descriptor's number may be another file's when it is
     * closed. One who is still at it after a second is inside the kernel, past the number, and waits there for a lock
     * that a request holds: only the end of the connection lets him go. */
    for (int ms = 0; ms < 1000 && atomic_load(&fs->telling) > 0; ms++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* The session to write a notification to, until told(); NULL: none. */
static struct fuse_session *tell(struct fs *fs)
{
    atomic_fetch_add(&fs->telling, 1);
    return atomic_load(&fs->session);
}

static void told(struct fs *fs)
{
    atomic_fetch_sub(&fs->telling, 1);
}

void kernel_forget_name(struct fs *fs, uint64_t dir, const char *name)
{
    struct fuse_session *session = tell(fs);

    if (session != NULL)
        fuse_lowlevel_notify_inval_entry(session, dir, name, strlen(name));
    told(fs);
}

void kernel_forget_attributes(struct fs *fs, uint64_t ino)
{
    struct fuse_session *session = tell(fs);

    if (session != NULL)
        fuse_lowlevel_notify_inval_inode(session, ino, -1, 0);
    told(fs);
}

void fs_set_follow(struct fs *fs, fs_follow_fn follow, void *arg)
{
    fs->follow = follow;
    fs->follow_arg = arg;
}

void fs_set_notice(struct fs *fs, char *text)
{
    pthread_mutex_lock(&fs->lock);
    char *was = fs->notice;
    fs->notice = text;
    pthread_mutex_unlock(&fs->lock);
    free(was);
}

void fs_vanished(void *arg, uint64_t parent_ino, uint64_t ino, const char *name)
{
    (void)ino;
    kernel_forget_name(arg, parent_ino, name);
}

void fs_filed(void *arg, const char *directory, const char *name)
{
    const struct fs_filed_arg *to = arg;
    const struct site_tree *t = to->fs->sites;
    const struct node *shelf;

    while (t != NULL && strcmp(t->name, to->site) != 0)
        t = t->next;
    if (t == NULL || !t->open) /* nobody has looked there */
        return;
    shelf = strcmp(directory, "results") == 0   ? t->results
            : strcmp(directory, "archive") == 0 ? t->processed
                                                : t->rejected;
    kernel_forget_name(to->fs, shelf->ino, name);
}
