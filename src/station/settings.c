#include "station/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define AT(member) offsetof(struct station_settings, member)

const struct setting_row station_setting_rows[] = {
    { "factory", "url", SETTING_TEXT, "https://127.0.0.1:8441", 0, 0, "", AT(factory), "The factory server, without a path." },
    { "identity", "folder", SETTING_PATH, "identity", 0, 0, "", AT(identity), "Key, certificate, chain and root of this station." },
    { "identity", "passphrase", SETTING_PATH, "secret/server-passphrase", 0, 0, "", AT(passphrase), "File with the passphrase of that key; mode 0600." },
    { "bench", "address", SETTING_TEXT, "192.0.2.1", 0, 0, "", AT(address), "Address of this station on the bench link; devices report here." },
    { "bench", "port", SETTING_INT, "8443", 0, 65535, "", AT(port), "Port there; 0 takes any free one." },
    { "bench", "interface", SETTING_TEXT, "", 0, 0, "", AT(interface), "Network interface of the bench link, so that no other network is ever used; empty: by address." },
    { "bench", "device", SETTING_TEXT, "192.0.2.10:8444", 0, 0, "", AT(device), "The initial address that every device has when it leaves assembly." },
    { "scan", "sources", SETTING_TEXT, "stdin", 0, 0, "", AT(sources), "Scanners: stdin, tty:PATH, hid:PATH (evdev), tcp:ADDRESS:PORT; several with spaces between." },
    { "scan", "keyed_prefix", SETTING_TEXT, "#", 0, 0, "", AT(keyed_prefix), "A line that begins so was keyed in, and is asked for twice." },
    { "scan", "keyed", SETTING_BOOL, "no", 0, 0, "", AT(keyed), "All lines of stdin are keyed in, and are asked for twice." },
    { "scan", "factory", SETTING_BOOL, "yes", 0, 0, "", AT(keyed_at_factory), "Numbers keyed in at the factory server are worked on too." },
    { "screen", "mode", SETTING_TEXT, "auto", 0, 0, "", AT(screen), "full: the whole terminal; plain: a line per step; auto: full on a terminal." },
    { "patience", "device_answer", SETTING_INT, "10", 1, 600, "s", AT(device_s), "One answer of the device." },
    { "patience", "device", SETTING_INT, "60", 1, 3600, "s", AT(device_patience_s), "How long a silent device is asked again." },
    { "patience", "write", SETTING_INT, "20", 1, 600, "s", AT(write_s), "From the reception to the write result, before the device is asked." },
    { "patience", "factory_answer", SETTING_INT, "60", 1, 600, "s", AT(factory_s), "One answer of the factory server." },
    { "patience", "factory", SETTING_INT, "600", 1, 86400, "s", AT(factory_patience_s), "How long an absent factory server is asked again." },
    { "patience", "keyed", SETTING_INT, "60", 5, 600, "s", AT(keyed_s), "Between the two times that a number is keyed in." },
    { "patience", "packs", SETTING_INT, "3", 1, 10, "", AT(packs_most), "Packs tried for one device whose write fails." },
    { "log", "level", SETTING_TEXT, "warn", 0, 0, "", AT(log_level), "The least that is logged: debug, info, warn, error." },
    { "log", "json", SETTING_BOOL, "no", 0, 0, "", AT(log_json), "Log lines are JSON objects." },
};
const size_t station_setting_rows_n = sizeof station_setting_rows / sizeof *station_setting_rows;

static enum err check(const struct station_settings *s, struct why *why)
{
    static const char *const modes[] = { "auto", "full", "plain" };
    bool known = false;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        known = known || strcmp(modes[i], s->screen) == 0;
    if (!known)
        return why_set(why, ERR_CONFIG, "[screen] mode = %.32s: auto, full or plain is needed", s->screen);
    if (strncmp(s->factory, "https://", 8) != 0)
        return why_set(why, ERR_CONFIG, "[factory] url = %.100s: must begin with https://", s->factory);
    if (strcmp(s->address, "0.0.0.0") == 0 || strcmp(s->address, "::") == 0)
        return why_set(why, ERR_CONFIG, "[bench] address: devices must be told one address, %s is all of them", s->address);
    if (strchr(s->device, ':') == NULL)
        return why_set(why, ERR_CONFIG, "[bench] device = %.100s: ADDRESS:PORT is needed", s->device);
    return OK;
}

enum err station_settings_load(const struct command_line *line, struct station_settings *ret_settings, struct why *why)
{
    char path[SETTING_TEXT_SIZE];
    struct station_settings s;
    const char *config = command_flag(line, "config");
    enum err err = OK;
    if (config != NULL)
        snprintf(path, sizeof path, "%s", config);
    else
        err = file_join(command_flag(line, "dir"), "nameplate.conf", sizeof path, path);
    if (err == OK)
        err = settings_read(path, station_setting_rows, station_setting_rows_n, &s, why);
    if (err == OK)
        err = check(&s, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}

enum err station_settings_default(struct station_settings *ret_settings, struct why *why)
{
    return settings_default(station_setting_rows, station_setting_rows_n, ret_settings, why);
}

struct bench_patience station_patience(const struct station_settings *s)
{
    struct bench_patience p = bench_patience_default;
    p.device_ms = s->device_s * 1000;
    p.device_patience_ms = s->device_patience_s * 1000;
    p.write_ms = s->write_s * 1000;
    p.factory_ms = s->factory_s * 1000;
    p.factory_patience_ms = s->factory_patience_s * 1000;
    p.keyed_ms = s->keyed_s * 1000;
    p.packs_most = (unsigned)s->packs_most;
    return p;
}
