/*
 * The index: what of the spool survives a restart. A private database (not durable: after a power cut the
 * chunks' hashes decide what is believed, see spool_dir_trusted) with one row per export and one per group of chunks
 * of its newest version; a new version writes the rows of the groups that changed, not all.
 *
 * Losing the index costs a rendering, never a promise: the newest mtime is also in the spool's header.
 *
 * Threads: any; one lock around each call, held for some hundred microseconds.
 */
#ifndef SHOPFS_EXPORT_INDEX_H
#define SHOPFS_EXPORT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "export/spool.h"
#include "export/version.h"
#include "store/changes.h"

struct index;

/* What a version was made from. It is reused without rendering only where all of this is still the same. */
struct index_head {
    uint8_t digest[SHA256_SIZE]; /* of the mapping */
    uint64_t origin;             /* of the database: file, schema version, format of this index */
    struct change_state state;   /* of the database, which it was last known to be right for */
    bool private_data;           /* export_map_private */
};

struct index_entry {
    int64_t id;
    char *name; /* in the spool; malloced */
    struct index_head head;
    int64_t mtime;           /* 0: nothing was ever published */
    struct version *version; /* NULL: none, or the rows did not make sense */
};
void index_entry_release(struct index_entry *entry);

/* state_path: the state directory. A damaged index is removed and made anew. */
int index_open(struct index **out, struct spool_dir *dir, const char *state_path, struct error *err);
/* Closes and, with sync, brings it to the disk. 0 or -errno. */
int index_close(struct index *x, struct spool_dir *dir, bool sync);

/* The id of an export, made where missing. name: in the spool; file: the mapping document. */
int index_register(struct index *x, const char *name, const char *file, int64_t *id, struct error *err);
/* There is a version of this export, made from mapping document `file`. */
bool index_has(struct index *x, const char *name, const char *file);

/* Reads an entry, opens its version in the spool and takes the spool over. Whatever cannot be believed is
 * left out, in which case the spool is empty. *cut as in spool_take_over. */
int index_load(struct index *x, int64_t id, struct spool *spool, struct index_entry *out, bool *cut,
               struct error *err);

/* Makes `now` the version on record; `before` is the one on record until then (NULL: none). On failure
 * nothing changed on disk. */
int index_save(struct index *x, int64_t id, const struct index_head *head, const struct version *before,
               const struct version *now, struct error *err);
/* Only the state advanced; version is the one on record. */
int index_save_head(struct index *x, int64_t id, const struct index_head *head, const struct version *version,
                    struct error *err);

/* Forgets an export; its files are the caller's. */
int index_forget(struct index *x, int64_t id, struct error *err);
/* Forgets every export whose id is not among these, and its files. */
int index_keep_only(struct index *x, struct spool_dir *dir, const int64_t *ids, size_t n, struct error *err);

#endif
