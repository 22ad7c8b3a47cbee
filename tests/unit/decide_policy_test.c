/* What a site may want otherwise: unknown codes refused, customers overwritten, its own words for a status.
 */
#include "decide_test.h"

#include "order/policy.h"

#include <errno.h>

static struct import_result decide_by(struct fixture *f, const struct order_policy *policy, const char *key,
                                      struct order *o)
{
    struct order_file file = {.mapping = (char *)"plain", .orders = o, .n_orders = 1};
    struct import_job job = {.site = "shop",
                             .name = "order.xml",
                             .object_key = key,
                             .data = key,
                             .len = strlen(key),
                             .policy = policy};
    struct import_result r = {0};

    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, import_decide_file(f->writer, &job, &file, NULL, &r, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    db_end(f->writer);
    return r;
}

static void test_unknown_code_refused(void **state)
{
    struct fixture *f = *state;
    struct order_policy refuse = {.refuse_unknown_code = true};
    struct order o = tea_order("1");
    goods(f);
    add_line(&o, "NO-SUCH", 1000, 10000);
    struct import_result r = decide_by(f, &refuse, "a", &o);
    assert_int_equal(r.verdict, VERDICT_REFUSED);
    assert_contains(r.text, "no product has the code 'NO-SUCH' of line 2");
    assert_contains(r.text, "where: line 20, field 'code'");
    assert_contains(r.text, "to do: enter the code");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders"), 0);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 0);
    assert_string_equal(reserved(f), "");
    import_result_release(&r);

    /* The same is taken when the code is there, and by a site that keeps such lines. */
    run(f, "INSERT INTO product (id, sku) VALUES (9, 'NO-SUCH')");
    r = decide_by(f, &refuse, "b", &o);
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    import_result_release(&r);
    set(&o.number, "2");
    set(&o.lines[1].code, "OTHER");
    r = decide_by(f, &(struct order_policy){0}, "c", &o);
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    import_result_release(&r);
    set(&o.number, "3");
    o.lines[1].kind = LINE_SHIPPING; /* no product is meant */
    r = decide_by(f, &refuse, "d", &o);
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    import_result_release(&r);
    order_release(&o);
}

static const char customers[] = "SELECT name, first_name, last_name, email, phone, coalesce(street, '-'), "
                                "coalesce(city, '-'), coalesce(zip, '-') FROM customer ORDER BY id";

static void test_customer_fill_or_overwrite(void **state)
{
    struct fixture *f = *state;
    struct order_policy overwrite = {.overwrite_customer = true};
    struct order o = tea_order("1");
    goods(f);
    set(&o.billing.phone, "+380 50 123 45 67");
    set(&o.billing.street, "Old 1");
    set(&o.billing.zip, "01001");
    struct import_result r = decide_by(f, NULL, "a", &o);
    import_result_release(&r);
    set(&o.number, "2");
    set(&o.billing.last_name, "Шевченко");
    set(&o.billing.phone, "+380 50 765 43 21");
    set(&o.billing.street, "New 2");
    set(&o.billing.city, "Lviv");
    set(&o.billing.zip, NULL);
    r = decide_by(f, NULL, "b", &o);
    import_result_release(&r);
    assert_string_equal(text(f, f->reader, customers),
                        "Олена Коваль|Олена|Коваль|olena@example.com|+380 50 123 45 67|Old 1|-|01001");
    set(&o.number, "3");
    r = decide_by(f, &overwrite, "c", &o);
    import_result_release(&r);
    assert_string_equal(text(f, f->reader, customers),
                        "Олена Шевченко|Олена|Шевченко|olena@example.com|+380 50 765 43 21|New 2|Lviv|-");
    /* What the order does not say stays. */
    set(&o.number, "4");
    set(&o.billing.phone, NULL);
    set(&o.billing.street, NULL);
    set(&o.billing.city, NULL);
    r = decide_by(f, &overwrite, "d", &o);
    import_result_release(&r);
    assert_string_equal(text(f, f->reader, customers),
                        "Олена Шевченко|Олена|Шевченко|olena@example.com|+380 50 765 43 21|New 2|Lviv|-");
    order_release(&o);
}

static void test_words(void **state)
{
    struct order_policy p = {0};
    struct order o = tea_order("1");

    (void)state;
    assert_int_equal(order_policy_add_word(&p, "Виконано", "delivered, marked-paid"), 0);
    assert_int_equal(order_policy_add_word(&p, "On  hold", "new"), 0);
    assert_int_equal(order_policy_add_word(&p, "Paid by card", "marked-paid"), 0);
    assert_int_equal(order_policy_add_word(&p, "ВИКОНАНО", "new"), -EEXIST);
    assert_int_equal(order_policy_add_word(&p, "x", "done"), -EINVAL);
    assert_int_equal(order_policy_add_word(&p, "x", ""), -EINVAL);
    assert_int_equal(order_policy_add_word(&p, "x", "new shipped"), -EINVAL);
    assert_int_equal(order_policy_add_word(&p, "x", "marked-paid marked-unpaid"), -EINVAL);

    order_policy_apply(&p, &o); /* no word in the file */
    assert_null(o.status);
    set(&o.status_text, "виконано");
    order_policy_apply(&p, &o);
    assert_string_equal(o.status, "delivered");
    assert_true(o.paid);
    set(&o.status_text, "ON HOLD");
    order_policy_apply(&p, &o); /* before what the mapping knows */
    assert_string_equal(o.status, "new");
    assert_true(o.paid);
    o.paid = false;
    set(&o.status, NULL);
    set(&o.status_text, "Paid by card");
    order_policy_apply(&p, &o);
    assert_null(o.status);
    assert_true(o.paid);
    set(&o.status_text, "something else");
    order_policy_apply(&p, &o);
    assert_null(o.status);
    order_release(&o);
    order_policy_release(&p);
}

static void test_payment_words(void **state)
{
    struct order_policy p = {0};
    struct order o = tea_order("1");

    (void)state;
    assert_int_equal(order_policy_add_payment(&p, "Сплачено  частково", "partly"), 0);
    assert_int_equal(order_policy_add_payment(&p, "Done", "paid"), 0);
    assert_int_equal(order_policy_add_payment(&p, "done", "unpaid"), -EEXIST);
    assert_int_equal(order_policy_add_payment(&p, "x", "yes"), -EINVAL);
    assert_int_equal(order_policy_add_payment(&p, " ", "paid"), -EINVAL);
    set(&o.payment_text, "СПЛАЧЕНО частково");
    order_policy_apply(&p, &o);
    assert_string_equal(o.payment, "partly");
    assert_false(o.paid);
    set(&o.payment_text, "DONE");
    order_policy_apply(&p, &o);
    assert_string_equal(o.payment, "paid");
    assert_true(o.paid);
    o.paid = false;
    o.has_paid = true; /* the file's flag is more definite than a word */
    order_policy_apply(&p, &o);
    assert_false(o.paid);
    /* A word of the status says nothing of the payment, nor the other way round. */
    set(&o.payment, NULL);
    set(&o.payment_text, NULL);
    set(&o.status_text, "Done");
    order_policy_apply(&p, &o);
    assert_null(o.payment);
    assert_null(o.status);
    order_release(&o);
    order_policy_release(&p);
}

/* The words of the database, those of the configuration before them, and what neither knows. */
static void test_words_of_the_database(void **state)
{
    struct fixture *f = *state;
    struct order_policy p = {0};
    struct order o = tea_order("1");
    struct import_result r;

    goods(f);
    run(f, "INSERT INTO site_status_word VALUES (1, 'Зібрано', 'packed', NULL), (1, 'Готово', NULL, 1);"
           "INSERT INTO site_payment_word VALUES (1, 'Half', 'partly'), (1, 'ok', 'paid');");
    ok(f, order_policy_add_payment(&p, "Half", "refunded"));
    set(&o.status_text, "ЗІБРАНО");
    set(&o.payment_text, "half");
    r = decide_by(f, NULL, "a", &o);
    assert_contains(r.text, "status: packed\n  payment: partly\n");
    assert_lacks(r.text, "is not known");
    import_result_release(&r);
    set(&o.number, "1a"); /* the word of the status tells of the money where nothing else does */
    set(&o.payment, NULL);
    set(&o.payment_text, NULL);
    set(&o.status_text, "готово");
    r = decide_by(f, NULL, "a1", &o);
    assert_contains(r.text, "payment: paid\n");
    import_result_release(&r);
    set(&o.number, "2");
    set(&o.payment_text, "half");
    r = decide_by(f, &p, "b", &o);
    assert_contains(r.text, "payment: refunded\n");
    import_result_release(&r);
    set(&o.number, "3");
    set(&o.status, NULL);
    set(&o.payment, NULL);
    set(&o.status_text, "new");
    set(&o.payment_text, "Later");
    o.paid = false;
    r = decide_by(f, &p, "c", &o);
    assert_contains(
        r.text,
        "warning: the payment word 'Later' is not known; kept as text, the order is taken as not paid");
    import_result_release(&r);
    assert_string_equal(
        text(f, f->reader, "SELECT status, paid, payment_status, payment_text FROM orders ORDER BY id"),
        "packed|0|partly|half\npacked|1|NULL|NULL\npacked|0|refunded|half\nnew|0|NULL|Later");
    order_release(&o);
    order_policy_release(&p);
}

/* From the file's bytes on. */
static void test_words_of_a_file(void **state)
{
    struct fixture *f = *state;
    struct order_policy p = {0};
    struct order_map *map = NULL;
    struct order_limits limits = ORDER_LIMITS_DEFAULT;
    static const char bytes[] =
        "<order version=\"1\"><number>7</number><status>Out for delivery</status>"
        "<items><item><code>TEA</code><quantity>1</quantity><price>5</price></item></items></order>";
    goods(f);
    ok(f, order_map_compile(&map, SHOPFS_SOURCE_DATADIR "/mapping/order/plain.xml", &f->err));
    ok(f, order_policy_add_word(&p, "out for delivery", "shipped"));
    struct import_job job = {.site = "shop",
                             .name = "order.xml",
                             .object_key = "k",
                             .data = bytes,
                             .len = sizeof bytes - 1,
                             .maps = &map,
                             .n_maps = 1,
                             .limits = &limits};
    for (int i = 0; i < 2; i++) {
        struct import_result r = {0};
        job.policy = i ? &p : NULL;
        ok(f, db_begin_write(f->writer, &f->err));
        struct import_reading reading;
        import_read(&reading, &job);
        ok(f, order_import(f->writer, &job, &reading, NULL, &r, &f->err));
        import_reading_release(&reading);
        if (i)
            assert_lacks(r.text, "is not known");
        else
            assert_contains(r.text, "the status word 'Out for delivery' is not known");
        assert_string_equal(text(f, f->writer, "SELECT status, status_text FROM orders"),
                            i ? "shipped|Out for delivery" : "new|Out for delivery");
        db_end(f->writer);
        import_result_release(&r);
    }
    order_map_free(map);
    order_policy_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unknown_code_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_customer_fill_or_overwrite, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_payment_words),
        cmocka_unit_test_setup_teardown(test_words_of_the_database, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_words_of_a_file, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
