/*
 * The durable list of names below orders/incoming/: an append-only text file of self-checking lines. Each
 * line states one thing in full, a later line about the same thing replaces an earlier one (the lines are
 * drawn up by incoming_recover.c).
 *
 * Why a log: one append makes any change of names atomic (a rename, the replacement of a file, a whole
 * directory moved), a line costs no fsync until somebody needs it, and all uploads that end at the same time
 * share one.
 *
 * Three steps: name_log_add only notes a line in memory (call it under the lock that guards what it states,
 * so that lines are in order), name_log_push hands it to the kernel (it survives the end of this process),
 * name_log_sync brings it to the disk (it survives a power cut). Any thread.
 */
#ifndef SHOPFS_ORDER_NAME_LOG_H
#define SHOPFS_ORDER_NAME_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct name_log;

/* Opens or makes the log in dirfd (kept open by the caller) and gives every intact line to `line`. *damaged
 * tells that an unreadable line was followed by a readable one: more than the torn end that a power cut
 * leaves. *existed is false where there was no log. */
int name_log_open(struct name_log **out, int dirfd, void (*line)(void *arg, const char *line), void *arg,
                  bool *existed, bool *damaged, struct error *err);
void name_log_close(struct name_log *log); /* pushes; NULL is fine */

/* Returns the line's number, for name_log_sync. No line ends in the text. */
uint64_t name_log_add(struct name_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
int name_log_push(struct name_log *log);
int name_log_sync(struct name_log *log, uint64_t upto);

/* Bytes on file, and whether a failed sync makes a rewrite necessary: no line counts as synced until then. */
uint64_t name_log_size(struct name_log *log);
bool name_log_suspect(struct name_log *log);

/* Replaces the file by what `snapshot` appends (with name_log_line): it runs while no line can be pushed, and
 * takes the caller's lock itself; lines added but not pushed are dropped at name_log_snapshot_taken, which
 * the callback calls while it still holds that lock. */
int name_log_rewrite(struct name_log *log, void (*snapshot)(void *arg, struct name_log *log, struct buf *out),
                     void *arg);
void name_log_line(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void name_log_snapshot_taken(struct name_log *log);

#endif
