/* The device in the field (D-6, M-2 to M-6): it polls its gateway or the centre, brings letters and takes calls.
 *
 * What came in lies in the remote functions' memory before it is receipted, and what goes out stays there until its
 * receipt came (option.h). When to poll is field_decide.h; what a call does is remote.h. */
#ifndef DEVICE_FIELD_H
#define DEVICE_FIELD_H

#include "device/board.h"
#include "device/field_decide.h"
#include "http/client.h"
#include "soap/soap.h"

enum { FIELD_URL = 256, FIELD_RECEIPTS = 64, FIELD_LIVE = 4, FIELD_LIVE_S = 900, FIELD_ERROR = 32 };

/* A receipt that goes out with the next exchange. */
struct field_note {
    char id[LIMIT_MESSAGE_ID + 1];
    const char *what; /* "call", "answer", "delay" */
    bool accepted, sent;
    char error[FIELD_ERROR];
    char reason[WHY_MAX];
};

/* A call of the device whose answer it waits for; its matter is durable elsewhere, the call itself is made again. */
struct live_call {
    bool used, sent, taken; /* taken: receipted, the answer is due */
    enum soap_message message;
    char id[LIMIT_MESSAGE_ID + 1];
    struct buf envelope;
    int64_t taken_ms;
};

/* A call that came down and cannot be answered at once (M-4). */
struct delayed_call {
    bool used, told, sent, restart; /* told: the delay notification was receipted; restart: start again then */
    uint32_t slot;
    char id[LIMIT_MESSAGE_ID + 1];
    int64_t after_s;
};

struct field_options {
    char url[FIELD_URL];   /* https://HOST:PORT of the gateway or the centre */
    int64_t wait_s;        /* that an exchange may stand */
    int64_t report_s;      /* between readings on its own schedule; 0: only when asked */
    int64_t trial_s;       /* that a new program has to reach the centre */
    bool test_only_no_confirm; /* a program on trial that never says that it works */
    const char *test_only_claim; /* speaks in the name of this number instead of its own; NULL: honest */
    const char *test_only_die_at; /* the process is killed at this step of a renewal or a program; NULL: never */
    loop_fn *restart;      /* starts the device again; it does not come back as a rule */
    loop_fn *changed;      /* another identity is in force; may be NULL */
    void *context;
};

struct field {
    struct loop *loop;
    struct board *board;
    struct option *option;
    struct field_options options;
    struct http_client *client;
    struct tls_context *tls;
    struct poll poll;
    enum session_step session;
    char session_error[FIELD_ERROR];
    char challenge[LEDGER_TOKEN]; /* the centre asks whether it is there now; "" it does not */
    bool answers_challenge;       /* the exchange under way, or one before it, shows it */
    bool in_flight, waiting, stopped, greeted; /* waiting: the exchange under way stands until something happens */
    int64_t started_ms;
    struct buf body;
    uint64_t poll_timer, report_timer, trial_timer, restart_timer;
    struct field_note notes[FIELD_RECEIPTS];
    size_t notes_n;
    struct live_call live[FIELD_LIVE];
    struct delayed_call delayed[QUEUE_SLOTS];
    int64_t taken_ms[QUEUE_SLOTS]; /* of the calls that came down: for their limits */
    uint64_t sent_serial;          /* letters up to here were sent at least once */
    int64_t kept_ms[QUEUE_SLOTS];  /* a gateway took the letter in this slot then; 0: nobody did (kept.c) */
    bool sent_again[QUEUE_SLOTS];  /* after that */
    char above[LIMIT_NAME + 1];    /* whom the last exchange went to */
    bool letters_sent, progress;   /* of the exchange under way */
    int fetch_slot;                /* that a program is fetched into; PROGRAM_NONE: none */
    enum err fetch_err, renew_err; /* how the last of them ended */
    struct why fetch_why, renew_why;
    bool start_told;               /* this start is among the letters */
    bool renewing, renew_asked;    /* asked: a call of the centre waits for it */
    int64_t renew_after_ms;        /* not before, after a renewal that was refused */
};

/* Starts polling. The board has its identity and the remote functions' memory; both outlive the field. */
enum err field_start(struct loop *loop, struct board *board, const struct field_options *options, struct field **ret_field,
                     struct why *why) MUST_CHECK;
void field_stop(struct field *f); /* frees it; never from inside a handler of its own; NULL is fine */

/* Something is there to be sent: an exchange that only waits is given up, and the next begins. */
void field_kick(struct field *f);

/* --- letters out: field_out.c --- */

/* A call to the centre that is durable when OK, and is sent until its receipt. Errors: those of option_put. */
enum err field_call(struct field *f, enum soap_message message, const void *body, int64_t sequence, struct why *why) MUST_CHECK;
/* The same for a device that does not run: its next start sends it. */
enum err field_put_call(struct board *b, enum soap_message message, const void *body, int64_t sequence, struct why *why) MUST_CHECK;
/* A call whose answer comes back through remote_work. id NULL: a fresh one. Errors: BUSY. */
enum err field_call_live(struct field *f, enum soap_message message, const char *id, const void *body, struct why *why) MUST_CHECK;
bool field_is_calling(const struct field *f, enum soap_message message);
/* Builds the exchange's request: presence, calls, answers, receipts. */
enum err field_write_exchange(struct field *f, struct buf *to, struct why *why) MUST_CHECK;
bool field_has_fresh(const struct field *f);

/* --- letters that a gateway took, and the centre perhaps not yet: kept.c --- */

enum err kept_put(struct field *f, const struct item *item, struct why *why) MUST_CHECK; /* the gateway's receipt came */
enum err kept_answered(struct field *f, const char *id, struct why *why) MUST_CHECK; /* the centre answered that call of ours */
void kept_not(struct field *f, uint32_t slot);           /* it was refused further on: it goes again */
void kept_met(struct field *f, const struct peer *peer); /* who answered */
enum err kept_confirm(struct field *f, int64_t readings, struct why *why) MUST_CHECK; /* the centre has those up to here */
uint32_t kept_next(const struct field *f, enum item_kind kind, uint64_t after); /* as option_next, without what is kept */
unsigned kept_readings(const struct option *o); /* that are in the memory, taken or not */

/* --- letters in: field_in.c --- */
enum err field_read_exchange(struct field *f, const struct http_result *result, bool *ret_more, struct why *why) MUST_CHECK;
void field_time_out(struct field *f); /* calls of ours that nobody answered in their time */
void field_note(struct field *f, const char *what, const char *id, enum err err, const struct why *why);

/* A call is taken: durable when OK. A known one changes nothing (I10). Errors: BUSY, TOO_LARGE, FLASH_FAILED. */
enum err field_take_call(struct field *f, const char *id, int64_t limit_s, struct span envelope, struct why *why) MUST_CHECK;

/* --- readings and letters: reading.c --- */

/* Puts a letter into the remote functions' memory, under the next serial, and sets it. Errors: those of option_put. */
enum err letter_put(struct board *b, struct item *item, struct why *why) MUST_CHECK;

/* The next reading, as the message says it; the arrays live in `ret_values`. */
void reading_make(const struct board *b, struct counter_value ret_values[CHARGE_COUNT], struct charge_counter_response *ret_reading);
/* It lies in the remote functions' memory under its number: from now on the NVRAM says so too. */
enum err reading_commit(struct board *b, const struct charge_counter_response *reading, struct why *why) MUST_CHECK;
/* After a power cut between the two: what lies in the memory counts, of readings and of letters. */
enum err reading_recover(struct board *b, struct why *why) MUST_CHECK;
/* One on the device's own schedule. */
enum err reading_report(struct board *b, struct why *why) MUST_CHECK;

/* --- work that calls begin: remote.c, field_renew.c, field_program.c --- */

void remote_work(struct field *f);                                                  /* what waits, as far as it goes */
void remote_answered(struct field *f, const struct live_call *call, struct span envelope); /* of a call of ours */
void remote_told(struct field *f, struct delayed_call *d);                          /* the delay notification arrived */

void field_test_only_die(const struct field *f, const char *step); /* as kill -9, when it was asked for at this step */
enum err renewal_begin(struct field *f, struct why *why) MUST_CHECK; /* makes the key; goes on with the one begun */
void renewal_go_on(struct field *f);
bool renewal_is_unconfirmed(const struct field *f); /* a new identity is in force, and its confirmation was not answered yet */
void renewal_answered(struct field *f, struct span envelope);
void confirmation_answered(struct field *f, struct span envelope);

/* A key of the device's own making and the request for its certificate (PKCS #10, appended to csr_to), sealed in the
 * remote functions' memory; then the identity that it was certified for. */
enum err renewal_make_key(struct board *b, enum item_kind kind, struct why *why) MUST_CHECK;
enum err renewal_load_key(const struct board *b, enum item_kind kind, struct item *ret_item, struct key **ret_key, struct buf *csr_to,
                          struct why *why) MUST_CHECK;
/* SHA-256 of the key that was made for a replacement, in hexadecimal; "" when there is none. */
void replacement_key(const struct board *b, char ret_hex[2 * CERT_FINGERPRINT + 1]);
enum err renewal_install(struct board *b, const struct key *key, struct span certificate, const struct certificate *issuers,
                         size_t issuers_n, struct why *why) MUST_CHECK;

enum err program_fetch(struct field *f, const struct fetch_program_request *r, struct why *why) MUST_CHECK;
void program_answered(struct field *f, struct span envelope);

/* A new TLS context under the identity in force; what waits on the old connection is given up. */
enum err field_use_identity(struct field *f, struct why *why) MUST_CHECK;

#endif
