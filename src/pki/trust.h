/* Inside pki/ only: what struct trust holds. */
#ifndef PKI_TRUST_H
#define PKI_TRUST_H

#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>

#include "pki/openssl.h"

enum { TRUST_CHECKED = 8 };

struct trust {
    atomic_int owners;
    X509_STORE *store;              /* roots and CRLs */
    STACK_OF(X509) *intermediates;  /* owned, with what is in it */
    size_t crls;
    pthread_mutex_t lock; /* of what follows */
    struct {
        const X509_CRL *crl; /* one of the store's */
        X509 *issuer;        /* a reference */
    } checked[TRUST_CHECKED]; /* lists whose signature was found good, and by whose certificate */
    size_t checked_n;
};

/* crlcheck.c: from now on the signature of a list is verified once. */
enum err trust_check_crls_once(struct trust *trust) MUST_CHECK;

#endif
