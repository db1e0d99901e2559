/* The roles of peers. The certificate decides (pki/peer.h); tables of roles say who may send what. */
#ifndef MODEL_ROLE_H
#define MODEL_ROLE_H

#include "base/err.h"
#include "base/limit.h"

enum role {
#define X(code, name, what) ROLE_##code,
#include "model/role.tbl"
#undef X
    ROLE_COUNT
};

/* A set of roles, as one bit each: ROLE_BIT(ROLE_STATION) | ROLE_BIT(ROLE_FACTORY). */
#define ROLE_BIT(role) (1u << (unsigned)(role))

const char *role_name(enum role role); /* "station"; never NULL */

/* Errors: NOT_FOUND. */
enum err role_parse(const char *name, enum role *ret_role) MUST_CHECK;

/* Who is at the other end: taken from the certificate once per connection, never from a message. */
struct peer {
    enum role role;
    char name[LIMIT_NAME + 1]; /* "line-1", "factory-1"; the model code of a bootstrap certificate; the device
                                * number of a device */
    unsigned char fingerprint[32]; /* SHA-256 of the certificate; zeros when anonymous */
};

#endif
