#include "ca/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { STRIDE = 8 }; /* items taken at a time */

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    void (*fn)(void *context, size_t worker, size_t i);
    void *context;
    size_t n;
    atomic_size_t next;
    unsigned long round; /* grows with each pool_run */
    size_t running;      /* threads still in this round */
    bool stop;
    size_t workers, started;
    struct thread {
        struct pool *pool;
        size_t worker;
        pthread_t id;
    } threads[];
};

static void take_items(struct pool *p, size_t worker)
{
    for (;;) {
        size_t from = atomic_fetch_add(&p->next, STRIDE);
        if (from >= p->n)
            return;
        for (size_t i = from; i < p->n && i < from + STRIDE; i++)
            p->fn(p->context, worker, i);
    }
}

static void *run_thread(void *argument)
{
    struct thread *t = argument;
    struct pool *p = t->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (p->round == seen) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        seen = p->round;
        pthread_mutex_unlock(&p->lock);
        take_items(p, t->worker);
        pthread_mutex_lock(&p->lock);
        if (--p->running == 0)
            pthread_cond_signal(&p->idle);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* The threads take no signals: those are the main thread's. */
static enum err start_threads(struct pool *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    enum err err = OK;
    for (size_t i = 1; err == OK && i < p->workers; i++) {
        p->threads[i] = (struct thread){ .pool = p, .worker = i };
        if (pthread_create(&p->threads[i].id, NULL, run_thread, &p->threads[i]) != 0)
            err = ERR_NO_MEMORY;
        else
            p->started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return err;
}

enum err pool_new(size_t workers, struct pool **ret_pool)
{
    struct pool *p = calloc(1, sizeof *p + workers * sizeof p->threads[0]);
    if (p == NULL)
        return ERR_NO_MEMORY;
    p->workers = workers;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->idle, NULL);
    enum err err = start_threads(p);
    if (err == OK)
        *ret_pool = p;
    else
        pool_free(p);
    return err;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 1; i <= p->started; i++)
        pthread_join(p->threads[i].id, NULL);
    pthread_cond_destroy(&p->idle);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

size_t pool_workers(const struct pool *p)
{
    return p->workers;
}

void pool_start(struct pool *p, size_t n, void (*fn)(void *context, size_t worker, size_t i), void *context)
{
    pthread_mutex_lock(&p->lock);
    p->fn = fn;
    p->context = context;
    p->n = n;
    atomic_store(&p->next, 0);
    p->running = p->started;
    p->round++;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
}

void pool_wait(struct pool *p)
{
    take_items(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->running != 0)
        pthread_cond_wait(&p->idle, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void pool_run(struct pool *p, size_t n, void (*fn)(void *context, size_t worker, size_t i), void *context)
{
    pool_start(p, n, fn, context);
    pool_wait(p);
}
