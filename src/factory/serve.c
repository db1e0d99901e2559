#include <stdio.h>

#include "api/listener.h"
#include "base/clock.h"
#include "factory/admin.h"
#include "factory/office.h"
#include "factory/reload.h"
#include "log/log.h"
#include "soap/soap.h"

void reload_credentials(void *context)
{
    struct factory *f = context;
    struct credentials fresh;
    struct listener_tls made;
    struct why why = { "" };
    enum err err = credentials_load(f->settings.common.identity, f->settings.common.passphrase, ROLE_FACTORY, &fresh, &why);
    if (err == OK && (err = listener_tls_new(&fresh, soap_service_peers(SERVICE_FACTORY), &made, &why)) != OK)
        credentials_done(&fresh);
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
        return;
    }
    listener_tls_use(&made, f->stations, f->admin, &f->ca_tls);
    listener_tls_done(&made);
    credentials_done(&f->credentials);
    f->credentials = fresh;
    log_event(LOG_INFO, "reloaded", NULL);
}

/* SIGHUP: policy, level of the log, credentials. Addresses and files need a new start. */
static void on_reload(void *context)
{
    struct factory *f = context;
    struct factory_settings settings;
    struct why why = { "" };
    enum err err = factory_settings_read(f->config, &settings, &why);
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
        return;
    }
    api_settings_use_log(&settings.common, "factory");
    f->policy = factory_policy(&settings);
    office_use_policy(f->office, &f->policy);
    reload_credentials(f);
}

static void on_drained(void *context)
{
    struct factory *f = context;
    if (--f->draining == 0)
        loop_stop(f->loop);
}

static void on_stop(void *context)
{
    struct factory *f = context;
    if (f->draining > 0)
        return;
    log_event(LOG_INFO, "stopping", NULL);
    f->draining = 2;
    http_server_drain(f->stations, on_drained, f);
    http_server_drain(f->admin, on_drained, f);
}

/* Servers that share a database share the key too: what one seals, the others must be able to open. */
enum err factory_check_kek(struct db *db, const struct secret *kek, int64_t *ret_mark, struct why *why)
{
    int64_t kept = 0, packs = 0;
    enum err err = kek_mark(kek, ret_mark);
    if (err == OK)
        err = stock_mark_get(db, "kek", &kept, why);
    if (err == OK && kept != 0 && kept != *ret_mark)
        err = stock_packs(db, &packs, why);
    if (err == OK && packs > 0)
        err = why_set(why, ERR_CONFIG, "[store] kek is another key than the one under which the %lld packs in the database are "
                                       "sealed: copy that one here", (long long)packs);
    return err;
}

static enum err take_kek(struct db *db, const struct secret *kek, struct why *why)
{
    int64_t mine = 0;
    enum err err = db_begin(db, why);
    if (err == OK)
        err = factory_check_kek(db, kek, &mine, why);
    if (err == OK)
        err = stock_mark_set(db, "kek", mine, why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

static enum err open_store(struct factory *f, struct why *why)
{
    enum err err = stock_open(api_settings_store(&f->settings.common), DB_READ_WRITE, &f->db, why);
    if (err == OK) {
        db_tidy_later(f->db, &f->untidy);
        err = kek_load(f->settings.kek, &f->kek, why);
    }
    if (err == OK)
        err = take_kek(f->db, &f->kek, why);
    return err != OK ? err : sealer_new(&f->kek, &f->sealer, why);
}

static enum err open_listeners(struct factory *f, struct why *why)
{
    struct listener_tls made;
    const struct factory_settings *s = &f->settings;
    enum err err = listener_tls_new(&f->credentials, soap_service_peers(SERVICE_FACTORY), &made, why);
    if (err != OK)
        return err;
    f->ca_tls = tls_context_ref(made.ca);
    f->api = admin_service(f);
    err = http_server_new(f->loop,
                          &(struct http_server_options){ .address = s->common.address,
                                                         .port = (uint16_t)s->common.port,
                                                         .tls = made.programs,
                                                         .handler = &factory_station_handler,
                                                         .context = f,
                                                         .refused = listener_log_refused },
                          &f->stations, why);
    if (err == OK)
        err = listener_open_people(f->loop, &s->common, made.people, &f->api, &f->admin, why);
    listener_tls_done(&made);
    return err;
}

static enum err open_loop(struct factory *f, struct why *why)
{
    enum err err = loop_new(&f->loop, why);
    if (err == OK)
        err = loop_on_signals(f->loop, on_stop, on_reload, f, why);
    f->ending = (struct ending){ .loop = f->loop, .credentials = &f->credentials, .area = "factory" };
    if (err == OK)
        err = ending_watch(&f->ending, why);
    return err != OK ? err : http_client_new(f->loop, &f->client, why);
}

static enum err announce(struct factory *f, struct why *why)
{
    char address[LISTENER_ADDRESS];
    enum err err = listener_publish_people(&f->settings.common, f->admin, address, why);
    if (err != OK)
        return err;
    printf("ready factory %s:%u\nready factory-admin %s\n", f->settings.common.address, http_server_port(f->stations), address);
    fflush(stdout);
    return OK;
}

static void close_all(struct factory *f)
{
    office_stop(f->office);
    http_server_free(f->stations);
    http_server_free(f->admin);
    http_client_free(f->client);
    tls_context_free(f->ca_tls);
    loop_free(f->loop);
    sealer_free(f->sealer);
    secret_done(&f->kek);
    db_close(f->db);
    credentials_done(&f->credentials);
}

static enum err run(struct factory *f, struct why *why)
{
    enum err err = credentials_load(f->settings.common.identity, f->settings.common.passphrase, ROLE_FACTORY, &f->credentials, why);
    if (err == OK)
        err = ca_ask_url(f->settings.common.ca_url, f->ca_url, why);
    if (err == OK)
        err = open_store(f, why);
    if (err == OK)
        err = open_loop(f, why);
    if (err == OK)
        err = open_listeners(f, why);
    if (err == OK)
        err = office_start(f, &f->office, why);
    if (err == OK)
        err = announce(f, why);
    return err != OK ? err : loop_run(f->loop, why);
}

int factory_serve(const char *config)
{
    struct factory f = { .config = config, .started_s = clock_wall_s() };
    struct why why = { "" };
    enum err err = factory_settings_read(config, &f.settings, &why);
    if (err == OK) {
        api_settings_use_log(&f.settings.common, "factory");
        f.policy = factory_policy(&f.settings);
        err = run(&f, &why);
        close_all(&f);
    }
    if (err != OK)
        log_failure(LOG_ERROR, "stopped", err, &why, NULL);
    return err == OK ? 0 : 1;
}
