#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "pki/openssl.h"
#include "tls/ssl.h"

struct tls_session {
    struct tls_context *context; /* a reference */
    struct tls_context *checked; /* a reference: by whose rules the peer was judged last */
    SSL *ssl;
    struct peer peer;
    struct cert *cert; /* of the peer; NULL when anonymous */
    int64_t end_s;     /* of that certificate */
    bool finished, broken;
};

/* The SNI; OpenSSL's macro casts const away, so that it gets a copy of its own. */
static bool set_server_name(SSL *ssl, const char *server_name)
{
    char name[TLSEXT_MAXLEN_host_name + 1];
    if (server_name == NULL)
        return true;
    int n = snprintf(name, sizeof name, "%s", server_name);
    return n > 0 && (size_t)n < sizeof name && SSL_set_tlsext_host_name(ssl, name) == 1;
}

enum err tls_session_new(struct tls_context *context, int fd, const char *server_name, struct tls_session **ret_session)
{
    enum err err = context->ssl_ctx != NULL ? OK : context_make_ssl_ctx(context, NULL);
    if (err != OK)
        return err;
    struct tls_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return ERR_NO_MEMORY;
    session->context = tls_context_ref(context);
    session->checked = tls_context_ref(context);
    session->ssl = SSL_new(context->ssl_ctx);
    if (session->ssl == NULL || SSL_set_fd(session->ssl, fd) != 1 || !set_server_name(session->ssl, server_name)) {
        ERR_clear_error();
        tls_session_free(session);
        return ERR_NO_MEMORY;
    }
    if (context->server)
        SSL_set_accept_state(session->ssl);
    else
        SSL_set_connect_state(session->ssl);
    *ret_session = session;
    return OK;
}

enum err tls_session_show(struct tls_session *session, const struct key *key, const struct cert *const *chain, size_t chain_n)
{
    bool fine = chain_n > 0 && SSL_use_certificate(session->ssl, cert_x509(chain[0])) == 1;
    for (size_t i = 1; i < chain_n && fine; i++)
        fine = SSL_add1_chain_cert(session->ssl, cert_x509(chain[i])) == 1;
    if (!fine)
        return ssl_fail(NULL, ERR_BAD_CERTIFICATE, "the certificate cannot be used for TLS");
    return SSL_use_PrivateKey(session->ssl, key_evp(key)) == 1 ? OK : ssl_fail(NULL, ERR_BAD_KEY, "the key is not the certificate's");
}

void tls_session_free(struct tls_session *session)
{
    if (session == NULL)
        return;
    /* OpenSSL drops the cached session of a connection that it takes for broken off. */
    if (session->finished && !session->broken)
        SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN);
    SSL_free(session->ssl);
    cert_free(session->cert);
    tls_context_free(session->context);
    tls_context_free(session->checked);
    free(session);
}

static enum tls_want fail(struct tls_session *session, struct why *why, const char *what)
{
    session->broken = true;
    const struct judgement *j = judge_of(session->ssl);
    if (j != NULL && !j->judged) {
        ERR_clear_error();
        (void)!why_set(why, j->err, "%s: %s", what, why_text(&j->why, j->err));
    } else {
        (void)!ssl_fail(why, ERR_PEER_GONE, what);
    }
    return TLS_FAILED;
}

static enum tls_want want_of(struct tls_session *session, int result, struct why *why, const char *what)
{
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
    case SSL_ERROR_SYSCALL: /* a reset, or an end without close_notify */
        session->broken = true;
        if (SSL_in_init(session->ssl))
            return fail(session, why, what);
        ERR_clear_error();
        return TLS_CLOSED;
    default: break;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING && !SSL_in_init(session->ssl)) {
        session->broken = true;
        ERR_clear_error();
        return TLS_CLOSED;
    }
    return fail(session, why, what);
}

/* The peer is read once per connection; a resumed session did not pass the certificate check, so it is judged here. */
static enum tls_want learn_peer(struct tls_session *session, struct why *why)
{
    if (SSL_session_reused(session->ssl) && judge_again(session->context, session->ssl, why) != OK) {
        SSL_CTX_remove_session(session->context->ssl_ctx, SSL_get_session(session->ssl));
        (void)SSL_shutdown(session->ssl);
        return fail(session, why, "the TLS session was refused");
    }
    const struct judgement *j = judge_of(session->ssl);
    X509 *x509 = SSL_get0_peer_certificate(session->ssl);
    if (x509 != NULL && (j == NULL || !j->judged))
        return fail(session, why, "the certificate was not judged");
    if (x509 == NULL)
        return TLS_DONE;
    session->peer = j->peer;
    if (cert_from_x509(x509, &session->cert, why) != OK)
        return TLS_FAILED;
    int64_t begin_s;
    cert_times(session->cert, &begin_s, &session->end_s);
    return TLS_DONE;
}

enum tls_want tls_handshake(struct tls_session *session, struct why *why)
{
    if (session->finished)
        return TLS_DONE;
    ERR_clear_error();
    int result = SSL_do_handshake(session->ssl);
    if (result != 1)
        return want_of(session, result, why, "the TLS handshake failed");
    enum tls_want want = learn_peer(session, why);
    session->finished = want == TLS_DONE;
    return want;
}

enum err tls_session_recheck(struct tls_session *session, struct tls_context *context, struct why *why)
{
    bool anonymous = session->cert == NULL, over = !anonymous && clock_wall_s() >= session->end_s;
    if (context == session->checked && !over)
        return OK;
    if (anonymous && (context->peers & ROLE_BIT(ROLE_ANONYMOUS)) == 0)
        return why_set(why, ERR_NOT_ALLOWED, "a certificate is asked for now");
    enum err err = anonymous ? OK : judge_again(context, session->ssl, why);
    if (err != OK)
        return err;
    tls_context_free(session->checked);
    session->checked = tls_context_ref(context);
    return OK;
}

enum tls_want tls_read(struct tls_session *session, void *to, size_t max, size_t *ret_n, struct why *why)
{
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, to, max, ret_n);
    return result == 1 ? TLS_DONE : want_of(session, result, why, "the TLS connection failed");
}

enum tls_want tls_write(struct tls_session *session, const void *from, size_t n, size_t *ret_n, struct why *why)
{
    ERR_clear_error();
    int result = SSL_write_ex(session->ssl, from, n, ret_n);
    return result == 1 ? TLS_DONE : want_of(session, result, why, "the TLS connection failed");
}

enum tls_want tls_shutdown(struct tls_session *session)
{
    if (session->broken || !session->finished)
        return TLS_CLOSED;
    ERR_clear_error();
    int result = SSL_shutdown(session->ssl);
    ERR_clear_error();
    return result < 0 ? TLS_WANT_WRITE : TLS_DONE;
}

const struct peer *tls_peer(const struct tls_session *session)
{
    return &session->peer;
}

const struct cert *tls_peer_cert(const struct tls_session *session)
{
    return session->cert;
}

const struct peer *tls_claimed(const struct tls_session *session)
{
    const struct judgement *j = judge_of(session->ssl);
    return j != NULL && !j->judged && j->claimed ? &j->peer : NULL;
}
