/* A stand-in for the centre, in a thread of its own: it admits whoever comes, remembers what it got, and hands down what
 * a test tells it to. Nothing is lost with it but by `away`. */
#ifndef TESTS_UNIT_GATEWAY_CENTER_H
#define TESTS_UNIT_GATEWAY_CENTER_H

#include <pthread.h>

#include "../pki/fixture.h"

#include "http/server.h"
#include "soap/soap.h"

enum { CENTER_LETTERS = 64, CENTER_TEXT_MAX = 160 };

struct seen {
    char what[16], id[LIMIT_MESSAGE_ID + 1], number[LIMIT_NUMBER_TEXT + 1], by[LIMIT_NAME + 1];
    struct buf envelope, signature;
    int64_t serial; /* of a call */
    char maker[16];
};

struct stand_in {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* over all below */
    uint16_t port;
    bool away;                   /* answers 503 */
    const char *refuse_calls_of; /* a number: its calls are refused, NO_AGREEMENT */
    struct seen seen[CENTER_LETTERS]; /* each different letter, once */
    size_t seen_n, doubled;      /* doubled: letters that came again */
    struct field_call down;      /* given until its receipt comes; id NULL: none */
    struct field_answer answer;  /* likewise */
    bool down_taken, answer_taken;
    char refused[32];            /* the error of a refused receipt */
    unsigned replacements;
};

void stand_in_start(struct stand_in *c, const struct fixture *pki, uint16_t port);
void stand_in_stop(struct stand_in *c);

/* How often a letter with this what ("presence", "call", "answer", "delay") and id (nonce) was seen: 0 or 1. */
size_t stand_in_count(struct stand_in *c, const char *what, const char *id);

#endif
