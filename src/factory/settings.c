#include "factory/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct factory_settings, member)

const struct setting_row factory_setting_rows[] = {
    API_SETTINGS_LISTEN("the stations are", "8441"),
    API_SETTINGS_ADMIN("administrators'", "8442"),
    { "admin", "two_persons", SETTING_BOOL, "yes", 0, 0, "", AT(two_persons), "Whether deleting a model's packs, or a re-issue beyond those of the day, needs a second administrator." },
    API_SETTINGS_IDENTITY("the server's", "secret/server-passphrase"),
    { "ca", "retry_most", SETTING_INT, "60", 1, 3600, "s", AT(retry_max_s), "Longest wait between attempts while the CA is out of reach." },
    { "ca", "crl_every", SETTING_INT, "60", 5, 86400, "s", AT(crl_every_s), "How often the revocation lists are fetched." },
    API_SETTINGS_STORE("stock.db", "servers"),
    { "store", "kek", SETTING_TEXT, "file:secret/kek", 0, 0, "", AT(kek), "Key under which packs are sealed: file:PATH or credential:NAME." },
    { "store", "mode", SETTING_TEXT, "store", 0, 0, "", AT(mode),
      "store: packs are held ready; direct: each is fetched from the CA when a station asks (F-21)." },
    { "store", "retention", SETTING_INT, "0", 0, 8760, "hours", AT(retention_h),
      "How long a pack is kept after its write was proven; 0 erases at once (F-17)." },
    { "plan", "request_at", SETTING_TEXT, "05:00", 0, 0, "", AT(request_at), "Local time of the daily request to the CA (F-3)." },
    { "plan", "request_mode", SETTING_TEXT, "batch", 0, 0, "", AT(request_mode),
      "batch: one request for all numbers of the day; single: one per number (F-3)." },
    { "plan", "request_ahead_days", SETTING_INT, "0", 0, 31, "days", AT(request_ahead_days),
      "For how many further days packs are requested in advance." },
    { "plan", "days_late", SETTING_INT, "7", 0, 366, "days", AT(days_late), "How long after its planned day a device may still be made." },
    { "plan", "low_stock", SETTING_INT, "0", 0, 1000000, "packs", AT(low_stock),
      "Warn when fewer packs of a model are on hand while some are still to be made; 0: never." },
    { "plan", "reissues", SETTING_INT, "3", 0, 100, "packs", AT(reissues),
      "New packs that a number gets in a day after failed writes; an operator approves further ones (F-16)." },
    { "plan", "mes_url", SETTING_TEXT, "", 0, 0, "", AT(mes_url),
      "Where the MES gives the production plan as CSV; empty: plans are imported by hand (F-1)." },
    { "plan", "mes_ca", SETTING_PATH, "", 0, 0, "", AT(mes_ca), "PEM file of the CA that vouches for the MES." },
    { "plan", "mes_day", SETTING_INT, "1", 1, 31, "", AT(mes_day), "Day of the month on which the plan is fetched." },
    { "plan", "mes_at", SETTING_TEXT, "03:00", 0, 0, "", AT(mes_at), "Local time at which it is fetched." },
    { "stations", "claims", SETTING_INT, "4", 1, 1000, "packs", AT(claims_per_station), "Packs that one station may have outstanding." },
    { "stations", "lease", SETTING_INT, "120", 1, 86400, "s", AT(lease_s), "How long a station may take for a write before its claim is over." },
    { "stations", "unproven", SETTING_INT, "16", 0, 100000, "packs", AT(unproven),
      "Packs that one station may fetch without a proven write before an administrator must release it; 0: any number." },
    { "stations", "unproven_window", SETTING_INT, "24", 1, 8760, "hours", AT(unproven_window_h), "For how long each of them counts." },
    { "stations", "keyed_time", SETTING_INT, "600", 10, 86400, "s", AT(keyed_s),
      "How long a number keyed in here waits for a station of its line (F-9)." },
    { "stations", "parameters", SETTING_TEXT, "", 0, 0, "", AT(parameters), "Initial values given to each device (S1709): NAME=VALUE; NAME=VALUE." },
    API_SETTINGS_LOG,
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
        err = api_settings_check(&s.common, why);
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
