/* What goes into one exchange, copied out of the queue: letters, presences or sessions, receipts. It takes as much as
 * one exchange may hold; what is beyond is for the next. */
#ifndef GATEWAY_OUTBOX_H
#define GATEWAY_OUTBOX_H

#include "base/arena.h"
#include "soap/soap.h"
#include "store/relay.h"

#define OUTBOX_LISTS(L) \
    L(field_presence, presences) L(field_session, sessions) L(field_call, calls) L(field_answer, answers) L(field_receipt, receipts)

struct outbox {
    struct arena *arena;
#define L(record, list) struct record *list; size_t list##_n, list##_room;
    OUTBOX_LISTS(L)
#undef L
    size_t bytes; /* about what it takes as XML */
    bool more;    /* something did not fit */
};
#define AUTO_OUTBOX __attribute__((cleanup(outbox_done))) struct outbox

enum err outbox_init(struct outbox *o) MUST_CHECK;
void outbox_done(struct outbox *o);
bool outbox_is_empty(const struct outbox *o);

/* Rows of the queue; `context` is the outbox. */
enum err outbox_letter(void *context, const struct relay_letter *l) MUST_CHECK;
enum err outbox_presence(void *context, const struct relay_presence *p) MUST_CHECK;
enum err outbox_session(void *context, const struct relay_session *s) MUST_CHECK;
enum err outbox_refusal(void *context, const struct relay_refusal *r) MUST_CHECK;

/* err OK: taken. */
enum err outbox_receipt(struct outbox *o, enum relay_kind kind, const char *id, enum err err, const char *reason) MUST_CHECK;
/* Of the gateway itself, unsigned, for a presence that goes no further. */
enum err outbox_refused_session(struct outbox *o, const struct field_presence *p, enum err err, const char *reason) MUST_CHECK;

/* --- The other direction: what came, as the queue takes it; views of what was read --- */

/* `signers_to` keeps the certificates together, in DER. Errors: BAD_INPUT, TOO_LARGE. */
enum err letter_of_call(const struct field_call *c, struct buf *signers_to, struct relay_letter *ret_letter, struct why *why) MUST_CHECK;
enum err letter_of_answer(const struct field_answer *a, struct buf *signers_to, struct relay_letter *ret_letter,
                          struct why *why) MUST_CHECK;
enum err letter_signers(const struct certificate *signers, size_t n, struct buf *to) MUST_CHECK;

#endif
