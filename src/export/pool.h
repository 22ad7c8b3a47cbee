/*
 * Helpers for big renderings. A job is n numbered tasks and some seats (what a helper needs to work: a
 * session in the right transaction). The caller works itself on a seat of its own; helpers go round the jobs
 * and take one task at a time, so that a small job does not wait behind a big one.
 */
#ifndef SHOPFS_EXPORT_POOL_H
#define SHOPFS_EXPORT_POOL_H

#include <stddef.h>

#include "base/error.h"

struct pool;

struct pool_job {
    /* Does task number i on a seat; 0 or -errno with err. Called from several threads. */
    int (*run)(void *arg, size_t i, void *seat, struct error *err);
    void *arg;
    size_t n;
    void *own_seat;
    void **seats; /* for helpers; the array is used up and restored */
    size_t n_seats;
    /* of the pool */
    size_t next, running;
    int status;
    struct error err;
    struct pool_job *after;
};

/* helpers: threads at most, started when first wanted. */
struct pool *pool_new(unsigned helpers);
void pool_free(struct pool *p);

/* Runs all tasks; returns 0 or the first failure, after which no further task is begun. */
int pool_run(struct pool *p, struct pool_job *job, struct error *err);

#endif
