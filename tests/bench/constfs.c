/* constfs MOUNTPOINT [BYTES]: the least a FUSE file can be: one constant file "file" of zeros, every name asked for anew,
 * and with every open every byte. */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char zeros[1 << 20];
static off_t size = 9;

static void attributes(fuse_ino_t ino, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_ino = ino;
    st->st_mode = ino == 1 ? S_IFDIR | 0755 : S_IFREG | 0444;
    st->st_nlink = 1;
    st->st_size = ino == 1 ? 0 : size;
}

static void get(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct stat st;

    (void)fi;
    attributes(ino, &st);
    fuse_reply_attr(req, &st, 3600);
}

static void look(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param e = {.ino = 2, .attr_timeout = 3600};

    if (parent != 1 || strcmp(name, "file") != 0) {
        fuse_reply_err(req, ENOENT);
        return;
    }
    attributes(2, &e.attr);
    fuse_reply_entry(req, &e);
}

static void give(fuse_req_t req, fuse_ino_t ino, size_t len, off_t at, struct fuse_file_info *fi)
{
    size_t left = at < size ? (size_t)(size - at) : 0, n = len < sizeof zeros ? len : sizeof zeros;

    (void)ino, (void)fi;
    fuse_reply_buf(req, zeros, n < left ? n : left);
}

static const struct fuse_lowlevel_ops ops = {.lookup = look, .getattr = get, .read = give};

int main(int argc, char **argv)
{
    char allow_other[] = "-oallow_other", *args[] = {argv[0], allow_other, NULL};
    struct fuse_args fa = FUSE_ARGS_INIT(2, args);
    struct fuse_loop_config *loop = fuse_loop_cfg_create();
    struct fuse_session *session = fuse_session_new(&fa, &ops, sizeof ops, NULL);

    if (argc > 2)
        size = strtoll(argv[2], NULL, 10);
    if (argc < 2 || argc > 3 || !session || fuse_set_signal_handlers(session) != 0 || fuse_session_mount(session, argv[1]) != 0)
        return 1;
    fuse_session_loop_mt(session, loop);
    fuse_session_unmount(session);
    fuse_remove_signal_handlers(session);
    fuse_session_destroy(session);
    fuse_loop_cfg_destroy(loop);
    return 0;
}
