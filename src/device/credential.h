/* A private key with its certificates, out of a pack: what the device shows in TLS.
 *
 * A pack is judged before it may come into force (invariant I3): its root is the one in the firmware, the
 * certificate chains to it and has the exact shape of its profile, the key belongs to it, and the number in
 * pack and certificate is the device's own. */
#ifndef DEVICE_CREDENTIAL_H
#define DEVICE_CREDENTIAL_H

#include "model/pack.h"
#include "pki/verify.h"

struct credential {
    struct key *key; /* NULL: there is none */
    struct cert *chain[1 + LIMIT_CHAIN]; /* the device's first, no root */
    size_t chain_n;
    uint8_t fingerprint[CERT_FINGERPRINT];
};

void credential_done(struct credential *c); /* afterwards empty */

enum credential_use { CREDENTIAL_IDENTITY, CREDENTIAL_BOOTSTRAP };

struct credential_rules {
    enum credential_use use;
    const struct cert *root;   /* the firmware's */
    struct trust *trust;       /* in that root alone */
    const char *number;        /* IDENTITY: must be this one; "" takes any */
    const char *model;         /* BOOTSTRAP: must be for this model; "" takes any */
    int64_t now_s;
};

/* Errors: BAD_INPUT, BAD_CERTIFICATE, BAD_KEY, NUMBER_MISMATCH, `why` for the operator. */
enum err credential_from_pack(struct span pack, const struct credential_rules *rules, struct credential *ret_credential,
                              struct why *why) MUST_CHECK;

/* A key and a self-signed certificate for a board that has nothing yet: TLS wants one, nobody trusts it. */
enum err credential_ephemeral(int64_t now_s, struct credential *ret_credential, struct why *why) MUST_CHECK;

#endif
