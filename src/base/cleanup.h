/* Cleanup attributes: the owner of a resource names its release where it declares it. */
#ifndef SHOPFS_BASE_CLEANUP_H
#define SHOPFS_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(fn) __attribute__((__cleanup__(fn)))

static inline void cleanup_free_(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close_(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_fclose_(FILE **f)
{
    if (*f)
        fclose(*f);
}

/* For memory of malloc; for a descriptor whose close cannot lose data (read side); for a stdio stream. */
#define auto_free cleanup(cleanup_free_)
#define auto_close cleanup(cleanup_close_)
#define auto_fclose cleanup(cleanup_fclose_)

/* Hands a pointer over: the variable is NULL afterwards. */
#define steal_pointer(p)             \
    ({                               \
        __typeof__(p) stolen_ = (p); \
        (p) = NULL;                  \
        stolen_;                     \
    })

/* Hands a descriptor over: the variable is -1 afterwards. */
#define steal_fd(fd)        \
    ({                      \
        int stolen_ = (fd); \
        (fd) = -1;          \
        stolen_;            \
    })

#endif
