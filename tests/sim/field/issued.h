/* The simulated CA's register: the identities of all numbers, under the rules of the real one (src/ca/decide_field.h). It never
 * dies; what it does is what a CA does that answers late, twice or not at all. */
#ifndef TESTS_SIM_FIELD_ISSUED_H
#define TESTS_SIM_FIELD_ISSUED_H

#include "base/limit.h"
#include "field.h"
#include "http/server.h"
#include "model/lifecycle.h"
#include "pki/cert.h"
#include "soap/soap.h"

enum { IDENTITIES_MOST = 256 };

struct identity {
    struct device_number number;
    int64_t generation, cursor; /* cursor: of its last change */
    enum lifecycle_state state;
    struct cert *cert;
    uint8_t fingerprint[CERT_FINGERPRINT];
    uint8_t csr[CERT_FINGERPRINT]; /* SHA-256 of the request that it was made for; zeros: at the factory */
    bool stands_in; /* for a board that was replaced */
};

/* Makes the certificate of a number over a key; owned by the caller. */
typedef struct cert *issued_make(const char *number, struct span spki);

void issued_add(const struct device_number *number, struct cert *cert); /* at the factory; the register keeps a reference */
void issued_begin(issued_make *make, struct span issuer);             /* a run begins with what was added */
void issued_end(void);
void issued_clean(void);

void issued_list(struct http_exchange *x, const struct soap_parsed *request);
void issued_issue(struct http_exchange *x, const struct soap_parsed *request);
void issued_settle(struct http_exchange *x, const struct soap_parsed *request);

size_t issued_count(void);
const struct identity *issued_at(size_t i);

#endif
