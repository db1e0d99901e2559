#include "device/message_id.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/rng.h"

enum err message_id_new(char ret_id[LIMIT_MESSAGE_ID + 1])
{
    uint8_t random[16];
    char digits[2 * sizeof random + 1];
    enum err err = rng_fill(random, sizeof random);
    if (err != OK)
        return err;
    random[6] = (uint8_t)((random[6] & 0x0f) | 0x40); /* RFC 4122 section 4.4 */
    random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
    hex_encode(random, sizeof random, digits);
    snprintf(ret_id, LIMIT_MESSAGE_ID + 1, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12, digits + 16,
             digits + 20);
    return OK;
}
