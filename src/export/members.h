/*
 * Which export serves which file of which site: spool/members, a line "SITE/PATH <tab> NAME" for each file, where
 * NAME is the export's in the spool. Sites whose file is the same share one export, named after the first of them.
 *
 * What a site was shown before decides what it may be shown later (a name never gets an older time), so this is
 * kept durably. Threads: the caller's lock.
 */
#ifndef SHOPFS_EXPORT_MEMBERS_H
#define SHOPFS_EXPORT_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct members;

/* dir: the spool's directory. A file that is missing or makes no sense is empty. */
struct members *members_load(int dir);
void members_free(struct members *m); /* NULL is fine */

/* Valid until the next change; NULL: not known. */
const char *members_find(const struct members *m, const char *site, const char *path);
void members_set(struct members *m, const char *site, const char *path, const char *name);
void members_clear(struct members *m);
/* Goes through the files of a site: *i is 0 at first; false after the last. */
bool members_next(const struct members *m, const char *site, size_t *i, const char **path, const char **name);
bool members_has_name(const struct members *m, const char *name);

/* The text of the file; false where it is the one given last, or was read. */
bool members_write(struct members *m, struct buf *out);
int members_save(int dir, const struct buf *text); /* 0 or -errno */

/* "SITE/PATH", malloced: the name of an export that serves one site alone. */
char *members_own_name(const char *site, const char *path);

#endif
