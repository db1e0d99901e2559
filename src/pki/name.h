/* What a certificate says about its holder, read strictly: subject attributes, alternative names, purposes.
 * Inside pki/ only. */
#ifndef PKI_NAME_H
#define PKI_NAME_H

#include <openssl/x509v3.h>

#include "pki/openssl.h"

#define URN_PREFIX "urn:nameplate:"
#define URN_ISSUER "urn:nameplate:issuer:" /* in a CA's certificate: what kind of certificates it issues */

/* id-on-hardwareModuleName, 1.3.6.1.5.5.7.8.4 (RFC 4108 5), content bytes. */
enum { NAME_MODULE_OID = 8 };
extern const uint8_t name_module_oid[NAME_MODULE_OID];

/* The bytes of a subject attribute that may be there once: n is 0 when it is not there. PrintableString and
 * UTF8String only, no control character, no NUL, valid UTF-8. Errors: BAD_CERTIFICATE. */
enum err name_attribute(const X509_NAME *name, int nid, struct span *ret_text, struct why *why) MUST_CHECK;

/* Whether the text may stand in a name: valid UTF-8 without control characters. */
bool name_is_clean(struct span text);

/* All of a certificate's alternative names that we know how to read. */
struct name_alt {
    size_t urns, modules, hosts, others; /* how many of our URNs, hardware module names, DNS and IP names, anything else */
    struct span urn;                     /* the last one; a view into `names` */
    struct span module_type;             /* content bytes of the hwType OID */
    struct span module_serial;           /* hwSerialNum (RFC 4108 5) */
    GENERAL_NAMES *names;                /* owned, ended by name_alt_done */
};
/* No alternative names: all zero. Errors: BAD_CERTIFICATE. */
enum err name_alt_read(const X509 *x509, struct name_alt *ret_alt, struct why *why) MUST_CHECK;
void name_alt_done(struct name_alt *alt);
#define AUTO_NAME_ALT __attribute__((cleanup(name_alt_done))) struct name_alt

/* "urn:nameplate:station:line-1" -> ROLE_STATION, "line-1". Errors: BAD_INPUT. */
enum err name_urn_parse(struct span urn, enum role *ret_role, char ret_name[LIMIT_NAME + 1]) MUST_CHECK;

/* What kind of certificates a CA's certificate is for ("identity"); "" when it does not say. Errors: BAD_CERTIFICATE. */
enum err name_issuer_kind(const X509 *ca, char ret_kind[LIMIT_NAME + 1], struct why *why) MUST_CHECK;

#endif
