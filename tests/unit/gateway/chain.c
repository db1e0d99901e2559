/* A device, two gateways one behind the other (site B), a centre: letters both ways, through crashes (M-1 to M-4). The
 * gateways are the real programs; `GATEWAY` says where they are. */
#include "center.h"
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "field/letter.h"

#define UP "[uplink]\nurl = https://127.0.0.1:%u\ninterval = 1\nwait = 20\n[log]\nlevel = error\n"

static struct fixture *pki;
static struct stand_in center;
static struct node upper, lower, device, other, blank;
static char dir[] = "/tmp/nameplate-test-XXXXXX";

static void start_upper(void) { node_start(&upper, UP, center.port); }
static void start_lower(void) { node_start(&lower, UP, upper.port); }

static int group_setup(void **state)
{
    (void)state;
    pki = fixture_new();
    assert_non_null(mkdtemp(dir));
    stand_in_start(&center, pki, 0);
    node_make(&upper, pki, dir, "4001-90", "gateway");
    node_make(&lower, pki, dir, "4001-91", "gateway");
    node_make(&device, pki, dir, "4001-1", "idevid");
    node_make(&other, pki, dir, "4001-2", "idevid");
    node_make(&blank, pki, dir, "4001-3", NULL);
    start_upper();
    start_lower();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    char command[80];
    struct node *const nodes[] = { &upper, &lower, &device, &other, &blank };
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        node_done(nodes[i]);
    stand_in_stop(&center);
    fixture_free(pki);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

/* --- Speaking as a device --- */

static struct exchange_response *exchange(const struct node *n, const struct exchange_request *r, struct soap_parsed *reply)
{
    struct why why = { "" };
    enum err err = node_ask(n, lower.port, SOAP_EXCHANGE, r, reply, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    return reply->body;
}

static struct field_presence presence(const struct node *n, const char *number, const char *nonce)
{
    struct field_presence p = { .nonce = nonce, .fingerprint = span_of(n->board.identity.fingerprint, CERT_FINGERPRINT), .version = "1.0" };
    assert_ok(number_parse(span_text(number), &p.number, NULL));
    return p;
}

/* The session for a presence, however many exchanges it takes. */
static void appear(const struct node *n, const char *number, const char *nonce)
{
    struct field_presence p = presence(n, number, nonce);
    for (int i = 0; i < 10; i++) {
        AUTO_PARSED reply = { 0 };
        const struct exchange_request r = { .presences = &p, .presences_n = 1, .wait = 5 };
        struct exchange_response *got = exchange(n, &r, &reply);
        for (size_t k = 0; k < got->sessions_n; k++)
            if (strcmp(got->sessions[k].nonce, nonce) == 0) {
                assert_string_equal(got->sessions[k].state, "admitted");
                assert_string_equal(got->sessions[k].number.text, number);
                return;
            }
    }
    fail_msg("no session for %s", nonce);
}

static struct field_call event(const struct node *n, const char *number, const char *id, struct buf *signature)
{
    struct field_call c = { .id = id, .limit = 60, .envelope = span_text("<envelope>event</envelope>") };
    assert_ok(number_parse(span_text(number), &c.number, NULL));
    buf_clear(signature);
    assert_ok(letter_sign_call(n->board.identity.key, &c, signature, NULL));
    c.signature = buf_span(signature);
    return c;
}

/* Gives a call; what its receipt says: "OK" or the error. */
static const char *give_call(const struct node *n, const char *number, const char *id)
{
    static char said[40];
    AUTO_PARSED reply = { 0 };
    AUTO_BUF signature = BUF_INIT;
    struct field_call c = event(n, number, id, &signature);
    const struct exchange_request r = { .calls = &c, .calls_n = 1 };
    struct exchange_response *got = exchange(n, &r, &reply);
    snprintf(said, sizeof said, "nothing");
    for (size_t i = 0; i < got->receipts_n; i++)
        if (strcmp(got->receipts[i].id, id) == 0)
            snprintf(said, sizeof said, "%s", got->receipts[i].accepted ? "OK" : got->receipts[i].error);
    return said;
}

static void wait_for(const char *what, const char *id)
{
    for (int i = 0; i < 400; i++) {
        if (stand_in_count(&center, what, id) > 0)
            return;
        usleep(25000);
    }
    fail_msg("the centre never saw %s %s", what, id);
}

/* --- The stories --- */

static void a_presence_reaches_the_centre_and_its_session_the_device(void **state) /* M-1, M-3 */
{
    (void)state;
    appear(&device, "4001-1", "first");
    wait_for("presence", "first");
    assert_string_equal(center.seen[0].by, "4001-90"); /* the one that the centre sees is the upper gateway */
    appear(&device, "4001-1", "first"); /* the reply was lost: the same again, from the gateway */
    assert_int_equal(center.doubled, 0);
}

static void call_down(const char *id)
{
    pthread_mutex_lock(&center.lock);
    center.down = (struct field_call){ .id = id, .limit = 60, .envelope = span_text("<envelope>call</envelope>"),
                                       .signature = span_text("by the centre") };
    assert_ok(number_parse(span_text("4001-1"), &center.down.number, NULL));
    center.down_taken = false;
    pthread_mutex_unlock(&center.lock);
}

/* Asks until the call is there; it comes as it was sent. */
static void receive_call(const char *id)
{
    for (int i = 0; i < 20; i++) {
        AUTO_PARSED reply = { 0 };
        const struct exchange_request r = { .wait = 2 };
        struct exchange_response *got = exchange(&device, &r, &reply);
        for (size_t k = 0; k < got->calls_n; k++)
            if (strcmp(got->calls[k].id, id) == 0) {
                assert_true(span_equal(got->calls[k].envelope, span_text("<envelope>call</envelope>")));
                assert_true(span_equal(got->calls[k].signature, span_text("by the centre")));
                return;
            }
    }
    fail_msg("the call %s never came", id);
}

static void give_answer(const char *id, const char *kind)
{
    AUTO_PARSED reply = { 0 };
    AUTO_BUF signature = BUF_INIT;
    struct field_answer a = { .id = id, .kind = kind, .after = strcmp(kind, "delay") == 0 ? 9 : 0,
                              .envelope = strcmp(kind, "delay") == 0 ? span_of(NULL, 0) : span_text("<envelope>42</envelope>") };
    assert_ok(number_parse(span_text("4001-1"), &a.number, NULL));
    assert_ok(letter_sign_answer(device.board.identity.key, &a, &signature, NULL));
    a.signature = buf_span(&signature);
    struct field_receipt taken = { .id = id, .what = "call", .accepted = true };
    const struct exchange_request r = { .answers = &a, .answers_n = 1, .receipts = &taken, .receipts_n = 1 };
    struct exchange_response *got = exchange(&device, &r, &reply);
    assert_int_equal(got->receipts_n, 1);
    assert_true(got->receipts[0].accepted);
}

static void check_answer_at_center(const char *id)
{
    for (size_t i = 0; i < center.seen_n; i++) {
        const struct seen *s = &center.seen[i];
        if (strcmp(s->what, "answer") != 0 || strcmp(s->id, id) != 0)
            continue;
        struct field_answer a = { .id = id, .kind = "response", .envelope = buf_span(&s->envelope), .signature = buf_span(&s->signature) };
        assert_ok(number_parse(span_text("4001-1"), &a.number, NULL));
        assert_ok(letter_check_answer(device.board.identity.chain[0], &a, NULL)); /* nothing between could change it */
        return;
    }
    fail_msg("no answer %s", id);
}

static void a_call_comes_down_and_its_delay_and_response_go_up(void **state) /* M-2, M-4 */
{
    (void)state;
    call_down("down-1");
    receive_call("down-1");
    give_answer("down-1", "delay");
    wait_for("delay", "down-1");
    give_answer("down-1", "response");
    wait_for("answer", "down-1");
    check_answer_at_center("down-1");
    assert_true(center.down_taken);
}

static void a_call_survives_a_kill_of_each_gateway_at_each_step(void **state) /* I9, I10 */
{
    (void)state;
    struct node *const gateways[] = { &upper, &lower };
    for (int i = 0; i < 2; i++) {
        char id[40];
        snprintf(id, sizeof id, "killed-%d", i);
        call_down(id);
        for (int k = 0; k < 400 && !center.down_taken; k++)
            usleep(25000);
        assert_true(center.down_taken); /* the upper gateway has it */
        node_kill(gateways[i]);
        i == 0 ? start_upper() : start_lower();
        receive_call(id);
        node_kill(gateways[i]);
        i == 0 ? start_upper() : start_lower();
        give_answer(id, "response");
        node_kill(gateways[i]); /* it has just promised */
        i == 0 ? start_upper() : start_lower();
        wait_for("answer", id);
        check_answer_at_center(id);
    }
}

static void nobody_speaks_in_the_name_of_another(void **state) /* M-6, effect 1 */
{
    (void)state;
    AUTO_PARSED reply = { 0 };
    struct field_presence p = presence(&other, "4001-1", "stolen");
    const struct exchange_request r = { .presences = &p, .presences_n = 1, .wait = 5 };
    assert_string_equal(give_call(&other, "4001-1", "stolen-call"), "NUMBER_MISMATCH");
    struct exchange_response *got = exchange(&other, &r, &reply);
    assert_int_equal(got->sessions_n, 1);
    assert_string_equal(got->sessions[0].state, "refused");
    assert_string_equal(got->sessions[0].error, "NUMBER_MISMATCH");
    assert_string_equal(give_call(&other, "4001-2", "own-call"), "OK");
    wait_for("call", "own-call");
    assert_int_equal(stand_in_count(&center, "call", "stolen-call"), 0);
    assert_int_equal(stand_in_count(&center, "presence", "stolen"), 0);
}

/* The old board's presence as if it were the new one's: the centre's refusal would shut the way for the new one's calls. */
static void a_board_shows_no_presence_of_another_board(void **state) /* M-8 */
{
    (void)state;
    AUTO_PARSED reply = { 0 };
    struct field_presence p = presence(&other, "4001-1", "of-another");
    const struct exchange_request r = { .presences = &p, .presences_n = 1, .wait = 5 };
    struct exchange_response *got = exchange(&device, &r, &reply);
    assert_int_equal(got->sessions_n, 1);
    assert_string_equal(got->sessions[0].state, "refused");
    assert_string_equal(got->sessions[0].error, "BAD_SIGNATURE");
    assert_int_equal(stand_in_count(&center, "presence", "of-another"), 0);
}

static void what_was_promised_waits_for_the_centre_through_crashes(void **state) /* M-1, I9 */
{
    (void)state;
    size_t before = center.seen_n;
    pthread_mutex_lock(&center.lock);
    center.away = true;
    pthread_mutex_unlock(&center.lock);
    for (int i = 0; i < 20; i++) {
        char id[40];
        snprintf(id, sizeof id, "kept-%d", i);
        assert_string_equal(give_call(&device, "4001-1", id), "OK");
        assert_string_equal(give_call(&device, "4001-1", id), "OK"); /* the receipt was lost */
        if (i % 7 == 0) {
            node_kill(&lower);
            start_lower();
        }
        if (i % 7 == 3) {
            node_kill(&upper);
            start_upper();
        }
    }
    assert_int_equal(center.seen_n, before);
    pthread_mutex_lock(&center.lock);
    center.away = false;
    pthread_mutex_unlock(&center.lock);
    wait_for("call", "kept-19");
    assert_int_equal(center.seen_n, before + 20);
    for (size_t i = 0; i < 20; i++) { /* in order */
        char id[40];
        snprintf(id, sizeof id, "kept-%zu", i);
        assert_string_equal(center.seen[before + i].id, id);
    }
}

static void a_refusal_of_the_centre_is_told_to_the_device(void **state)
{
    (void)state;
    center.refuse_calls_of = "4001-1";
    assert_string_equal(give_call(&device, "4001-1", "unwanted"), "OK");
    for (int i = 0; i < 20; i++) {
        AUTO_PARSED reply = { 0 };
        const struct exchange_request r = { .wait = 2 };
        struct exchange_response *got = exchange(&device, &r, &reply);
        for (size_t k = 0; k < got->receipts_n; k++)
            if (strcmp(got->receipts[k].id, "unwanted") == 0) {
                assert_false(got->receipts[k].accepted);
                assert_string_equal(got->receipts[k].error, "NO_AGREEMENT");
                center.refuse_calls_of = NULL;
                return;
            }
    }
    fail_msg("the refusal never came");
}

static void an_answer_of_the_centre_comes_down_to_the_caller(void **state) /* M-2 */
{
    (void)state;
    pthread_mutex_lock(&center.lock);
    center.answer = (struct field_answer){ .id = "kept-3", .kind = "response", .envelope = span_text("<envelope>accepted</envelope>") };
    assert_ok(number_parse(span_text("4001-1"), &center.answer.number, NULL));
    pthread_mutex_unlock(&center.lock);
    for (int i = 0; i < 20; i++) {
        AUTO_PARSED reply = { 0 };
        const struct exchange_request r = { .wait = 2 };
        struct exchange_response *got = exchange(&device, &r, &reply);
        if (got->answers_n > 0) {
            assert_string_equal(got->answers[0].id, "kept-3");
            assert_true(span_equal(got->answers[0].envelope, span_text("<envelope>accepted</envelope>")));
            return;
        }
    }
    fail_msg("the answer never came");
}

static void a_replacement_board_gets_through_and_may_do_nothing_else(void **state) /* M-8 */
{
    (void)state;
    AUTO_PARSED reply = { 0 }, refused = { 0 };
    struct why why = { "" };
    struct replacement_request r = { .board = "B-1", .csr = span_text("csr") };
    assert_ok(number_parse(span_text("4001-1"), &r.number, NULL));
    enum err err = node_ask(&blank, lower.port, SOAP_REPLACEMENT, &r, &reply, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    assert_string_equal(((struct replacement_response *)reply.body)->state, "waiting");
    assert_int_equal(((struct replacement_response *)reply.body)->after, 7);
    assert_int_equal(center.replacements, 1);
    const struct exchange_request empty = { 0 };
    assert_err(node_ask(&blank, lower.port, SOAP_EXCHANGE, &empty, &refused, &why), ERR_NOT_ALLOWED);
}

/* It was held for the session of the agent beside the gateway, which its standing exchange took: ten seconds, in which
 * nothing else went up. */
static void a_gateway_is_not_held_for_its_own_agents_session(void **state) /* M-3 */
{
    (void)state;
    AUTO_PARSED reply = { 0 };
    struct why why = { "" };
    struct field_presence p = presence(&lower, "4001-91", "agent");
    const struct exchange_request r = { .presences = &p, .presences_n = 1 };
    pthread_mutex_lock(&center.lock);
    center.away = true;
    pthread_mutex_unlock(&center.lock);
    int64_t began_ms = clock_mono_ms();
    enum err err = node_ask(&lower, upper.port, SOAP_EXCHANGE, &r, &reply, &why);
    int64_t took_ms = clock_mono_ms() - began_ms;
    pthread_mutex_lock(&center.lock);
    center.away = false;
    pthread_mutex_unlock(&center.lock);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    assert_in_range(took_ms, 0, 8000);
}

static void sigterm_answers_those_who_wait_and_ends(void **state)
{
    (void)state;
    assert_int_equal(node_stop(&lower), 0);
    assert_int_equal(node_stop(&upper), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_presence_reaches_the_centre_and_its_session_the_device),
        cmocka_unit_test(a_call_comes_down_and_its_delay_and_response_go_up),
        cmocka_unit_test(a_call_survives_a_kill_of_each_gateway_at_each_step),
        cmocka_unit_test(nobody_speaks_in_the_name_of_another),
        cmocka_unit_test(a_board_shows_no_presence_of_another_board),
        cmocka_unit_test(what_was_promised_waits_for_the_centre_through_crashes),
        cmocka_unit_test(a_refusal_of_the_centre_is_told_to_the_device),
        cmocka_unit_test(an_answer_of_the_centre_comes_down_to_the_caller),
        cmocka_unit_test(a_replacement_board_gets_through_and_may_do_nothing_else),
        cmocka_unit_test(a_gateway_is_not_held_for_its_own_agents_session),
        cmocka_unit_test(sigterm_answers_those_who_wait_and_ends),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
