/* Inside pki/ only: what struct trust holds. */
#ifndef PKI_TRUST_H
#define PKI_TRUST_H

#include <openssl/err.h>
#include <stdatomic.h>

#include "pki/openssl.h"

struct trust {
    atomic_int owners;
    X509_STORE *store;              /* roots and CRLs */
    STACK_OF(X509) *intermediates;  /* owned, with what is in it */
    size_t crls;
};

#endif
