#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"
#include "pki/issuer.h"
#include "tls/credentials.h"

enum { PASSPHRASE_BYTES = 32, PATH_SIZE = 1024 };

enum err credentials_read_fingerprint(const char *text, uint8_t ret_fingerprint[CERT_FINGERPRINT], struct why *why)
{
    char digits[2 * CERT_FINGERPRINT + 1] = "";
    size_t n = 0;
    const char *at = text;
    for (; *at != '\0' && n < sizeof digits - 1; at++) {
        bool between_bytes = n > 0 && n % 2 == 0 && at[-1] != ':';
        if (*at == ':' && between_bytes)
            continue;
        digits[n++] = *at;
    }
    if (*at != '\0' || hex_decode(digits, CERT_FINGERPRINT, ret_fingerprint) != OK)
        return why_set(why, ERR_BAD_INPUT, "the fingerprint %.100s is not 64 hexadecimal digits, as ca init printed them", text);
    return OK;
}

static enum err put_file(const char *folder, const char *name, struct span content, mode_t mode, struct why *why)
{
    char path[PATH_SIZE];
    enum err err = file_join(folder, name, sizeof path, path);
    return err != OK ? err : file_replace(path, content, mode, why);
}

/* The folder that holds `path` is made if need be. */
static enum err make_parent(const char *path, struct why *why)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return OK;
    int n = snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return n < (int)sizeof folder ? file_make_dir(folder, why) : why_set(why, ERR_TOO_LARGE, "the path %s is too long", path);
}

static enum err make_passphrase(const char *path, struct secret *ret_passphrase, struct why *why)
{
    uint8_t bytes[PASSPHRASE_BYTES];
    AUTO_SECRET text = SECRET_INIT;
    enum err err = make_parent(path, why);
    if (err == OK)
        err = rng_fill(bytes, sizeof bytes);
    if (err == OK)
        err = secret_new(2 * sizeof bytes + 1, &text);
    if (err == OK) {
        hex_encode(bytes, sizeof bytes, (char *)text.data);
        text.len = 2 * sizeof bytes;
        err = file_replace(path, secret_span(&text), 0600, why);
    }
    secret_wipe(bytes, sizeof bytes);
    if (err == OK) {
        *ret_passphrase = text;
        text = (struct secret)SECRET_INIT;
    }
    return err;
}

enum err credentials_make_key(const char *folder, const struct secret *passphrase, const char *common_name, struct buf *csr_to,
                              struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_SECRET pem = SECRET_INIT;
    enum err err = key_generate(KEY_P256, &key, why);
    if (err == OK)
        err = key_to_pem(key, passphrase, &pem, why);
    if (err == OK)
        err = put_file(folder, "key.pem", secret_span(&pem), 0600, why);
    return err != OK ? err : csr_make(key, common_name, csr_to, why);
}

enum err credentials_prepare(const char *folder, const char *passphrase_file, const char *common_name, struct buf *csr_to,
                             struct why *why)
{
    AUTO_SECRET passphrase = SECRET_INIT;
    enum err err = file_make_dir(folder, why);
    if (err == OK)
        err = make_passphrase(passphrase_file, &passphrase, why);
    return err != OK ? err : credentials_make_key(folder, &passphrase, common_name, csr_to, why);
}

static enum err put_certificates(const char *folder, const char *name, const struct span *ders, size_t n, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < n; i++) {
        AUTO_CERT cert = NULL;
        err = cert_from_der(ders[i], &cert, why);
        if (err == OK)
            err = cert_to_pem(cert, &pem);
    }
    return err != OK ? err : put_file(folder, name, buf_span(&pem), 0644, why);
}

static enum err check_root(struct span root, const uint8_t *pinned_root, struct why *why)
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    cert_fingerprint_der(root, fingerprint);
    return memcmp(fingerprint, pinned_root, CERT_FINGERPRINT) == 0
               ? OK
               : why_set(why, ERR_BAD_CERTIFICATE, "another root came than the fingerprint says");
}

enum err credentials_keep(const char *folder, const uint8_t *pinned_root, struct span certificate, const struct span *issuers,
                          size_t issuers_n, struct span root, struct why *why)
{
    if (issuers_n > LIMIT_CHAIN)
        return why_set(why, ERR_BAD_CERTIFICATE, "the chain is longer than %d", LIMIT_CHAIN);
    enum err err = check_root(root, pinned_root, why);
    if (err == OK)
        err = put_certificates(folder, "root.pem", &root, 1, why);
    if (err == OK)
        err = put_certificates(folder, "chain.pem", issuers, issuers_n, why);
    return err != OK ? err : put_certificates(folder, "cert.pem", &certificate, 1, why);
}
