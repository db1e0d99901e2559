#include "center/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "center/desk.h"
#include "center/errand.h"
#include "center/hand_over.h"
#include "log/log.h"
#include "model/lifecycle.h"
#include "tls/lists.h"

enum { UNKNOWN_MOST = 256, FRESH_MS = 10000, KNOWN_AFTER_S = 10, LIST_MOST = 8 * 1024 * 1024, EXPIRE_MS = 1000, FORGET_MOST = 100 };

struct feed {
    struct center *center;
    uint64_t timer, expire_timer;
    int64_t heard_ms; /* the list of identities was read to its end */
    unsigned failures;
    struct lists_known lists; /* that count here */
    struct stranger {
        uint8_t fingerprint[CENTER_FINGERPRINT];
        int64_t first_s;
    } strangers[UNKNOWN_MOST]; /* identities that came and were unknown, by their first bytes */
};

bool feed_ought_to_know(struct center *center, const uint8_t fingerprint[CENTER_FINGERPRINT], int64_t now_s)
{
    struct feed *feed = center->feed;
    struct stranger *s = &feed->strangers[fingerprint[0]];
    if (memcmp(s->fingerprint, fingerprint, CENTER_FINGERPRINT) != 0) {
        memcpy(s->fingerprint, fingerprint, CENTER_FINGERPRINT);
        s->first_s = now_s;
    }
    bool fresh = feed->heard_ms != 0 && clock_mono_ms() - feed->heard_ms < FRESH_MS + feed->center->settings.ca_every_s * 1000;
    return fresh && now_s - s->first_s >= KNOWN_AFTER_S;
}

static void again(struct feed *feed, bool at_once);

static void failed(struct feed *feed, enum err err, const struct why *why)
{
    log_failure(feed->failures++ == 0 ? LOG_WARN : LOG_DEBUG, "ca-failed", err, why, NULL);
    again(feed, false);
}

/* --- Revocation lists --- */

static enum err keep_lists(struct feed *feed, const struct revocation_list_response *r, struct why *why)
{
    AUTO_LISTS lists = { .ders = BUF_INIT, .pem = BUF_INIT };
    bool changed = false;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < r->lists_n; i++)
        err = lists_add(&lists, r->lists[i].der);
    if (err == OK)
        err = lists_keep(&lists, feed->center->settings.common.identity, &feed->lists, &changed, why);
    if (err != OK || !changed)
        return err;
    center_reload_credentials(feed->center);
    desk_revoke(feed->center->desk, feed->center->credentials.trust);
    return OK;
}

static void on_lists(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *reason)
{
    (void)told;
    struct feed *feed = context;
    struct why why = *reason;
    if (err == OK)
        err = keep_lists(feed, answer->body, &why);
    if (err != OK) {
        failed(feed, err, &why);
        return;
    }
    if (feed->failures > 0)
        log_event(LOG_INFO, "ca-back", NULL);
    feed->failures = 0;
    again(feed, false);
}

static void ask(struct feed *feed, enum soap_message message, const void *body, size_t most, ca_done_fn *done)
{
    struct why why = { "" };
    struct center *center = feed->center;
    enum err err = ca_ask_later(center->client, center->ca_url, center->ca_tls,
                                &(struct ca_question){ message, NULL, body, most }, done, feed, &why);
    if (err != OK)
        failed(feed, err, &why);
}

/* --- Identities --- */

static enum err put_identity(struct db *db, const struct known_identity *k, struct why *why)
{
    enum lifecycle_state state = LIFE_PLANNED;
    struct center_identity i = { .number = k->number, .generation = k->generation, .certificate = k->certificate };
    if (lifecycle_parse(k->state, &state) == OK && lifecycle_is_over(state))
        i.over_s = clock_wall_s();
    if (strlen(k->state) >= sizeof i.state)
        return why_set(why, ERR_BAD_INPUT, "the CA told of a state %.40s", k->state);
    memcpy(i.state, k->state, strlen(k->state) + 1);
    cert_fingerprint_der(k->certificate, i.fingerprint);
    return center_identity_put(db, &i, k->cursor, why);
}

enum err feed_identities(struct center *center, const struct identity_list_response *r, struct why *why)
{
    struct db *db = center->db;
    bool awaited = false;
    if (r->identities_n == 0)
        return OK;
    enum err err = db_begin(db, why);
    for (size_t i = 0; err == OK && i < r->identities_n; i++) {
        err = put_identity(db, &r->identities[i], why);
        if (err == OK && !awaited) /* it may be the one that was made for a replacement board */
            err = center_ticket_approved(db, r->identities[i].number.text, &awaited, why);
    }
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    if (err == OK && awaited)
        errand_due(center, ERRAND_TICKET);
    return err;
}

/* The CA was restored from a copy and has not come to our cursor: all it knows is told again, from the beginning. */
static void begin_again(struct feed *feed)
{
    struct why why = { "" };
    enum err err = center_identity_rewind(feed->center->db, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "ca-failed", err, &why, NULL);
}

static void on_identities(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *reason)
{
    struct feed *feed = context;
    const struct revocation_list_request lists = { .known = lists_known(&feed->lists, feed->center->settings.common.identity) };
    struct why why = *reason;
    bool leads = feed->center->leads;
    if (told && err == ERR_BAD_INPUT && leads)
        begin_again(feed);
    if (err == OK && leads)
        err = feed_identities(feed->center, answer->body, &why);
    const struct identity_list_response *r = err == OK ? answer->body : NULL;
    if (err != OK) {
        failed(feed, err, &why);
    } else if (r->more && leads) {
        again(feed, true);
    } else {
        if (leads || r->identities_n == 0) /* what another worker keeps, it may not have kept yet */
            feed->heard_ms = clock_mono_ms();
        ask(feed, SOAP_REVOCATION_LIST, &lists, LIMIT_LISTS, on_lists);
    }
}

static void on_timer(void *context)
{
    struct feed *feed = context;
    struct why why = { "" };
    int64_t cursor = 0;
    feed->timer = 0;
    enum err err = center_identity_cursor(feed->center->db, &cursor, &why);
    if (err != OK)
        failed(feed, err, &why);
    else
        ask(feed, SOAP_IDENTITY_LIST, &(struct identity_list_request){ .cursor = cursor }, LIST_MOST, on_identities);
}

static void again(struct feed *feed, bool at_once)
{
    (void)!loop_timer(feed->center->loop, at_once ? 0 : feed->center->settings.ca_every_s * 1000, on_timer, feed, &feed->timer);
}

/* --- Calls whose time is over (I13: by this clock, from when they came here) --- */

static void note(enum err err, struct why *why)
{
    if (err != OK)
        log_failure(LOG_ERROR, "expiry-failed", err, why, NULL);
    *why = (struct why){ "" };
}

void feed_expire(struct center *center, int64_t now_s)
{
    struct why why = { "" };
    int64_t n = 0, next;
    note(hand_over_anew(center, now_s, &why), &why);
    note(center_call_expire(center->db, now_s, &n, &next, &why), &why);
    if (n > 0)
        log_event(LOG_INFO, "calls-expired", NULL);
    note(center_call_forget(center->db, now_s - center->settings.keep_days * 86400, FORGET_MOST, &n, &why), &why);
}

static void on_expire(void *context)
{
    struct feed *feed = context;
    if (feed->center->leads)
        feed_expire(feed->center, clock_wall_s());
    (void)!loop_timer(feed->center->loop, EXPIRE_MS, on_expire, feed, &feed->expire_timer);
}

enum err feed_start(struct center *center, struct why *why)
{
    (void)why;
    struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        return ERR_NO_MEMORY;
    feed->center = center;
    center->feed = feed;
    again(feed, true);
    return loop_timer(center->loop, EXPIRE_MS, on_expire, feed, &feed->expire_timer);
}

void feed_stop(struct center *center)
{
    if (center->feed == NULL)
        return;
    loop_cancel(center->loop, center->feed->timer);
    loop_cancel(center->loop, center->feed->expire_timer);
    free(center->feed);
    center->feed = NULL;
}
