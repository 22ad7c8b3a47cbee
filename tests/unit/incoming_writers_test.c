/* Two senders of one name at the same time: what each of them finished is decided. */
#include "drop.h"

#define ONE "<order n=\"1\">one</order>\n"
#define TWO "<order n=\"2\">two, longer</order>\n"

static int setup(void **state)
{
    struct drop *d = xcalloc(1, sizeof *d);

    drop_start(d);
    drop_open(d);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    drop_end(*state);
    free(*state);
    return 0;
}

static void write_at(struct incoming_handle *h, const char *text, size_t from, size_t to)
{
    assert_int_equal(incoming_write(h, text + from, to - from, (off_t)from), to - from);
}

static void end(struct drop *d, struct incoming_handle *h)
{
    assert_int_equal(incoming_flush(h), 0);
    incoming_release(d->in, h);
}

static bool imported(const struct drop *d, const char *bytes)
{
    unsigned n = 0;

    for (size_t i = 0; i < d->n_imports; i++)
        n += strcmp(d->imports[i].bytes, bytes) == 0 && !d->imports[i].refused;
    return n == 1;
}

static void both(struct drop *d)
{
    drop_decide(d);
    assert_true(imported(d, ONE));
    assert_true(imported(d, TWO));
    assert_int_equal(d->n_imports, 2);
}

static void test_both_begin_before_the_first_byte(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *one, *two;

    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &one), 0);
    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &two), 0);
    write_at(one, ONE, 0, 5);
    write_at(two, TWO, 0, 9);
    write_at(one, ONE, 5, strlen(ONE));
    end(d, one);
    write_at(two, TWO, 9, strlen(TWO));
    end(d, two);
    both(d);
}

/* As vsftpd: opened, then truncated through the handle. */
static void test_truncated_through_the_handle(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *one, *two;

    assert_int_equal(drop_create(d, "x.xml", O_WRONLY, &one), 0);
    assert_int_equal(drop_set(d, "x.xml", one, INCOMING_SET_SIZE, (struct stat){0}), 0);
    assert_int_equal(drop_create(d, "x.xml", O_WRONLY, &two), 0);
    assert_int_equal(drop_set(d, "x.xml", two, INCOMING_SET_SIZE, (struct stat){0}), 0);
    write_at(two, TWO, 0, strlen(TWO));
    write_at(one, ONE, 0, strlen(ONE));
    end(d, two);
    end(d, one);
    both(d);
}

/* The rest of a broken upload arrives while somebody begins the name anew. */
static void test_resumed_while_begun_anew(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *one, *two;

    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &one), 0);
    write_at(one, ONE, 0, 9);
    end(d, one);
    drop_decide(d);
    assert_int_equal(drop_open_file(d, "x.xml", O_WRONLY | O_APPEND, &one), 0);
    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &two), 0);
    write_at(one, ONE, 9, strlen(ONE));
    end(d, one);
    write_at(two, TWO, 0, strlen(TWO));
    end(d, two);
    both(d);
}

static void test_replaced_by_a_rename(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *one;

    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &one), 0);
    drop_put(d, ".x.xml.tmp", TWO);
    assert_int_equal(drop_rename(d, ".x.xml.tmp", "x.xml", 0), 0);
    write_at(one, ONE, 0, strlen(ONE));
    end(d, one);
    both(d);
}

/* One that was begun and left empty is nothing. */
static void test_nothing_written(void **state)
{
    struct drop *d = *state;
    struct incoming_handle *one, *two;

    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &one), 0);
    assert_int_equal(drop_create(d, "x.xml", O_WRONLY | O_TRUNC, &two), 0);
    end(d, one);
    write_at(two, TWO, 0, strlen(TWO));
    end(d, two);
    drop_decide(d);
    assert_int_equal(d->n_imports, 1);
    assert_true(imported(d, TWO));
    drop_restart(d);
    drop_decide(d);
    assert_int_equal(d->n_imports, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_begin_before_the_first_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncated_through_the_handle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resumed_while_begun_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_by_a_rename, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_written, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
