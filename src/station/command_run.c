#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "log/log.h"
#include "station/commands.h"
#include "station/station.h"

static struct station station; /* large: it holds line buffers and waiting events */
static const struct command_line *command;

static enum err setup_log(const struct station_settings *s, struct why *why)
{
    enum log_level level;
    if (log_level_parse(s->log_level, &level) != OK)
        return why_set(why, ERR_CONFIG, "[log] level = %.32s: debug, info, warn or error is needed", s->log_level);
    log_setup("station", level, s->log_json);
    return OK;
}

/* The file, then what the command line says instead. */
static enum err load(struct station_settings *ret_settings, struct why *why)
{
    struct station_settings s;
    enum err err = station_settings_load(command, &s, why);
    if (err != OK)
        return err;
    if (command_flag(command, "sources") != NULL)
        snprintf(s.sources, sizeof s.sources, "%s", command_flag(command, "sources"));
    if (command_flag(command, "screen") != NULL)
        snprintf(s.screen, sizeof s.screen, "%s", command_flag(command, "screen"));
    s.keyed = s.keyed || command_switch(command, "keyed");
    err = setup_log(&s, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}

static void tick(void *context)
{
    struct station *st = context;
    st->tick_timer = 0;
    screen_tick(&st->screen, clock_mono_ms());
    if (loop_timer(st->loop, 1000, tick, st, &st->tick_timer) != OK)
        loop_stop(st->loop);
}

/* The device at work is finished first, then nothing more is read. A session that waits for somebody is left:
 * the next scan of the same number takes it up. */
static void drain(void *context)
{
    struct station *st = context;
    st->stopping = true;
    if (bench_is_free(&st->bench) || st->bench.state == BENCH_FETCH_WAIT || st->bench.state == BENCH_ASK_WAIT) {
        loop_stop(st->loop);
        return;
    }
    uint64_t id;
    if (loop_timer(st->loop, 50, drain, st, &id) != OK)
        loop_stop(st->loop);
}

static void stop_at_last(void *context) { loop_stop(((struct station *)context)->loop); }

static void on_stop(void *context)
{
    struct station *st = context;
    uint64_t id;
    if (loop_timer(st->loop, LIMIT_DRAIN_MS, stop_at_last, st, &id) != OK)
        loop_stop(st->loop);
    drain(st);
}

/* Patience, logging and models; addresses and scanners stay until the next start. Said as a warning, which a station's log
 * takes unless it is told otherwise: who sent the signal looks for the answer. */
static void on_reload(void *context)
{
    struct station *st = context;
    struct station_settings fresh;
    struct why why = { "" };
    enum err err = load(&fresh, &why);
    if (err != OK) {
        log_failure(LOG_ERROR, "reload-failed", err, &why, NULL);
        return;
    }
    st->bench.patience = station_patience(&fresh);
    memcpy(st->settings.keyed_prefix, fresh.keyed_prefix, sizeof fresh.keyed_prefix);
    if (st->hello_timer == 0)
        station_hello(st);
    log_event(LOG_WARN, "reloaded", "taken", "patience, log, prefix of numbers keyed in, models", "at-next-start",
              "identity, addresses, scanners, screen", NULL);
}

static enum err open_factory(struct station *st, struct why *why)
{
    st->factory.service = SERVICE_FACTORY;
    enum err err = link_set_url(&st->factory, st->settings.factory, why);
    if (err == OK)
        err = credentials_context(&st->identity, false, ROLE_BIT(ROLE_FACTORY), false, &st->factory.tls, why);
    return err == OK ? http_client_new(st->loop, &st->factory.client, why) : err;
}

/* F-11: the device is reached over the bench link alone. F-12: it shows a bootstrap certificate. */
static enum err open_device(struct station *st, struct why *why)
{
    const struct station_settings *s = &st->settings;
    char base[SETTING_TEXT_SIZE + 16];
    st->device.service = SERVICE_DEVICE;
    snprintf(base, sizeof base, "https://%s", s->device);
    snprintf(st->device.local, sizeof st->device.local, "%.63s", s->interface[0] != '\0' ? s->interface : s->address);
    enum err err = link_set_url(&st->device, base, why);
    if (err == OK)
        err = credentials_context(&st->identity, false, ROLE_BIT(ROLE_BOOTSTRAP), false, &st->device.tls, why);
    return err == OK ? station_fresh_device_client(st, why) : err;
}

static enum err open_door(struct station *st, struct why *why)
{
    struct tls_context *tls = NULL;
    enum err err = credentials_context(&st->identity, true, soap_service_peers(SERVICE_STATION), false, &tls, why);
    if (err == OK) {
        tls_context_keep_sessions(tls, 0); /* each device comes once */
        err = door_open(st, tls, why);
    }
    tls_context_free(tls);
    return err;
}

static enum err open_all(struct station *st, struct why *why)
{
    const struct bench_patience patience = station_patience(&st->settings);
    bench_init(&patience, &st->bench);
    enum err err = credentials_load(st->settings.identity, st->settings.passphrase, ROLE_STATION, &st->identity, why);
    if (err == OK)
        err = loop_new(&st->loop, why);
    if (err == OK)
        err = open_factory(st, why);
    if (err == OK)
        err = open_device(st, why);
    if (err == OK)
        err = open_door(st, why);
    if (err == OK)
        err = sources_open(st, why);
    return err == OK ? loop_on_signals(st->loop, on_stop, on_reload, st, why) : err;
}

static enum err serve(struct station *st, struct why *why)
{
    printf("ready station %s\n", st->door.address);
    if (st->sources.tcp_address[0] != '\0')
        printf("ready station-scan %s\n", st->sources.tcp_address);
    fflush(stdout);
    screen_open(&st->screen, st->settings.screen, st->identity.self.name, &st->bench);
    tick(st);
    station_hello(st);
    enum err err = loop_run(st->loop, why);
    screen_close(&st->screen);
    return err;
}

static void link_close(struct link *link)
{
    if (link->client != NULL)
        http_client_free(link->client);
    link->client = NULL;
    tls_context_free(link->tls);
}

static void close_all(struct station *st)
{
    st->stopping = true;
    sources_close(&st->sources);
    door_close(&st->door);
    link_close(&st->factory);
    link_close(&st->device);
    credentials_done(&st->identity);
    scan_rules_done(&st->rules);
    arena_free(st->hello);
    secret_done(&st->pack);
    loop_free(st->loop);
}

/* What open_all needs, looked at without opening a door to anybody. */
static enum err check_running(struct station *st, struct why *why)
{
    const struct station_settings *s = &st->settings;
    enum err err = http_check_address(s->address, why);
    if (err != OK)
        return why_prefix(why, err, "[bench] address");
    err = credentials_load(s->identity, s->passphrase, ROLE_STATION, &st->identity, why);
    return err == OK ? credentials_check(&st->identity, s->identity, why) : err;
}

static int check_config(const struct command_line *line)
{
    struct why why = { "" };
    settings_print(stdout, station_setting_rows, station_setting_rows_n, &station.settings);
    enum err err = check_running(&station, &why);
    credentials_done(&station.identity);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_run(const struct command_line *line)
{
    struct why why = { "" };
    command = line;
    enum err err = load(&station.settings, &why);
    if (err == OK && command_switch(line, "check-config"))
        return check_config(line);
    if (err == OK)
        err = open_all(&station, &why);
    if (err == OK)
        err = serve(&station, &why);
    close_all(&station);
    return err == OK ? 0 : command_fail(line, err, &why, err == ERR_NOT_FOUND ? "nameplate station init --help" : NULL);
}
