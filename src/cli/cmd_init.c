/*
 * shopctl init DB [--demo[=N]] [--pictures=N]
 *
 * The shop is made in a directory beside its place and moved there when it is whole: a reader sees no half
 * shop, and whatever goes wrong leaves nothing behind (a SIGKILL: that one directory, named DB.init-*).
 */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/config_internal.h"
#include "cli/demo.h"

#define DEMO_PRODUCTS 300

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct init {
    const char *target;
    int64_t products; /* 0: an empty shop */
    int64_t pictures; /* -1: by the number of products */
    char *work;       /* the directory the shop is made in */
    char *images;     /* where the pictures will be */
    bool moved_images;
    int64_t started_ms, shown_ms;
    struct demo_counts counts;
};

/* -- progress -------------------------------------------------------------------------------------------- */

static int progress(void *arg, int64_t done, int64_t total)
{
    struct init *in = arg;
    if (interrupted)
        return 1;
    int64_t now = clock_monotonic_ms();
    if (now - in->started_ms > 1000 && now - in->shown_ms > 200 && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%lld of %lld products (%d %%)", (long long)done, (long long)total,
                (int)(done * 100 / total));
        in->shown_ms = now;
    }
    return 0;
}

static void progress_end(const struct init *in)
{
    if (in->shown_ms)
        fputs("\r\033[K", stderr);
}

/* -- making ---------------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int fill(struct init *in, struct store *store, int picture_dir, struct error *err)
{
    struct db *db;
    int ret = store_writer(store, &db, err);
    if (ret < 0)
        return ret;
    ret = db_begin_write(db, err);
    if (ret == 0)
        ret = shop_fill_basics(db, err);
    if (ret == 0)
        ret = db_commit(db, err);
    db_end(db);
    if (ret == 0 && in->products) {
        struct demo_options options = {.products = in->products,
                                       .pictures = in->pictures,
                                       .picture_dir = picture_dir,
                                       .progress = progress,
                                       .arg = in};
        ret = demo_fill(db, &options, &in->counts, err);
        progress_end(in);
    }
    db_close(db);
    return ret;
}

static int make(struct init *in, struct error *err)
{
    auto_free char *database = xasprintf("%s/shop", in->work);
    auto_free char *images = xasprintf("%s/images", in->work);
    auto_close int picture_dir = -1;
    if (in->products && in->pictures) {
        if (mkdir(images, 0755) < 0)
            return error_set(err, -errno, "cannot make '%s': %s", images, strerror(errno));
        picture_dir = open(images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (picture_dir < 0)
            return error_set(err, -errno, "cannot open '%s': %s", images, strerror(errno));
    }
    struct store *store;
    int ret = store_open(&store, database, STORE_CREATE, err);
    if (ret < 0)
        return ret;
    ret = fill(in, store, picture_dir, err);
    store_close(store);
    if (ret == 0 && picture_dir >= 0 && syncfs(picture_dir) < 0)
        ret = error_set(err, -errno, "cannot write the pictures to disk: %s", strerror(errno));
    /* The last connection has emptied and removed the write-ahead log, or the file alone is not the shop. */
    auto_free char *log = xasprintf("%s-wal", database);
    if (ret == 0 && access(log, F_OK) == 0)
        ret = error_set(err, -EIO, "the database's log could not be folded into it");
    return ret;
}

/* -- its place ------------------------------------------------------------------------------------------- */

/* -EEXIST where something is there; filesystems without RENAME_NOREPLACE get the check and a plain rename. */
static int move_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    struct stat st;
    if (lstat(to, &st) == 0)
        return -EEXIST;
    return rename(from, to) < 0 ? -errno : 0;
}

static int move_into_place(struct init *in, struct error *err)
{
    auto_free char *database = xasprintf("%s/shop", in->work);
    auto_free char *images = xasprintf("%s/images", in->work);
    if (in->products && in->pictures) {
        rmdir(in->images); /* an empty directory is no loss; anything else stays */
        int ret = move_new(images, in->images);
        if (ret < 0)
            return error_set(err, ret, "cannot make '%s': %s", in->images, strerror(-ret));
        in->moved_images = true;
    }
    int ret = move_new(database, in->target);
    if (ret < 0)
        return error_set(err, ret, "cannot make '%s': %s", in->target, strerror(-ret));
    const char *slash = strrchr(in->target, '/');
    auto_free char *parent = !slash                ? xstrdup(".")
                             : slash == in->target ? xstrdup("/")
                                                   : xstrndup(in->target, (size_t)(slash - in->target));
    auto_close int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ret = dir < 0 ? -errno : io_sync_dir(dir);
    /* The shop is whole and in its place: only a power cut could still undo it. */
    if (ret < 0)
        fprintf(stderr, "shopctl: warning: cannot sync '%s': %s\n", parent, strerror(-ret));
    return 0;
}

static bool is_empty_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && rmdir(path) == 0 &&
           mkdir(path, st.st_mode & 07777) == 0;
}

/* What an earlier shop of that name left would be taken for this one's. */
static int refuse_remains(const struct init *in, struct error *err)
{
    static const char *const logs[] = {"", "-wal", "-shm", "-journal"};
    struct stat st;
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        auto_free char *path = xasprintf("%s%s", in->target, logs[i]);
        if (lstat(path, &st) == 0)
            return error_set(err, -EEXIST, "'%s' exists already", path);
    }
    if (in->products && in->pictures && lstat(in->images, &st) == 0 && !is_empty_directory(in->images))
        return error_set(err, -EEXIST, "'%s' exists already", in->images);
    auto_free char *state = config_path_suffix(in->target, ".state");
    if (lstat(state, &st) == 0 && !is_empty_directory(state)) {
        error_set(err, -EEXIST, "'%s' holds the orders and exports of an earlier shop", state);
        error_advise(err, "move it away, or give the new shop another name");
        return -EEXIST;
    }
    return 0;
}

static int init_shop(struct init *in, struct error *err)
{
    int ret = refuse_remains(in, err);
    if (ret < 0)
        return ret;
    in->work = xasprintf("%s.init-XXXXXX", in->target);
    if (!mkdtemp(in->work)) {
        ret = error_set(err, -errno, "cannot make '%s': %s", in->target, strerror(errno));
        free(steal_pointer(in->work));
        return ret;
    }
    ret = make(in, err);
    if (ret == 0 && interrupted)
        ret = error_set(err, -ECANCELED, "interrupted");
    if (ret == 0)
        ret = move_into_place(in, err);
    if (ret < 0 && in->moved_images)
        remove_tree(in->images);
    remove_tree(in->work);
    return ret;
}

/* -- the command ----------------------------------------------------------------------------------------- */

static int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int usage_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("shopctl: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nUsage: shopctl init DB [--demo[=N]] [--pictures=N]\n", stderr);
    return EX_USAGE;
}

static int read_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || end == text || *end || n < low || n > high)
        return -EINVAL;
    *out = n;
    return 0;
}

static int run(struct init *in)
{
    struct error err = ERROR_INIT;
    struct sigaction act = {.sa_handler = on_signal}, old[3];
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < 3; i++)
        sigaction(signals[i], &act, &old[i]);
    interrupted = 0;
    in->started_ms = clock_monotonic_ms();
    int ret = init_shop(in, &err);
    for (size_t i = 0; i < 3; i++)
        sigaction(signals[i], &old[i], NULL);
    int code = EX_OK;
    if (ret < 0) {
        code = cli_fail(ret, &err);
        /* Whatever the reason: the output could not be made. */
        if (ret == -ENOENT || ret == -ENOTDIR)
            code = EX_CANTCREAT;
    } else if (in->products) {
        printf("made '%s': %lld products, %lld variants, %lld pictures, %lld customers\n", in->target,
               (long long)in->counts.products, (long long)in->counts.variants, (long long)in->counts.pictures,
               (long long)in->counts.customers);
    } else {
        printf("made '%s': an empty shop\n", in->target);
    }
    error_release(&err);
    return code;
}

int cmd_init(int argc, char **argv)
{
    static const struct option options[] = {{"demo", optional_argument, NULL, 'd'},
                                            {"pictures", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct init in = {.pictures = -1};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case 'd':
            in.products = DEMO_PRODUCTS;
            if (optarg && read_number(optarg, 1, DEMO_PRODUCTS_MAX, &in.products) < 0)
                return usage_error("--demo=%s: not a number from 1 to 1000000", optarg);
            break;
        case 'p':
            if (read_number(optarg, 0, DEMO_PICTURES_MAX, &in.pictures) < 0)
                return usage_error("--pictures=%s: not a number from 0 to 10000000", optarg);
            break;
        case 'h':
            puts("Usage: shopctl init DB [--demo[=N]] [--pictures=N]");
            return EX_OK;
        default:
            return usage_error("init: see shopctl(1)");
        }
    }
    if (optind + 1 != argc || !argv[optind][0])
        return usage_error("init: %s",
                           optind == argc ? "the database to make is missing" : "one database at a time");
    if (in.pictures >= 0 && !in.products)
        return usage_error("init: --pictures goes with --demo");
    if (in.products && in.pictures < 0)
        in.pictures = in.products < 1000 ? 2 * in.products : 2000;
    in.target = argv[optind];
    in.images = config_path_suffix(in.target, ".images");
    int code = run(&in);
    free(in.images);
    free(in.work);
    return code;
}
