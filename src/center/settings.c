#include "center/settings.h"

#include <stddef.h>

#include "base/limit.h"

#define AT(member) offsetof(struct center_settings, member)
#define TEXT(section, name, fallback, member, help)                                                                              \
    {                                                                                                                            \
        section, name, SETTING_TEXT, fallback, 0, 0, "", AT(member), help                                                        \
    }
#define PATH(section, name, fallback, member, help)                                                                              \
    {                                                                                                                            \
        section, name, SETTING_PATH, fallback, 0, 0, "", AT(member), help                                                        \
    }
#define INT(section, name, fallback, least, most, unit, member, help)                                                            \
    {                                                                                                                            \
        section, name, SETTING_INT, fallback, least, most, unit, AT(member), help                                                \
    }
#define BOOL(section, name, fallback, member, help)                                                                              \
    {                                                                                                                            \
        section, name, SETTING_BOOL, fallback, 0, 0, "", AT(member), help                                                        \
    }

const struct setting_row center_setting_rows[] = {
    TEXT("listen", "address", "127.0.0.1", address, "Address on which devices and gateways are answered."),
    INT("listen", "port", "8450", 0, 65535, "", port, "Its port; 0 takes any free one."),
    INT("listen", "connections", "20000", 1, 1000000, "", connections, "Connections in all."),
    INT("listen", "connections_per_address", "256", 1, 1000000, "", connections_per_address,
        "Connections from one address; a site behind one firewall shares it."),
    TEXT("admin", "address", "127.0.0.1", admin_address, "Address of the operators' JSON service; keep it on loopback."),
    INT("admin", "port", "8452", 0, 65535, "", admin_port, "Its port; 0 takes any free one."),
    INT("admin", "login_failures", "5", 1, 100, "", login_failures, "Wrong passwords in a row that lock an account."),
    INT("admin", "lock_time", "900", 1, 86400, "s", lock_s, "How long it stays locked."),
    INT("admin", "session_time", "28800", 60, 604800, "s", session_s, "How long a log-in lasts."),
    PATH("identity", "folder", "identity", identity, "Folder of the centre's own key and certificates."),
    PATH("identity", "passphrase", "secret/center-passphrase", passphrase, "File with the passphrase of that key; mode 0600."),
    TEXT("ca", "url", NULL, ca_url, "Where the CA answers, for example https://ca.example:8440."),
    INT("ca", "every", "2", 1, 3600, "s", ca_every_s, "How often the CA is asked for changed identities and revocation lists."),
    PATH("store", "file", "center.db", store, "The database."),
    PATH("store", "programs", "programs", programs, "Folder of the programs for devices."),
    INT("field", "poll", "3600", LIMIT_POLL_LEAST_S, LIMIT_POLL_MOST_S, "s", poll_s,
        "Time between two polls of a device that has none of its own."),
    INT("field", "call_limit", "86400", 1, 31 * 86400, "s", call_limit_s, "Time that a call may take."),
    INT("field", "keep_calls", "90", 32, 3650, "days", keep_days, "How long calls that are over are kept; readings stay for good."),
    INT("field", "grace", "30", 0, 3650, "days", grace_days, "How long an expired identity may still be renewed."),
    TEXT("log", "level", "info", log_level, "debug, info, warn or error."),
    BOOL("log", "json", "no", log_json, "One JSON object per line instead of key=value."),
};
const size_t center_setting_rows_n = sizeof center_setting_rows / sizeof *center_setting_rows;

enum err center_settings_read(const char *path, struct center_settings *ret_settings, struct why *why)
{
    struct center_settings s = { .port = 0 };
    enum err err = settings_read(path, center_setting_rows, center_setting_rows_n, &s, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}
