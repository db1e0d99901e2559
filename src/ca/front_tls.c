/* What the CA's server shows, whom it takes, and the newest revocation lists for judging them: a station or
 * factory server that was revoked is refused within half a minute. */
#include "base/file.h"
#include "ca/front.h"
#include "log/log.h"

enum { LISTS_MS = 30000 };

struct shown {
    struct key *key;
    struct cert *cert, *issuer;
    struct trust *trust;
};

static void shown_done(struct shown *s)
{
    key_free(s->key);
    cert_free(s->cert);
    cert_free(s->issuer);
    trust_free(s->trust);
}

static enum err read_file(const struct ca_settings *s, const char *name, struct buf *to, struct why *why)
{
    char path[PATH_MAX];
    ca_path(s, name, path);
    return file_read(path, 64 * 1024, to, why);
}

static enum err read_key(const struct ca_settings *s, struct key **ret_key, struct why *why)
{
    char path[PATH_MAX];
    AUTO_SECRET passphrase = SECRET_INIT;
    AUTO_BUF pem = BUF_INIT; /* encrypted */
    ca_path(s, "secret/server-passphrase", path);
    enum err err = file_read_secret(path, 4096, &passphrase, why);
    if (err == OK)
        err = read_file(s, "identity/key.pem", &pem, why);
    return err != OK ? err : key_from_pem(buf_span(&pem), &passphrase, ret_key, why);
}

static enum err read_cert(const struct ca_settings *s, const char *name, struct cert **ret_cert, struct why *why)
{
    AUTO_BUF pem = BUF_INIT;
    enum err err = read_file(s, name, &pem, why);
    return err != OK ? err : cert_from_pem(buf_span(&pem), ret_cert, why);
}

static enum err make_trust(const struct ca_settings *s, struct frame_reader *lists, struct trust **ret_trust, struct why *why)
{
    AUTO_TRUST trust = NULL;
    AUTO_BUF root = BUF_INIT, chain = BUF_INIT;
    enum err err = trust_new(&trust);
    if (err == OK)
        err = read_file(s, "identity/root.pem", &root, why);
    if (err == OK)
        err = read_file(s, "identity/chain.pem", &chain, why);
    if (err == OK)
        err = trust_add_roots(trust, buf_span(&root), why);
    if (err == OK)
        err = trust_add_intermediates(trust, buf_span(&chain), why);
    int64_t n = lists == NULL ? 0 : frame_int(lists);
    for (int64_t i = 0; err == OK && i < n && !lists->bad; i++)
        err = trust_add_crls(trust, frame_bytes(lists), why);
    if (err == OK) {
        *ret_trust = trust;
        trust = NULL;
    }
    return err;
}

enum err front_tls(const struct ca_settings *s, struct frame_reader *lists, struct tls_context **ret_tls, struct why *why)
{
    struct shown shown = { 0 };
    enum err err = read_key(s, &shown.key, why);
    if (err == OK)
        err = read_cert(s, "identity/cert.pem", &shown.cert, why);
    if (err == OK)
        err = read_cert(s, "identity/chain.pem", &shown.issuer, why);
    if (err == OK)
        err = make_trust(s, lists, &shown.trust, why);
    const struct cert *chain[] = { shown.cert, shown.issuer };
    const struct tls_options options = { .server = true, .key = shown.key, .chain = chain, .chain_n = 2, .trust = shown.trust,
                                         .peers = ROLE_BIT(ROLE_FACTORY) | ROLE_BIT(ROLE_CENTER) | ROLE_BIT(ROLE_ANONYMOUS) };
    if (err == OK)
        err = tls_context_new(&options, ret_tls, why);
    shown_done(&shown);
    return err;
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
