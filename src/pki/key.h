/* Private and public keys. The only key types are those of enum key_type. */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include "base/buf.h"
#include "base/secret.h"

enum key_type { KEY_P256, KEY_P384, KEY_ED25519, KEY_RSA2048, KEY_RSA3072, KEY_TYPE_COUNT };

struct key; /* private key with its public part; wiped by key_free */

const char *key_type_name(enum key_type type); /* "p256" */
enum err key_type_parse(const char *name, enum key_type *ret_type) MUST_CHECK;

enum err key_generate(enum key_type type, struct key **ret_key, struct why *why) MUST_CHECK;
void key_free(struct key *key); /* NULL is fine */

/* PKCS #8 in PEM, encrypted (PBES2, AES-256) when a passphrase is given; NULL or empty passphrase: plain. */
enum err key_to_pem(const struct key *key, const struct secret *passphrase, struct secret *ret_pem, struct why *why) MUST_CHECK;
enum err key_from_pem(struct span pem, const struct secret *passphrase, struct key **ret_key, struct why *why) MUST_CHECK;

/* PKCS #8 in DER, plain, as it lies in an identity pack. A public part that is not the private one's is
 * refused, in PEM too. Errors: BAD_KEY. */
enum err key_to_pkcs8(const struct key *key, struct secret *ret_der, struct why *why) MUST_CHECK;
enum err key_from_pkcs8(struct span der, struct key **ret_key, struct why *why) MUST_CHECK;

/* Appends the SubjectPublicKeyInfo (RFC 5280 4.1.2.7). */
enum err key_spki(const struct key *key, struct buf *to) MUST_CHECK;

/* Signature over a message with the type's usual hash (ECDSA-SHA-256/384, Ed25519, RSA-PKCS1-SHA-256). */
enum err key_sign(const struct key *key, struct span message, struct buf *to, struct why *why) MUST_CHECK;

#define AUTO_KEY __attribute__((cleanup(key_auto_free))) struct key *
static inline void key_auto_free(struct key **key) { key_free(*key); }

#endif
