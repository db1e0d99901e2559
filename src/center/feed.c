#include "center/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "center/desk.h"
#include "log/log.h"

enum { UNKNOWN_MOST = 256, FRESH_MS = 10000, KNOWN_AFTER_S = 10, LIST_MOST = 8 * 1024 * 1024, EXPIRE_MS = 1000, FORGET_MOST = 100 };

struct feed {
    struct center *center;
    uint64_t timer, expire_timer;
    int64_t heard_ms; /* the list of identities was read to its end */
    unsigned failures;
    bool has_lists;
    uint8_t lists[CERT_FINGERPRINT]; /* SHA-256 of the revocation lists that count here, as the CA makes it */
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

static enum err put_pem(struct span der, struct buf *to)
{
    AUTO_BUF text = BUF_INIT;
    enum err err = base64_encode(der.at, der.n, &text);
    if (err == OK)
        err = buf_put_text(to, "-----BEGIN X509 CRL-----\n");
    for (size_t at = 0; err == OK && at < text.len; at += 64)
        err = buf_putf(to, "%.*s\n", (int)(text.len - at < 64 ? text.len - at : 64), (const char *)text.data + at);
    return err != OK ? err : buf_put_text(to, "-----END X509 CRL-----\n");
}

static enum err join(const struct revocation_list_response *r, struct buf *ders, struct buf *pem)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < r->lists_n; i++) {
        err = buf_put_span(ders, r->lists[i].der);
        if (err == OK)
            err = put_pem(r->lists[i].der, pem);
    }
    return err;
}

/* No lists: those that we have are the newest. */
static enum err keep_lists(struct feed *feed, const struct revocation_list_response *r, struct why *why)
{
    char path[SETTING_TEXT_SIZE + 16];
    AUTO_BUF ders = BUF_INIT;
    AUTO_BUF pem = BUF_INIT;
    AUTO_BUF old = BUF_INIT;
    if (r->lists_n == 0)
        return OK;
    enum err err = file_join(feed->center->settings.identity, "crl.pem", sizeof path, path);
    if (err == OK)
        err = join(r, &ders, &pem);
    if (err != OK)
        return err;
    if (file_read(path, LIMIT_LISTS, &old, NULL) != OK || !span_equal(buf_span(&old), buf_span(&pem))) {
        err = file_replace(path, buf_span(&pem), 0644, why);
        if (err != OK)
            return err;
        center_reload_credentials(feed->center);
        desk_revoke(feed->center->desk, feed->center->credentials.trust);
    }
    cert_fingerprint_der(buf_span(&ders), feed->lists);
    feed->has_lists = true;
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
    struct center_identity i = { .number = k->number, .generation = k->generation, .certificate = k->certificate };
    if (strlen(k->state) >= sizeof i.state)
        return why_set(why, ERR_BAD_INPUT, "the CA told of a state %.40s", k->state);
    memcpy(i.state, k->state, strlen(k->state) + 1);
    cert_fingerprint_der(k->certificate, i.fingerprint);
    return center_identity_put(db, &i, k->cursor, why);
}

static enum err keep_identities(struct feed *feed, const struct identity_list_response *r, struct why *why)
{
    struct db *db = feed->center->db;
    if (r->identities_n == 0)
        return OK;
    enum err err = db_begin(db, why);
    for (size_t i = 0; err == OK && i < r->identities_n; i++)
        err = put_identity(db, &r->identities[i], why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

static void on_identities(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *reason)
{
    (void)told;
    struct feed *feed = context;
    const struct revocation_list_request lists = { .known = span_of(feed->lists, feed->has_lists ? sizeof feed->lists : 0) };
    struct why why = *reason;
    if (err == OK)
        err = keep_identities(feed, answer->body, &why);
    if (err != OK) {
        failed(feed, err, &why);
    } else if (((const struct identity_list_response *)answer->body)->more) {
        again(feed, true);
    } else {
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

static void on_expire(void *context)
{
    struct feed *feed = context;
    struct why why = { "" };
    int64_t n = 0, next;
    enum err err = center_call_expire(feed->center->db, clock_wall_s(), &n, &next, &why);
    if (err == OK && n > 0)
        log_event(LOG_INFO, "calls-expired", NULL);
    if (err == OK)
        err = center_call_forget(feed->center->db, clock_wall_s() - feed->center->settings.keep_days * 86400, FORGET_MOST, &n, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "expiry-failed", err, &why, NULL);
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
