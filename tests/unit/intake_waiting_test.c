/* A database that cannot be used delays orders and loses none. */
#include "intake_shop.h"

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

/* The verdict is in, but there is no room for its result: it is written when there is. */
static void test_no_room_for_the_result(void **state)
{
    struct intake_shop *s = *state;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_locked, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_no_room_for_the_result, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_waits_over_a_restart, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_one_that_cannot_be_taken, intake_shop_setup,
                                        intake_shop_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
