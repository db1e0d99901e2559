#include "pki/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "pki/openssl.h"

enum { VERSION = 1, NONCE = 12, TAG = 16, WRAPPED = SEAL_KEY + TAG };

struct sealer {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *wrap, *unwrap; /* keyed with the KEK once; only the nonce changes */
    EVP_CIPHER_CTX *data;          /* keyed anew for every item; has its cipher, which to give again would make it anew */
};

enum err sealer_new(const struct secret *kek, struct sealer **ret_sealer, struct why *why)
{
    if (kek->len != SEAL_KEY)
        return why_set(why, ERR_BAD_KEY, "a key-encryption key has %d bytes, not %zu", SEAL_KEY, kek->len);
    struct sealer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for a sealer");
    s->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    s->wrap = EVP_CIPHER_CTX_new();
    s->unwrap = EVP_CIPHER_CTX_new();
    s->data = EVP_CIPHER_CTX_new();
    if (s->cipher == NULL || s->wrap == NULL || s->unwrap == NULL || s->data == NULL ||
        EVP_EncryptInit_ex2(s->wrap, s->cipher, kek->data, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(s->unwrap, s->cipher, kek->data, NULL, NULL) != 1 ||
        EVP_CipherInit_ex2(s->data, s->cipher, NULL, NULL, 1, NULL) != 1) {
        sealer_free(s);
        return openssl_fail(why, ERR_BUG, "AES-256-GCM is not to be had");
    }
    *ret_sealer = s;
    return OK;
}

void sealer_free(struct sealer *s)
{
    if (s == NULL)
        return;
    EVP_CIPHER_CTX_free(s->wrap); /* each clears its key schedule */
    EVP_CIPHER_CTX_free(s->unwrap);
    EVP_CIPHER_CTX_free(s->data);
    EVP_CIPHER_free(s->cipher);
    free(s);
}

/* to: in.n bytes of ciphertext, then the tag. The context has its key and nonce already. */
static bool encrypt(EVP_CIPHER_CTX *ctx, struct span additional, struct span in, uint8_t *to)
{
    int n, end;
    return EVP_EncryptUpdate(ctx, NULL, &n, additional.at, (int)additional.n) == 1 &&
           EVP_EncryptUpdate(ctx, to, &n, in.at, (int)in.n) == 1 && EVP_EncryptFinal_ex(ctx, to + n, &end) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, to + in.n) == 1;
}

static bool decrypt(EVP_CIPHER_CTX *ctx, struct span additional, struct span in, uint8_t *to)
{
    int n, end;
    uint8_t tag[TAG];
    memcpy(tag, in.at + in.n - TAG, TAG);
    return EVP_DecryptUpdate(ctx, NULL, &n, additional.at, (int)additional.n) == 1 &&
           EVP_DecryptUpdate(ctx, to, &n, in.at, (int)in.n - TAG) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 && EVP_DecryptFinal_ex(ctx, to + n, &end) == 1;
}

enum { SEAL_INPUT_MAX = 1 << 30 }; /* OpenSSL counts in int */

static bool seal_into(struct sealer *s, struct span plain, struct span additional, uint8_t *to)
{
    uint8_t fresh[SEAL_KEY + 2 * NONCE];
    const uint8_t *key = fresh, *wrap_nonce = fresh + SEAL_KEY, *nonce = wrap_nonce + NONCE;
    bool done = RAND_priv_bytes(fresh, sizeof fresh) == 1;
    *to++ = VERSION;
    memcpy(to, wrap_nonce, NONCE);
    to += NONCE;
    done = done && EVP_EncryptInit_ex2(s->wrap, NULL, NULL, wrap_nonce, NULL) == 1 &&
           encrypt(s->wrap, additional, span_of(key, SEAL_KEY), to);
    to += WRAPPED;
    memcpy(to, nonce, NONCE);
    to += NONCE;
    done = done && EVP_EncryptInit_ex2(s->data, NULL, key, nonce, NULL) == 1 && encrypt(s->data, additional, plain, to);
    secret_wipe(fresh, sizeof fresh);
    return done;
}

enum err seal(struct sealer *s, struct span plain, struct span additional, struct buf *to, struct why *why)
{
    if (plain.n > SEAL_INPUT_MAX || additional.n > SEAL_INPUT_MAX)
        return why_set(why, ERR_TOO_LARGE, "%zu bytes are too many to seal", plain.n);
    enum err err = buf_reserve(to, plain.n + SEAL_OVERHEAD);
    if (err != OK)
        return why_set(why, err, "no room for a sealed item");
    if (!seal_into(s, plain, additional, to->data + to->len))
        return openssl_fail(why, ERR_BUG, "sealing failed");
    to->len += plain.n + SEAL_OVERHEAD;
    return OK;
}

enum err unseal(struct sealer *s, struct span sealed, struct span additional, struct secret *ret_plain, struct why *why)
{
    uint8_t key[SEAL_KEY];
    struct secret plain = SECRET_INIT;
    if (sealed.n < SEAL_OVERHEAD || sealed.n > SEAL_INPUT_MAX || additional.n > SEAL_INPUT_MAX || sealed.at[0] != VERSION)
        return why_set(why, ERR_DAMAGED, "the sealed item is cut short or of an unknown version");
    const uint8_t *wrap_nonce = sealed.at + 1, *wrapped = wrap_nonce + NONCE, *nonce = wrapped + WRAPPED, *body = nonce + NONCE;
    size_t body_n = sealed.n - (size_t)(body - sealed.at);
    if (secret_new(body_n - TAG + 1, &plain) != OK) /* one more: an empty item has an address too */
        return why_set(why, ERR_NO_MEMORY, "no memory to open a sealed item");
    plain.len--;
    bool opened = EVP_DecryptInit_ex2(s->unwrap, NULL, NULL, wrap_nonce, NULL) == 1 &&
                  decrypt(s->unwrap, additional, span_of(wrapped, WRAPPED), key) &&
                  EVP_DecryptInit_ex2(s->data, NULL, key, nonce, NULL) == 1 &&
                  decrypt(s->data, additional, span_of(body, body_n), plain.data);
    secret_wipe(key, sizeof key);
    if (!opened) {
        plain.len = body_n - TAG + 1;
        secret_done(&plain);
        return openssl_fail(why, ERR_DAMAGED, "the sealed item was changed, belongs to another row, or has another key");
    }
    *ret_plain = plain;
    return OK;
}
