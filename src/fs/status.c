/* .shopfs/status: what an operator wants to know of the exports, as text. */
#include "fs/fs_internal.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"

static void report_outlet(struct outlet *o, struct buf *out)
{
    char date[CLOCK_ISO_LEN + 1];
    struct export_status s;

    outlet_status(o, &s);
    clock_format_iso(s.mtime, date);
    buf_addf(out, "%s\n  size %" PRIu64 " bytes, %" PRIu64 " rows, version of %s\n", outlet_path(o), s.size, s.rows,
             s.mtime > 0 ? date : "never");
    buf_addf(out, "  versions %" PRIu64 ", chunks %" PRIu64 " (rendered %" PRIu64 "), last rendering %" PRId64 " ms%s\n",
             s.versions, s.chunks, s.chunks_rendered, s.last_render_ms, s.rendering ? ", rendering now" : "");
    if (s.sites > 1)
        buf_addf(out, "  the same file for %u sites\n", s.sites);
    buf_addf(out, "  %s%s\n", s.error != NULL ? "error: " : "no error", s.error != NULL ? s.error : "");
    export_status_release(&s);
}

void status_report(struct fs *fs, struct site_tree *site, struct buf *out)
{
    char date[CLOCK_ISO_LEN + 1];
    struct outlet **outlets;
    size_t n = 0;

    clock_format_iso(fs->started.tv_sec, date);
    buf_addf(out, "shopfs %s, site %s, mounted %s\n", SHOPFS_VERSION, site->name, date);
    pthread_mutex_lock(&fs->lock);
    if (fs->notice != NULL)
        buf_addf(out, "%s\n", fs->notice);
    if (site->remarks != NULL)
        buf_add_str(out, site->remarks);
    while (site->outlets[n] != NULL)
        n++;
    outlets = xcalloc(n + 1, sizeof(struct outlet *));
    for (size_t i = 0; i < n; i++)
        outlets[i] = outlet_ref(site->outlets[i]);
    pthread_mutex_unlock(&fs->lock);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < n; i++)
        report_outlet(outlets[i], out);
    outlets_free(outlets);
}
