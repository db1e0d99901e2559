/* Everybody who meets in TLS, with real certificates made on the spot, valid at the real time. */
#ifndef TESTS_UNIT_TLS_PEOPLE_H
#define TESTS_UNIT_TLS_PEOPLE_H

#include "../test.h"

#include "pki/issuer.h"
#include "tls/tls.h"

struct person {
    struct key *key;
    struct cert *cert, *issuer; /* issuer: NULL for a self-signed one */
};

enum who { CA, FACTORY, STATION, DEVICE, GATEWAY, BOOTSTRAP, EXPIRED, EARLY, STRANGER, BOARD, WHO_COUNT };

struct people {
    struct person root, issuing[3], other_root, other_issuing;
    struct person of[WHO_COUNT]; /* STRANGER: a factory of another root; BOARD: self-signed; EXPIRED, EARLY: stations */
    struct trust *trust;         /* our root alone */
};

int people_setup(void **state); /* cmocka's group setup: *state is a struct people */
int people_teardown(void **state);

/* A station whose certificate ends at `not_after`; the caller frees it. */
struct person person_station(const struct people *p, const char *name, int64_t not_after);
struct person person_device(const struct people *p, const char *number, int64_t not_after); /* the same of a device */
void person_done(struct person *person);

/* A context for `person` (NULL: no certificate). */
struct tls_context *context_for(const struct people *p, const struct person *person, bool server, unsigned peers);

#endif
