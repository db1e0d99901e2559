#include "station/identity.h"

#include <string.h>

#include "base/file.h"

enum { PEM_MAX = 64 * 1024, PATH_SIZE = 600 };

static enum err read_part(const char *folder, const char *name, struct buf *to, struct why *why)
{
    char path[PATH_SIZE];
    enum err err = file_join(folder, name, sizeof path, path);
    return err == OK ? file_read(path, PEM_MAX, to, why) : err;
}

static enum err load_key(const char *folder, struct key **ret_key, struct why *why)
{
    char path[PATH_SIZE];
    AUTO_SECRET pem = SECRET_INIT;
    enum err err = file_join(folder, "key.pem", sizeof path, path);
    if (err == OK)
        err = file_read_secret(path, PEM_MAX, &pem, why);
    return err == OK ? key_from_pem(secret_span(&pem), NULL, ret_key, why) : err;
}

/* Each certificate of a PEM file, in order. */
static enum err add_certs(struct identity *id, struct span pem, struct why *why)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    while (id->chain_n < sizeof id->chain / sizeof *id->chain) {
        const uint8_t *at = pem.n == 0 ? NULL : memmem(pem.at, pem.n, begin, sizeof begin - 1);
        if (at == NULL)
            return OK;
        pem = span_of(at, pem.n - (size_t)(at - pem.at));
        enum err err = cert_from_pem(pem, &id->chain[id->chain_n], why);
        if (err != OK)
            return err;
        id->chain_n++;
        pem = span_of(pem.at + sizeof begin, pem.n - sizeof begin);
    }
    return why_set(why, ERR_BAD_CERTIFICATE, "the chain of the station's certificate is too long");
}

static enum err load_trust(const char *folder, struct identity *id, struct why *why)
{
    AUTO_BUF root = BUF_INIT, chain = BUF_INIT;
    enum err err = read_part(folder, "root.pem", &root, why);
    if (err == OK)
        err = trust_new(&id->trust);
    if (err == OK)
        err = trust_add_roots(id->trust, buf_span(&root), why);
    if (err == OK)
        err = read_part(folder, "chain.pem", &chain, why);
    return err == OK ? add_certs(id, buf_span(&chain), why) : err;
}

static enum err load_all(const char *folder, struct identity *id, struct why *why)
{
    AUTO_BUF own = BUF_INIT;
    enum err err = load_key(folder, &id->key, why);
    if (err == OK)
        err = read_part(folder, "cert.pem", &own, why);
    if (err == OK)
        err = cert_from_pem(buf_span(&own), &id->chain[0], why);
    if (err != OK)
        return err;
    id->chain_n = 1;
    err = cert_peer(id->chain[0], &id->self, why);
    if (err == OK && id->self.role != ROLE_STATION)
        err = why_set(why, ERR_NOT_ALLOWED, "%s/cert.pem is the certificate of a %s", folder, role_name(id->self.role));
    return err == OK ? load_trust(folder, id, why) : err;
}

enum err identity_load(const char *folder, struct identity *ret_identity, struct why *why)
{
    struct identity id = { .key = NULL };
    enum err err = load_all(folder, &id, why);
    if (err == OK)
        *ret_identity = id;
    else
        identity_done(&id);
    return err;
}

void identity_done(struct identity *id)
{
    key_free(id->key);
    for (size_t i = 0; i < id->chain_n; i++)
        cert_free(id->chain[i]);
    trust_free(id->trust);
    *id = (struct identity){ .key = NULL };
}

enum err identity_context(const struct identity *id, bool server, unsigned peers, bool any_self_signed, struct tls_context **ret_context,
                          struct why *why)
{
    const struct tls_options options = {
        .server = server,
        .key = id->key,
        .chain = (const struct cert *const *)id->chain,
        .chain_n = id->chain_n,
        .trust = id->trust,
        .peers = peers,
        .any_self_signed = any_self_signed,
    };
    return tls_context_new(&options, ret_context, why);
}
