/* Amounts: exact, rounded half away from zero, prices to four digits, totals to cents; what the file's own
 * totals say. */
#include "decide_test.h"

#include <errno.h>

struct given {
    int64_t price_e4;
    bool gross;
    int64_t vat_e2; /* -1: none */
    int64_t quantity_e3, discount_e2;
    int64_t want_price_e4, want_net_e4, want_total_e4; /* want_net -1: none */
};

static struct line_facts compute(const struct order_line *l, struct notes *notes)
{
    struct line_facts out = {.from = l, .has_vat = l->has_vat, .vat_percent_e2 = l->vat_percent_e2};
    struct error err = ERROR_INIT;
    int rc = line_amounts(&out, 1, notes, &err);
    if (rc < 0)
        fail_msg("%s", err.message);
    return out;
}

static void test_price_and_total(void **state)
{
    (void)state;
    static const struct given cases[] = {
        {499000, true, 2000, 2000, 0, 499000, 415833, 998000},  /* 49.90 gross, 2 pieces */
        {415833, false, 2000, 1000, 0, 499000, 415833, 499000}, /* 41.5833 * 1.2 = 49.89996 -> 49.9000 */
        {330579, false, 2100, 1000, 0, 400001, 330579, 400000}, /* 33.0579 * 1.21 = 40.000059 */
        {330579, false, 2100, 100000, 0, 400001, 330579,
         40000100},                                          /* the fourth digit counts for 100 pieces */
        {9999999, true, -1, 1000, 0, 9999999, -1, 10000000}, /* 999.9999 -> 1000.00 */
        {50, true, -1, 1000, 0, 50, -1, 100},                /* 0.005 -> 0.01, half away from zero */
        {49, true, -1, 1000, 0, 49, -1, 0},
        {-50, true, -1, 1000, 0, -50, -1, -100}, /* and -0.005 -> -0.01 */
        {-49, true, -1, 1000, 0, -49, -1, 0},
        {100000, true, -1, 333, 0, 100000, -1, 33300},        /* 10.00 * 0.333 */
        {100000, true, -1, 1500, 1250, 100000, -1, 131300},   /* 15.00 less 12.5 % = 13.125 -> 13.13 */
        {100000, true, 0, 1000, 10000, 100000, 100000, 0},    /* all of it off */
        {100000, false, -1, 1000, 0, 100000, 100000, 100000}, /* net, no rate known */
        {1, false, 2000, 1000, 0, 1, 1, 0},                   /* 0.0001 * 1.2 = 0.00012 -> 0.0001 */
        {3, false, 5000, 1000, 0, 5, 3, 0},                   /* 0.00045 -> 0.0005, half away from zero */
        {-3, false, 5000, 1000, 0, -5, -3, 0},
        {499000, true, 2000, -1000, 0, 499000, 415833, -499000}, /* a return */
        {900000000000000000, true, -1, 1000, 0, 900000000000000000, -1, 900000000000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct given *c = &cases[i];
        struct order_line l = {.kind = LINE_PRODUCT,
                               .has_price = true,
                               .price_e4 = c->price_e4,
                               .price_has_vat = c->gross,
                               .has_vat = c->vat_e2 >= 0,
                               .vat_percent_e2 = c->vat_e2 >= 0 ? c->vat_e2 : 0,
                               .quantity_e3 = c->quantity_e3,
                               .discount_percent_e2 = c->discount_e2};
        struct notes notes = {0};
        struct line_facts got = compute(&l, &notes);
        if (got.price_e4 != c->want_price_e4 || got.total_e4 != c->want_total_e4 ||
            got.has_net != (c->want_net_e4 != -1) || (got.has_net && got.price_net_e4 != c->want_net_e4))
            fail_msg("case %zu: price %lld, net %lld, total %lld", i, (long long)got.price_e4,
                     (long long)got.price_net_e4, (long long)got.total_e4);
        notes_release(&notes);
    }
}

static void test_overflow_is_refused(void **state)
{
    (void)state;
    static const struct order_line lines[] = {
        {.has_price = true, .price_has_vat = true, .price_e4 = INT64_MAX, .quantity_e3 = 2000},
        {.has_price = true,
         .price_e4 = INT64_MAX,
         .has_vat = true,
         .vat_percent_e2 = 2000,
         .quantity_e3 = 1000},
        {.has_price = true, .price_has_vat = true, .price_e4 = 10000, .quantity_e3 = INT64_MAX},
        {.has_price = true, .price_has_vat = true, .price_e4 = 10000, .quantity_e3 = INT64_MIN},
        {.has_total = true, .price_has_vat = true, .total_e4 = INT64_MAX, .quantity_e3 = 1},
        {.has_price = true, .price_e4 = 10000, .quantity_e3 = 1000, .discount_percent_e2 = 10001},
        {.has_price = true, .price_e4 = 10000, .quantity_e3 = 1000, .discount_percent_e2 = INT64_MIN},
        {.has_price = true, .price_e4 = 10000, .quantity_e3 = 1000, .has_vat = true, .vat_percent_e2 = -1},
        {.has_price = true,
         .price_e4 = 10000,
         .quantity_e3 = 1000,
         .has_vat = true,
         .vat_percent_e2 = INT64_MAX},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct line_facts f = {
            .from = &lines[i], .has_vat = lines[i].has_vat, .vat_percent_e2 = lines[i].vat_percent_e2};
        struct notes notes = {0};
        struct error err = ERROR_INIT;
        if (line_amounts(&f, 1, &notes, &err) != -ERANGE || !err.message || !err.field || !err.advice)
            fail_msg("case %zu", i);
        error_release(&err);
        notes_release(&notes);
    }
}

static void test_own_total_of_a_line(void **state)
{
    (void)state;
    struct notes notes = {0};
    /* Only a total: the price follows. 100.00 for 3 pieces. */
    struct order_line l = {
        .has_total = true, .total_e4 = 1000000, .price_has_vat = true, .quantity_e3 = 3000};
    struct line_facts got = compute(&l, &notes);
    assert_int_equal(got.price_e4, 333333);
    assert_int_equal(got.total_e4, 1000000);
    /* A shop that rounded the unit price: 3 * 33.33 = 99.99, the file says 100.00: kept, not worth a remark.
     */
    l.has_price = true;
    l.price_e4 = 333300;
    got = compute(&l, &notes);
    assert_int_equal(got.total_e4, 1000000);
    assert_int_equal(notes.n, 0);
    /* A real difference is kept and remarked with both amounts. */
    l.total_e4 = 900000;
    got = compute(&l, &notes);
    assert_int_equal(got.total_e4, 900000);
    assert_int_equal(notes.n, 1);
    assert_contains(notes.items[0], "90.00");
    assert_contains(notes.items[0], "99.99");
    notes_release(&notes);
    /* A net total. */
    struct order_line net = {
        .has_total = true, .total_e4 = 1000000, .has_vat = true, .vat_percent_e2 = 2100, .quantity_e3 = 1000};
    got = compute(&net, &notes);
    assert_int_equal(got.total_e4, 1210000);
    assert_int_equal(got.total_net_e4, 1000000);
    notes_release(&notes);
}

static void test_quantities_that_sell_nothing(void **state)
{
    (void)state;
    static const struct {
        int64_t quantity_e3;
        enum order_line_kind kind;
        const char *remark;
    } cases[] = {
        {0, LINE_PRODUCT, "line 1: the quantity is 0 in thousandths; nothing is reserved"},
        {-2000, LINE_PRODUCT, "line 1: the quantity is negative; nothing is reserved"},
        {-1000, LINE_DISCOUNT, NULL},
        {1, LINE_PRODUCT, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order_line l = {.kind = cases[i].kind,
                               .has_price = true,
                               .price_has_vat = true,
                               .price_e4 = 10000,
                               .quantity_e3 = cases[i].quantity_e3};
        struct notes notes = {0};
        compute(&l, &notes);
        assert_int_equal(notes.n, cases[i].remark ? 1 : 0);
        if (cases[i].remark)
            assert_string_equal(notes.items[0], cases[i].remark);
        notes_release(&notes);
    }
}

/* Amounts at both ends of what can be counted: no difference of them may run over. */
static void test_amounts_far_apart(void **state)
{
    (void)state;
    struct notes notes = {0};
    struct order_line l = {.has_price = true,
                           .price_has_vat = true,
                           .price_e4 = -(INT64_MAX / 100 * 100),
                           .quantity_e3 = 1000,
                           .has_total = true,
                           .total_e4 = INT64_MAX / 100 * 100};
    compute(&l, &notes);
    assert_int_equal(notes.n, 1);
    assert_contains(notes.items[0], "the file's is kept");
    notes_release(&notes);

    static const int64_t units = 1000000;
    struct order_line lines[3] = {
        {.has_price = true, .quantity_e3 = 1000, .has_vat = true, .vat_percent_e2 = 10 * 10000},
        {.has_price = true, .quantity_e3 = 1000, .has_vat = true},
        {.has_price = true, .quantity_e3 = 1000, .has_vat = true, .vat_percent_e2 = 10 * 10000}};
    lines[0].price_e4 = lines[2].price_e4 = INT64_MAX / 11 / units * units;
    lines[1].price_e4 = -(INT64_MAX / units * units);
    struct order o = {
        .lines = lines, .n_lines = 3, .has_total = true, .total_e4 = units, .total_is_net = true};
    struct line_facts facts[3];
    for (int i = 0; i < 3; i++)
        facts[i] = compute(&lines[i], &notes);
    struct order_facts f = {.from = &o, .lines = facts};
    struct error err = ERROR_INIT;
    assert_int_equal(order_amounts(&f, &err), -ERANGE);
    assert_contains(err.message, "too big");
    error_release(&err);
    notes_release(&notes);
}

static void test_total_of_the_order(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    o.has_total = true;
    o.total_e4 = 998000;
    assert_lacks(decided(f, "1", &o, VERDICT_ACCEPTED), "warning");
    order_release(&o);

    o = tea_order("2");
    o.has_total = true;
    o.total_e4 = 1000000; /* a difference is a remark, never a refusal */
    assert_contains(decided(f, "2", &o, VERDICT_ACCEPTED),
                    "warning: the file's total is 100.00, the lines give 99.80");
    order_release(&o);

    o = tea_order("3"); /* part was paid with bonus points */
    o.has_total = true;
    o.total_e4 = 898000;
    o.bonus_used_e4 = 100000;
    assert_lacks(decided(f, "3", &o, VERDICT_ACCEPTED), "the file's total");
    order_release(&o);

    o = tea_order("4"); /* 99.80 with 20 % VAT is 83.17 net; stored with VAT */
    o.has_total = o.total_is_net = true;
    o.total_e4 = 831700;
    assert_lacks(decided(f, "4", &o, VERDICT_ACCEPTED), "warning");
    order_release(&o);
    assert_string_equal(text(f, f->reader, "SELECT total_e4, lines_total_e4 FROM orders ORDER BY id"),
                        "998000|998000\n1000000|998000\n898000|998000\n998000|998000");

    o = tea_order("5");
    add_line(&o, "TEA", 1000, INT64_MAX / 2);
    add_line(&o, "TEA", 1000, INT64_MAX / 2);
    add_line(&o, "TEA", 1000, INT64_MAX / 2);
    assert_contains(decided(f, "5", &o, VERDICT_REFUSED), "too big");
    order_release(&o);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_price_and_total),
        cmocka_unit_test(test_overflow_is_refused),
        cmocka_unit_test(test_own_total_of_a_line),
        cmocka_unit_test(test_quantities_that_sell_nothing),
        cmocka_unit_test(test_amounts_far_apart),
        cmocka_unit_test_setup_teardown(test_total_of_the_order, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
