/* Which of OpenSSL's algorithms this process has.
 *
 * OpenSSL 3.0 looks through every decoder and key type of its default provider, each with each, whenever it reads
 * a public or private key, so also for every certificate: that is most of what d2i_X509 and a TLS handshake cost.
 * Here it finds only the key types that are used. Everything else of the default provider stays as it is. */
#ifndef PKI_PROVIDER_H
#define PKI_PROVIDER_H

#include "base/err.h"

/* Once, at the very start of a program, before anything else uses OpenSSL and before there are threads. Programs
 * that judge foreign certificates (verify) do without and know all key types. Errors: BUG. */
enum err provider_start(struct why *why) MUST_CHECK;

#endif
