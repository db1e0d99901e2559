/* Mutual TLS behind opaque types: the only room with OpenSSL's SSL.
 *
 * A tls_context is what we show (key and chain) and whom we accept, for one listener or one client. TLS 1.2 with
 * AEAD at least, 1.3 preferred; our own roots only. The peer's certificate is judged by pki's verify_peer while
 * the handshake runs: a refusal ends the connection with an alert that tells the partner so. Names in server
 * certificates are not compared with URLs: what counts is the role, and that our own root vouches for it.
 *
 * Resumption: servers keep a bounded cache of sessions in memory, no tickets. A resumed session proves possession
 * by its secret; its certificate is judged again (expiry, revocation) each time. A new context (reload) starts
 * with an empty cache, so a change of trust counts at once. */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include "base/buf.h"
#include "model/role.h"
#include "pki/verify.h"

struct tls_context;
struct tls_session; /* one connection */

struct tls_options {
    bool server;
    const struct key *key;           /* our private key; used while the context is made, copied by reference */
    const struct cert *const *chain; /* our certificate first, then its issuers without the root */
    size_t chain_n;                  /* 0: we show no certificate (an enrolling client) */
                                     /* The root is never needed there: a server that serves enrolling clients (peers
                                      * with ROLE_ANONYMOUS) sends the root of `trust` behind its chain by itself, so
                                      * that a client with pinned_root finds it; nobody else is sent a root. */
    struct trust *trust;             /* a reference is taken; NULL with pinned_root below */
    const uint8_t *pinned_root;      /* client that knows only the root's fingerprint (enrolment): SHA-256, 32 bytes;
                                      * copied. The server's chain must contain that root. */
    unsigned peers;                  /* ROLE_BITs that we talk to; with ROLE_ANONYMOUS in it a server asks for a
                                      * client certificate but does without one */
    bool clock_behind;               /* our clock may be: a certificate whose validity has not begun is judged at its first
                                      * second. For devices, whose clock nobody may have set yet (I13) */
    bool any_self_signed;            /* insecure, board step only: also accept one self-signed certificate, as ANONYMOUS */
};

enum err tls_context_new(const struct tls_options *options, struct tls_context **ret_context, struct why *why) MUST_CHECK;

/* A server's cache of sessions; it begins with room for 2048 of some 10 kB. 0: none, and no tickets, for a server whose
 * clients come once or seldom. */
void tls_context_keep_sessions(struct tls_context *context, unsigned most);

struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_free(struct tls_context *context); /* NULL is fine */

/* One connection over a connected, non-blocking socket; the descriptor stays the caller's. For a client
 * `server_name` goes into SNI (not checked against the certificate: role and trust are what counts). */
enum err tls_session_new(struct tls_context *context, int fd, const char *server_name,
                         struct tls_session **ret_session) MUST_CHECK;
void tls_session_free(struct tls_session *session);

/* Before the handshake: shows this key and chain instead of the context's, so that one context serves a client with
 * many identities. References are taken. Errors: BAD_KEY, BAD_CERTIFICATE. */
enum err tls_session_show(struct tls_session *session, const struct key *key, const struct cert *const *chain, size_t chain_n) MUST_CHECK;

enum tls_want { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };

/* Each goes on as far as the socket lets it. TLS_FAILED puts the reason into `why`. */
enum tls_want tls_handshake(struct tls_session *session, struct why *why);
enum tls_want tls_read(struct tls_session *session, void *to, size_t max, size_t *ret_n, struct why *why);
enum tls_want tls_write(struct tls_session *session, const void *from, size_t n, size_t *ret_n, struct why *why);
enum tls_want tls_shutdown(struct tls_session *session);

/* Who the other end is; valid after the handshake. The certificate is NULL for an anonymous peer. */
const struct peer *tls_peer(const struct tls_session *session);
const struct cert *tls_peer_cert(const struct tls_session *session);

/* Whom the certificate named that was shown and refused; it proves nothing. NULL: there was none that could be read. */
const struct peer *tls_claimed(const struct tls_session *session);

/* Device identities count that long after their expiry too, for those who let them ask to be renewed and nothing else. Before
 * the context is used. */
void tls_context_set_grace(struct tls_context *context, int64_t grace_s);

/* Whether `context` (newer roots, newer revocation lists) would still take the peer of this connection; cheap when it
 * was asked before with the same context and the peer's certificate is not over since. Errors: those of verify_peer. */
enum err tls_session_recheck(struct tls_session *session, struct tls_context *context, struct why *why) MUST_CHECK;

/* For libcurl's CURLOPT_SSL_CTX_FUNCTION: makes curl's SSL_CTX show and accept what the context says. A refusal
 * of the server's certificate goes into *why, which must outlive the handshake. Only http/ calls these two. */
enum err tls_apply_to_curl(struct tls_context *context, void *ssl_ctx, struct why *why) MUST_CHECK;

/* Who is at the other end of curl's connection (CURLINFO_TLS_SSL_PTR); false when nobody has judged it. */
bool tls_curl_peer(void *ssl, struct peer *ret_peer);

#endif
