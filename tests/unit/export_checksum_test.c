/* The checksum beside an export: right, once for each version, answered to all who ask, also at the end. */
#include "export/checksum.h"
#include "export_test.h"

#include "base/digest.h"

#define ASKERS 32

struct answers {
    pthread_mutex_t lock;
    pthread_cond_t some;
    int n, failed, status;
    char text[256];
    bool differ;
};

static void answered(void *arg, const char *line, int status)
{
    struct answers *a = arg;

    pthread_mutex_lock(&a->lock);
    if (line == NULL) {
        a->failed++;
        a->status = status;
    } else {
        a->differ |= a->text[0] != '\0' && strcmp(a->text, line) != 0;
        snprintf(a->text, sizeof a->text, "%s", line);
    }
    a->n++;
    pthread_cond_signal(&a->some);
    pthread_mutex_unlock(&a->lock);
}

static void answers_init(struct answers *a)
{
    *a = (struct answers){.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};
}

static void answers_wait(struct answers *a, int n)
{
    pthread_mutex_lock(&a->lock);
    while (a->n < n)
        pthread_cond_wait(&a->some, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

static void expect_line(struct version *v, const char *text)
{
    size_t size = (size_t)version_size(v);
    auto_free char *all = xmalloc(size + 1);
    uint8_t sum[SHA256_SIZE];
    char hex[SHA256_HEX_LEN + 1];

    assert_int_equal(version_read(v, all, size, 0), (ssize_t)size);
    digest_sha256(all, size, sum);
    digest_hex(sum, SHA256_SIZE, hex);
    auto_free char *line = xasprintf("%s  catalog.csv\n", hex);
    assert_string_equal(line, text);
}

static void each_version_once(void **state)
{
    struct bench *f = *state;
    struct checksums *all = checksums_new();
    struct checksum *c = checksum_add(all, "catalog.csv");
    struct answers a, b, old;

    products(f, 1, 20000);
    start(f);
    struct version *first = current(f);
    answers_init(&a);
    for (int i = 0; i < ASKERS; i++)
        checksum_request(c, version_ref(first), answered, &a);
    answers_wait(&a, ASKERS);
    assert_int_equal(a.failed, 0);
    assert_false(a.differ);
    assert_int_equal(checksum_len(c), strlen(a.text));
    expect_line(first, a.text);

    run_sql(f, "UPDATE product SET sku = sku || 'x' WHERE id = 7");
    test_now += 5000;
    struct version *second = current(f);
    assert_int_not_equal(version_ino(first), version_ino(second));
    answers_init(&b);
    checksum_request(c, version_ref(second), answered, &b);
    answers_wait(&b, 1);
    expect_line(second, b.text);
    assert_string_not_equal(a.text, b.text);

    /* A late question after an older version is answered for that one, and does not take the newer one's
     * place. */
    answers_init(&old);
    checksum_request(c, version_ref(first), answered, &old);
    answers_wait(&old, 1);
    assert_string_equal(old.text, a.text);
    answers_init(&old);
    checksum_request(c, version_ref(second), answered, &old);
    assert_int_equal(old.n, 1); /* at hand: answered at once */
    assert_string_equal(old.text, b.text);

    version_unref(first);
    version_unref(second);
    checksums_free(all);
    stop(f);
}

static void everybody_is_answered_at_the_end(void **state)
{
    struct bench *f = *state;
    struct checksums *all = checksums_new();
    struct checksum *c[ASKERS];
    struct answers a;

    products(f, 1, 20000);
    start(f);
    struct version *v = current(f);
    for (int i = 0; i < ASKERS; i++)
        c[i] = checksum_add(all, "catalog.csv");
    answers_init(&a);
    for (int i = 0; i < ASKERS; i++)
        checksum_request(c[i], version_ref(v), answered, &a);
    checksums_stop(all);
    assert_int_equal(a.n, ASKERS);
    assert_true(a.failed == 0 || a.status == -ESHUTDOWN);
    checksum_request(c[0], version_ref(v), answered, &a);
    assert_int_equal(a.n, ASKERS + 1);
    assert_int_equal(a.status, -ESHUTDOWN);
    version_unref(v);
    checksums_free(all);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_version_once, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(everybody_is_answered_at_the_end, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
