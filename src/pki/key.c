#include "pki/key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "base/limit.h"
#include "pki/openssl.h"

struct key {
    EVP_PKEY *evp; /* owned */
    enum key_type type;
};

static const struct {
    const char *name;
    const char *algorithm; /* as EVP_PKEY_is_a knows it */
    const char *group;     /* curve as EVP_PKEY_get_group_name says it, or NULL */
    int bits; /* 0: the algorithm has one size */
    const char *digest; /* NULL: hashes by itself */
} types[KEY_TYPE_COUNT] = {
    [KEY_P256] = { "p256", "EC", "prime256v1", 256, "SHA256" },
    [KEY_P384] = { "p384", "EC", "secp384r1", 384, "SHA384" },
    [KEY_ED25519] = { "ed25519", "ED25519", NULL, 0, NULL },
    [KEY_RSA2048] = { "rsa2048", "RSA", NULL, 2048, "SHA256" },
    [KEY_RSA3072] = { "rsa3072", "RSA", NULL, 3072, "SHA256" },
};

/* Makes guessing the passphrase of a stolen CA key slow (PBKDF2 rounds); about 30 ms for its owner. */
enum { PBKDF2_ROUNDS = 100000, PBKDF2_SALT = 16 };

const char *key_type_name(enum key_type type) { return (unsigned)type < KEY_TYPE_COUNT ? types[type].name : "unknown"; }
const char *key_type_digest(enum key_type type) { return types[type].digest; }
enum key_type key_type(const struct key *key) { return key->type; }
EVP_PKEY *key_evp(const struct key *key) { return key->evp; }

enum err key_type_parse(const char *name, enum key_type *ret_type)
{
    for (unsigned i = 0; i < KEY_TYPE_COUNT; i++)
        if (strcmp(types[i].name, name) == 0) {
            *ret_type = (enum key_type)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

static bool is_named_curve(const EVP_PKEY *evp, const char *group)
{
    char name[32];
    int spelt_out = 0;
    if (EVP_PKEY_get_group_name(evp, name, sizeof name, NULL) != 1 || strcmp(name, group) != 0)
        return false;
    return EVP_PKEY_get_int_param(evp, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelt_out) != 1 || spelt_out == 0;
}

/* FIPS 186-5 A.1.1: what is small is open to attacks on paddings that are not checked to the last byte. */
bool key_exponent_is_strong(const EVP_PKEY *evp)
{
    BIGNUM *e = NULL;
    if (EVP_PKEY_is_a(evp, "RSA") != 1 && EVP_PKEY_is_a(evp, "RSA-PSS") != 1)
        return true;
    bool strong = EVP_PKEY_get_bn_param(evp, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) == 1 && BN_num_bits(e) > 16 && BN_num_bits(e) <= 256;
    BN_free(e);
    return strong;
}

enum err key_type_of(const EVP_PKEY *evp, enum key_type *ret_type)
{
    for (unsigned i = 0; evp != NULL && i < KEY_TYPE_COUNT; i++) {
        if (EVP_PKEY_is_a(evp, types[i].algorithm) != 1 || (types[i].bits != 0 && EVP_PKEY_get_bits(evp) != types[i].bits))
            continue;
        if (types[i].group != NULL && !is_named_curve(evp, types[i].group))
            continue;
        if (!key_exponent_is_strong(evp))
            continue;
        *ret_type = (enum key_type)i;
        return OK;
    }
    return ERR_BAD_KEY;
}

enum err key_from_evp(EVP_PKEY *evp, struct key **ret_key, struct why *why)
{
    enum key_type type;
    if (key_type_of(evp, &type) != OK)
        return why_set(why, ERR_BAD_KEY, "the key is of no type that is used here (P-256, P-384, Ed25519; RSA 2048 or 3072 with an exponent from 65537 on)");
    struct key *key = malloc(sizeof *key);
    if (key == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for a key");
    EVP_PKEY_up_ref(evp);
    *key = (struct key){ .evp = evp, .type = type };
    *ret_key = key;
    return OK;
}

enum err key_generate(enum key_type type, struct key **ret_key, struct why *why)
{
    AUTO_EVP_PKEY evp = NULL;
    if ((unsigned)type >= KEY_TYPE_COUNT)
        return why_set(why, ERR_BAD_KEY, "there is no key type %d", (int)type);
    if (types[type].group != NULL)
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", types[type].group);
    else if (type == KEY_ED25519)
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)types[type].bits);
    if (evp == NULL)
        return openssl_fail(why, ERR_BUG, "making a %s key failed", types[type].name);
    return key_from_evp(evp, ret_key, why);
}

void key_free(struct key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->evp); /* OpenSSL clears private parts when it frees them */
    free(key);
}

/* The public part that came with a private key must be its own: everything after this trusts the public part. */
static enum err adopt_private(EVP_PKEY *evp, struct key **ret_key, struct why *why)
{
    struct key *key;
    enum err err = key_from_evp(evp, &key, why);
    if (err != OK)
        return err;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(evp, NULL);
    int agrees = ctx == NULL ? 0 : EVP_PKEY_pairwise_check(ctx);
    EVP_PKEY_CTX_free(ctx);
    if (agrees != 1) {
        key_free(key);
        return openssl_fail(why, ERR_BAD_KEY, "the private key and its public part do not belong together");
    }
    *ret_key = key;
    return OK;
}

static enum err take_bio(BIO *bio, struct secret *ret, struct why *why)
{
    char *data = NULL;
    long n = BIO_get_mem_data(bio, &data);
    if (n <= 0 || secret_copy(data, (size_t)n, ret) != OK)
        return why_set(why, ERR_NO_MEMORY, "no memory for a key");
    return OK;
}

static int write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *p8, const struct secret *passphrase)
{
    X509_SIG *sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), (const char *)passphrase->data, (int)passphrase->len, NULL,
                                     PBKDF2_SALT, PBKDF2_ROUNDS, p8);
    int done = sealed != NULL && PEM_write_bio_PKCS8(bio, sealed) == 1;
    X509_SIG_free(sealed);
    return done;
}

enum err key_to_pem(const struct key *key, const struct secret *passphrase, struct secret *ret_pem, struct why *why)
{
    AUTO_BIO bio = BIO_new(BIO_s_secmem());
    AUTO_PKCS8 p8 = EVP_PKEY2PKCS8(key->evp);
    if (bio == NULL || p8 == NULL)
        return openssl_fail(why, ERR_BUG, "the key cannot be written as PKCS #8");
    bool plain = passphrase == NULL || passphrase->len == 0;
    int done = plain ? PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, p8) : write_encrypted(bio, p8, passphrase);
    if (done != 1)
        return openssl_fail(why, ERR_BUG, "the key cannot be written as PEM");
    return take_bio(bio, ret_pem, why);
}

/* PEM's question for the passphrase: never asks at a terminal. */
static int give_passphrase(char *to, int size, int writing, void *arg)
{
    const struct secret *passphrase = arg;
    (void)writing;
    if (passphrase == NULL || passphrase->len == 0 || passphrase->len > (size_t)size)
        return -1;
    memcpy(to, passphrase->data, passphrase->len);
    return (int)passphrase->len;
}

enum err key_from_pem(struct span pem, const struct secret *passphrase, struct key **ret_key, struct why *why)
{
    struct secret copy = passphrase == NULL ? (struct secret){ 0 } : *passphrase; /* a view; OpenSSL wants it not const */
    if (pem.n > 4 * (size_t)LIMIT_PRIVATE_KEY)
        return why_set(why, ERR_TOO_LARGE, "the key file is larger than a key can be");
    AUTO_BIO bio = BIO_new_mem_buf(pem.at, (int)pem.n);
    if (bio == NULL)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for a key");
    AUTO_EVP_PKEY evp = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &copy);
    if (evp == NULL)
        return openssl_fail(why, ERR_BAD_KEY, "no private key can be read from it: not PEM, or the passphrase is missing or wrong");
    return adopt_private(evp, ret_key, why);
}

enum err key_to_pkcs8(const struct key *key, struct secret *ret_der, struct why *why)
{
    AUTO_PKCS8 p8 = EVP_PKEY2PKCS8(key->evp);
    int n = p8 == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(p8, NULL);
    struct secret der = SECRET_INIT;
    if (n <= 0)
        return openssl_fail(why, ERR_BUG, "the key cannot be written as PKCS #8");
    if (secret_new((size_t)n, &der) != OK)
        return why_set(why, ERR_NO_MEMORY, "no memory for a key");
    uint8_t *at = der.data;
    if (i2d_PKCS8_PRIV_KEY_INFO(p8, &at) != n) {
        secret_done(&der);
        return openssl_fail(why, ERR_BUG, "the key cannot be written as PKCS #8");
    }
    *ret_der = der;
    return OK;
}

enum err key_from_pkcs8(struct span der, struct key **ret_key, struct why *why)
{
    const uint8_t *at = der.at;
    if (der.n == 0 || der.n > LIMIT_PRIVATE_KEY)
        return why_set(why, ERR_BAD_KEY, "a private key has 1 to %d bytes, not %zu", LIMIT_PRIVATE_KEY, der.n);
    AUTO_PKCS8 p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n);
    if (p8 == NULL || at != der.at + der.n)
        return openssl_fail(why, ERR_BAD_KEY, "the private key is not PKCS #8 (RFC 5958)");
    AUTO_EVP_PKEY evp = EVP_PKCS82PKEY(p8);
    if (evp == NULL)
        return openssl_fail(why, ERR_BAD_KEY, "the private key cannot be understood");
    return adopt_private(evp, ret_key, why);
}

enum err key_sign(const struct key *key, struct span message, struct buf *to, struct why *why)
{
    AUTO_MD_CTX ctx = EVP_MD_CTX_new();
    size_t n = (size_t)EVP_PKEY_get_size(key->evp);
    enum err err = buf_reserve(to, n);
    if (err != OK)
        return why_set(why, err, "no memory for a signature");
    if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, types[key->type].digest, NULL, NULL, key->evp, NULL) != 1 ||
        EVP_DigestSign(ctx, to->data + to->len, &n, message.at, message.n) != 1)
        return openssl_fail(why, ERR_BUG, "signing failed");
    to->len += n;
    return OK;
}

enum err key_spki(const struct key *key, struct buf *to)
{
    int n = i2d_PUBKEY(key->evp, NULL);
    if (n <= 0)
        return openssl_fail(NULL, ERR_BUG, "no public key");
    enum err err = buf_reserve(to, (size_t)n);
    if (err != OK)
        return err;
    uint8_t *at = to->data + to->len;
    to->len += (size_t)i2d_PUBKEY(key->evp, &at);
    return OK;
}
