/* A bench for one device: a board in a folder of its own, the agent in front of it, and a station of the test's
 * own that speaks the real messages over real TLS, all on one loop. */
#ifndef TESTS_UNIT_DEVICE_BENCH_H
#define TESTS_UNIT_DEVICE_BENCH_H

#include "../pki/fixture.h"

#include "device/agent.h"

#define NUMBER "3012-123456"

/* A write result as it reached the station. */
struct arrived {
    int n; /* how many came in all */
    struct peer peer;
    char number[48], outcome[8], reason[WHY_MAX], message_id[LIMIT_MESSAGE_ID + 1], scan[128];
    uint8_t fingerprint[CERT_FINGERPRINT];
    struct buf proof;
    int refuse_first; /* so many are answered with 503 */
    bool not_accepted;
};

struct bench {
    struct fixture *pki;
    struct loop *loop;
    char dir[64];
    struct board board;
    struct agent agent;
    struct http_server *station;
    struct tls_context *station_server;
    struct arrived arrived;
    struct buf reply;
    enum err reply_err;
    bool replied, power_lost;
};

/* The board is blank, has the test root in its firmware and the number NUMBER. */
void bench_start(struct bench *b, bool sealed);
void bench_stop(struct bench *b);

/* A pack for `number` and its certificate; the spans in ret_pack stay until cert and key go. */
struct cert *bench_pack(const struct bench *b, const char *number, struct buf *ret_pack);
void bench_bootstrap_pack(const struct bench *b, const char *model, struct buf *ret_pack);
void bench_write_bootstrap(struct bench *b); /* onto the board directly, and plugs the board in again */

/* A TLS context under a certificate of this role. */
struct tls_context *bench_context(const struct bench *b, const char *urn, bool server, unsigned peers, bool any_self_signed);

/* Posts a request under a certificate of this role and waits for the answer. */
enum err bench_call(struct bench *b, const char *urn, enum soap_message message, const void *body, struct soap_parsed *ret_answer,
                    struct why *why);
/* Runs until n results have arrived (or two seconds have passed). */
void bench_wait_arrived(struct bench *b, int n);

#define STATION "urn:nameplate:station:line-1"

#endif
