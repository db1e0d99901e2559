/* The infrastructure identity of a factory server: the folder identity/ with key.pem, cert.pem, chain.pem (its
 * issuers) and root.pem, and crl.pem once it was fetched. */
#ifndef FACTORY_CREDENTIALS_H
#define FACTORY_CREDENTIALS_H

#include "tls/tls.h"

enum { CREDENTIALS_CHAIN = 1 + LIMIT_CHAIN };

struct credentials {
    struct key *key;
    const struct cert *chain[CREDENTIALS_CHAIN]; /* owned; our own first */
    size_t chain_n;
    struct trust *trust;
    struct peer self; /* our own role and name */
};

/* Errors: those of file_read, BAD_CERTIFICATE, BAD_KEY, NOT_ALLOWED (not a factory's certificate). */
enum err credentials_load(const char *folder, struct credentials *ret_credentials, struct why *why) MUST_CHECK;
void credentials_done(struct credentials *credentials);

/* A TLS context with them; peers: ROLE_BITs. */
enum err credentials_context(const struct credentials *c, bool server, unsigned peers, struct tls_context **ret_context,
                             struct why *why) MUST_CHECK;

#endif
