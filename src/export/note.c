#include "export/note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "export/members.h"
#include "export/spool.h"

#define NOTE_MAX 65536

char *export_note_name(int dir, const char *site, const char *path)
{
    struct members *m = members_load(dir);
    const char *known = members_find(m, site, path);
    char *name = known ? xstrdup(known) : members_own_name(site, path);
    members_free(m);
    return name;
}

int export_note_write(int dir, const char *name, const struct export_note *note)
{
    auto_free char *file = spool_file_name(name, ".note"), *draft = spool_file_name(name, ".note~");
    auto_buf text = BUF_INIT;
    buf_addf(&text, "size %" PRIu64 "\nrows %" PRIu64 "\nmtime %" PRId64 "\n", note->size, note->rows,
             note->mtime);
    if (note->shrunk)
        buf_addf(&text, "refused %" PRIu64 "\n", note->refused);
    if (note->error) { /* to the end of the file, since a message may have lines */
        size_t len = strlen(note->error);
        buf_add_str(&text, "error ");
        buf_add(&text, note->error, len < NOTE_MAX / 2 ? len : NOTE_MAX / 2);
    }
    auto_close int fd = io_open_beneath(dir, draft, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int r = fd < 0 ? fd : io_write_full(fd, buf_str(&text), text.len);
    if (r == 0 && renameat(dir, draft, dir, file) < 0)
        r = -errno;
    return r;
}

int export_note_read(int dir, const char *name, struct export_note *out)
{
    auto_free char *file = spool_file_name(name, ".note");
    auto_buf text = BUF_INIT;
    int r = io_read_file(dir, file, NOTE_MAX, &text);
    *out = (struct export_note){0};
    if (r < 0)
        return r;
    for (const char *line = buf_str(&text); *line;) {
        size_t len = strcspn(line, "\n");
        if (sscanf(line, "size %" SCNu64, &out->size) == 1 ||
            sscanf(line, "rows %" SCNu64, &out->rows) == 1 ||
            sscanf(line, "mtime %" SCNd64, &out->mtime) == 1) {
            ; /* kept */
        } else if (sscanf(line, "refused %" SCNu64, &out->refused) == 1) {
            out->shrunk = true;
        } else if (strncmp(line, "error ", 6) == 0) {
            out->error = xstrdup(line + 6);
            break;
        }
        line += len + (line[len] == '\n');
    }
    return 0;
}

void export_note_forget(int dir, const char *name)
{
    auto_free char *file = spool_file_name(name, ".note");
    unlinkat(dir, file, 0);
    export_accept_forget(dir, name);
}

void export_note_release(struct export_note *note)
{
    free(note->error);
    *note = (struct export_note){0};
}

int export_accept(int dir, const char *name, struct error *err)
{
    struct export_note note;
    int r = export_note_read(dir, name, &note);
    bool shrunk = r == 0 && note.shrunk;
    export_note_release(&note);
    if (!shrunk)
        return error_set(err, -ENOENT, "nothing of '%s' was refused for having too few rows", name);
    auto_free char *file = spool_file_name(name, ".accept");
    auto_close int fd = io_open_beneath(dir, file, O_WRONLY | O_CREAT, 0600);
    return fd < 0 ? error_set(err, fd, "cannot write 'spool/%s': %s", file, strerror(-fd)) : 0;
}

bool export_accepted(int dir, const char *name)
{
    auto_free char *file = spool_file_name(name, ".accept");
    return faccessat(dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void export_accept_forget(int dir, const char *name)
{
    auto_free char *file = spool_file_name(name, ".accept");
    unlinkat(dir, file, 0);
}
