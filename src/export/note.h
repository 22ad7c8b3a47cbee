/*
 * Notes: what an operator's tool may read of an export while a mount holds the spool.
 *
 *     spool/NAME.note     the version there is and the failure that lasts, as lines of "word value"; replaced
 *                         whole, not synced: after a power cut it may be that of an earlier version
 *     spool/NAME.accept   an operator's yes to a version that keep-rows refused; used up by the next version
 *
 * Threads: any; notes of one export are written by one thread at a time.
 */
#ifndef SHOPFS_EXPORT_NOTE_H
#define SHOPFS_EXPORT_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct export_note {
    uint64_t size, rows;
    int64_t mtime;    /* 0: there has never been a version */
    bool shrunk;      /* keep-rows refused a version ... */
    uint64_t refused; /* ... of so many rows */
    char *error;      /* of the last failure while it lasts; malloced, NULL: none */
};

/* The name under which notes of a site's file are kept: sites may share them. Malloced. */
char *export_note_name(int dir, const char *site, const char *path);

/* dir: the spool's directory; name: the export's in the spool. 0 or -errno; -ENOENT: nothing is known. */
int export_note_write(int dir, const char *name, const struct export_note *note);
int export_note_read(int dir, const char *name, struct export_note *out);
void export_note_forget(int dir, const char *name); /* and an operator's word on it */
void export_note_release(struct export_note *note);

/* -ENOENT where keep-rows refused nothing. */
int export_accept(int dir, const char *name, struct error *err);
bool export_accepted(int dir, const char *name);
void export_accept_forget(int dir, const char *name);

#endif
