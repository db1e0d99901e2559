/* Every role against every message, over real TLS: the parts of tests/peer/matrix. */
#ifndef TESTS_PEER_MATRIX_H
#define TESTS_PEER_MATRIX_H

#include "soap/soap.h"
#include "tls/tls.h"

/* One peer for each role, with a certificate that the CA of the folder vouches for. */
struct cast {
    struct tls_context *as[ROLE_COUNT]; /* a client's context: shows that role's certificate, talks to any role */
};

/* `names[role]` is whom that role's certificate names; NULL: "matrix-ROLE". Errors: those of reading the CA's folder. */
enum err cast_make(const char *ca_folder, const char *const names[ROLE_COUNT], struct cast *ret_cast, struct why *why) MUST_CHECK;
void cast_done(struct cast *cast);

/* A request with every field filled in, so that nothing but permission is in its way for long; `number` is what
 * stands wherever a device number is wanted. */
enum err fill_request(enum soap_service service, enum soap_message message, const char *number, struct buf *to) MUST_CHECK;

#endif
