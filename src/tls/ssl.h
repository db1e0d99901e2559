/* Inside of tls/: what its files share. */
#ifndef TLS_SSL_H
#define TLS_SSL_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "tls/tls.h"

enum { TLS_CHAIN_MAX = 6, SESSION_CACHE = 2048, SESSION_LIFE_S = 600 };

struct tls_context {
    atomic_int references;
    bool server, any_self_signed, pinned, clock_behind;
    unsigned peers;
    int64_t grace_s; /* of device identities, after their expiry */
    struct trust *trust; /* a reference; NULL when pinned or any_self_signed */
    uint8_t pinned_root[CERT_FINGERPRINT];
    EVP_PKEY *key; /* references of our own */
    X509 *chain[TLS_CHAIN_MAX];
    size_t chain_n;
    SSL_CTX *ssl_ctx; /* a client's: NULL until a session needs it, since curl makes its own */
};

/* What the judgement of a connection's peer came to; owned by the SSL (or by the curl handle's SSL). */
struct judgement {
    bool judged;
    bool claimed; /* `peer` is what the certificate says, whether it was judged well or not */
    struct peer peer;
    struct why why; /* of a refusal */
    enum err err;
};

/* context.c: protocol versions, ciphers, our certificate and whom we ask for: for our SSL_CTX and for curl's. */
enum err context_apply(struct tls_context *context, SSL_CTX *ssl_ctx, struct why *why) MUST_CHECK;

enum err context_make_ssl_ctx(struct tls_context *context, struct why *why) MUST_CHECK;

/* judge.c */
enum err judge_prepare(void) MUST_CHECK; /* makes the places below; once per process, cheap afterwards */
/* Puts the check into an SSL_CTX. `why`, when not NULL, gets refusals; the context must outlive the SSL_CTX. */
enum err judge_install(struct tls_context *context, SSL_CTX *ssl_ctx, struct why *why) MUST_CHECK;
struct judgement *judge_of(const SSL *ssl);                                              /* NULL before the check */
enum err judge_again(struct tls_context *context, SSL *ssl, struct why *why) MUST_CHECK; /* of a resumed session */

/* error.c: the reason on OpenSSL's queue as a sentence; empties the queue. */
enum err ssl_fail(struct why *why, enum err err, const char *what);

#endif
