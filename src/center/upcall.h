/* A device's call to the centre: which message, who answers it. Inside the centre only. */
#ifndef CENTER_UPCALL_H
#define CENTER_UPCALL_H

#include "center/job.h"

struct upcall {
    struct job *job;
    const struct field_call *call;
    struct soap_parsed parsed;
    struct node node;   /* of the caller */
    struct buf answer;  /* the envelope, once a step has answered */
    bool later;         /* the CA is asked first: a delay notification goes out (M-4) */
};

/* A step answers by upcall_answer, or sets `later`, or returns an error: the caller then gets it as a fault. Its database's
 * errors go into *ret_broken too: they spoil the exchange. */
typedef enum err upcall_step(struct upcall *u, struct why *why);
upcall_step upcall_event, upcall_counters, upcall_agentless, upcall_renewal, upcall_program;

enum err upcall_answer(struct upcall *u, const void *body) MUST_CHECK;

/* The answer to an envelope that was kept, for those that come later; `body` NULL: a fault with err and reason. */
enum err upcall_envelope(struct span request, enum soap_message message, const void *body, enum err err, const char *reason,
                         struct buf *to) MUST_CHECK;

/* Whether an error is one of this machine, not of what was asked. */
bool upcall_is_ours(enum err err);

#endif
