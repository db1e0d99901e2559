/* A few threads that go over an array together. */
#ifndef CA_POOL_H
#define CA_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool;

/* workers >= 1; the calling thread is one of them. Errors: NO_MEMORY. */
enum err pool_new(size_t workers, struct pool **ret_pool) MUST_CHECK;
void pool_free(struct pool *pool); /* NULL is fine */
size_t pool_workers(const struct pool *pool);

/* Runs fn(context, worker, i) for every i below n, each exactly once; returns when all are done. */
/* The same in two: after pool_start the threads work while the caller does something else, pool_wait helps with what
 * is left. Between the two no other job may be started; pool_wait without one returns at once. */
void pool_start(struct pool *pool, size_t n, void (*fn)(void *context, size_t worker, size_t i), void *context);
void pool_wait(struct pool *pool);
void pool_run(struct pool *pool, size_t n, void (*fn)(void *context, size_t worker, size_t i), void *context);

#endif
