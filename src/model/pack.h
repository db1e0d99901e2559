/* The identity pack: root certificate, issuing certificates, device certificate and private key of one device
 * in one package (requirement F-25; doc/protocol/pack.md).
 *
 *   IdentityPack ::= SEQUENCE {
 *       version       INTEGER (1),
 *       deviceNumber  UTF8String,
 *       root          Certificate,                 -- self-signed
 *       intermediates SEQUENCE OF Certificate,     -- the issuer of the device certificate first
 *       certificate   Certificate,                 -- the device's
 *       privateKey    OneAsymmetricKey }           -- PKCS #8, RFC 5958
 *
 * A pack holds a private key: its bytes live in secret or wiped memory only. This module reads and writes the
 * envelope; whether the certificates are any good is for pki/verify.h. */
#ifndef MODEL_PACK_H
#define MODEL_PACK_H

#include "base/buf.h"
#include "model/number.h"

struct pack {
    struct device_number number;
    struct span root;                       /* DER */
    struct span intermediates[LIMIT_CHAIN]; /* DER; [0] issued the device's certificate */
    size_t intermediates_n;
    struct span certificate; /* DER */
    struct span private_key; /* DER of PKCS #8 */
};

/* Appends the pack's bytes. `to` must be wiped by its owner. Errors: those of buf_reserve. */
enum err pack_encode(const struct pack *p, struct buf *to) MUST_CHECK;

/* Reads a pack: the spans of *ret_pack are views into `in`. A trailing byte is refused. Errors: BAD_INPUT. */
enum err pack_decode(struct span in, struct pack *ret_pack, struct why *why) MUST_CHECK;

#endif
