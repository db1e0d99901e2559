/* The identity with which a gateway speaks, up and down: that of the device beside it, read from its flash (M-6). The
 * device owns the flash and renews the identity; nothing is written here. */
#ifndef GATEWAY_IDENTITY_H
#define GATEWAY_IDENTITY_H

#include "device/board.h"
#include "tls/tls.h"

struct gateway_identity {
    struct board board; /* its pointers lead into itself: never moved */
    struct device_number number;
    struct tls_context *down, *up; /* server towards the LAN, client of the one above */
    int64_t changed_ns;            /* when the flash was last written */
};

/* Errors: those of board_open, NOT_FOUND (no identity yet), NOT_ALLOWED (not a gateway's), BAD_CERTIFICATE. */
enum err identity_new(const char *dir, struct gateway_identity **ret_identity, struct why *why) MUST_CHECK;
void identity_free(struct gateway_identity *identity); /* NULL is fine */

/* Whether the flash was written since; the identity may be another one then. */
bool identity_is_old(const struct gateway_identity *identity);

#endif
