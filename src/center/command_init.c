/* center init: a key of our own, a certificate for it from the CA by a one-time token, the first administrator. */
#include <stdio.h>
#include <stdlib.h>

#include "api/session.h"
#include "ask/enrol.h"
#include "base/file.h"
#include "center/center.h"
#include "center/commands.h"

struct init {
    const struct command_line *line;
    const char *dir, *ca;
    char identity[API_PATH], passphrase[API_PATH];
};

static enum err enrol(const struct init *in, struct why *why)
{
    return enrol_with_ca(&(struct enrolment){ .ca = in->ca,
                                              .fingerprint = command_flag(in->line, "fingerprint"),
                                              .token = command_flag(in->line, "token"),
                                              .role = ROLE_CENTER,
                                              .identity = in->identity,
                                              .passphrase = in->passphrase },
                         why);
}

static enum err fill_settings(const struct init *in, struct center_settings *s, struct why *why)
{
    long port = 0, admin_port = 0;
    enum err err = settings_default(center_setting_rows, center_setting_rows_n, s, why);
    if (err == OK)
        err = command_flag_int(in->line, "port", 0, 65535, &port, why);
    if (err == OK)
        err = command_flag_int(in->line, "admin-port", 0, 65535, &admin_port, why);
    const char *url = command_flag(in->line, "store-url");
    if (err == OK && url != NULL && strlen(url) >= sizeof s->store_url)
        err = why_set(why, ERR_TOO_LARGE, "--store-url is longer than %zu characters", sizeof s->store_url - 1);
    if (err != OK)
        return err;
    snprintf(s->store_url, sizeof s->store_url, "%s", url == NULL ? "" : url);
    s->port = port;
    s->admin_port = admin_port;
    snprintf(s->ca_url, sizeof s->ca_url, "%s", in->ca);
    snprintf(s->address, sizeof s->address, "%s", command_flag(in->line, "address"));
    return OK;
}

static enum err write_settings(const struct init *in, struct why *why)
{
    char path[API_PATH];
    struct center_settings settings;
    enum err err = fill_settings(in, &settings, why);
    if (err == OK)
        err = file_join(in->dir, "nameplate.conf", sizeof path, path);
    return err != OK ? err : settings_create(path, 0644, center_setting_rows, center_setting_rows_n, &settings, why);
}

static enum err make_admin(struct db *db, const char *name, const char *file, struct why *why)
{
    const struct people people = center_people(db);
    return session_first_operator(&people, center_audit_entry, name, "admin", file, why);
}

static enum err make_store(const struct init *in, struct why *why)
{
    char path[API_PATH];
    const char *url = command_flag(in->line, "store-url");
    const char *admin = command_flag(in->line, "admin"), *file = command_flag(in->line, "password-file");
    struct db *db = NULL;
    enum err err = file_join(in->dir, "programs", sizeof path, path);
    if (err == OK)
        err = file_make_dir(path, why);
    if (err == OK)
        err = file_join(in->dir, "center.db", sizeof path, path);
    if (err == OK)
        err = center_open(url == NULL ? path : url, DB_CREATE, &db, why);
    if (err == OK && admin != NULL)
        err = make_admin(db, admin, file, why);
    db_close(db);
    return err;
}

static enum err check_flags(const struct init *in, struct why *why)
{
    static const char *const needed[] = { "ca", "fingerprint", "token" };
    char path[API_PATH];
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (command_flag(in->line, needed[i]) == NULL)
            return why_set(why, ERR_USAGE, "--%s is missing", needed[i]);
    if ((command_flag(in->line, "admin") == NULL) != (command_flag(in->line, "password-file") == NULL))
        return why_set(why, ERR_USAGE, "--admin and --password-file belong together");
    enum err err = file_join(in->dir, "nameplate.conf", sizeof path, path);
    return err == OK && file_exists(path) ? why_set(why, ERR_EXISTS, "%s is there already: this folder is set up", path) : err;
}

int command_init(const struct command_line *line)
{
    struct init in = { .line = line, .dir = command_flag(line, "dir"), .ca = command_flag(line, "ca") };
    struct why why = { "" };
    enum err err = check_flags(&in, &why);
    if (err == OK)
        err = file_join(in.dir, "identity", sizeof in.identity, in.identity);
    if (err == OK)
        err = file_join(in.dir, "secret/center-passphrase", sizeof in.passphrase, in.passphrase);
    if (err == OK)
        err = file_make_dir(in.identity, &why);
    if (err == OK)
        err = make_store(&in, &why);
    if (err == OK)
        err = enrol(&in, &why);
    if (err == OK)
        err = write_settings(&in, &why); /* last: a folder with it is complete */
    if (err != OK)
        return command_fail(line, err, &why, enrol_hint(err, ROLE_CENTER));
    printf("next: nameplate center serve --dir %s\n", in.dir);
    return 0;
}

int command_enrol(const struct command_line *line)
{
    struct center_settings s;
    struct why why = { "" };
    char path[API_PATH];
    enum err err = command_settings(line, path, &s, &why);
    const struct enrolment e = { .ca = s.ca_url, .token = command_flag(line, "token"), .role = ROLE_CENTER, .identity = s.identity,
                                 .passphrase = s.passphrase };
    if (err == OK && e.token == NULL)
        err = why_set(&why, ERR_USAGE, "--token is missing");
    if (err == OK)
        err = enrol_with_ca_again(&e, &why);
    if (err != OK)
        return command_fail(line, err, &why, enrol_hint(err, ROLE_CENTER));
    puts("next: send a running server SIGHUP, so that it shows the new certificate");
    return 0;
}

int command_serve(const struct command_line *line)
{
    struct center_settings settings;
    struct why why = { "" };
    char path[API_PATH];
    enum err err = command_settings(line, path, &settings, &why);
    if (err != OK)
        return command_fail(line, err, &why,
                            err == ERR_NOT_FOUND ? "nameplate center init --ca URL --fingerprint F --token T" : NULL);
    if (!command_switch(line, "check-config"))
        return center_serve(path);
    settings_print(stdout, center_setting_rows, center_setting_rows_n, &settings);
    return 0;
}
