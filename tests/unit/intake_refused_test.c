/* A refused file is moved back and judged again, or deleted; the journal says so, whatever ends in between.
 */
#include "intake_shop.h"

#include "order/refused.h"

static void drop_text(struct intake_shop *s, const char *name, const char *text_)
{
    drop_put(&s->d, name, text_);
    intake_shop_wait(s);
}

static int retry(struct intake_shop *s, const char *name, const char *new_name, unsigned flags)
{
    int rc = intake_retry(s->intake, name, incoming_root(s->d.in), new_name, 1000, 1000, flags);

    intake_shop_wait(s);
    return rc;
}

static int discard(struct intake_shop *s, const char *name)
{
    int rc = intake_discard(s->intake, name);

    intake_shop_wait(s);
    return rc;
}

static const char *events(struct intake_shop *s)
{
    return text(&s->f, s->f.reader,
                "SELECT e.event, e.name, coalesce(i.name, 'none') FROM intake_event e LEFT JOIN intake i ON "
                "i.id = e.intake_id"
                " ORDER BY e.id");
}

static const char bad[] = "<?xml version=\"1.0\"?><order version=\"1\"><items/></order>\n";

static void test_retry_judges_again(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "a.xml", bad);
    starts(s, "refused/a.xml", "<?xml");
    starts(s, "refused/a.xml.error.txt", "refused: ");
    /* Still bad: the same place, a new reason. */
    assert_int_equal(retry(s, "a.xml", "a.xml", 0), 0);
    starts(s, "refused/a.xml", "<?xml");
    starts(s, "refused/a.xml.error.txt", "refused: ");
    assert_string_equal(stored(s, "refused/a~2.xml"), "");
    assert_int_equal(number(&s->f, s->f.reader, "SELECT count(*) FROM intake WHERE verdict = 'refused'"), 2);
    assert_string_equal(events(s), "retried|a.xml|a.xml");
    /* Under another name: the old reason goes with the old name. */
    assert_int_equal(retry(s, "a.xml", "b.xml", 0), 0);
    starts(s, "refused/b.xml.error.txt", "refused: ");
    assert_string_equal(stored(s, "refused/a.xml"), "");
    assert_string_equal(stored(s, "refused/a.xml.error.txt"), "");
}

static void test_retry_is_accepted(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "a.xml", plain_order("7", 1));
    run(&s->f, "UPDATE orders SET handled = datetime('now')");
    drop_text(s, "b.xml", plain_order("7", 2));
    starts(s, "refused/b.xml.error.txt", "refused: order 7");
    run(&s->f, "UPDATE orders SET handled = NULL");
    assert_int_equal(retry(s, "b.xml", "b.xml", 0), 0);
    starts(s, "results/b.xml.txt", "revised: order 7");
    starts(s, "archive/b.xml", "<?xml");
    assert_string_equal(stored(s, "refused/b.xml"), "");
    assert_string_equal(stored(s, "refused/b.xml.error.txt"), "");
    assert_string_equal(events(s), "retried|b.xml|b.xml");
}

/* Two orders, of which the second can come in only after the first one's number is free again. */
static const char mixed[] =
    "<orders version=\"1\"><order><number>1</number><items><item><code>TEA</code><price>1</price>"
    "</item></items></order><order><number>2</number><items><item><code>TEA</code>"
    "<price>5</price></item></items></order></orders>\n";

static void test_partly_is_in_both_places(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "first.xml", plain_order("2", 3));
    run(&s->f, "UPDATE orders SET handled = datetime('now')");
    drop_text(s, "m.xml", mixed);
    starts(s, "results/m.xml.txt", "partly: 2 orders: 1 accepted, 1 conflict");
    assert_string_equal(stored(s, "archive/m.xml"), mixed);
    assert_string_equal(stored(s, "refused/m.xml"), mixed);
    starts(s, "refused/m.xml.error.txt", "partly: ");
    assert_string_equal(
        text(&s->f, s->f.reader, "SELECT filed_as, refused_as FROM intake WHERE verdict = 'partly'"),
        "m.xml|m.xml");
    /* Moved back as it is: what is in already is a repetition, the rest is refused once more. */
    assert_int_equal(retry(s, "m.xml", "m.xml", 0), 0);
    starts(s, "results/m.xml.txt", "partly: 2 orders: 1 duplicate, 1 conflict");
    assert_string_equal(stored(s, "refused/m.xml"), mixed);
    assert_string_equal(stored(s, "archive/m~2.xml"), "");
    assert_string_equal(stored(s, "refused/m~2.xml"), "");
    /* The reason is gone: only what was not in comes in. */
    run(&s->f, "UPDATE orders SET handled = NULL");
    assert_int_equal(retry(s, "m.xml", "m.xml", 0), 0);
    starts(s, "results/m.xml.txt", "revised: 2 orders: 1 revised, 1 duplicate");
    assert_string_equal(stored(s, "refused/m.xml"), "");
    assert_string_equal(stored(s, "refused/m.xml.error.txt"), "");
    assert_string_equal(stored(s, "archive/m.xml"), mixed);
    assert_string_equal(events(s), "retried|m.xml|m.xml\nretried|m.xml|m.xml");
    assert_int_equal(number(&s->f, s->f.reader, "SELECT count(*) FROM orders"), 2);
}

static void test_the_rest_is_discarded(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "first.xml", plain_order("2", 3));
    run(&s->f, "UPDATE orders SET handled = datetime('now')");
    drop_text(s, "m.xml", mixed);
    assert_int_equal(discard(s, "m.xml"), 0);
    assert_string_equal(stored(s, "refused/m.xml"), "");
    assert_string_equal(stored(s, "refused/m.xml.error.txt"), "");
    assert_string_equal(stored(s, "archive/m.xml"), mixed);
    assert_string_equal(events(s), "discarded|m.xml|m.xml");
}

static void test_names(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "a.xml", bad);
    assert_int_equal(retry(s, "a.xml.error.txt", "x.xml", 0), -EACCES);
    assert_int_equal(retry(s, "none.xml", "x.xml", 0), -ENOENT);
    assert_int_equal(retry(s, "../a.xml", "x.xml", 0), -ENOENT);
    assert_int_equal(retry(s, "a.xml", "a.xml", RENAME_NOREPLACE), -EEXIST); /* it lingers */
    assert_int_equal(retry(s, "a.xml", "a.xml", RENAME_EXCHANGE), -EINVAL);
    assert_int_equal(discard(s, "a.xml.error.txt"), -EACCES);
    assert_int_equal(discard(s, "none.xml"), -ENOENT);
    starts(s, "refused/a.xml", "<?xml");
    /* A name that is no order's: kept as it is, to be renamed. */
    assert_int_equal(retry(s, "a.xml", "a.keep", 0), 0);
    assert_string_equal(stored(s, "refused/a.xml"), "");
    assert_int_equal(
        incoming_rename(s->d.in, incoming_root(s->d.in), "a.keep", incoming_root(s->d.in), "c.xml", 0), 0);
    intake_shop_wait(s);
    starts(s, "refused/c.xml", "<?xml");
    assert_string_equal(stored(s, "refused/a.xml.error.txt"), "");
}

static bool held_up;

static void *discard_a(void *arg)
{
    intake_discard(((struct intake_shop *)arg)->intake, "a.xml");
    return NULL;
}

/* As the kernel: it is told of a new name in a directory, and listens only when the removal under way there is done. */
static void told_during_a_removal(struct intake_shop *s, const char *directory)
{
    struct timespec until;
    pthread_t thread;

    if (strcmp(directory, "refused") != 0)
        return;
    assert_int_equal(pthread_create(&thread, NULL, discard_a, s), 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    if (pthread_timedjoin_np(thread, NULL, &until) == 0)
        return;
    held_up = true;
    s->told = NULL;
    pthread_detach(thread);
}

static void test_removal_while_another_is_refused(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "a.xml", bad);
    s->told = told_during_a_removal;
    drop_text(s, "b.xml", bad);
    s->told = NULL;
    assert_false(held_up);
    starts(s, "refused/b.xml.error.txt", "refused: ");
    assert_string_equal(stored(s, "refused/a.xml"), "");
    /* The same where a part of a file is refused. */
    drop_text(s, "a.xml", bad);
    s->told = told_during_a_removal;
    drop_text(
        s, "c.xml",
        "<orders version=\"1\"><order><number>1</number><items><item><code>TEA</code></item></items></order>"
        "<order><number>2</number></order></orders>");
    s->told = NULL;
    assert_false(held_up);
    starts(s, "refused/c.xml.error.txt", "partly: ");
    assert_string_equal(stored(s, "refused/a.xml"), "");
}

static void test_discard(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "a.xml", bad);
    assert_int_equal(discard(s, "a.xml"), 0);
    assert_string_equal(stored(s, "refused/a.xml"), "");
    assert_string_equal(stored(s, "refused/a.xml.error.txt"), "");
    assert_string_equal(events(s), "discarded|a.xml|a.xml");
    /* The same again is another upload and may be refused again. */
    drop_text(s, "b.xml", bad);
    starts(s, "refused/b.xml", "<?xml");
}

/* The row is written by whoever runs the intake next, once. */
static void test_journal_after_a_crash(void **state)
{
    struct intake_shop *s = *state;
    struct refused r;

    intake_shop_open(s);
    drop_text(s, "a.xml", bad);
    drop_text(s, "b.xml", plain_order("", 1));
    intake_stop(s->intake);
    s->intake = NULL;
    assert_int_equal(refused_open(&r, s->d.state), 0);
    assert_false(atomic_load(&r.pending));
    assert_int_equal(refused_discard(&r, "a.xml"), 0);
    refused_release(&r);
    /* As if the process ended before the reason of b.xml was removed. */
    assert_int_equal(unlinkat(s->d.refused, "b.xml", 0), 0);
    intake_shop_start(s);
    intake_shop_wait(s);
    assert_string_equal(events(s), "discarded|a.xml|a.xml");
    assert_string_equal(stored(s, "refused/b.xml.error.txt"), "");
}

static void test_retry_survives_a_restart(void **state)
{
    struct intake_shop *s = *state;

    intake_shop_open(s);
    drop_text(s, "a.xml", bad);
    intake_stop(s->intake);
    s->intake = NULL;
    struct refused r;
    assert_int_equal(refused_open(&r, s->d.state), 0);
    assert_int_equal(refused_retry(&r, "a.xml", s->d.in, incoming_root(s->d.in), "again.xml", 0, 0, 0), 0);
    refused_release(&r);
    drop_restart(&s->d);
    intake_shop_start(s);
    intake_shop_wait(s);
    starts(s, "results/again.xml.txt", "refused: ");
    starts(s, "refused/again.xml", "<?xml");
    assert_string_equal(stored(s, "refused/a.xml"), "");
    assert_string_equal(stored(s, "refused/a.xml.error.txt"), "");
    assert_string_equal(events(s), "retried|a.xml|a.xml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_retry_judges_again, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_retry_is_accepted, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_partly_is_in_both_places, intake_shop_setup,
                                        intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_the_rest_is_discarded, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_names, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_removal_while_another_is_refused, intake_shop_setup,
                                        intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_discard, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_journal_after_a_crash, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_retry_survives_a_restart, intake_shop_setup,
                                        intake_shop_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
