/* The infrastructure identity of a program, as it lies on its disk: the folder identity/ with key.pem (encrypted),
 * cert.pem, chain.pem (its issuers), root.pem, and crl.pem once it was fetched. The passphrase of the key lies in a
 * file of its own, elsewhere, so that a copy of the folder is not yet the identity (I14). */
#ifndef TLS_CREDENTIALS_H
#define TLS_CREDENTIALS_H

#include "tls/tls.h"

enum { CREDENTIALS_CHAIN = 1 + LIMIT_CHAIN, CREDENTIALS_PATH = 1024 };

struct credentials {
    struct key *key;
    struct cert *chain[CREDENTIALS_CHAIN]; /* our own first */
    size_t chain_n;
    struct trust *trust; /* the root and our issuers; further CRLs may be added before a context is made */
    struct peer self;    /* our own role and name */
};
#define AUTO_CREDENTIALS __attribute__((cleanup(credentials_done))) struct credentials

/* Errors: those of file_read, BAD_CERTIFICATE, BAD_KEY, NOT_ALLOWED (not a certificate of this role). */
enum err credentials_load(const char *folder, const char *passphrase_file, enum role role, struct credentials *ret_credentials,
                          struct why *why) MUST_CHECK;
/* Whether others will take them now: the certificate leads to the root, and is neither over nor revoked by a list that is
 * there. Errors: BAD_CERTIFICATE, with the folder's name. */
enum err credentials_check(const struct credentials *credentials, const char *folder, struct why *why) MUST_CHECK;
void credentials_done(struct credentials *credentials); /* afterwards empty */

/* A TLS context with them; peers: ROLE_BITs; any_self_signed: for the board step, see tls/tls.h. */
enum err credentials_context(const struct credentials *c, bool server, unsigned peers, bool any_self_signed,
                             struct tls_context **ret_context, struct why *why) MUST_CHECK;

/* --- Enrolment: the first half makes a key and a signing request, the second keeps what came back --- */

/* A new passphrase, a new key encrypted under it, both durable on return, so that a crash after the token was used
 * does not cost the token's certificate; appends the PKCS #10 request. Makes the folders; replaces what an enrolment
 * that failed left there. */
enum err credentials_prepare(const char *folder, const char *passphrase_file, const char *common_name, struct buf *csr_to,
                             struct why *why) MUST_CHECK;

/* The part of it that makes the key, under a passphrase that is there. */
enum err credentials_make_key(const char *folder, const struct secret *passphrase, const char *common_name, struct buf *csr_to,
                              struct why *why) MUST_CHECK;

/* The SHA-256 of the root as a person hands it over: 64 hexadecimal digits of either case, with a colon between bytes
 * or without, as openssl and `ca init` print it. Errors: BAD_INPUT. */
enum err credentials_read_fingerprint(const char *text, uint8_t ret_fingerprint[CERT_FINGERPRINT], struct why *why) MUST_CHECK;

/* Certificates in DER; the root must be the one whose SHA-256 was pinned. Errors: BAD_CERTIFICATE, IO ... */
enum err credentials_keep(const char *folder, const uint8_t *pinned_root, struct span certificate, const struct span *issuers,
                          size_t issuers_n, struct span root, struct why *why) MUST_CHECK;

/* --- Again, before the certificate ends or after it: in a folder beside, which then takes the other's place at once --- */

/* Of the root that the folder trusts. */
enum err credentials_root(const char *folder, uint8_t ret_fingerprint[CERT_FINGERPRINT], struct why *why) MUST_CHECK;

/* As credentials_prepare, in FOLDER.next and under the passphrase that is there; credentials_keep then goes to *ret_next. */
enum err credentials_prepare_next(const char *folder, const char *passphrase_file, const char *common_name,
                                  char ret_next[CREDENTIALS_PATH], struct buf *csr_to, struct why *why) MUST_CHECK;

/* Puts it in the place of the present one, whose key is removed. Errors: CONFLICT when it is somebody else's; then and with
 * every other error the present one stands as it was. */
enum err credentials_take_next(const char *folder, const char *next, const char *passphrase_file, enum role role,
                               struct why *why) MUST_CHECK;

#endif
