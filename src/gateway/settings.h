/* DIR/gateway.conf. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "conf/settings.h"
#include "gateway/decide.h"
#include "store/relay.h"

struct gateway_settings {
    char address[SETTING_TEXT_SIZE];
    int64_t port;
    char url[SETTING_TEXT_SIZE], proxy[SETTING_TEXT_SIZE], proxy_login[SETTING_TEXT_SIZE];
    int64_t interval_s, wait_s;
    int64_t letters, megabytes;
    char agentless[SETTING_TEXT_SIZE];
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};
extern const struct setting_row gateway_setting_rows[];
extern const size_t gateway_setting_rows_n;

/* Errors: those of settings_read, CONFIG. */
enum err gateway_settings_read(const char *path, struct gateway_settings *ret_settings, struct why *why) MUST_CHECK;

struct uplink_policy gateway_uplink_policy(const struct gateway_settings *s);
struct relay_bounds gateway_bounds(const struct gateway_settings *s);

#endif
