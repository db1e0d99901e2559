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

/* A cert_body_fn over a struct record_body: commits what will be signed, so that a signature without a row is
 * impossible (I5). In a transaction of its own. */
struct record_body {
    struct db *db;
    const struct record *record; /* its cert is not looked at */
};
enum err record_body(void *context, struct span serial, struct span tbs, struct why *why) MUST_CHECK;

/* Inside the caller's transaction, once record_body has seen its body. */
enum err record_certificate(struct db *db, const struct record *r, int64_t *ret_id, struct why *why) MUST_CHECK;

/* I2: a key is in one certificate. Refuses one that is in any, or on record to be; but for the live ones of the infrastructure's
 * `own` subject, who may ask again with it (NULL: for none). Errors: CONFLICT, BAD_KEY. */
enum err record_check_key(struct db *db, struct span spki, const char *own, struct why *why) MUST_CHECK;

#endif
