/* Enrolment of a server: a key of its own, and a certificate for it from the CA by a one-time token. */
#ifndef ASK_ENROL_H
#define ASK_ENROL_H

#include "tls/credentials.h"

struct enrolment {
    const char *ca;                    /* https://HOST:PORT */
    const char *fingerprint;           /* of the root, as `ca init` printed it; not looked at when it is done again */
    const char *token;                 /* as `ca token add` printed it */
    enum role role;                    /* that the token must be for */
    const char *identity, *passphrase; /* where key and certificates go (tls/credentials.h) */
};

/* Each says on standard output under which name. Errors: USAGE (fingerprint), BAD_TOKEN, BAD_CERTIFICATE, and those of
 * ca_ask_wait and credentials_prepare. */
enum err enrol_with_ca(const struct enrolment *e, struct why *why) MUST_CHECK;

/* In the place of an identity that is near its end, or over it, for the same name; with an error the present one stands as
 * it was. Errors: also those of credentials_take_next. */
enum err enrol_with_ca_again(const struct enrolment *e, struct why *why) MUST_CHECK;

/* The command to try next after such an error, or NULL. */
const char *enrol_hint(enum err err, enum role role);

#endif
