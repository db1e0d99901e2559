/* The running centre: what its parts share. The loop's thread owns all of it. */
#ifndef CENTER_CENTER_H
#define CENTER_CENTER_H

#include "ask/ca.h"
#include "ask/ending.h"
#include "center/console.h"
#include "center/settings.h"
#include "http/server.h"
#include "store/center.h"
#include "tls/credentials.h"

struct desk;       /* desk.c: exchanges that wait for the next commit, or for something to do */
struct feed;       /* feed.c: what the CA tells */
struct errands;    /* errand.c: what is asked of it */
struct identities; /* identity.c: parsed certificates */

struct center {
    struct center_settings settings;
    struct credentials credentials;
    struct ending ending; /* of their certificate */
    struct loop *loop;
    struct db *db;
    struct http_client *client;
    struct http_server *field, *admin;
    struct tls_context *ca_tls; /* as a client of the CA */
    struct console console;
    struct desk *desk;
    struct feed *feed;
    struct errands *errands;
    struct identities *identities;
    const char *config; /* path of the settings, for reloading */
    int64_t started_s;
    char ca_url[CA_URL_SIZE];
    unsigned draining; /* listeners that still have exchanges */
    bool leads;        /* does what is done by the clock; the only worker on a file always */
    bool away, untold; /* the database is out of reach; the others could not be told something */
    int64_t lead_at_ms;
    uint64_t workers_timer;
};

/* A call to this number was added, its agreement changed, a ticket of its was decided: whoever waits for something to do
 * on its behalf gets it now. After the commit. */
void center_wake(struct center *center, const char *number);

/* The operators' listener, and the line that says where it is. */
enum err center_open_admin(struct center *center, struct tls_context *tls, struct why *why) MUST_CHECK;
enum err center_announce_admin(const struct center *center, struct why *why) MUST_CHECK;

enum err identities_new(struct identities **ret_identities) MUST_CHECK;
void identities_free(struct identities *identities);

/* The devices' and gateways' listener. */
extern const struct http_handler center_field_handler;

/* Reads the credentials and their revocation lists again; new ones count for open connections too. */
void center_reload_credentials(void *center);

/* Everything but the loop's turns: `settings` are read, the rest is empty. After an error center_stop too. */
enum err center_start(struct center *center, struct why *why) MUST_CHECK;
void center_stop(struct center *center);

/* `center serve`: runs until SIGTERM. Exit status. */
int center_serve(const char *config);

#endif
