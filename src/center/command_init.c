/* center init: a key of our own, a certificate for it from the CA by a one-time token, the first administrator. */
#include <stdio.h>
#include <stdlib.h>

#include "api/session.h"
#include "base/file.h"
#include "center/ca_link.h"
#include "center/center.h"
#include "center/commands.h"

struct init {
    const struct command_line *line;
    const char *dir, *ca;
    char identity[API_PATH], passphrase[API_PATH];
};

static enum err save_answer(const struct init *in, const struct enrolment_response *r, const uint8_t *pinned, struct why *why)
{
    struct span issuers[LIMIT_CHAIN];
    if (strcmp(r->role, role_name(ROLE_CENTER)) != 0)
        return why_set(why, ERR_BAD_TOKEN, "this token is for a %s", r->role);
    if (r->issuers_n > LIMIT_CHAIN)
        return why_set(why, ERR_BAD_CERTIFICATE, "the chain is longer than %d", LIMIT_CHAIN);
    for (size_t i = 0; i < r->issuers_n; i++)
        issuers[i] = r->issuers[i].der;
    enum err err = credentials_keep(in->identity, pinned, r->certificate, issuers, r->issuers_n, r->root, why);
    if (err == OK)
        printf("enrolled as center %s\n", r->name);
    return err;
}

static enum err enrol(const struct init *in, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    AUTO_BUF csr = BUF_INIT;
    uint8_t pinned[CERT_FINGERPRINT];
    char url[CA_URL_SIZE];
    struct tls_context *tls = NULL;
    enum err err = credentials_read_fingerprint(command_flag(in->line, "fingerprint"), pinned, why);
    if (err != OK)
        return why_prefix(why, ERR_USAGE, "--fingerprint");
    err = ca_link_url(in->ca, url, why);
    if (err == OK)
        err = tls_context_new(&(struct tls_options){ .pinned_root = pinned, .peers = ROLE_BIT(ROLE_CA) }, &tls, why);
    if (err == OK)
        err = credentials_prepare(in->identity, in->passphrase, "center", &csr, why);
    const struct enrolment_request request = { .token = command_flag(in->line, "token"), .csr = buf_span(&csr) };
    if (err == OK)
        err = ca_ask_wait(url, tls, &(struct ca_question){ SOAP_ENROLMENT, NULL, &request, 0 }, &answer, why);
    if (err == OK)
        err = save_answer(in, answer.body, pinned, why);
    tls_context_free(tls);
    return err;
}

static enum err fill_settings(const struct init *in, struct center_settings *s, struct why *why)
{
    long port = 0, admin_port = 0;
    enum err err = settings_default(center_setting_rows, center_setting_rows_n, s, why);
    if (err == OK)
        err = command_flag_int(in->line, "port", 0, 65535, &port, why);
    if (err == OK)
        err = command_flag_int(in->line, "admin-port", 0, 65535, &admin_port, why);
    if (err != OK)
        return err;
    s->port = port;
    s->admin_port = admin_port;
    snprintf(s->ca_url, sizeof s->ca_url, "%s", in->ca);
    snprintf(s->address, sizeof s->address, "%s", command_flag(in->line, "address"));
    return OK;
}

static enum err write_settings(const struct init *in, struct why *why)
{
    char path[API_PATH], *text = NULL;
    size_t n = 0;
    struct center_settings settings;
    enum err err = fill_settings(in, &settings, why);
    if (err != OK)
        return err;
    FILE *to = open_memstream(&text, &n);
    if (to == NULL)
        return ERR_NO_MEMORY;
    settings_print(to, center_setting_rows, center_setting_rows_n, &settings);
    fclose(to);
    err = file_join(in->dir, "nameplate.conf", sizeof path, path);
    if (err == OK)
        err = file_create(path, span_of(text, n), 0644, why);
    free(text);
    return err;
}

static enum err make_admin(struct db *db, const char *name, const char *file, struct why *why)
{
    const struct people people = center_people(db);
    return session_first_operator(&people, center_audit_entry, name, "admin", file, why);
}

static enum err make_store(const struct init *in, struct why *why)
{
    char path[API_PATH];
    const char *admin = command_flag(in->line, "admin"), *file = command_flag(in->line, "password-file");
    struct db *db = NULL;
    enum err err = file_join(in->dir, "programs", sizeof path, path);
    if (err == OK)
        err = file_make_dir(path, why);
    if (err == OK)
        err = file_join(in->dir, "center.db", sizeof path, path);
    if (err == OK)
        err = center_open(path, DB_CREATE, &db, why);
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
        return command_fail(line, err, &why, err == ERR_BAD_TOKEN ? "nameplate ca token add --role center --name NAME" : NULL);
    printf("next: nameplate center serve --dir %s\n", in.dir);
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
