/* A parsed X.509 certificate: reading only. Making one is issuer.h, judging one is verify.h. */
#ifndef PKI_CERT_H
#define PKI_CERT_H

#include "base/buf.h"
#include "model/number.h"
#include "model/role.h"
#include "pki/key.h"

enum { CERT_FINGERPRINT = 32, CERT_SERIAL_MAX = 20, CERT_SERIAL_TEXT = 2 * CERT_SERIAL_MAX + 1 };

struct cert;

/* One certificate; trailing bytes are refused. Errors: BAD_CERTIFICATE. */
enum err cert_from_der(struct span der, struct cert **ret_cert, struct why *why) MUST_CHECK;
enum err cert_from_pem(struct span pem, struct cert **ret_cert, struct why *why) MUST_CHECK; /* the first one in it */
struct cert *cert_ref(struct cert *cert); /* a further owner of the same certificate */
void cert_free(struct cert *cert);        /* NULL is fine */
#define AUTO_CERT __attribute__((cleanup(cert_auto_free))) struct cert *
static inline void cert_auto_free(struct cert **cert) { cert_free(*cert); }

struct span cert_der(const struct cert *cert); /* valid as long as the certificate */
enum err cert_to_pem(const struct cert *cert, struct buf *to) MUST_CHECK;

void cert_fingerprint(const struct cert *cert, uint8_t ret_sha256[CERT_FINGERPRINT]);
void cert_fingerprint_der(struct span der, uint8_t ret_sha256[CERT_FINGERPRINT]); /* without parsing */
void cert_serial(const struct cert *cert, char ret_hex[CERT_SERIAL_TEXT]); /* lower-case, no leading zeros dropped */
void cert_times(const struct cert *cert, int64_t *ret_not_before, int64_t *ret_not_after);
enum err cert_subject(const struct cert *cert, struct buf *to) MUST_CHECK; /* RFC 2253, for people */

/* Who this certificate says its holder is: role and name from the URI urn:nameplate:ROLE:NAME of an infrastructure or
 * bootstrap certificate, the device number from an 802.1AR subject: a device, or a gateway when the identity may serve
 * (extended key usage serverAuth). Says nothing about trust: call after verify. A certificate that says two things, or
 * neither, is BAD_CERTIFICATE. */
enum err cert_peer(const struct cert *cert, struct peer *ret_peer, struct why *why) MUST_CHECK;

/* The device number in an identity certificate. Errors: BAD_CERTIFICATE. */
enum err cert_device_number(const struct cert *cert, struct device_number *ret_number, struct why *why) MUST_CHECK;

/* When somebody judges a certificate whose own clock may be behind, as a device's may: now, or the certificate's first second
 * when that lies ahead, since its issuer says that this second has come (I13). */
int64_t cert_moment(const struct cert *cert, int64_t now_s);

/* Whether the private key belongs to the certificate. */
bool cert_matches_key(const struct cert *cert, const struct key *key);

/* Errors: BAD_SIGNATURE. */
enum err cert_check_signature(const struct cert *cert, struct span message, struct span signature, struct why *why) MUST_CHECK;

#endif
