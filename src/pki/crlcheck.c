/* A revocation list's signature is verified once, not again for each certificate that it is asked about: with
 * 20,000 entries that is a megabyte to hash for every handshake.
 *
 * Everything else stays OpenSSL's: which list counts, its time and scope, whether it names the certificate. What is
 * remembered is that this very list was found good under this very issuer's certificate. */
#include "pki/trust.h"

#include <openssl/x509v3.h>

static X509_STORE_CTX_check_crl_fn openssl_check;
static int trust_place = -1;
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

/* OpenSSL's own check is what a context without a store begins with. */
static void find_openssl_check(void)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx != NULL && X509_STORE_CTX_init(ctx, NULL, NULL, NULL) == 1)
        openssl_check = X509_STORE_CTX_get_check_crl(ctx);
    X509_STORE_CTX_free(ctx);
    trust_place = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0, NULL, NULL, NULL, NULL);
}

/* A list of one CA for all that it issued: no part of it, no addition to another one (RFC 5280 5.2.4, 5.2.5). */
static bool is_plain(const X509_CRL *crl)
{
    return X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) < 0 && X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) < 0;
}

/* The certificate of the list's issuer when it is the issuer of the certificate that is being judged; else NULL. */
static X509 *common_issuer(X509_STORE_CTX *ctx, const X509_CRL *crl)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    X509 *judged = X509_STORE_CTX_get_current_cert(ctx), *issuer = X509_STORE_CTX_get0_current_issuer(ctx);
    bool next = judged != NULL && issuer != NULL && depth + 1 < sk_X509_num(chain) && sk_X509_value(chain, depth + 1) == issuer;
    return next && is_plain(crl) && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(judged)) == 0 ? issuer : NULL;
}

static bool is_current(X509_STORE_CTX *ctx, const X509_CRL *crl)
{
    return X509_CRL_get0_nextUpdate(crl) != NULL &&
           X509_cmp_timeframe(X509_STORE_CTX_get0_param(ctx), X509_CRL_get0_lastUpdate(crl), X509_CRL_get0_nextUpdate(crl)) == 0;
}

static bool was_checked(struct trust *trust, const X509_CRL *crl, const X509 *issuer)
{
    bool found = false;
    pthread_mutex_lock(&trust->lock);
    for (size_t i = 0; !found && i < trust->checked_n; i++)
        found = trust->checked[i].crl == crl && X509_cmp(trust->checked[i].issuer, issuer) == 0;
    pthread_mutex_unlock(&trust->lock);
    return found;
}

static void remember(struct trust *trust, const X509_CRL *crl, X509 *issuer)
{
    pthread_mutex_lock(&trust->lock);
    if (trust->checked_n < TRUST_CHECKED && X509_up_ref(issuer) == 1) {
        trust->checked[trust->checked_n].crl = crl;
        trust->checked[trust->checked_n++].issuer = issuer;
    }
    pthread_mutex_unlock(&trust->lock);
}

static int check_crl(X509_STORE_CTX *ctx, X509_CRL *crl)
{
    struct trust *trust = X509_STORE_get_ex_data(X509_STORE_CTX_get0_store(ctx), trust_place);
    X509 *issuer = common_issuer(ctx, crl);
    bool known = trust != NULL && issuer != NULL && is_current(ctx, crl);
    if (known && was_checked(trust, crl, issuer))
        return 1;
    int good = openssl_check(ctx, crl);
    if (good == 1 && known)
        remember(trust, crl, issuer);
    return good;
}

enum err trust_check_crls_once(struct trust *trust)
{
    if (CRYPTO_THREAD_run_once(&once, find_openssl_check) != 1 || openssl_check == NULL || trust_place < 0 ||
        X509_STORE_set_ex_data(trust->store, trust_place, trust) != 1)
        return ERR_NO_MEMORY;
    X509_STORE_set_check_crl(trust->store, check_crl);
    return OK;
}
