/*
 * NAME.sha256 beside each export: one line as sha256sum(1) writes and checks it, for clients that resume a
 * download and would otherwise join two versions without noticing.
 *
 * A version is hashed once, when somebody first opens its checksum, by a thread of ours; the line of an export's
 * newest version is remembered, so the memory taken is a hundred bytes for each export. Hashing costs work for the
 * whole file: who never reads a checksum never pays, and a listing does not, since the line's length is known
 * before. The line always belongs to the version it was asked for.
 *
 * Threads: checksum_request may be called from any thread and never waits for a hash. Callbacks come from the
 * calling thread (line at hand) or from a thread of ours. Not here: other digests, lines that survive a
 * restart.
 */
#ifndef SHOPFS_EXPORT_CHECKSUM_H
#define SHOPFS_EXPORT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "export/exports.h"

#define CHECKSUM_SUFFIX ".sha256"

struct checksums;
struct checksum; /* of one export */

struct checksums *checksums_new(void);
/* Ends the threads; requests under way and all later ones are answered with -ESHUTDOWN. */
void checksums_stop(struct checksums *all);
void checksums_free(struct checksums *all); /* NULL is fine; stops first */

/* name: the export's own name, without directories. Owned by `all`. */
struct checksum *checksum_add(struct checksums *all, const char *name);

/* Bytes of the line: the same for all versions of an export. */
size_t checksum_len(const struct checksum *c);

/* line is valid during the callback; NULL when the version cannot be read, status is then a negative errno. */
typedef void (*checksum_ready_fn)(void *arg, const char *line, int status);

/* Takes v over. */
void checksum_request(struct checksum *c, struct version *v, checksum_ready_fn ready, void *arg);

#endif
