/* What becomes of an order that comes again, changed or not, touched or not; what the verdict says; what is
 * kept. */
#include "decide_test.h"

#include <errno.h>

static void test_accepted_text(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1042");
    struct order_line *l = add_line(&o, "GONE", 1000, 10000);
    set(&l->name, "Bad\x1b[31m name");
    struct import_result r = decide_file(f, "a", &o, 1);
    order_release(&o);
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    assert_false(r.repeated);
    assert_string_equal(r.mapping, "plain");
    /* The first line is for programs. */
    assert_true(strncmp(r.text, "accepted: order 1042\n", 21) == 0);
    assert_contains(r.text, "\nfile: order.xml, 1 bytes\ndecided: 2");
    assert_contains(r.text,
                    "\nmapping: plain\n\norder 1042: accepted\n"
                    "  customer: Олена Коваль (1, new)\n"
                    "  line 1: 2 шт TEA 'Чай', 49.90 each, 99.80 (by sku, reserved in main)\n"
                    "  line 2: 1 x GONE 'Bad?[31m name', 1.00 each, 1.00 (text)\n"
                    "  total: 100.80 UAH\n"
                    "  warning: line 2: no product has the code 'GONE'; kept as text, nothing reserved\n");
    assert_int_equal(r.text[strlen(r.text) - 1], '\n');
    import_result_release(&r);
}

static void test_everything_is_kept(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    set(&o.external_id, "512");
    set(&o.ordered, "2026-11-22 10:00:00");
    set(&o.status_text, "Прийнято");
    set(&o.currency, "EUR");
    set(&o.payment_method, "card");
    set(&o.delivery_method, "post");
    set(&o.note, "call first");
    set(&o.certificate, "GIFT-1");
    o.paid = true;
    set(&o.paid_on, "2026-11-22 10:05:00");
    o.delivery.present = true;
    set(&o.delivery.city, "Brno");
    set(&o.lines[0].variant, "green");
    set(&o.lines[0].note, "wrap it");
    o.unmapped = xcalloc(1, sizeof *o.unmapped);
    o.n_unmapped = 1;
    set(&o.unmapped[0].path, "order/color");
    set(&o.unmapped[0].value, "red");
    o.warnings = xcalloc(1, sizeof *o.warnings);
    o.n_warnings = 1;
    o.warnings[0] = xstrdup("the date is odd");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    order_release(&o);
    assert_string_equal(text(f, f->reader,
                             "SELECT number, external_id, revision, ordered, status, status_text, paid, "
                             "paid_on, currency, payment_method,"
                             " delivery_method, note, certificate, mapping, intake_id FROM orders"),
                        "1|512|1|2026-11-22 10:00:00|new|Прийнято|1|2026-11-22 10:05:00|EUR|card|post|call "
                        "first|GIFT-1|plain|1");
    assert_string_equal(text(f, f->reader, "SELECT kind, email, city FROM order_address ORDER BY kind"),
                        "billing|olena@example.com|NULL\ndelivery|NULL|Brno");
    assert_string_equal(text(f, f->reader, "SELECT note FROM order_line"), "green; wrap it");
    assert_string_equal(text(f, f->reader, "SELECT path, value FROM order_unmapped"), "order/color|red");
    assert_string_equal(text(f, f->reader, "SELECT text FROM order_warning"),
                        "the date is odd\n"
                        "the status word 'Прийнято' is not known; kept as text, the order is taken as new\n"
                        "the shop has no currency 'EUR'\n"
                        "the certificate 'GIFT-1' is not known; nothing is taken from it");
    assert_string_equal(text(f, f->reader, "SELECT status, source FROM order_status"), "new|intake");
    assert_string_equal(text(f, f->reader, "SELECT name, size, verdict, mapping FROM intake"),
                        "order.xml|1|accepted|plain");
    assert_string_equal(text(f, f->reader, "SELECT position, number, verdict, order_id FROM intake_order"),
                        "1|1|accepted|1");
}

static void test_duplicate(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    const char *said = decided(f, "a", &o, VERDICT_DUPLICATE); /* the same bytes */
    assert_true(strncmp(said, "duplicate: order 1\n", 19) == 0);
    decided(f, "b", &o, VERDICT_DUPLICATE); /* other bytes, the same order */
    run(f, "UPDATE orders SET handled = datetime('now'), status = 'packed'");
    decided(f, "c", &o, VERDICT_DUPLICATE); /* also when it is nearly on its way */
    order_release(&o);
    assert_string_equal(text(f, f->reader, "SELECT count(*), max(revision) FROM orders"), "1|1");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 1);
    assert_string_equal(reserved(f), "1|0|1|2000");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM intake WHERE verdict = 'duplicate'"), 3);
}

/* A cart split into several orders: the platform gives them one number and different ids. */
static void test_one_number_for_several_orders(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o[2] = {tea_order("KHW"), tea_order("KHW")};
    for (int i = 0; i < 2; i++)
        o[i].by_external_id = true;
    set(&o[0].external_id, "5");
    set(&o[1].external_id, "6");
    o[1].lines[0].quantity_e3 = 1000;
    struct import_result r = decide_file(f, "a", o, 2);
    assert_true(strncmp(r.text, "accepted: 2 orders: 2 accepted\n", 31) == 0);
    assert_contains(r.text, "order KHW#6: accepted");
    assert_contains(r.text, "warning: another order has the number 'KHW'; this one is 'KHW#6'");
    import_result_release(&r);
    r = decide_file(f, "b", o, 2);
    assert_int_equal(r.verdict, VERDICT_DUPLICATE);
    assert_string_equal(r.orders[1].number, "KHW#6");
    import_result_release(&r);
    o[1].lines[0].quantity_e3 = 3000;
    assert_true(strncmp(decided(f, "c", &o[1], VERDICT_REVISED), "revised: order KHW#6\n", 21) == 0);
    /* The buyer's number may change; the order stays itself. */
    set(&o[0].number, "KHX");
    assert_true(strncmp(decided(f, "d", &o[0], VERDICT_REVISED), "revised: order KHW\n", 19) == 0);
    assert_string_equal(text(f, f->reader, "SELECT number, external_id, revision FROM orders ORDER BY id"),
                        "KHW|5|2\nKHW#6|6|2");
    assert_string_equal(reserved(f), "1|0|1|5000");
    order_release(&o[0]);
    order_release(&o[1]);
}

static void test_the_same_number_at_another_site_is_another_order(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f,
        "INSERT INTO site (id, name, language, currency, price_list_id) VALUES (2, 'other', 'uk', 'UAH', 1)");
    struct order o = tea_order("1");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    struct order_file file = {.mapping = (char *)"plain", .orders = &o, .n_orders = 1};
    struct import_job job = {
        .site = "other", .name = "order.xml", .object_key = "other", .data = "a", .len = 1};
    struct import_result r = {0};
    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, import_decide_file(f->writer, &job, &file, NULL, &r, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    import_result_release(&r);
    job.site = "nowhere";
    assert_int_equal(import_decide_file(f->writer, &job, &file, NULL, &r, &f->err), -ENOENT);
    assert_contains(f->err.message, "nowhere");
    order_release(&o);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders"), 2);
}

static void test_revision(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    set(&o.payment_method, "cash");
    add_line(&o, "CUP-R", 1000, 100000);
    decided(f, "a", &o, VERDICT_ACCEPTED);
    assert_string_equal(reserved(f), "1|0|1|2000\n2|21|2|1000");
    order_release(&o);

    o = tea_order("1");
    set(&o.payment_method, "card");
    o.lines[0].quantity_e3 = 3000;
    add_line(&o, "CUP-B", 1000, 100000);
    set(&o.billing.city, "Lviv");
    const char *said = decided(f, "b", &o, VERDICT_REVISED);
    assert_true(strncmp(said, "revised: order 1\n", 17) == 0);
    assert_contains(said, "  revision: 2\n");
    assert_contains(said,
                    "  changed: line 'TEA' quantity: 2 -> 3\n  changed: line 'TEA' total: 99.80 -> 149.70\n"
                    "  changed: line removed: 1 x 'Cup', 10.00\n  changed: line added: 1 x 'Cup', 10.00\n"
                    "  changed: payment: cash -> card\n  changed: billing city: (none) -> Lviv\n");
    order_release(&o);
    assert_string_equal(reserved(f), "1|0|1|3000\n2|22|2|1000");
    assert_string_equal(
        text(f, f->reader,
             "SELECT revision, payment_method, lines_total_e4, intake_id, modified IS NOT NULL FROM orders"),
        "2|card|1597000|2|1");
    assert_string_equal(
        text(f, f->reader, "SELECT position, code, quantity_e3, warehouse_id, reserved_e3 FROM order_line"),
        "1|TEA|3000|1|3000\n2|CUP-B|1000|2|1000");
    assert_string_equal(text(f, f->reader, "SELECT city FROM order_address"), "Lviv");
    assert_string_equal(
        text(f, f->reader, "SELECT status, source, substr(note, 1, 28) FROM order_status ORDER BY id"),
        "new|intake|\nnew|intake|revision 2 from 'order.xml':");
}

static void test_revision_of_the_sites_own_status(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    set(&o.status, "accepted");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    set(&o.status, "paid"); /* the web shop's word, not ours: the order is still untouched */
    o.paid = true;
    decided(f, "b", &o, VERDICT_REVISED);
    set(&o.status, "packed");
    decided(f, "c", &o, VERDICT_REVISED);
    assert_string_equal(text(f, f->reader, "SELECT status, source FROM order_status ORDER BY id"),
                        "accepted|intake\npaid|intake\npacked|intake");
    assert_string_equal(reserved(f), "1|0|1|2000");
    set(&o.status, "delivered"); /* gone: nothing is held any more */
    decided(f, "d", &o, VERDICT_REVISED);
    assert_string_equal(reserved(f), "");
    order_release(&o);
}

static void test_payment_is_not_taken_back(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    run(f, "UPDATE orders SET paid = 1, paid_on = '2026-11-22 12:00:00'");
    set(&o.note, "changed");
    assert_contains(decided(f, "b", &o, VERDICT_REVISED),
                    "warning: the file says unpaid, the order is marked paid; the mark is left");
    order_release(&o);
    assert_string_equal(text(f, f->reader, "SELECT paid, paid_on FROM orders"), "1|2026-11-22 12:00:00");
}

static void test_cancelled_by_the_site(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    o.cancelled = true;
    assert_contains(decided(f, "b", &o, VERDICT_REVISED), "changed: status: new -> cancelled");
    assert_string_equal(reserved(f), "");
    assert_string_equal(text(f, f->reader, "SELECT status FROM orders"), "cancelled");
    assert_string_equal(text(f, f->reader, "SELECT count(*), sum(reserved_e3) FROM order_line"), "1|0");
    o.cancelled = false;
    set(&o.note, "after all"); /* and called back */
    decided(f, "c", &o, VERDICT_REVISED);
    assert_string_equal(reserved(f), "1|0|1|2000");
    order_release(&o);
}

static void test_conflict_shows_differences(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    decided(f, "a", &o, VERDICT_ACCEPTED);
    run(f, "UPDATE orders SET handled = '2026-11-22 12:00:00'");
    o.lines[0].quantity_e3 = 5000;
    set(&o.delivery_method, "courier");
    const char *before = xstrdup(text(f, f->reader, "SELECT * FROM orders, order_line, stock"));
    const char *said = decided(f, "b", &o, VERDICT_CONFLICT);
    assert_true(strncmp(said,
                        "refused: order 1: the order has other content than in the shop, where it is being "
                        "handled since 2026-11-22 12:00:00\n",
                        100) == 0);
    assert_contains(said, "order 1: conflict\n");
    assert_contains(said, "  difference: line 'TEA' quantity: 2 -> 5\n");
    assert_contains(said, "  difference: delivery: (none) -> courier\n");
    assert_contains(said, "  to do: ");
    assert_string_equal(text(f, f->reader, "SELECT * FROM orders, order_line, stock"), before);
    free((char *)before);
    assert_string_equal(text(f, f->reader,
                             "SELECT i.verdict, x.verdict, order_id FROM intake i JOIN intake_order x ON "
                             "i.id = intake_id WHERE i.id = 2"),
                        "refused|conflict|1");
    /* Handed back: the same file is taken now. */
    run(f, "UPDATE orders SET handled = NULL");
    decided(f, "b", &o, VERDICT_REVISED);
    /* A status set by somebody is a touch too. */
    run(f, "UPDATE orders SET status = 'accepted'");
    o.cancelled = true;
    said = decided(f, "c", &o, VERDICT_CONFLICT);
    assert_contains(said, "where its status was changed to 'accepted'");
    assert_contains(said, "difference: status: accepted -> cancelled\n");
    order_release(&o);
    assert_string_equal(reserved(f), "1|0|1|5000");
}

static void test_late_repetition_of_an_old_revision(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order a = tea_order("1"), b = tea_order("1");
    b.lines[0].quantity_e3 = 3000;
    decided(f, "a", &a, VERDICT_ACCEPTED);
    decided(f, "b", &b, VERDICT_REVISED);
    assert_contains(decided(f, "a", &a, VERDICT_DUPLICATE),
                    "replaced by a newer one since; the order stays at revision 2");
    decided(f, "b", &b, VERDICT_DUPLICATE);
    assert_string_equal(reserved(f), "1|0|1|3000");
    /* A file of other bytes with the old content is news: the buyer changed his mind back. */
    decided(f, "a again, written later", &a, VERDICT_REVISED);
    assert_string_equal(reserved(f), "1|0|1|2000");
    decided(f, "b", &b, VERDICT_DUPLICATE);
    /* The same bytes read otherwise by a corrected mapping are a revision. */
    set(&a.note, "now read");
    decided(f, "a again, written later", &a, VERDICT_REVISED);
    order_release(&a);
    order_release(&b);
    assert_string_equal(text(f, f->reader, "SELECT revision, note FROM orders"), "4|now read");
}

/* With the same content it is a repetition. With other content nobody can tell which holds; and where a mapping reads
 * the wrong element as the number, every order of the file would replace the one before it. */
static void test_one_number_twice_in_a_file(void **state)
{
    struct fixture *f = *state;
    goods(f);
    for (int round = 0; round < 2; round++) {
        struct order orders[4] = {tea_order("1"), tea_order("1"), tea_order("1"), tea_order("2")};
        orders[2].lines[0].quantity_e3 = 4000;
        orders[2].line = 31;
        struct import_result r = decide_file(f, "file", orders, 4);
        assert_int_equal(r.orders[0].verdict, round ? VERDICT_DUPLICATE : VERDICT_ACCEPTED);
        assert_int_equal(r.orders[1].verdict, VERDICT_DUPLICATE);
        assert_int_equal(r.orders[2].verdict, VERDICT_REFUSED);
        assert_int_equal(r.orders[3].verdict, round ? VERDICT_DUPLICATE : VERDICT_ACCEPTED);
        assert_int_equal(r.verdict, VERDICT_PARTLY);
        assert_contains(r.text,
                        "order 1: refused\n  reason: the file has the order '1' twice, with different "
                        "content\n  where: line 31, field 'number'\n  to do: ");
        import_result_release(&r);
        for (int i = 0; i < 4; i++)
            order_release(&orders[i]);
    }
    assert_string_equal(reserved(f), "1|0|1|4000");
    assert_string_equal(text(f, f->reader, "SELECT number, revision FROM orders ORDER BY 1"), "1|1\n2|1");
    /* In a file of its own the same is a revision. */
    struct order changed = tea_order("1");
    changed.lines[0].quantity_e3 = 4000;
    decided(f, "later", &changed, VERDICT_REVISED);
    order_release(&changed);
}

static void test_partly(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order orders[4] = {tea_order("1"), tea_order(NULL), tea_order("3"), tea_order("4")};
    error_set(&orders[2].error, -EINVAL, "'12x' is not a number");
    error_at(&orders[2].error, NULL, 17, "quantity");
    error_advise(&orders[2].error, "write the quantity as 12 or 12.5");
    struct import_result r = decide_file(f, "a", orders, 4);
    assert_int_equal(r.verdict, VERDICT_PARTLY);
    assert_true(strncmp(r.text, "partly: 4 orders: 2 accepted, 2 refused\n", 40) == 0);
    assert_contains(r.text, "\norder (no number): refused\n  reason: the order has no number\n  where: line "
                            "2, field 'number'\n  to do: ");
    assert_contains(r.text, "\norder 3: refused\n  reason: '12x' is not a number\n  where: line 17, field "
                            "'quantity'\n  to do: write the quantity as 12 or 12.5\n");
    import_result_release(&r);
    for (int i = 0; i < 4; i++)
        order_release(&orders[i]);
    assert_string_equal(text(f, f->reader, "SELECT number FROM orders"), "1\n4");
    assert_string_equal(
        text(f, f->reader, "SELECT number, verdict, order_id FROM intake_order ORDER BY position"),
        "1|accepted|1\nNULL|refused|NULL\n3|refused|NULL\n4|accepted|2");
}

static void test_a_rule_of_the_database_refuses_one_order(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "CREATE TRIGGER no_cups BEFORE INSERT ON order_line WHEN NEW.code = 'CUP-R' BEGIN"
           " SELECT RAISE(ABORT, 'red cups are not sold'); END");
    struct order orders[2] = {tea_order("1"), tea_order("2")};
    set(&orders[0].billing.email, "first@example.com");
    add_line(&orders[0], "CUP-R", 1000, 10000);
    struct import_result r = decide_file(f, "a", orders, 2);
    assert_int_equal(r.verdict, VERDICT_PARTLY);
    assert_contains(r.text, "red cups are not sold");
    import_result_release(&r);
    order_release(&orders[0]);
    order_release(&orders[1]);
    /* Nothing of the refused one is left: no customer, no reservation. */
    assert_string_equal(text(f, f->reader, "SELECT email FROM customer"), "olena@example.com");
    assert_string_equal(reserved(f), "1|0|1|2000");
}

static void test_no_order_and_unreadable(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order_file empty = {.mapping = NULL, .seen = (char *)"'Invoices' with 'Invoice'"};
    struct import_job job = {
        .site = "shop", .name = "in\nvoice.xml", .object_key = "k1", .data = "<x/>", .len = 4};
    struct import_result r = {0};
    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, import_decide_file(f->writer, &job, &empty, NULL, &r, &f->err));
    assert_int_equal(r.verdict, VERDICT_NO_ORDER);
    assert_true(strncmp(r.text,
                        "no-order: no order in this file; it holds 'Invoices' with 'Invoice'\nfile: "
                        "in?voice.xml, 4 bytes\n",
                        90) == 0);
    import_result_release(&r);

    struct error why = ERROR_INIT;
    error_set(&why, -EINVAL, "a DOCTYPE is not taken");
    error_at(&why, NULL, 2, NULL);
    error_advise(&why, "write the file without one");
    job.object_key = "k2";
    ok(f, import_decide_file(f->writer, &job, NULL, &why, &r, &f->err));
    assert_int_equal(r.verdict, VERDICT_REFUSED);
    assert_true(strncmp(r.text, "refused: a DOCTYPE is not taken\n", 32) == 0);
    assert_contains(r.text, "  where: line 2\n  to do: write the file without one\n");
    import_result_release(&r);
    error_release(&why);
    ok(f, db_commit(f->writer, &f->err));
    assert_string_equal(text(f, f->reader, "SELECT verdict, mapping FROM intake"),
                        "no-order|NULL\nrefused|NULL");
}

static void test_recall_from_the_journal(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order orders[2] = {tea_order("1"), tea_order(NULL)};
    struct import_result first = {0}, again = {0};
    ok(f, try_decide(f->writer, "a", "the-key", orders, 2, &first, &f->err));
    assert_int_equal(order_import_recall(f->reader, "the-key", &again, &f->err), 1);
    assert_true(again.repeated);
    assert_int_equal(again.verdict, first.verdict);
    assert_string_equal(again.text, first.text);
    assert_string_equal(again.mapping, first.mapping);
    assert_int_equal(again.n_orders, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(again.orders[i].verdict, first.orders[i].verdict);
        assert_int_equal(again.orders[i].order_id, first.orders[i].order_id);
        assert_string_equal(again.orders[i].message, first.orders[i].message);
    }
    assert_null(again.orders[1].number);
    import_result_release(&again);
    import_result_release(&first);
    assert_int_equal(order_import_recall(f->reader, "no-key", &again, &f->err), 0);
    /* order_import itself looks there first: nothing happens. */
    struct import_job job = {
        .site = "shop", .name = "order.xml", .object_key = "the-key", .data = "a", .len = 1};
    ok(f, db_begin_write(f->writer, &f->err));
    struct import_reading reading = {0};
    ok(f, order_import(f->writer, &job, &reading, NULL, &again, &f->err));
    ok(f, order_import_filed(f->writer, "the-key", "order~2.xml", NULL, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    assert_true(again.repeated);
    assert_int_equal(again.verdict, VERDICT_PARTLY);
    import_result_release(&again);
    order_release(&orders[0]);
    order_release(&orders[1]);
    assert_string_equal(text(f, f->reader, "SELECT count(*), max(filed_as) FROM intake"), "1|order~2.xml");
}

static void test_very_many_orders_in_a_file(void **state)
{
    struct fixture *f = *state;
    goods(f);
    enum { N = 2000 };
    struct order *orders = xcalloc(N, sizeof *orders);
    for (int i = 0; i < N; i++) {
        char number_text[16];
        snprintf(number_text, sizeof number_text, "%d", i + 1);
        orders[i] = tea_order(i == 700 ? NULL : number_text);
    }
    struct import_result r = decide_file(f, "a", orders, N);
    assert_int_equal(r.verdict, VERDICT_PARTLY);
    assert_contains(r.text, "order (no number): refused\n  reason: ");
    assert_contains(r.text, "order 10: accepted\n  warning: "); /* short of stock */
    assert_lacks(r.text, "  line 1: 2");
    import_result_release(&r);
    for (int i = 0; i < N; i++)
        order_release(&orders[i]);
    free(orders);
    assert_int_equal(number(f, f->reader, "SELECT sum(reserved_e3) FROM stock"), 2000 * (N - 1));
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepted_text, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_everything_is_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_duplicate, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_number_for_several_orders, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_number_at_another_site_is_another_order, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_revision, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_revision_of_the_sites_own_status, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_payment_is_not_taken_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_by_the_site, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_conflict_shows_differences, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_late_repetition_of_an_old_revision, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_number_twice_in_a_file, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_partly, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_rule_of_the_database_refuses_one_order, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_order_and_unreadable, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_recall_from_the_journal, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_very_many_orders_in_a_file, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
