/* Is it a whole document? */
#include "order/parse.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/front.h"
#include "order/xmlfeed.h"

#define READ_CHUNK (256 * 1024)

/* One of the two that can be judged by their content. XML streams; JSON, which is small, is kept and read, so
 * that what is called complete can be read. */
struct judge {
    bool json;
    const struct order_limits *limits;
    struct xmlfeed xml;
    struct front_json_scan scan;
    struct buf text;
};

static void judge_init(struct judge *j, bool json, const struct order_limits *limits)
{
    *j = (struct judge){.json = json, .limits = limits};
    if (json)
        front_json_scan_init(&j->scan, limits);
    else
        xmlfeed_init(&j->xml, limits, false);
}

static bool judge_add(struct judge *j, const void *data, size_t len)
{
    if (!j->json)
        return xmlfeed_add(&j->xml, data, len);
    if (!front_json_scan_add(&j->scan, data, len))
        return false;
    buf_add(&j->text, data, len);
    return true;
}

static enum completeness judge_finish(struct judge *j, struct error *err)
{
    enum completeness verdict;
    xmlDocPtr doc = NULL;

    if (!j->json)
        return xmlfeed_finish(&j->xml, err);
    verdict = front_json_scan_finish(&j->scan, err);
    if (verdict == CONTENT_COMPLETE && front_json(&doc, buf_str(&j->text), j->text.len, j->limits, err) < 0)
        verdict = CONTENT_BROKEN;
    xmlFreeDoc(doc);
    return verdict;
}

static void judge_release(struct judge *j)
{
    if (j->json)
        error_release(&j->scan.error);
    else
        xmlfeed_release(&j->xml);
    buf_release(&j->text);
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

static enum completeness unreadable(int rc, struct error *err)
{
    error_set(err, rc, "the file cannot be read: %s", strerror(-rc));
    return CONTENT_UNREADABLE;
}

enum completeness order_content_check(int fd, const struct order_limits *limits, struct error *err)
{
    auto_free char *chunk = xmalloc(READ_CHUNK);
    struct judge j;
    enum completeness verdict;
    enum front_form form;
    ssize_t n = io_pread_full(fd, chunk, READ_CHUNK, 0);
    off_t at = 0;

    if (n < 0)
        return unreadable((int)n, err);
    form = front_form_of(chunk, (size_t)n);

    if (endless(form))
        return endless_verdict(form, limits, err);
    judge_init(&j, form == FRONT_JSON, limits);
    while (n > 0 && judge_add(&j, chunk, (size_t)n)) {
        at += n;
        n = io_pread_full(fd, chunk, READ_CHUNK, at);
    }
    verdict = n < 0 ? unreadable((int)n, err) : judge_finish(&j, err);
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
