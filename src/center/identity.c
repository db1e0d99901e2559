/* Parsed certificates of identities, so that a letter's signature costs no parsing: a bounded table, in which a newcomer
 * takes the place of another. */
#include <stdlib.h>
#include <string.h>

#include "center/job.h"

enum { PLACES = 2048 };

struct known {
    uint8_t fingerprint[CENTER_FINGERPRINT];
    struct cert *cert; /* NULL: free */
};

struct identities {
    struct known places[PLACES];
};

enum err identities_new(struct identities **ret)
{
    *ret = calloc(1, sizeof **ret);
    return *ret == NULL ? ERR_NO_MEMORY : OK;
}

void identities_free(struct identities *all)
{
    for (size_t i = 0; all != NULL && i < PLACES; i++)
        cert_free(all->places[i].cert);
    free(all);
}

enum err identity_cert(struct center *center, const struct center_identity *identity, struct cert **ret_cert, struct why *why)
{
    size_t at = (identity->fingerprint[0] | (size_t)identity->fingerprint[1] << 8) % PLACES; /* a hash already */
    struct known *k = &center->identities->places[at];
    if (k->cert == NULL || memcmp(k->fingerprint, identity->fingerprint, sizeof k->fingerprint) != 0) {
        struct cert *cert;
        enum err err = cert_from_der(identity->certificate, &cert, why);
        if (err != OK)
            return err;
        cert_free(k->cert);
        k->cert = cert;
        memcpy(k->fingerprint, identity->fingerprint, sizeof k->fingerprint);
    }
    *ret_cert = cert_ref(k->cert);
    return OK;
}
