/* The signer: the process that has the keys and the register, and no network. It answers what permit.c lets
 * through, one request after the other, over one socket to the front. */
#ifndef CA_SIGNER_H
#define CA_SIGNER_H

#include "ca/authority.h"
#include "ca/decide.h"
#include "ca/permit.h"
#include "ca/pool.h"
#include "ipc/frame.h"
#include "model/pack.h"
#include "pki/issuer.h"
#include "pki/seal.h"
#include "store/register.h"

enum { SIGNER_BATCHES = 32, SIGNER_MAKERS = 64, SIGNER_WORKERS_MAX = 64 };

/* The requester's production orders, by model, then age. */
struct order_book {
    struct decide_order *orders;
    size_t n, room;
};

/* Where a number stands, and what it is reserved as; generation 0: made, or let go. */
struct place {
    uint32_t at; /* in the batch's numbers */
    int32_t generation;
    int64_t order_id;
};

/* A batch request under way, from OPEN to CLOSE. What must outlive a crash is in the register. */
struct batch {
    enum batch_state state;
    int64_t tag;
    char requester[LIMIT_NAME + 1], message_id[LIMIT_MESSAGE_ID + 1];
    struct buf numbers;   /* device numbers, each with a NUL behind */
    struct place *places; /* one for each; with its number about 28 bytes, all that grows with the batch */
    int64_t count;
    struct order_book book;
    enum err refused; /* why it will be refused at CHECK; OK: nothing wrong yet */
    struct why why;
    int64_t request;  /* its row in the register, once accepted */
    int64_t accepted_s;
    int64_t waiting;  /* how many places have a reservation */
    int64_t position; /* of the next pack */
    struct sealer *sealer; /* under the request's data key */
};

/* What makes identities of one model: the profile, and one issuer for each worker. */
struct maker {
    char model[LIMIT_MODEL_CODE + 1];
    struct profile *profile;
    struct issuer *issuers[SIGNER_WORKERS_MAX];
};

struct desk; /* packs on their way (issue.c) */

struct signer {
    const struct ca_settings *settings;
    struct db *db;
    atomic_bool untidy; /* its log: moved when nobody asks */
    struct authorities ca;
    struct sealer *kek;
    struct pool *pool;
    struct buf profiles; /* the profiles' file */
    struct maker makers[SIGNER_MAKERS];
    size_t makers_n;
    struct desk *desk;
    struct permit_meter meter;
    struct batch batches[SIGNER_BATCHES];
    struct buf out; /* answers; wiped after each send, as they hold private keys */
};

/* Opens register and keys of the folder. */
enum err ca_signer_new(const struct ca_settings *settings, struct signer **ret_signer, struct why *why) MUST_CHECK;
/* What the file of profiles says. Errors: BAD_PROFILE, also when it is empty. */
enum err ca_lint_profiles(const struct signer *signer, struct why *why) MUST_CHECK;
void ca_signer_free(struct signer *signer); /* NULL is fine */

/* Judges and handles one request; answers are appended to signer->out. Never fails: errors are answers. */
void ca_signer_handle(struct signer *signer, unsigned kind, struct frame_reader fields);

/* Answers requests from fd until the other end closes it. Errors: those of frame_receive and frame_send. */
enum err ca_signer_serve(struct signer *signer, int fd, struct why *why) MUST_CHECK;

/* The whole life of the signer's process: gives up what it does not need, says READY or ERROR, serves. */
int ca_signer_main(const struct ca_settings *settings, int fd);

/* --- The handlers, by file: each reads its fields and appends its answer --- */

typedef enum err signer_fn(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why);

signer_fn batch_open, batch_numbers, batch_check, batch_close, batch_confirm; /* batch.c */
signer_fn issue_next;                                                         /* issue.c */
signer_fn outcome_report, account_report;                                     /* outcome.c */
signer_fn bootstrap_give;                                                     /* bootstrap.c */
signer_fn enrol_peer;                                                         /* enrol.c */
signer_fn crl_give;                                                           /* crl.c */
signer_fn list_identities;                                                    /* listing.c */
signer_fn renew_identity;                                                     /* renew.c */
signer_fn settle_identity;                                                    /* settle.c */
signer_fn witness_trails;                                                     /* witness.c */

struct batch *batch_find(struct signer *s, int64_t tag); /* NULL when there is none */
void batch_done(struct signer *s, struct batch *b);

/* The maker for a model, made when first asked for. Errors: BAD_PROFILE ... */
enum err maker_get(struct signer *s, const struct device_number *number, struct maker **ret_maker, struct why *why) MUST_CHECK;
/* The profile of a model's identities, to be freed. */
enum err maker_profile(struct signer *s, const char *model, struct profile **ret_profile, struct why *why) MUST_CHECK;
void maker_done(struct signer *s, struct maker *maker);

enum err issue_new_desk(struct signer *s) MUST_CHECK;
void issue_free_desk(struct signer *s);
void issue_begin(struct signer *s, struct batch *b); /* keys of the first slice, while the batch is judged */
void issue_drop_ahead(struct signer *s);             /* what is being prepared is forgotten */

#endif
