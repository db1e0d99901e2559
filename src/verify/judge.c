#include "verify/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "pki/verify.h"
#include "verify/moment.h"

enum { FILE_MAX = 16 * 1024 * 1024 };

const struct command_flag judge_flags[] = {
    { "profile", "PROFILE", "generic", "generic (RFC 5280), device, infrastructure or bootstrap (exact shape)" },
    { "ca", "FILE", NULL, "trusted roots, PEM or DER" },
    { "untrusted", "FILE", NULL, "issuing certificates between leaf and root, PEM or DER" },
    { "crl", "FILE", NULL, "revocation lists, PEM or DER; the leaf's issuer must then have a current one" },
    { "time", "RFC3339", NULL, "the moment to judge for, like 2026-11-22T15:04:05Z (default: now)" },
    { .name = NULL },
};

static const struct {
    const char *name;
    enum verify_profile profile;
} profiles[] = {
    { "generic", VERIFY_GENERIC },
    { "device", VERIFY_DEVICE },
    { "infrastructure", VERIFY_INFRA },
    { "bootstrap", VERIFY_BOOTSTRAP },
};

static enum err read_profile(const char *name, enum verify_profile *ret_profile, struct why *why)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(profiles[i].name, name) == 0) {
            *ret_profile = profiles[i].profile;
            return OK;
        }
    return why_set(why, ERR_USAGE, "--profile %.40s: generic, device, infrastructure or bootstrap", name);
}

static enum err read_request(const struct command_line *line, struct verify_request *request, struct why *why)
{
    const char *moment = command_flag(line, "time");
    if (command_flag(line, "ca") == NULL)
        return why_set(why, ERR_USAGE, "--ca is missing: the roots to trust");
    request->now_s = clock_wall_s();
    request->chosen = moment != NULL;
    request->crl_leaf_required = command_flag(line, "crl") != NULL;
    if (moment != NULL && moment_parse(moment, &request->now_s) != OK)
        return why_set(why, ERR_USAGE, "--time %.60s: a moment looks like 2026-11-22T15:04:05Z (RFC 3339)", moment);
    return read_profile(command_flag(line, "profile"), &request->profile, why);
}

/* Hands a flag's file to one of trust's adders; an absent flag is fine. */
static enum err add_file(struct trust *trust, const char *path,
                         enum err (*add)(struct trust *trust, struct span pem_or_der, struct why *why), struct why *why)
{
    AUTO_BUF content = BUF_INIT;
    if (path == NULL)
        return OK;
    enum err err = file_read(path, FILE_MAX, &content, why);
    if (err != OK)
        return err;
    err = add(trust, buf_span(&content), why);
    return err == OK ? OK : why_prefix(why, err, "%s", path);
}

static enum err read_trust(const struct command_line *line, struct trust *trust, struct why *why)
{
    enum err err = add_file(trust, command_flag(line, "ca"), trust_add_roots, why);
    if (err == OK)
        err = add_file(trust, command_flag(line, "untrusted"), trust_add_intermediates, why);
    if (err == OK)
        err = add_file(trust, command_flag(line, "crl"), trust_add_crls, why);
    return err;
}

static enum err read_leaf(const char *path, struct cert **ret_cert, struct why *why)
{
    AUTO_BUF content = BUF_INIT;
    enum err err = file_read(path, FILE_MAX, &content, why);
    if (err != OK)
        return err;
    bool is_der = content.len != 0 && content.data[0] == 0x30; /* SEQUENCE; PEM begins with text */
    err = is_der ? cert_from_der(buf_span(&content), ret_cert, why) : cert_from_pem(buf_span(&content), ret_cert, why);
    return err == OK ? OK : why_prefix(why, err, "%s", path);
}

static enum err judge(const struct command_line *line, const struct verify_request *request, struct buf *subject, struct why *why)
{
    AUTO_TRUST trust = NULL;
    AUTO_CERT leaf = NULL;
    enum err err = trust_new(&trust);
    if (err == OK)
        err = read_trust(line, trust, why);
    if (err == OK)
        err = read_leaf(line->args[0], &leaf, why);
    if (err == OK)
        err = verify_certificate(trust, leaf, request, why);
    return err == OK ? cert_subject(leaf, subject) : err;
}

int judge_run(const struct command_line *line)
{
    struct verify_request request = { 0 };
    struct why why = { 0 };
    AUTO_BUF subject = BUF_INIT;
    enum err err = read_request(line, &request, &why);
    if (err != OK)
        return command_fail(line, err, &why, "nameplate verify --help");
    err = judge(line, &request, &subject, &why);
    const char *name = err == OK ? buf_text(&subject) : NULL;
    if (err == OK)
        printf("accepted: %s\n", name == NULL ? "" : name);
    else
        printf("refused: %s\n", why_text(&why, err));
    return err == OK ? 0 : 1;
}
