/* The factory server's settings: nameplate.conf in its folder. */
#ifndef FACTORY_SETTINGS_H
#define FACTORY_SETTINGS_H

#include "api/settings.h"
#include "factory/decide.h"

struct factory_settings {
    struct api_settings common; /* first: api/client.h knows no more of it */
    int64_t retry_max_s, crl_every_s;
    char kek[SETTING_TEXT_SIZE];
    char mode[SETTING_TEXT_SIZE];
    int64_t retention_h;
    char request_at[SETTING_TEXT_SIZE], request_mode[SETTING_TEXT_SIZE];
    int64_t request_ahead_days, days_late, low_stock;
    char mes_url[SETTING_TEXT_SIZE], mes_ca[SETTING_TEXT_SIZE], mes_at[SETTING_TEXT_SIZE];
    int64_t mes_day;
    int64_t claims_per_station, lease_s, keyed_s, unproven, unproven_window_h, reissues;
    char parameters[SETTING_TEXT_SIZE];
    bool two_persons;
};

extern const struct setting_row factory_setting_rows[];
extern const size_t factory_setting_rows_n;

/* Reads the file and checks what rows cannot say (times, modes). Errors: those of settings_read, CONFIG. */
enum err factory_settings_read(const char *path, struct factory_settings *ret_settings, struct why *why) MUST_CHECK;
struct decide_policy factory_policy(const struct factory_settings *settings);

/* "05:30" -> 330 minutes. Errors: CONFIG. */
enum err factory_parse_minute(const char *text, int32_t *ret_minute, struct why *why) MUST_CHECK;

#endif
