/* What the settings of each program with a service for people say: a struct that is the first member of the program's own,
 * and its rows. */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H

#include <stddef.h>

#include "conf/settings.h"

struct api_settings {
    char address[SETTING_TEXT_SIZE], admin_address[SETTING_TEXT_SIZE];
    int64_t port, admin_port;
    int64_t login_failures, lock_s, session_s;
    char identity[SETTING_TEXT_SIZE];   /* folder of key.pem, cert.pem, chain.pem, root.pem */
    char passphrase[SETTING_TEXT_SIZE]; /* file: of key.pem */
    char ca_url[SETTING_TEXT_SIZE];
    char store[SETTING_TEXT_SIZE], store_url[SETTING_TEXT_SIZE]; /* the database's file, and the URL that is used instead; may be "" */
    char log_level[SETTING_TEXT_SIZE];
    bool log_json;
};
#define API_AT(member) offsetof(struct api_settings, member)

#define API_SETTINGS_LISTEN(who, port_fallback)                                                                                  \
    { "listen", "address", SETTING_TEXT, "127.0.0.1", 0, 0, "", API_AT(address), "Address on which " who " answered." },         \
    { "listen", "port", SETTING_INT, port_fallback, 0, 65535, "", API_AT(port), "Its port; 0 takes any free one." }
#define API_SETTINGS_ADMIN(whose, port_fallback)                                                                                 \
    { "admin", "address", SETTING_TEXT, "127.0.0.1", 0, 0, "", API_AT(admin_address),                                            \
      "Address of the " whose " JSON service; keep it on loopback." },                                                           \
    { "admin", "port", SETTING_INT, port_fallback, 0, 65535, "", API_AT(admin_port), "Its port; 0 takes any free one." },        \
    { "admin", "login_failures", SETTING_INT, "5", 1, 100, "", API_AT(login_failures),                                           \
      "Wrong passwords in a row that lock an account." },                                                                        \
    { "admin", "lock_time", SETTING_INT, "900", 1, 86400, "s", API_AT(lock_s), "How long it stays locked." },                    \
    { "admin", "session_time", SETTING_INT, "28800", 60, 604800, "s", API_AT(session_s), "How long a log-in lasts." }
#define API_SETTINGS_IDENTITY(whose, passphrase_fallback)                                                                        \
    { "identity", "folder", SETTING_PATH, "identity", 0, 0, "", API_AT(identity), "Folder of " whose " own key and certificates." }, \
    { "identity", "passphrase", SETTING_PATH, passphrase_fallback, 0, 0, "", API_AT(passphrase),                                 \
      "File with the passphrase of that key; mode 0600." },                                                                      \
    { "ca", "url", SETTING_TEXT, NULL, 0, 0, "", API_AT(ca_url), "Where the CA answers, for example https://ca.example:8440." }
#define API_SETTINGS_STORE(file, which)                                                                                          \
    { "store", "file", SETTING_PATH, file, 0, 0, "", API_AT(store), "The database." },                                           \
    { "store", "url", SETTING_TEXT, "", 0, 0, "", API_AT(store_url),                                                             \
      "PostgreSQL instead of the file, for several " which ": postgresql://USER@HOST:PORT,HOST:PORT/DATABASE; "                  \
      "its password stands in ~/.pgpass or at ?passfile=PATH." }
#define API_SETTINGS_LOG                                                                                                         \
    { "log", "level", SETTING_TEXT, "info", 0, 0, "", API_AT(log_level), "debug, info, warn or error." },                        \
    { "log", "json", SETTING_BOOL, "no", 0, 0, "", API_AT(log_json), "One JSON object per line instead of key=value." }

/* What rows cannot say: the URL of the database, the log's level. Errors: CONFIG. */
enum err api_settings_check(const struct api_settings *settings, struct why *why) MUST_CHECK;

const char *api_settings_store(const struct api_settings *settings); /* the place for db_open: the URL, else the file */

/* The log of this program from now on, after api_settings_check. */
void api_settings_use_log(const struct api_settings *settings, const char *area);

#endif
