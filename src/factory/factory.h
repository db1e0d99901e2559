/* The running factory server: what its parts share. The loop's thread owns all of it but the office. */
#ifndef FACTORY_FACTORY_H
#define FACTORY_FACTORY_H

#include "api/service.h"
#include "ask/ca.h"
#include "ask/ending.h"
#include "factory/keyed.h"
#include "factory/settings.h"
#include "http/client.h"
#include "http/server.h"
#include "pki/seal.h"
#include "store/stock.h"
#include "tls/credentials.h"

struct office;

struct factory {
    struct factory_settings settings;
    struct decide_policy policy;
    struct credentials credentials;
    struct ending ending; /* of their certificate */
    struct secret kek;
    struct sealer *sealer; /* of the loop's thread */
    struct loop *loop;
    struct db *db; /* of the loop's thread */
    atomic_bool untidy; /* the store's log: the office tidies it */
    struct http_client *client;
    struct http_server *stations, *admin;
    struct api_service api; /* of the administrators' listener */
    struct tls_context *ca_tls; /* as a client of the CA */
    char ca_url[CA_URL_SIZE];
    struct office *office;
    struct keyed keyed; /* numbers that wait for their stations */
    const char *config; /* path of the settings, for reloading */
    int64_t started_s;
    int64_t claims, written, failed; /* counters for /metrics, since start */
    unsigned draining;               /* listeners that still have exchanges */
};

/* Additional data of a sealed pack: number and fingerprint, so that two rows cannot be swapped. */
enum { SEAL_BINDING = LIMIT_NUMBER_TEXT + 1 + CERT_FINGERPRINT };
struct span factory_binding(const struct device_number *number, const uint8_t fingerprint[CERT_FINGERPRINT],
                            uint8_t ret_bytes[SEAL_BINDING]);

/* One entry of the audit trail; inside a transaction. What others said is put into the detail by text_quote. */
enum err factory_note(struct db *db, const char *actor, const char *event, const char *subject, struct why *why, const char *fmt,
                      ...) MUST_CHECK PRINTF_LIKE(6, 7);

/* The stations' listener. */
extern const struct http_handler factory_station_handler;

/* Whether the packs in the database are sealed under this key, and its mark. Errors: CONFIG when they are under another. */
enum err factory_check_kek(struct db *db, const struct secret *kek, int64_t *ret_mark, struct why *why) MUST_CHECK;

/* `factory serve`: runs until SIGTERM. Exit status. */
int factory_serve(const char *config);

#endif
