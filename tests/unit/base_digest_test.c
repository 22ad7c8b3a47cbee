/* Digests against the published examples (FIPS 180-4) and against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"

static void check_sha256(const void *data, size_t len, const char *expected)
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_LEN + 1];

    digest_sha256(data, len, digest);
    digest_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, expected);
}

static void published_examples(void **unused)
{
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    auto_free char *million = xmalloc(1000000);

    (void)unused;
    memset(million, 'a', 1000000);
    check_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256(two_blocks, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_sha256(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hex_is_lower_case_and_terminated(void **unused)
{
    const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xff, 0xa5};
    char hex[12];

    (void)unused;
    memset(hex, 'x', sizeof hex);
    digest_hex(bytes, sizeof bytes, hex);
    assert_string_equal(hex, "000ff0ffa5");
    digest_hex(bytes, 0, hex);
    assert_string_equal(hex, "");
}

static void pieces_make_the_whole(void **unused)
{
    size_t len = 10000;
    auto_free uint8_t *data = xmalloc(len);
    uint8_t whole[SHA256_SIZE], pieces[SHA256_SIZE];
    unsigned int seed = 3;

    (void)unused;
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)rand_r(&seed);
    digest_sha256(data, len, whole);
    for (int round = 0; round < 100; round++) {
        struct sha256 *s = sha256_new();

        for (size_t at = 0, n; at < len; at += n) {
            n = (size_t)rand_r(&seed) % 200;
            n = n < len - at ? n : len - at;
            sha256_update(s, data + at, n);
        }
        sha256_finish_free(s, pieces);
        assert_memory_equal(whole, pieces, SHA256_SIZE);
    }
}

static void a_file_is_its_bytes(void **unused)
{
    /* Around the size of one read. */
    static const size_t sizes[] = {0, 1, 131071, 131072, 131073, 262144, 300001};
    FILE *file = tmpfile();
    int fd;

    (void)unused;
    assert_non_null(file);
    fd = fileno(file);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        auto_free uint8_t *data = xmalloc(sizes[i] + 1);
        uint8_t expected[SHA256_SIZE], got[SHA256_SIZE];

        for (size_t k = 0; k < sizes[i]; k++)
            data[k] = (uint8_t)(k * 2654435761U >> 13);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(io_pwrite_full(fd, data, sizes[i], 0), 0);
        assert_true(lseek(fd, (off_t)sizes[i] / 2, SEEK_SET) >= 0); /* must not matter */
        digest_sha256(data, sizes[i], expected);
        assert_int_equal(digest_sha256_fd(fd, got), 0);
        assert_memory_equal(got, expected, SHA256_SIZE);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), sizes[i] / 2);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(digest_sha256_fd(-1, (uint8_t[SHA256_SIZE]){0}), -EBADF);
}

static void hash64_sees_every_bit(void **unused)
{
    uint8_t data[600] = {0};
    uint64_t before = digest_hash64(data, sizeof data);

    (void)unused;
    assert_true(digest_hash64("", 0) == 0x2d06800538d394c2); /* XXH3 of nothing, as published */
    assert_true(digest_hash64(data, sizeof data) == before);
    for (size_t bit = 0; bit < sizeof data * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (digest_hash64(data, sizeof data) == before)
            fail_msg("bit %zu is not seen", bit);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < sizeof data; len++)
        assert_true(digest_hash64(data, len) != digest_hash64(data, len + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),    cmocka_unit_test(hex_is_lower_case_and_terminated),
        cmocka_unit_test(pieces_make_the_whole), cmocka_unit_test(a_file_is_its_bytes),
        cmocka_unit_test(hash64_sees_every_bit),
    };

    return cmocka_run_group_tests_name("base/digest", tests, NULL, NULL);
}
