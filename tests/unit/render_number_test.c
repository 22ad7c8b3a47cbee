/* The quick ways of writing numbers give what the exact ones of base/decimal.h give. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "mapping/text_write.h"

static uint64_t state_ = 42;

static uint64_t chance(void)
{
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
}

static void one(double value)
{
    for (int scale = 0; scale <= 9; scale++) {
        int64_t quick = -1, exact = -1;
        int a = number_from_double(value, scale, &quick), b = decimal_from_double(value, scale, &exact);

        if (a != b || (a == 0 && quick != exact))
            fail_msg("%.17g scale %d: %d %lld, exactly %d %lld", value, scale, a, (long long)quick, b,
                     (long long)exact);
    }
}

static void doubles(void **state)
{
    static const double edges[] = {0,
                                   -0.0,
                                   0.5,
                                   1.005,
                                   2.675,
                                   1e11,
                                   99999999999.9999,
                                   123456789012.3456,
                                   1e15,
                                   1e18,
                                   1e300,
                                   5e-324,
                                   0.00005,
                                   0.00004999999999999999,
                                   NAN,
                                   INFINITY,
                                   -INFINITY,
                                   0.1 + 0.2,
                                   4.35,
                                   1e22,
                                   9007199254740993.0};
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        one(edges[i]);
        one(-edges[i]);
    }
    for (int i = 0; i < 300000; i++) {
        double value;
        uint64_t bits = chance();

        switch (i % 4) {
        case 0: /* what views give */
            value = (double)(int64_t)(bits % 2000000000000) / 10000.0;
            break;
        case 1: /* beside a decimal */
            value = nextafter((double)(int64_t)(bits % 20000000) / 10000.0, i & 8 ? 1e9 : -1e9);
            break;
        case 2: /* sums and products of prices */
            value = (double)(bits % 100000) / 100.0 * 1.2 + (double)(bits >> 40) / 1000.0;
            break;
        default:
            memcpy(&value, &bits, sizeof value);
            break;
        }
        one(i & 16 ? -value : value);
    }
}

static void units(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        int64_t value = (int64_t)(chance() >> (chance() % 64));
        int scale = (int)(chance() % 10), places = (int)(chance() % 12) - 1;
        auto_buf a = BUF_INIT, b = BUF_INIT;

        if (i & 1)
            value = -value;
        number_write_units(&a, value, scale, places, ',');
        decimal_format(&b, value, scale, places, ',');
        if (strcmp(buf_str(&a), buf_str(&b)) != 0)
            fail_msg("%lld scale %d places %d: %s, exactly %s", (long long)value, scale, places, buf_str(&a),
                     buf_str(&b));
    }
}

static void whole_numbers(void **state)
{
    static const int64_t values[] = {0, 1, -1, 9, 10, 99, 100, 101, -100, 12345, INT64_MAX, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        auto_buf out = BUF_INIT;
        char text[32];

        number_write_int(&out, values[i]);
        snprintf(text, sizeof text, "%lld", (long long)values[i]);
        assert_string_equal(buf_str(&out), text);
    }
}

static void reals(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{1200, "1200"},
                 {0.5, "0.5"},
                 {-0.25, "-0.25"},
                 {1.0 / 3, "0.333333333"},
                 {12345678901.5, "12345678901.5"},
                 {1e17, "1e+17"},
                 {41.523456, "41.523456"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_buf out = BUF_INIT;

        number_write_real(&out, cases[i].value, '.');
        assert_string_equal(buf_str(&out), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles),
        cmocka_unit_test(units),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(reals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
