#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "gateway/gateway.h"
#include "gateway/reader.h"
#include "log/log.h"

static void log_refused(void *context, const char *peer_address, enum err err, const struct why *why)
{
    (void)context;
    log_failure(LOG_INFO, "connection-refused", err, why, "peer", peer_address, NULL);
}

static enum err set_log(const struct gateway_settings *s, struct why *why)
{
    enum log_level level;
    if (log_level_parse(s->log_level, &level) != OK)
        return why_set(why, ERR_CONFIG, "[log] level = %s: debug, info, warn or error is needed", s->log_level);
    log_setup("gateway", level, s->log_json);
    return OK;
}

/* The device renewed its identity, or an operator asked: what cannot be read leaves the one in force. */
void gateway_reload_identity(struct gateway *g)
{
    struct gateway_identity *fresh;
    struct why why = { "" };
    enum err err = identity_new(g->dir, &fresh, &why);
    if (err == OK && !number_equal(&fresh->number, &g->identity->number)) {
        err = why_set(&why, ERR_NUMBER_MISMATCH, "the device was %s and is %s now", g->identity->number.text, fresh->number.text);
        identity_free(fresh);
    }
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, "number", g->identity->number.text, NULL);
        return;
    }
    http_server_set_tls(g->server, fresh->down);
    identity_free(g->identity);
    g->identity = fresh;
    log_event(LOG_INFO, "identity-loaded", "number", fresh->number.text, NULL);
}

/* SIGHUP: log, queue, uplink, devices without an agent, identity. The address to listen on needs a new start. */
static void on_reload(void *context)
{
    struct gateway *g = context;
    struct gateway_settings settings;
    struct why why = { "" };
    enum err err = gateway_settings_read(g->config, &settings, &why);
    if (err == OK)
        err = set_log(&settings, &why);
    if (err == OK)
        g->settings = settings;
    else
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
    err = reader_restart(g, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
    gateway_reload_identity(g);
}

static void on_drained(void *context) { loop_stop(((struct gateway *)context)->loop); }

static void on_stop(void *context)
{
    struct gateway *g = context;
    if (g->stopping)
        return;
    log_event(LOG_INFO, "stopping", NULL);
    g->stopping = true;
    below_release(g);
    http_server_drain(g->server, on_drained, g);
}

static enum err open_store(struct gateway *g, struct why *why)
{
    char path[GATEWAY_PATH];
    if (file_join(g->dir, "relay.db", sizeof path, path) != OK)
        return why_set(why, ERR_TOO_LARGE, "%s: the path is too long", g->dir);
    return relay_open(path, DB_CREATE, &g->db, why);
}

static enum err open_loop(struct gateway *g, struct why *why)
{
    enum err err = loop_new(&g->loop, why);
    if (err == OK)
        err = loop_on_signals(g->loop, on_stop, on_reload, g, why);
    return err == OK ? http_client_new(g->loop, &g->client, why) : err;
}

static enum err open_listener(struct gateway *g, struct why *why)
{
    const struct http_server_options options = { .address = g->settings.address,
                                                 .port = (uint16_t)g->settings.port,
                                                 .tls = g->identity->down,
                                                 .handler = &gateway_service,
                                                 .context = g,
                                                 .refused = log_refused };
    return http_server_new(g->loop, &options, &g->server, why);
}

static void announce(struct gateway *g)
{
    printf("ready gateway %s:%u\n", g->settings.address, (unsigned)http_server_port(g->server));
    fflush(stdout);
}

void gateway_stop(struct gateway *g)
{
    g->stopping = true;
    reader_stop(g);
    http_server_free(g->server);
    http_client_free(g->client);
    uplink_stop(g);
    loop_free(g->loop);
    db_close(g->db);
    identity_free(g->identity);
}

enum err gateway_start(struct gateway *g, struct why *why)
{
    enum err err = identity_new(g->dir, &g->identity, why);
    if (err == OK)
        err = open_store(g, why);
    if (err == OK)
        err = open_loop(g, why);
    if (err == OK)
        err = open_listener(g, why);
    if (err == OK)
        err = uplink_start(g, why);
    return err == OK ? reader_start(g, why) : err;
}

static enum err run(struct gateway *g, struct why *why)
{
    enum err err = gateway_start(g, why);
    if (err != OK)
        return err;
    announce(g);
    return loop_run(g->loop, why);
}

int gateway_serve(const char *dir, const char *config)
{
    struct gateway g = { .dir = dir, .config = config };
    struct why why = { "" };
    enum err err = gateway_settings_read(config, &g.settings, &why);
    if (err == OK)
        err = set_log(&g.settings, &why);
    if (err == OK) {
        err = run(&g, &why);
        gateway_stop(&g);
    }
    if (err != OK)
        log_failure(LOG_ERROR, "stopped", err, &why, NULL);
    return err == OK ? 0 : 1;
}
