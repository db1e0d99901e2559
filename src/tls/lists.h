/* The revocation lists that a program keeps beside its credentials (FOLDER/crl.pem, tls/credentials.h), and what it says
 * to the CA so that lists that have not changed need not come again (RevocationListRequest in soap/messages.h). */
#ifndef TLS_LISTS_H
#define TLS_LISTS_H

#include <sys/types.h>

#include "base/buf.h"
#include "pki/cert.h"

/* What the CA gave last and is on the disk; all zero: nothing yet. Not for two threads at once. */
struct lists_known {
    uint8_t sha256[CERT_FINGERPRINT]; /* over the lists, one behind the other */
    off_t size;                       /* of the file, when it was found or written */
    int64_t written_ns;
};

/* The digest for the request: absent when nothing is known, and when the file is not the one that was kept. */
struct span lists_known(const struct lists_known *known, const char *folder);

struct lists {
    struct buf ders, pem;
};
#define AUTO_LISTS __attribute__((cleanup(lists_done))) struct lists

/* One list of an answer. Errors: NO_MEMORY. */
enum err lists_add(struct lists *lists, struct span der) MUST_CHECK;

/* Keeps an answer, durable on return. `ret_changed`: the file is another than before, so credentials are to be loaded
 * again. An answer without any leaves all as it is (I8). After an error nothing is known. Errors: IO ... */
enum err lists_keep(const struct lists *lists, const char *folder, struct lists_known *known, bool *ret_changed,
                    struct why *why) MUST_CHECK;
void lists_done(struct lists *lists);

#endif
