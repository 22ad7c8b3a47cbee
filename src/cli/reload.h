/*
 * Watches the configuration and the mapping documents of a mount: when one is replaced or written, and on SIGHUP,
 * `changed` is called from a thread of its own, once for what happens within a moment. A file that is away changes
 * nothing.
 */
#ifndef SHOPFS_CLI_RELOAD_H
#define SHOPFS_CLI_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct reload;

/* changed returns true to be called again in a while, though nothing changed. paths is copied. SIGHUP must be blocked in
 * every thread, before and after. */
int reload_start(struct reload **out, char *const *paths, size_t n, bool (*changed)(void *arg), void *arg,
                 struct error *err);
/* Other files from now on: for `changed`. What was written to a file since `changed` was called is not missed. */
void reload_watch(struct reload *r, char *const *paths, size_t n);
/* Waits for a call that is under way. NULL is fine. */
void reload_stop(struct reload *r);

#endif
