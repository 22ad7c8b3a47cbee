/* The life of a name: lingering, vanishing, giving up, restarts, limits, and what the errors are. */
#include "drop.h"

#include <sys/syscall.h>

static time_t clock_step; /* seconds the wall clock is set forward */

/* Stands before the C library's. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);

    if (rc == 0 && id == CLOCK_REALTIME)
        ts->tv_sec += __atomic_load_n(&clock_step, __ATOMIC_RELAXED);
    return rc;
}

#define ORDER "<order n=\"1\"/></order>\n"

static int setup(void **state)
{
    struct drop *d = xcalloc(1, sizeof *d);

    drop_start(d);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    drop_end(*state);
    free(*state);
    return 0;
}

static bool is_listed(struct drop *d, const char *name)
{
    struct incoming_entry *list;
    bool found = false;
    size_t n;

    assert_int_equal(incoming_list(d->in, incoming_root(d->in), false, &list, &n), 0);
    for (size_t i = 0; i < n; i++)
        found |= strcmp(list[i].name, name) == 0;
    incoming_list_free(list, n);
    return found;
}

/* A clock set forward gives up nothing while we run. */
static void test_clock_set_forward(void **state)
{
    struct drop *d = *state;

    d->limits.pending_s = 3600;
    d->limits.linger_s = 0;
    drop_open(d);
    drop_put(d, "half.xml", "<order>");
    assert_int_equal(drop_decide(d), 1);
    __atomic_store_n(&clock_step, 7200, __ATOMIC_RELAXED);
    drop_put(d, "other.xml", ORDER); /* the keeper has something to do */
    assert_int_equal(drop_decide(d), 1);
    assert_true(drop_wait_gone(d, "other.xml", 5000));
    assert_int_equal(drop_decide(d), 0);
    assert_true(is_listed(d, "half.xml"));
    drop_restart(d); /* but time passes over a restart */
    for (int i = 0; i < 500 && d->n_imports < 2; i++) {
        drop_decide(d);
        usleep(10000);
    }
    __atomic_store_n(&clock_step, 0, __ATOMIC_RELAXED);
    assert_int_equal(d->n_imports, 2);
    assert_true(d->imports[1].refused);
    assert_string_equal(d->imports[1].name, "half.xml");
}

/* What is put back, and what a restart finds, comes again in the order of arrival. */
static void test_turns(void **state)
{
    static const char *const names[] = {"c.xml", "a.xml", "b.xml", "d.xml"};
    struct drop *d = *state;
    struct incoming_job jobs[4];

    drop_open(d);
    for (int i = 0; i < 3; i++)
        drop_put(d, names[i], ORDER);
    assert_int_equal(incoming_take(d->in, jobs, 3, 0), 3);
    drop_put(d, names[3], ORDER);
    for (int i = 0; i < 3; i++)
        incoming_settle(d->in, &jobs[i], INCOMING_RETRY, -1, 1, NULL);
    usleep(20000);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(incoming_take(d->in, jobs, 4, 0), 4);
        for (int i = 0; i < 4; i++)
            assert_string_equal(jobs[i].name, names[i]);
        for (int i = 3; i >= 0; i--)
            incoming_settle(d->in, &jobs[i], INCOMING_RETRY, -1, 1, NULL);
        drop_restart(d);
    }
    assert_int_equal(drop_decide(d), 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(d->imports[i].name, names[i]);
}

static void test_lingers_then_vanishes(void **state)
{
    struct drop *d = *state;
    struct incoming_node *node;
    struct incoming_handle *h;
    struct stat st, set = {.st_mode = 0640}, out;

    d->limits.linger_s = 1;
    drop_open(d);
    drop_put(d, "x.xml", ORDER);
    assert_int_equal(drop_lookup(d, "x.xml", &node), 0);
    drop_decide(d);
    for (int i = 0; i < 6; i++) { /* each use starts the clock again; looking at it does not */
        usleep(300000);
        assert_int_equal(drop_set(d, "x.xml", NULL, INCOMING_SET_MODE, set), 0);
        assert_int_equal(drop_stat(d, "x.xml", &st), 0);
        assert_int_equal(st.st_size, strlen(ORDER));
    }
    assert_string_equal(d->vanished, "");
    for (int i = 0; i < 300 && drop_stat(d, "x.xml", &st) == 0; i++)
        usleep(10000);
    assert_int_equal(drop_stat(d, "x.xml", &st), -ENOENT);
    usleep(50000);
    pthread_mutex_lock(&d->lock);
    assert_string_equal(d->vanished, "x.xml ");
    pthread_mutex_unlock(&d->lock);

    /* detached, but the kernel still knows it */
    incoming_getattr(d->in, node, &st);
    assert_int_equal(st.st_size, strlen(ORDER));
    assert_int_equal(incoming_setattr(d->in, node, NULL, &set, INCOMING_SET_MODE, &out), 0);
    assert_int_equal(incoming_open_file(d->in, node, O_WRONLY, &h), -ESTALE);
    assert_int_equal(incoming_open_file(d->in, node, O_WRONLY | O_TRUNC, &h), -ESTALE);
    assert_int_equal(incoming_open_file(d->in, node, O_RDONLY, &h), 0);
    char text[64] = "";
    assert_int_equal(incoming_read(h, text, sizeof text, 0), strlen(ORDER));
    assert_string_equal(text, ORDER);
    incoming_release(d->in, h);
    incoming_forget(d->in, node, 1);

    drop_put(d, "x.xml", ORDER); /* the same name again is another upload */
    drop_decide(d);
    assert_int_equal(d->n_imports, 2);
}

static void test_a_writer_keeps_the_name(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *h;

    d->limits.linger_s = 1;
    drop_open(d);
    drop_put(d, "x.xml", ORDER);
    drop_decide(d);
    assert_int_equal(drop_open_file(d, "x.xml", O_WRONLY | O_APPEND, &h), 0);
    usleep(1500000);
    assert_true(is_listed(d, "x.xml"));
    incoming_release(d->in, h);
    assert_true(drop_wait_gone(d, "x.xml", 3000));
    assert_int_equal(d->n_imports, 1);
}

static void test_gives_up(void **state)
{
    struct drop *d = *state;

    d->limits.pending_s = 1;
    d->limits.linger_s = 0;
    drop_open(d);
    drop_put(d, "half.xml", "<order>");
    drop_put(d, "notes.txt", "hello");
    drop_put(d, "x.xml.ok", "");
    assert_int_equal(drop_mkdir(d, ".~tmp~"), 0);
    drop_decide(d);
    assert_int_equal(d->n_imports, 0);
    assert_true(drop_wait_gone(d, "x.xml.ok", 3000));
    assert_true(drop_wait_gone(d, ".~tmp~", 3000));
    for (int i = 0; i < 500 && d->n_imports < 2; i++) { /* notes.txt is offered once before, for its name */
        drop_decide(d);
        usleep(10000);
    }
    assert_int_equal(d->n_imports, 2);
    for (size_t i = 0; i < 2; i++) {
        struct buf kept = BUF_INIT;

        assert_true(d->imports[i].refused);
        assert_int_equal(io_read_file(d->refused, d->imports[i].name, 100, &kept), 0);
        assert_string_equal(buf_str(&kept), d->imports[i].bytes);
        buf_release(&kept);
    }
    assert_true(drop_wait_gone(d, "half.xml", 3000));
    assert_true(drop_wait_gone(d, "notes.txt", 3000));
}

static void test_restart_keeps_names(void **state)
{
    struct drop *d = *state;
    struct stat st,
        set = {.st_mode = 0600, .st_uid = 7, .st_gid = 8, .st_mtim = {.tv_sec = 1700000000, .tv_nsec = 5}};
    char *text;

    drop_open(d);
    drop_put(d, "half.xml", "<order>");
    drop_put(d, "a name with  spaces~", "bytes");
    assert_int_equal(drop_mkdir(d, "a"), 0);
    assert_int_equal(drop_mkdir(d, "a/b"), 0);
    drop_put(d, "a/b/deep.part", "deep");
    drop_put(d, "flag.ok", "");
    drop_put(d, "done.xml", ORDER);
    assert_int_equal(drop_set(d, "half.xml", NULL,
                              INCOMING_SET_MODE | INCOMING_SET_UID | INCOMING_SET_GID | INCOMING_SET_MTIME,
                              set),
                     0);
    drop_decide(d);
    assert_int_equal(d->n_imports, 1);
    assert_int_equal(drop_rename(d, "a", "c", 0), 0);
    for (int i = 0; i < 3; i++) {
        drop_restart(d);
        drop_decide(d);
        assert_int_equal(d->n_imports, 1);
        assert_int_equal(drop_stat(d, "half.xml", &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_uid, 7);
        assert_int_equal(st.st_gid, 8);
        assert_int_equal(st.st_mtim.tv_sec, 1700000000);
        assert_int_equal(st.st_mtim.tv_nsec, 5);
        assert_int_equal(st.st_size, 7);
        assert_int_equal(drop_stat(d, "flag.ok", &st), 0);
        assert_int_equal(drop_stat(d, "a", &st), -ENOENT);
        text = drop_get(d, "c/b/deep.part");
        assert_string_equal(text, "deep");
        free(text);
        text = drop_get(d, "a name with  spaces~");
        assert_string_equal(text, "bytes");
        free(text);
    }
    drop_put(d, "new.xml", ORDER);
    drop_decide(d);
    assert_int_equal(d->n_imports, 2);
    assert_string_not_equal(d->imports[0].key, d->imports[1].key);
}

static void test_damaged_list_loses_no_bytes(void **state)
{
    struct drop *d = *state;
    int fd;

    drop_open(d);
    drop_put(d, "a.part", "first");
    drop_put(d, "b.part", "second");
    incoming_close(d->in);
    fd = openat(d->state, "incoming/names", O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "????", 4, 60), 4); /* somewhere in the middle */
    close(fd);
    drop_open(d);
    unsigned found = 0;
    for (const char *names[] = {"a.part", "b.part", NULL}, **name = names; *name; name++)
        found += is_listed(d, *name);
    for (int i = 1; i < 10; i++) {
        char lost[32];

        snprintf(lost, sizeof lost, "incoming/%d.lost", i);
        found += faccessat(d->state, lost, F_OK, 0) == 0;
    }
    assert_int_equal(found, 2);
}

static void test_torn_end_is_no_damage(void **state)
{
    struct drop *d = *state;
    int fd;

    drop_open(d);
    drop_put(d, "a.part", "first");
    incoming_close(d->in);
    fd = openat(d->state, "incoming/names", O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "0123456789abcdef n 77 0 f 6", 27), 27);
    close(fd);
    drop_open(d);
    assert_true(is_listed(d, "a.part"));
    drop_restart(d);
    assert_true(is_listed(d, "a.part"));
}

static void test_one_process_only(void **state)
{
    struct drop *d = *state;
    struct incoming_options options = {.state_dir = d->state, .next_ino = drop_ino, .next_ino_arg = d};
    struct incoming *second;
    struct error err = ERROR_INIT;

    drop_open(d);
    assert_int_equal(incoming_open(&second, &options, &err), -EWOULDBLOCK);
    assert_non_null(err.message);
    error_release(&err);
}

static void test_limits(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *h, *more[4];
    char name[300];

    d->limits.max_files = 3;
    d->limits.max_handles = 3;
    d->limits.max_depth = 1;
    d->limits.max_upload = 10;
    drop_open(d);
    memset(name, 'n', sizeof name);
    name[201] = '\0';
    assert_int_equal(drop_create(d, name, O_WRONLY, &h), -EACCES);
    assert_int_equal(drop_create(d, "a\nb.xml", O_WRONLY, &h), -EACCES);
    assert_int_equal(drop_create(d, "..", O_WRONLY, &h), -EACCES);
    name[200] = '\0';
    assert_int_equal(drop_create(d, name, O_WRONLY, &h), 0);
    assert_int_equal(incoming_write(h, "12345", 5, 5), 5);
    assert_int_equal(incoming_write(h, "x", 1, 10), -EFBIG);
    assert_int_equal(incoming_write(h, "x", 1, INT64_MAX), -EFBIG);
    incoming_release(d->in, h);
    assert_int_equal(drop_mkdir(d, "a"), 0);
    assert_int_equal(drop_mkdir(d, "a/b"), -EACCES);
    assert_int_equal(drop_create(d, "x.xml", O_WRONLY, &h), 0);
    assert_int_equal(drop_create(d, "y.xml", O_WRONLY, &more[0]), -EACCES);
    assert_int_equal(drop_mkdir(d, "c"), -EACCES);
    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_EXCL, &more[0]), -EEXIST);
    assert_int_equal(drop_open_file(d, "x.xml", O_WRONLY, &more[0]), 0);
    assert_int_equal(drop_open_file(d, "x.xml", O_RDONLY, &more[1]), 0);
    assert_int_equal(drop_open_file(d, "x.xml", O_RDONLY, &more[2]), -EACCES);
    assert_int_equal(incoming_write(more[1], "x", 1, 0), -EBADF);
    incoming_release(d->in, h);
    incoming_release(d->in, more[0]);
    incoming_release(d->in, more[1]);
}

static void test_names(void **state)
{
    struct drop *d = *state;
    struct stat st = {.st_mode = 01000}, root;
    struct incoming_node *node;

    drop_open(d);
    assert_int_equal(drop_mkdir(d, "a"), 0);
    assert_int_equal(drop_mkdir(d, "a"), -EEXIST);
    assert_int_equal(drop_mkdir(d, "a/b"), 0);
    drop_put(d, "f", "1");
    drop_put(d, "g", "2");
    assert_int_equal(drop_rmdir(d, "a"), -ENOTEMPTY);
    assert_int_equal(drop_rmdir(d, "f"), -ENOTDIR);
    assert_int_equal(drop_unlink(d, "a"), -EISDIR);
    assert_int_equal(drop_unlink(d, "none"), -ENOENT);
    assert_int_equal(drop_rename(d, "a", "a/b/c", 0), -EINVAL);
    assert_int_equal(drop_rename(d, "f", "a", 0), -EISDIR);
    assert_int_equal(drop_rename(d, "a", "f", 0), -ENOTDIR);
    assert_int_equal(drop_rename(d, "f", "g", RENAME_NOREPLACE), -EEXIST);
    assert_int_equal(drop_rename(d, "f", "g", RENAME_EXCHANGE), -EINVAL);
    assert_int_equal(drop_rename(d, "none", "g", 0), -ENOENT);
    assert_int_equal(drop_rename(d, "f", "f", 0), 0);
    assert_int_equal(drop_rename(d, "f", "a/b/f", 0), 0);
    assert_int_equal(drop_rename(d, "g", "a/b/f", 0), 0);
    assert_false(is_listed(d, "g"));
    char *text = drop_get(d, "a/b/f");
    assert_string_equal(text, "2");
    free(text);
    assert_int_equal(drop_lookup(d, "a/b", &node), 0);
    assert_int_equal(drop_unlink(d, "a/b/f"), 0);
    assert_int_equal(drop_rmdir(d, "a/b"), 0);
    struct incoming_node *made;
    assert_int_equal(incoming_mkdir(d->in, node, "x", 0755, 0, 0, &made),
                     -ENOENT); /* in a removed directory */
    incoming_forget(d->in, node, 1);
    assert_int_equal(
        incoming_setattr(d->in, incoming_root(d->in), NULL, &st, INCOMING_SET_MODE | INCOMING_SET_UID, &root),
        0);
    assert_int_equal(root.st_mode, S_IFDIR | 0775);
    assert_int_equal(root.st_uid, 1000);
}

static void test_archive_never_changes(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *h;
    struct buf kept = BUF_INIT;
    char *text;

    drop_open(d);
    drop_put(d, "x.xml", ORDER);
    drop_decide(d);
    assert_int_equal(drop_open_file(d, "x.xml", O_RDWR, &h), 0);
    assert_int_equal(incoming_write(h, "<ORDER", 6, 0), 6);
    struct stat st = {.st_size = 9};
    assert_int_equal(drop_set(d, "x.xml", h, INCOMING_SET_SIZE, st), 0);
    incoming_release(d->in, h);
    drop_decide(d);
    text = drop_get(d, "x.xml");
    assert_string_equal(text, "<ORDER n=");
    free(text);
    assert_int_equal(io_read_file(d->archive, "x.xml", 100, &kept), 0);
    assert_string_equal(buf_str(&kept), ORDER);
    buf_release(&kept);
}

static void test_holes_and_any_order(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *h;
    char text[16];

    drop_open(d);
    assert_int_equal(drop_create(d, "x", O_RDWR, &h), 0);
    assert_int_equal(incoming_write(h, "end", 3, 10), 3);
    assert_int_equal(incoming_write(h, "ab", 2, 1), 2);
    assert_int_equal(incoming_read(h, text, sizeof text, 0), 13);
    assert_memory_equal(text, "\0ab\0\0\0\0\0\0\0end", 13);
    assert_int_equal(incoming_read(h, text, sizeof text, 13), 0);
    incoming_release(d->in, h);
}

static void test_same_name_many_times(void **state)
{
    struct drop *d = *state;

    drop_open(d);
    for (int i = 0; i < 40; i++) {
        char order[64];

        snprintf(order, sizeof order, "<order n=\"%d\"></order>", i);
        drop_put(d, "orders.xml", order);
        drop_decide(d);
    }
    assert_int_equal(d->n_imports, 40);
    for (int i = 0; i < 40; i++) {
        struct buf kept = BUF_INIT;
        char name[32] = "orders.xml";

        if (i)
            snprintf(name, sizeof name, "orders~%d.xml", i + 1);
        assert_string_equal(d->imports[i].filed_as, name);
        assert_int_equal(io_read_file(d->archive, name, 100, &kept), 0);
        assert_string_equal(buf_str(&kept), d->imports[i].bytes);
        buf_release(&kept);
    }
    for (int i = 0; i < 5; i++) { /* the same file over and over is kept once */
        drop_put(d, "orders.xml", "<order n=\"39\"></order>");
        drop_decide(d);
    }
    assert_int_equal(faccessat(d->archive, "orders~41.xml", F_OK, 0), -1);
}

static void test_retry_and_nothing_left_behind(void **state)
{
    struct drop *d = *state;
    struct incoming_job job;

    d->limits.linger_s = 0;
    drop_open(d);
    drop_put(d, "x.xml", ORDER);
    assert_int_equal(incoming_take(d->in, &job, 1, 0), 1);
    assert_int_equal(incoming_settle(d->in, &job, INCOMING_RETRY, -1, 200, NULL), 0);
    assert_true(incoming_busy(d->in));
    assert_int_equal(incoming_take(d->in, &job, 1, 0), 0);
    assert_int_equal(incoming_take(d->in, &job, 1, 2000), 1);
    assert_int_equal(incoming_settle(d->in, &job, INCOMING_DONE, d->archive, 0, NULL), 0);
    assert_false(incoming_busy(d->in));
    assert_true(drop_wait_gone(d, "x.xml", 3000));
    drop_restart(d);
    assert_int_equal(faccessat(d->state, "incoming/1.data", F_OK, 0), -1);
    assert_int_equal(faccessat(d->archive, "x.xml", F_OK, 0), 0);
    assert_false(is_listed(d, "x.xml"));
}

/* Requests that change nothing to be decided must not fill the disk with lines. */
static void test_the_list_of_names_stays_short(void **state)
{
    struct drop *d = *state;
    struct stat st;

    drop_open(d);
    drop_put(d, "a.tmp", ORDER);
    usleep(100000); /* whatever made the keeper look is over */
    for (unsigned i = 0; i < 60000; i++)
        assert_int_equal(
            drop_set(d, "a.tmp", NULL, INCOMING_SET_MODE, (struct stat){.st_mode = 0600 + i % 2}), 0);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(fstatat(d->state, "incoming/names", &st, 0), 0);
        if (st.st_size < 3 << 20)
            break;
        usleep(10000);
    }
    assert_true(st.st_size < 3 << 20);
    assert_int_equal(drop_stat(d, "a.tmp", &st), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_clock_set_forward, setup, teardown),
        cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lingers_then_vanishes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_writer_keeps_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gives_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_keeps_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_list_loses_no_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn_end_is_no_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_process_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_list_of_names_stays_short, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_archive_never_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_holes_and_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_name_many_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retry_and_nothing_left_behind, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
