#include "api/listener.h"

#include <stdio.h>

#include "base/file.h"
#include "log/log.h"

void listener_tls_done(struct listener_tls *tls)
{
    tls_context_free(tls->programs);
    tls_context_free(tls->people);
    tls_context_free(tls->ca);
}

enum err listener_tls_new(const struct credentials *c, unsigned peers, struct listener_tls *ret_tls, struct why *why)
{
    struct listener_tls made = { 0 };
    enum err err = credentials_context(c, true, peers, false, &made.programs, why);
    if (err == OK)
        err = credentials_context(c, true, ROLE_BIT(ROLE_ANONYMOUS), false, &made.people, why);
    if (err == OK)
        err = credentials_context(c, false, ROLE_BIT(ROLE_CA), false, &made.ca, why);
    if (err == OK)
        *ret_tls = made;
    else
        listener_tls_done(&made);
    return err;
}

void listener_tls_use(const struct listener_tls *tls, struct http_server *programs, struct http_server *people, struct tls_context **ca)
{
    http_server_set_tls(programs, tls->programs);
    if (people != NULL)
        http_server_set_tls(people, tls->people);
    tls_context_free(*ca);
    *ca = tls_context_ref(tls->ca);
}

enum err listener_open_people(struct loop *loop, const struct api_settings *s, struct tls_context *tls, struct api_service *service,
                              struct http_server **ret_server, struct why *why)
{
    return http_server_new(loop,
                           &(struct http_server_options){ .address = s->admin_address,
                                                          .port = (uint16_t)s->admin_port,
                                                          .tls = tls,
                                                          .handler = &api_service_handler,
                                                          .context = service,
                                                          .refused = listener_log_refused },
                           ret_server, why);
}

enum err listener_publish_people(const struct api_settings *s, const struct http_server *people, char ret_address[LISTENER_ADDRESS],
                                 struct why *why)
{
    char path[SETTING_TEXT_SIZE + 32], line[LISTENER_ADDRESS + 1];
    snprintf(ret_address, LISTENER_ADDRESS, "%s:%u", s->admin_address, http_server_port(people));
    snprintf(line, sizeof line, "%s\n", ret_address);
    snprintf(path, sizeof path, "%s.admin", s->store);
    return file_replace(path, span_text(line), 0600, why);
}

void listener_log_refused(void *context, const char *peer_address, enum err err, const struct why *why)
{
    (void)context;
    log_failure(LOG_INFO, "connection-refused", err, why, "peer", peer_address, NULL);
}
