/*
 * An order file, whatever it holds: never a crash, never a leak, and
 *  - what is complete can be parsed, what is not cannot (limits aside);
 *  - the verdict is the same from memory and from a descriptor;
 *  - no beginning of a complete file is broken, and none that ends before the root does is complete.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CUTS 12
#define SIZE_MAX_FUZZ (256 * 1024)

static struct order_map *maps[2];

static void load_maps(void)
{
    static const char *const names[] = {"plain", "commerceml"};

    for (size_t i = 0; i < 2; i++) {
        char *path = xasprintf("%s/../mapping/order/%s.xml", TEST_SOURCE_DIR, names[i]);

        if (order_map_compile(&maps[i], path, NULL) != 0)
            abort();
        free(path);
    }
}

static void must(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

static void check_descriptor(const uint8_t *data, size_t size, const struct order_limits *limits,
                             enum completeness expected)
{
    int fd = memfd_create("order", MFD_CLOEXEC);

    must(fd >= 0 && io_write_full(fd, data, size) == 0, "a place for the file");
    must(order_content_check(fd, limits, NULL) == expected, "the same verdict from a descriptor");
    close(fd);
}

static void check_cuts(const uint8_t *data, size_t size, const struct order_limits *limits)
{
    uint64_t seed = digest_hash64(data, size);

    for (int i = 0; i < CUTS && size > 1; i++) {
        size_t len = i == 0 ? size - 1 : (size_t)(seed % size);
        uint8_t *copy = xmalloc(len + 1);
        struct order_file file;
        enum completeness verdict;

        memcpy(copy, data, len);
        verdict = order_content_check_bytes(copy, len, limits, NULL);
        must(verdict != CONTENT_BROKEN, "no beginning of a whole file is broken");
        if (verdict == CONTENT_INCOMPLETE)
            must(order_parse(&file, copy, len, maps, 2, limits, NULL) < 0, "half a file is never read");
        free(copy);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct order_limits limits = ORDER_LIMITS_DEFAULT;
    struct order_file file;
    struct error err = ERROR_INIT;
    enum completeness verdict;
    int rc;

    if (size > SIZE_MAX_FUZZ)
        return 0;
    if (!maps[0])
        load_maps();
    verdict = order_content_check_bytes(data, size, &limits, &err);
    must((verdict == CONTENT_COMPLETE) == (err.message == NULL),
         "a reason for every refusal and for nothing else");
    error_release(&err);
    check_descriptor(data, size, &limits, verdict);
    rc = order_parse(&file, data, size, maps, 2, &limits, &err);
    must((rc == 0) == (verdict == CONTENT_COMPLETE), "complete files can be read, no others");
    must((rc == 0) == (err.message == NULL), "a reason when a file cannot be read");
    error_release(&err);
    if (rc == 0) {
        must(file.n_orders > 0 || file.seen, "what was seen in a file without orders");
        for (size_t i = 0; i < file.n_orders; i++) {
            char *hash = order_content_hash(&file.orders[i]);

            must(strlen(hash) == SHA256_HEX_LEN, "a hash of every order");
            free(hash);
            must(file.orders[i].number || file.orders[i].error.message, "no order without number is taken");
            must(file.orders[i].n_lines || file.orders[i].error.message, "no order without lines is taken");
        }
        order_file_release(&file);
        check_cuts(data, size, &limits);
    }
    return 0;
}
