/* .shopfs/status: what an operator wants to know of the exports, as text. */
#include "fs/fs_internal.h"

#include <inttypes.h>

#include "base/clock.h"

void status_report(struct fs *fs, size_t site, struct buf *out)
{
    struct exports *exports = fs->sites[site].exports;
    char date[CLOCK_ISO_LEN + 1];

    clock_format_iso(fs->started.tv_sec, date);
    buf_addf(out, "shopfs %s, site %s, mounted %s\n\n", SHOPFS_VERSION, fs->sites[site].name, date);
    for (size_t i = 0; i < exports_count(exports); i++) {
        struct export *e = exports_at(exports, i);
        struct export_status s;
        export_status(e, &s);
        clock_format_iso(s.mtime, date);
        buf_addf(out, "%s\n  size %" PRIu64 " bytes, %" PRIu64 " rows, version of %s\n", export_path(e),
                 s.size, s.rows, s.mtime > 0 ? date : "never");
        buf_addf(out,
                 "  versions %" PRIu64 ", chunks %" PRIu64 " (rendered %" PRIu64 "), last rendering %" PRId64
                 " ms%s\n",
                 s.versions, s.chunks, s.chunks_rendered, s.last_render_ms,
                 s.rendering ? ", rendering now" : "");
        buf_addf(out, "  %s%s\n", s.error != NULL ? "error: " : "no error", s.error != NULL ? s.error : "");
        export_status_release(&s);
    }
}
