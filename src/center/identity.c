/* Parsed certificates of identities, so that a letter's signature costs no parsing: a bounded table, in which a newcomer
 * takes the place of another. And which of a number's identities is in force. */
#include <stdlib.h>
#include <string.h>

#include "center/job.h"
#include "model/lifecycle.h"

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

static enum err take_in_force(void *context, const struct center_identity *i)
{
    struct in_force *f = context;
    enum lifecycle_state state = LIFE_PLANNED;
    if (f->newest == 0)
        f->newest = i->generation;
    if (lifecycle_parse(i->state, &state) != OK)
        return OK;
    bool in_force = state == LIFE_WRITTEN || state == LIFE_ERASED || state == LIFE_FIELD;
    f->any = f->any || in_force || state == LIFE_RENEWING;
    if (f->there || !in_force)
        return OK;
    f->there = true;
    memcpy(f->fingerprint, i->fingerprint, sizeof f->fingerprint);
    return OK;
}

enum err identity_in_force(struct center *center, const char *number, struct in_force *ret_in_force, struct why *why)
{
    struct in_force f = { .there = false };
    enum err err = center_identity_of(center->db, number, take_in_force, &f, why);
    if (err == OK)
        *ret_in_force = f;
    return err;
}
