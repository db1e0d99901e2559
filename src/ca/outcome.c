/* What became of the packs: reports of a factory server move the register's rows; accounts say what stands there. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "ca/decide.h"
#include "ca/signer.h"

struct outcome_in {
    struct device_number number;
    struct span fingerprint;
    char outcome[16], reason[128];
};

/* The row that a report is about. */
struct found {
    struct span fingerprint;
    const char *requester;
    int64_t id;
    enum lifecycle_state state;
};

static enum err match_row(void *context, const struct register_certificate *c)
{
    struct found *f = context;
    if (strcmp(c->kind, "device") == 0 && c->fingerprint.n != 0 && span_equal(c->fingerprint, f->fingerprint) &&
        strcmp(c->requester, f->requester) == 0) {
        f->id = c->id;
        f->state = c->state;
    }
    return OK;
}

static enum err find_row(struct signer *s, const struct outcome_in *in, struct found *f, struct why *why)
{
    const struct register_filter filter = { .subject = in->number.text };
    f->fingerprint = in->fingerprint;
    enum err err = register_certificate_list(s->db, &filter, match_row, f, why);
    if (err == OK && f->id == 0)
        err = why_set(why, ERR_NOT_FOUND, "%s has no certificate with this fingerprint that %s asked for", in->number.text,
                      f->requester);
    return err;
}

static enum err move_row(struct signer *s, const struct outcome_in *in, const struct found *f, enum lifecycle_state to,
                         struct why *why)
{
    char actor[LIMIT_NAME + 16], fingerprint[2 * CERT_FINGERPRINT + 1], reason[TEXT_QUOTED];
    int64_t now_s = clock_wall_s();
    bool revoked = !lifecycle_is_live(to);
    snprintf(actor, sizeof actor, "factory:%s", f->requester);
    hex_encode(f->fingerprint.at, CERT_FINGERPRINT, fingerprint);
    enum err err = register_certificate_move(s->db, f->id, f->state, to, revoked ? now_s : 0, revoked ? "superseded" : "", why);
    return err != OK ? err
                     : register_audit(s->db, now_s, actor, in->outcome, in->number.text, why,
                                      "from=%s to=%s fingerprint=%s reason=%s", lifecycle_name(f->state), lifecycle_name(to),
                                      fingerprint, text_quote(in->reason, sizeof reason, reason));
}

/* One report; a repeated one changes nothing and says the same state (I10). */
static enum err take_outcome(struct signer *s, const struct outcome_in *in, const char *requester, enum lifecycle_state *ret_state,
                             struct why *why)
{
    struct found f = { .requester = requester, .state = LIFE_PLANNED };
    enum lifecycle_state to = LIFE_PLANNED;
    if (in->fingerprint.n != CERT_FINGERPRINT)
        return why_set(why, ERR_BAD_INPUT, "%s: a fingerprint has %d bytes", in->number.text, CERT_FINGERPRINT);
    enum err err = find_row(s, in, &f, why);
    if (err != OK)
        return err;
    *ret_state = f.state; /* said in refusals, too */
    err = decide_outcome(f.state, in->outcome, &to, why);
    if (err == OK && to != f.state)
        err = move_row(s, in, &f, to, why);
    if (err == OK)
        *ret_state = to;
    return err != OK ? why_prefix(why, err, "%s", in->number.text) : OK;
}

static enum err read_outcome(struct frame_reader *fields, struct outcome_in *ret_in, struct why *why)
{
    struct outcome_in in = { 0 };
    enum err err = number_parse(frame_bytes(fields), &in.number, why);
    in.fingerprint = frame_bytes(fields);
    frame_text(fields, sizeof in.outcome, in.outcome);
    struct span reason = frame_bytes(fields);
    snprintf(in.reason, sizeof in.reason, "%.*s", (int)(reason.n < 127 ? reason.n : 127), (const char *)reason.at);
    for (char *at = in.reason; *at != '\0'; at++)
        if (*at == '"' || (unsigned char)*at < ' ')
            *at = '?';
    if (fields->bad)
        return why_set(why, ERR_BAD_INPUT, "the report cannot be read");
    if (err == OK)
        *ret_in = in;
    return err;
}

static enum err put_taken(struct signer *s, const struct outcome_in *in, enum lifecycle_state state, enum err error,
                          const struct why *reason)
{
    enum err err = frame_put_text(&s->out, in->number.text);
    if (err == OK)
        err = frame_put_text(&s->out, state == LIFE_PLANNED ? "unknown" : lifecycle_name(state));
    if (err == OK)
        err = frame_put_text(&s->out, error == OK ? "" : err_row(error)->name);
    return err != OK ? err : frame_put_text(&s->out, error == OK ? "" : why_text(reason, error));
}

/* Whether an error is about one report alone, so that the others still count. */
static bool is_refusal(enum err err) { return err_row(err)->action == ERR_ACTION_REFUSE && err != ERR_CONFLICT; }

static enum err take_all(struct signer *s, const char *requester, int64_t n, struct frame_reader *fields, struct why *why)
{
    enum err err = OK;
    for (int64_t i = 0; err == OK && i < n; i++) {
        struct outcome_in in;
        struct why reason = { 0 };
        enum lifecycle_state state = LIFE_PLANNED;
        err = read_outcome(fields, &in, why);
        if (err != OK)
            return err;
        enum err taken = take_outcome(s, &in, requester, &state, &reason);
        if (taken != OK && !is_refusal(taken)) {
            if (why != NULL)
                *why = reason;
            return taken;
        }
        err = put_taken(s, &in, state, taken, &reason);
    }
    return err;
}

enum err outcome_report(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    char requester[LIMIT_NAME + 1];
    size_t mark;
    frame_text(fields, sizeof requester, requester);
    int64_t n = frame_int(fields);
    enum err err = db_begin(s->db, why);
    if (err == OK)
        err = frame_begin(&s->out, CA_ANSWER_OUTCOMES, &mark);
    if (err != OK)
        return err;
    err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_int(&s->out, n);
    if (err == OK)
        err = take_all(s, requester, n, fields, why);
    if (err == OK)
        err = frame_finish(fields, why);
    if (err == OK)
        err = db_commit(s->db, why); /* saved first, answered then (I9) */
    return err != OK ? err : frame_end(&s->out, mark);
}

/* --- Accounts --- */

struct accounts {
    struct buf rows; /* fields of the answer */
    int64_t n;
};

/* The factory server's part: what was made in the field does not pass through its hands. */
static enum err put_account(void *context, const struct register_order *o, const struct register_account *a)
{
    struct accounts *all = context;
    const struct register_field_account *f = &a->field;
    const int64_t numbers[] = { o->quantity, a->issued - f->made, a->written - f->live, a->on_hand - f->renewing, a->voided - f->voided,
                                a->superseded - f->superseded };
    enum err err = frame_put_text(&all->rows, o->name);
    if (err == OK)
        err = frame_put_text(&all->rows, o->model);
    for (size_t i = 0; err == OK && i < sizeof numbers / sizeof *numbers; i++)
        err = frame_put_int(&all->rows, numbers[i]);
    all->n++;
    return err;
}

static enum err answer_accounts(struct signer *s, int64_t tag, const struct accounts *all)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_ACCOUNTS, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_int(&s->out, all->n);
    if (err == OK)
        err = buf_put_span(&s->out, buf_span(&all->rows));
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err account_report(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    char requester[LIMIT_NAME + 1], order[LIMIT_NAME + 1];
    struct accounts all = { 0 };
    frame_text(fields, sizeof requester, requester);
    frame_text(fields, sizeof order, order);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = register_order_list(s->db, requester, order[0] == '\0' ? NULL : order, put_account, &all, why);
    if (err == OK && all.n == 0 && order[0] != '\0')
        err = why_set(why, ERR_NOT_FOUND, "%s has no production order %s", requester, order);
    if (err == OK)
        err = answer_accounts(s, tag, &all);
    buf_done(&all.rows);
    return err;
}
