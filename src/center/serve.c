#include <stdio.h>
#include <sys/resource.h>

#include "api/listener.h"
#include "base/clock.h"
#include "center/center.h"
#include "center/desk.h"
#include "center/errand.h"
#include "center/feed.h"
#include "center/workers.h"
#include "log/log.h"
#include "soap/soap.h"

static enum err make_tls(const struct credentials *c, int64_t grace_s, struct listener_tls *ret_tls, struct why *why)
{
    enum err err = listener_tls_new(c, soap_service_peers(SERVICE_FIELD), ret_tls, why);
    if (err != OK)
        return err;
    tls_context_set_grace(ret_tls->programs, grace_s);
    tls_context_keep_sessions(ret_tls->programs, 0); /* doc/decisions/0010 */
    return OK;
}

void center_reload_credentials(void *context)
{
    struct center *center = context;
    struct credentials fresh;
    struct listener_tls made;
    struct why why = { "" };
    enum err err = credentials_load(center->settings.common.identity, center->settings.common.passphrase, ROLE_CENTER, &fresh, &why);
    if (err == OK && (err = make_tls(&fresh, center->settings.grace_days * 86400, &made, &why)) != OK)
        credentials_done(&fresh);
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
        return;
    }
    listener_tls_use(&made, center->field, center->admin, &center->ca_tls);
    listener_tls_done(&made);
    credentials_done(&center->credentials);
    center->credentials = fresh;
    log_event(LOG_INFO, "reloaded", NULL);
}

/* SIGHUP: intervals, limits, level of the log, credentials. Addresses and files need a new start. */
static void on_reload(void *context)
{
    struct center *center = context;
    struct center_settings s;
    struct why why = { "" };
    enum err err = center_settings_read(center->config, &s, &why);
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
        return;
    }
    api_settings_use_log(&s.common, "center");
    center->settings.ca_every_s = s.ca_every_s;
    center->settings.poll_s = s.poll_s;
    center->settings.call_limit_s = s.call_limit_s;
    center->settings.grace_days = s.grace_days;
    center_reload_credentials(center);
}

static void on_drained(void *context)
{
    struct center *center = context;
    if (--center->draining == 0)
        loop_stop(center->loop);
}

static void on_stop(void *context)
{
    struct center *center = context;
    if (center->draining > 0)
        return;
    log_event(LOG_INFO, "stopping", NULL);
    center->draining = center->admin == NULL ? 1 : 2;
    if (center->admin != NULL)
        http_server_drain(center->admin, on_drained, center);
    http_server_drain(center->field, on_drained, center);
    desk_release(center->desk);
}

static enum err open_field(struct center *center, struct tls_context *tls, struct why *why)
{
    const struct center_settings *s = &center->settings;
    struct http_limits limits = http_limits_default();
    limits.connections = (unsigned)s->connections;
    limits.connections_per_peer = (unsigned)s->connections_per_address;
    return http_server_new(center->loop,
                           &(struct http_server_options){ .address = s->common.address,
                                                          .port = (uint16_t)s->common.port,
                                                          .tls = tls,
                                                          .handler = &center_field_handler,
                                                          .context = center,
                                                          .limits = &limits,
                                                          .refused = listener_log_refused,
                                                          .refused_peer = service_refused },
                           &center->field, why);
}

static enum err open_listeners(struct center *center, struct why *why)
{
    struct listener_tls made;
    enum err err = make_tls(&center->credentials, center->settings.grace_days * 86400, &made, why);
    if (err != OK)
        return err;
    center->ca_tls = tls_context_ref(made.ca);
    err = open_field(center, made.programs, why);
    if (err == OK)
        err = center_open_admin(center, made.people, why);
    listener_tls_done(&made);
    return err;
}

static enum err open_loop(struct center *center, struct why *why)
{
    enum err err = loop_new(&center->loop, why);
    if (err == OK)
        err = loop_on_signals(center->loop, on_stop, on_reload, center, why);
    center->ending = (struct ending){ .loop = center->loop, .credentials = &center->credentials, .area = "center" };
    if (err == OK)
        err = ending_watch(&center->ending, why);
    return err != OK ? err : http_client_new(center->loop, &center->client, why);
}

static enum err announce(const struct center *center, struct why *why)
{
    printf("ready center %s:%u\n", center->settings.common.address, http_server_port(center->field));
    enum err err = center_announce_admin(center, why);
    fflush(stdout);
    return err;
}

void center_stop(struct center *center)
{
    http_server_free(center->field);
    http_server_free(center->admin);
    http_client_free(center->client);
    tls_context_free(center->ca_tls);
    workers_stop(center);
    feed_stop(center);
    errands_free(center->errands);
    desk_free(center->desk);
    identities_free(center->identities);
    loop_free(center->loop);
    db_close(center->db);
    credentials_done(&center->credentials);
}

/* Where the last run stopped: what it left undone is looked for. */
static enum err open_desk(struct center *center, struct why *why)
{
    enum err err = identities_new(&center->identities);
    if (err == OK)
        err = desk_new(center, &center->desk);
    if (err == OK)
        err = errands_new(center, &center->errands);
    if (err == OK)
        err = workers_start(center, why);
    if (err == OK)
        err = feed_start(center, why);
    if (err != OK)
        return err;
    errand_due(center, ERRAND_CALL);
    errand_due(center, ERRAND_TICKET);
    errand_due(center, ERRAND_REVOKE);
    return OK;
}

enum err center_start(struct center *center, struct why *why)
{
    const struct center_settings *s = &center->settings;
    enum err err = credentials_load(s->common.identity, s->common.passphrase, ROLE_CENTER, &center->credentials, why);
    if (err == OK)
        err = ca_ask_url(s->common.ca_url, center->ca_url, why);
    if (err == OK)
        err = center_open(api_settings_store(&s->common), DB_READ_WRITE, &center->db, why);
    if (err == OK)
        err = open_loop(center, why);
    if (err == OK)
        err = open_desk(center, why);
    return err == OK ? open_listeners(center, why) : err;
}

static enum err run(struct center *center, struct why *why)
{
    enum err err = center_start(center, why);
    if (err == OK)
        err = announce(center, why);
    return err == OK ? loop_run(center->loop, why) : err;
}

/* Each connection is a descriptor: as many as the system lets us have. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &limit);
}

int center_serve(const char *config)
{
    struct center center = { .config = config, .started_s = clock_wall_s() };
    struct why why = { "" };
    enum err err = center_settings_read(config, &center.settings, &why);
    if (err == OK) {
        api_settings_use_log(&center.settings.common, "center");
        raise_descriptors();
        err = run(&center, &why);
        center_stop(&center);
    }
    if (err != OK)
        log_failure(LOG_ERROR, "stopped", err, &why, NULL);
    return err == OK ? 0 : 1;
}
