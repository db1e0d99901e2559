/* The register's part in the field half (M-8): which identities changed, and identities that are made for devices
 * outside the factory. The key of such an identity was made in the device; there is nothing to keep sealed.
 *
 * A renewal is on record with what will be signed before it is signed (I5); its certificate begins in state "renewing",
 * beside the live one that it will replace. Errors: those of db_query, and the ones named. */
#ifndef STORE_REGISTER_FIELD_H
#define STORE_REGISTER_FIELD_H

#include "store/register.h"

/* --- What changed --- */

/* An identity as it is now, at the place of its last change. */
struct register_known {
    int64_t cursor, generation;
    const char *number, *state;
    struct span der; /* empty when it was voided before it was signed */
};
typedef enum err register_known_fn(void *context, const struct register_known *known);

/* Those that changed behind `cursor`, by age of the change, at most n. Identities that never left the CA and the
 * factory are not among them. */
enum err register_feed(struct db *db, int64_t cursor, int64_t n, register_known_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err register_feed_newest(struct db *db, int64_t *ret_cursor, struct why *why) MUST_CHECK; /* 0: nothing yet */

/* --- Renewals and replacements --- */

struct register_renewal {
    uint8_t csr[REGISTER_DIGEST], key[REGISTER_DIGEST]; /* SHA-256 of the signing request, of its key */
    char number[LIMIT_NUMBER_TEXT + 1], requester[LIMIT_NAME + 1];
    int64_t order_id;        /* of the number's identity from the factory */
    int64_t replaces;        /* row of the identity before */
    struct span serial, tbs; /* what is signed; valid inside the row function only, as all spans */
    int64_t created_s;
    int64_t certificate; /* its row; 0: not made yet */
    enum lifecycle_state state;
    struct span der; /* empty when it was given up before it was signed */
};
typedef enum err register_renewal_fn(void *context, const struct register_renewal *renewal);

/* The one of this signing request. Errors: NOT_FOUND. */
enum err register_renewal_find(struct db *db, const uint8_t csr[REGISTER_DIGEST], register_renewal_fn *fn, void *context,
                               struct why *why) MUST_CHECK;
/* Those of a number whose certificate is not made. */
enum err register_renewal_unsigned(struct db *db, const char *number, register_renewal_fn *fn, void *context,
                                   struct why *why) MUST_CHECK;
/* Whether a device had this key made into an identity before (I2). */
enum err register_renewal_has_key(struct db *db, const uint8_t key[REGISTER_DIGEST], bool *ret_known, struct why *why) MUST_CHECK;

/* First step, with its body: everything but certificate, state and der counts. */
enum err register_renewal_add(struct db *db, const struct register_renewal *renewal, struct why *why) MUST_CHECK;
/* Second step: the certificate of that serial number and key, of the next generation, in state "renewing". */
enum err register_renewal_issue(struct db *db, struct span serial, struct span der,
                                const uint8_t fingerprint[REGISTER_FINGERPRINT], struct span key, int64_t now_s,
                                struct why *why) MUST_CHECK;
/* Or it is given up: what was on record to be signed may have been, so its serial number counts as revoked. */
enum err register_renewal_drop(struct db *db, struct span serial, int64_t now_s, struct why *why) MUST_CHECK;

/* Those in state "renewing" made before `before_s` whose predecessor is live, the oldest 100. */
enum err register_renewal_stale(struct db *db, int64_t before_s, register_certificate_fn *fn, void *context, struct why *why) MUST_CHECK;

#endif
