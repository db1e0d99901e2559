/* Enrolment: a key of our own, a one-time token, and a certificate that the CA sends through the factory server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "station/commands.h"
#include "station/link.h"
#include "station/settings.h"
#include "tls/credentials.h"

enum { PATH_SIZE = 600 };

static enum err need(const struct command_line *line, const char *flag, const char **ret_value, struct why *why)
{
    *ret_value = command_flag(line, flag);
    return *ret_value != NULL ? OK : why_set(why, ERR_USAGE, "--%s is missing", flag);
}

static enum err keep(const char *folder, const uint8_t *root, const struct enrolment_response *r, struct why *why)
{
    struct span issuers[LIMIT_CHAIN];
    if (strcmp(r->role, role_name(ROLE_STATION)) != 0)
        return why_set(why, ERR_BAD_TOKEN, "the token is for a %.20s, not for a station", r->role);
    if (r->issuers_n > LIMIT_CHAIN)
        return why_set(why, ERR_BAD_CERTIFICATE, "the chain is longer than %d", LIMIT_CHAIN);
    for (size_t i = 0; i < r->issuers_n; i++)
        issuers[i] = r->issuers[i].der;
    return credentials_keep(folder, root, r->certificate, issuers, r->issuers_n, r->root, why);
}

/* Asks the factory server for a certificate for the key in `folder`. */
static enum err ask(const char *url, const uint8_t root[CERT_FINGERPRINT], const char *token, const struct buf *csr, const char *folder,
                    char ret_name[LIMIT_NAME + 1], struct why *why)
{
    struct link link = { .service = SERVICE_FACTORY };
    AUTO_PARSED answer = { .arena = NULL };
    const struct tls_options options = { .pinned_root = root, .peers = ROLE_BIT(ROLE_FACTORY) };
    const struct enrolment_request request = { .token = token, .csr = buf_span(csr), .role = role_name(ROLE_STATION) };
    enum err err = link_set_url(&link, url, why);
    if (err == OK)
        err = tls_context_new(&options, &link.tls, why);
    if (err == OK)
        err = link_ask(&link, SOAP_ENROLMENT, &request, &answer, why);
    if (err == OK)
        err = keep(folder, root, answer.body, why);
    if (err == OK)
        snprintf(ret_name, LIMIT_NAME + 1, "%.*s", LIMIT_NAME, ((const struct enrolment_response *)answer.body)->name);
    tls_context_free(link.tls);
    return err;
}

static enum err enrol(const struct command_line *line, const char *dir, char ret_name[LIMIT_NAME + 1], struct why *why)
{
    char folder[PATH_SIZE], passphrase[PATH_SIZE];
    const char *url = NULL, *fingerprint = NULL, *token = NULL;
    uint8_t root[CERT_FINGERPRINT];
    AUTO_BUF csr = BUF_INIT;
    enum err err = need(line, "factory", &url, why);
    if (err == OK)
        err = need(line, "fingerprint", &fingerprint, why);
    if (err == OK)
        err = need(line, "token", &token, why);
    if (err == OK && (err = credentials_read_fingerprint(fingerprint, root, why)) != OK)
        err = why_prefix(why, ERR_USAGE, "--fingerprint");
    if (err == OK)
        err = file_join(dir, "identity", sizeof folder, folder);
    if (err == OK)
        err = file_join(dir, "secret/server-passphrase", sizeof passphrase, passphrase);
    if (err == OK)
        err = credentials_prepare(folder, passphrase, "station", &csr, why);
    return err == OK ? ask(url, root, token, &csr, folder, ret_name, why) : err;
}

static enum err enrol_again(const struct command_line *line, char ret_name[LIMIT_NAME + 1], struct why *why)
{
    struct station_settings s;
    const char *token = NULL;
    char next[CREDENTIALS_PATH];
    uint8_t root[CERT_FINGERPRINT];
    AUTO_BUF csr = BUF_INIT;
    enum err err = need(line, "token", &token, why);
    if (err == OK)
        err = station_settings_load(line, &s, why);
    if (err == OK)
        err = credentials_root(s.identity, root, why);
    if (err == OK)
        err = credentials_prepare_next(s.identity, s.passphrase, "station", next, &csr, why);
    if (err == OK)
        err = ask(s.factory, root, token, &csr, next, ret_name, why);
    return err == OK ? credentials_take_next(s.identity, next, s.passphrase, ROLE_STATION, why) : err;
}

static void override(char *setting, const char *value)
{
    if (value != NULL)
        snprintf(setting, SETTING_TEXT_SIZE, "%s", value);
}

static enum err write_settings(const struct command_line *line, const char *path, struct why *why)
{
    struct station_settings s;
    long port = 0;
    enum err err = station_settings_default(&s, why);
    if (err == OK && command_flag(line, "bench-port") != NULL)
        err = command_flag_int(line, "bench-port", 0, 65535, &port, why);
    if (err != OK)
        return err;
    if (command_flag(line, "bench-port") != NULL)
        s.port = port;
    override(s.factory, command_flag(line, "factory"));
    override(s.address, command_flag(line, "bench-address"));
    override(s.interface, command_flag(line, "interface"));
    override(s.device, command_flag(line, "device"));
    override(s.sources, command_flag(line, "sources"));
    return settings_create(path, 0644, station_setting_rows, station_setting_rows_n, &s, why);
}

static int fail(const struct command_line *line, enum err err, const struct why *why)
{
    const char *hint = err == ERR_BAD_TOKEN ? "nameplate ca token add --role station --name NAME" : NULL;
    return command_fail(line, err, why, err == ERR_UNREACHABLE ? "nameplate factory serve --dir DIR" : hint);
}

int command_init(const struct command_line *line)
{
    const char *dir = command_flag(line, "dir");
    char path[PATH_SIZE], name[LIMIT_NAME + 1] = "";
    struct why why = { "" };
    enum err err = file_join(dir, "nameplate.conf", sizeof path, path);
    if (err == OK && file_exists(path))
        err = why_set(&why, ERR_EXISTS, "%s is there already: this folder is enrolled", path);
    if (err == OK)
        err = file_make_dir(dir, &why);
    if (err == OK)
        err = enrol(line, dir, name, &why);
    if (err == OK)
        err = write_settings(line, path, &why);
    if (err != OK)
        return fail(line, err, &why);
    printf("station %s is enrolled in %s\nnext: nameplate station run --dir %s\n", name, dir, dir);
    return 0;
}

int command_enrol(const struct command_line *line)
{
    char name[LIMIT_NAME + 1] = "";
    struct why why = { "" };
    enum err err = enrol_again(line, name, &why);
    if (err != OK)
        return fail(line, err, &why);
    printf("station %s is enrolled again\nnext: start a running station again, so that it shows the new certificate\n", name);
    return 0;
}
