/* Calls to the CA: blocking for the office, on the loop for what a station waits for. */
#ifndef FACTORY_CA_LINK_H
#define FACTORY_CA_LINK_H

#include "factory/factory.h"
#include "soap/soap.h"

/* "https://ca:8440/soap/ca". Errors: CONFIG when too long. */
enum { CA_URL_SIZE = SETTING_TEXT_SIZE + 32 };
enum err ca_link_url(const char *base, char ret_url[CA_URL_SIZE], struct why *why) MUST_CHECK;

struct ca_question {
    enum soap_message message;
    const char *id;   /* MessageID; NULL: none */
    const void *body; /* the message's request struct */
    size_t max_reply; /* 0: LIMIT_MESSAGE */
};

/* *ret_told: the error is the CA's own word (a fault), not one of the way to it. */
enum err ca_ask_wait(const char *url, struct http_keep *keep, struct tls_context *tls, const struct ca_question *question, struct soap_parsed *ret_parsed,
                     bool *ret_told, struct why *why) MUST_CHECK;

/* `done` runs exactly once on the loop, with the parsed answer or an error; after an error here it does not run. */
typedef void ca_done_fn(void *context, enum err err, const struct soap_parsed *answer, const struct why *why);
enum err ca_ask_later(struct factory *factory, const struct ca_question *question, ca_done_fn *done, void *context,
                      struct why *why) MUST_CHECK;

#endif
