/* A small trust of our own, made on the spot: root, the three issuing CAs, and one of each kind below. */
#ifndef TESTS_UNIT_PKI_FIXTURE_H
#define TESTS_UNIT_PKI_FIXTURE_H

#include "../test.h"

#include "pki/issuer.h"
#include "pki/verify.h"

enum { NOW = 1795363200, DAY = 86400 }; /* 2026-11-22T16:00:00Z */

struct authority {
    struct key *key;
    struct cert *cert;
};

struct fixture {
    struct authority root, identity, bootstrap, infrastructure;
    struct trust *trust; /* the root, and the issuing CAs for building chains */
};

/* A certificate by a built-in profile; `ca` NULL signs itself. */
struct authority fixture_issue(const char *profile, const char *name, const char *urn, const struct authority *ca);
/* The same over a given key. */
struct cert *fixture_issue_for(const char *profile, const char *name, const char *urn, const struct authority *ca,
                               const struct key *key, int64_t not_before, int64_t not_after);
void authority_done(struct authority *a);

struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);

/* A device identity by the fast path, and its key when ret_key is not NULL. */
struct cert *fixture_device(const struct authority *ca, const char *number, int64_t not_before, struct key **ret_key);

/* The same by another profile of device identities ("gateway"). */
struct cert *fixture_identity(const struct authority *ca, const char *profile, const char *number, int64_t not_before,
                              struct key **ret_key);

/* cmocka's group setup and teardown. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The certificate in a file of its own, and `openssl verify -x509_strict` over it: the exit status. */
int fixture_openssl_verify(const struct fixture *f, const struct cert *leaf);

#endif
