#include "api/listener.h"

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

void listener_log_refused(void *context, const char *peer_address, enum err err, const struct why *why)
{
    (void)context;
    log_failure(LOG_INFO, "connection-refused", err, why, "peer", peer_address, NULL);
}
