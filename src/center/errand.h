/* Errands to the CA: what devices and operators asked for that the CA must do. Each is found in the database (or in a short
 * list), asked until the CA answered, and answered then; so a restart or an absent CA loses none. */
#ifndef CENTER_ERRAND_H
#define CENTER_ERRAND_H

#include "center/center.h"
#include "soap/soap.h"

enum errand_kind {
    ERRAND_CALL,   /* renewals and their confirmations: calls that were put off (M-4) */
    ERRAND_TICKET, /* replacement boards that an operator approved */
    ERRAND_ADMIT,  /* identities that were seen for the first time */
    ERRAND_REVOKE, /* identities of scrapped devices */
    ERRAND_KIND_COUNT
};

struct errands;
enum err errands_new(struct center *center, struct errands **ret_errands) MUST_CHECK;
void errands_free(struct errands *errands);

/* There may be some of this kind: looked for soon. */
void errand_due(struct center *center, enum errand_kind kind);
/* A number was seen for the first time with this identity. */
void errand_admit(struct center *center, const char *number, const uint8_t fingerprint[CENTER_FINGERPRINT]);

/* --- For the kinds: errand_*.c --- */

struct errand {
    struct errand *next;
    struct center *center;
    enum errand_kind kind;
    char key[LIMIT_MESSAGE_ID + 1]; /* two with the same key are one */
    struct device_number number;
    int64_t id;
    uint8_t fingerprint[CENTER_FINGERPRINT];
    enum soap_message message; /* of the CA */
};

/* Asks the CA; the kind's `done` follows. One that is under way already: nothing. `wanted` is copied. Errors: BUSY. */
enum err errand_ask(const struct errand *wanted, const void *body, struct why *why) MUST_CHECK;

/* Finds what is due and asks. */
typedef enum err errand_find(struct center *center, struct why *why);
/* The CA answered, or refused for good (body NULL); what follows is committed here. */
typedef enum err errand_done(struct errand *e, const void *body, enum err err, const struct why *reason, struct why *why);

errand_find errand_find_calls, errand_find_tickets, errand_find_admitted, errand_find_scrapped;
errand_done errand_done_call, errand_done_ticket, errand_done_admit, errand_done_revoke;

/* Certificates one behind the other in DER, as a ticket keeps them: at most `most` spans into `all`. */
size_t errand_split(struct span all, struct span *ret_parts, size_t most);

#endif
