/* .shopfs/status and .shopfs/events: what an operator wants to know, as text. */
#include "fs/fs_internal.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "order/intake.h"

static void export_lines(struct export *e, struct buf *out)
{
    char date[CLOCK_ISO_LEN + 1];
    struct export_status s;

    export_status(e, &s);
    clock_format_iso(s.mtime, date);
    buf_addf(out, "%s\n  size %" PRIu64 " bytes, %" PRIu64 " rows, version of %s\n", export_path(e), s.size,
             s.rows, s.mtime > 0 ? date : "never");
    buf_addf(out,
             "  versions %" PRIu64 ", chunks %" PRIu64 " (rendered %" PRIu64 "), last rendering %" PRId64 " ms%s\n",
             s.versions, s.chunks, s.chunks_rendered, s.last_render_ms, s.rendering ? ", rendering now" : "");
    buf_addf(out, "  %s%s\n", s.error != NULL ? "error: " : "no error", s.error != NULL ? s.error : "");
    export_status_release(&s);
}

static void order_lines(const struct fs_site *site, struct buf *out)
{
    struct intake_status s;

    intake_status(site->intake, &s);
    buf_addf(out, "orders/incoming\n  waiting %u (the oldest %" PRId64 " s), incomplete %u\n", s.load.waiting,
             s.load.oldest_ms / 1000, s.load.incomplete);
    buf_addf(out, "  files since the start:");
    for (int v = 0; v < INTAKE_COUNTS; v++)
        if (v != VERDICT_CONFLICT) /* of orders, not of files */
            buf_addf(out, " %" PRIu64 " %s%s", s.files[v], verdict_name((enum verdict)v),
                     v + 1 < INTAKE_COUNTS ? "," : "\n");
    buf_addf(out, "  orders in them: %" PRIu64 "\n", s.orders);
}

void status_report(struct fs *fs, size_t site, struct buf *out)
{
    const struct fs_site *s = &fs->sites[site];
    char date[CLOCK_ISO_LEN + 1];

    clock_format_iso(fs->started.tv_sec, date);
    buf_addf(out, "shopfs %s, site %s, mounted %s\n\n", SHOPFS_VERSION, s->name, date);
    for (size_t i = 0; i < exports_count(s->exports); i++)
        export_lines(exports_at(s->exports, i), out);
    order_lines(s, out);
}

void events_report(struct fs *fs, size_t site, struct buf *out)
{
    (void)fs, (void)site;
    log_recent(out);
}
