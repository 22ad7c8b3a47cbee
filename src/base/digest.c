#include "base/digest.h"

#include <errno.h>
#include <stdlib.h>

#include <nettle/sha2.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

/* nettle renames its functions by macros, and one of these macros has the name of ours. */
#undef sha256_update

#define READ_SIZE (128 * 1024)

struct sha256 {
    struct sha256_ctx ctx;
};

void digest_sha256(const void *data, size_t len, uint8_t out[static SHA256_SIZE])
{
    struct sha256_ctx ctx;

    nettle_sha256_init(&ctx);
    nettle_sha256_update(&ctx, len, data);
    nettle_sha256_digest(&ctx, SHA256_SIZE, out);
}

void digest_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

int digest_sha256_fd(int fd, uint8_t out[static SHA256_SIZE])
{
    auto_free uint8_t *block = xmalloc(READ_SIZE);
    struct sha256_ctx ctx;
    off_t at = 0;
    ssize_t n;

    nettle_sha256_init(&ctx);
    do {
        n = io_pread_full(fd, block, READ_SIZE, at);
        if (n < 0)
            return (int)n;
        nettle_sha256_update(&ctx, (size_t)n, block);
        at += n;
    } while (n == READ_SIZE);
    nettle_sha256_digest(&ctx, SHA256_SIZE, out);
    return 0;
}

struct sha256 *sha256_new(void)
{
    struct sha256 *s = xmalloc(sizeof *s);

    nettle_sha256_init(&s->ctx);
    return s;
}

void sha256_update(struct sha256 *s, const void *data, size_t len)
{
    nettle_sha256_update(&s->ctx, len, data);
}

void sha256_finish_free(struct sha256 *s, uint8_t out[static SHA256_SIZE])
{
    nettle_sha256_digest(&s->ctx, SHA256_SIZE, out);
    free(s);
}

uint64_t digest_hash64(const void *data, size_t len)
{
    return XXH3_64bits(data, len);
}
