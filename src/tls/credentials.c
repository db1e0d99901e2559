#include "tls/credentials.h"

#include "base/clock.h"
#include "base/file.h"
#include "pki/verify.h"

enum { PEM_MAX = 64 * 1024, PATH_SIZE = 1024 };

static enum err read_pem(const char *folder, const char *name, struct buf *to, struct why *why)
{
    char path[PATH_SIZE];
    enum err err = file_join(folder, name, sizeof path, path);
    return err != OK ? err : file_read(path, PEM_MAX, to, why);
}

/* What is wrong with the content of a file says which one. */
static enum err in_file(const char *name, enum err err, struct why *why) { return err == OK ? OK : why_prefix(why, err, "%s", name); }

static enum err load_key(const char *folder, const char *passphrase_file, struct key **ret_key, struct why *why)
{
    AUTO_SECRET passphrase = SECRET_INIT;
    AUTO_BUF pem = BUF_INIT; /* encrypted */
    enum err err = file_read_secret(passphrase_file, PEM_MAX, &passphrase, why);
    if (err == OK)
        err = read_pem(folder, "key.pem", &pem, why);
    return err != OK ? err : in_file("key.pem", key_from_pem(buf_span(&pem), &passphrase, ret_key, why), why);
}

/* Each certificate of a PEM text, in order, behind those that are there. */
static enum err add_chain(struct span pem, struct credentials *c, struct why *why)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    enum err err = OK;
    for (;;) {
        const uint8_t *at = memmem(pem.at, pem.n, begin, sizeof begin - 1);
        if (at == NULL)
            return OK;
        pem = span_of(at, pem.n - (size_t)(at - pem.at));
        if (c->chain_n == CREDENTIALS_CHAIN)
            return why_set(why, ERR_BAD_CERTIFICATE, "the chain has more than %d certificates", CREDENTIALS_CHAIN);
        struct cert *cert;
        if ((err = cert_from_pem(pem, &cert, why)) != OK)
            return err;
        c->chain[c->chain_n++] = cert;
        pem = span_of(pem.at + sizeof begin - 1, pem.n - (sizeof begin - 1));
    }
}

static enum err load_chain(const char *folder, struct credentials *c, struct why *why)
{
    AUTO_BUF cert = BUF_INIT;
    AUTO_BUF chain = BUF_INIT;
    enum err err = read_pem(folder, "cert.pem", &cert, why);
    if (err == OK)
        err = read_pem(folder, "chain.pem", &chain, why);
    if (err == OK)
        err = in_file("cert.pem", add_chain(buf_span(&cert), c, why), why);
    if (err == OK && c->chain_n == 0)
        err = why_set(why, ERR_BAD_CERTIFICATE, "cert.pem: there is no certificate in it");
    if (err == OK)
        err = in_file("chain.pem", add_chain(buf_span(&chain), c, why), why);
    return err;
}

/* None yet is fine; one that cannot be read is not: without it whoever was revoked would be let in again. */
static enum err load_lists(const char *folder, struct trust *trust, struct why *why)
{
    char path[PATH_SIZE];
    AUTO_BUF crl = BUF_INIT;
    enum err err = file_join(folder, "crl.pem", sizeof path, path);
    if (err == OK)
        err = file_read(path, LIMIT_LISTS, &crl, why);
    if (err == ERR_NOT_FOUND || (err == OK && crl.len == 0))
        return OK;
    return err == OK ? in_file("crl.pem", trust_add_crls(trust, buf_span(&crl), why), why) : err;
}

static enum err load_trust(const char *folder, struct credentials *c, struct why *why)
{
    AUTO_BUF root = BUF_INIT;
    enum err err = trust_new(&c->trust);
    if (err == OK)
        err = read_pem(folder, "root.pem", &root, why);
    if (err == OK)
        err = in_file("root.pem", trust_add_roots(c->trust, buf_span(&root), why), why);
    for (size_t i = 1; err == OK && i < c->chain_n; i++)
        err = trust_add_intermediates(c->trust, cert_der(c->chain[i]), why);
    return err == OK ? load_lists(folder, c->trust, why) : err;
}

static enum err check_self(struct credentials *c, enum role role, struct why *why)
{
    enum err err = cert_peer(c->chain[0], &c->self, why);
    if (err == OK && c->self.role != role)
        err = why_set(why, ERR_NOT_ALLOWED, "cert.pem is that of a %s, not of a %s", role_name(c->self.role), role_name(role));
    if (err == OK && !cert_matches_key(c->chain[0], c->key))
        err = why_set(why, ERR_BAD_KEY, "key.pem is not the key of cert.pem");
    return err;
}

enum err credentials_load(const char *folder, const char *passphrase_file, enum role role, struct credentials *ret_credentials,
                          struct why *why)
{
    struct credentials c = { 0 };
    enum err err = load_key(folder, passphrase_file, &c.key, why);
    if (err == OK)
        err = load_chain(folder, &c, why);
    if (err == OK)
        err = load_trust(folder, &c, why);
    if (err == OK)
        err = check_self(&c, role, why);
    if (err != OK) {
        credentials_done(&c);
        return why_prefix(why, err, "%s", folder);
    }
    *ret_credentials = c;
    return OK;
}

enum err credentials_check(const struct credentials *c, const char *folder, struct why *why)
{
    struct peer peer;
    enum err err = verify_peer(c->trust, c->chain[0], NULL, 0, clock_wall_s(), ROLE_BIT(c->self.role), &peer, why);
    return err == OK ? OK : why_prefix(why, err, "%s/cert.pem", folder);
}

void credentials_done(struct credentials *c)
{
    key_free(c->key);
    trust_free(c->trust);
    for (size_t i = 0; i < c->chain_n; i++)
        cert_free(c->chain[i]);
    *c = (struct credentials){ 0 };
}

enum err credentials_context(const struct credentials *c, bool server, unsigned peers, bool any_self_signed,
                             struct tls_context **ret_context, struct why *why)
{
    const struct tls_options options = {
        .server = server,
        .key = c->key,
        .chain = (const struct cert *const *)c->chain,
        .chain_n = c->chain_n,
        .trust = c->trust,
        .peers = peers,
        .any_self_signed = any_self_signed,
    };
    return tls_context_new(&options, ret_context, why);
}
