/* A dry run decides with the same code and leaves nothing but its result. */
#include "intake_shop.h"

static void check_start(struct intake_shop *s)
{
    struct error err = ERROR_INIT;
    struct intake_options options = {
        .store = s->f.store,
        .incoming = s->d.in,
        .site = "shop",
        .state_dir = s->d.state,
        .maps = s->maps,
        .n_maps = 1,
        .limits = ORDER_LIMITS_DEFAULT,
        .check = true,
    };

    if (intake_start(&s->intake, &options, &err) < 0)
        fail_msg("%s", err.message);
}

static const char everything[] =
    "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customer), (SELECT count(*) FROM intake),"
    " (SELECT count(*) FROM order_status), (SELECT count(*) FROM stock), (SELECT sequence FROM "
    "change_sequence)";

static void test_nothing_is_left(void **state)
{
    struct intake_shop *s = *state;
    char *before = xstrdup(text(&s->f, s->f.reader, everything));

    s->d.limits.linger_s = 1;
    drop_open(&s->d);
    check_start(s);
    drop_put(&s->d, "a.xml", plain_order("7", 1));
    drop_put(&s->d, "b.xml", plain_order("7", 2)); /* does not see what a.xml would have done */
    drop_put(&s->d, "bad.xml", "<order version=\"1\"><items/></order>\n");
    intake_shop_wait(s);
    starts(s, "results/a.xml.check.txt", "accepted: order 7");
    starts(s, "results/b.xml.check.txt", "accepted: order 7");
    starts(s, "results/bad.xml.check.txt", "refused: ");
    assert_non_null(strstr(stored(s, "results/a.xml.check.txt"), "This was a check"));
    assert_string_equal(text(&s->f, s->f.reader, everything), before);
    assert_string_equal(stored(s, "archive/a.xml"), "");
    assert_string_equal(stored(s, "refused/bad.xml"), "");
    assert_true(drop_wait_gone(&s->d, "a.xml", 5000));
    free(before);
}

static void test_it_sees_what_is_there(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_put(&s->d, "a.xml", plain_order("7", 1));
    intake_shop_wait(s);
    intake_stop(s->intake);
    s->intake = NULL;
    check_start(s);
    drop_put(&s->d, "same.xml", plain_order("7", 1));
    drop_put(&s->d, "more.xml", plain_order("7", 5));
    intake_shop_wait(s);
    starts(s, "results/same.xml.check.txt", "duplicate: order 7");
    starts(s, "results/more.xml.check.txt", "revised: order 7");
    assert_string_equal(text(&s->f, s->f.reader, "SELECT revision FROM orders"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_left, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_it_sees_what_is_there, intake_shop_setup, intake_shop_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
