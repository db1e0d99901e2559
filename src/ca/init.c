/* `nameplate ca init`: a whole CA in a new folder, without a question. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"
#include "base/actor.h"
#include "ca/commands.h"
#include "ca/crl.h"
#include "ca/record.h"
#include "pki/issuer.h"
#include "pki/seal.h"

enum { HOSTS_MAX = 16, DAY_S = 86400 };

struct init {
    struct ca_settings settings;
    const char *name, *organization;
    enum key_type key_type;
    int64_t root_days, issuing_days, now_s;
    char hosts[512];
    struct secret passphrase, server_passphrase;
    struct authorities ca;
    struct buf profiles;
    struct db *db;
    char actor[LIMIT_NAME + 1];
};

static enum err take_listen(struct init *in, const char *text, struct why *why)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon == NULL ? -1 : strtol(colon + 1, &end, 10);
    if (colon == NULL || colon == text || end == colon + 1 || *end != '\0' || port < 0 || port > 65535)
        return why_set(why, ERR_USAGE, "--listen takes ADDRESS:PORT, not \"%s\"", text);
    snprintf(in->settings.address, sizeof in->settings.address, "%.*s", (int)(colon - text), text);
    in->settings.port = port;
    return OK;
}

static enum err take_flags(const struct command_line *line, struct init *in, struct why *why)
{
    long root_years = 0, issuing_years = 0;
    const char *hosts = command_flag(line, "hosts");
    in->name = command_flag(line, "name");
    in->organization = command_flag(line, "organization");
    in->now_s = clock_wall_s();
    actor_name(in->actor);
    enum err err = take_listen(in, command_flag(line, "listen"), why);
    if (err == OK)
        err = command_flag_int(line, "root-years", 1, 100, &root_years, why);
    if (err == OK)
        err = command_flag_int(line, "ca-years", 1, 100, &issuing_years, why);
    if (err == OK && key_type_parse(command_flag(line, "key-type"), &in->key_type) != OK)
        err = why_set(why, ERR_USAGE, "--key-type is p256, p384, ed25519, rsa2048 or rsa3072");
    in->root_days = root_years * 365;
    in->issuing_days = issuing_years * 365;
    int n = snprintf(in->hosts, sizeof in->hosts, "localhost,127.0.0.1%s%s%s%s", strcmp(in->settings.address, "127.0.0.1") == 0 ? "" : ",",
                     strcmp(in->settings.address, "127.0.0.1") == 0 ? "" : in->settings.address, hosts == NULL ? "" : ",",
                     hosts == NULL ? "" : hosts);
    return err == OK && n >= (int)sizeof in->hosts ? why_set(why, ERR_USAGE, "--hosts is too long") : err;
}

/* --- Files --- */

static enum err write_file(const struct init *in, const char *name, struct span content, mode_t mode, struct why *why)
{
    char path[PATH_MAX];
    ca_path(&in->settings, name, path);
    return file_create(path, content, mode, why);
}

static enum err make_passphrase(const struct init *in, const char *name, struct secret *ret_passphrase, struct why *why)
{
    uint8_t bytes[32];
    enum err err = rng_fill(bytes, sizeof bytes);
    if (err == OK)
        err = secret_new(2 * sizeof bytes + 1, ret_passphrase);
    if (err == OK) {
        hex_encode(bytes, sizeof bytes, (char *)ret_passphrase->data);
        ret_passphrase->len = 2 * sizeof bytes;
        err = write_file(in, name, secret_span(ret_passphrase), 0600, why);
    }
    secret_wipe(bytes, sizeof bytes);
    return err;
}

static enum err write_configuration(const struct init *in, struct why *why)
{
    char *text = NULL;
    size_t n = 0;
    struct ca_settings s = in->settings;
    FILE *to = open_memstream(&text, &n);
    if (to == NULL)
        return ERR_NO_MEMORY;
    snprintf(s.profiles, sizeof s.profiles, "profiles.cnf");
    snprintf(s.profile, sizeof s.profile, "idevid");
    snprintf(s.passphrase, sizeof s.passphrase, "secret/passphrase");
    snprintf(s.kek, sizeof s.kek, "file:secret/kek");
    snprintf(s.log_level, sizeof s.log_level, "info");
    s.crl_days = 30;
    fprintf(to, "# Configuration of the certificate authority. `nameplate ca serve --check-config` checks it.\n");
    settings_print(to, ca_setting_rows, ca_setting_rows_n, &s);
    enum err err = fclose(to) == 0 ? write_file(in, "nameplate.conf", span_of(text, n), 0644, why) : ERR_NO_MEMORY;
    free(text);
    return err;
}

static enum err write_cert(const struct init *in, const char *name, const struct cert *cert, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    enum err err = cert_to_pem(cert, &pem);
    return err != OK ? err : write_file(in, name, buf_span(&pem), 0644, why);
}

static enum err write_key(const struct init *in, const char *name, const struct key *key, const struct secret *passphrase,
                          struct why *why)
{
    AUTO_SECRET pem = SECRET_INIT;
    enum err err = key_to_pem(key, passphrase, &pem, why);
    return err != OK ? err : write_file(in, name, secret_span(&pem), 0600, why);
}

/* --- Certificates --- */

/* What one certificate of the CA itself is. */
struct plan {
    const char *profile, *common_name, *urn;
    const char *const *hosts;
    int64_t days;
    enum authority_name issuer;
    bool self_signed;
};

/* Made and put on record: its body before it is signed (I5), itself before it is in a file. */
static enum err issue(struct init *in, const struct plan *p, const struct key *key, struct record *r, struct cert **ret_cert,
                      struct why *why)
{
    AUTO_BUF spki = BUF_INIT;
    struct profile *profile = NULL;
    struct record_body body = { in->db, r };
    int64_t id;
    struct cert_order order = { .common_name = p->common_name, .urn = p->urn, .dns_or_ip = p->hosts, .not_before = in->now_s - LIMIT_BACKDATE_S,
                                .not_after = in->now_s + p->days * DAY_S, .on_body = record_body, .context = &body };
    const struct authority *issuer = &in->ca.of[p->issuer];
    enum err err = profile_load(buf_span(&in->profiles), p->profile, &profile, why);
    if (err == OK)
        err = key_spki(key, &spki);
    order.profile = profile;
    order.spki = buf_span(&spki);
    if (err == OK)
        err = cert_issue(&order, p->self_signed ? NULL : issuer->cert, p->self_signed ? key : issuer->key, ret_cert, why);
    profile_free(profile);
    if (err == OK) {
        r->cert = *ret_cert;
        err = db_begin(in->db, why);
    }
    if (err == OK)
        err = record_certificate(in->db, r, &id, why);
    return err != OK ? err : db_commit(in->db, why);
}

static enum err make_authority(struct init *in, enum authority_name name, struct why *why)
{
    static const char *const titles[AUTHORITY_COUNT] = { "Root", "Identity", "Bootstrap", "Infrastructure" };
    char common_name[128], file[32], urn[64];
    struct authority *a = &in->ca.of[name];
    bool root = name == AUTHORITY_ROOT;
    snprintf(common_name, sizeof common_name, "%.24s%s%.24s %s CA", in->organization == NULL ? "" : in->organization,
             in->organization == NULL ? "" : " ", in->name, titles[name]);
    snprintf(urn, sizeof urn, "urn:nameplate:issuer:%s", authority_name(name));
    const struct plan plan = { .profile = root ? "root" : "issuing", .common_name = common_name, .issuer = AUTHORITY_ROOT,
                               .urn = root ? NULL : urn,
                               .days = root ? in->root_days : in->issuing_days, .self_signed = root };
    struct record r = { .kind = root ? "root" : "issuing", .subject = authority_name(name), .issuer = "root",
                        .requester = in->actor, .actor = in->actor, .state = LIFE_WRITTEN };
    enum err err = key_generate(in->key_type, &a->key, why);
    if (err == OK)
        err = issue(in, &plan, a->key, &r, &a->cert, why);
    snprintf(file, sizeof file, "%s.key", authority_name(name));
    if (err == OK)
        err = write_key(in, file, a->key, &in->passphrase, why);
    snprintf(file, sizeof file, "%s.crt", authority_name(name));
    return err != OK ? err : write_cert(in, file, a->cert, why);
}

/* The certificate that the CA's server shows, with a passphrase of its own: the front never reads that of the CA keys. */
static enum err make_server(struct init *in, struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_CERT cert = NULL;
    char hosts[sizeof in->hosts];
    const char *list[HOSTS_MAX + 1];
    size_t n = 0;
    memcpy(hosts, in->hosts, sizeof hosts);
    for (char *save = NULL, *part = strtok_r(hosts, ",", &save); part != NULL && n < HOSTS_MAX; part = strtok_r(NULL, ",", &save))
        list[n++] = part;
    list[n] = NULL;
    const struct plan plan = { .profile = "infrastructure", .common_name = in->name, .urn = "urn:nameplate:ca:ca", .hosts = list,
                               .days = in->issuing_days - 1, .issuer = AUTHORITY_INFRASTRUCTURE };
    struct record r = { .kind = "infrastructure", .subject = "ca:ca", .issuer = "infrastructure", .requester = in->actor,
                        .actor = in->actor, .state = LIFE_WRITTEN };
    enum err err = key_generate(in->key_type, &key, why);
    if (err == OK)
        err = issue(in, &plan, key, &r, &cert, why);
    if (err == OK)
        err = write_key(in, "identity/key.pem", key, &in->server_passphrase, why);
    if (err == OK)
        err = write_cert(in, "identity/cert.pem", cert, why);
    if (err == OK)
        err = write_cert(in, "identity/chain.pem", in->ca.of[AUTHORITY_INFRASTRUCTURE].cert, why);
    return err != OK ? err : write_cert(in, "identity/root.pem", in->ca.of[AUTHORITY_ROOT].cert, why);
}

static enum err make_certificates(struct init *in, struct why *why)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < AUTHORITY_COUNT; i++)
        err = make_authority(in, (enum authority_name)i, why);
    return err != OK ? err : make_server(in, why);
}

static enum err make_lists(struct init *in, struct why *why)
{
    AUTO_BUF unused = BUF_INIT;
    enum err err = OK;
    for (int i = 0; err == OK && i < AUTHORITY_COUNT; i++)
        err = crl_current(in->db, &in->ca, (enum authority_name)i, i == AUTHORITY_ROOT ? 365 : 30, true, &unused, why);
    return err;
}

/* --- The folder --- */

static enum err make_folder(struct init *in, const char *dir, struct why *why)
{
    char path[PATH_MAX];
    snprintf(in->settings.dir, sizeof in->settings.dir, "%s", dir);
    static const char *const made[] = { "nameplate.conf", "register.db", "root.crt", "root.key", "secret/passphrase" };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        ca_path(&in->settings, made[i], path);
        if (file_exists(path))
            return why_set(why, ERR_EXISTS, "there is a CA in %s already (%s): nothing was changed", dir, made[i]);
    }
    enum err err = file_make_dir(dir, why);
    ca_path(&in->settings, "secret", path);
    if (err == OK)
        err = file_make_dir(path, why);
    ca_path(&in->settings, "identity", path);
    return err != OK ? err : file_make_dir(path, why);
}

static enum err make_secrets(struct init *in, struct why *why)
{
    char path[PATH_MAX];
    enum err err = make_passphrase(in, "secret/passphrase", &in->passphrase, why);
    if (err == OK)
        err = make_passphrase(in, "secret/server-passphrase", &in->server_passphrase, why);
    ca_path(&in->settings, "secret/kek", path);
    return err != OK ? err : kek_create_file(path, why);
}

static enum err make_register(struct init *in, struct why *why)
{
    char path[PATH_MAX];
    ca_path(&in->settings, "register.db", path);
    return register_open(path, DB_CREATE, &in->db, why);
}

static enum err make_profiles(struct init *in, struct why *why)
{
    enum err err = buf_put_span(&in->profiles, profile_builtin_text());
    return err != OK ? err : write_file(in, "profiles.cnf", buf_span(&in->profiles), 0644, why);
}

/* The configuration comes last: without it the folder is not yet a CA. */
static enum err make_ca(struct init *in, const char *dir, struct why *why)
{
    enum err err = make_folder(in, dir, why);
    if (err == OK)
        err = make_secrets(in, why);
    if (err == OK)
        err = make_profiles(in, why);
    if (err == OK)
        err = make_register(in, why);
    if (err == OK)
        err = make_certificates(in, why);
    if (err == OK)
        err = make_lists(in, why);
    return err != OK ? err : write_configuration(in, why);
}

static void init_done(struct init *in)
{
    authorities_done(&in->ca);
    secret_done(&in->passphrase);
    secret_done(&in->server_passphrase);
    buf_done(&in->profiles);
    db_close(in->db);
}

int command_init(const struct command_line *line)
{
    struct why why = { 0 };
    struct init in = { 0 };
    const char *dir = command_flag(line, "dir");
    enum err err = take_flags(line, &in, &why);
    if (err == OK)
        err = make_ca(&in, dir, &why);
    if (err == OK) {
        uint8_t fingerprint[CERT_FINGERPRINT];
        char hex[2 * CERT_FINGERPRINT + 1];
        cert_fingerprint(in.ca.of[AUTHORITY_ROOT].cert, fingerprint);
        hex_encode(fingerprint, sizeof fingerprint, hex);
        printf("CA made in %s\nroot fingerprint (SHA-256): %s\nnext: nameplate ca serve --dir %s\n", dir, hex, dir);
    }
    init_done(&in);
    return err == OK ? 0 : command_fail(line, err, &why, err == ERR_EXISTS ? "nameplate ca serve --dir DIR" : NULL);
}
