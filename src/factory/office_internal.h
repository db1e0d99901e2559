/* The office's parts, for office*.c only. */
#ifndef FACTORY_OFFICE_INTERNAL_H
#define FACTORY_OFFICE_INTERNAL_H

#include <pthread.h>

#include "factory/batch.h"
#include "factory/office.h"
#include "tls/lists.h"

struct office {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop, woken;
    struct decide_policy told; /* under the lock; by the loop's thread */
    struct decide_policy policy; /* of this round */
    struct factory *factory; /* only what never changes while it runs: settings, KEK, name, loop; the policy is told */
    struct db *db;
    struct tls_context *tls;
    struct http_keep *keep; /* its connection to the CA */
    char name[LIMIT_NAME + 16];
    bool leads, away; /* of the servers on this database; the database is out of reach */
    unsigned ca_failures, mes_failures;
    bool confirmed; /* a request since the last exchange of heads */
    int64_t witness_at_ms, witness_not_before_ms;
    struct lists_known lists; /* revoked, as the CA told last */
    int64_t ca_not_before_ms, mes_not_before_ms, crl_at_ms, low_at_ms;
};

/* Each does its step once; nothing to do is OK. */
enum err office_expire(struct office *office, struct why *why) MUST_CHECK;      /* leases that are over */
enum err office_erase(struct office *office, struct why *why) MUST_CHECK;       /* F-17, after retention */
enum err office_fetch(struct office *office, struct why *why) MUST_CHECK;       /* F-1, when due */
enum err office_request(struct office *office, struct why *why) MUST_CHECK;     /* F-3, when due */
enum err office_send(struct office *office, struct why *why) MUST_CHECK;        /* requests under way */
enum err office_confirm(struct office *office, struct why *why) MUST_CHECK;     /* what has come and is durable */
enum err office_report(struct office *office, struct why *why) MUST_CHECK;      /* write results; re-issue (F-16) */
enum err office_revocations(struct office *office, struct why *why) MUST_CHECK; /* CRLs, when due */
enum err office_witness(struct office *office, struct why *why) MUST_CHECK;     /* heads of the audit trails, when due */
void office_warn_low(struct office *office);

#endif
