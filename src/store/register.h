/* The CA's register: one row for every certificate that was ever signed (invariant I5), the production orders
 * that bound what may be issued, the requests, enrolment tokens, CRLs and the audit trail. The SQL is in
 * register_sql.c; the database itself refuses a second live identity for a number (I1), a way back from a dead
 * state (I8), a removed row (I5) and a CRL number that does not grow (I7).
 *
 * A register is a struct db: transactions are db_begin, db_commit, db_rollback. Errors of all functions: those
 * of db_query, and the ones named. */
#ifndef STORE_REGISTER_H
#define STORE_REGISTER_H

#include "base/limit.h"
#include "model/lifecycle.h"
#include "store/audit.h"

enum { REGISTER_SERIAL_MAX = 20, REGISTER_FINGERPRINT = 32, REGISTER_KIND = 16, REGISTER_REASON = 32, REGISTER_DIGEST = 32 };

enum err register_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why) MUST_CHECK;

/* Appends to the audit trail, inside the caller's transaction; detail as printf's. */
enum err register_audit(struct db *db, int64_t now_s, const char *actor, const char *event, const char *subject, struct why *why,
                        const char *detail, ...) PRINTF_LIKE(7, 8) MUST_CHECK;
/* Of one subject, or all (NULL). A number's issue is told by the entry of its slice. */
enum err register_audit_list(struct db *db, const char *subject, audit_fn *fn, void *context, struct why *why) MUST_CHECK;
unsigned register_audit_first(void); /* the first statement of the trail, for store/audit.h */
/* The same for one subject, of a register of whatever version, for reading only. Errors: NOT_FOUND, DAMAGED, IO. */
enum err register_trail_read(const char *path, const char *subject, audit_fn *fn, void *context, struct why *why) MUST_CHECK;
/* The chain, and that each certificate is told of. Errors: DAMAGED. */
enum err register_audit_verify(struct db *db, int64_t *ret_n, uint8_t ret_head[32], struct why *why) MUST_CHECK;

/* --- Production orders --- */

struct register_order {
    int64_t id;
    char name[LIMIT_NAME + 1], factory[LIMIT_NAME + 1], model[LIMIT_MODEL_CODE + 1];
    char first_serial[LIMIT_SERIAL + 1]; /* "" when any serial will do */
    int64_t quantity;
    int64_t until_s; /* wall clock; 0: no end */
    int64_t created_s;
    char profile[LIMIT_NAME + 1]; /* certificate profile of the model's devices; "": as the CA is configured */
};

/* Of the certificates of an order those that were made in the field, each for a device that had one before. */
struct register_field_account {
    int64_t made, live, renewing, voided, superseded;
};

/* What became of the certificates of an order (rule: issued = written + on hand + voided + superseded). */
struct register_account {
    int64_t issued, written, on_hand, voided, superseded;
    int64_t reserved; /* accepted, certificate not yet made */
    struct register_field_account field; /* counted above, too */
};

/* Errors: EXISTS; BAD_INPUT when another order of the model names another profile. */
enum err register_order_add(struct db *db, const struct register_order *order, struct why *why) MUST_CHECK;

/* The profile that the orders of a model name; "" when none does. A model has one. */
enum err register_model_profile(struct db *db, const char *model, char ret_profile[LIMIT_NAME + 1], struct why *why) MUST_CHECK;

typedef enum err register_order_fn(void *context, const struct register_order *order, const struct register_account *account);
/* Of one factory, of one order, of all (NULL), by age. */
enum err register_order_list(struct db *db, const char *factory, const char *name, register_order_fn *fn, void *context,
                             struct why *why) MUST_CHECK;

/* --- Certificates --- */

struct register_certificate {
    int64_t id;
    char kind[REGISTER_KIND];   /* "root", "issuing", "infrastructure", "bootstrap", "device" */
    char subject[LIMIT_NAME + 1]; /* device number; name of a CA or peer; "3012-BOOTSTRAP" */
    int64_t generation;         /* 1, 2 ... of this kind and subject */
    char issuer[REGISTER_KIND]; /* "root", "identity", "bootstrap", "infrastructure" */
    char order[LIMIT_NAME + 1]; /* "" when none */
    int64_t order_id;           /* 0 when none */
    char requester[LIMIT_NAME + 1];
    int64_t request, position;  /* 0 when it came by no batch */
    enum lifecycle_state state;
    int64_t slice;              /* that it was made in; 0: by no batch */
    struct span serial, fingerprint, tbs, der; /* empty when not made yet; valid inside the row function only */
    struct span key;            /* by what it is found again (pki/key_id.h) */
    struct span sealed;         /* key that waits for the factory's confirmation */
    int64_t created_s, revoked_s;
    char reason[REGISTER_REASON];
};
typedef enum err register_certificate_fn(void *context, const struct register_certificate *c);

struct register_filter {
    const char *subject; /* NULL: all */
    const char *state;   /* NULL: all */
    const char *order;   /* NULL: all */
};
enum err register_certificate_list(struct db *db, const struct register_filter *filter, register_certificate_fn *fn, void *context,
                                   struct why *why) MUST_CHECK;

/* Those for this key (I2). */
enum err register_certificate_of_key(struct db *db, struct span key, register_certificate_fn *fn, void *context, struct why *why) MUST_CHECK;

/* The newest certificate of this kind and subject, with `sealed`. Errors: NOT_FOUND. */
enum err register_certificate_find(struct db *db, const char *kind, const char *subject, register_certificate_fn *fn,
                                   void *context, struct why *why) MUST_CHECK;

/* The number of a device with more than one live identity; "" when there is none, as must be (I1). */
enum err register_doubled(struct db *db, size_t size, char *ret_number, struct why *why) MUST_CHECK;
/* Whose certificates have the same key, "A and B"; "" when nobody's, as must be (I2). Not the infrastructure's, whose holder
 * may ask again with its key. */
enum err register_key_doubled(struct db *db, size_t size, char *ret_subjects, struct why *why) MUST_CHECK;

/* What will be signed outside a batch: serial, tbs, kind, subject, issuer, requester and created_s are kept, to be
 * committed before the signature is made (I5). */
enum err register_body_add(struct db *db, const struct register_certificate *c, struct why *why) MUST_CHECK;
/* All of them by age, of one subject or of all (NULL); `der` is empty when no certificate came of it. */
enum err register_body_list(struct db *db, const char *subject, register_certificate_fn *fn, void *context, struct why *why) MUST_CHECK;

/* A certificate that was made outside a batch, of a body on record: serial, fingerprint, der and state as given; generation counted.
 * Errors: CONFLICT (a live one where only one may be). */
enum err register_certificate_add(struct db *db, const struct register_certificate *c, int64_t *ret_id, struct why *why) MUST_CHECK;

/* Keeps a sealed key or pack beside a certificate. */
enum err register_sealed_put(struct db *db, int64_t certificate, struct span sealed, struct why *why) MUST_CHECK;

/* From one state to another, as lifecycle_next said. revoked_s 0: not revoked. Errors: CONFLICT when the row is
 * in another state than `from`. */
enum err register_certificate_move(struct db *db, int64_t id, enum lifecycle_state from, enum lifecycle_state to, int64_t revoked_s,
                                   const char *reason, struct why *why) MUST_CHECK;

/* --- Batch requests --- */

struct register_request {
    int64_t id;
    char message_id[LIMIT_MESSAGE_ID + 1], requester[LIMIT_NAME + 1];
    uint8_t digest[REGISTER_DIGEST]; /* of its numbers, in order */
    int64_t numbers;
    int64_t accepted_s, confirmed_s; /* 0: not confirmed */
    uint8_t data_key[256];           /* sealed under the signer's key */
    size_t data_key_n;               /* 0 once confirmed: destroyed */
};

/* Errors: NOT_FOUND. */
enum err register_request_find(struct db *db, const char *requester, const char *message_id, struct register_request *ret_request,
                               struct why *why) MUST_CHECK;
enum err register_request_add(struct db *db, const struct register_request *request, int64_t *ret_id, struct why *why) MUST_CHECK;
/* Destroys the request's data key and its sealed keys; a second time does nothing. Errors: BAD_TRANSITION while
 * some of its certificates are not made. */
enum err register_request_confirm(struct db *db, int64_t id, int64_t now_s, struct why *why) MUST_CHECK;
/* How many of its numbers are reserved and not made. It shrinks when one is let go, too. */
enum err register_request_waiting(struct db *db, int64_t request, int64_t *ret_n, struct why *why) MUST_CHECK;

/* What the register knows of a number before it is issued again. */
struct register_history {
    int64_t generation; /* the highest so far, 0 for none */
    bool live;
    char live_state[16];
    int64_t live_request;
};
enum err register_history(struct db *db, const char *number, struct register_history *ret_history, struct why *why) MUST_CHECK;
/* Whether there is any certificate of a subject from `first` to `last`, in the order of bytes. */
enum err register_range_known(struct db *db, const char *first, const char *last, bool *ret_known, struct why *why) MUST_CHECK;

/* A number that will be made for a request, at its place among the request's numbers. */
struct register_reservation {
    const char *number;
    int64_t generation, order_id, request, position;
};
typedef enum err register_reservation_fn(void *context, const struct register_reservation *r);
/* Errors: CONFLICT (reserved already). */
enum err register_reserve(struct db *db, const struct register_reservation *r, struct why *why) MUST_CHECK;
enum err register_reserved_list(struct db *db, int64_t request, register_reservation_fn *fn, void *context, struct why *why) MUST_CHECK;

/* What is revoked before it was made. _body: whether what will be signed is on record, so that a signature may exist.
 * _let_go: the reservation becomes a row in state `to`, with the serial number of that body. */
enum err register_reserved_body(struct db *db, const char *number, bool *ret_there, struct why *why) MUST_CHECK;
enum err register_let_go(struct db *db, const char *number, enum lifecycle_state to, int64_t revoked_s, const char *reason,
                         struct why *why) MUST_CHECK;

/* --- Slices: what of a request is made and recorded at a time --- */

struct register_slice {
    int64_t id, request;
    int64_t position, numbers; /* the run of the request's numbers; not each of them need be made */
    int64_t issued_s;          /* 0: what will be signed is on record, the certificates are not */
    struct span bodies;        /* of register_body_put, until they are signed */
    struct span keys;          /* sealed, until the request is confirmed */
    char message_id[LIMIT_MESSAGE_ID + 1];
};
typedef enum err register_slice_fn(void *context, const struct register_slice *slice);

/* One to-be-signed body of a slice. */
struct register_body {
    struct span number, serial, tbs;
};
enum err register_body_put(struct buf *to, const struct register_body *body) MUST_CHECK;
bool register_body_next(struct span *rest, struct register_body *ret_body); /* false: none is left, or the rest is damaged */

/* First step: what will be signed, and the sealed keys, are recorded (I5). */
enum err register_slice_add(struct db *db, const struct register_slice *slice, int64_t *ret_id, struct why *why) MUST_CHECK;
/* The slice that begins at a position. Errors: NOT_FOUND. */
enum err register_slice_find(struct db *db, int64_t request, int64_t position, register_slice_fn *fn, void *context,
                             struct why *why) MUST_CHECK;
/* All that are on record and not signed. */
enum err register_slice_unsigned(struct db *db, register_slice_fn *fn, void *context, struct why *why) MUST_CHECK;

/* What was made of a slice. */
struct register_made {
    int64_t certificates;
    const char *first, *last; /* of their numbers, by strcmp */
    uint8_t digest[REGISTER_DIGEST];
};

/* Second step: each certificate is recorded, in state "stored"; then an audit entry with the slice's digest
 * (register_trail.c); then the slice is done, and the reservations go whose place the certificates take, all of them at
 * once. Errors: CONFLICT (one is not reserved any more, signed already). */
enum err register_issue(struct db *db, const struct register_certificate *c, int64_t now_s, struct why *why) MUST_CHECK;
enum err register_slice_done(struct db *db, const struct register_slice *slice, const struct register_made *made, int64_t now_s,
                             struct why *why) MUST_CHECK;

/* The digest of a slice: SHA-256 over fingerprint and order (with a NUL) of each certificate, in order. */
enum err register_digest_put(struct buf *to, struct span fingerprint, const char *order) MUST_CHECK;
enum err register_digest(struct span put, uint8_t ret_digest[REGISTER_DIGEST]) MUST_CHECK;

/* The rows of a request from a position on, in order. */
enum err register_request_rows(struct db *db, int64_t request, int64_t from, int64_t n, register_certificate_fn *fn, void *context,
                               struct why *why) MUST_CHECK;

/* --- Enrolment tokens: only their SHA-256 is kept --- */

struct register_token {
    uint8_t hash[32];
    char role[16], name[LIMIT_NAME + 1];
    char hosts[256]; /* DNS names and addresses for the certificate, separated by commas; may be "" */
    int64_t created_s, expires_s, used_s; /* used_s 0: not used */
    uint8_t csr[32];        /* SHA-256 of the signing request that it was used for */
    struct span certificate; /* that was made with it; valid inside the row function only */
};
enum err register_token_add(struct db *db, const struct register_token *token, struct why *why) MUST_CHECK;
typedef enum err register_token_fn(void *context, const struct register_token *token);
/* Errors: BAD_TOKEN when there is none such. */
enum err register_token_find(struct db *db, const uint8_t hash[32], register_token_fn *fn, void *context, struct why *why) MUST_CHECK;
/* Notes what it was used for. Errors: CONFLICT when it was used already. */
enum err register_token_spend(struct db *db, const struct register_token *token, int64_t certificate, struct why *why) MUST_CHECK;
enum err register_token_list(struct db *db, register_token_fn *fn, void *context, struct why *why) MUST_CHECK;

/* --- CRLs --- */

struct register_crl {
    char issuer[REGISTER_KIND];
    int64_t number, this_s, next_s, revoked; /* revoked: how many it lists */
    struct span der;
};
typedef enum err register_crl_fn(void *context, const struct register_crl *crl);
enum err register_crl_newest(struct db *db, const char *issuer, register_crl_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err register_crl_add(struct db *db, const struct register_crl *crl, struct why *why) MUST_CHECK;
/* Every certificate of that issuer that was revoked, voided or superseded. */
enum err register_revoked_list(struct db *db, const char *issuer, register_certificate_fn *fn, void *context, struct why *why) MUST_CHECK;

#endif
