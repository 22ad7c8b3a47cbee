/*
 * What the intake tells the uploader: results/NAME.txt, and NAME.error.txt beside a refused original. The
 * first line of each begins with one word and a colon, for programs: those of verdict_name, and "incomplete",
 * "waiting".
 */
#ifndef SHOPFS_ORDER_INTAKE_RESULT_H
#define SHOPFS_ORDER_INTAKE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Each appends a whole text. name is the upload's, as data. */
void result_incomplete(struct buf *out, const char *name, uint64_t size, const struct error *why,
                       int64_t give_up_ms);
/* unreadable: it waits for the disk, not for the database. */
void result_waiting(struct buf *out, const char *name, uint64_t size, bool unreadable,
                    const struct error *why);
void result_unreadable(struct buf *out, const char *name, uint64_t size, const struct error *why); /* given up */
/* Closed under a name we do not take, and not renamed for a while. */
void result_misnamed(struct buf *out, const char *name, uint64_t size, int64_t give_up_ms);
void result_wrong_name(struct buf *out, const char *name, uint64_t size);
void result_checked(struct buf *out);  /* a remark after the verdict of a dry run */
void result_given_up(struct buf *out); /* a remark after the verdict upon a file that never became complete */

#endif
