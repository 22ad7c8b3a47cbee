/* Is it a whole document? Streaming, nothing is kept. */
#include "order/parse.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/xmlfeed.h"

#define READ_CHUNK (256 * 1024)

enum completeness order_content_check(int fd, const struct order_limits *limits, struct error *err)
{
    auto_free char *chunk = xmalloc(READ_CHUNK);
    struct xmlfeed feed;
    enum completeness verdict = CONTENT_INCOMPLETE;
    off_t at = 0;
    ssize_t n;

    xmlfeed_init(&feed, limits, false);
    while ((n = io_pread_full(fd, chunk, READ_CHUNK, at)) > 0 && xmlfeed_add(&feed, chunk, (size_t)n))
        at += n;
    if (n < 0)
        error_set(err, (int)n, "the file cannot be read: %s", strerror((int)-n));
    else
        verdict = xmlfeed_finish(&feed, err);
    xmlfeed_release(&feed);
    return verdict;
}

enum completeness order_content_check_bytes(const void *data, size_t len, const struct order_limits *limits,
                                            struct error *err)
{
    struct xmlfeed feed;
    enum completeness verdict;

    xmlfeed_init(&feed, limits, false);
    xmlfeed_add(&feed, data, len);
    verdict = xmlfeed_finish(&feed, err);
    xmlfeed_release(&feed);
    return verdict;
}
