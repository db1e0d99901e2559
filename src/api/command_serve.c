/* serve of each program with a service for people, and its --check-config: everything that serving needs is looked at,
 * and nothing is changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "ask/ca.h"
#include "base/file.h"
#include "http/server.h"
#include "tls/credentials.h"

static enum err check_listener(const char *section, const char *address, struct why *why)
{
    enum err err = http_check_address(address, why);
    return err == OK ? OK : why_prefix(why, err, "[%s] address", section);
}

static enum err check_listeners(const struct api_settings *s, struct why *why)
{
    enum err err = check_listener("listen", s->address, why);
    if (err == OK)
        err = check_listener("admin", s->admin_address, why);
    if (err == OK && s->port != 0 && s->port == s->admin_port && strcmp(s->address, s->admin_address) == 0)
        err = why_set(why, ERR_CONFIG, "[listen] and [admin] are both %s:%lld: give one of them another port", s->address, (long long)s->port);
    return err;
}

/* Serving writes the file and has others beside it. One that is not there is told when it is opened. */
static enum err check_writable(const struct api_settings *s, struct why *why)
{
    if (s->store_url[0] != '\0' || !file_exists(s->store))
        return OK;
    enum err err = file_check_writable(s->store, why);
    return err == OK ? OK : why_prefix(why, err, "[store] file");
}

static enum err check_identity(const struct api_program *program, const struct api_settings *s, struct why *why)
{
    AUTO_CREDENTIALS own = { 0 };
    enum err err = credentials_load(s->identity, s->passphrase, program->role, &own, why);
    return err == OK ? credentials_check(&own, s->identity, why) : err;
}

static enum err check_serving(const struct api_program *program, const struct api_settings *s, struct why *why)
{
    char url[CA_URL_SIZE];
    struct db *db = NULL;
    enum err err = check_listeners(s, why);
    if (err == OK)
        err = ca_ask_url(s->ca_url, url, why);
    if (err == OK)
        err = check_identity(program, s, why);
    if (err == OK)
        err = check_writable(s, why);
    if (err == OK)
        err = program->open(api_settings_store(s), DB_READ_ONLY, &db, why);
    if (err == OK)
        err = program->check(s, db, why);
    db_close(db);
    return err;
}

static int check_config(const struct api_program *program, const struct command_line *line, const struct api_settings *s)
{
    struct why why = { "" };
    settings_print(stdout, program->rows, *program->rows_n, s);
    enum err err = check_serving(program, s, &why);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int api_command_serve(const struct command_line *line)
{
    const struct api_program *program = line->context;
    struct api_settings *s = calloc(1, program->settings_size);
    struct why why = { "" };
    char path[API_PATH], hint[80];
    int status;
    snprintf(hint, sizeof hint, "nameplate %s init --ca URL --fingerprint F --token T", program->area);
    enum err err = s == NULL ? ERR_NO_MEMORY : api_config_path(line, path, &why);
    if (err == OK)
        err = program->read(path, s, &why);
    if (err != OK)
        status = command_fail(line, err, &why, err == ERR_NOT_FOUND ? hint : NULL);
    else
        status = command_switch(line, "check-config") ? check_config(program, line, s) : program->serve(path);
    free(s);
    return status;
}
