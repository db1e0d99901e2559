/* The four authorities of a CA's folder: DIR/root.crt and .key, identity, bootstrap, infrastructure. */
#ifndef CA_AUTHORITY_H
#define CA_AUTHORITY_H

#include "ca/settings.h"
#include "pki/cert.h"

enum authority_name { AUTHORITY_ROOT, AUTHORITY_IDENTITY, AUTHORITY_BOOTSTRAP, AUTHORITY_INFRASTRUCTURE, AUTHORITY_COUNT };

struct authority {
    struct cert *cert;
    struct key *key; /* NULL when not loaded */
};

struct authorities {
    struct authority of[AUTHORITY_COUNT];
};

const char *authority_name(enum authority_name name); /* "identity": file names, the register's `issuer` */

/* Certificates, and keys unless `keys` is false; the root's key only with root_key (it may lie elsewhere).
 * Errors: those of file_read, BAD_CERTIFICATE, BAD_KEY; CONFIG when a key is not its certificate's. */
enum err authorities_load(const struct ca_settings *s, bool keys, bool root_key, struct authorities *ret_ca, struct why *why) MUST_CHECK;
void authorities_done(struct authorities *ca);

#endif
