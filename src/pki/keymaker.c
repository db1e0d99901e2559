#include "pki/keymaker.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <stdlib.h>

#include "base/secret.h"
#include "pki/openssl.h"

struct keymaker {
    EC_GROUP *group;
    const BIGNUM *order; /* of the group */
    EC_POINT *point;
    BIGNUM *scalar; /* constant-time; cleared after every key */
    BN_CTX *ctx;
};

/* PKCS #8 of a P-256 key (RFC 5958, RFC 5915) up to its scalar, and from there up to its point. */
static const uint8_t before_scalar[] = {
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
};
static const uint8_t before_point[] = { 0xa1, 0x44, 0x03, 0x42, 0x00 };
enum { PKCS8_BYTES = sizeof before_scalar + KEYMAKER_SCALAR + sizeof before_point + KEYMAKER_POINT };

enum err keymaker_new(struct keymaker **ret_maker, struct why *why)
{
    struct keymaker *m = calloc(1, sizeof *m);
    if (m == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory to make keys");
    m->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    m->order = m->group == NULL ? NULL : EC_GROUP_get0_order(m->group);
    m->point = m->group == NULL ? NULL : EC_POINT_new(m->group);
    m->scalar = BN_secure_new();
    m->ctx = BN_CTX_secure_new();
    if (m->order == NULL || m->point == NULL || m->scalar == NULL || m->ctx == NULL) {
        keymaker_free(m);
        return openssl_fail(why, ERR_NO_MEMORY, "no memory to make keys");
    }
    BN_set_flags(m->scalar, BN_FLG_CONSTTIME);
    *ret_maker = m;
    return OK;
}

void keymaker_free(struct keymaker *m)
{
    if (m == NULL)
        return;
    EC_POINT_free(m->point);
    EC_GROUP_free(m->group);
    BN_clear_free(m->scalar);
    BN_CTX_free(m->ctx);
    free(m);
}

/* A scalar from 1 to the group's order less 1 (FIPS 186-5 A.2.2), and its point. */
static bool draw(struct keymaker *m, uint8_t scalar[KEYMAKER_SCALAR], uint8_t point[KEYMAKER_POINT])
{
    do {
        if (BN_priv_rand_range_ex(m->scalar, m->order, 0, m->ctx) != 1)
            return false;
    } while (BN_is_zero(m->scalar));
    return EC_POINT_mul(m->group, m->point, m->scalar, NULL, NULL, m->ctx) == 1 &&
           EC_POINT_point2oct(m->group, m->point, POINT_CONVERSION_UNCOMPRESSED, point, KEYMAKER_POINT, m->ctx) == KEYMAKER_POINT &&
           BN_bn2binpad(m->scalar, scalar, KEYMAKER_SCALAR) == KEYMAKER_SCALAR;
}

enum err keymaker_make(struct keymaker *m, struct buf *key_to, uint8_t ret_point[KEYMAKER_POINT], struct why *why)
{
    enum err err = buf_reserve(key_to, PKCS8_BYTES);
    if (err != OK)
        return why_set(why, err, "no memory for a key");
    uint8_t *to = key_to->data + key_to->len, *scalar = to + sizeof before_scalar;
    memcpy(to, before_scalar, sizeof before_scalar);
    bool done = draw(m, scalar, ret_point);
    BN_clear(m->scalar);
    if (!done) {
        secret_wipe(scalar, KEYMAKER_SCALAR);
        return openssl_fail(why, ERR_BUG, "making a key failed");
    }
    memcpy(scalar + KEYMAKER_SCALAR, before_point, sizeof before_point);
    memcpy(scalar + KEYMAKER_SCALAR + sizeof before_point, ret_point, KEYMAKER_POINT);
    key_to->len += PKCS8_BYTES;
    return OK;
}
