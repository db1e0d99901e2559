#include "device/credential.h"

#include <string.h>

#include "pki/issuer.h"

void credential_done(struct credential *c)
{
    key_free(c->key);
    for (size_t i = 0; i < c->chain_n; i++)
        cert_free(c->chain[i]);
    *c = (struct credential){ 0 };
}

static enum err load_chain(const struct pack *pack, struct credential *c, struct why *why)
{
    enum err err = cert_from_der(pack->certificate, &c->chain[0], why);
    if (err == OK)
        c->chain_n = 1;
    for (size_t i = 0; err == OK && i < pack->intermediates_n; i++) {
        err = cert_from_der(pack->intermediates[i], &c->chain[1 + i], why);
        if (err == OK)
            c->chain_n++;
    }
    return err;
}

static enum err check_identity_number(const struct pack *pack, const struct cert *cert, const char *number, struct why *why)
{
    struct device_number said;
    enum err err = cert_device_number(cert, &said, why);
    if (err != OK)
        return err;
    if (!number_equal(&said, &pack->number))
        return why_set(why, ERR_NUMBER_MISMATCH, "the pack says %s, its certificate %s", pack->number.text, said.text);
    if (*number != '\0' && strcmp(said.text, number) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "the pack is for %s, this device is %s", said.text, number);
    return OK;
}

static enum err check_bootstrap_model(const struct cert *cert, const char *model, struct why *why)
{
    struct peer peer;
    enum err err = cert_peer(cert, &peer, why);
    if (err != OK)
        return err;
    if (peer.role != ROLE_BOOTSTRAP)
        return why_set(why, ERR_BAD_CERTIFICATE, "a %s certificate is not a bootstrap certificate", role_name(peer.role));
    if (*model != '\0' && strcmp(peer.name, model) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "the bootstrap certificate is for model %s, this board is of %s", peer.name,
                       model);
    return OK;
}

static enum err check_chain(const struct pack *pack, const struct credential *c, const struct credential_rules *rules,
                            struct why *why)
{
    if (!span_equal(pack->root, cert_der(rules->root)))
        return why_set(why, ERR_BAD_CERTIFICATE, "the pack's root certificate is not the one in this device's firmware");
    const struct verify_request request = {
        .profile = rules->use == CREDENTIAL_IDENTITY ? VERIFY_DEVICE : VERIFY_BOOTSTRAP,
        .now_s = cert_moment(c->chain[0], rules->now_s),
        .untrusted = pack->intermediates,
        .untrusted_n = pack->intermediates_n,
    };
    return verify_certificate(rules->trust, c->chain[0], &request, why);
}

static enum err judge(const struct pack *pack, const struct credential_rules *rules, struct credential *c, struct why *why)
{
    enum err err = load_chain(pack, c, why);
    if (err == OK)
        err = check_chain(pack, c, rules, why);
    if (err == OK)
        err = rules->use == CREDENTIAL_IDENTITY ? check_identity_number(pack, c->chain[0], rules->number, why)
                                                : check_bootstrap_model(c->chain[0], rules->model, why);
    if (err == OK)
        err = key_from_pkcs8(pack->private_key, &c->key, why);
    if (err == OK && !cert_matches_key(c->chain[0], c->key))
        err = why_set(why, ERR_BAD_KEY, "the pack's private key does not belong to its certificate");
    return err;
}

enum err credential_from_pack(struct span bytes, const struct credential_rules *rules, struct credential *ret_credential,
                              struct why *why)
{
    struct pack pack;
    struct credential c = { 0 };
    enum err err = pack_decode(bytes, &pack, why);
    if (err == OK)
        err = judge(&pack, rules, &c, why);
    if (err != OK) {
        credential_done(&c);
        return err;
    }
    cert_fingerprint(c.chain[0], c.fingerprint);
    *ret_credential = c;
    return OK;
}

/* By the root's profile, the only one that signs itself; nobody builds a chain on it. */
static enum err self_sign(struct credential *c, int64_t now_s, struct why *why)
{
    struct profile *profile = NULL;
    AUTO_BUF spki = BUF_INIT;
    enum err err = profile_load(span_text(""), "root", &profile, why);
    if (err == OK)
        err = key_spki(c->key, &spki);
    const struct cert_order order = {
        .profile = profile,
        .common_name = "blank board",
        .spki = buf_span(&spki),
        .not_before = now_s - 24 * 3600,
        .not_after = -1,
    };
    if (err == OK)
        err = cert_issue(&order, NULL, c->key, &c->chain[0], why);
    if (err == OK)
        c->chain_n = 1;
    profile_free(profile);
    return err;
}

enum err credential_ephemeral(int64_t now_s, struct credential *ret_credential, struct why *why)
{
    struct credential c = { 0 };
    enum err err = key_generate(KEY_P256, &c.key, why);
    if (err == OK)
        err = self_sign(&c, now_s, why);
    if (err != OK) {
        credential_done(&c);
        return err;
    }
    cert_fingerprint(c.chain[0], c.fingerprint);
    *ret_credential = c;
    return OK;
}
