/* The centre's settings: nameplate.conf in its folder. */
#ifndef CENTER_SETTINGS_H
#define CENTER_SETTINGS_H

#include "conf/settings.h"

struct center_settings {
    char address[SETTING_TEXT_SIZE], admin_address[SETTING_TEXT_SIZE];
    int64_t port, admin_port, connections, connections_per_address;
    char identity[SETTING_TEXT_SIZE];   /* folder of key.pem, cert.pem, chain.pem, root.pem */
    char passphrase[SETTING_TEXT_SIZE]; /* file: of key.pem */
    char ca_url[SETTING_TEXT_SIZE];
    int64_t ca_every_s;
    char store[SETTING_TEXT_SIZE], store_url[SETTING_TEXT_SIZE], programs[SETTING_TEXT_SIZE];
    int64_t poll_s, call_limit_s, grace_days, keep_days;
    int64_t login_failures, lock_s, session_s;
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};

extern const struct setting_row center_setting_rows[];
extern const size_t center_setting_rows_n;

/* Errors: those of settings_read. */
enum err center_settings_read(const char *path, struct center_settings *ret_settings, struct why *why) MUST_CHECK;

const char *center_store(const struct center_settings *settings); /* for center_open: the URL, else the file */

#endif
