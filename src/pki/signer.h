/* Signatures at the pace of the machine: one private key, its contexts made once. Inside pki/ only. */
#ifndef PKI_SIGNER_H
#define PKI_SIGNER_H

#include "base/buf.h"
#include "pki/key.h"

struct signer; /* belongs to one thread; the key must outlive it */
enum err signer_new(const struct key *key, struct signer **ret_signer, struct why *why) MUST_CHECK;
void signer_free(struct signer *signer); /* NULL is fine */

/* The AlgorithmIdentifier of its signatures, in DER (RFC 5280 4.1.1.2). */
struct span signer_algorithm(const struct signer *signer);

/* Appends the signature over the message. */
enum err signer_sign(struct signer *signer, struct span message, struct buf *to, struct why *why) MUST_CHECK;

#endif
