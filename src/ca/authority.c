#include "ca/authority.h"

#include <stdio.h>

#include "base/file.h"
#include "base/limit.h"

static const char *const names[AUTHORITY_COUNT] = {
    [AUTHORITY_ROOT] = "root",
    [AUTHORITY_IDENTITY] = "identity",
    [AUTHORITY_BOOTSTRAP] = "bootstrap",
    [AUTHORITY_INFRASTRUCTURE] = "infrastructure",
};

const char *authority_name(enum authority_name name) { return names[name]; }

static enum err read_part(const struct ca_settings *s, enum authority_name name, const char *end, struct buf *to, struct why *why)
{
    char file[32], path[PATH_MAX];
    snprintf(file, sizeof file, "%s.%s", names[name], end);
    ca_path(s, file, path);
    return file_read(path, 64 * 1024, to, why);
}

static enum err load_key(const struct ca_settings *s, enum authority_name name, const struct secret *passphrase,
                         struct authority *a, struct why *why)
{
    AUTO_BUF pem = BUF_INIT; /* encrypted */
    enum err err = read_part(s, name, "key", &pem, why);
    if (err == OK)
        err = key_from_pem(buf_span(&pem), passphrase, &a->key, why);
    if (err == OK && !cert_matches_key(a->cert, a->key))
        err = why_set(why, ERR_CONFIG, "%s.key does not belong to %s.crt", names[name], names[name]);
    return err;
}

static enum err load_one(const struct ca_settings *s, enum authority_name name, const struct secret *passphrase,
                         struct authority *a, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    enum err err = read_part(s, name, "crt", &pem, why);
    if (err == OK)
        err = cert_from_pem(buf_span(&pem), &a->cert, why);
    if (err == OK && passphrase != NULL)
        err = load_key(s, name, passphrase, a, why);
    return err;
}

enum err authorities_load(const struct ca_settings *s, bool keys, bool root_key, struct authorities *ret_ca, struct why *why)
{
    struct authorities ca = { 0 };
    AUTO_SECRET passphrase = SECRET_INIT;
    enum err err = keys ? file_read_secret(s->passphrase, 4096, &passphrase, why) : OK;
    for (int i = 0; err == OK && i < AUTHORITY_COUNT; i++) {
        bool with_key = keys && (i != AUTHORITY_ROOT || root_key);
        err = load_one(s, (enum authority_name)i, with_key ? &passphrase : NULL, &ca.of[i], why);
    }
    if (err == OK)
        *ret_ca = ca;
    else
        authorities_done(&ca);
    return err;
}

void authorities_done(struct authorities *ca)
{
    for (int i = 0; i < AUTHORITY_COUNT; i++) {
        cert_free(ca->of[i].cert);
        key_free(ca->of[i].key);
    }
    *ca = (struct authorities){ 0 };
}
