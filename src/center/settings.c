#include "center/settings.h"

#include <stddef.h>

#include "base/limit.h"

#define AT(member) offsetof(struct center_settings, member)

const struct setting_row center_setting_rows[] = {
    API_SETTINGS_LISTEN("devices and gateways are", "8450"),
    { "listen", "connections", SETTING_INT, "20000", 1, 1000000, "", AT(connections), "Connections in all." },
    { "listen", "connections_per_address", SETTING_INT, "256", 1, 1000000, "", AT(connections_per_address),
      "Connections from one address; a site behind one firewall shares it." },
    API_SETTINGS_ADMIN("operators'", "8452"),
    API_SETTINGS_IDENTITY("the centre's", "secret/center-passphrase"),
    { "ca", "every", SETTING_INT, "2", 1, 3600, "s", AT(ca_every_s), "How often the CA is asked for changed identities and revocation lists." },
    API_SETTINGS_STORE("center.db", "workers"),
    { "store", "programs", SETTING_PATH, "programs", 0, 0, "", AT(programs), "Folder of the programs for devices." },
    { "field", "poll", SETTING_INT, "3600", LIMIT_POLL_LEAST_S, LIMIT_POLL_MOST_S, "s", AT(poll_s),
      "Time between two polls of a device that has none of its own." },
    { "field", "call_limit", SETTING_INT, "86400", 1, 31 * 86400, "s", AT(call_limit_s), "Time that a call may take." },
    { "field", "keep_calls", SETTING_INT, "90", 32, 3650, "days", AT(keep_days), "How long calls that are over are kept; readings stay for good." },
    { "field", "grace", SETTING_INT, "30", 0, LIMIT_GRACE_DAYS, "days", AT(grace_days), "How long an expired identity may still be renewed." },
    API_SETTINGS_LOG,
};
const size_t center_setting_rows_n = sizeof center_setting_rows / sizeof *center_setting_rows;

enum err center_settings_read(const char *path, struct center_settings *ret_settings, struct why *why)
{
    struct center_settings s = { .poll_s = 0 };
    enum err err = settings_read(path, center_setting_rows, center_setting_rows_n, &s, why);
    if (err == OK)
        err = api_settings_check(&s.common, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}
