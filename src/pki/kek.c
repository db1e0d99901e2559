/* Where key-encryption keys come from. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"
#include "pki/seal.h"

/* 64 hex digits with a line's end behind them, as people write keys into files. */
static enum err read_hex(const struct secret *text, struct secret *ret_kek)
{
    char digits[2 * SEAL_KEY + 1] = "";
    size_t n = text->len;
    while (n > 0 && isspace(text->data[n - 1]))
        n--;
    enum err err = n != 2 * SEAL_KEY ? ERR_BAD_KEY : secret_new(SEAL_KEY, ret_kek);
    if (err != OK)
        return err;
    memcpy(digits, text->data, n);
    err = hex_decode(digits, SEAL_KEY, ret_kek->data);
    secret_wipe(digits, sizeof digits);
    if (err != OK)
        secret_done(ret_kek);
    return err;
}

static enum err load_file(const char *path, struct secret *ret_kek, struct why *why)
{
    AUTO_SECRET content = SECRET_INIT;
    struct secret kek = SECRET_INIT;
    enum err err = file_read_secret(path, 4096, &content, why);
    if (err != OK)
        return err;
    err = content.len == SEAL_KEY ? secret_copy(content.data, SEAL_KEY, &kek) : read_hex(&content, &kek);
    if (err != OK)
        return why_set(why, ERR_BAD_KEY, "%s: a key-encryption key is %d bytes or %d hexadecimal digits", path, SEAL_KEY,
                       2 * SEAL_KEY);
    *ret_kek = kek;
    return OK;
}

static enum err load_credential(const char *name, struct secret *ret_kek, struct why *why)
{
    char path[PATH_MAX];
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (dir == NULL)
        return why_set(why, ERR_CONFIG, "credential:%s: there is no $CREDENTIALS_DIRECTORY (start it by systemd with LoadCredential=)",
                       name);
    if (strchr(name, '/') != NULL || file_join(dir, name, sizeof path, path) != OK)
        return why_set(why, ERR_CONFIG, "\"%s\" is no name of a credential", name);
    return load_file(path, ret_kek, why);
}

enum err kek_load(const char *source, struct secret *ret_kek, struct why *why)
{
    if (strncmp(source, "file:", 5) == 0)
        return load_file(source + 5, ret_kek, why);
    if (strncmp(source, "credential:", 11) == 0)
        return load_credential(source + 11, ret_kek, why);
    if (strncmp(source, "tpm:", 4) == 0 || strncmp(source, "pkcs11:", 7) == 0)
        return why_set(why, ERR_UNSUPPORTED, "%s: keys in hardware are not supported yet", source);
    return why_set(why, ERR_CONFIG, "\"%s\" names no key-encryption key: file:PATH or credential:NAME", source);
}

bool kek_is_elsewhere(const char *source)
{
    return strncmp(source, "credential:", 11) == 0 && getenv("CREDENTIALS_DIRECTORY") == NULL;
}

enum err kek_mark(const struct secret *kek, int64_t *ret_mark)
{
    static const char label[] = "nameplate kek mark";
    uint8_t input[sizeof label + SEAL_KEY], hash[SHA256_DIGEST_LENGTH];
    uint64_t mark;
    if (kek->len != SEAL_KEY)
        return ERR_BUG;
    memcpy(input, label, sizeof label);
    memcpy(input + sizeof label, kek->data, SEAL_KEY);
    SHA256(input, sizeof input, hash);
    secret_wipe(input, sizeof input);
    memcpy(&mark, hash, sizeof mark);
    *ret_mark = (int64_t)(mark >> 1) | 1;
    return OK;
}

enum err kek_create_file(const char *path, struct why *why)
{
    uint8_t key[SEAL_KEY];
    enum err err = rng_fill(key, sizeof key);
    if (err == OK)
        err = file_create(path, span_of(key, sizeof key), 0600, why);
    else
        (void)why_set(why, err, "no random bytes for a key-encryption key");
    secret_wipe(key, sizeof key);
    return err;
}
