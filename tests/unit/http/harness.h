/* A small real server in a thread of its own, and a client that sends whatever bytes a test wants. */
#ifndef TESTS_HTTP_HARNESS_H
#define TESTS_HTTP_HARNESS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "http/server.h"

/* GET /hello; POST /echo (1 MiB at most); POST /sink (streamed, answers the count); GET /stream?BYTES;
 * GET /never; GET /later; GET /held (answered by harness_release); GET /who (the peer's role and name);
 * GET /from (its address); GET /half (breaks off); else 404. */
struct harness {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    uint16_t port;
    atomic_size_t most_waiting;       /* bytes that ever waited in a streamed reply */
    atomic_int begun, ended, replied; /* exchanges */
    atomic_int refused;               /* connections */
    char refusal[384];                /* the last; read it after harness_stop or when `refused` has changed */
    atomic_int late_ms;               /* by how much the loop ran too late, in all */
    int64_t beat_ms;                  /* when its next heartbeat is due */
    struct http_exchange *held;       /* of the loop's thread */
    sem_t paused, go_on;
};

void harness_start(struct harness *h, const struct http_limits *limits, struct tls_context *tls);
void harness_stop(struct harness *h);

/* Between the two the server does nothing, so that what a client sends meanwhile is there at once. */
void harness_pause(struct harness *h);
void harness_go_on(struct harness *h);

/* In the loop's thread: answers the request that is held. */
void harness_release(struct harness *h);

/* Waits until *what is `wanted` at least; a machine that is busy with other things may take its time. */
void harness_await(const atomic_int *what, int wanted);

int wire_connect(uint16_t port);
void wire_send(int fd, const void *bytes, size_t n);
void wire_text(int fd, const char *text);
void wire_read_all(int fd, struct buf *to); /* up to the end of the connection, 10 s at most; then closes */
void wire_talk(uint16_t port, const char *bytes, struct buf *to);
void wire_statuses(struct buf *reply, char ret_text[128]); /* "200 404" of a run of replies */

#endif
