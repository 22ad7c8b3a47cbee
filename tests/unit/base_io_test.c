/* Files: whole counts, staying beneath a directory, replacing without a gap, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

/* A fresh directory for each test. */
struct place {
    char path[64];
    int fd;
};

static int set_up(void **state)
{
    struct place *p = xcalloc(1, sizeof *p);

    strcpy(p->path, "/tmp/shopfs-io.XXXXXX");
    if (!mkdtemp(p->path))
        return -1;
    p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = p;
    return p->fd < 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    int rc = nftw(p->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

    if (close(p->fd) < 0)
        rc = -1;
    free(p);
    return rc;
}

static int count_entries(int dirfd)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -2; /* "." and ".." */
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    assert_int_equal(closedir(dir), 0);
    return n;
}

static void put_file(int dirfd, const char *name, const char *content)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(io_write_full(fd, content, strlen(content)), 0);
    assert_int_equal(close(fd), 0);
}

static void check_content(int dirfd, const char *name, const char *expected)
{
    auto_buf b = BUF_INIT;

    assert_int_equal(io_read_file(dirfd, name, 1 << 20, &b), 0);
    assert_string_equal(buf_str(&b), expected);
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void *drain(void *arg)
{
    struct buf *got = xcalloc(1, sizeof *got);
    int fd = *(int *)arg;
    char block[5000];
    sigset_t all;
    ssize_t n;

    sigfillset(&all); /* the writer is the one to be interrupted */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while ((n = read(fd, block, sizeof block)) > 0) {
        buf_add(got, block, (size_t)n);
        usleep(200);
    }
    return got;
}

/* A full pipe, a slow reader and a clock that interrupts: every kind of short and interrupted write. */
static void writes_whole_counts_whatever_interrupts(void **state)
{
    const struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    const struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
    struct sigaction before;
    size_t len = 3 << 20;
    auto_free char *data = xmalloc(len);
    struct buf *got = NULL;
    pthread_t reader;
    int ends[2], rc;

    (void)state;
    for (size_t i = 0; i < len; i++)
        data[i] = (char)(i * 2654435761U >> 24);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    rc = io_write_full(ends[1], data, len);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(pthread_join(reader, (void **)&got), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(rc, 0);
    assert_int_equal(got->len, len);
    assert_memory_equal(got->data, data, len);
    buf_release(got);
    free(got);
}

static void writes_and_reads_at_positions(void **state)
{
    struct place *p = *state;
    auto_close int fd = openat(p->fd, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    auto_close int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    char out[16] = "";

    assert_true(fd >= 0 && full >= 0);
    assert_int_equal(io_pwrite_full(fd, "world", 5, 6), 0);
    assert_int_equal(io_pwrite_full(fd, "hello ", 6, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    assert_int_equal(io_pread_full(fd, out, sizeof out, 0), 11); /* short at the end */
    assert_string_equal(out, "hello world");
    assert_int_equal(io_pread_full(fd, out, 5, 6), 5);
    assert_memory_equal(out, "world", 5);
    assert_int_equal(io_pread_full(fd, out, 5, 11), 0);
    assert_int_equal(io_pread_full(fd, out, 5, 1000), 0);
    assert_int_equal(io_pread_full(-1, out, 5, 0), -EBADF);
    assert_int_equal(io_write_full(full, "x", 1), -ENOSPC);
    assert_int_equal(io_pwrite_full(full, "x", 1, 0), -ENOSPC);
    assert_int_equal(io_write_full(-1, "", 0), 0);
    assert_int_equal(io_write_full(-1, "x", 1), -EBADF);
}

static void nothing_leads_out(void **state)
{
    struct place *p = *state;
    auto_close int inner = io_open_dir(p->fd, "inner", 0700);
    auto_close int fd = -1;
    char magic[64];

    assert_true(inner >= 0);
    put_file(p->fd, "secret", "secret");
    put_file(inner, "file", "inside");
    assert_int_equal(symlinkat("../secret", inner, "out"), 0);
    assert_int_equal(symlinkat("file", inner, "alias"), 0);
    assert_int_equal(symlinkat("..", inner, "up"), 0);
    snprintf(magic, sizeof magic, "/proc/self/fd/%d", p->fd);
    assert_int_equal(symlinkat(magic, inner, "magic"), 0);

    assert_int_equal(io_open_beneath(inner, "../secret", O_RDONLY, 0), -EXDEV);
    assert_int_equal(io_open_beneath(inner, "/etc/passwd", O_RDONLY, 0), -EXDEV);
    assert_int_equal(io_open_beneath(inner, "out", O_RDONLY, 0), -ELOOP);
    assert_int_equal(io_open_beneath(inner, "alias", O_RDONLY, 0), -ELOOP); /* not even inside */
    assert_int_equal(io_open_beneath(inner, "up/secret", O_RDONLY, 0), -ELOOP);
    assert_int_equal(io_open_beneath(inner, "magic/secret", O_RDONLY, 0), -ELOOP);
    assert_int_equal(io_open_beneath(inner, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600), -ELOOP);
    assert_int_equal(io_open_beneath(inner, "missing", O_RDONLY, 0), -ENOENT);
    assert_int_equal(io_open_dir(inner, "up", 0700), -ELOOP);
    assert_int_equal(io_open_dir(inner, "up/new", 0700), -ELOOP);
    assert_int_equal(io_replace_file(inner, "up/secret", "x", 1, 0600), -ELOOP);
    assert_int_equal(io_replace_file(inner, "../secret", "x", 1, 0600), -EXDEV);
    assert_int_equal(io_read_file(inner, "out", 100, &(struct buf)BUF_INIT), -ELOOP);
    check_content(p->fd, "secret", "secret");

    /* A link in the place of a file is replaced, not followed. */
    assert_int_equal(io_replace_file(inner, "out", "new", 3, 0600), 0);
    check_content(inner, "out", "new");
    check_content(p->fd, "secret", "secret");

    /* A mode where nothing is created does no harm, and children of the process inherit nothing. */
    fd = io_open_beneath(inner, "file", O_RDONLY, 0644);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void creates_with_the_mode(void **state)
{
    struct place *p = *state;
    mode_t before = umask(027);
    auto_close int fd = io_open_beneath(p->fd, "f", O_RDWR | O_CREAT | O_EXCL, S_IFREG | 0666);
    auto_close int dir = io_open_dir(p->fd, "d", 0777), again = io_open_dir(p->fd, "d", 0700);
    auto_close int deep = io_open_dir(p->fd, "d/e", 0700);
    struct stat st;

    umask(before);
    assert_true(fd >= 0 && dir >= 0 && again >= 0 && deep >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(fstat(again, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(io_open_dir(p->fd, "f", 0700), -ENOTDIR);
    assert_int_equal(io_open_dir(p->fd, "x/y", 0700), -ENOENT);
    assert_int_equal(io_open_dir(p->fd, "", 0700), -EINVAL);
    assert_int_equal(io_open_dir(p->fd, "..", 0700), -EINVAL);
    assert_int_equal(io_open_dir(p->fd, "d/", 0700), -EINVAL);
    assert_int_equal(io_open_dir(p->fd, "/d", 0700), -EINVAL);
}

static void replaces_and_leaves_nothing_behind(void **state)
{
    struct place *p = *state;
    struct stat st;

    assert_int_equal(io_replace_file(p->fd, "f", "one", 3, 0640), 0);
    check_content(p->fd, "f", "one");
    assert_int_equal(fstatat(p->fd, "f", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(io_replace_file(p->fd, "f", "two!", 4, 0640), 0);
    check_content(p->fd, "f", "two!");
    assert_int_equal(io_replace_file(p->fd, "f", NULL, 0, 0640), 0);
    check_content(p->fd, "f", "");
    assert_int_equal(count_entries(p->fd), 1);

    assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
    put_file(p->fd, "d/x", "x");
    assert_int_equal(io_replace_file(p->fd, "d", "y", 1, 0600), -EISDIR);
    assert_int_equal(count_entries(p->fd), 2);
    assert_int_equal(io_replace_file(p->fd, "missing/f", "y", 1, 0600), -ENOENT);
    assert_int_equal(io_replace_file(p->fd, "", "y", 1, 0600), -EINVAL);
    assert_int_equal(io_replace_file(p->fd, "d/..", "y", 1, 0600), -EINVAL);
    assert_int_equal(io_replace_file(p->fd, "d/x", "z", 1, 0600), 0);
    check_content(p->fd, "d/x", "z");
    assert_int_equal(count_entries(p->fd), 2);
}

#define PAGE_LEN 50000

struct watch {
    int dirfd;
    atomic_bool stop;
    int reads, torn;
};

static void *watch_file(void *arg)
{
    struct watch *w = arg;
    struct buf b = BUF_INIT;

    while (!atomic_load(&w->stop)) {
        bool whole;

        buf_clear(&b);
        whole = io_read_file(w->dirfd, "f", PAGE_LEN, &b) == 0 && b.len == PAGE_LEN;
        for (size_t i = 1; whole && i < b.len; i++)
            whole = b.data[i] == b.data[0];
        w->reads++;
        w->torn += !whole;
    }
    buf_release(&b);
    return NULL;
}

static void a_reader_sees_old_or_new(void **state)
{
    struct place *p = *state;
    struct watch w = {.dirfd = p->fd};
    auto_free char *page = xmalloc(PAGE_LEN);
    pthread_t thread;

    memset(page, 'a', PAGE_LEN);
    assert_int_equal(io_replace_file(p->fd, "f", page, PAGE_LEN, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, watch_file, &w), 0);
    for (int i = 0; i < 100; i++) {
        memset(page, 'a' + i % 26, PAGE_LEN);
        assert_int_equal(io_replace_file(p->fd, "f", page, PAGE_LEN, 0600), 0);
    }
    atomic_store(&w.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(w.reads > 0);
    assert_int_equal(w.torn, 0);
    assert_int_equal(count_entries(p->fd), 1);
}

static void limits_hold_to_the_byte(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, 200000};
    struct place *p = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        auto_free char *data = xmalloc(sizes[i] + 1);
        auto_buf b = BUF_INIT;

        for (size_t k = 0; k < sizes[i]; k++)
            data[k] = (char)(k * 31 >> 3);
        assert_int_equal(io_replace_file(p->fd, "f", data, sizes[i], 0600), 0);
        buf_add_str(&b, "before");
        assert_int_equal(io_read_file(p->fd, "f", sizes[i], &b), 0);
        assert_int_equal(b.len, 6 + sizes[i]);
        assert_memory_equal(b.data + 6, data, sizes[i]);
        assert_int_equal(b.data[b.len], 0);
        buf_truncate(&b, 6);
        assert_int_equal(io_read_file(p->fd, "f", SIZE_MAX, &b), 0);
        assert_int_equal(b.len, 6 + sizes[i]);
        if (sizes[i] == 0)
            continue;
        buf_truncate(&b, 6);
        assert_int_equal(io_read_file(p->fd, "f", sizes[i] - 1, &b), -EFBIG);
        assert_string_equal(buf_str(&b), "before");
    }
}

static void reads_files_only(void **state)
{
    struct place *p = *state;
    auto_buf b = BUF_INIT;
    auto_close int fd = -1;

    assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
    assert_int_equal(mkfifoat(p->fd, "pipe", 0600), 0);
    put_file(p->fd, "f", "content");
    alarm(20); /* a FIFO without a writer would hang here forever */
    assert_int_equal(io_read_file(p->fd, "pipe", 100, &b), -EINVAL);
    alarm(0);
    assert_int_equal(io_read_file(p->fd, "d", 100, &b), -EISDIR);
    assert_int_equal(io_read_file(p->fd, "missing", 100, &b), -ENOENT);
    assert_int_equal(b.len, 0);

    fd = io_open_beneath(p->fd, "f", O_RDONLY, 0);
    assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
    assert_int_equal(io_read_fd(fd, 100, &b), 0);
    assert_string_equal(buf_str(&b), "content"); /* from the start, wherever the descriptor stands */
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
    assert_int_equal(io_read_fd(-1, 100, &b), -EBADF);
    assert_string_equal(buf_str(&b), "content");
}

static void syncs_directories(void **state)
{
    struct place *p = *state;

    assert_int_equal(io_sync_dir(p->fd), 0);
    assert_int_equal(io_sync_dir(-1), -EBADF);
}

static void safe_names(void **unused)
{
    char longest[257];

    (void)unused;
    memset(longest, 'x', sizeof longest);
    longest[256] = '\0';
    assert_false(io_name_ok(longest));
    longest[255] = '\0';
    assert_true(io_name_ok(longest));
    assert_true(io_name_ok("order-1.xml"));
    assert_true(io_name_ok("..."));
    assert_true(io_name_ok(".hidden"));
    assert_true(io_name_ok("a b\\c"));
    assert_true(io_name_ok("\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7.xml"));
    assert_false(io_name_ok(NULL));
    assert_false(io_name_ok(""));
    assert_false(io_name_ok("."));
    assert_false(io_name_ok(".."));
    assert_false(io_name_ok("a/b"));
    assert_false(io_name_ok("/"));
    assert_false(io_name_ok("a\nb"));
    assert_false(io_name_ok("a\x7f"));
    assert_false(io_name_ok("\x1b[2J"));
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_whole_counts_whatever_interrupts),
        IN_PLACE(writes_and_reads_at_positions),
        IN_PLACE(nothing_leads_out),
        IN_PLACE(creates_with_the_mode),
        IN_PLACE(replaces_and_leaves_nothing_behind),
        IN_PLACE(a_reader_sees_old_or_new),
        IN_PLACE(limits_hold_to_the_byte),
        IN_PLACE(reads_files_only),
        IN_PLACE(syncs_directories),
        cmocka_unit_test(safe_names),
    };

    return cmocka_run_group_tests_name("base/io", tests, NULL, NULL);
}
