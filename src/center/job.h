/* One exchange under way, from its request to its reply: what the steps of the exchange share. Inside the centre only. */
#ifndef CENTER_JOB_H
#define CENTER_JOB_H

#include "center/center.h"
#include "center/decide.h"
#include "field/letter.h"
#include "soap/soap.h"

enum job_place { JOB_QUEUED, JOB_PARKED, JOB_WOKEN };

struct job {
    struct job *prev, *next; /* in the list that it stands in: desk.c */
    enum job_place place;
    struct center *center;
    struct http_exchange *x;    /* NULL once the peer has gone */
    struct soap_parsed request; /* empty while it is parked */
    struct soap_header reply;   /* header of the answer */
    struct peer peer;           /* who asks, by the certificate */
    struct device_number number; /* the peer's */
    int64_t now_s;
    uint8_t signer[CENTER_FINGERPRINT]; /* of the letter that was judged last: by which identity it came, as the CA */
    char signer_state[16];              /* told of it */
    enum role signer_role;              /* by its certificate */
    char state[16];  /* of the peer's identity */
    enum reach reach; /* of its identity */
    int64_t position;          /* of the chain of that letter's device, and whether letters before it are missing */
    bool letters_missing;
    bool may_put_off, put_off; /* a letter may be put off until others of the exchange were taken: reading.c */
    enum err fault;  /* the exchange as a whole is refused, for `why` */
    struct why why;
    struct arena *arena; /* of the response */
    struct exchange_response response;
    size_t calls_cap, answers_cap, bytes;
    bool has_session; /* the peer's own, kept while it is parked */
    struct center_session session;
    int64_t interval_s, until_ms;
    uint64_t timer;
};

/* Errors are those that spoil the whole exchange (database, memory); what is refused is in the response or in job->fault. */
enum err exchange_run(struct job *job, struct why *why) MUST_CHECK;

/* --- Its steps --- */

enum err presence_take(struct job *job, const struct field_presence *p, struct why *why) MUST_CHECK;
enum err upcall_take(struct job *job, const struct field_call *c, struct why *why) MUST_CHECK;
enum err answer_take(struct job *job, const struct field_answer *a, struct why *why) MUST_CHECK;
enum err receipt_take(struct job *job, const struct field_receipt *r, struct why *why) MUST_CHECK;
/* What goes down with the reply, as far as it fits. */
enum err collect_letters(struct job *job, struct why *why) MUST_CHECK;

/* --- For the steps --- */

/* Room for the lists of the response. Errors: NO_MEMORY. */
enum err response_begin(struct job *job) MUST_CHECK;
void response_end(struct job *job);
/* OK: the letter is taken; BUSY: it is to come again later, and why; another condition that passes: none goes out; else
 * refused for good. */
void response_receipt(struct job *job, const char *id, const char *what, enum err err, const struct why *why);
/* The peer's session as it was kept. */
void response_session_again(struct job *job);

enum letter_kind { LETTER_PRESENCE, LETTER_CALL, LETTER_ANSWER };
struct letter_facts {
    enum letter_kind kind;
    const void *letter; /* struct field_presence, field_call, field_answer */
    const struct device_number *number;
    struct span signature, evidence;
    const uint8_t *fingerprint; /* of a presence: by which identity; NULL: any live one of the number */
};
/* Whether a letter came as it may (decide_way), with an incident when not. *ret_reach: of the identity behind it. */
enum err letter_judge(struct job *job, const struct letter_facts *facts, struct verdict *ret_verdict, enum reach *ret_reach,
                      struct why *why) MUST_CHECK;

/* Whether a number that is not bound to a gateway was until a few days ago (doc/decisions/0014). Errors: the database's. */
enum err bound_lately(struct job *job, const char *number, const char *gateway, bool *ret_lately, struct why *why) MUST_CHECK;

/* All that decides about a number. A number that was never heard of: a device without anything, not in the database. */
enum err node_find(struct center *center, const char *number, struct node *ret_node, struct why *why) MUST_CHECK;

/* Whether a letter stands where it may in its sender's life (decide_place); a copy's is an incident, and puts the number
 * into quarantine. Once the letter was taken, place_keep. */
struct letter_place_of {
    const struct device_number *number;
    struct letter_place place;
    struct span evidence;
};
enum err place_judge(struct job *job, const struct node *node, const struct letter_place_of *of, struct letter_outcome *ret_outcome,
                     struct why *why) MUST_CHECK;
enum err place_keep(struct job *job, const struct letter_place_of *of, const struct letter_outcome *outcome, struct why *why) MUST_CHECK;

/* Who sent it is taken from the job. */
enum err job_incident(struct job *job, const char *kind, const char *number, struct span evidence, const struct why *text,
                      struct why *why) MUST_CHECK;

/* Stores a reading that was reported or asked for; one that does not follow puts the device into quarantine: then
 * *ret_verdict is COUNTER_CHAIN. Errors: BUSY for one that waits for those before it. */
enum err reading_take(struct job *job, const char *number, const char *call, const struct reading *reading,
                      struct verdict *ret_verdict, struct why *why) MUST_CHECK;
/* From the message's fields. Errors: BAD_INPUT. */
enum err reading_from(int64_t epoch, int64_t boots, int64_t sequence, const struct counter_value *counters, size_t n,
                      struct reading *ret_reading, struct why *why) MUST_CHECK;

/* Whether an identity counts, by its state at the CA, its certificate, and what else there is of its number. `told` as in
 * struct identity_facts; `identity` NULL: the CA never told of it. */
enum err identity_judge(struct job *job, const char *number, const struct center_identity *identity, bool told, const struct cert *cert,
                        struct verdict *ret_verdict, struct why *why) MUST_CHECK;

/* The identity of a number that is in force: the newest that is in the device, and not merely on its way there. */
struct in_force {
    bool there;
    bool any; /* one that counts: also one that was renewed and is not confirmed yet */
    int64_t newest; /* generation of the newest of all */
    uint8_t fingerprint[CENTER_FINGERPRINT];
};
enum err identity_in_force(struct center *center, const char *number, struct in_force *ret_in_force, struct why *why) MUST_CHECK;

/* The parsed certificate of a known identity, out of a bounded store; a reference of the caller's. */
enum err identity_cert(struct center *center, const struct center_identity *identity, struct cert **ret_cert,
                       struct why *why) MUST_CHECK;

#endif
