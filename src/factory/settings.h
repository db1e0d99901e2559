/* The factory server's settings: nameplate.conf in its folder. */
#ifndef FACTORY_SETTINGS_H
#define FACTORY_SETTINGS_H

#include "conf/settings.h"
#include "factory/decide.h"

struct factory_settings {
    char address[SETTING_TEXT_SIZE], admin_address[SETTING_TEXT_SIZE];
    int64_t port, admin_port;
    char identity[SETTING_TEXT_SIZE]; /* folder of key.pem, cert.pem, chain.pem, root.pem */
    char passphrase[SETTING_TEXT_SIZE]; /* file: of key.pem */
    char ca_url[SETTING_TEXT_SIZE];
    int64_t retry_max_s, crl_every_s;
    char store[SETTING_TEXT_SIZE], store_url[SETTING_TEXT_SIZE], kek[SETTING_TEXT_SIZE];
    char mode[SETTING_TEXT_SIZE];
    int64_t retention_h;
    char request_at[SETTING_TEXT_SIZE], request_mode[SETTING_TEXT_SIZE];
    int64_t request_ahead_days, days_late, low_stock;
    char mes_url[SETTING_TEXT_SIZE], mes_ca[SETTING_TEXT_SIZE], mes_at[SETTING_TEXT_SIZE];
    int64_t mes_day;
    int64_t claims_per_station, lease_s, keyed_s, unproven, unproven_window_h, reissues;
    char parameters[SETTING_TEXT_SIZE];
    int64_t login_failures, lock_s, session_s;
    bool two_persons;
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};

extern const struct setting_row factory_setting_rows[];
extern const size_t factory_setting_rows_n;

/* Reads the file and checks what rows cannot say (times, modes). Errors: those of settings_read, CONFIG. */
enum err factory_settings_read(const char *path, struct factory_settings *ret_settings, struct why *why) MUST_CHECK;
const char *factory_store(const struct factory_settings *settings); /* for stock_open: the URL, else the file */
struct decide_policy factory_policy(const struct factory_settings *settings);

/* "05:30" -> 330 minutes. Errors: CONFIG. */
enum err factory_parse_minute(const char *text, int32_t *ret_minute, struct why *why) MUST_CHECK;

#endif
