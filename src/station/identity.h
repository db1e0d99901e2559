/* The infrastructure identity of this station: DIR/identity with key.pem, cert.pem, chain.pem, root.pem. */
#ifndef STATION_IDENTITY_H
#define STATION_IDENTITY_H

#include "tls/tls.h"

struct identity {
    struct key *key;
    struct cert *chain[1 + LIMIT_CHAIN]; /* our own first */
    size_t chain_n;
    struct trust *trust;
    struct peer self;
};
#define AUTO_IDENTITY __attribute__((cleanup(identity_done))) struct identity

/* Errors: NOT_FOUND, BAD_CERTIFICATE, BAD_KEY, NOT_ALLOWED (not a station's). */
enum err identity_load(const char *folder, struct identity *ret_identity, struct why *why) MUST_CHECK;
void identity_done(struct identity *identity); /* afterwards empty */

/* peers: ROLE_BITs. any_self_signed: for the board step, see tls/tls.h. */
enum err identity_context(const struct identity *identity, bool server, unsigned peers, bool any_self_signed,
                          struct tls_context **ret_context, struct why *why) MUST_CHECK;

#endif
