#include "pki/signer.h"

#include <openssl/rsa.h>
#include <stdlib.h>

#include "pki/openssl.h"

struct signer {
    EVP_PKEY *evp; /* borrowed */
    enum key_type type;
    EVP_MD *digest;        /* NULL for Ed25519 */
    EVP_MD_CTX *hash;
    EVP_PKEY_CTX *sign;    /* initialised once, signs any number of hashes; NULL for Ed25519 */
    size_t signature_max;
};

#define ECDSA_SHA(n) { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n }
static const uint8_t ecdsa_sha256[] = ECDSA_SHA(2), ecdsa_sha384[] = ECDSA_SHA(3);       /* RFC 5758 3.2 */
static const uint8_t ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 };           /* RFC 8410 3 */
static const uint8_t rsa_sha256[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,    /* RFC 4055 5 */
                                      0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00 };

static const struct span algorithms[KEY_TYPE_COUNT] = {
    [KEY_P256] = { ecdsa_sha256, sizeof ecdsa_sha256 },  [KEY_P384] = { ecdsa_sha384, sizeof ecdsa_sha384 },
    [KEY_ED25519] = { ed25519, sizeof ed25519 },         [KEY_RSA2048] = { rsa_sha256, sizeof rsa_sha256 },
    [KEY_RSA3072] = { rsa_sha256, sizeof rsa_sha256 },
};

struct span signer_algorithm(const struct signer *signer) { return algorithms[signer->type]; }

static bool set_up_prehash(struct signer *s, const char *digest)
{
    s->digest = EVP_MD_fetch(NULL, digest, NULL);
    s->sign = EVP_PKEY_CTX_new_from_pkey(NULL, s->evp, NULL);
    if (s->digest == NULL || s->sign == NULL || EVP_PKEY_sign_init(s->sign) != 1)
        return false;
    if (EVP_PKEY_is_a(s->evp, "RSA") && EVP_PKEY_CTX_set_rsa_padding(s->sign, RSA_PKCS1_PADDING) != 1)
        return false;
    return EVP_PKEY_CTX_set_signature_md(s->sign, s->digest) == 1;
}

enum err signer_new(const struct key *key, struct signer **ret_signer, struct why *why)
{
    struct signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory to sign");
    s->evp = key_evp(key);
    s->type = key_type(key);
    s->signature_max = (size_t)EVP_PKEY_get_size(s->evp);
    s->hash = EVP_MD_CTX_new();
    const char *digest = key_type_digest(s->type);
    if (s->hash == NULL || (digest != NULL && !set_up_prehash(s, digest))) {
        signer_free(s);
        return openssl_fail(why, ERR_BUG, "the key cannot be made ready to sign");
    }
    *ret_signer = s;
    return OK;
}

void signer_free(struct signer *s)
{
    if (s == NULL)
        return;
    EVP_PKEY_CTX_free(s->sign);
    EVP_MD_CTX_free(s->hash);
    EVP_MD_free(s->digest);
    free(s);
}

static bool sign_hash(struct signer *s, struct span message, uint8_t *to, size_t *n)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_n;
    return EVP_DigestInit_ex2(s->hash, s->digest, NULL) == 1 && EVP_DigestUpdate(s->hash, message.at, message.n) == 1 &&
           EVP_DigestFinal_ex(s->hash, hash, &hash_n) == 1 && EVP_PKEY_sign(s->sign, to, n, hash, hash_n) == 1;
}

static bool sign_whole(struct signer *s, struct span message, uint8_t *to, size_t *n)
{
    return EVP_DigestSignInit_ex(s->hash, NULL, NULL, NULL, NULL, s->evp, NULL) == 1 &&
           EVP_DigestSign(s->hash, to, n, message.at, message.n) == 1;
}

enum err signer_sign(struct signer *s, struct span message, struct buf *to, struct why *why)
{
    size_t n = s->signature_max;
    enum err err = buf_reserve(to, n);
    if (err != OK)
        return why_set(why, err, "no memory for a signature");
    uint8_t *at = to->data + to->len;
    if (!(s->digest == NULL ? sign_whole(s, message, at, &n) : sign_hash(s, message, at, &n)))
        return openssl_fail(why, ERR_BUG, "signing failed");
    to->len += n;
    return OK;
}
