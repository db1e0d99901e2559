/* The event loop of a program: descriptors, timers, signals, and calls from other threads. One thread runs it. */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
typedef void loop_fn(void *context);
typedef void loop_fd_fn(void *context, int fd, uint32_t epoll_events);

enum err loop_new(struct loop **ret_loop, struct why *why) MUST_CHECK;
void loop_free(struct loop *loop);
enum err loop_run(struct loop *loop, struct why *why) MUST_CHECK; /* until loop_stop */
void loop_stop(struct loop *loop);

/* Level-triggered; `events` are EPOLLIN, EPOLLOUT. A second call for the same fd changes it; events 0 removes. */
enum err loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *context) MUST_CHECK;

/* Runs fn once after delay_ms. The id is never 0; cancelling one that ran or 0 is fine. */
enum err loop_timer(struct loop *loop, int64_t delay_ms, loop_fn *fn, void *context, uint64_t *ret_id) MUST_CHECK;
void loop_cancel(struct loop *loop, uint64_t id);

/* Runs fn in the loop's thread, soon; may be called from any thread. */
enum err loop_post(struct loop *loop, loop_fn *fn, void *context) MUST_CHECK;

/* fn when this signal arrives (signalfd); SIGTERM, SIGINT: drain, SIGHUP: reload. */
enum err loop_on_signal(struct loop *loop, int signum, loop_fn *fn, void *context, struct why *why) MUST_CHECK;

#endif
