/* One device of a swarm in the field: what it sends up, and what it makes of the reply (doc/protocol/field.md). It
 * keeps its memory in RAM and has no flash: a load, not a device. No I/O here. */
#ifndef DEVICE_FIELD_UNIT_H
#define DEVICE_FIELD_UNIT_H

#include "model/pack.h"
#include "pki/cert.h"
#include "soap/soap.h"

enum { UNIT_TOKEN = 33, UNIT_WAITING = 8 };

/* An answer, until its receipt came. */
struct unit_answer {
    char id[LIMIT_MESSAGE_ID + 1];
    int64_t serial;
    struct buf envelope, signature; /* signed under the presence that it goes out with */
    bool taken; /* the call was: its receipt goes out with the next exchange */
};

struct field_unit {
    struct pack pack; /* views into the file of identities */
    struct key *key;  /* while it is connected */
    struct cert *chain[1 + LIMIT_CHAIN];
    size_t chain_n;
    uint8_t fingerprint[CERT_FINGERPRINT];
    char token[UNIT_TOKEN], nonce[UNIT_TOKEN], shown[UNIT_TOKEN]; /* shown: the token of its last presence */
    int64_t letters; /* that it made */
    int64_t sequence, printed;
    int64_t interval_s; /* as the centre said */
    bool refused;       /* by the last session */
    struct unit_answer answers[UNIT_WAITING];
    size_t answers_n;
};

struct unit_outcome {
    bool admitted, refused;   /* what the session said, if there was one */
    unsigned calls, readings; /* that came, and of them those for counters */
    unsigned delivered;       /* answers that the centre took */
};

enum err unit_open(struct field_unit *u, struct why *why) MUST_CHECK; /* parses its identity */
void unit_close(struct field_unit *u);                                /* forgets it until the next time */
void unit_done(struct field_unit *u);

/* Appends the envelope of an Exchange; wait_s 0: do not wait. With a presence when `present`. */
enum err unit_write(struct field_unit *u, bool present, int64_t wait_s, struct buf *to, struct why *why) MUST_CHECK;

/* Takes the reply. Errors: what the fault says, BAD_INPUT ... */
enum err unit_take(struct field_unit *u, struct span xml, struct unit_outcome *ret_outcome, struct why *why) MUST_CHECK;

/* Whether there is something to deliver. */
bool unit_has_news(const struct field_unit *u);

#endif
