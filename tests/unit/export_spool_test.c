/* The spool's space: no two extents share a block, what is freed is used again and given back to the disk. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "export/spool.h"

#define HELD 400

static char dir[64];
static int state = -1;

static int setup(void **s)
{
    (void)s;
    strcpy(dir, "/tmp/shopfs-spool-XXXXXX");
    state = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY) : -1;
    return state < 0 ? -1 : 0;
}

static int teardown(void **s)
{
    (void)s;
    char command[128];
    close(state);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static struct spool *opened(struct spool_dir **d)
{
    struct spool *s;
    assert_int_equal(spool_dir_open(d, state, NULL), 0);
    assert_int_equal(spool_open(&s, *d, "x.data", NULL), 0);
    return s;
}

static void fill(char *bytes, size_t len, unsigned number)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(number * 31 + i * 7);
}

static void space_is_never_shared(void **unused)
{
    (void)unused;
    struct spool_dir *d;
    struct spool *s = opened(&d);
    struct extent none, held[HELD] = {{0}};
    unsigned number[HELD] = {0}, seed = 11;
    bool cut;
    enum { MOST = 60000 };
    char *bytes = xmalloc(MOST);
    uint64_t disk, live, used = 0;
    assert_int_equal(spool_take_over(s, &none, 0, &cut), 0);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned k = (unsigned)rand_r(&seed) % HELD;
        if (held[k].len) {
            fill(bytes, held[k].len, number[k]);
            assert_int_equal(spool_equal(s, held[k].at, bytes, held[k].len), 1);
            spool_free(s, held[k].at, held[k].len);
            used -= (held[k].len + SPOOL_BLOCK - 1) / SPOOL_BLOCK * SPOOL_BLOCK;
        }
        held[k].len = (unsigned)rand_r(&seed) % (i % 1000 < 500 ? MOST : 5000) + 1;
        number[k] = i;
        fill(bytes, held[k].len, i);
        assert_int_equal(spool_write(s, bytes, held[k].len, &held[k].at), 0);
        used += (held[k].len + SPOOL_BLOCK - 1) / SPOOL_BLOCK * SPOOL_BLOCK;
    }
    spool_usage(s, &disk, &live);
    assert_int_equal(live, used);
    assert_true(disk <= live + 256 * 1024);

    /* Another run takes over half of it; the rest is free, and gone from the disk. */
    struct extent kept[HELD / 2];
    for (unsigned k = 0; k < HELD / 2; k++)
        kept[k] = held[2 * k];
    spool_unref(s);
    spool_dir_unref(d);
    s = opened(&d);
    assert_int_equal(spool_take_over(s, kept, HELD / 2, &cut), 0);
    assert_false(cut);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t at;
        fill(bytes, 20000, i);
        assert_int_equal(spool_write(s, bytes, 20000, &at), 0);
    }
    for (unsigned k = 0; k < HELD / 2; k++) {
        fill(bytes, held[2 * k].len, number[2 * k]);
        assert_int_equal(spool_equal(s, held[2 * k].at, bytes, held[2 * k].len), 1);
    }
    spool_usage(s, &disk, &live);
    assert_true(disk <= live + 256 * 1024);
    free(bytes);
    spool_unref(s);
    spool_dir_unref(d);
}

static void nonsense_is_not_taken_over(void **unused)
{
    (void)unused;
    struct spool_dir *d;
    struct spool *s = opened(&d);
    bool cut;
    struct extent overlap[] = {{8192, 5000}, {12288, 100}}, header[] = {{0, 10}}, odd[] = {{4097, 10}},
                  beyond[] = {{4096, 10}};
    assert_int_equal(spool_take_over(s, overlap, 2, &cut), -EUCLEAN);
    assert_int_equal(spool_take_over(s, header, 1, &cut), -EUCLEAN);
    assert_int_equal(spool_take_over(s, odd, 1, &cut), -EUCLEAN);
    assert_int_equal(spool_take_over(s, beyond, 1, &cut), 0);
    assert_true(cut);
    spool_unref(s);
    spool_dir_unref(d);
}

static void newest_mtime_is_kept(void **unused)
{
    (void)unused;
    struct spool_dir *d;
    struct spool *s = opened(&d);
    bool cut;
    assert_int_equal(spool_last_mtime(s), 0);
    assert_int_equal(spool_note_mtime(s, 1700000000), 0);
    spool_unref(s);
    spool_dir_unref(d);
    s = opened(&d);
    assert_int_equal(spool_take_over(s, NULL, 0, &cut), 0);
    assert_int_equal(spool_last_mtime(s), 1700000000);
    spool_unref(s);
    spool_dir_unref(d);
}

static void any_text_is_a_file_name(void **unused)
{
    (void)unused;
    static const char *const names[][2] = {{"catalog.csv", "catalog.csv.data"},
                                           {"exports/google.xml", "exports%2Fgoogle.xml.data"},
                                           {"..", "%2E..data"},
                                           {"a b%", "a%20b%25.data"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *name = spool_file_name(names[i][0], ".data");
        assert_string_equal(name, names[i][1]);
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(space_is_never_shared),
        TEST(nonsense_is_not_taken_over),
        TEST(newest_mtime_is_kept),
        TEST(any_text_is_a_file_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
