/*
 * Places where the crash tests end the process (tests/crash/): between two steps whose order makes a promise.
 * Unused outside the tests; set before threads start.
 */
#ifndef SHOPFS_ORDER_CRASH_POINT_H
#define SHOPFS_ORDER_CRASH_POINT_H

#include <stddef.h>

extern void (*crash_point_hook)(const char *where);

static inline void crash_point(const char *where)
{
    if (__builtin_expect(crash_point_hook != NULL, 0))
        crash_point_hook(where);
}

#endif
