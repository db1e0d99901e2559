/* DIR/nameplate.conf of a device. */
#ifndef DEVICE_SETTINGS_H
#define DEVICE_SETTINGS_H

#include "conf/command.h"
#include "conf/settings.h"

struct device_settings {
    char address[SETTING_TEXT_SIZE];
    int64_t port;
    char store[SETTING_TEXT_SIZE]; /* "plain", "sealed" */
    char station[SETTING_TEXT_SIZE];
    char field_url[SETTING_TEXT_SIZE];
    int64_t field_wait_s, field_report_s, field_trial_s;
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};

extern const struct setting_row device_setting_rows[];
extern const size_t device_setting_rows_n;

/* The folder that --dir or --config means (default ./device). Errors: TOO_LARGE. */
enum err device_dir(const struct command_line *line, size_t size, char *ret_dir, struct why *why) MUST_CHECK;

/* Reads --config, or DIR/nameplate.conf when it is there, else the defaults. Errors: CONFIG, NOT_FOUND. */
enum err device_settings_load(const struct command_line *line, const char *dir, struct device_settings *ret_settings,
                              struct why *why) MUST_CHECK;

/* The defaults into DIR/nameplate.conf, with the way of storing packs. Errors: EXISTS, IO. */
enum err device_settings_create(const char *dir, const char *store, struct why *why) MUST_CHECK;

/* "ADDRESS:PORT" or "[ADDRESS]:PORT" over the settings' own. Errors: USAGE. */
enum err device_settings_listen(const char *listen, struct device_settings *settings, struct why *why) MUST_CHECK;

#endif
