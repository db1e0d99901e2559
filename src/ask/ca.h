/* Questions to the CA: blocking for commands and threads, on the loop for the rest. */
#ifndef ASK_CA_H
#define ASK_CA_H

#include "http/client.h"
#include "soap/soap.h"

/* "https://ca:8440/soap/ca". Errors: CONFIG when too long. */
enum { CA_URL_SIZE = 560 };
enum err ca_ask_url(const char *base, char ret_url[CA_URL_SIZE], struct why *why) MUST_CHECK;

struct ca_question {
    enum soap_message message;
    const char *id;   /* MessageID, so that a repeated question has one effect; NULL: none */
    const void *body; /* the message's request struct */
    size_t max_reply; /* 0: LIMIT_MESSAGE */
};

/* keep: its connection is used and stays; NULL: one of its own. *ret_told: the error is the CA's own word (a fault), not one
 * of the way to it. */
enum err ca_ask_wait(const char *url, struct http_keep *keep, struct tls_context *tls, const struct ca_question *question,
                     struct soap_parsed *ret_parsed, bool *ret_told, struct why *why) MUST_CHECK;

/* `done` runs exactly once on the loop, with the parsed answer or an error; after an error here it does not run.
 * told: as above. */
typedef void ca_done_fn(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *why);
enum err ca_ask_later(struct http_client *client, const char *url, struct tls_context *tls, const struct ca_question *question,
                      ca_done_fn *done, void *context, struct why *why) MUST_CHECK;

#endif
