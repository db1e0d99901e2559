/* The factory's database: models, plan, identities waiting to be written (F-6, figure 20), stations, operators,
 * requests to the CA under way, what is still to be told to the CA, audit trail.
 *
 * Functions ask one question or write one thing; the caller puts them into transactions (db_begin, db_commit).
 * Packs come here sealed and leave sealed. Errors are those of db_query, and those named. */
#ifndef STORE_STOCK_H
#define STORE_STOCK_H

#include "model/identity.h"
#include "model/plan.h"
#include "store/audit.h"
#include "store/db_move.h"
#include "store/people.h"

enum err stock_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why) MUST_CHECK;
enum err stock_move(const char *file, const char *url, const char *actor, struct db_moved *ret_moved, struct why *why) MUST_CHECK;

/* Appends to the audit trail; inside a transaction. */
enum err stock_audit(struct db *db, const struct audit_entry *entry, struct why *why) MUST_CHECK;
enum err stock_audit_list(struct db *db, const char *subject, audit_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err stock_audit_verify(struct db *db, int64_t *ret_n, uint8_t ret_head[32], struct why *why) MUST_CHECK;

/* The first statement of the trail, for store/audit.h. */
unsigned stock_audit_first(void);

/* Small facts that outlive the process: "requested-day", "fetched-month". 0 when never set. */
enum err stock_mark_get(struct db *db, const char *name, int64_t *ret_value, struct why *why) MUST_CHECK;
enum err stock_mark_set(struct db *db, const char *name, int64_t value, struct why *why) MUST_CHECK;

/* --- Model list (F-2, figure 19A; the nameplate's ratings F-24) --- */

struct stock_model {
    char code[LIMIT_MODEL_CODE + 1];
    char name[LIMIT_NAME + 1], voltage[LIMIT_NAME + 1], power[LIMIT_NAME + 1], current[LIMIT_NAME + 1];
    char profile[LIMIT_NAME + 1], pattern[LIMIT_NAME + 1];
    char line[LIMIT_NAME + 1]; /* where it is made; "" any line */
    int64_t digits;            /* of the serial numbers that the factory gives out */
    bool identity, discontinued;
};
typedef enum err stock_model_fn(void *context, const struct stock_model *model);
enum err stock_model_put(struct db *db, const struct stock_model *model, struct why *why) MUST_CHECK; /* new or changed */
enum err stock_model_get(struct db *db, const char *code, struct stock_model *ret_model,
                         struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err stock_model_each(struct db *db, stock_model_fn *fn, void *context, struct why *why) MUST_CHECK;

/* --- Plan (F-1, figure 19B) --- */

/* The rows of the plan in force and the models, for plan_check; freed by stock_known_done. */
struct stock_known {
    struct plan_known known;
    struct plan_model *models;
    struct plan_range *ranges;
    size_t models_cap, ranges_cap;
};
void stock_known_done(struct stock_known *known);
enum err stock_plan_known(struct db *db, struct stock_known *ret_known, struct why *why) MUST_CHECK;

/* Adds one checked row, and its numbers as planned identities when the model gets one. */
enum err stock_plan_add(struct db *db, const struct plan_row *row, int64_t now_s, struct why *why) MUST_CHECK;

/* Takes a row of the plan back, with its numbers. Errors: NOT_FOUND, CONFLICT once any of them was asked for (the CA
 * may have made it then). */
enum err stock_plan_remove(struct db *db, int32_t day, const char *model, int64_t *ret_quantity, struct why *why) MUST_CHECK;

/* F-19: one model on one day. */
struct stock_count {
    int32_t day;
    char model[LIMIT_MODEL_CODE + 1], name[LIMIT_NAME + 1], first_serial[LIMIT_SERIAL + 1];
    bool identity;
    int64_t quantity, planned, requested, on_hand, claimed, written, written_today, failed, voided;
};
typedef enum err stock_count_fn(void *context, const struct stock_count *count);
/* Days from..to; `midnight_s`: the start of the local day, for written_today. */
enum err stock_count_each(struct db *db, int32_t from, int32_t to, int64_t midnight_s, stock_count_fn *fn, void *context,
                          struct why *why) MUST_CHECK;

/* --- Identities --- */

typedef enum err stock_identity_fn(void *context, const struct identity *row);
/* The newest generation. Errors: NOT_FOUND. */
enum err stock_identity_newest(struct db *db, const char *number, struct identity *ret_row, struct why *why) MUST_CHECK;
/* The generation whose certificate has this fingerprint. Errors: NOT_FOUND. */
enum err stock_identity_by_certificate(struct db *db, const char *number, const uint8_t fingerprint[IDENTITY_FINGERPRINT],
                                       struct identity *ret_row, struct why *why) MUST_CHECK;
/* Writes state, station, board, lease, nonce, times, reason of a row that is in state `from` now; drop_pack: the
 * sealed pack is overwritten. Errors: CONFLICT when it is not in that state. */
enum err stock_identity_save(struct db *db, const struct identity *row, enum lifecycle_state from, bool drop_pack,
                             struct why *why) MUST_CHECK;
enum err stock_identity_add(struct db *db, const struct identity *row, struct why *why) MUST_CHECK;
enum err stock_identity_each(struct db *db, stock_identity_fn *fn, void *context, struct why *why) MUST_CHECK; /* all, in order */
enum err stock_identity_in_state(struct db *db, enum lifecycle_state state, const char *model, stock_identity_fn *fn,
                                 void *context, struct why *why) MUST_CHECK; /* model "": all */

/* Those written at `until_s` or before, the oldest first. */
enum err stock_identity_written(struct db *db, int64_t until_s, int64_t most, stock_identity_fn *fn, void *context,
                                struct why *why) MUST_CHECK;

struct stock_pack {
    struct device_number number;
    int64_t request; /* of stock_request_find */
    const char *order;
    struct span sealed; /* the key, or with chain 0 the whole pack; empty: direct mode */
    struct span certificate;
    int64_t chain; /* of stock_chain_put */
    const uint8_t *fingerprint;
    int64_t now_s;
};
/* S2: requested -> stored. *ret_stored false: it was there already (I10). Errors: NOT_FOUND (not asked for). */
enum err stock_pack_store(struct db *db, const struct stock_pack *pack, bool *ret_stored, struct why *why) MUST_CHECK;
/* The certificates above the device's, one DER behind the other; the same ones again get the same id. */
enum err stock_chain_put(struct db *db, struct span chain, int64_t *ret_id, struct why *why) MUST_CHECK;
/* Appends what was stored; without a chain the sealed bytes are a whole pack. Errors: NOT_FOUND (none, or erased). */
enum err stock_pack_read(struct db *db, const struct identity *row, struct buf *sealed_to, struct buf *certificate_to,
                         struct buf *chain_to, struct why *why) MUST_CHECK;
/* Appends the certificate. Errors: NOT_FOUND. */
enum err stock_certificate_read(struct db *db, const struct identity *row, struct buf *der_to, struct why *why) MUST_CHECK;

/* Claims outstanding at a station, one number not counted. */
enum err stock_claims(struct db *db, const char *station, const char *except, int64_t *ret_n, struct why *why) MUST_CHECK;
/* Packs that a station was handed since then, other numbers' than `except`, and that no device proved or failed to take:
 * those whose lease is over count too. */
enum err stock_handed_add(struct db *db, const struct identity *row, int64_t now_s, struct why *why) MUST_CHECK;
enum err stock_handed_count(struct db *db, const char *station, const char *except, int64_t since_s, int64_t *ret_n,
                            struct why *why) MUST_CHECK;
enum err stock_handed_done(struct db *db, const struct identity *row, struct why *why) MUST_CHECK; /* its write is known */
/* Nothing is held against the station any more. */
enum err stock_handed_release(struct db *db, const char *station, int64_t *ret_n, struct why *why) MUST_CHECK;

/* New generations of a number since then (F-16). */
enum err stock_reissues(struct db *db, const char *number, int64_t since_s, int64_t *ret_n, struct why *why) MUST_CHECK;
/* Numbers of a day that are under no request. */
enum err stock_planned(struct db *db, int32_t day, int64_t *ret_n, struct why *why) MUST_CHECK;
/* Sealed packs in the database. */
enum err stock_packs(struct db *db, int64_t *ret_n, struct why *why) MUST_CHECK;
/* On hand and still planned for the days from `today` on, of one model (low-stock warning). */
enum err stock_on_hand(struct db *db, const char *model, int64_t *ret_n, struct why *why) MUST_CHECK;

/* --- Requests to the CA --- */

enum stock_request_state { STOCK_REQUEST_OPEN, STOCK_REQUEST_RECEIVED, STOCK_REQUEST_DONE, STOCK_REQUEST_REFUSED };
struct stock_request {
    char id[LIMIT_MESSAGE_ID + 1];
    bool direct; /* sent when a station asks, not by the office */
    int64_t made_s, state;
    char reason[WHY_MAX];
};
typedef enum err stock_request_fn(void *context, const struct stock_request *request);
enum err stock_request_add(struct db *db, const struct stock_request *request, struct why *why) MUST_CHECK;
/* Takes one away that got no numbers. */
enum err stock_request_drop(struct db *db, const char *id, struct why *why) MUST_CHECK;
/* Its place, which stands in the rows of its numbers. Errors: NOT_FOUND. */
enum err stock_request_find(struct db *db, const char *id, int64_t *ret_place, struct why *why) MUST_CHECK;
enum err stock_request_set(struct db *db, const char *id, enum stock_request_state state, const char *reason,
                           struct why *why) MUST_CHECK;
/* Those open (not direct ones), received and not yet confirmed, or refused. */
enum err stock_request_each(struct db *db, enum stock_request_state state, stock_request_fn *fn, void *context,
                            struct why *why) MUST_CHECK;
/* Puts the planned numbers of the days from..to under a request that was added: all of them, or one (single mode).
 * *ret_n: how many. Saved before anything is sent, so that a repetition uses the same id. */
enum err stock_request_take(struct db *db, const char *id, int32_t from, int32_t to, int64_t most, int64_t *ret_n,
                            struct why *why) MUST_CHECK;
/* Numbers of a request behind row `after` (0: from the start), at most `most`. */
typedef enum err stock_number_fn(void *context, int64_t row, const char *number);
enum err stock_request_numbers(struct db *db, const char *id, int64_t after, int64_t most, stock_number_fn *fn, void *context,
                               struct why *why) MUST_CHECK;
enum err stock_request_missing(struct db *db, const char *id, int64_t *ret_n,
                               struct why *why) MUST_CHECK; /* packs that have not come */
/* The numbers without a pack go under another request. */
enum err stock_request_move(struct db *db, const char *id, const char *to, struct why *why) MUST_CHECK;
/* The CA refused: its numbers are planned again (nothing was issued). */
enum err stock_request_release(struct db *db, const char *id, struct why *why) MUST_CHECK;

/* --- What the CA is still to be told --- */

struct stock_outcome {
    int64_t id;
    struct device_number number;
    int64_t generation;
    uint8_t fingerprint[IDENTITY_FINGERPRINT];
    char outcome[16], reason[128], refused[WHY_MAX]; /* refused: the CA's last word, "" none */
};
typedef enum err stock_outcome_fn(void *context, const struct stock_outcome *outcome);
enum err stock_outcome_add(struct db *db, const struct stock_outcome *outcome, struct why *why) MUST_CHECK;
enum err stock_outcome_each(struct db *db, int64_t most, stock_outcome_fn *fn, void *context,
                            struct why *why) MUST_CHECK; /* not refused ones */
enum err stock_outcome_done(struct db *db, int64_t id, struct why *why) MUST_CHECK;
enum err stock_outcome_refused(struct db *db, int64_t id, const char *why_not, struct why *why) MUST_CHECK;

/* --- Stations, operators, sessions, boards --- */

struct stock_station {
    char name[LIMIT_NAME + 1], line[LIMIT_NAME + 1];
};
typedef enum err stock_station_fn(void *context, const struct stock_station *station);
enum err stock_station_put(struct db *db, const struct stock_station *station, struct why *why) MUST_CHECK;
enum err stock_station_remove(struct db *db, const char *name, struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err stock_station_get(struct db *db, const char *name, struct stock_station *ret_station,
                           struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err stock_station_each(struct db *db, stock_station_fn *fn, void *context, struct why *why) MUST_CHECK;

/* Operators and sessions. */
struct people stock_people(struct db *db);

/* Sealed bootstrap packs by model (F-22), so that the board step goes on while the CA is away. */
enum err stock_bootstrap_put(struct db *db, const char *model, struct span sealed, int64_t now_s, struct why *why) MUST_CHECK;
enum err stock_bootstrap_read(struct db *db, const char *model, struct buf *sealed_to,
                              struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err stock_board_add(struct db *db, const char *board, const char *model, const char *station, const char *outcome,
                         const char *reason, int64_t now_s, struct why *why) MUST_CHECK;

/* Per production order, as the CA accounts for it too: issued = written + on hand + voided + superseded. */
struct stock_account {
    char order[LIMIT_NAME + 1];
    int64_t issued, written, on_hand, voided, superseded;
};
typedef enum err stock_account_fn(void *context, const struct stock_account *account);
enum err stock_account_each(struct db *db, stock_account_fn *fn, void *context, struct why *why) MUST_CHECK;

/* fsck: sentences about rows that contradict each other. *ret_n: how many. */
typedef enum err stock_fault_fn(void *context, const char *number, const char *sentence);
enum err stock_check(struct db *db, stock_fault_fn *fn, void *context, struct why *why) MUST_CHECK;

#endif
