/* The centre's settings: nameplate.conf in its folder. */
#ifndef CENTER_SETTINGS_H
#define CENTER_SETTINGS_H

#include "api/settings.h"

struct center_settings {
    struct api_settings common; /* first: api/client.h knows no more of it */
    int64_t connections, connections_per_address;
    int64_t ca_every_s;
    char programs[SETTING_TEXT_SIZE];
    int64_t poll_s, call_limit_s, grace_days, keep_days;
};

extern const struct setting_row center_setting_rows[];
extern const size_t center_setting_rows_n;

/* Errors: those of settings_read and api_settings_check. */
enum err center_settings_read(const char *path, struct center_settings *ret_settings, struct why *why) MUST_CHECK;

#endif
