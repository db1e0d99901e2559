#include "base/rng.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/hex.h"

enum err rng_fill(void *out, size_t n)
{
    uint8_t *at = out;
    while (n != 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        }
    }
    return OK;
}

enum err rng_uuid_urn(char ret_urn[RNG_UUID_URN])
{
    uint8_t bytes[16];
    char hex[33];
    enum err err = rng_fill(bytes, sizeof bytes);
    if (err != OK)
        return err;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    hex_encode(bytes, sizeof bytes, hex);
    snprintf(ret_urn, RNG_UUID_URN, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return OK;
}
