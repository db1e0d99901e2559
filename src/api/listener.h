/* The TLS of a program with a service for people: its listener for other programs, the one for people, and itself as a client
 * of the CA. All three show one identity, and change together when it is read again. */
#ifndef API_LISTENER_H
#define API_LISTENER_H

#include "http/server.h"
#include "tls/credentials.h"

struct listener_tls {
    struct tls_context *programs, *people, *ca;
};

/* `peers`: ROLE_BITs of the programs' listener. */
enum err listener_tls_new(const struct credentials *credentials, unsigned peers, struct listener_tls *ret_tls,
                          struct why *why) MUST_CHECK;
void listener_tls_done(struct listener_tls *tls);

/* For both servers (`people` NULL: there is none) and, with a reference of its own, *ca, whose old one is freed. */
void listener_tls_use(const struct listener_tls *tls, struct http_server *programs, struct http_server *people,
                      struct tls_context **ca);

/* http_server_options.refused: a line in the log. */
void listener_log_refused(void *context, const char *peer_address, enum err err, const struct why *why);

#endif
