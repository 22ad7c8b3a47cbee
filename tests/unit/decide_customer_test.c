/* Who ordered: the rules in their order, gaps filled and nothing overwritten, one customer however often. */
#include "decide_test.h"

static struct order bare(const char *number_text)
{
    struct order o = tea_order(number_text);
    set(&o.billing.first_name, NULL);
    set(&o.billing.last_name, NULL);
    set(&o.billing.email, NULL);
    return o;
}

static const char *customer_of(struct fixture *f, const char *number_text)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT customer_id, customer_rule FROM orders WHERE number = '%s'",
             number_text);
    return text(f, f->reader, sql);
}

static void take(struct fixture *f, struct order *o, const char *expected)
{
    char number_text[64];
    strcpy(number_text, o->number);
    decided(f, number_text, o, VERDICT_ACCEPTED);
    order_release(o);
    assert_string_equal(customer_of(f, number_text), expected);
}

static void test_rules_in_order(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "INSERT INTO customer (id, name, email, phone) VALUES (11, 'by id', 'a@example.com', NULL),"
           " (12, 'by mail', 'Mail@Example.com ', NULL), (13, 'by phone', NULL, '+380 (50) 123-45-67');"
           "INSERT INTO customer_site VALUES (1, 'web-7', 11)");
    struct order o = bare("1");
    set(&o.customer_id, "web-7");
    set(&o.billing.email, "mail@example.com");
    set(&o.billing.phone, "0501234567");
    take(f, &o, "11|site-id");

    o = bare("2");
    set(&o.billing.email, " MAIL@example.com");
    set(&o.billing.phone, "0501234567");
    take(f, &o, "12|email");

    o = bare("3");
    set(&o.billing.phone, "050 123 45 67");
    take(f, &o, "11|phone"); /* number 1 left its telephone with customer 11, who is the oldest to have it */

    o = bare("4");
    set(&o.billing.email, "new@example.com");
    take(f, &o, "14|created");

    o = bare("5");
    set(&o.customer_id, "web-8"); /* only an id */
    take(f, &o, "15|created");
    assert_string_equal(text(f, f->reader, "SELECT name FROM customer WHERE id = 15"), "customer web-8");
    o = bare("6");
    set(&o.customer_id, "web-8");
    set(&o.billing.email, "late@example.com");
    take(f, &o, "15|site-id");
    assert_string_equal(text(f, f->reader, "SELECT email FROM customer WHERE id = 15"), "late@example.com");
}

/* Web shops write 0 for whoever orders without an account. */
static void test_nobody_is_no_customer(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    set(&o.customer_id, "0");
    set(&o.billing.email, "a@example.com");
    take(f, &o, "1|created");
    o = tea_order("2");
    set(&o.customer_id, "0");
    set(&o.billing.email, "b@example.com");
    take(f, &o, "2|created");
    o = bare("3");
    set(&o.customer_id, "00");
    take(f, &o, "NULL|NULL");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer_site"), 0);
}

static void test_phone_shapes(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "INSERT INTO customer (id, name, phone) VALUES (11, 'a', '+380 50 123-45-67'), (12, 'b', '602 123 "
           "456'), (13, 'c', '123456')");
    static const struct {
        const char *phone;
        bool same;
    } cases[] = {
        {"380501234567", true},
        {"0501234567", true},
        {"501234567", true},
        {"00380501234567", true},
        {"+420 602 123 456", true},
        {"00420602123456", true},
        {"602.123.456", true},
        {"+7 350 501234567", false}, /* the same last nine, another country */
        {"123456", false},           /* too short to mean anybody */
        {"0", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char number_text[16];
        snprintf(number_text, sizeof number_text, "P%zu", i);
        struct order o = bare(number_text);
        set(&o.billing.phone, cases[i].phone);
        decided(f, number_text, &o, VERDICT_ACCEPTED);
        order_release(&o);
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT customer_rule = 'phone' FROM orders WHERE number = '%s'",
                 number_text);
        if (number(f, f->reader, sql) != cases[i].same)
            fail_msg("%s", cases[i].phone);
    }
}

static void test_gaps_filled_nothing_overwritten(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "INSERT INTO customer (id, name, email, first_name, city) VALUES (11, 'Known', "
           "'olena@example.com', 'Olena', 'Lviv')");
    struct order o = tea_order("1");
    set(&o.customer_id, "77");
    set(&o.billing.phone, "0671112233");
    set(&o.billing.city, "Kyiv");
    set(&o.billing.street, "Main 1");
    take(f, &o, "11|email");
    /* The name stays; the telephone is new; an address is taken whole or not at all. */
    assert_string_equal(
        text(f, f->reader, "SELECT name, first_name, last_name, phone, city, street FROM customer"),
        "Known|Olena|Коваль|0671112233|Lviv|NULL");
    assert_string_equal(text(f, f->reader, "SELECT site_id, external_id, customer_id FROM customer_site"),
                        "1|77|11");
    o = tea_order("2");
    set(&o.customer_id, "77");
    set(&o.billing.email, "other@example.com");
    decided(f, "2", &o, VERDICT_ACCEPTED);
    order_release(&o);
    assert_contains(text(f, f->reader, "SELECT text FROM order_warning"),
                    "'other@example.com' is not the customer's 'olena@example.com'");
    assert_string_equal(text(f, f->reader, "SELECT email FROM customer"), "olena@example.com");
}

static void test_companies_and_persons(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    set(&o.billing.company, "ТОВ «Чай»");
    set(&o.billing.tax_id, "12345678");
    set(&o.billing.email, "firm@example.com");
    take(f, &o, "1|created");
    assert_string_equal(text(f, f->reader, "SELECT kind, name, first_name, company, tax_id FROM customer"),
                        "company|ТОВ «Чай»|Олена|ТОВ «Чай»|12345678");
    o = tea_order("2");
    take(f, &o, "2|created");
    assert_string_equal(text(f, f->reader, "SELECT kind, name FROM customer WHERE id = 2"),
                        "person|Олена Коваль");
    /* A person who orders for a company once does not become one. */
    o = tea_order("3");
    set(&o.billing.company, "Firm");
    set(&o.billing.tax_id, "87654321");
    take(f, &o, "2|email");
    assert_string_equal(text(f, f->reader, "SELECT kind, company, tax_id FROM customer WHERE id = 2"),
                        "person|NULL|NULL");
    assert_string_equal(
        text(f, f->reader,
             "SELECT company FROM order_address a JOIN orders o ON o.id = a.order_id WHERE number = '3'"),
        "Firm");
}

static void test_delivery_address_speaks_where_billing_is_silent(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = bare("1");
    o.billing.present = false;
    o.delivery.present = true;
    set(&o.delivery.name, "Jan Novák");
    set(&o.delivery.phone, "+420602123456");
    set(&o.delivery.city, "Brno");
    take(f, &o, "1|created");
    assert_string_equal(text(f, f->reader, "SELECT name, phone, city FROM customer"),
                        "Jan Novák|+420602123456|Brno");
}

static void test_nobody(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = bare("1");
    assert_contains(decided(f, "1", &o, VERDICT_ACCEPTED), "does not say who the customer is");
    order_release(&o);
    assert_string_equal(customer_of(f, "1"), "NULL|NULL");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 0);
}

static void test_codes_of_the_accounting_program(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "UPDATE site SET default_client = 'RETAIL', default_object = 'OBJ', default_user = 'USR', "
           "default_executor = 'EXE';"
           "INSERT INTO customer (id, code, name, email, price_list_id) VALUES (11, 'C-11', 'Known',"
           " 'known@example.com', 2)");
    struct order o = tea_order("1");
    take(f, &o, "12|created");
    o = tea_order("2");
    set(&o.billing.email, "known@example.com");
    take(f, &o, "11|email");
    assert_string_equal(text(f, f->reader,
                             "SELECT client_code, object_code, user_code, executor_code, price_list_id FROM "
                             "orders ORDER BY id"),
                        "RETAIL|OBJ|USR|EXE|1\nC-11|OBJ|USR|EXE|2");
}

static void test_revision_keeps_its_customer(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    take(f, &o, "1|created");
    o = tea_order("1");
    set(&o.billing.email, "corrected@example.com"); /* nobody has it: no second customer for one order */
    decided(f, "corrected", &o, VERDICT_REVISED);
    order_release(&o);
    assert_string_equal(customer_of(f, "1"), "1|created");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 1);
    run(f, "INSERT INTO customer (id, name, email) VALUES (9, 'Other', 'other@example.com')");
    o = tea_order("1");
    set(&o.billing.email, "other@example.com"); /* somebody has: the order is theirs */
    decided(f, "other", &o, VERDICT_REVISED);
    order_release(&o);
    assert_string_equal(customer_of(f, "1"), "9|email");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rules_in_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_is_no_customer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_phone_shapes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_gaps_filled_nothing_overwritten, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_companies_and_persons, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_delivery_address_speaks_where_billing_is_silent, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nobody, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_codes_of_the_accounting_program, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_revision_keeps_its_customer, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
