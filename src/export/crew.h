/*
 * Threads for refreshes: one for each piece of work that is under way, made when wanted and kept idle for a
 * few seconds. Work never waits for other work. Threads: any may submit.
 */
#ifndef SHOPFS_EXPORT_CREW_H
#define SHOPFS_EXPORT_CREW_H

#include <stdbool.h>

struct crew;

/* Embedded by its owner; in the queue of one crew at most once. */
struct work {
    void (*run)(struct work *w);
    struct work *next;
};

struct crew *crew_new(void);
/* 0, or -errno when there is no thread for it and none can be made. */
int crew_submit(struct crew *c, struct work *w);
/* Waits up to ms milliseconds; true when nothing is queued or running any more. */
bool crew_quiet(struct crew *c, unsigned ms);
/* Ends the threads; the crew must be quiet and nothing submitted any more. */
void crew_free(struct crew *c);

#endif
