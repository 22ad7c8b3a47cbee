/* Digests: SHA-256 (nettle) for identity that lasts, XXH3 (xxhash) for quick comparison in one run. */
#ifndef SHOPFS_BASE_DIGEST_H
#define SHOPFS_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX_LEN 64

void digest_sha256(const void *data, size_t len, uint8_t out[static SHA256_SIZE]);
void digest_hex(const uint8_t *bytes, size_t n, char *out); /* 2n characters and a NUL */

/* SHA-256 of a whole file by descriptor, from its start; 0 or -errno. */
int digest_sha256_fd(int fd, uint8_t out[static SHA256_SIZE]);

/* Streaming. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_finish_free(struct sha256 *s, uint8_t out[static SHA256_SIZE]);

/* 64-bit hash for comparing chunks. */
uint64_t digest_hash64(const void *data, size_t len);

#endif
