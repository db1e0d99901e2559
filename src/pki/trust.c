/* What a program trusts: roots, certificates for building chains, CRLs. Judging is verify.c. */
#include "pki/trust.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/limit.h"

enum err trust_new(struct trust **ret_trust)
{
    struct trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&trust->owners, 1);
    pthread_mutex_init(&trust->lock, NULL);
    trust->store = X509_STORE_new();
    trust->intermediates = sk_X509_new_null();
    if (trust->store == NULL || trust->intermediates == NULL || trust_check_crls_once(trust) != OK) {
        trust_free(trust);
        return ERR_NO_MEMORY;
    }
    *ret_trust = trust;
    return OK;
}

struct trust *trust_ref(struct trust *trust)
{
    atomic_fetch_add(&trust->owners, 1);
    return trust;
}

void trust_free(struct trust *trust)
{
    if (trust == NULL || atomic_fetch_sub(&trust->owners, 1) != 1)
        return;
    X509_STORE_free(trust->store);
    sk_X509_pop_free(trust->intermediates, X509_free);
    for (size_t i = 0; i < trust->checked_n; i++)
        X509_free(trust->checked[i].issuer);
    pthread_mutex_destroy(&trust->lock);
    free(trust);
}

/* A root that says it signed itself must have: path validation never looks at an anchor's signature. */
static enum err add_root(struct trust *trust, X509 *x509, struct why *why)
{
    bool self_issued = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
    if (self_issued && X509_verify(x509, X509_get0_pubkey(x509)) != 1)
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "the root certificate's own signature does not verify");
    if (X509_STORE_add_cert(trust->store, x509) != 1)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for a root certificate");
    return OK;
}

static enum err add_intermediate(struct trust *trust, X509 *x509, struct why *why)
{
    X509_up_ref(x509);
    if (sk_X509_push(trust->intermediates, x509) > 0)
        return OK;
    X509_free(x509);
    return why_set(why, ERR_NO_MEMORY, "no memory for a certificate");
}

typedef enum err (*take_cert)(struct trust *trust, X509 *x509, struct why *why);

/* After the last object PEM's reader says "no start line"; anything else is an object that it could not read. */
static bool pem_ended(void)
{
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (ended)
        ERR_clear_error();
    return ended;
}

static enum err add_pem_certs(struct trust *trust, BIO *bio, take_cert take, struct why *why)
{
    for (size_t n = 0;; n++) {
        struct cert *cert;
        AUTO_X509 x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (x509 == NULL && n != 0 && pem_ended())
            return OK;
        if (x509 == NULL && n == 0 && pem_ended())
            return why_set(why, ERR_BAD_INPUT, "there is no certificate in it");
        if (x509 == NULL)
            return openssl_fail(why, ERR_BAD_CERTIFICATE, "certificate %zu cannot be read", n + 1);
        enum err err = cert_from_x509(x509, &cert, why);
        if (err != OK)
            return err;
        err = take(trust, x509, why);
        cert_free(cert);
        if (err != OK)
            return err;
    }
}

static enum err add_certs(struct trust *trust, struct span in, take_cert take, struct why *why)
{
    if (in.n == 0 || in.n > LIMIT_LISTS)
        return why_set(why, ERR_BAD_INPUT, "there is no certificate in it");
    if (in.at[0] == 0x30) { /* DER's SEQUENCE; PEM begins with text */
        struct cert *cert;
        enum err err = cert_from_der(in, &cert, why);
        if (err != OK)
            return err;
        err = take(trust, cert_x509(cert), why);
        cert_free(cert);
        return err;
    }
    AUTO_BIO bio = BIO_new_mem_buf(in.at, (int)in.n);
    if (bio == NULL)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for certificates");
    return add_pem_certs(trust, bio, take, why);
}

enum err trust_add_roots(struct trust *trust, struct span pem_or_der, struct why *why)
{
    return add_certs(trust, pem_or_der, add_root, why);
}

enum err trust_add_intermediates(struct trust *trust, struct span pem_or_der, struct why *why)
{
    return add_certs(trust, pem_or_der, add_intermediate, why);
}

static enum err add_crl(struct trust *trust, X509_CRL *crl, struct why *why)
{
    if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) {
        X509_CRL_free(crl);
        return why_set(why, ERR_BAD_INPUT, "a delta list says only what has changed since another one (RFC 5280 5.2.4)");
    }
    int done = X509_STORE_add_crl(trust->store, crl);
    X509_CRL_free(crl);
    if (done != 1)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for a CRL");
    trust->crls++;
    return OK;
}

static enum err add_pem_crls(struct trust *trust, BIO *bio, struct why *why)
{
    for (size_t n = 0;; n++) {
        X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        if (crl == NULL && pem_ended())
            return n != 0 ? OK : why_set(why, ERR_BAD_INPUT, "there is no CRL in it");
        if (crl == NULL)
            return openssl_fail(why, ERR_BAD_CERTIFICATE, "CRL %zu cannot be read", n + 1);
        enum err err = add_crl(trust, crl, why);
        if (err != OK)
            return err;
    }
}

enum err trust_add_crls(struct trust *trust, struct span pem_or_der, struct why *why)
{
    const uint8_t *at = pem_or_der.at;
    if (pem_or_der.n == 0 || pem_or_der.n > LIMIT_LISTS)
        return why_set(why, ERR_BAD_INPUT, "there is no CRL in it");
    if (at[0] == 0x30) {
        X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)pem_or_der.n);
        if (crl == NULL)
            return openssl_fail(why, ERR_BAD_CERTIFICATE, "not a CRL in DER");
        if (at != pem_or_der.at + pem_or_der.n) {
            X509_CRL_free(crl);
            return why_set(why, ERR_BAD_CERTIFICATE, "bytes follow the CRL");
        }
        return add_crl(trust, crl, why);
    }
    AUTO_BIO bio = BIO_new_mem_buf(pem_or_der.at, (int)pem_or_der.n);
    return bio == NULL ? openssl_fail(why, ERR_NO_MEMORY, "no memory for CRLs") : add_pem_crls(trust, bio, why);
}

bool trust_revokes(const struct trust *trust, const struct cert *cert)
{
    X509 *x509 = cert_x509(cert);
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(trust->store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
        X509_REVOKED *entry;
        if (crl != NULL && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(x509)) == 0 &&
            X509_CRL_get0_by_cert(crl, &entry, x509) == 1)
            return true;
    }
    return false;
}

X509 *trust_root_of(const struct trust *trust, X509 *last)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(trust->store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *root = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (root != NULL && X509_check_issued(root, last) == X509_V_OK)
            return root;
    }
    return NULL;
}
