/* The event loop of a program: descriptors, timers, signals, and calls from other threads. One thread runs it. */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
typedef void loop_fn(void *context);
typedef void loop_fd_fn(void *context, int fd, uint32_t epoll_events);

/* Also makes the process ignore SIGPIPE. */
enum err loop_new(struct loop **ret_loop, struct why *why) MUST_CHECK;
void loop_free(struct loop *loop); /* timers and posts that did not run are dropped; NULL is fine */
enum err loop_run(struct loop *loop, struct why *why) MUST_CHECK; /* until loop_stop */
void loop_stop(struct loop *loop); /* from the loop's thread (others: loop_post a function that calls it) */

/* Level-triggered; `events` are EPOLLIN, EPOLLOUT, or LOOP_ERRORS_ONLY for a descriptor that waits for
 * something else (EPOLLERR and EPOLLHUP are told in any case). A second call for the same fd changes it;
 * events 0 removes, which must be done before the descriptor is closed. Errors: NO_MEMORY, NO_SPACE. */
enum { LOOP_ERRORS_ONLY = 1 << 30 };
enum err loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *context) MUST_CHECK;

/* Runs fn once after delay_ms (0: in this turn or the next). The id is never 0 and may be asked for with NULL;
 * cancelling one that ran or 0 is fine. Errors: NO_MEMORY. */
enum err loop_timer(struct loop *loop, int64_t delay_ms, loop_fn *fn, void *context, uint64_t *ret_id) MUST_CHECK;
void loop_cancel(struct loop *loop, uint64_t id);

/* Runs fn in the loop's thread, soon; may be called from any thread. */
enum err loop_post(struct loop *loop, loop_fn *fn, void *context) MUST_CHECK;

/* fn when this signal arrives (signalfd); SIGTERM, SIGINT: drain, SIGHUP: reload. The signal is blocked from
 * here on, in this thread and those that it makes: call before there are others. */
enum err loop_on_signal(struct loop *loop, int signum, loop_fn *fn, void *context, struct why *why) MUST_CHECK;
/* Those of a program that runs until it is told to end: SIGTERM and SIGINT, and SIGHUP unless `reload` is NULL. */
enum err loop_on_signals(struct loop *loop, loop_fn *stop, loop_fn *reload, void *context, struct why *why) MUST_CHECK;

#endif
