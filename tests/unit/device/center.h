/* A small centre for one device, on the test's own loop: real messages over real TLS, the rules of
 * doc/protocol/field.md for tokens and receipts, and a memory of all that came. */
#ifndef TESTS_UNIT_DEVICE_CENTER_H
#define TESTS_UNIT_DEVICE_CENTER_H

#include "bench.h"

#include "device/field.h"
#include "model/counter.h"

enum { CENTER_CALLS = 8, CENTER_ANSWERS = 32, CENTER_EVENTS = 32 };

struct center_call {
    char id[LIMIT_MESSAGE_ID + 1];
    struct buf envelope;
    bool receipted, forged;
};

struct center_answer {
    char id[LIMIT_MESSAGE_ID + 1], kind[16];
    struct buf envelope;
};

struct center {
    struct bench *bench;
    struct http_server *server;
    struct tls_context *tls;
    struct field *field;
    struct field_options options;
    char token[40], used[40], nonce[40]; /* the chain, as the contract has it */
    int tokens, exchanges, forks, restarts;
    const char *refuse;          /* error of the sessions; NULL: admitted */
    const char *refuse_readings; /* error of the receipts for them; NULL: taken */
    const char *stale_nonce;     /* that its sessions answer to; NULL: the presence's */
    int lose_replies;            /* so many exchanges are handled and not answered */
    struct center_call calls[CENTER_CALLS];
    int calls_n;
    struct center_answer answers[CENTER_ANSWERS]; /* of our calls, each once */
    int answers_n, delays_n;
    struct reading last;         /* believed last */
    int readings, bad_readings, events;
    char event_ids[CENTER_EVENTS][LIMIT_MESSAGE_ID + 1], said[CENTER_EVENTS][128]; /* kind and detail, each event once */
    char refused_error[32];      /* in the device's last refusing receipt */
    struct buf program;          /* served in parts */
    int parts, break_after_parts; /* -1: never */
    struct buf pending_id, pending; /* answer to the device's call */
    uint8_t signer[32];          /* fingerprint in the last presence */
    bool confirmed;
    struct certificate signers[2];
};

void center_start(struct center *c, struct bench *b);
void center_stop(struct center *c);

/* The device as after a start: what is in its memories counts. */
void center_start_device(struct center *c);
void center_stop_device(struct center *c);

/* What the CA makes of a key of the device's own. */
struct cert *center_certify(const struct fixture *pki, const struct key *key);

/* A call to the device; its id. Durable here until its receipt came. */
const char *center_call(struct center *c, enum soap_message message, const void *body);

/* Runs the loop until the condition holds, or two seconds have passed (false). */
bool center_wait(struct center *c, bool (*done)(const struct center *c));
void center_run_ms(struct center *c, int64_t ms);

/* The answer to a call; NULL: none yet. */
const struct center_answer *center_answer_to(const struct center *c, const char *id);
enum err center_read_answer(const struct center *c, const char *id, enum soap_message message, struct soap_parsed *ret_answer, struct why *why);

#endif
