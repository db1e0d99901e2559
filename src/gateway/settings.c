#include "gateway/settings.h"

#include <stddef.h>
#include <string.h>

#include "base/limit.h"

#define AT(member) offsetof(struct gateway_settings, member)

const struct setting_row gateway_setting_rows[] = {
    { "listen", "address", SETTING_TEXT, "127.0.0.1", 0, 0, "", AT(address), "Address towards the LAN on which devices and gateways below are answered." },
    { "listen", "port", SETTING_INT, "8451", 0, 65535, "", AT(port), "Its port; 0 takes any free one." },
    { "uplink", "url", SETTING_TEXT, NULL, 0, 0, "", AT(url), "The centre or the gateway above, for example https://center.example:8450." },
    { "uplink", "proxy", SETTING_TEXT, "", 0, 0, "", AT(proxy), "HTTP proxy through which it is reached (CONNECT), http://HOST:PORT; empty: directly." },
    { "uplink", "proxy_login", SETTING_PATH, "", 0, 0, "", AT(proxy_login), "File with USER:PASSWORD for the proxy, mode 0600; empty: none." },
    { "uplink", "interval", SETTING_INT, "30", LIMIT_POLL_LEAST_S, LIMIT_POLL_MOST_S, "s", AT(interval_s),
      "Between two polls when the one above does not let them wait; the longest delay after failures." },
    { "uplink", "wait", SETTING_INT, "45", 0, LIMIT_POLL_WAIT_S, "s", AT(wait_s), "How long a poll waits above for something to come down." },
    { "queue", "letters", SETTING_INT, "100000", 10, 10000000, "", AT(letters), "Letters that may wait here, each way; more are not taken until some went." },
    { "queue", "megabytes", SETTING_INT, "1024", 1, 1000000, "MB", AT(megabytes), "Bytes that they may have together, each way." },
    { "agentless", "devices", SETTING_PATH, "", 0, 0, "", AT(agentless), "CSV file of the devices that are read by SNMP: number,address,login,interval; empty: none." },
    { "log", "level", SETTING_TEXT, "info", 0, 0, "", AT(log_level), "The least that is logged: debug, info, warn, error." },
    { "log", "json", SETTING_BOOL, "no", 0, 0, "", AT(log_json), "Log lines are JSON objects." },
};
const size_t gateway_setting_rows_n = sizeof gateway_setting_rows / sizeof *gateway_setting_rows;

enum err gateway_settings_read(const char *path, struct gateway_settings *ret_settings, struct why *why)
{
    struct gateway_settings s = { 0 };
    enum err err = settings_read(path, gateway_setting_rows, gateway_setting_rows_n, &s, why);
    if (err == OK && strncmp(s.url, "https://", 8) != 0)
        err = why_set(why, ERR_CONFIG, "[uplink] url = %s: only https:// is taken", s.url);
    if (err == OK && *s.proxy != '\0' && strncmp(s.proxy, "http://", 7) != 0)
        err = why_set(why, ERR_CONFIG, "[uplink] proxy = %s: only http:// is taken", s.proxy);
    if (err == OK)
        *ret_settings = s;
    return err;
}

struct uplink_policy gateway_uplink_policy(const struct gateway_settings *s)
{
    return (struct uplink_policy){ .interval_ms = s->interval_s * 1000, .wait_ms = s->wait_s * 1000 };
}

struct relay_bounds gateway_bounds(const struct gateway_settings *s)
{
    return (struct relay_bounds){ .letters = s->letters, .bytes = s->megabytes * 1024 * 1024, .per_number = LIMIT_CALLS_WAITING };
}
