/* The peer's certificate, judged while the handshake runs. Replaces OpenSSL's own verification entirely. */
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pki/openssl.h"
#include "tls/ssl.h"

/* The check of one SSL_CTX; freed with it. */
struct judge {
    struct tls_context *context; /* a reference when it is curl's SSL_CTX; else that of the owner */
    struct why *why;
    bool own_reference;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ssl_place = -1, ctx_place = -1;

static void free_judgement(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    free(ptr);
}

static void free_judge(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    struct judge *judge = ptr;
    if (judge != NULL && judge->own_reference)
        tls_context_free(judge->context);
    free(judge);
}

static void make_places(void)
{
    ssl_place = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_judgement);
    ctx_place = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_judge);
}

enum err judge_prepare(void)
{
    pthread_once(&once, make_places);
    return ssl_place < 0 || ctx_place < 0 ? ERR_NO_MEMORY : OK;
}

struct judgement *judge_of(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, ssl_place);
}

static struct judgement *make_judgement(SSL *ssl)
{
    struct judgement *j = judge_of(ssl);
    if (j != NULL)
        return j;
    j = calloc(1, sizeof *j);
    if (j != NULL && SSL_set_ex_data(ssl, ssl_place, j) != 1) {
        free(j);
        return NULL;
    }
    return j;
}

static bool is_self_issued(X509 *x509)
{
    return X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
}

/* Insecure by intention, for a board that has nothing yet (board step): possession of the key is all we learn. */
static enum err take_self_signed(const struct cert *leaf, X509 *x509, struct peer *ret_peer, struct why *why)
{
    if (!is_self_issued(x509))
        return why_set(why, ERR_BAD_CERTIFICATE, "a board without a bootstrap certificate shows a self-signed one");
    *ret_peer = (struct peer){ .role = ROLE_ANONYMOUS };
    cert_fingerprint(leaf, ret_peer->fingerprint);
    return OK;
}

/* The root that the server sent and whose fingerprint we were given becomes the trust of this one handshake. */
static enum err trust_pinned(const struct tls_context *context, STACK_OF(X509) * sent, struct trust **ret_trust, struct why *why)
{
    for (int i = 0; i < sk_X509_num(sent); i++) {
        AUTO_CERT cert = NULL;
        uint8_t fingerprint[CERT_FINGERPRINT];
        enum err err = cert_from_x509(sk_X509_value(sent, i), &cert, why);
        if (err != OK)
            return err;
        cert_fingerprint(cert, fingerprint);
        if (memcmp(fingerprint, context->pinned_root, sizeof fingerprint) != 0)
            continue;
        AUTO_TRUST trust = NULL;
        err = trust_new(&trust);
        if (err == OK)
            err = trust_add_roots(trust, cert_der(cert), why);
        if (err == OK)
            *ret_trust = trust_ref(trust);
        return err;
    }
    return why_set(why, ERR_BAD_CERTIFICATE, "its root is not the one whose fingerprint was given");
}

/* When a certificate is judged: now; its first second for those whose clock may be behind; an identity at its last second,
 * when it is over but within the grace time. */
static int64_t moment(const struct tls_context *context, const struct cert *leaf)
{
    int64_t begin, end, now_s = clock_wall_s();
    struct peer peer;
    if (context->clock_behind)
        now_s = cert_moment(leaf, now_s);
    if (context->grace_s == 0 || cert_peer(leaf, &peer, NULL) != OK || (peer.role != ROLE_DEVICE && peer.role != ROLE_GATEWAY))
        return now_s;
    cert_times(leaf, &begin, &end);
    return now_s >= end && now_s - end < context->grace_s ? end - 1 : now_s; /* its last second */
}

static enum err judge(const struct tls_context *context, X509 *x509, STACK_OF(X509) * sent, struct peer *ret_peer,
                      struct why *why)
{
    AUTO_CERT leaf = NULL;
    AUTO_TRUST trust = NULL;
    enum err err = cert_from_x509(x509, &leaf, why);
    if (err != OK)
        return err;
    /* A board that was written before, whose report got lost, shows its bootstrap certificate instead. */
    if (context->any_self_signed && (context->trust == NULL || is_self_issued(x509)))
        return take_self_signed(leaf, x509, ret_peer, why);
    if (context->pinned)
        err = trust_pinned(context, sent, &trust, why);
    else
        trust = trust_ref(context->trust);
    if (err != OK)
        return err;
    /* A device's identity is for clients alone (its extended key usage), whatever roles a client may meet. */
    unsigned peers = context->server ? context->peers : context->peers & ~ROLE_BIT(ROLE_DEVICE);
    return verify_peer_chain(trust, leaf, sent, moment(context, leaf), peers, ret_peer, why);
}

/* Which alert the partner gets (RFC 8446 6.2); OpenSSL derives it from the verification error. */
static int alert_error(enum err err, X509 *x509)
{
    if (err == ERR_NO_MEMORY)
        return X509_V_ERR_OUT_OF_MEM; /* internal_error */
    if (err == ERR_NOT_ALLOWED)
        return X509_V_ERR_INVALID_PURPOSE; /* unsupported_certificate */
    if (X509_cmp_current_time(X509_get0_notAfter(x509)) < 0)
        return X509_V_ERR_CERT_HAS_EXPIRED; /* certificate_expired */
    return X509_V_ERR_CERT_REJECTED;        /* bad_certificate */
}

/* For the record of a refusal: whom it names, anonymous when that is nobody of ours. */
static void note_claim(X509 *x509, struct judgement *j)
{
    AUTO_CERT leaf = NULL;
    struct peer named;
    bool ours = cert_from_x509(x509, &leaf, NULL) == OK && cert_peer(leaf, &named, NULL) == OK;
    j->peer = ours ? named : (struct peer){ .role = ROLE_ANONYMOUS };
    j->claimed = true;
}

static int on_certificate(X509_STORE_CTX *store, void *arg)
{
    struct judge *judge_of_ctx = arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *x509 = X509_STORE_CTX_get0_cert(store);
    struct judgement *j = make_judgement(ssl);
    if (j == NULL) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
        return 0;
    }
    j->err = judge(judge_of_ctx->context, x509, X509_STORE_CTX_get0_untrusted(store), &j->peer, &j->why);
    j->judged = j->err == OK;
    if (!j->judged)
        note_claim(x509, j);
    X509_STORE_CTX_set_error(store, j->judged ? X509_V_OK : alert_error(j->err, x509));
    if (!j->judged && judge_of_ctx->why != NULL)
        (void)!why_set(judge_of_ctx->why, j->err, "%s", why_text(&j->why, j->err));
    return j->judged;
}

enum err judge_again(struct tls_context *context, SSL *ssl, struct why *why)
{
    struct judgement *j = make_judgement(ssl);
    X509 *x509 = SSL_get0_peer_certificate(ssl);
    if (j == NULL)
        return ERR_NO_MEMORY;
    if (x509 == NULL)
        return OK; /* anonymous then and now */
    j->err = judge(context, x509, SSL_get_peer_cert_chain(ssl), &j->peer, &j->why);
    j->judged = j->err == OK;
    if (!j->judged)
        note_claim(x509, j);
    return j->judged ? OK : why_set(why, j->err, "%s", why_text(&j->why, j->err));
}

enum err judge_install(struct tls_context *context, SSL_CTX *ssl_ctx, struct why *why)
{
    struct judge *judge = calloc(1, sizeof *judge);
    if (judge == NULL || SSL_CTX_set_ex_data(ssl_ctx, ctx_place, judge) != 1) {
        free(judge);
        return ERR_NO_MEMORY;
    }
    bool own = ssl_ctx != context->ssl_ctx; /* our own SSL_CTX belongs to the context: a reference would be a circle */
    *judge = (struct judge){ .context = own ? tls_context_ref(context) : context, .why = why, .own_reference = own };
    SSL_CTX_set_cert_verify_callback(ssl_ctx, on_certificate, judge);
    return OK;
}
