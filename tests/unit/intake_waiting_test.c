/* A database that cannot be used delays orders and loses none. */
#include "intake_shop.h"

#include "base/cleanup.h"
#include "order/crash_point.h"

static void wait_for_result(struct intake_shop *s, const char *path, const char *beginning)
{
    for (int i = 0; i < 4000; i++) {
        if (strncmp(stored(s, path), beginning, strlen(beginning)) == 0)
            return;
        usleep(5000);
    }
    starts(s, path, beginning);
}

static void test_locked(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    ok(&s->f, db_begin_write(s->f.writer, &s->f.err));
    drop_put(&s->d, "a.xml", plain_order("100", 1));
    wait_for_result(s, "results/a.xml.txt", "waiting: "); /* after the busy timeout */
    drop_put(&s->d, "half.xml", "<order>");               /* needs no database */
    wait_for_result(s, "results/half.xml.txt", "incomplete: ");
    assert_false(intake_idle(s->intake));
    db_end(s->f.writer);
    wait_for_result(s, "results/a.xml.txt", "accepted: order 100");
    intake_shop_wait(s);
    assert_int_equal(orders(s), 1);
}

static void test_waits_over_a_restart(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    ok(&s->f, db_begin_write(s->f.writer, &s->f.err));
    drop_put(&s->d, "a.xml", plain_order("100", 1));
    wait_for_result(s, "results/a.xml.txt", "waiting: ");
    intake_stop(s->intake);
    db_end(s->f.writer);
    drop_restart(&s->d);
    intake_shop_start(s);
    intake_shop_wait(s);
    starts(s, "results/a.xml.txt", "accepted: order 100");
    assert_int_equal(orders(s), 1);
}

/* The journal refuses one file's row, whatever the reason: the others of its batch go through. */
static void test_one_that_cannot_be_taken(void **state)
{
    struct intake_shop *s = *state;

    s->retry_ms = 300;
    run(&s->f, "CREATE TRIGGER stubborn BEFORE INSERT ON intake WHEN NEW.name = 'bad.xml'"
               " BEGIN SELECT RAISE(ABORT, 'not this one'); END;");
    drop_open(&s->d);
    drop_put(&s->d, "a.xml", plain_order("1", 1));
    drop_put(&s->d, "bad.xml", plain_order("2", 1));
    drop_put(&s->d, "b.xml", plain_order("3", 1));
    intake_shop_start(s);
    wait_for_result(s, "results/a.xml.txt", "accepted: ");
    wait_for_result(s, "results/b.xml.txt", "accepted: ");
    wait_for_result(s, "results/bad.xml.txt", "waiting: ");
    drop_put(&s->d, "c.xml", plain_order("4", 1));
    wait_for_result(s, "results/c.xml.txt", "accepted: ");
    assert_int_equal(orders(s), 3);
    run(&s->f, "DROP TRIGGER stubborn;");
    intake_stop(s->intake);
    drop_restart(&s->d);
    intake_shop_start(s);
    wait_for_result(s, "results/bad.xml.txt", "accepted: ");
    intake_shop_wait(s);
    assert_int_equal(orders(s), 4);
}

static void truncate_at(int dir, const char *path, off_t size)
{
    auto_close int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
}

/* The verdict is in, but there is no room for its result: it is written when there is. */
static void test_no_room_for_the_result(void **state)
{
    struct intake_shop *s = *state;

    s->retry_ms = 300;
    intake_shop_open(s);
    assert_int_equal(mkdirat(s->d.state, "results/a.xml.txt", 0755), 0);
    drop_put(&s->d, "a.xml", plain_order("100", 1));
    drop_put(&s->d, "b.xml", plain_order("101", 1));
    wait_for_result(s, "results/b.xml.txt", "accepted: order 101");
    assert_int_equal(unlinkat(s->d.state, "results/a.xml.txt", AT_REMOVEDIR), 0);
    wait_for_result(s, "results/a.xml.txt", "accepted: order 100");
    intake_shop_wait(s);
    assert_int_equal(orders(s), 2);
}

/* The same for the explanation beside what was refused. */
static void test_no_room_for_the_explanation(void **state)
{
    struct intake_shop *s = *state;

    s->retry_ms = 300;
    intake_shop_open(s);
    assert_int_equal(mkdirat(s->d.state, "refused/a.xml.error.txt", 0755), 0);
    drop_put(&s->d, "a.xml", "<html/>");
    wait_for_result(s, "results/a.xml.txt", "no-order: ");
    assert_int_equal(unlinkat(s->d.state, "refused/a.xml.error.txt", AT_REMOVEDIR), 0);
    wait_for_result(s, "refused/a.xml.error.txt", "no-order: ");
    intake_shop_wait(s);
    assert_string_equal(stored(s, "refused/a~2.xml"), "");
}

/* A revision is not taken before what it revises, whatever keeps that; others are. */
static void test_revision_behind(void **state)
{
    struct intake_shop *s = *state;

    s->retry_ms = 300;
    run(&s->f, "CREATE TRIGGER stubborn BEFORE INSERT ON intake WHEN NEW.name = 'first.xml'"
               " BEGIN SELECT RAISE(ABORT, 'not this one'); END;");
    drop_open(&s->d);
    drop_put(&s->d, "first.xml", plain_order("7", 1));
    drop_put(&s->d, "second.xml", plain_order("7", 2));
    drop_put(&s->d, "other.xml", plain_order("8", 1));
    intake_shop_start(s);
    wait_for_result(s, "results/other.xml.txt", "accepted: ");
    wait_for_result(s, "results/second.xml.txt", "waiting: ");
    drop_put(&s->d, "third.xml", plain_order("7", 3));
    wait_for_result(s, "results/third.xml.txt", "waiting: ");
    assert_int_equal(orders(s), 1);
    run(&s->f, "DROP TRIGGER stubborn;");
    wait_for_result(s, "results/first.xml.txt", "accepted: ");
    wait_for_result(s, "results/second.xml.txt", "revised: ");
    wait_for_result(s, "results/third.xml.txt", "revised: ");
    intake_shop_wait(s);
    assert_string_equal(
        text(&s->f, s->f.reader,
             "SELECT quantity_e3 FROM order_line l JOIN orders o ON o.id = l.order_id WHERE o.number = '7'"),
        "3000");
}

static struct intake_shop *free_shop;
static int lock_taken = -1;

static void take_lock(const char *where)
{
    if (strcmp(where, "read") != 0)
        return;
    lock_taken = db_begin_write(free_shop->f.writer, &free_shop->f.err);
    db_end(free_shop->f.writer);
}

/* Files are parsed, which may take seconds, while others can write to the database. */
static void test_free_while_parsing(void **state)
{
    struct intake_shop *s = *state;

    free_shop = s;
    crash_point_hook = take_lock;
    intake_shop_open(s);
    drop_put(&s->d, "a.xml", plain_order("100", 1));
    wait_for_result(s, "results/a.xml.txt", "accepted: ");
    intake_shop_wait(s);
    crash_point_hook = NULL;
    assert_int_equal(lock_taken, 0);
}

/* The disk loses what it had: no verdict, and no signal. */
static void test_unreadable(void **state)
{
    struct intake_shop *s = *state;
    auto_buf text = BUF_INIT;
    struct stat st;

    buf_add_str(&text, "<order>");
    while (text.len < 20000)
        buf_add_str(&text, "<number>1</number>\n");
    s->d.limits.pending_s = 1;
    intake_shop_open(s);
    drop_put(&s->d, "half.xml", buf_str(&text));
    assert_int_equal(fstatat(s->d.state, "incoming/1.data", &st, 0), 0);
    truncate_at(s->d.state, "incoming/1.data", 0);
    wait_for_result(s, "results/half.xml.txt", "waiting: the disk cannot give it out now: ");
    truncate_at(s->d.state, "incoming/1.data", st.st_size);
    assert_string_equal(stored(s, "refused/half.xml"), "");
}

/* A bad sector that stays bad: after some tries the file is among the refused with the reason, not lost, and can be
 * moved back when the disk is well. */
static void test_unreadable_for_long(void **state)
{
    struct intake_shop *s = *state;
    struct intake_status status;
    auto_buf text = BUF_INIT;
    struct stat st;

    s->retry_ms = 100;
    buf_add_str(&text, plain_order("7", 1));
    drop_open(&s->d);
    drop_put(&s->d, "a.xml", buf_str(&text));
    assert_int_equal(fstatat(s->d.state, "incoming/1.data", &st, 0), 0);
    truncate_at(s->d.state, "incoming/1.data", 0);
    intake_shop_start(s);
    wait_for_result(s, "results/a.xml.txt", "waiting: the disk cannot give it out now: ");
    drop_put(&s->d, "b.xml", plain_order("8", 1));
    wait_for_result(s, "results/b.xml.txt", "accepted: ");
    wait_for_result(s, "results/a.xml.txt", "refused: the disk cannot give it out: ");
    intake_shop_wait(s);
    starts(s, "refused/a.xml.error.txt", "refused: the disk cannot give it out: ");
    assert_int_equal(fstatat(s->d.state, "refused/a.xml", &st, 0), 0);
    intake_status(s->intake, &status);
    assert_int_equal(status.files[VERDICT_REFUSED], 1);
    assert_int_equal(status.files[VERDICT_ACCEPTED], 1);
    /* The disk is well again. */
    auto_close int fd = openat(s->d.state, "refused/a.xml", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_pwrite_full(fd, buf_str(&text), text.len, 0), 0);
    assert_int_equal(intake_retry(s->intake, "a.xml", incoming_root(s->d.in), "a.xml", 0, 0, 0), 0);
    intake_shop_wait(s);
    starts(s, "results/a.xml.txt", "accepted: order 7");
    assert_string_equal(stored(s, "refused/a.xml"), "");
    assert_string_equal(stored(s, "refused/a.xml.error.txt"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_free_while_parsing, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_unreadable_for_long, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_no_room_for_the_explanation, intake_shop_setup,
                                        intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_revision_behind, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_locked, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_no_room_for_the_result, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_waits_over_a_restart, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_one_that_cannot_be_taken, intake_shop_setup,
                                        intake_shop_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
