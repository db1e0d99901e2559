#include "center/settings.h"

#include <stddef.h>

#include "base/limit.h"
#include "log/log.h"
#include "store/db.h"

#define AT(member) offsetof(struct center_settings, member)

const struct setting_row center_setting_rows[] = {
    { "listen", "address", SETTING_TEXT, "127.0.0.1", 0, 0, "", AT(address), "Address on which devices and gateways are answered." },
    { "listen", "port", SETTING_INT, "8450", 0, 65535, "", AT(port), "Its port; 0 takes any free one." },
    { "listen", "connections", SETTING_INT, "20000", 1, 1000000, "", AT(connections), "Connections in all." },
    { "listen", "connections_per_address", SETTING_INT, "256", 1, 1000000, "", AT(connections_per_address),
      "Connections from one address; a site behind one firewall shares it." },
    { "admin", "address", SETTING_TEXT, "127.0.0.1", 0, 0, "", AT(admin_address), "Address of the operators' JSON service; keep it on loopback." },
    { "admin", "port", SETTING_INT, "8452", 0, 65535, "", AT(admin_port), "Its port; 0 takes any free one." },
    { "admin", "login_failures", SETTING_INT, "5", 1, 100, "", AT(login_failures), "Wrong passwords in a row that lock an account." },
    { "admin", "lock_time", SETTING_INT, "900", 1, 86400, "s", AT(lock_s), "How long it stays locked." },
    { "admin", "session_time", SETTING_INT, "28800", 60, 604800, "s", AT(session_s), "How long a log-in lasts." },
    { "identity", "folder", SETTING_PATH, "identity", 0, 0, "", AT(identity), "Folder of the centre's own key and certificates." },
    { "identity", "passphrase", SETTING_PATH, "secret/center-passphrase", 0, 0, "", AT(passphrase), "File with the passphrase of that key; mode 0600." },
    { "ca", "url", SETTING_TEXT, NULL, 0, 0, "", AT(ca_url), "Where the CA answers, for example https://ca.example:8440." },
    { "ca", "every", SETTING_INT, "2", 1, 3600, "s", AT(ca_every_s), "How often the CA is asked for changed identities and revocation lists." },
    { "store", "file", SETTING_PATH, "center.db", 0, 0, "", AT(store), "The database." },
    { "store", "url", SETTING_TEXT, "", 0, 0, "", AT(store_url),
      "PostgreSQL instead of the file, for several workers: postgresql://USER@HOST:PORT,HOST:PORT/DATABASE; "
      "its password stands in ~/.pgpass or at ?passfile=PATH." },
    { "store", "programs", SETTING_PATH, "programs", 0, 0, "", AT(programs), "Folder of the programs for devices." },
    { "field", "poll", SETTING_INT, "3600", LIMIT_POLL_LEAST_S, LIMIT_POLL_MOST_S, "s", AT(poll_s),
      "Time between two polls of a device that has none of its own." },
    { "field", "call_limit", SETTING_INT, "86400", 1, 31 * 86400, "s", AT(call_limit_s), "Time that a call may take." },
    { "field", "keep_calls", SETTING_INT, "90", 32, 3650, "days", AT(keep_days), "How long calls that are over are kept; readings stay for good." },
    { "field", "grace", SETTING_INT, "30", 0, LIMIT_GRACE_DAYS, "days", AT(grace_days), "How long an expired identity may still be renewed." },
    { "log", "level", SETTING_TEXT, "info", 0, 0, "", AT(log_level), "debug, info, warn or error." },
    { "log", "json", SETTING_BOOL, "no", 0, 0, "", AT(log_json), "One JSON object per line instead of key=value." },
};
const size_t center_setting_rows_n = sizeof center_setting_rows / sizeof *center_setting_rows;

enum err center_settings_read(const char *path, struct center_settings *ret_settings, struct why *why)
{
    struct center_settings s = { .port = 0 };
    enum log_level level;
    enum err err = settings_read(path, center_setting_rows, center_setting_rows_n, &s, why);
    if (err == OK && s.store_url[0] != '\0')
        err = db_check_url(s.store_url, why);
    if (err == OK && log_level_parse(s.log_level, &level) != OK)
        err = why_set(why, ERR_CONFIG, "[log] level = %s: debug, info, warn or error", s.log_level);
    if (err == OK)
        *ret_settings = s;
    return err;
}

const char *center_store(const struct center_settings *s) { return s->store_url[0] == '\0' ? s->store : s->store_url; }
