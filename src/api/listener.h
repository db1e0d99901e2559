/* The TLS of a program with a service for people: its listener for other programs, the one for people, and itself as a client
 * of the CA. All three show one identity, and change together when it is read again. */
#ifndef API_LISTENER_H
#define API_LISTENER_H

#include "api/service.h"
#include "api/settings.h"
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

/* The listener for people, at [admin] of the settings. `service` must outlive it. Errors: those of http_server_new. */
enum err listener_open_people(struct loop *loop, const struct api_settings *settings, struct tls_context *tls, struct api_service *service,
                              struct http_server **ret_server, struct why *why) MUST_CHECK;

/* Leaves its address ("ADDRESS:PORT") beside the database, DATABASE.admin: there the commands find it (api/client.h), also when
 * the port was any free one. Errors: those of file_replace. */
enum { LISTENER_ADDRESS = SETTING_TEXT_SIZE + 32 };
enum err listener_publish_people(const struct api_settings *settings, const struct http_server *people,
                                 char ret_address[LISTENER_ADDRESS], struct why *why) MUST_CHECK;

/* http_server_options.refused: a line in the log. */
void listener_log_refused(void *context, const char *peer_address, enum err err, const struct why *why);

#endif
