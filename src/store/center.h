/* The centre's database (M-7): customers, sites, devices and gateways, agreements, the identities that the CA told of,
 * calls, readings, sessions, incidents, programs, tickets; operators (people.h) and the audit trail (audit.h).
 *
 * Every question is answered by an index: what a poll costs does not grow with the number of devices. Transactions
 * are db_begin, db_commit, db_rollback. All times are wall clock seconds of the centre. Errors of all functions:
 * those of db_query, and the ones named. Row functions get pointers that are valid during the call only. */
#ifndef STORE_CENTER_H
#define STORE_CENTER_H

#include "base/limit.h"
#include "model/agreement.h"
#include "model/call.h"
#include "model/counter.h"
#include "model/number.h"
#include "store/audit.h"
#include "store/db_move.h"
#include "store/people.h"

enum { CENTER_TEXT = 128, CENTER_TOKEN = 33, CENTER_FINGERPRINT = 32, CENTER_SHOWN_KEPT = 16 };

enum err center_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why) MUST_CHECK;
enum err center_move(const char *file, const char *url, const char *actor, struct db_moved *ret_moved, struct why *why) MUST_CHECK;

enum err center_audit(struct db *db, int64_t now_s, const char *actor, const char *event, const char *subject, struct why *why,
                      const char *detail, ...) PRINTF_LIKE(7, 8) MUST_CHECK;
/* The same as an entry: what api/service.h wants. */
enum err center_audit_entry(struct db *db, const struct audit_entry *entry, struct why *why) MUST_CHECK;
struct people center_people(struct db *db);
/* In order; subject NULL: all. */
enum err center_audit_list(struct db *db, const char *subject, audit_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err center_audit_verify(struct db *db, int64_t *ret_n, uint8_t ret_head[32], struct why *why) MUST_CHECK;

/* --- Customers and sites --- */

struct center_customer {
    char id[LIMIT_NAME + 1]; /* short name, unique */
    char name[CENTER_TEXT], address[CENTER_TEXT], telephone[LIMIT_NAME + 1], email[CENTER_TEXT];
};
struct center_site {
    char id[LIMIT_NAME + 1], customer[LIMIT_NAME + 1];
    char name[CENTER_TEXT], address[CENTER_TEXT];
};
typedef enum err center_customer_fn(void *context, const struct center_customer *c);
typedef enum err center_site_fn(void *context, const struct center_site *s);

/* _put adds, or replaces what stands under that id. Errors: NOT_FOUND (a site's customer). */
enum err center_customer_put(struct db *db, const struct center_customer *c, struct why *why) MUST_CHECK;
enum err center_customer_list(struct db *db, center_customer_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err center_site_put(struct db *db, const struct center_site *s, struct why *why) MUST_CHECK;
enum err center_site_list(struct db *db, const char *customer, center_site_fn *fn, void *context, struct why *why) MUST_CHECK;

/* --- Devices --- */

enum center_kind { CENTER_DEVICE, CENTER_GATEWAY, CENTER_AGENTLESS, CENTER_KIND_COUNT }; /* "device", "gateway", "agentless" */
const char *center_kind_name(enum center_kind kind);
enum err center_kind_parse(const char *name, enum center_kind *ret_kind) MUST_CHECK;

enum center_standing { CENTER_NORMAL, CENTER_QUARANTINED, CENTER_SCRAPPED, CENTER_STANDING_COUNT };
const char *center_standing_name(enum center_standing standing); /* "normal" ... */

struct center_device {
    struct device_number number;
    enum center_kind kind;
    char customer[LIMIT_NAME + 1], site[LIMIT_NAME + 1];
    struct device_number gateway; /* the gateway that may speak for it; text "" when none */
    char address[CENTER_TEXT];    /* IP address or URL, for operators and for agentless ones */
    char telephone[LIMIT_NAME + 1];
    int64_t interval_s; /* between polls; 0: the centre's default */
    enum center_standing standing;
    char standing_reason[CENTER_TEXT]; /* why in quarantine, a sentence */
    char version[LIMIT_NAME + 1];      /* of its program, as it last said */
    int64_t seen_s;                    /* last presence; 0: never */
    char via[LIMIT_NUMBER_TEXT + 1];   /* the gateway that brought it to the centre; "" its own connection did */
    struct agreement agreement;        /* the one in force, or the last; reading only */
};
typedef enum err center_device_fn(void *context, const struct center_device *d);

/* Adds or replaces what an operator enters: kind, customer, site, gateway, address, telephone, interval.
 * Errors: NOT_FOUND (customer, site, gateway), CONFLICT (a ring of gateways). */
enum err center_customer_known(struct db *db, const char *id, struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err center_site_known(struct db *db, const char *id, struct why *why) MUST_CHECK;     /* NOT_FOUND */
/* With a site and no customer it is the site's customer's. CONFLICT: the site is another customer's. */
enum err center_device_put(struct db *db, const struct center_device *d, struct why *why) MUST_CHECK;
enum err center_device_find(struct db *db, const char *number, struct center_device *ret_device, struct why *why) MUST_CHECK; /* NOT_FOUND */
struct center_device_filter {
    const char *customer, *site, *gateway; /* NULL: all */
    bool unlicensed;                       /* seen, and under no active agreement at now_s (effect 1) */
    int64_t silent_s;                      /* under one since before, and not seen since that moment; 0: all */
    int64_t now_s;
    const char *standing; /* as it is called; NULL: all */
    const char *after; /* only numbers behind this one; NULL: all */
    int64_t most;      /* 0: all */
};
enum err center_device_list(struct db *db, const struct center_device_filter *filter, center_device_fn *fn, void *context,
                            struct why *why) MUST_CHECK;
enum err center_device_seen(struct db *db, const char *number, int64_t now_s, const char *version, const char *via, struct why *why) MUST_CHECK;
enum err center_device_stand(struct db *db, const char *number, enum center_standing standing, const char *reason,
                             struct why *why) MUST_CHECK;
enum err center_device_interval(struct db *db, const char *number, int64_t interval_s, struct why *why) MUST_CHECK;

/* Whether `gateway` may speak for `number`: bound to it, or to a gateway that is bound to it, and so on (M-1). */
enum err center_bound(struct db *db, const char *number, const char *gateway, bool *ret_bound, struct why *why) MUST_CHECK;

/* The same, or it might after since_s: an operator bound the number, or a gateway on its way, to another one since. */
enum err center_bound_lately(struct db *db, const char *number, const char *gateway, int64_t since_s, bool *ret_bound,
                             struct why *why) MUST_CHECK;

/* --- Agreements --- */

/* One at a time is in force: adding one whose time overlaps another's that has not ended is CONFLICT. suspend, resume, end: CONFLICT in a wrong state. */
enum err center_agreement_add(struct db *db, const char *number, int64_t from_s, int64_t until_s, struct why *why) MUST_CHECK;
enum err center_agreement_set(struct db *db, const char *number, enum agreement_state state, int64_t now_s, struct why *why) MUST_CHECK;
/* Whether one was in force, or suspended, at some moment of [from_s, until_s). */
enum err center_agreement_within(struct db *db, const char *number, int64_t from_s, int64_t until_s, bool *ret_within,
                                 struct why *why) MUST_CHECK;
typedef enum err center_agreement_fn(void *context, const char *number, const struct agreement *a);
/* All of them, of one number or of everybody; in pages: center_page.h. */
enum err center_agreement_list(struct db *db, const char *number, center_agreement_fn *fn, void *context, struct why *why) MUST_CHECK;

/* --- Identities, as the CA tells (M-8) --- */

struct center_identity {
    struct device_number number;
    int64_t generation;
    char state[16]; /* of the lifecycle, at the CA */
    uint8_t fingerprint[CENTER_FINGERPRINT];
    struct span certificate; /* DER */
    int64_t over_s;          /* when the centre was told that it is over; 0: it is not, or nobody knows */
};
typedef enum err center_identity_fn(void *context, const struct center_identity *i);
/* One that is over (voided, superseded, revoked) stays so, whatever is told later. Since when is kept of one that was known before: who
 * is told of it when it is over already, as with a new database, does not know. */
enum err center_identity_put(struct db *db, const struct center_identity *i, int64_t cursor, struct why *why) MUST_CHECK;
enum err center_identity_cursor(struct db *db, int64_t *ret_cursor, struct why *why) MUST_CHECK;
enum err center_identity_rewind(struct db *db, struct why *why) MUST_CHECK; /* to 0: everything is asked for again */
/* Errors: NOT_FOUND. */
enum err center_identity_find(struct db *db, const uint8_t fingerprint[CENTER_FINGERPRINT], center_identity_fn *fn, void *context,
                              struct why *why) MUST_CHECK;
enum err center_identity_of(struct db *db, const char *number, center_identity_fn *fn, void *context, struct why *why) MUST_CHECK; /* newest first, all */

/* Those of scrapped devices that the CA has not revoked yet. */
enum err center_identity_scrapped(struct db *db, center_identity_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err center_identity_state(struct db *db, const uint8_t fingerprint[CENTER_FINGERPRINT], const char *state, int64_t over_s,
                               struct why *why) MUST_CHECK;

/* --- Sessions: the chain of tokens (a fork is a clone) --- */

struct center_session {
    char token[CENTER_TOKEN];          /* handed out last, not used yet */
    char used[CENTER_TOKEN];           /* the one before, which the last presence showed; "" at the first */
    char nonce[CENTER_TOKEN];          /* of that presence: only it may show `used` again */
    int64_t position;                  /* of that presence in the chain; each token says its own */
    int64_t letters;                   /* serial of the last letter that the device is known to have made */
    struct center_shown {              /* what was shown at the last positions, as hashes; at position % CENTER_SHOWN_KEPT */
        uint64_t token, nonce;         /* 0, 0: nothing */
    } shown[CENTER_SHOWN_KEPT];
};
enum err center_session_find(struct db *db, const char *number, struct center_session *ret_session, struct why *why) MUST_CHECK; /* NOT_FOUND */
enum err center_session_put(struct db *db, const char *number, const struct center_session *s, struct why *why) MUST_CHECK;
/* What is not settled about a number: presences that came late (doc/protocol/field.md). No row: nothing. */
struct center_doubt {
    bool released;                /* from quarantine: the next chain begins with a presence that is of now */
    char challenge[CENTER_TOKEN]; /* with which the sender of a late one was asked; "" none */
    int64_t late, late_s;         /* how many came late so far, and when the last one did */
};
enum err center_doubt_find(struct db *db, const char *number, struct center_doubt *ret_doubt, struct why *why) MUST_CHECK;
enum err center_doubt_put(struct db *db, const char *number, const struct center_doubt *d, struct why *why) MUST_CHECK;

/* The letters that came of one number and maker ("": its agent): the last serials, each with a mark of its letter. */
struct center_letters {
    int64_t top;                        /* the highest that came; 0: none */
    uint16_t marks[LIMIT_LETTERS_KNOWN]; /* at serial % LIMIT_LETTERS_KNOWN; 0: it did not come */
};
enum err center_letters_find(struct db *db, const char *number, const char *maker, struct center_letters *ret_letters,
                             struct why *why) MUST_CHECK; /* none: all zero */
enum err center_letters_put(struct db *db, const char *number, const char *maker, const struct center_letters *l,
                            struct why *why) MUST_CHECK;
/* A letter showed that the device made this one. */
enum err center_session_letters(struct db *db, const char *number, int64_t letters, struct why *why) MUST_CHECK;
/* Another board: a new chain of tokens, the readings go on. */
enum err center_session_drop(struct db *db, const char *number, struct why *why) MUST_CHECK;
/* Released from quarantine: the next presence begins a new chain of tokens, the next reading a new chain of readings. */
enum err center_session_forget(struct db *db, const char *number, struct why *why) MUST_CHECK;

/* --- Calls --- */

struct center_call {
    char id[LIMIT_MESSAGE_ID + 1];
    struct device_number number;
    bool down;         /* centre -> device; else device -> centre */
    char operation[48];
    enum call_state state;
    int64_t accepted_s, limit_s, due_s; /* due_s: with DELAYED, when it was promised */
    char actor[LIMIT_NAME + 1];         /* operator or "schedule" */
    struct span envelope, answer;       /* SOAP envelopes; empty when none */
    char reason[CENTER_TEXT];
};
typedef enum err center_call_fn(void *context, const struct center_call *c);

/* A second one with the id of a first: nothing, *ret_new false (I10). Errors: BUSY beyond LIMIT_CALLS_WAITING. */
enum err center_call_add(struct db *db, const struct center_call *c, bool *ret_new, struct why *why) MUST_CHECK;
/* One of ours that nothing may hold up: however many are open. */
enum err center_call_put(struct db *db, const struct center_call *c, struct why *why) MUST_CHECK;
/* Errors: BUSY when LIMIT_CALLS_WAITING of this number are open: without a response, or, up, with one that the
 * device did not take yet. */
enum err center_call_room(struct db *db, const char *number, bool down, struct why *why) MUST_CHECK;
/* Whether this number called so often for this operation since then. */
enum err center_call_lately(struct db *db, const char *number, const char *operation, int64_t since_s, int64_t most, bool *ret_reached,
                            struct why *why) MUST_CHECK;
enum err center_call_find(struct db *db, const char *id, center_call_fn *fn, void *context, struct why *why) MUST_CHECK; /* NOT_FOUND */
/* For one number, in order: down ones that nobody below has taken yet; up ones whose answer, refusal or delay was
 * not taken yet. */
enum err center_call_waiting(struct db *db, const char *number, bool down, int64_t most, center_call_fn *fn, void *context,
                             struct why *why) MUST_CHECK;
/* Of a gateway and all that stands below it: the numbers for which center_call_waiting has something. */
typedef enum err center_number_fn(void *context, const char *number);
enum err center_call_below(struct db *db, const char *gateway, int64_t most, center_number_fn *fn, void *context,
                           struct why *why) MUST_CHECK;
/* Up ones that were delayed, of all numbers, oldest first. */
enum err center_call_unanswered(struct db *db, int64_t most, center_call_fn *fn, void *context, struct why *why) MUST_CHECK;
/* Moves as call_next says; the answer is kept with ANSWERED. *ret_state: where it is now. A move to another state is to
 * be told anew (center_call_settle). */
enum err center_call_move(struct db *db, const char *id, enum call_event event, int64_t due_s, struct span answer,
                          const char *reason, enum call_state *ret_state, struct why *why) MUST_CHECK;
/* The device took the answer, refusal or delay of its call: it need not be sent again. Of one that is over the answer goes. */
enum err center_call_settle(struct db *db, const char *id, struct why *why) MUST_CHECK;
/* The answer to a call of a device is to be given again, if it is still there: that of a RenewalRequest is. */
enum err center_call_tell_again(struct db *db, const char *id, struct why *why) MUST_CHECK;
/* Expires what is over its limit, except for hand-overs, which are made anew (center/hand_over.h); *ret_next_s: when the next one will be, 0 for none. */
enum err center_call_expire(struct db *db, int64_t now_s, int64_t *ret_n, int64_t *ret_next_s, struct why *why) MUST_CHECK;
/* Those of an operation that are over their limit and did not expire yet, the longest first, `most` of them. */
enum err center_call_due(struct db *db, const char *operation, int64_t now_s, int64_t most, center_call_fn *fn, void *context,
                         struct why *why) MUST_CHECK;
enum err center_call_prolong(struct db *db, const char *id, int64_t limit_s, struct why *why) MUST_CHECK; /* its limit is that one now */
/* Those of an operation that this number has not answered, oldest first. */
enum err center_call_open(struct db *db, const char *number, const char *operation, int64_t most, center_call_fn *fn, void *context,
                          struct why *why) MUST_CHECK;
/* Removes calls that are over and whose time limit was before that moment, `most` at once: until then a call that comes again
 * is known (I10). */
enum err center_call_forget(struct db *db, int64_t before_s, int64_t most, int64_t *ret_n, struct why *why) MUST_CHECK;

/* --- Readings --- */

struct center_reading {
    struct device_number number;
    struct reading reading;
    int64_t received_s;
    char via[LIMIT_NUMBER_TEXT + 1]; /* gateway; "" when it came by itself */
    char call[LIMIT_MESSAGE_ID + 1];
    bool billable;                   /* false: evidence only, never billed */
    char verdict[24];
};
typedef enum err center_reading_fn(void *context, const struct center_reading *r);
enum err center_reading_last(struct db *db, const char *number, struct reading *ret_reading, struct why *why) MUST_CHECK; /* the last billable; NOT_FOUND */
/* The believed one of this sequence number in the chain that is judged. Errors: NOT_FOUND. */
enum err center_reading_find(struct db *db, const char *number, int64_t sequence, struct reading *ret_reading, struct why *why) MUST_CHECK;
/* Sequence number of the last believed; 0: none. */
enum err center_reading_believed(struct db *db, const char *number, int64_t *ret_sequence, struct why *why) MUST_CHECK;
/* A reading came that is ahead of the last one: since then those between are missing. */
struct center_gap {
    int64_t since_s;  /* 0: none is missing */
    int64_t position; /* of its device's chain then */
    int64_t sequence; /* the one that is waited for */
};
enum err center_gap_find(struct db *db, const char *number, struct center_gap *ret_gap, struct why *why) MUST_CHECK; /* none: all zero */
enum err center_gap_put(struct db *db, const char *number, const struct center_gap *gap, struct why *why) MUST_CHECK;
enum err center_gap_forget(struct db *db, const char *number, struct why *why) MUST_CHECK;
/* Errors: BUSY beyond LIMIT_READINGS_LATELY within an hour. */
enum err center_reading_room(struct db *db, const char *number, int64_t now_s, struct why *why) MUST_CHECK;
enum err center_reading_add(struct db *db, const struct center_reading *r, struct why *why) MUST_CHECK;
/* The newest, number NULL: of all. Further ones, and others: center_page.h; also for incidents and events. */
enum err center_reading_list(struct db *db, const char *number, int64_t most, center_reading_fn *fn, void *context,
                             struct why *why) MUST_CHECK;

/* What is to be billed for a period [from_s, until_s): the billable readings within, by when they came here, and the last one
 * before it. One period's last reading is where the next one begins, so that nothing is billed twice. Of each chain, in which every
 * reading follows the one before, the first and the last are passed on, oldest first: what it costs does not grow with the period. */
typedef enum err center_period_fn(void *context, const struct center_reading *r, bool follows); /* of the same chain as the one before */
enum err center_reading_period(struct db *db, const char *number, int64_t from_s, int64_t until_s, center_period_fn *fn,
                               void *context, struct why *why) MUST_CHECK;

/* --- Incidents --- */

struct center_incident {
    int64_t id, at_s;
    char kind[32];   /* "other-number", "not-bound", "forked", "counter-back", "no-agreement", "revoked", "unknown-identity" ... */
    char number[LIMIT_NUMBER_TEXT + 1];  /* who it is about; "" when nobody knows */
    char by[LIMIT_NUMBER_TEXT + 1];      /* who sent it: the number in the certificate, or a peer's name */
    char text[512];                      /* what happened, a sentence */
    struct span evidence;                /* the letter, reading or certificate as it came */
    int64_t times;                       /* the same again within an hour is counted, not listed anew; as is what one
                                          * sender or kind has beyond LIMIT_INCIDENTS_OF_... */
};
typedef enum err center_incident_fn(void *context, const struct center_incident *i);
enum err center_incident_add(struct db *db, const struct center_incident *i, struct why *why) MUST_CHECK;

/* --- Events that devices reported --- */

/* Errors: BUSY beyond LIMIT_EVENTS_LATELY within an hour. */
enum err center_event_add(struct db *db, const char *number, int64_t now_s, const char *kind, const char *detail, struct why *why) MUST_CHECK;
typedef enum err center_event_fn(void *context, const char *number, int64_t at_s, const char *kind, const char *detail);

/* --- Programs (M-8): the bytes lie beside the database, in DIR/programs/VERSION --- */

struct center_program {
    char version[LIMIT_NAME + 1];
    int64_t size, added_s;
    uint8_t sha256[32];
    struct span signature;
};
typedef enum err center_program_fn(void *context, const struct center_program *p);
enum err center_program_add(struct db *db, const struct center_program *p, struct why *why) MUST_CHECK; /* EXISTS */
enum err center_program_find(struct db *db, const char *version, center_program_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err center_program_list(struct db *db, center_program_fn *fn, void *context, struct why *why) MUST_CHECK;

/* --- Tickets: a replacement board asks for a number --- */

struct center_ticket {
    int64_t id;
    struct device_number number;
    char board[72], model[LIMIT_MODEL_CODE + 1];
    uint8_t csr_hash[32];
    char state[16]; /* "waiting", "approved", "refused", "issued" */
    char actor[LIMIT_NAME + 1];
    int64_t asked_s, decided_s;
    struct span csr, certificate; /* with "issued": the response, DER */
};
typedef enum err center_ticket_fn(void *context, const struct center_ticket *t);
/* The same again: nothing. Errors: CONFLICT (one of this board with another key waits), BUSY (LIMIT_TICKETS_WAITING). */
enum err center_ticket_ask(struct db *db, const struct center_ticket *t, struct why *why) MUST_CHECK;
/* By number, board and request. Errors: NOT_FOUND. */
enum err center_ticket_find(struct db *db, const struct center_ticket *asked, center_ticket_fn *fn, void *context,
                            struct why *why) MUST_CHECK;
enum err center_ticket_decide(struct db *db, int64_t id, const char *state, const char *actor, int64_t now_s, struct why *why) MUST_CHECK; /* CONFLICT */
/* Whether a ticket of this number is approved, and not issued yet. */
enum err center_ticket_approved(struct db *db, const char *number, bool *ret_approved, struct why *why) MUST_CHECK;
enum err center_ticket_issued(struct db *db, int64_t id, struct span certificate, struct why *why) MUST_CHECK;
enum err center_ticket_list(struct db *db, bool open, center_ticket_fn *fn, void *context, struct why *why) MUST_CHECK;

#endif
