#include "ca/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define AT(member) .offset = offsetof(struct ca_settings, member)

const struct setting_row ca_setting_rows[] = {
    { .section = "listen", .name = "address", .type = SETTING_TEXT, .fallback = "127.0.0.1", .unit = "", AT(address),
      .help = "Numeric address on which factory servers are served." },
    { .section = "listen", .name = "port", .type = SETTING_INT, .fallback = "8440", .least = 0, .most = 65535, .unit = "", AT(port),
      .help = "TCP port; 0 takes any free one." },
    { .section = "issue", .name = "profiles", .type = SETTING_PATH, .fallback = "profiles.cnf", .unit = "", AT(profiles),
      .help = "File of certificate profiles (openssl.cnf sections)." },
    { .section = "issue", .name = "profile", .type = SETTING_TEXT, .fallback = "idevid", .unit = "", AT(profile),
      .help = "Profile of device identities, for models that have no section of their own." },
    { .section = "issue", .name = "workers", .type = SETTING_INT, .fallback = "0", .least = 0, .most = 64, .unit = "", AT(workers),
      .help = "Threads that make keys and signatures; 0: one for each core." },
    { .section = "keys", .name = "passphrase", .type = SETTING_PATH, .fallback = "secret/passphrase", .unit = "", AT(passphrase),
      .help = "File with the passphrase of the CA keys." },
    { .section = "keys", .name = "kek", .type = SETTING_TEXT, .fallback = "file:secret/kek", .unit = "", AT(kek),
      .help = "Key under which unconfirmed device keys wait: file:PATH or credential:NAME." },
    { .section = "crl", .name = "days", .type = SETTING_INT, .fallback = "30", .least = 1, .most = 3650, .unit = "days", AT(crl_days),
      .help = "How long a certificate revocation list is valid; a new one is made at half of it, or when something was revoked." },
    { .section = "log", .name = "level", .type = SETTING_TEXT, .fallback = "info", .unit = "", AT(log_level),
      .help = "The least that is logged: debug, info, warn or error." },
    { .section = "log", .name = "json", .type = SETTING_BOOL, .fallback = "no", .unit = "", AT(log_json),
      .help = "Log lines as JSON instead of key=value." },
};
const size_t ca_setting_rows_n = sizeof ca_setting_rows / sizeof *ca_setting_rows;

/* A relative file: path of the key-encryption key is meant from the CA's folder, as all others are. */
static enum err place_kek(struct ca_settings *s, struct why *why)
{
    char path[PATH_MAX];
    if (strncmp(s->kek, "file:", 5) != 0 || s->kek[5] == '/')
        return OK;
    ca_path(s, s->kek + 5, path);
    int n = snprintf(s->kek, sizeof s->kek, "file:%.*s", (int)sizeof s->kek - 6, path);
    return n < (int)sizeof s->kek - 1 ? OK : why_set(why, ERR_CONFIG, "the path %s is too long", path);
}

enum err ca_settings_load(const struct command_line *line, struct ca_settings *ret_settings, struct why *why)
{
    char path[PATH_MAX];
    const char *config = command_flag(line, "config"), *dir = command_flag(line, "dir");
    if (config != NULL)
        snprintf(path, sizeof path, "%s", config);
    else if (file_join(dir, "nameplate.conf", sizeof path, path) != OK)
        return why_set(why, ERR_CONFIG, "the path %s is too long", dir);
    struct ca_settings s = { 0 };
    enum err err = settings_read(path, ca_setting_rows, ca_setting_rows_n, &s, why);
    if (err != OK)
        return err;
    const char *slash = strrchr(path, '/');
    snprintf(s.dir, sizeof s.dir, "%.*s", slash == NULL ? 1 : (int)(slash - path), slash == NULL ? "." : path);
    err = place_kek(&s, why);
    if (err == OK)
        *ret_settings = s;
    return err;
}

void ca_path(const struct ca_settings *s, const char *name, char ret_path[PATH_MAX])
{
    if (file_join(s->dir, name, PATH_MAX, ret_path) != OK)
        snprintf(ret_path, PATH_MAX, "%s", name);
}
