#include "factory/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct factory_settings, member)
#define TEXT(section, name, fallback, member, help)                                                                              \
    {                                                                                                                            \
        section, name, SETTING_TEXT, fallback, 0, 0, "", AT(member), help                                                        \
    }
#define PATH(section, name, fallback, member, help)                                                                              \
    {                                                                                                                            \
        section, name, SETTING_PATH, fallback, 0, 0, "", AT(member), help                                                        \
    }
#define INT(section, name, fallback, least, most, unit, member, help)                                                            \
    {                                                                                                                            \
        section, name, SETTING_INT, fallback, least, most, unit, AT(member), help                                                \
    }
#define BOOL(section, name, fallback, member, help)                                                                              \
    {                                                                                                                            \
        section, name, SETTING_BOOL, fallback, 0, 0, "", AT(member), help                                                        \
    }

const struct setting_row factory_setting_rows[] = {
    TEXT("listen", "address", "127.0.0.1", address, "Address on which the stations' service answers."),
    INT("listen", "port", "8441", 0, 65535, "", port, "Its port; 0 takes any free one."),
    TEXT("admin", "address", "127.0.0.1", admin_address, "Address of the administrators' JSON service; keep it on loopback."),
    INT("admin", "port", "8442", 0, 65535, "", admin_port, "Its port; 0 takes any free one."),
    BOOL("admin", "two_persons", "yes", two_persons, "Whether deleting a model's packs, or a re-issue beyond those of the day, needs a second administrator."),
    INT("admin", "login_failures", "5", 1, 100, "", login_failures, "Wrong passwords in a row that lock an account."),
    INT("admin", "lock_time", "900", 1, 86400, "s", lock_s, "How long it stays locked."),
    INT("admin", "session_time", "28800", 60, 604800, "s", session_s, "How long a log-in lasts."),
    PATH("identity", "folder", "identity", identity, "Folder of the server's own key and certificates."),
    PATH("identity", "passphrase", "secret/server-passphrase", passphrase, "File with the passphrase of that key; mode 0600."),
    TEXT("ca", "url", NULL, ca_url, "Where the CA answers, for example https://ca.example:8440."),
    INT("ca", "retry_most", "60", 1, 3600, "s", retry_max_s, "Longest wait between attempts while the CA is out of reach."),
    INT("ca", "crl_every", "60", 5, 86400, "s", crl_every_s, "How often the revocation lists are fetched."),
    PATH("store", "file", "stock.db", store, "The database."),
    TEXT("store", "kek", "file:secret/kek", kek, "Key under which packs are sealed: file:PATH or credential:NAME."),
    TEXT("store", "mode", "store", mode,
         "store: packs are held ready; direct: each is fetched from the CA when a station asks (F-21)."),
    INT("store", "retention", "0", 0, 8760, "hours", retention_h,
        "How long a pack is kept after its write was proven; 0 erases at once (F-17)."),
    TEXT("plan", "request_at", "05:00", request_at, "Local time of the daily request to the CA (F-3)."),
    TEXT("plan", "request_mode", "batch", request_mode,
         "batch: one request for all numbers of the day; single: one per number (F-3)."),
    INT("plan", "request_ahead_days", "0", 0, 31, "days", request_ahead_days,
        "For how many further days packs are requested in advance."),
    INT("plan", "days_late", "7", 0, 366, "days", days_late, "How long after its planned day a device may still be made."),
    INT("plan", "low_stock", "0", 0, 1000000, "packs", low_stock,
        "Warn when fewer packs of a model are on hand while some are still to be made; 0: never."),
    INT("plan", "reissues", "3", 0, 100, "packs", reissues,
        "New packs that a number gets in a day after failed writes; an operator approves further ones (F-16)."),
    TEXT("plan", "mes_url", "", mes_url,
         "Where the MES gives the production plan as CSV; empty: plans are imported by hand (F-1)."),
    PATH("plan", "mes_ca", "", mes_ca, "PEM file of the CA that vouches for the MES."),
    INT("plan", "mes_day", "1", 1, 31, "", mes_day, "Day of the month on which the plan is fetched."),
    TEXT("plan", "mes_at", "03:00", mes_at, "Local time at which it is fetched."),
    INT("stations", "claims", "4", 1, 1000, "packs", claims_per_station, "Packs that one station may have outstanding."),
    INT("stations", "lease", "120", 1, 86400, "s", lease_s, "How long a station may take for a write before its claim is over."),
    INT("stations", "unproven", "16", 0, 100000, "packs", unproven,
        "Packs that one station may fetch without a proven write before an administrator must release it; 0: any number."),
    INT("stations", "unproven_window", "24", 1, 8760, "hours", unproven_window_h, "For how long each of them counts."),
    INT("stations", "keyed_time", "600", 10, 86400, "s", keyed_s,
        "How long a number keyed in here waits for a station of its line (F-9)."),
    TEXT("stations", "parameters", "", parameters, "Initial values given to each device (S1709): NAME=VALUE; NAME=VALUE."),
    TEXT("log", "level", "info", log_level, "debug, info, warn or error."),
    BOOL("log", "json", "no", log_json, "One JSON object per line instead of key=value."),
};
const size_t factory_setting_rows_n = sizeof factory_setting_rows / sizeof *factory_setting_rows;

enum err factory_parse_minute(const char *text, int32_t *ret_minute, struct why *why)
{
    unsigned hour = 0, minute = 0;
    int used = 0;
    if (sscanf(text, "%2u:%2u%n", &hour, &minute, &used) != 2 || text[used] != '\0' || hour > 23 || minute > 59)
        return why_set(why, ERR_CONFIG, "%s is not a time of the day: write it as 05:30", text);
    *ret_minute = (int32_t)(60 * hour + minute);
    return OK;
}

static enum err check_word(const char *name, const char *value, const char *one, const char *other, struct why *why)
{
    if (strcmp(value, one) == 0 || strcmp(value, other) == 0)
        return OK;
    return why_set(why, ERR_CONFIG, "%s = %s: %s or %s is needed", name, value, one, other);
}

/* A relative path behind file: is meant from the folder of the settings. */
static enum err place_kek(const char *path, struct factory_settings *s, struct why *why)
{
    const char *slash = strrchr(path, '/');
    char source[SETTING_TEXT_SIZE];
    if (strncmp(s->kek, "file:", 5) != 0 || s->kek[5] == '/' || slash == NULL)
        return OK;
    int n = snprintf(source, sizeof source, "file:%.*s/%s", (int)(slash - path), path, s->kek + 5);
    if (n < 0 || (size_t)n >= sizeof source)
        return why_set(why, ERR_CONFIG, "the path %s is too long", s->kek);
    memcpy(s->kek, source, sizeof source);
    return OK;
}

enum err factory_settings_read(const char *path, struct factory_settings *ret_settings, struct why *why)
{
    struct factory_settings s = { 0 };
    int32_t minute;
    enum err err = settings_read(path, factory_setting_rows, factory_setting_rows_n, &s, why);
    if (err == OK)
        err = check_word("[store] mode", s.mode, "store", "direct", why);
    if (err == OK)
        err = check_word("[plan] request_mode", s.request_mode, "batch", "single", why);
    if (err == OK)
        err = factory_parse_minute(s.request_at, &minute, why);
    if (err == OK)
        err = factory_parse_minute(s.mes_at, &minute, why);
    if (err == OK && s.mes_url[0] != '\0' && strncmp(s.mes_url, "https://", 8) != 0)
        err = why_set(why, ERR_CONFIG, "[plan] mes_url = %s: only https:// is taken", s.mes_url);
    if (err == OK)
        err = place_kek(path, &s, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}

struct decide_policy factory_policy(const struct factory_settings *s)
{
    return (struct decide_policy){
        .days_late = s->days_late,
        .claims_per_station = s->claims_per_station,
        .unproven_most = s->unproven,
        .unproven_window_s = s->unproven_window_h * 3600,
        .reissues_most = s->reissues,
        .lease_s = s->lease_s,
        .retention_s = s->retention_h * 3600,
        .direct = strcmp(s->mode, "direct") == 0,
    };
}
