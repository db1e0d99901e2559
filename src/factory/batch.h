/* One request to the CA and its answer: numbers stream out of the database, packs stream in, are sealed and
 * stored by a writer thread while the next ones arrive. Memory does not grow with the number of packs. */
#ifndef FACTORY_BATCH_H
#define FACTORY_BATCH_H

#include "factory/factory.h"

enum { BATCH_COMMIT = 512 }; /* packs in one transaction */

struct batch {
    struct factory *factory; /* settings, KEK */
    struct db *db;                 /* of this thread, for the numbers */
    const char *url;
    struct tls_context *tls;
    char id[LIMIT_MESSAGE_ID + 1];
    int64_t left_out; /* numbers for which the whole answer had no pack; valid on success */
};

/* Sends the request (again) and stores what comes. OK: the answer was whole, and each pack in it is
 * stored and durable.
 * *ret_told: an error is the CA's word. Errors: those of the way to the CA, of its faults, of the database. */
enum err batch_run(struct batch *batch, bool *ret_told, struct why *why) MUST_CHECK;

/* The writer: a thread with a database handle of its own. */
struct writer;
enum err writer_start(struct factory *factory, const char *request, struct writer **ret_writer, struct why *why) MUST_CHECK;
/* Takes a copy of the pack; waits while the writer is far behind. Errors: what the writer met. */
enum err writer_put(struct writer *writer, const struct issued_pack *issued) MUST_CHECK;
/* Waits until all is committed, frees. Errors: what the writer met, its reason in `why`. */
enum err writer_finish(struct writer *writer, struct why *why) MUST_CHECK;

#endif
