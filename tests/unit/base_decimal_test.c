/* Decimals: reading, writing, rounding. The random loops compare with slow arithmetic on digit strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/decimal.h"

#define ROUNDS 20000
#define COUNT(a) (sizeof(a) / sizeof *(a))

static uint64_t state = 20261122;

static uint64_t random64(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static int random_below(int n)
{
    return (int)(random64() % (uint64_t)n);
}

/* Of all magnitudes, not only of the biggest. */
static int64_t random_units(void)
{
    return (int64_t)random64() >> random_below(64);
}

static int parse(const char *text, enum decimal_style style, int scale, int64_t *out)
{
    return decimal_parse(text, strlen(text), style, scale, out);
}

struct sample {
    const char *text;
    enum decimal_style style;
    int scale, rc;
    int64_t units;
};

static void check_samples(const struct sample *samples, size_t n)
{
    for (const struct sample *s = samples; s < samples + n; s++) {
        int64_t got = 4711;
        int rc = parse(s->text, s->style, s->scale, &got);

        if (rc != s->rc || (rc == 0 && got != s->units))
            fail_msg("'%s': %d, %lld", s->text, rc, (long long)got);
    }
}

static void reads_what_files_write(void **unused)
{
    static const struct sample samples[] = {
        {"0", DECIMAL_AUTO, 4, 0, 0},
        {"12", DECIMAL_AUTO, 0, 0, 12},
        {"25,10", DECIMAL_AUTO, 2, 0, 2510},
        {"25.10", DECIMAL_AUTO, 2, 0, 2510},
        {"1.234,50", DECIMAL_AUTO, 2, 0, 123450},
        {"1,234.50", DECIMAL_AUTO, 2, 0, 123450},
        {"1.234.567", DECIMAL_AUTO, 0, 0, 1234567},
        {"1,234,567", DECIMAL_AUTO, 1, 0, 12345670},
        {"1,234,567.891", DECIMAL_AUTO, 3, 0, 1234567891},
        {"1 234 567,5", DECIMAL_AUTO, 1, 0, 12345675},
        {"1\xc2\xa0"
         "234,5",
         DECIMAL_AUTO, 1, 0, 12345},
        {"1\xe2\x80\xaf"
         "234,5",
         DECIMAL_AUTO, 1, 0, 12345},
        {" \t12.5\r\n", DECIMAL_AUTO, 1, 0, 125},
        {"\xc2\xa0"
         "7\xc2\xa0",
         DECIMAL_AUTO, 0, 0, 7},
        {"-3,5", DECIMAL_AUTO, 1, 0, -35},
        {"- 3,5", DECIMAL_AUTO, 1, 0, -35},
        {"+3.5", DECIMAL_AUTO, 1, 0, 35},
        {"-0", DECIMAL_AUTO, 4, 0, 0},
        {".5", DECIMAL_AUTO, 2, 0, 50},
        {"5.", DECIMAL_AUTO, 2, 0, 500},
        {"007", DECIMAL_AUTO, 0, 0, 7},
        {"1,234", DECIMAL_AUTO, 3, 0, 1234},
        {"1,234", DECIMAL_POINT, 3, 0, 1234000},
        {"1.234", DECIMAL_POINT, 3, 0, 1234},
        {"1.234", DECIMAL_COMMA, 3, 0, 1234000},
        {"1,234", DECIMAL_COMMA, 3, 0, 1234},
        {"1 234.5", DECIMAL_POINT, 1, 0, 12345},
    };

    (void)unused;
    check_samples(samples, COUNT(samples));
}

static void refuses_what_is_no_number(void **unused)
{
    static const char *const texts[] = {
        "",
        " ",
        "-",
        "+",
        ".",
        ",",
        "--1",
        "+-1",
        "1-",
        "1e3",
        "0x10",
        "1%",
        "12 EUR",
        "EUR 12",
        "NaN",
        "inf",
        "12 34",
        "1 2 3",
        "1,2,3",
        "1.2.3",
        "12.3.45",
        "1234.567.",
        "1234,567,890",
        "1,234,50",
        "1,,234.5",
        "1.234,567.8",
        ".123,4",
        "0.123.456",
        "1. 5",
        "1 .5",
        "1\xc2",
        "\xd9\xa1",
        "1.5 5",
        "99999999999999999999x",
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t got = 4711;

        if (parse(texts[i], DECIMAL_AUTO, 4, &got) != -EINVAL || got != 4711)
            fail_msg("'%s' is taken for a number (%lld)", texts[i], (long long)got);
    }
    assert_int_equal(decimal_parse("1\0002", 3, DECIMAL_AUTO, 0, &(int64_t){0}), -EINVAL);
}

/* A comma that cannot group must not vanish: 0,500 kg is not 500 kg. */
static void refuses_groups_nobody_writes(void **unused)
{
    static const struct sample samples[] = {
        {"0,500", DECIMAL_POINT, 3, -EINVAL, 0},       {"1,5", DECIMAL_POINT, 3, -EINVAL, 0},
        {"1234,567", DECIMAL_POINT, 3, -EINVAL, 0},    {"1,2345", DECIMAL_POINT, 3, -EINVAL, 0},
        {"0.500", DECIMAL_COMMA, 3, -EINVAL, 0},       {"12.50", DECIMAL_COMMA, 2, -EINVAL, 0},
        {"1,234.567,8", DECIMAL_POINT, 3, -EINVAL, 0}, {",234", DECIMAL_POINT, 3, -EINVAL, 0},
    };

    (void)unused;
    check_samples(samples, COUNT(samples));
}

static void reads_only_len_bytes(void **unused)
{
    int64_t got;

    (void)unused;
    assert_int_equal(decimal_parse("12.567", 4, DECIMAL_AUTO, 1, &got), 0);
    assert_int_equal(got, 125);
    assert_int_equal(decimal_parse("12", 0, DECIMAL_AUTO, 1, &got), -EINVAL);
}

static void rounds_half_away_from_zero(void **unused)
{
    static const struct sample samples[] = {
        {"0.005", DECIMAL_AUTO, 2, 0, 1},        {"-0.005", DECIMAL_AUTO, 2, 0, -1},
        {"0.0049999999", DECIMAL_AUTO, 2, 0, 0}, {"2.5", DECIMAL_AUTO, 0, 0, 3},
        {"-2.5", DECIMAL_AUTO, 0, 0, -3},        {"1.5", DECIMAL_AUTO, 0, 0, 2},
        {"9.995", DECIMAL_AUTO, 2, 0, 1000},     {"2.675", DECIMAL_AUTO, 2, 0, 268},
    };

    (void)unused;
    check_samples(samples, COUNT(samples));
}

static void stops_at_64_bits(void **unused)
{
    static const struct sample samples[] = {
        {"9223372036854775807", DECIMAL_AUTO, 0, 0, INT64_MAX},
        {"-9223372036854775808", DECIMAL_AUTO, 0, 0, INT64_MIN},
        {"9223372036854775808", DECIMAL_AUTO, 0, -ERANGE, 0},
        {"-9223372036854775809", DECIMAL_AUTO, 0, -ERANGE, 0},
        {"922337203685477.5807", DECIMAL_AUTO, 4, 0, INT64_MAX},
        {"922337203685477.58074", DECIMAL_AUTO, 4, 0, INT64_MAX},
        {"922337203685477.58075", DECIMAL_AUTO, 4, -ERANGE, 0},
        {"-922337203685477.58084", DECIMAL_AUTO, 4, 0, INT64_MIN},
        {"-922337203685477.58085", DECIMAL_AUTO, 4, -ERANGE, 0},
        {"922337203685478", DECIMAL_AUTO, 4, -ERANGE, 0},
        {"10", DECIMAL_AUTO, 18, -ERANGE, 0},
        {"9", DECIMAL_AUTO, 18, 0, 9000000000000000000},
        {"340282366920938463463374607431768211456", DECIMAL_AUTO, 0, -ERANGE, 0}, /* 2^128 */
        {"000000000000000000000000000000000000000000000001", DECIMAL_AUTO, 0, 0, 1},
        {"0.0000000000000000000000000000000000000000000001", DECIMAL_AUTO, 18, 0, 0},
    };

    (void)unused;
    check_samples(samples, COUNT(samples));
}

static void check_format(int64_t units, int scale, int places, char sign, const char *expected)
{
    auto_buf out = BUF_INIT;

    buf_add_str(&out, "<");
    decimal_format(&out, units, scale, places, sign);
    assert_string_equal(buf_str(&out) + 1, expected);
    assert_int_equal(buf_str(&out)[0], '<');
}

static void formats(void **unused)
{
    (void)unused;
    check_format(125000, 4, 2, '.', "12.50");
    check_format(125000, 4, -1, '.', "12.5");
    check_format(120000, 4, -1, '.', "12");
    check_format(120000, 4, 0, '.', "12");
    check_format(125000, 4, 0, '.', "13");
    check_format(-125000, 4, 0, '.', "-13");
    check_format(125000, 4, 6, ',', "12,500000");
    check_format(1, 4, -1, ',', "0,0001");
    check_format(-1, 4, 4, '.', "-0.0001");
    check_format(-1, 4, 2, '.', "0.00");
    check_format(-50, 4, 2, '.', "-0.01");
    check_format(99995, 4, 3, '.', "10.000");
    check_format(7, 0, 2, '.', "7.00");
    check_format(7, 0, 0, '.', "7");
    check_format(0, 4, -1, '.', "0");
    check_format(100, 0, -1, '.', "100");
    check_format(INT64_MAX, 0, -1, '.', "9223372036854775807");
    check_format(INT64_MIN, 0, -1, '.', "-9223372036854775808");
    check_format(INT64_MIN, 18, -1, '.', "-9.223372036854775808");
    check_format(INT64_MAX, 18, 0, '.', "9");
}

static void parse_undoes_format(void **unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t units = i < 2 ? (i ? INT64_MAX : INT64_MIN) : random_units(), got = 0;
        int scale = random_below(19), places = random_below(2) ? -1 : scale + random_below(4);
        char sign = random_below(2) ? '.' : ',';
        auto_buf text = BUF_INIT;

        decimal_format(&text, units, scale, places, sign);
        if (decimal_parse(text.data, text.len, sign == '.' ? DECIMAL_POINT : DECIMAL_COMMA, scale, &got) ||
            got != units)
            fail_msg("%lld of scale %d: '%s'", (long long)units, scale, buf_str(&text));
        if (decimal_parse(text.data, text.len, DECIMAL_AUTO, scale, &got) || got != units)
            fail_msg("auto: %lld of scale %d: '%s'", (long long)units, scale, buf_str(&text));
    }
}

/* The slow way: writes |units| as digits, cuts `drop` of them, adds one on paper if the first cut one is 5 or
 * more. The result is a whole number as text. */
static void round_on_paper(int64_t units, int drop, char out[80])
{
    char digits[64];
    int n = snprintf(digits, sizeof digits, "0%040llu",
                     (unsigned long long)(units < 0 ? -(uint64_t)units : (uint64_t)units));
    int keep = n - drop;
    bool up = drop > 0 && digits[keep] >= '5';
    const char *start = digits;

    digits[keep] = '\0';
    for (int i = keep - 1; up; i--) {
        up = digits[i] == '9';
        digits[i] = up ? '0' : (char)(digits[i] + 1);
    }
    while (start[0] == '0' && start[1])
        start++;
    snprintf(out, 80, "%s%s", units < 0 && strcmp(start, "0") != 0 ? "-" : "", start);
}

static void rounding_is_that_of_paper(void **unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        int from = random_below(19), to = random_below(from + 1);
        int64_t units = random_units(), rescaled, parsed;
        char expected[80], got[32];
        auto_buf exact = BUF_INIT, formatted = BUF_INIT, again = BUF_INIT;

        if (i % 3 == 0 && from > to) /* exact ties are rare by chance */
            units = units / decimal_pow10(from - to) * decimal_pow10(from - to) +
                    (units < 0 ? -5 : 5) * decimal_pow10(from - to - 1);
        round_on_paper(units, from - to, expected);

        assert_int_equal(decimal_rescale(units, from, to, &rescaled), 0);
        snprintf(got, sizeof got, "%lld", (long long)rescaled);
        if (strcmp(got, expected) != 0)
            fail_msg("rescale %lld from %d to %d: %s, not %s", (long long)units, from, to, got, expected);

        decimal_format(&exact, units, from, from, '.');
        assert_int_equal(decimal_parse(exact.data, exact.len, DECIMAL_POINT, to, &parsed), 0);
        if (parsed != rescaled)
            fail_msg("parse '%s' to %d: %lld, not %s", buf_str(&exact), to, (long long)parsed, expected);

        decimal_format(&formatted, units, from, to, '.');
        decimal_format(&again, rescaled, to, to, '.');
        assert_string_equal(buf_str(&formatted), buf_str(&again));
    }
}

static void rescale_up_is_exact_or_refused(void **unused)
{
    int64_t got;

    (void)unused;
    assert_int_equal(decimal_rescale(-125, 2, 4, &got), 0);
    assert_int_equal(got, -12500);
    assert_int_equal(decimal_rescale(INT64_MAX, 4, 4, &got), 0);
    assert_true(got == INT64_MAX);
    assert_int_equal(decimal_rescale(INT64_MAX / 10 + 1, 0, 1, &got), -ERANGE);
    assert_int_equal(decimal_rescale(INT64_MIN, 0, 18, &got), -ERANGE);
    assert_int_equal(decimal_rescale(INT64_MIN, 18, 0, &got), 0);
    assert_int_equal(got, -9);
}

/* q is right if and only if it is within half a divisor of the product, and farther from zero on a tie. */
static void mul_div_is_the_nearest(void **unused)
{
    __extension__ typedef __int128 int128;
    int answered = 0, refused = 0;

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t a = random_units(), b = random_units(), d = random_units(), q = 0;
        int128 product = (int128)a * b, off, half;
        int rc;

        if (i % 4 == 0)
            d = 2 * (d >> 40); /* small even divisors: ties */
        if (d == 0)
            d = 1;
        rc = decimal_mul_div(a, b, d, &q);
        if (rc) {
            assert_int_equal(rc, -ERANGE);
            assert_true(product / d > (int128)INT64_MAX - 1 || product / d < (int128)INT64_MIN + 1);
            refused++;
            continue;
        }
        answered++;
        off = product - (int128)q * d;
        half = d < 0 ? -(int128)d : d;
        if (2 * (off < 0 ? -off : off) > half)
            fail_msg("%lld * %lld / %lld is not %lld", (long long)a, (long long)b, (long long)d,
                     (long long)q);
        if (2 * (off < 0 ? -off : off) == half && half) {
            /* On a tie what is left over points back to zero. */
            assert_true((q < 0) == ((product < 0) != (d < 0)));
            assert_true((off < 0) == (product > 0));
        }
    }
    assert_true(answered > ROUNDS / 10 && refused > ROUNDS / 100);
}

static void mul_div_by_hand(void **unused)
{
    int64_t got;

    (void)unused;
    assert_int_equal(decimal_mul_div(INT64_MIN, INT64_MIN, INT64_MIN, &got), 0);
    assert_true(got == INT64_MIN);
    assert_int_equal(decimal_mul_div(INT64_MIN, 1, -1, &got), -ERANGE);
    assert_int_equal(decimal_mul_div(INT64_MAX, 3, 2, &got), -ERANGE);
    assert_int_equal(decimal_mul_div(1, 1, 2, &got), 0);
    assert_int_equal(got, 1);
    assert_int_equal(decimal_mul_div(-1, 1, 2, &got), 0);
    assert_int_equal(got, -1);
    assert_int_equal(decimal_mul_div(1, 1, 3, &got), 0);
    assert_int_equal(got, 0);
    assert_int_equal(decimal_mul_div(199900, 2000, 12000, &got), 0); /* the VAT inside 19.99 at 20 % */
    assert_int_equal(got, 33317);
}

static void doubles_mean_the_decimal_they_print(void **unused)
{
    static const struct {
        double value;
        int scale, rc;
        int64_t units;
    } samples[] = {
        {0.0, 4, 0, 0},
        {-0.0, 4, 0, 0},
        {19.99, 2, 0, 1999},
        {1.005, 2, 0, 101}, /* stored as 1.00499999999999989: what was meant counts */
        {2.675, 2, 0, 268},
        {-1.005, 2, 0, -101},
        {0.1 + 0.2, 15, 0, 300000000000000},
        {1e-7, 6, 0, 0},
        {5e-7, 6, 0, 1},
        {4.9e-7, 6, 0, 0},
        {1e-300, 18, 0, 0},
        {5e-324, 18, 0, 0},
        {1e18, 0, 0, 1000000000000000000},
        {1e19, 0, -ERANGE, 0},
        {-1e19, 0, -ERANGE, 0},
        {1e15, 4, -ERANGE, 0},
        {9e14, 4, 0, 9000000000000000000},
        {1e300, 0, -ERANGE, 0},
        {NAN, 2, -EINVAL, 0},
        {INFINITY, 2, -EINVAL, 0},
        {-INFINITY, 2, -EINVAL, 0},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(samples); i++) {
        int64_t got = 4711;
        int rc = decimal_from_double(samples[i].value, samples[i].scale, &got);

        if (rc != samples[i].rc || (rc == 0 && got != samples[i].units))
            fail_msg("%.17g: %d, %lld", samples[i].value, rc, (long long)got);
    }
}

static void doubles_of_15_digits_come_back(void **unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t units = random_units() % 1000000000000000, got = 0;
        int scale = random_below(16);
        auto_buf text = BUF_INIT;

        decimal_format(&text, units, scale, scale, '.');
        if (decimal_from_double(strtod(buf_str(&text), NULL), scale, &got) || got != units)
            fail_msg("'%s' came back as %lld", buf_str(&text), (long long)got);
    }
}

static void powers_of_ten(void **unused)
{
    int64_t p = 1;

    (void)unused;
    for (int i = 0; i <= 18; i++) {
        assert_true(decimal_pow10(i) == p);
        if (i < 18)
            p *= 10;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_files_write),
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(refuses_groups_nobody_writes),
        cmocka_unit_test(reads_only_len_bytes),
        cmocka_unit_test(rounds_half_away_from_zero),
        cmocka_unit_test(stops_at_64_bits),
        cmocka_unit_test(formats),
        cmocka_unit_test(parse_undoes_format),
        cmocka_unit_test(rounding_is_that_of_paper),
        cmocka_unit_test(rescale_up_is_exact_or_refused),
        cmocka_unit_test(mul_div_is_the_nearest),
        cmocka_unit_test(mul_div_by_hand),
        cmocka_unit_test(doubles_mean_the_decimal_they_print),
        cmocka_unit_test(doubles_of_15_digits_come_back),
        cmocka_unit_test(powers_of_ten),
    };

    return cmocka_run_group_tests_name("base/decimal", tests, NULL, NULL);
}
