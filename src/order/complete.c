/* Is it a whole document? Streaming, nothing is kept. */
#include "order/parse.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/front.h"
#include "order/xmlfeed.h"

#define READ_CHUNK (256 * 1024)

/* One of the two that can be judged by their content. */
struct judge {
    bool json;
    struct xmlfeed xml;
    struct front_json_scan scan;
};

static void judge_init(struct judge *j, bool json, const struct order_limits *limits)
{
    j->json = json;
    if (json)
        front_json_scan_init(&j->scan, limits);
    else
        xmlfeed_init(&j->xml, limits, false);
}

static bool judge_add(struct judge *j, const void *data, size_t len)
{
    return j->json ? front_json_scan_add(&j->scan, data, len) : xmlfeed_add(&j->xml, data, len);
}

static enum completeness judge_finish(struct judge *j, struct error *err)
{
    return j->json ? front_json_scan_finish(&j->scan, err) : xmlfeed_finish(&j->xml, err);
}

static void judge_release(struct judge *j)
{
    if (j->json)
        error_release(&j->scan.error);
    else
        xmlfeed_release(&j->xml);
}

static bool endless(enum front_form form)
{
    return form == FRONT_INI || form == FRONT_CSV;
}

static enum completeness endless_verdict(enum front_form form, const struct order_limits *limits,
                                         struct error *err)
{
    if (limits->no_end_mark)
        return CONTENT_COMPLETE;
    front_refuse_endless(form, err);
    return CONTENT_BROKEN;
}

enum completeness order_content_check(int fd, const struct order_limits *limits, struct error *err)
{
    auto_free char *chunk = xmalloc(READ_CHUNK);
    struct judge j;
    enum completeness verdict = CONTENT_INCOMPLETE;
    ssize_t n = io_pread_full(fd, chunk, READ_CHUNK, 0);
    enum front_form form = front_form_of(chunk, n > 0 ? (size_t)n : 0);
    off_t at = 0;

    if (endless(form))
        return endless_verdict(form, limits, err);
    judge_init(&j, form == FRONT_JSON, limits);
    while (n > 0 && judge_add(&j, chunk, (size_t)n)) {
        at += n;
        n = io_pread_full(fd, chunk, READ_CHUNK, at);
    }
    if (n < 0)
        error_set(err, (int)n, "the file cannot be read: %s", strerror((int)-n));
    else
        verdict = judge_finish(&j, err);
    judge_release(&j);
    return verdict;
}

enum completeness order_content_check_bytes(const void *data, size_t len, const struct order_limits *limits,
                                            struct error *err)
{
    enum front_form form = front_form_of(data, len);
    struct judge j;
    enum completeness verdict;

    if (endless(form))
        return endless_verdict(form, limits, err);
    judge_init(&j, form == FRONT_JSON, limits);
    judge_add(&j, data, len);
    verdict = judge_finish(&j, err);
    judge_release(&j);
    return verdict;
}
