/* What the CA's server shows, whom it takes, and the newest revocation lists for judging them: a station or
 * factory server that was revoked is refused within half a minute. */
#include "ca/front.h"
#include "log/log.h"
#include "tls/credentials.h"

enum { LISTS_MS = 30000 };

enum err front_tls(const struct ca_settings *s, struct frame_reader *lists, struct tls_context **ret_tls, struct why *why)
{
    AUTO_CREDENTIALS shown = { .key = NULL };
    char folder[PATH_MAX], passphrase[PATH_MAX];
    ca_path(s, "identity", folder);
    ca_path(s, "secret/server-passphrase", passphrase);
    enum err err = credentials_load(folder, passphrase, ROLE_CA, &shown, why);
    int64_t n = lists == NULL ? 0 : frame_int(lists);
    for (int64_t i = 0; err == OK && i < n && !lists->bad; i++)
        err = trust_add_crls(shown.trust, frame_bytes(lists), why);
    return err != OK ? err : credentials_context(&shown, true, soap_service_peers(SERVICE_CA), false, ret_tls, why);
}

/* --- Keeping them new --- */

static void ask_lists(void *context);

static void on_lists(void *context, unsigned kind, struct frame_reader *fields)
{
    struct front *f = context;
    struct why why = { 0 };
    struct tls_context *tls = NULL;
    link_drop(f->link, f->lists_tag);
    f->lists_tag = 0;
    enum err err = kind == CA_ANSWER_LISTS ? front_tls(f->settings, fields, &tls, &why) : ERR_BUG;
    if (err != OK) {
        log_failure(LOG_ERROR, "revocation lists", err, &why, NULL);
    } else {
        http_server_set_tls(f->server, tls);
        tls_context_free(tls);
    }
    loop_fn *ready = f->ready;
    f->ready = NULL;
    if (ready != NULL)
        ready(f);
    loop_cancel(f->loop, f->lists_timer);
    if (loop_timer(f->loop, LISTS_MS, ask_lists, f, &f->lists_timer) != OK)
        log_event(LOG_ERROR, "revocation lists", "why", "no timer: restart the CA", NULL);
}

static void ask_lists(void *context)
{
    struct front *f = context;
    struct buf *out;
    enum err err = link_take_tag(f->link, on_lists, f, &f->lists_tag);
    if (err == OK)
        err = link_begin(f->link, CA_REQUEST_LISTS, f->lists_tag, &out);
    if (err == OK)
        err = frame_put_bytes(out, (struct span){ 0 });
    if (err == OK)
        err = link_end(f->link);
    if (err != OK)
        log_failure(LOG_WARN, "revocation lists", err, NULL, NULL);
}

void front_watch_lists(struct front *f, loop_fn *ready)
{
    f->ready = ready;
    ask_lists(f);
}

void front_reload(struct front *f) { ask_lists(f); }
