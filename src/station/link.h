/* One SOAP partner of the station: the factory server, or the device on the bench. */
#ifndef STATION_LINK_H
#define STATION_LINK_H

#include "http/client.h"
#include "soap/soap.h"

enum { LINK_URL = 600 };

struct link {
    enum soap_service service;
    char url[LINK_URL];
    char local[64];    /* interface or own address to bind to; "": any */
    char reply_to[LINK_URL]; /* for WS-Addressing ReplyTo; "": none */
    struct tls_context *tls;
    struct http_client *client; /* for link_send */
    struct http_keep *keep;     /* for link_ask; NULL: a connection per question */
};

/* What came back. `body` is the response's struct, valid during the call; NULL with an error. */
struct link_answer {
    enum err err;
    struct why why;
    const void *body;
    const struct peer *peer;
};
typedef void link_fn(void *context, uint32_t ticket, const struct link_answer *answer);

/* "https://HOST:PORT" + path of the service. Errors: TOO_LARGE. */
enum err link_set_url(struct link *link, const char *base, struct why *why) MUST_CHECK;

/* On the loop: `fn` runs exactly once, later, unless this returns an error. Requests hold no reference to `body`
 * after return; what was copied of it is wiped when the call is over. */
enum err link_send(struct link *link, enum soap_message message, const void *body, long timeout_ms, uint32_t ticket, link_fn *fn,
                   void *context, struct why *why) MUST_CHECK;

/* Blocking, for commands. The caller ends *ret_answer by soap_parsed_done. */
enum err link_ask(const struct link *link, enum soap_message message, const void *body, struct soap_parsed *ret_answer,
                  struct why *why) MUST_CHECK;

#endif
