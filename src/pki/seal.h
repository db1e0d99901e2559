/* Sealing: AES-256-GCM, one data key per item, itself wrapped under a key-encryption key (KEK).
 *
 *   sealed = version(1) | wrap nonce(12) | wrapped data key(32+16) | nonce(12) | ciphertext | tag(16)
 *
 * The additional data binds an item to what it is (device number and certificate serial), so that two rows of
 * a database cannot be swapped. Throwing the wrapped data key away destroys the item. */
#ifndef PKI_SEAL_H
#define PKI_SEAL_H

#include "base/buf.h"
#include "base/secret.h"

enum { SEAL_KEY = 32, SEAL_OVERHEAD = 1 + 12 + 32 + 16 + 12 + 16 };

/* A reusable sealer with its key schedule; belongs to one thread. */
struct sealer;
enum err sealer_new(const struct secret *kek, struct sealer **ret_sealer, struct why *why) MUST_CHECK; /* 32 bytes */
void sealer_free(struct sealer *sealer); /* NULL is fine */

enum err seal(struct sealer *sealer, struct span plain, struct span additional, struct buf *to, struct why *why) MUST_CHECK;

/* Errors: DAMAGED when anything was changed, or the KEK or the additional data is another one. */
enum err unseal(struct sealer *sealer, struct span sealed, struct span additional, struct secret *ret_plain, struct why *why) MUST_CHECK;

/* Where the KEK comes from: "file:PATH" (32 bytes, or 64 hex digits; mode 0600), "credential:NAME" (systemd's
 * $CREDENTIALS_DIRECTORY). "tpm:" and "pkcs11:" are refused as UNSUPPORTED until they exist. */
enum err kek_load(const char *source, struct secret *ret_kek, struct why *why) MUST_CHECK;
/* It is a credential, and this process was not started by the unit that has it. */
bool kek_is_elsewhere(const char *source);
/* A number by which two of them can be told apart, and nothing else can be learnt. Never 0. Errors: BUG. */
enum err kek_mark(const struct secret *kek, int64_t *ret_mark) MUST_CHECK;
enum err kek_create_file(const char *path, struct why *why) MUST_CHECK; /* 32 random bytes; never over an old one */

#endif
