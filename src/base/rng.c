#include "base/rng.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

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
