/* init and enrol of each program with a service for people: a key of its own, a certificate for it from the CA by a one-time
 * token, its database, the first administrator. */
#include <stdio.h>
#include <stdlib.h>

#include "api/client.h"
#include "api/session.h"
#include "ask/enrol.h"
#include "base/file.h"

struct init {
    const struct command_line *line;
    const struct api_program *program;
    const char *dir;
    char config[API_PATH], identity[API_PATH], passphrase[API_PATH], store[API_PATH];
};

static enum err check_flags(const struct init *in, struct why *why)
{
    static const char *const needed[] = { "ca", "fingerprint", "token" };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (command_flag(in->line, needed[i]) == NULL)
            return why_set(why, ERR_USAGE, "--%s is missing", needed[i]);
    if ((command_flag(in->line, "admin") == NULL) != (command_flag(in->line, "password-file") == NULL))
        return why_set(why, ERR_USAGE, "--admin and --password-file belong together");
    return OK;
}

static enum err take_text(const struct command_line *line, const char *flag, char setting[SETTING_TEXT_SIZE], struct why *why)
{
    const char *text = command_flag(line, flag);
    if (text != NULL && strlen(text) >= SETTING_TEXT_SIZE)
        return why_set(why, ERR_TOO_LARGE, "--%s is longer than %d characters", flag, SETTING_TEXT_SIZE - 1);
    snprintf(setting, SETTING_TEXT_SIZE, "%s", text == NULL ? "" : text);
    return OK;
}

static enum err fill_settings(const struct init *in, struct api_settings *s, struct why *why)
{
    long port = 0, admin_port = 0;
    enum err err = settings_default(in->program->rows, *in->program->rows_n, s, why);
    if (err == OK)
        err = command_flag_int(in->line, "port", 0, 65535, &port, why);
    if (err == OK)
        err = command_flag_int(in->line, "admin-port", 0, 65535, &admin_port, why);
    if (err == OK)
        err = take_text(in->line, "ca", s->ca_url, why);
    if (err == OK)
        err = take_text(in->line, "address", s->address, why);
    if (err == OK)
        err = take_text(in->line, "store-url", s->store_url, why);
    s->port = port;
    s->admin_port = admin_port;
    return err;
}

/* Where the settings will be, and what they name. */
static enum err find_places(struct init *in, const struct api_settings *s, struct why *why)
{
    enum err err = file_join(in->dir, "nameplate.conf", sizeof in->config, in->config);
    if (err == OK)
        err = file_join(in->dir, s->identity, sizeof in->identity, in->identity);
    if (err == OK)
        err = file_join(in->dir, s->passphrase, sizeof in->passphrase, in->passphrase);
    if (err == OK)
        err = file_join(in->dir, s->store, sizeof in->store, in->store);
    if (err == OK && file_exists(in->config))
        err = why_set(why, ERR_EXISTS, "%s is there already: this folder is set up", in->config);
    return err;
}

/* The last role is the one that administers operators (api/service.h). */
static enum err make_admin(const struct init *in, struct db *db, struct why *why)
{
    const char *const *role = in->program->table->roles;
    const struct people people = in->program->people(db);
    while (role[1] != NULL)
        role++;
    return session_first_operator(&people, in->program->audit, command_flag(in->line, "admin"), *role,
                                  command_flag(in->line, "password-file"), why);
}

static enum err make_store(const struct init *in, const struct api_settings *s, struct why *why)
{
    struct db *db = NULL;
    enum err err = in->program->open(s->store_url[0] == '\0' ? in->store : s->store_url, DB_CREATE, &db, why);
    if (err == OK && command_flag(in->line, "admin") != NULL)
        err = make_admin(in, db, why);
    db_close(db);
    return err;
}

static enum err make_folder(struct init *in, struct api_settings *s, struct why *why)
{
    enum err err = check_flags(in, why);
    if (err == OK)
        err = fill_settings(in, s, why);
    if (err == OK)
        err = find_places(in, s, why);
    if (err == OK)
        err = file_make_dir(in->identity, why);
    if (err == OK)
        err = in->program->prepare(in->dir, why);
    if (err == OK)
        err = make_store(in, s, why);
    const struct enrolment e = { s->ca_url, command_flag(in->line, "fingerprint"), command_flag(in->line, "token"), in->program->role,
                                 in->identity, in->passphrase };
    if (err == OK)
        err = enrol_with_ca(&e, why);
    if (err == OK) /* last: a folder with it is complete */
        err = settings_create(in->config, 0644, in->program->rows, *in->program->rows_n, s, why);
    return err;
}

int api_command_init(const struct command_line *line)
{
    const struct api_program *program = line->context;
    struct init in = { .line = line, .program = program, .dir = command_flag(line, "dir") };
    struct api_settings *s = calloc(1, program->settings_size);
    struct why why = { "" };
    enum err err = s == NULL ? ERR_NO_MEMORY : make_folder(&in, s, &why);
    free(s);
    if (err != OK)
        return command_fail(line, err, &why, enrol_hint(err, program->role));
    printf("next: nameplate %s serve --dir %s\n", program->area, in.dir);
    return 0;
}

int api_command_enrol(const struct command_line *line)
{
    const struct api_program *program = line->context;
    struct api_settings s;
    struct why why = { "" };
    enum err err = api_settings_of(program, line, &s, &why);
    const struct enrolment e = { .ca = s.ca_url, .token = command_flag(line, "token"), .role = program->role, .identity = s.identity,
                                 .passphrase = s.passphrase };
    if (err == OK && e.token == NULL)
        err = why_set(&why, ERR_USAGE, "--token is missing");
    if (err == OK)
        err = enrol_with_ca_again(&e, &why);
    if (err != OK)
        return command_fail(line, err, &why, enrol_hint(err, program->role));
    puts("next: send a running server SIGHUP, so that it shows the new certificate");
    return 0;
}
