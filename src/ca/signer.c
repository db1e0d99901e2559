#include "ca/signer.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "log/log.h"

struct handler {
    signer_fn *fn;
};

static const struct handler handlers[CA_REQUEST_END] = {
    [CA_REQUEST_OPEN] = { batch_open },         [CA_REQUEST_NUMBERS] = { batch_numbers },
    [CA_REQUEST_CHECK] = { batch_check },       [CA_REQUEST_NEXT] = { issue_next },
    [CA_REQUEST_CLOSE] = { batch_close },       [CA_REQUEST_CONFIRM] = { batch_confirm },
    [CA_REQUEST_OUTCOMES] = { outcome_report }, [CA_REQUEST_ACCOUNTS] = { account_report },
    [CA_REQUEST_BOOTSTRAP] = { bootstrap_give }, [CA_REQUEST_ENROL] = { enrol_peer },
    [CA_REQUEST_LISTS] = { crl_give },          [CA_REQUEST_WITNESS] = { witness_trails },
    [CA_REQUEST_IDENTITIES] = { list_identities }, [CA_REQUEST_RENEW] = { renew_identity },
    [CA_REQUEST_SETTLE] = { settle_identity },
};

/* The main thread is one of them, and one more than there are cores: it often waits for the disk. */
static size_t count_workers(const struct ca_settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = settings->workers != 0 ? (size_t)settings->workers : cores > 0 ? (size_t)cores + 1 : 1;
    return n < SIGNER_WORKERS_MAX ? n : (size_t)SIGNER_WORKERS_MAX;
}

static enum err open_kek(struct signer *s, struct why *why)
{
    AUTO_SECRET kek = SECRET_INIT;
    enum err err = kek_load(s->settings->kek, &kek, why);
    return err != OK ? err : sealer_new(&kek, &s->kek, why);
}

static enum err open_register(struct signer *s, struct why *why)
{
    char path[PATH_MAX];
    ca_path(s->settings, "register.db", path);
    enum err err = register_open(path, DB_READ_WRITE, &s->db, why);
    if (err == OK)
        db_tidy_later(s->db, &s->untidy);
    return err;
}

enum err ca_signer_new(const struct ca_settings *settings, struct signer **ret_signer, struct why *why)
{
    struct signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->settings = settings;
    enum err err = open_register(s, why);
    if (err == OK)
        err = authorities_load(settings, true, false, &s->ca, why);
    if (err == OK)
        err = open_kek(s, why);
    if (err == OK)
        err = file_read(settings->profiles, LIMIT_PROFILES, &s->profiles, why);
    if (err == OK)
        err = pool_new(count_workers(settings), &s->pool);
    if (err == OK)
        err = issue_new_desk(s);
    if (err == OK)
        *ret_signer = s;
    else
        ca_signer_free(s);
    return err;
}

void ca_signer_free(struct signer *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < SIGNER_BATCHES; i++)
        batch_done(s, &s->batches[i]);
    issue_free_desk(s);
    for (size_t i = 0; i < s->makers_n; i++)
        maker_done(s, &s->makers[i]);
    pool_free(s->pool);
    buf_done(&s->profiles);
    buf_wipe(&s->out);
    sealer_free(s->kek);
    authorities_done(&s->ca);
    db_close(s->db);
    free(s);
}

/* An answer that cannot even be put together (no memory) leaves the front without one: it is then told by the
 * connection's end, as ca_signer_serve fails. */
static enum err put_error(struct buf *out, int64_t tag, enum err error, const struct why *why)
{
    size_t mark;
    enum err err = frame_begin(out, CA_ANSWER_ERROR, &mark);
    if (err == OK)
        err = frame_put_int(out, tag);
    if (err == OK)
        err = frame_put_text(out, err_row(error)->name);
    if (err == OK)
        err = frame_put_text(out, why_text(why, error));
    return err != OK ? err : frame_end(out, mark);
}

static enum err run_request(struct signer *s, unsigned kind, int64_t tag, struct frame_reader *fields, struct why *why)
{
    const struct batch *b = batch_find(s, tag);
    enum err err = permit_check(&s->meter, kind, b == NULL ? BATCH_NONE : b->state, clock_mono_ms(), why);
    if (err != OK)
        return err;
    return handlers[kind].fn(s, tag, fields, why);
}

void ca_signer_handle(struct signer *s, unsigned kind, struct frame_reader fields)
{
    struct why why = { 0 };
    size_t before = s->out.len;
    int64_t tag = frame_int(&fields);
    enum err err = fields.bad ? ERR_BAD_INPUT : run_request(s, kind, tag, &fields, &why);
    db_rollback(s->db); /* nothing that failed half-way stays open */
    if (err != OK) {
        s->out.len = before; /* no half answer */
        if (put_error(&s->out, tag, err, &why) != OK)
            s->out.len = before;
    }
}

/* Until the front asks; meanwhile, when it has not for a moment, what is put off till then. */
static void wait_for_request(struct signer *s, int fd)
{
    enum { MOMENT_MS = 50 };
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    struct why why = { "" };
    if (!s->untidy || poll(&wait, 1, MOMENT_MS) != 0)
        return;
    s->untidy = false;
    enum err err = db_tidy(s->db, &why);
    if (err != OK)
        log_failure(LOG_WARN, "tidy-failed", err, &why, NULL);
}

enum err ca_signer_serve(struct signer *s, int fd, struct why *why)
{
    AUTO_BUF in = BUF_INIT;
    for (;;) {
        uint16_t kind;
        struct frame_reader fields;
        wait_for_request(s, fd);
        enum err err = frame_receive(fd, &in, &kind, &fields, why);
        if (err == ERR_PEER_GONE)
            return OK;
        if (err != OK)
            return err;
        ca_signer_handle(s, kind, fields);
        err = frame_send(fd, buf_span(&s->out), why);
        secret_wipe(s->out.data, s->out.len);
        buf_clear(&s->out);
        if (err != OK)
            return err == ERR_PEER_GONE ? OK : err;
    }
}
