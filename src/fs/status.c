/* .shopfs/status and .shopfs/events: what an operator wants to know, as text. */
#include "fs/fs_internal.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "order/intake.h"

static void report_outlet(struct outlet *o, struct buf *out)
{
    char date[CLOCK_ISO_LEN + 1];
    struct export_status s;

    outlet_status(o, &s);
    clock_format_iso(s.mtime, date);
    buf_addf(out, "%s\n  size %" PRIu64 " bytes, %" PRIu64 " rows, version of %s\n", outlet_path(o), s.size,
             s.rows, s.mtime > 0 ? date : "never");
    buf_addf(out,
             "  versions %" PRIu64 ", chunks %" PRIu64 " (rendered %" PRIu64 "), last rendering %" PRId64
             " ms%s\n",
             s.versions, s.chunks, s.chunks_rendered, s.last_render_ms, s.rendering ? ", rendering now" : "");
    if (s.sites > 1)
        buf_addf(out, "  the same file for %u sites\n", s.sites);
    buf_addf(out, "  %s%s\n", s.error != NULL ? "error: " : "no error", s.error != NULL ? s.error : "");
    export_status_release(&s);
}

static void report_orders(struct site_tree *site, struct buf *out)
{
    struct intake_status s;

    if (!atomic_load(&site->open)) {
        buf_add_str(out, "orders\n  nobody has looked into the directory yet\n");
        return;
    }
    intake_status(site->rooms.intake, &s);
    buf_addf(out, "orders/incoming\n  waiting %u (the oldest %" PRId64 " s), incomplete %u\n", s.load.waiting,
             s.load.oldest_ms / 1000, s.load.incomplete);
    buf_addf(out, "  files since the start:");
    for (int v = 0; v < INTAKE_COUNTS; v++)
        if (v != VERDICT_CONFLICT) /* of orders, not of files */
            buf_addf(out, " %" PRIu64 " %s%s", s.files[v], verdict_name((enum verdict)v),
                     v + 1 < INTAKE_COUNTS ? "," : "\n");
    buf_addf(out, "  orders in them: %" PRIu64 "\n", s.orders);
}

struct outlet **site_outlets(struct fs *fs, const struct site_tree *site)
{
    struct outlet **list;
    size_t n = 0;

    pthread_mutex_lock(&fs->lock);
    while (site->outlets[n] != NULL)
        n++;
    list = xcalloc(n + 1, sizeof(struct outlet *));
    for (size_t i = 0; i < n; i++)
        list[i] = outlet_ref(site->outlets[i]);
    pthread_mutex_unlock(&fs->lock);
    return list;
}

void status_report(struct fs *fs, struct site_tree *site, struct buf *out)
{
    struct outlet **outlets = site_outlets(fs, site);
    char date[CLOCK_ISO_LEN + 1];

    clock_format_iso(fs->started.tv_sec, date);
    buf_addf(out, "shopfs %s, site %s, ", SHOPFS_VERSION, site->name);
    pthread_mutex_lock(&fs->lock);
    if (site->path != NULL)
        buf_addf(out, "directory %s, ", site->path);
    buf_addf(out, "mounted %s\n", date);
    if (fs->notice != NULL)
        buf_addf(out, "%s\n", fs->notice);
    if (site->remarks != NULL)
        buf_add_str(out, site->remarks);
    pthread_mutex_unlock(&fs->lock);
    buf_add_char(out, '\n');
    for (size_t i = 0; outlets[i] != NULL; i++)
        report_outlet(outlets[i], out);
    outlets_free(outlets);
    report_orders(site, out);
}

void events_report(struct fs *fs, struct site_tree *site, struct buf *out)
{
    (void)fs, (void)site;
    log_recent(out);
}
