/* The messages that are one question and one answer: what goes to the signer, and what comes back. */
#include "base/arena.h"

#include "ca/front.h"

/* --- Questions: the fields behind the tag --- */

static enum err put_confirmation(struct call *c, const void *request, struct buf *to)
{
    const struct receipt_confirmation_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    return err != OK ? err : frame_put_text(to, r->request);
}

static enum err put_outcomes(struct call *c, const void *request, struct buf *to)
{
    const struct outcome_report_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    if (err == OK)
        err = frame_put_int(to, (int64_t)r->outcomes_n);
    for (size_t i = 0; err == OK && i < r->outcomes_n; i++) {
        const struct outcome *o = &r->outcomes[i];
        err = frame_put_text(to, o->number.text);
        if (err == OK)
            err = frame_put_bytes(to, o->fingerprint);
        if (err == OK)
            err = frame_put_text(to, o->outcome);
        if (err == OK)
            err = frame_put_text(to, o->reason);
    }
    return err;
}

static enum err put_account(struct call *c, const void *request, struct buf *to)
{
    const struct account_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    return err != OK ? err : frame_put_text(to, r->order);
}

static enum err put_witness(struct call *c, const void *request, struct buf *to)
{
    const struct witness_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    if (err == OK)
        err = frame_put_int(to, r->entries);
    if (err == OK)
        err = frame_put_bytes(to, r->head);
    return err != OK ? err : frame_put_int(to, r->asked);
}

static enum err put_bootstrap(struct call *c, const void *request, struct buf *to)
{
    const struct bootstrap_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    return err != OK ? err : frame_put_text(to, r->model);
}

static enum err put_enrolment(struct call *c, const void *request, struct buf *to)
{
    const struct enrolment_request *r = request;
    (void)c;
    enum err err = frame_put_text(to, r->token);
    if (err == OK)
        err = frame_put_bytes(to, r->csr);
    return err != OK ? err : frame_put_text(to, r->role == NULL ? "" : r->role);
}

static enum err put_identities(struct call *c, const void *request, struct buf *to)
{
    const struct identity_list_request *r = request;
    (void)c;
    return frame_put_int(to, r->cursor);
}

static enum err put_renewal(struct call *c, const void *request, struct buf *to)
{
    const struct identity_issue_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    if (err == OK)
        err = frame_put_text(to, r->number.text);
    if (err == OK)
        err = frame_put_text(to, r->reason);
    if (err == OK)
        err = frame_put_bytes(to, r->replaces);
    return err != OK ? err : frame_put_bytes(to, r->csr);
}

static enum err put_settlement(struct call *c, const void *request, struct buf *to)
{
    const struct identity_outcome_request *r = request;
    enum err err = frame_put_text(to, http_peer(c->x)->name);
    if (err == OK)
        err = frame_put_text(to, r->number.text);
    if (err == OK)
        err = frame_put_bytes(to, r->fingerprint);
    if (err == OK)
        err = frame_put_text(to, r->outcome);
    return err != OK ? err : frame_put_text(to, r->reason);
}

static enum err put_known_lists(struct call *c, const void *request, struct buf *to)
{
    const struct revocation_list_request *r = request;
    (void)c;
    return frame_put_bytes(to, r->known);
}

/* --- Answers --- */

static enum err give_done(struct call *c, struct frame_reader *fields)
{
    const struct receipt_confirmation_response response = { .accepted = true };
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

/* A list's length as the signer said it; each row takes at least `least` bytes of the frame. */
static size_t count_rows(struct frame_reader *fields, size_t least)
{
    int64_t n = frame_int(fields);
    if (n < 0 || (uint64_t)n > fields->rest.n / least) {
        fields->bad = true;
        return 0;
    }
    return (size_t)n;
}

/* Room for one text of the frame with its NUL; texts live in `arena`. */
static const char *take_text(struct frame_reader *fields, struct arena *arena)
{
    char *text = arena_text(arena, frame_bytes(fields));
    if (text == NULL)
        fields->bad = true;
    return text == NULL ? "" : text;
}

static enum err give_outcomes(struct call *c, struct frame_reader *fields)
{
    struct arena *arena = NULL;
    enum err err = arena_new(64u * 1024 * 1024, &arena);
    if (err != OK)
        return err;
    struct outcome_report_response response = { .taken_n = count_rows(fields, 16) };
    response.taken = arena_take(arena, (response.taken_n + 1) * sizeof *response.taken);
    if (response.taken == NULL)
        response.taken_n = 0;
    for (size_t i = 0; err == OK && i < response.taken_n; i++) {
        struct outcome_taken *t = &response.taken[i];
        err = number_parse(frame_bytes(fields), &t->number, NULL);
        t->state = take_text(fields, arena);
        t->error = take_text(fields, arena);
        t->reason = take_text(fields, arena);
    }
    if (err == OK)
        err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    arena_free(arena);
    return err;
}

static enum err give_accounts(struct call *c, struct frame_reader *fields)
{
    struct arena *arena = NULL;
    enum err err = arena_new(16u * 1024 * 1024, &arena);
    if (err != OK)
        return err;
    struct account_response response = { .accounts_n = count_rows(fields, 56) };
    response.accounts = arena_take(arena, (response.accounts_n + 1) * sizeof *response.accounts);
    if (response.accounts == NULL)
        response.accounts_n = 0;
    for (size_t i = 0; i < response.accounts_n; i++) {
        struct account *a = &response.accounts[i];
        a->order = take_text(fields, arena);
        a->model = take_text(fields, arena);
        a->quantity = frame_int(fields);
        a->issued = frame_int(fields);
        a->written = frame_int(fields);
        a->on_hand = frame_int(fields);
        a->voided = frame_int(fields);
        a->superseded = frame_int(fields);
    }
    err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    arena_free(arena);
    return err;
}

static enum err give_witness(struct call *c, struct frame_reader *fields)
{
    struct witness_response response = { .entries = frame_int(fields) };
    response.head = frame_bytes(fields);
    response.asked = frame_bytes(fields);
    response.kept_entries = frame_int(fields);
    response.kept_head = frame_bytes(fields);
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

static enum err give_bootstrap(struct call *c, struct frame_reader *fields)
{
    const struct bootstrap_response response = { .pack = frame_bytes(fields) };
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

enum { CERTIFICATES_MAX = 16 };

static size_t take_certificates(struct frame_reader *fields, struct certificate to[CERTIFICATES_MAX])
{
    size_t n = count_rows(fields, 4);
    if (n > CERTIFICATES_MAX) {
        fields->bad = true;
        n = 0;
    }
    for (size_t i = 0; i < n; i++)
        to[i].der = frame_bytes(fields);
    return n;
}

static enum err give_enrolment(struct call *c, struct frame_reader *fields)
{
    char role[16], name[LIMIT_NAME + 1];
    struct certificate issuers[CERTIFICATES_MAX];
    struct enrolment_response response = { .role = role, .name = name, .issuers = issuers };
    frame_text(fields, sizeof role, role);
    frame_text(fields, sizeof name, name);
    response.certificate = frame_bytes(fields);
    response.root = frame_bytes(fields);
    response.issuers_n = take_certificates(fields, issuers);
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

static enum err give_lists(struct call *c, struct frame_reader *fields)
{
    struct revocation_list lists[CERTIFICATES_MAX];
    struct revocation_list_response response = { .lists = lists, .lists_n = count_rows(fields, 4) };
    if (response.lists_n > CERTIFICATES_MAX)
        return ERR_BUG;
    for (size_t i = 0; i < response.lists_n; i++)
        lists[i].der = frame_bytes(fields);
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

static enum err give_identities(struct call *c, struct frame_reader *fields)
{
    struct arena *arena = NULL;
    enum err err = arena_new(1024 * 1024, &arena);
    if (err != OK)
        return err;
    struct identity_list_response response = { .more = frame_int(fields) != 0 };
    response.identities_n = count_rows(fields, 28);
    response.identities = arena_take(arena, (response.identities_n + 1) * sizeof *response.identities);
    if (response.identities == NULL)
        response.identities_n = 0;
    for (size_t i = 0; err == OK && i < response.identities_n; i++) {
        struct known_identity *k = &response.identities[i];
        k->cursor = frame_int(fields);
        err = number_parse(frame_bytes(fields), &k->number, NULL);
        k->generation = frame_int(fields);
        k->state = take_text(fields, arena);
        k->certificate = frame_bytes(fields);
    }
    if (err == OK)
        err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    arena_free(arena);
    return err;
}

static enum err give_renewal(struct call *c, struct frame_reader *fields)
{
    struct certificate issuers[CERTIFICATES_MAX];
    struct identity_issue_response response = { .certificate = frame_bytes(fields), .issuers = issuers };
    response.issuers_n = take_certificates(fields, issuers);
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

static enum err give_settlement(struct call *c, struct frame_reader *fields)
{
    char state[16];
    const struct identity_outcome_response response = { .state = state };
    frame_text(fields, sizeof state, state);
    enum err err = frame_finish(fields, NULL);
    if (err == OK)
        call_answer(c, &response);
    return err;
}

/* --- The table --- */

struct call_row {
    enum ca_request request;
    enum err (*put)(struct call *c, const void *request, struct buf *to);
    enum ca_answer answer;
    enum err (*give)(struct call *c, struct frame_reader *fields);
};

static const struct call_row rows[SOAP_MESSAGE_COUNT] = {
    [SOAP_RECEIPT_CONFIRMATION] = { CA_REQUEST_CONFIRM, put_confirmation, CA_ANSWER_DONE, give_done },
    [SOAP_OUTCOME_REPORT] = { CA_REQUEST_OUTCOMES, put_outcomes, CA_ANSWER_OUTCOMES, give_outcomes },
    [SOAP_ACCOUNT] = { CA_REQUEST_ACCOUNTS, put_account, CA_ANSWER_ACCOUNTS, give_accounts },
    [SOAP_BOOTSTRAP] = { CA_REQUEST_BOOTSTRAP, put_bootstrap, CA_ANSWER_PACK, give_bootstrap },
    [SOAP_ENROLMENT] = { CA_REQUEST_ENROL, put_enrolment, CA_ANSWER_ENROLLED, give_enrolment },
    [SOAP_WITNESS] = { CA_REQUEST_WITNESS, put_witness, CA_ANSWER_WITNESSED, give_witness },
    [SOAP_REVOCATION_LIST] = { CA_REQUEST_LISTS, put_known_lists, CA_ANSWER_LISTS, give_lists },
    [SOAP_IDENTITY_LIST] = { CA_REQUEST_IDENTITIES, put_identities, CA_ANSWER_IDENTITIES, give_identities },
    [SOAP_IDENTITY_ISSUE] = { CA_REQUEST_RENEW, put_renewal, CA_ANSWER_RENEWED, give_renewal },
    [SOAP_IDENTITY_OUTCOME] = { CA_REQUEST_SETTLE, put_settlement, CA_ANSWER_SETTLED, give_settlement },
};

static void on_answer(void *context, unsigned kind, struct frame_reader *fields)
{
    struct call *c = context;
    const struct call_row *row = &rows[c->message];
    if (kind == CA_ANSWER_ERROR) {
        call_fault_of(c, fields);
        return;
    }
    enum err err = kind == row->answer ? row->give(c, fields) : ERR_BUG;
    if (err != OK)
        call_fault(c, err, NULL);
}

void call_dispatch(struct call *c, const void *request)
{
    const struct call_row *row = &rows[c->message];
    struct buf *out;
    if (row->put == NULL) {
        call_fault(c, ERR_UNSUPPORTED, NULL);
        return;
    }
    enum err err = link_take_tag(c->front->link, on_answer, c, &c->tag);
    if (err == OK)
        err = link_begin(c->front->link, row->request, c->tag, &out);
    if (err == OK)
        err = row->put(c, request, out);
    if (err == OK)
        err = link_end(c->front->link);
    if (err != OK)
        call_fault(c, err, NULL);
}
