/* What becomes of a file: in the database, in the archive or among the refused, and in the result the
 * uploader reads. */
#include "intake_shop.h"

static void contains(struct intake_shop *s, const char *path, const char *part)
{
    if (!strstr(stored(s, path), part))
        fail_msg("'%s' is not in %s:\n%s", part, path, stored(s, path));
}

static void test_accepted(void **state)
{
    struct intake_shop *s = *state;
    char order[512];

    snprintf(order, sizeof order, "%s", plain_order("100", 2));
    intake_shop_open(s);
    drop_put(&s->d, "x.xml", order);
    intake_shop_wait(s);
    assert_int_equal(orders(s), 1);
    starts(s, "results/x.xml.txt", "accepted: order 100\n");
    assert_string_equal(stored(s, "archive/x.xml"), order);
    assert_string_equal(text(&s->f, s->f.reader, "SELECT name, verdict, filed_as FROM intake"),
                        "x.xml|accepted|x.xml");
    pthread_mutex_lock(&s->lock);
    assert_string_equal(s->filed, "archive/x.xml results/x.xml.txt ");
    pthread_mutex_unlock(&s->lock);
    assert_string_equal(stored(s, "refused/x.xml"), "");
}

static void test_duplicate_and_revised(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_put(&s->d, "a.xml", plain_order("100", 2));
    intake_shop_wait(s);
    drop_put(&s->d, "b.xml", plain_order("100", 2));
    intake_shop_wait(s);
    drop_put(&s->d, "a.xml", plain_order("100", 3));
    intake_shop_wait(s);
    assert_int_equal(orders(s), 1);
    starts(s, "results/b.xml.txt", "duplicate: ");
    starts(s, "results/a.xml.txt", "revised: ");
    assert_string_not_equal(stored(s, "archive/b.xml"), "");
    assert_string_equal(stored(s, "archive/a~2.xml"), plain_order("100", 3));
    assert_string_equal(stored(s, "archive/a.xml"), plain_order("100", 2));
}

static void test_refused(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_put(&s->d, "broken.xml", "<order version=\"1\">\n<a></b>\n</order>\n");
    drop_put(&s->d, "other.xml", "<html/>");
    intake_shop_wait(s);
    assert_int_equal(orders(s), 0);
    starts(s, "results/broken.xml.txt", "refused: ");
    contains(s, "results/broken.xml.txt", "line 2");
    assert_string_equal(stored(s, "refused/broken.xml"), "<order version=\"1\">\n<a></b>\n</order>\n");
    starts(s, "refused/broken.xml.error.txt", "refused: ");
    starts(s, "results/other.xml.txt", "no-order: ");
    starts(s, "refused/other.xml.error.txt", "no-order: ");
    assert_string_equal(stored(s, "refused/other.xml"), "<html/>");
    assert_string_equal(stored(s, "archive/broken.xml"), "");
}

/* JSON shows its end and may be dropped; INI and CSV do not, under whatever name. */
static void test_not_xml(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_put(&s->d, "half.json", "{\"orders\": [{\"number\"");
    drop_put(&s->d, "other.json", "{\"products\": []}");
    drop_put(&s->d, "sal.xml", "[Client]\nName=A\n");
    drop_put(&s->d, "rows.xml", "code;itemName\n1;Mug\n");
    drop_put(&s->d, "rows.csv", "code;itemName\n1;Mug\n");
    intake_shop_wait(s);
    assert_int_equal(orders(s), 0);
    starts(s, "results/half.json.txt", "incomplete: ");
    starts(s, "results/other.json.txt", "no-order: ");
    starts(s, "refused/sal.xml.error.txt", "refused: an INI file has no mark at its end");
    contains(s, "refused/sal.xml.error.txt", "shopctl import");
    starts(s, "refused/rows.xml.error.txt", "refused: a CSV file has no mark at its end");
    assert_string_equal(stored(s, "results/rows.csv.txt"), "");
}

static void test_one_bad_order_stops_no_other(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_put(&s->d, "two.xml",
             "<orders "
             "version=\"1\"><order><number>1</number><items><item><code>TEA</code><price>1</price></item></"
             "items></order>"
             "<order><items><item><code>TEA</code><price>x</price></item></items></order></orders>");
    intake_shop_wait(s);
    assert_int_equal(orders(s), 1);
    starts(s, "results/two.xml.txt", "partly: ");
    assert_string_not_equal(stored(s, "archive/two.xml"), "");
    assert_string_equal(stored(s, "refused/two.xml"), stored(s, "archive/two.xml"));
    contains(s, "refused/two.xml.error.txt", "order (no number): refused");
}

static void test_incomplete_then_whole(void **state)
{
    struct intake_shop *s = *state;
    struct incoming_handle *h;
    char order[512];
    size_t half;

    snprintf(order, sizeof order, "%s", plain_order("100", 2));
    half = strlen(order) / 2;
    intake_shop_open(s);
    assert_int_equal(drop_create(&s->d, "x.xml", O_WRONLY, &h), 0);
    assert_int_equal(incoming_write(h, order, half, 0), half);
    incoming_release(s->d.in, h);
    intake_shop_wait(s);
    assert_int_equal(orders(s), 0);
    starts(s, "results/x.xml.txt", "incomplete: ");
    contains(s, "results/x.xml.txt", "waits for it until 20");
    assert_int_equal(drop_open_file(&s->d, "x.xml", O_WRONLY | O_APPEND, &h), 0);
    assert_int_equal(incoming_write(h, order + half, strlen(order) - half, 0), strlen(order) - half);
    incoming_release(s->d.in, h);
    intake_shop_wait(s);
    assert_int_equal(orders(s), 1);
    starts(s, "results/x.xml.txt", "accepted: ");
    assert_string_equal(stored(s, "archive/x.xml"), order);
}

static void test_renamed_afterwards(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_put(&s->d, "tmp_x.xml", plain_order("100", 2));
    intake_shop_wait(s);
    assert_int_equal(drop_rename(&s->d, "tmp_x.xml", "x.xml", 0), 0);
    intake_shop_wait(s);
    assert_int_equal(number(&s->f, s->f.reader, "SELECT count(*) FROM intake"), 1);
    starts(s, "results/x.xml.txt", "accepted: order 100");
    assert_string_equal(stored(s, "archive/x.xml"), ""); /* filed once, under the name it had */
}

/* A name we do not take is told soon, not when its time is over; a program's own are left alone. */
static void test_misnamed_is_told(void **state)
{
    struct intake_shop *s = *state;

    s->d.limits.linger_s = 0;
    intake_shop_open(s);
    drop_put(&s->d, "order.sal", "[Client]\n");
    drop_put(&s->d, ".order.xml.Xq1", plain_order("1", 1));
    drop_put(&s->d, "order.xml.part", plain_order("2", 2));
    while (!*stored(s, "results/order.xml.part.txt"))
        usleep(10000);
    intake_shop_wait(s);
    starts(s, "results/order.sal.txt", "incomplete: not the name of an order file\n");
    contains(s, "results/order.sal.txt", "end in .xml or .json");
    assert_string_equal(stored(s, "results/.order.xml.Xq1.txt"), "");
    /* It is where it was, and its content is decided when it gets a name. */
    assert_int_equal(drop_rename(&s->d, "order.xml.part", "order.xml", 0), 0);
    intake_shop_wait(s);
    starts(s, "results/order.xml.txt", "accepted: order 2");
    assert_int_equal(number(&s->f, s->f.reader, "SELECT count(*) FROM intake"), 1);
}

static void test_given_up(void **state)
{
    struct intake_shop *s = *state;

    s->d.limits.pending_s = 1;
    s->d.limits.linger_s = 0;
    intake_shop_open(s);
    drop_put(&s->d, "half.xml", "<order version=\"1\">");
    drop_put(&s->d, "notes.txt", "hello");
    drop_put(&s->d, "empty.xml", "");
    assert_true(drop_wait_gone(&s->d, "half.xml", 5000));
    assert_true(drop_wait_gone(&s->d, "notes.txt", 5000));
    assert_true(drop_wait_gone(&s->d, "empty.xml", 5000));
    intake_shop_wait(s);
    starts(s, "results/half.xml.txt", "refused: ");
    contains(s, "results/half.xml.txt", "given up");
    assert_string_equal(stored(s, "refused/half.xml"), "<order version=\"1\">");
    starts(s, "refused/half.xml.error.txt", "refused: ");
    starts(s, "results/notes.txt.txt", "refused: not the name");
    assert_string_equal(stored(s, "refused/notes.txt"), "hello");
    starts(s, "results/empty.xml.txt", "refused: ");
}

/* An original that is named as an explanation is kept beside it. */
static void test_named_as_an_explanation(void **state)
{
    struct intake_shop *s = *state;

    s->d.limits.pending_s = 1;
    s->d.limits.linger_s = 0;
    intake_shop_open(s);
    drop_put(&s->d, "a.xml.error.txt", "mine");
    assert_true(drop_wait_gone(&s->d, "a.xml.error.txt", 5000));
    intake_shop_wait(s);
    drop_put(&s->d, "a.xml", "<html/>");
    intake_shop_wait(s);
    starts(s, "refused/a.xml.error.txt", "no-order: ");
    assert_string_equal(stored(s, "refused/a.xml.error~1.txt"), "mine");
    starts(s, "refused/a.xml.error~1.txt.error.txt", "refused: not the name");
}

static void test_many_at_once(void **state)
{
    struct intake_shop *s = *state;
    char name[32], order_number[32];

    drop_open(&s->d);
    for (int i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "%d.xml", i);
        snprintf(order_number, sizeof order_number, "N%d", i);
        drop_put(&s->d, name, plain_order(order_number, i + 1));
    }
    intake_shop_start(s);
    intake_shop_wait(s);
    assert_int_equal(orders(s), 150);
    assert_int_equal(number(&s->f, s->f.reader,
                            "SELECT count(*) FROM intake WHERE verdict = 'accepted' AND filed_as = name"),
                     150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepted, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_duplicate_and_revised, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_refused, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_not_xml, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_one_bad_order_stops_no_other, intake_shop_setup,
                                        intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_incomplete_then_whole, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_renamed_afterwards, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_misnamed_is_told, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_given_up, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_named_as_an_explanation, intake_shop_setup,
                                        intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, intake_shop_setup, intake_shop_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
