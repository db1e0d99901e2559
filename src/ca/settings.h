/* The CA's configuration (DIR/nameplate.conf). */
#ifndef CA_SETTINGS_H
#define CA_SETTINGS_H

#include <limits.h>

#include "conf/command.h"
#include "conf/settings.h"

struct ca_settings {
    char dir[PATH_MAX]; /* the folder in which the configuration lies; not a setting */
    char address[SETTING_TEXT_SIZE];
    int64_t port;
    char profiles[SETTING_TEXT_SIZE], profile[SETTING_TEXT_SIZE];
    int64_t workers;
    char passphrase[SETTING_TEXT_SIZE], kek[SETTING_TEXT_SIZE];
    int64_t crl_days;
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};

extern const struct setting_row ca_setting_rows[];
extern const size_t ca_setting_rows_n;

/* Reads --config FILE, or DIR/nameplate.conf of --dir. Errors: those of settings_read. */
enum err ca_settings_load(const struct command_line *line, struct ca_settings *ret_settings, struct why *why) MUST_CHECK;

/* "dir/name" of the CA's folder. A name that would be too long is cut (and then not found). */
void ca_path(const struct ca_settings *s, const char *name, char ret_path[PATH_MAX]);

#endif
