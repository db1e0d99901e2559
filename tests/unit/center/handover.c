#include "../pki/fixture.h"

#include <stdio.h>
#include <string.h>

#include "../store/scratch.h"
#include "center/errand.h"
#include "center/feed.h"
#include "center/hand_over.h"
#include "center/job.h"

/* A replacement board that was approved (M-8): when its identity counts, and how it gets the counters (M-5). */

#define NUMBER "3012-000001"

static struct center center;
static struct loop *loop; /* never run */
static struct fixture *pki;

/* The readings of the first boards cannot be read. */
static const char *board(int i);
static int damaged;
static bool all_damaged;
enum err __real_center_reading_last(struct db *db, const char *number, struct reading *ret_reading, struct why *why);
enum err __wrap_center_reading_last(struct db *db, const char *number, struct reading *ret_reading, struct why *why);
enum err __wrap_center_reading_last(struct db *db, const char *number, struct reading *ret_reading, struct why *why)
{
    for (int i = 0; i < damaged; i++)
        if (strcmp(number, board(i)) == 0)
            return ERR_DAMAGED;
    if (all_damaged)
        return ERR_DAMAGED;
    return __real_center_reading_last(db, number, ret_reading, why);
}

static int open_new(void **state)
{
    struct center_device d = { .kind = CENTER_DEVICE, .number = { NUMBER } };
    struct center_ticket t = { .number = { NUMBER }, .board = "part-1", .model = "3012", .asked_s = 1, .csr = span_text("csr") };
    const struct center_session chain = { .token = "t1" };
    (void)state;
    pki = fixture_new();
    assert_ok(loop_new(&loop, NULL));
    center = (struct center){ .settings = { .keep_days = 90 }, .loop = loop, .leads = true };
    assert_ok(errands_new(&center, &center.errands));
    assert_ok(center_open(scratch_path("handover.db"), DB_CREATE, &center.db, NULL));
    assert_ok(center_device_put(center.db, &d, NULL));
    assert_ok(center_session_put(center.db, NUMBER, &chain, NULL));
    assert_ok(center_ticket_ask(center.db, &t, NULL));
    assert_ok(center_ticket_decide(center.db, 1, "approved", "operator", 2, NULL));
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    errands_free(center.errands);
    loop_free(loop);
    db_close(center.db);
    fixture_free(pki);
    return 0;
}

static enum err count_open(void *context, const struct center_ticket *t)
{
    (void)t;
    ++*(int *)context;
    return OK;
}

static bool is_issued(void)
{
    int open = 0;
    assert_ok(center_ticket_list(center.db, true, count_open, &open, NULL));
    return open == 0;
}

struct told {
    int n;
    char id[LIMIT_MESSAGE_ID + 1];
    int64_t limit_s, sequence, value;
};

static enum err take_call(void *context, const struct center_call *c)
{
    struct told *t = context;
    AUTO_PARSED parsed = { 0 };
    assert_string_equal(c->operation, "CounterHandOver");
    assert_ok(soap_read_request(SERVICE_REMOTE, c->envelope, &parsed, NULL));
    const struct counter_hand_over_request *r = parsed.body;
    assert_string_equal(parsed.header.message_id, c->id);
    snprintf(t->id, sizeof t->id, "%s", c->id);
    t->limit_s = c->limit_s;
    t->sequence = r->sequence;
    t->value = r->counters_n == 0 ? 0 : r->counters[0].value;
    t->n++;
    return OK;
}

static struct told hand_over(void)
{
    struct told t = { .n = 0 };
    assert_ok(center_call_waiting(center.db, NUMBER, true, 10, take_call, &t, NULL));
    return t;
}

/* The CA's answer. */
static void issued(const struct cert *cert)
{
    struct errand e = { .center = &center, .kind = ERRAND_TICKET, .number = { NUMBER }, .id = 1 };
    assert_ok(errand_done_ticket(&e, &(struct identity_issue_response){ .certificate = cert_der(cert) }, OK, NULL, NULL));
}

static struct cert *tell_of(const char *state)
{
    struct cert *cert = fixture_device(&pki->identity, NUMBER, NOW, NULL);
    struct center_identity i = { .number = { NUMBER }, .generation = 2, .certificate = cert_der(cert) };
    snprintf(i.state, sizeof i.state, "%s", state);
    cert_fingerprint(cert, i.fingerprint);
    assert_ok(center_identity_put(center.db, &i, 7, NULL));
    return cert;
}

/* I1, M-5: before that the old identity counts still, and what comes under it is taken. */
static void a_board_gets_its_identity_when_the_list_of_identities_tells_of_it(void **state)
{
    struct cert *unknown = fixture_device(&pki->identity, NUMBER, NOW, NULL);
    struct center_session chain;
    (void)state;
    issued(unknown);
    assert_false(is_issued());
    assert_int_equal(hand_over().n, 0);
    assert_ok(center_session_find(center.db, NUMBER, &chain, NULL));
    cert_free(unknown);
    struct cert *known = tell_of("renewing");
    issued(known);
    assert_true(is_issued());
    assert_int_equal(hand_over().n, 1);
    assert_err(center_session_find(center.db, NUMBER, &chain, NULL), ERR_NOT_FOUND);
    cert_free(known);
}

/* M-5: it waits for that word, also when there is nothing to be told. */
static void a_board_is_told_where_its_counters_go_on_also_when_none_came_before(void **state)
{
    struct cert *known = tell_of("renewing");
    (void)state;
    issued(known);
    cert_free(known);
    assert_int_equal(hand_over().n, 1);
    assert_int_equal(hand_over().sequence, 0);
}

/* Somebody else may have taken it: the old board, behind the same gateway. */
static void a_hand_over_that_nobody_answered_in_time_is_told_anew(void **state)
{
    struct cert *known = tell_of("renewing");
    struct center_reading r = { .number = { NUMBER }, .received_s = 1000, .billable = true, .verdict = "follows",
                                .reading = { .epoch = 1, .sequence = 7, .counters_n = 1, .counters = { { "print", 70 } } } };
    enum call_state now;
    (void)state;
    assert_ok(center_reading_add(center.db, &r, NULL));
    issued(known);
    cert_free(known);
    const struct told first = hand_over();
    assert_int_equal(first.sequence, 7);
    assert_int_equal(first.value, 70);
    assert_ok(center_call_move(center.db, first.id, CALL_EVENT_TAKE, 0, span_of(NULL, 0), "", &now, NULL));
    assert_ok(hand_over_anew(&center, first.limit_s - 1, NULL));
    assert_int_equal(hand_over().n, 0);
    assert_ok(hand_over_anew(&center, first.limit_s, NULL));
    assert_int_equal(hand_over().n, 1);
    assert_int_equal(hand_over().sequence, 7);
    assert_string_not_equal(hand_over().id, first.id);
    const struct told second = hand_over();
    assert_true(second.limit_s > first.limit_s);
    assert_ok(center_device_stand(center.db, NUMBER, CENTER_SCRAPPED, "", NULL));
    assert_ok(hand_over_anew(&center, second.limit_s, NULL));
    assert_int_equal(hand_over().n, 0);
}

static enum err take_state(void *context, const struct center_call *c)
{
    *(enum call_state *)context = c->state;
    return OK;
}

static enum call_state state_of(const char *id)
{
    enum call_state state = CALL_WAITING;
    assert_ok(center_call_find(center.db, id, take_state, &state, NULL));
    return state;
}

/* Its answer may lie in a gateway, and has its place in its device's life. */
static void a_hand_over_that_is_told_anew_is_known_still(void **state)
{
    enum call_state now;
    struct cert *known = tell_of("renewing");
    (void)state;
    issued(known);
    cert_free(known);
    const struct told first = hand_over();
    assert_ok(center_call_move(center.db, first.id, CALL_EVENT_TAKE, 0, span_of(NULL, 0), "", &now, NULL));
    feed_expire(&center, first.limit_s);
    assert_int_equal(hand_over().n, 1);
    assert_int_equal(state_of(first.id), CALL_EXPIRED);
}

/* In quarantine, under no agreement, switched off: no row for each quarter of an hour. */
static void a_hand_over_that_nobody_took_waits_under_its_id(void **state)
{
    struct cert *known = tell_of("renewing");
    (void)state;
    issued(known);
    cert_free(known);
    const struct told first = hand_over();
    feed_expire(&center, first.limit_s);
    const struct told then = hand_over();
    assert_int_equal(then.n, 1);
    assert_string_equal(then.id, first.id);
    assert_int_equal(then.limit_s, first.limit_s + 900);
}

/* A gateway drops it at its limit; the board asks at its interval. */
static void a_board_may_poll_before_a_hand_over_to_it_is_over(void **state)
{
    static const struct {
        int64_t own_s, usual_s, limit_s;
    } rows[] = { { 0, 60, 900 }, { 0, 3600, 10800 }, { 7200, 60, 21600 }, { LIMIT_POLL_MOST_S, 60, LIMIT_POLL_MOST_S } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct device_number number = { NUMBER };
        struct told t = { .n = 0 };
        center.settings.poll_s = rows[i].usual_s;
        assert_ok(center_device_interval(center.db, NUMBER, rows[i].own_s, NULL));
        assert_ok(hand_over_tell(&center, &number, 1000, NULL));
        assert_ok(center_call_waiting(center.db, NUMBER, true, 10, take_call, &t, NULL));
        assert_int_equal(t.n, i + 1);
        assert_int_equal(t.limit_s, 1000 + rows[i].limit_s);
    }
}

enum { BOARDS = 80 };

static const char *board(int i)
{
    static char number[LIMIT_NUMBER_TEXT + 1];
    snprintf(number, sizeof number, "3012-1%05d", i);
    return number;
}

static struct center_call call_of(const char *number, const char *operation, int i)
{
    struct center_call c = { .down = true, .state = CALL_WAITING, .accepted_s = 1, .limit_s = 901, .envelope = span_text("<e/>") };
    snprintf(c.id, sizeof c.id, "%s %d", number, i);
    snprintf(c.number.text, sizeof c.number.text, "%s", number);
    snprintf(c.operation, sizeof c.operation, "%s", operation);
    return c;
}

/* Each was taken by a gateway, and the board has not answered. */
static void hand_over_to_boards(void)
{
    for (int i = 0; i < BOARDS; i++) {
        struct center_device d = { .kind = CENTER_DEVICE };
        struct center_call c = call_of(board(i), "CounterHandOver", 0);
        snprintf(d.number.text, sizeof d.number.text, "%s", board(i));
        c.state = CALL_TAKEN;
        assert_ok(center_device_put(center.db, &d, NULL));
        assert_ok(center_call_put(center.db, &c, NULL));
    }
}

static int boards_told(void)
{
    int n = 0;
    for (int i = 0; i < BOARDS; i++) {
        struct told t = { .n = 0 };
        assert_ok(center_call_waiting(center.db, board(i), true, 10, take_call, &t, NULL));
        n += t.n;
    }
    return n;
}

/* M-5: they read nothing until they have that word. */
static void of_many_hand_overs_that_are_over_none_is_lost(void **state)
{
    (void)state;
    hand_over_to_boards();
    for (int64_t s = 0; s < 3; s++)
        feed_expire(&center, 901 + s);
    assert_int_equal(boards_told(), BOARDS);
}

/* I12 */
static void a_hand_over_that_fails_holds_up_no_other_and_no_expiry(void **state)
{
    const struct center_call other = call_of(NUMBER, "RestartRequest", 0);
    (void)state;
    hand_over_to_boards();
    assert_ok(center_call_put(center.db, &other, NULL));
    damaged = 40;
    for (int64_t s = 0; s < 4; s++)
        feed_expire(&center, 901 + s);
    assert_int_equal(boards_told(), BOARDS - 40);
    assert_int_equal(state_of(other.id), CALL_EXPIRED);
    damaged = 0;
    for (int64_t s = 0; s < 4; s++)
        feed_expire(&center, 901 + 900 + 3 + s);
    assert_int_equal(boards_told(), BOARDS);
}

/* As many as may wait for one number lie there for the board that is no more. */
static void a_hand_over_has_room_when_no_other_call_has(void **state)
{
    struct cert *known = tell_of("renewing");
    (void)state;
    for (int i = 0; i < LIMIT_CALLS_WAITING; i++) {
        struct center_call c = call_of(NUMBER, "RestartRequest", i);
        c.state = CALL_TAKEN;
        assert_ok(center_call_put(center.db, &c, NULL));
    }
    issued(known);
    cert_free(known);
    assert_true(is_issued());
    assert_int_equal(hand_over().n, 1);
}

/* --- What is asked of the CA: by hand, as no loop runs --- */

static struct {
    loop_fn *fn;
    void *context;
    int64_t delay_ms;
} timers[4];
static size_t timers_n;
static int asked;
static ca_done_fn *answered;
static void *answered_context;

enum err __wrap_loop_timer(struct loop *l, int64_t delay_ms, loop_fn *fn, void *context, uint64_t *ret_id);
enum err __wrap_loop_timer(struct loop *l, int64_t delay_ms, loop_fn *fn, void *context, uint64_t *ret_id)
{
    (void)l;
    assert_true(timers_n < sizeof timers / sizeof *timers);
    timers[timers_n].fn = fn;
    timers[timers_n].context = context;
    timers[timers_n].delay_ms = delay_ms;
    *ret_id = 1000000 + ++timers_n; /* known to no loop */
    return OK;
}

enum err __wrap_ca_ask_later(struct http_client *client, const char *url, struct tls_context *tls, const struct ca_question *question,
                             ca_done_fn *done, void *context, struct why *why);
enum err __wrap_ca_ask_later(struct http_client *client, const char *url, struct tls_context *tls, const struct ca_question *question,
                             ca_done_fn *done, void *context, struct why *why)
{
    (void)client, (void)url, (void)tls, (void)why;
    assert_int_equal(question->message, SOAP_IDENTITY_ISSUE);
    asked++;
    answered = done;
    answered_context = context;
    return OK;
}

/* All timers that are set now. The longest delay of them. */
static int64_t run_timers(void)
{
    size_t n = timers_n;
    int64_t longest_ms = 0;
    timers_n = 0;
    for (size_t i = 0; i < n; i++) {
        loop_fn *fn = timers[i].fn;
        longest_ms = timers[i].delay_ms > longest_ms ? timers[i].delay_ms : longest_ms;
        fn(timers[i].context);
    }
    return longest_ms;
}

static void tell(const char *number)
{
    struct cert *cert = fixture_device(&pki->identity, number, NOW, NULL);
    struct known_identity known = { .generation = 2, .state = "renewing", .certificate = cert_der(cert), .cursor = 8 };
    snprintf(known.number.text, sizeof known.number.text, "%s", number);
    assert_ok(feed_identities(&center, &(struct identity_list_response){ .identities = &known, .identities_n = 1 }, NULL));
    cert_free(cert);
    run_timers();
}

/* M-8: a fleet that renews tells of an identity every few seconds. */
static void a_ticket_that_the_ca_refused_is_asked_about_when_the_ca_tells_of_its_number(void **state)
{
    const struct why refusal = { "no" };
    (void)state;
    asked = 0;
    timers_n = 0;
    errand_due(&center, ERRAND_TICKET);
    run_timers();
    assert_int_equal(asked, 1);
    answered(answered_context, ERR_CONFLICT, true, NULL, &refusal);
    run_timers();
    tell("3012-000002");
    assert_int_equal(asked, 1);
    tell(NUMBER);
    assert_int_equal(asked, 2);
}

/* I12 */
static void a_ticket_whose_identity_could_not_be_kept_is_asked_about_again(void **state)
{
    struct cert *known = tell_of("renewing");
    const struct soap_parsed answer = { .body = &(struct identity_issue_response){ .certificate = cert_der(known) } };
    (void)state;
    asked = 0;
    timers_n = 0;
    errand_due(&center, ERRAND_TICKET);
    run_timers();
    all_damaged = true;
    answered(answered_context, OK, true, &answer, NULL);
    all_damaged = false;
    assert_false(is_issued());
    assert_true(run_timers() >= 1000);
    run_timers();
    assert_int_equal(asked, 2);
    answered(answered_context, OK, true, &answer, NULL);
    assert_true(is_issued());
    cert_free(known);
}

static const char *incident_of(const struct cert *cert, const char *state)
{
    static struct verdict v;
    struct job job = { .center = &center, .now_s = NOW };
    struct center_identity i = { .number = { NUMBER }, .over_s = NOW - 1 };
    snprintf(i.state, sizeof i.state, "%s", state);
    assert_ok(identity_judge(&job, NUMBER, &i, true, cert, &v, NULL));
    assert_int_equal(v.err, ERR_UNKNOWN_IDENTITY);
    return v.incident;
}

/* M-6: what it sent by then is under way. Of a pack that somebody took, nothing is. */
static void a_void_identity_is_excused_when_another_one_came_in_its_place(void **state)
{
    struct cert *old = tell_of("voided");
    (void)state;
    assert_string_equal(incident_of(old, "voided"), "revoked");
    struct cert *new = tell_of("renewing");
    assert_string_equal(incident_of(old, "voided"), "");
    assert_string_equal(incident_of(old, "revoked"), "revoked");
    cert_free(old);
    cert_free(new);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)
    const struct CMUnitTest tests[] = {
        T(a_board_gets_its_identity_when_the_list_of_identities_tells_of_it),
        T(a_board_is_told_where_its_counters_go_on_also_when_none_came_before),
        T(a_hand_over_that_nobody_answered_in_time_is_told_anew),
        T(a_hand_over_that_is_told_anew_is_known_still),
        T(a_hand_over_that_nobody_took_waits_under_its_id),
        T(a_board_may_poll_before_a_hand_over_to_it_is_over),
        T(of_many_hand_overs_that_are_over_none_is_lost),
        T(a_hand_over_that_fails_holds_up_no_other_and_no_expiry),
        T(a_ticket_that_the_ca_refused_is_asked_about_when_the_ca_tells_of_its_number),
        T(a_ticket_whose_identity_could_not_be_kept_is_asked_about_again),
        T(a_void_identity_is_excused_when_another_one_came_in_its_place),
        T(a_hand_over_has_room_when_no_other_call_has),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
