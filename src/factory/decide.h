/* What the factory server decides: pure functions of (what is recorded, what happened, now, random), without a
 * system call. The server reads the facts, calls one of these, saves what it returns, and answers then (I9). */
#ifndef FACTORY_DECIDE_H
#define FACTORY_DECIDE_H

#include "model/identity.h"

struct decide_policy {
    int64_t days_late;          /* how long after its day a planned number may still be made */
    int64_t claims_per_station; /* outstanding at one station at most */
    int64_t unproven_most;      /* handed to one station in the window and not proven, at most; 0: any number */
    int64_t unproven_window_s;
    int64_t reissues_most;      /* of one number in a day without an operator (F-16) */
    int64_t lease_s;
    int64_t retention_s; /* of a written pack; 0: erased at once */
    bool direct;         /* F-21 */
};

/* --- S5: may this station have this number now? --- */

struct claim_facts {
    const char *station, *line, *board; /* who asks: the board may be "" */
    const uint8_t *fingerprint;         /* of the identity that the device says it has; NULL: none */
    int32_t today;
    bool model_known, model_identity, model_discontinued;
    const char *model_line;     /* "": any line */
    const struct identity *row; /* newest generation of the number; NULL: not in the plan */
    int64_t outstanding;        /* claims of this station, this number not counted */
    int64_t unproven;           /* packs handed to it in the window without a proof, this number not counted */
};

enum claim_way {
    CLAIM_HAND_OUT, /* save the row, then hand out its pack */
    CLAIM_ASK_CA,   /* direct mode: fetch the pack from the CA first, then hand it out */
    CLAIM_PROVE     /* the very device that it was written to: nothing to save, nothing to hand out but the nonce */
};

/* A number that is written gets nothing but a question for its proof, and that only when the device says that it
 * has the identity on record: one that was voided or superseded does not pass (I1).
 * ret_row: the row as it is to be saved; `nonce` becomes its nonce unless it has one for this board already.
 * Errors: NO_IDENTITY_MODEL, NOT_PLANNED, WRONG_LINE, NO_PACK, CLAIMED, CONFLICT, ALREADY_WRITTEN, TOO_MANY_CLAIMS. */
enum err decide_claim(const struct decide_policy *policy, const struct claim_facts *facts, int64_t now_s,
                      const uint8_t nonce[IDENTITY_NONCE], enum claim_way *ret_way, struct identity *ret_row,
                      struct why *why) MUST_CHECK;

/* F-9: may this number be keyed in for facts->line? As a scan there would be, and a number that is written is refused.
 * Errors: those of decide_claim but those about station and board. */
enum err decide_key(const struct decide_policy *policy, const struct claim_facts *facts, struct why *why) MUST_CHECK;

/* --- S11: what does a write result do? --- */

struct result_facts {
    const char *station;
    bool good;        /* OK or NG */
    bool proof_holds; /* pki/proof.h, over the recorded nonce with the recorded certificate (hole 3) */
    const char *reason;
    bool held;                  /* with NG: the number had its re-issues of the day, an operator must approve the next */
    const struct identity *row; /* the generation with the reported fingerprint; NULL: there is none */
};

struct result_effect {
    struct identity row; /* to be saved */
    bool changed;        /* nothing to save otherwise: a repetition (I10) */
    bool erase;          /* the pack goes in the same commit (F-17) */
    bool report;         /* tell the CA: `outcome` */
    const char *outcome; /* "written", "failed" */
    bool again;          /* a new pack will come (F-16) */
};

/* Errors: CONFLICT, PROOF_FAILED, NOT_ALLOWED, BAD_TRANSITION. */
enum err decide_result(const struct decide_policy *policy, const struct result_facts *facts, int64_t now_s,
                       struct result_effect *ret_effect, struct why *why) MUST_CHECK;

/* F-16: whether a number whose write failed waits for an operator before it gets the next pack. */
bool decide_held(const struct decide_policy *policy, int64_t reissues_today);

/* --- Time --- */

/* The lease is over: the pack goes back on hand but stays bound to its board. false: nothing to do. */
bool decide_expire(const struct identity *row, int64_t now_s, struct identity *ret_row);

/* F-17: the pack of a written identity has been kept long enough. */
bool decide_erase(const struct decide_policy *policy, const struct identity *row, int64_t now_s);

/* F-3: whether the request of the day is due. last_day: for which it was made last (0 never). */
bool decide_request_due(int32_t today, int32_t minute, int32_t at_minute, int32_t last_day);

/* F-1: whether the plan of the month is to be fetched; the day is capped to the month's length.
 * last_month: 202603 when March's was fetched. */
bool decide_fetch_due(int32_t today, int32_t minute, int32_t at_day, int32_t at_minute, int32_t last_month);

/* How long to wait before attempt `attempt` (1 is the first repetition): doubling from half a second to
 * max_ms, half of it random so that factories do not come back all at once. */
int64_t decide_backoff_ms(unsigned attempt, uint32_t random, int64_t max_ms);

#endif
