/* A gateway's queue (M-1, M-3): letters on their way up and down, presences with the sessions that answered them, and
 * the routes that were learned from them. What a receipt was given for lies here until the next hop gave its own.
 *
 * A letter is known by direction, kind and id; a second one changes nothing (I10). Once passed on, its content goes and
 * its id stays for LIMIT_RELAY_KNOWN_S. Letters of one number keep their order. Letters up never expire here: what a
 * reading says is judged by the centre, however late. `via` is always the neighbour below, by its own number.
 *
 * Transactions are db_begin, db_commit, db_rollback. Times are wall clock seconds. Errors of all functions: those of
 * db_query, and the ones named. Row functions get pointers that are valid during the call only. */
#ifndef STORE_RELAY_H
#define STORE_RELAY_H

#include "base/limit.h"
#include "model/number.h"
#include "store/db.h"

enum { RELAY_TOKEN = 129, RELAY_REASON = 256, RELAY_MAKER = 16 };

enum err relay_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why) MUST_CHECK;

enum relay_kind { RELAY_CALL, RELAY_ANSWER, RELAY_DELAY, RELAY_KIND_COUNT };
const char *relay_kind_name(enum relay_kind kind); /* "call", "answer", "delay", as a receipt says it */
enum err relay_kind_parse(const char *name, enum relay_kind *ret_kind) MUST_CHECK; /* NOT_FOUND */

/* --- Letters --- */

struct relay_letter {
    bool down;
    enum relay_kind kind;
    char id[LIMIT_MESSAGE_ID + 1];
    struct device_number number;
    char via[LIMIT_NUMBER_TEXT + 1]; /* up: who gave it; down: to whom it goes, "" while nobody knows */
    int64_t seconds;                 /* calls: time limit; delays: after */
    int64_t taken_s;
    struct span envelope, signature, signers; /* signers: certificates in DER, one after the other */
    char token[RELAY_TOKEN], maker[RELAY_MAKER]; /* up: its place in the life of its device; "" when absent */
    int64_t serial;
};
typedef enum err relay_letter_fn(void *context, const struct relay_letter *l);

struct relay_bounds {
    int64_t letters, bytes; /* that may wait in one direction */
    int64_t per_number;     /* calls or answers of one number in one direction; 0: as many */
};

/* Takes a letter; with `down` its via is looked up and set: an answer goes where its call came from, all else by the number's
 * route. *ret_new: it was not known, or went up and comes again under another presence. A delay that says another time than the
 * one before is new; a response makes the delays before it void. Errors: BUSY (bounds), CONFLICT (the id belongs to another
 * number). */
enum err relay_put(struct db *db, struct relay_letter *l, const struct relay_bounds *bounds, bool *ret_new,
                   struct why *why) MUST_CHECK;

/* Those that wait, oldest first, at most `most`. An error of fn ends the list with it. */
enum err relay_letters_up(struct db *db, int64_t most, relay_letter_fn *fn, void *context, struct why *why) MUST_CHECK;
/* `identity`: fingerprint of the one that asks. Calls for the neighbour itself are for the identity that was admitted
 * last, and not refused since. */
enum err relay_letters_down(struct db *db, const char *via, struct span identity, int64_t most, relay_letter_fn *fn, void *context,
                            struct why *why) MUST_CHECK;

/* A receipt came: the next hop has it. With `via` (down) only what waits for that neighbour is meant; NULL: up.
 * *ret_found: such a letter waited. */
enum err relay_passed(struct db *db, enum relay_kind kind, const char *id, const char *via, int64_t now_s, bool *ret_found,
                      struct why *why) MUST_CHECK;

/* Somebody further on refused it for good: it waits no longer, and the refusal is to be told the other way: of a call up
 * and an answer up to whoever gave it, of a call down to the one above. *ret_found: that is news. */
struct relay_refusal {
    enum relay_kind kind;
    char id[LIMIT_MESSAGE_ID + 1];
    char error[32], reason[RELAY_REASON];
};
enum err relay_refuse(struct db *db, const struct relay_refusal *r, const char *via, int64_t now_s, bool *ret_found,
                      struct why *why) MUST_CHECK;
/* Refusals to be told; via NULL: to the one above. */
typedef enum err relay_refusal_fn(void *context, const struct relay_refusal *r);
enum err relay_refusals(struct db *db, const char *via, relay_refusal_fn *fn, void *context, struct why *why) MUST_CHECK;
/* They were told: above, for good; below they are told twice more, as nobody says whether a reply came through. */
enum err relay_refusals_told(struct db *db, const char *via, struct why *why) MUST_CHECK;

/* Calls down whose time limit is over no longer wait; ids and routes that are old are forgotten.
 * *ret_expired: how many calls. */
enum err relay_expire(struct db *db, int64_t now_s, int64_t *ret_expired, struct why *why) MUST_CHECK;

/* --- Presences and sessions: of each number and neighbour the newest --- */

struct relay_presence {
    struct device_number number;
    char via[LIMIT_NUMBER_TEXT + 1];
    const char *token; /* NULL: none was shown */
    const char *nonce, *version; /* version NULL: none */
    const char *challenge;       /* NULL: none */
    int64_t letters;
    struct span fingerprint, signature;
};
typedef enum err relay_presence_fn(void *context, const struct relay_presence *p);

/* A new nonce, challenge or identity: goes up. The same again: its session is given again when it is there; without one, or with a refusal, it
 * goes up again when it went more than again_s ago. *ret_news: something is to go up. Errors: BUSY (LIMIT_BOUND_NUMBERS). */
enum err relay_presence_put(struct db *db, const struct relay_presence *p, int64_t now_s, int64_t again_s, bool *ret_news,
                            struct why *why) MUST_CHECK;
enum err relay_presences_up(struct db *db, int64_t most, relay_presence_fn *fn, void *context, struct why *why) MUST_CHECK;
enum err relay_presence_sent(struct db *db, const char *number, const char *nonce, int64_t now_s, struct why *why) MUST_CHECK;

struct relay_session {
    struct device_number number;
    const char *nonce, *state, *error, *reason, *token, *challenge; /* all but nonce and state: NULL when absent */
    int64_t interval_s, readings;
    struct span signature, signers;
};
typedef enum err relay_session_fn(void *context, const struct relay_session *s);

/* The session for a presence that went up. `admitted` makes the presence's neighbour the number's route, and what waits
 * for the number goes there. *ret_via: the neighbour; "" when no such presence is known. */
enum err relay_session_put(struct db *db, const struct relay_session *s, bool admitted, int64_t now_s,
                           char ret_via[LIMIT_NUMBER_TEXT + 1], struct why *why) MUST_CHECK;
/* Sessions that were not given to this neighbour yet, and from now on were. */
enum err relay_sessions_down(struct db *db, const char *via, int64_t most, relay_session_fn *fn, void *context,
                             struct why *why) MUST_CHECK;
enum err relay_session_given(struct db *db, const char *number, const char *via, struct why *why) MUST_CHECK;

/* --- For the program and its operator --- */

/* How a number is reached. Errors: NOT_FOUND. */
enum err relay_route(struct db *db, const char *number, char ret_via[LIMIT_NUMBER_TEXT + 1], struct why *why) MUST_CHECK;
typedef enum err relay_route_fn(void *context, const char *number, const char *via, int64_t seen_s, int64_t waiting);
enum err relay_routes(struct db *db, relay_route_fn *fn, void *context, struct why *why) MUST_CHECK;

struct relay_counts {
    int64_t up, down;             /* letters that wait */
    int64_t up_bytes, down_bytes; /* of their envelopes */
    int64_t presences;            /* that wait to go up */
    int64_t oldest_up_s;          /* when the oldest of the letters up was taken; 0: none */
};
enum err relay_count(struct db *db, struct relay_counts *ret_counts, struct why *why) MUST_CHECK;

/* The serial of the next letter that the gateway's own program makes; a new queue begins far above what one before it
 * came to. In a transaction. */
enum err relay_own_serial(struct db *db, int64_t now_s, int64_t *ret_serial, struct why *why) MUST_CHECK;

/* What there is to say about something by name ("uplink", "agentless 4001-7"): the last word counts. */
enum err relay_note(struct db *db, const char *name, const char *text, int64_t now_s, struct why *why) MUST_CHECK;
typedef enum err relay_note_fn(void *context, const char *name, const char *text, int64_t at_s);
enum err relay_notes(struct db *db, relay_note_fn *fn, void *context, struct why *why) MUST_CHECK;

#endif
