#include "device/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limit.h"

#define AT(member) offsetof(struct device_settings, member)

const struct setting_row device_setting_rows[] = {
    { "listen", "address", SETTING_TEXT, "192.0.2.10", 0, 0, "", AT(address), "The fixed initial address on the bench link." },
    { "listen", "port", SETTING_INT, "8444", 0, 65535, "", AT(port), "The port there; 0 takes any free one." },
    { "store", "mode", SETTING_TEXT, "plain", 0, 0, "", AT(store),
      "How a pack lies in the flash: plain, or sealed to the device key." },
    { "station", "url", SETTING_TEXT, "", 0, 0, "", AT(station),
      "Where the station listens, for scans before it called; empty: it says so itself." },
    { "field", "url", SETTING_TEXT, "", 0, 0, "", AT(field_url),
      "Gateway or centre in the field, https://HOST:PORT; empty: the initial operation value field.url." },
    { "field", "wait", SETTING_INT, "20", 0, LIMIT_POLL_WAIT_S, "s", AT(field_wait_s),
      "How long an exchange may stand until the centre has a call; 0: calls come with the next poll." },
    { "field", "report", SETTING_INT, "86400", 0, LIMIT_POLL_MOST_S, "s", AT(field_report_s),
      "Between readings of the charge counters that the device sends by itself; 0: only when it is asked." },
    { "field", "trial", SETTING_INT, "600", 1, 86400, "s", AT(field_trial_s),
      "How long a new program may take until it has reached the centre; then the one before starts again." },
    { "log", "level", SETTING_TEXT, "info", 0, 0, "", AT(log_level), "The least that is logged: debug, info, warn, error." },
    { "log", "json", SETTING_BOOL, "false", 0, 0, "", AT(log_json), "Log lines are JSON objects." },
};
const size_t device_setting_rows_n = sizeof device_setting_rows / sizeof *device_setting_rows;

enum err device_dir(const struct command_line *line, size_t size, char *ret_dir, struct why *why)
{
    const char *dir = command_flag(line, "dir"), *config = command_flag(line, "config");
    const char *slash = config == NULL ? NULL : strrchr(config, '/');
    int n;
    if (dir != NULL)
        n = snprintf(ret_dir, size, "%s", dir);
    else if (slash != NULL)
        n = snprintf(ret_dir, size, "%.*s", (int)(slash - config), config);
    else
        n = snprintf(ret_dir, size, "%s", config == NULL ? "./device" : ".");
    return n < 0 || (size_t)n >= size ? why_set(why, ERR_TOO_LARGE, "the path of the folder is too long") : OK;
}

static enum err defaults(struct device_settings *settings)
{
    return settings_default(device_setting_rows, device_setting_rows_n, settings, NULL);
}

static enum err check(const struct device_settings *s, struct why *why)
{
    if (strcmp(s->store, "plain") != 0 && strcmp(s->store, "sealed") != 0)
        return why_set(why, ERR_CONFIG, "[store] mode = %s: plain or sealed is needed", s->store);
    return OK;
}

enum err device_settings_load(const struct command_line *line, const char *dir, struct device_settings *ret_settings,
                              struct why *why)
{
    char path[512];
    const char *config = command_flag(line, "config");
    enum err err = OK;
    if (config == NULL)
        err = file_join(dir, "nameplate.conf", sizeof path, path);
    if (err != OK)
        return why_set(why, err, "%s: the path is too long", dir);
    if (config == NULL && !file_exists(path))
        return defaults(ret_settings);
    err = settings_read(config == NULL ? path : config, device_setting_rows, device_setting_rows_n, ret_settings, why);
    return err == OK ? check(ret_settings, why) : err;
}

enum err device_settings_create(const char *dir, const char *store, struct why *why)
{
    struct device_settings s;
    char path[512];
    enum err err = defaults(&s);
    snprintf(s.store, sizeof s.store, "%s", store);
    if (err == OK)
        err = check(&s, why);
    if (err == OK)
        err = file_join(dir, "nameplate.conf", sizeof path, path);
    return err != OK ? err : settings_create(path, 0600, device_setting_rows, device_setting_rows_n, &s, why);
}

enum err device_settings_listen(const char *listen, struct device_settings *settings, struct why *why)
{
    const char *colon = strrchr(listen, ':');
    char *end;
    long port = colon == NULL ? -1 : strtol(colon + 1, &end, 10);
    if (colon == NULL || colon == listen || end == colon + 1 || *end != '\0' || port < 0 || port > 65535)
        return why_set(why, ERR_USAGE, "--listen %s: ADDRESS:PORT is needed", listen);
    bool bracket = *listen == '[' && colon[-1] == ']';
    snprintf(settings->address, sizeof settings->address, "%.*s", (int)(colon - listen - (bracket ? 2 : 0)),
             listen + (bracket ? 1 : 0));
    settings->port = port;
    return OK;
}
