#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "pki/openssl.h"
#include "tls/ssl.h"

/* AEAD with forward secrecy only (RFC 9325); TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
#define GROUPS "X25519:P-256:P-384"

static enum err take_chain(struct tls_context *context, const struct tls_options *o, struct why *why)
{
    if (o->chain_n > TLS_CHAIN_MAX - 1)
        return why_set(why, ERR_CONFIG, "the certificate chain is longer than %d", TLS_CHAIN_MAX - 1);
    for (size_t i = 0; i < o->chain_n; i++) {
        context->chain[i] = cert_x509(o->chain[i]);
        X509_up_ref(context->chain[i]);
        context->chain_n++;
    }
    return OK;
}

/* Enrolling clients know nothing but the root's fingerprint, so they must be sent the root. */
static enum err add_root(struct tls_context *context)
{
    if (!context->server || context->trust == NULL || context->chain_n == 0 || (context->peers & ROLE_BIT(ROLE_ANONYMOUS)) == 0)
        return OK;
    X509 *root = trust_root_of(context->trust, context->chain[context->chain_n - 1]);
    if (root == NULL || X509_cmp(root, context->chain[context->chain_n - 1]) == 0)
        return OK;
    X509_up_ref(root);
    context->chain[context->chain_n++] = root;
    return OK;
}

static enum err show_ourselves(struct tls_context *context, SSL_CTX *ssl_ctx, struct why *why)
{
    if (context->chain_n == 0)
        return OK;
    if (SSL_CTX_use_certificate(ssl_ctx, context->chain[0]) != 1)
        return ssl_fail(why, ERR_BAD_CERTIFICATE, "our certificate cannot be used for TLS");
    for (size_t i = 1; i < context->chain_n; i++)
        if (SSL_CTX_add1_chain_cert(ssl_ctx, context->chain[i]) != 1)
            return ssl_fail(why, ERR_BAD_CERTIFICATE, "our certificate chain cannot be used for TLS");
    if (SSL_CTX_use_PrivateKey(ssl_ctx, context->key) != 1 || SSL_CTX_check_private_key(ssl_ctx) != 1)
        return ssl_fail(why, ERR_BAD_KEY, "our key does not belong to our certificate");
    return OK;
}

static enum err set_protocol(SSL_CTX *ssl_ctx, struct why *why)
{
    char groups[] = GROUPS; /* OpenSSL's macro casts const away, which is an error here */
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_options(ssl_ctx,
                        SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(ssl_ctx, ciphers) != 1 ||
        SSL_CTX_set1_groups_list(ssl_ctx, groups) != 1)
        return ssl_fail(why, ERR_BUG, "TLS cannot be set up");
    return OK;
}

enum err context_apply(struct tls_context *context, SSL_CTX *ssl_ctx, struct why *why)
{
    enum err err = set_protocol(ssl_ctx, why);
    if (err == OK)
        err = show_ourselves(context, ssl_ctx, why);
    if (err != OK)
        return err;
    bool must = !context->server || (context->peers & ROLE_BIT(ROLE_ANONYMOUS)) == 0;
    SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return OK;
}

static void set_server(struct tls_context *context)
{
    static const unsigned char session_context[] = "nameplate";
    SSL_CTX_set_session_cache_mode(context->ssl_ctx, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context->ssl_ctx, SESSION_CACHE);
    SSL_CTX_set_timeout(context->ssl_ctx, SESSION_LIFE_S);
    /* Without it sessions with client certificates cannot be resumed. */
    SSL_CTX_set_session_id_context(context->ssl_ctx, session_context, sizeof session_context - 1);
}

enum err context_make_ssl_ctx(struct tls_context *context, struct why *why)
{
    context->ssl_ctx = SSL_CTX_new(context->server ? TLS_server_method() : TLS_client_method());
    if (context->ssl_ctx == NULL)
        return ssl_fail(why, ERR_NO_MEMORY, "TLS cannot be set up");
    SSL_CTX_set_read_ahead(context->ssl_ctx, 1);
    if (context->server)
        set_server(context);
    enum err err = judge_prepare();
    if (err == OK)
        err = judge_install(context, context->ssl_ctx, NULL);
    return err == OK ? context_apply(context, context->ssl_ctx, why) : err;
}

static enum err check_options(const struct tls_options *o, struct why *why)
{
    if (o->chain_n != 0 && o->key == NULL)
        return why_set(why, ERR_BUG, "a certificate without its key");
    if (o->server && o->chain_n == 0)
        return why_set(why, ERR_CONFIG, "a TLS server needs a certificate");
    if (o->trust == NULL && o->pinned_root == NULL && !o->any_self_signed)
        return why_set(why, ERR_BUG, "a TLS context that trusts nobody");
    return OK;
}

enum err tls_context_new(const struct tls_options *o, struct tls_context **ret_context, struct why *why)
{
    enum err err = check_options(o, why);
    if (err != OK)
        return err;
    struct tls_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&context->references, 1);
    context->server = o->server;
    context->any_self_signed = o->any_self_signed;
    context->clock_behind = o->clock_behind;
    context->peers = o->peers;
    context->trust = o->trust == NULL ? NULL : trust_ref(o->trust);
    context->pinned = o->trust == NULL && o->pinned_root != NULL;
    if (context->pinned)
        memcpy(context->pinned_root, o->pinned_root, CERT_FINGERPRINT);
    if (o->key != NULL && (context->key = key_evp(o->key)) != NULL)
        EVP_PKEY_up_ref(context->key);
    err = take_chain(context, o, why);
    if (err == OK)
        err = add_root(context);
    if (err == OK && context->chain_n != 0 && X509_check_private_key(context->chain[0], context->key) != 1)
        err = ssl_fail(why, ERR_BAD_KEY, "our key does not belong to our certificate");
    if (err == OK && context->server)
        err = context_make_ssl_ctx(context, why);
    if (err == OK)
        *ret_context = context;
    else
        tls_context_free(context);
    return err;
}

void tls_context_keep_sessions(struct tls_context *context, unsigned most)
{
    SSL_CTX_set_session_cache_mode(context->ssl_ctx, most == 0 ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context->ssl_ctx, most);
    SSL_CTX_set_num_tickets(context->ssl_ctx, most == 0 ? 0 : 2); /* of TLS 1.3: those that nobody could use cost, too */
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add(&context->references, 1);
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub(&context->references, 1) != 1)
        return;
    SSL_CTX_free(context->ssl_ctx);
    trust_free(context->trust);
    EVP_PKEY_free(context->key);
    for (size_t i = 0; i < context->chain_n; i++)
        X509_free(context->chain[i]);
    free(context);
}

void tls_context_set_grace(struct tls_context *context, int64_t grace_s)
{
    context->grace_s = grace_s;
}
