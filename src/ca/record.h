/* Putting a certificate that was made outside a batch on record: register row and audit entry. */
#ifndef CA_RECORD_H
#define CA_RECORD_H

#include "pki/cert.h"
#include "store/register.h"

struct record {
    const char *kind, *subject, *issuer; /* as in struct register_certificate */
    const char *requester, *actor;
    enum lifecycle_state state;
    const struct cert *cert;
};

/* Inside the caller's transaction. */
enum err record_certificate(struct db *db, const struct record *r, int64_t *ret_id, struct why *why) MUST_CHECK;

#endif
