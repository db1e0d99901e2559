#include "center.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "device/event.h"
#include "device/machine.h"

/* The device in the field against a centre of the test's own: M-2 to M-6, D-6, I9, I10. */

static struct bench bench;
static struct center center;
static const char *asked; /* id of the call that a test waits for */

static bool is_answered(const struct center *c) { return center_answer_to(c, asked) != NULL; }
static bool had_three_exchanges(const struct center *c) { return c->exchanges >= 3; }
static bool had_the_event(const struct center *c)
{
    return c->events > 0 && strcmp(c->said[0], "supply-low ") == 0;
}
static bool was_restarted(const struct center *c) { return c->restarts > 0; }
static bool was_refused(const struct center *c) { return c->refused_error[0] != '\0'; }
static bool outbox_is_empty(const struct center *c)
{
    return option_next(&c->bench->board.option, ITEM_ANSWER, 0) == QUEUE_SLOTS && option_next(&c->bench->board.option, ITEM_CALL_UP, 0) == QUEUE_SLOTS;
}

static int begin(void **state)
{
    (void)state;
    center_start(&center, &bench);
    return 0;
}

static int end(void **state)
{
    (void)state;
    center_stop(&center);
    return 0;
}

static void count(const char *application, int64_t n) { assert_ok(machine_count(&bench.board, application, n, NULL)); }

/* M-3, M-6 */
static void each_presence_shows_the_token_that_the_last_session_gave(void **state)
{
    (void)state;
    center_start_device(&center);
    assert_true(center_wait(&center, had_three_exchanges));
    assert_int_equal(center.forks, 0);
    assert_true(center.tokens >= 3);
}

/* M-3: the reply is lost; the same token and nonce are shown again, also after a start */
static void a_lost_reply_is_no_fork(void **state)
{
    (void)state;
    center.lose_replies = 1;
    center_start_device(&center);
    center_run_ms(&center, 700);
    center_stop_device(&center);
    center.lose_replies = 1;
    center_start_device(&center);
    center_run_ms(&center, 700);
    center_stop_device(&center);
    center_start_device(&center);
    assert_true(center_wait(&center, had_three_exchanges));
    assert_int_equal(center.forks, 0);
}

/* P-1: the memory was copied before an exchange; the copy is found at its first one */
static void a_restored_memory_is_a_fork(void **state)
{
    (void)state;
    struct ledger_state old = bench.board.ledger.now;
    center_start_device(&center);
    assert_true(center_wait(&center, had_three_exchanges));
    center_stop_device(&center);
    assert_int_equal(ledger_replace(&bench.board.ledger, &old), FLASH_OK);
    center.exchanges = 0;
    center_start_device(&center);
    assert_true(center_wait(&center, had_three_exchanges));
    assert_true(center.forks > 0);
}

/* M-5: counted by applications through the services, read from NVRAM, answered with the next sequence number */
static void charge_counters_are_answered_and_follow_each_other(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    count("copy", 12);
    count("fax", 3);
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_ok(center_read_answer(&center, asked, SOAP_CHARGE_COUNTER, &answer, NULL));
    const struct charge_counter_response *r = answer.body;
    assert_string_equal(r->number.text, NUMBER);
    assert_int_equal(r->sequence, 1);
    assert_string_equal(r->counters[0].name, "copy");
    assert_int_equal(r->counters[0].value, 12);
    center_stop_device(&center);
    count("copy", 1);
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_int_equal(center.readings, 2);
    assert_int_equal(center.bad_readings, 0);
}

/* I10: the call comes again, before and after its answer was receipted */
static void a_call_that_comes_twice_is_answered_once(void **state)
{
    (void)state;
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    center.lose_replies = 0;
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_true(center_wait(&center, outbox_is_empty));
    center.calls[0].receipted = false;
    center.answers_n = 0;
    buf_done(&center.answers[0].envelope);
    center_stop_device(&center);
    center_start_device(&center);
    int before = center.exchanges;
    while (center.exchanges < before + 3)
        center_run_ms(&center, 20);
    assert_true(center.calls[0].receipted);
    assert_int_equal(center.answers_n, 0);
    assert_int_equal(center.readings, 1);
    assert_int_equal(bench.board.ledger.now.values[LEDGER_READINGS], 1);
}

/* I9, I10, M-5: the power goes at any byte of the device's work; no reading is lost, doubled or out of order */
static void no_power_cut_breaks_the_chain_of_readings(void **state)
{
    (void)state;
    int cuts = 0;
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    for (int64_t cut = 0; !is_answered(&center) || !outbox_is_empty(&center); cut += 131) {
        count("print", 1);
        center.bench->board.faults.cut_after = cut % 5000;
        if (board_load(&bench.board, NULL) == OK &&
            field_start(bench.loop, &bench.board, &center.options, &center.field, NULL) == OK) {
            for (int i = 0; i < 150 && !bench.board.faults.off && !(is_answered(&center) && outbox_is_empty(&center)); i++)
                center_run_ms(&center, 4);
        } else {
            center.field = NULL;
        }
        cuts += bench.board.faults.off;
        center_stop_device(&center);
        assert_true(cut < 131 * 400);
    }
    assert_true(cuts > 5);
    assert_int_equal(center.bad_readings, 0);
    assert_int_equal(center.forks, 0);
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_int_equal(center.readings, 2);
    assert_int_equal(center.bad_readings, 0);
}

/* M-6: a call that somebody else signed is refused before anything is done */
static void a_forged_call_is_refused(void **state)
{
    (void)state;
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    center.calls[0].forged = true;
    center_start_device(&center);
    assert_true(center_wait(&center, was_refused));
    assert_int_equal(bench.board.ledger.now.values[LEDGER_READINGS], 0);
    assert_int_equal(option_next(&bench.board.option, ITEM_CALL_DOWN, 0), QUEUE_SLOTS);
}

static bool had_two_exchanges(const struct center *c) { return c->exchanges >= 2; }

static void assert_no_session(void)
{
    center_start_device(&center);
    assert_true(center_wait(&center, had_two_exchanges));
    assert_false(center.field->greeted);
    assert_int_equal(bench.board.ledger.now.token[0], 0);
}

/* M-1: a gateway carries sessions and makes none. */
static void a_session_that_a_gateway_made_up_is_not_taken(void **state)
{
    (void)state;
    struct key *key = NULL;
    struct tls_context *tls = NULL;
    struct cert *cert = fixture_identity(&bench.pki->identity, "gateway", "3099-000001", NOW, &key);
    const struct cert *chain[] = { cert, bench.pki->identity.cert };
    const struct tls_options options = { .server = true, .key = key, .chain = chain, .chain_n = 2, .trust = bench.pki->trust,
                                         .peers = ROLE_BIT(ROLE_DEVICE) };
    assert_ok(tls_context_new(&options, &tls, NULL));
    http_server_set_tls(center.server, tls);
    assert_no_session();
    tls_context_free(tls);
    key_free(key);
    cert_free(cert);
}

/* M-3: what was said to another presence says nothing to this one. */
static void a_session_of_another_presence_is_not_taken(void **state)
{
    (void)state;
    center.stale_nonce = "00112233445566778899aabbccddeeff";
    assert_no_session();
}

/* Effect 1: refused, it says who it is and nothing else; an agreement counts from the next poll */
static void without_an_agreement_nothing_but_the_presence_goes_out(void **state)
{
    (void)state;
    const struct event_report_request event = { .kind = "supply-low", .detail = "" };
    center.refuse = "NO_AGREEMENT";
    assert_ok(field_put_call(&bench.board, SOAP_EVENT_REPORT, &event, 0, NULL));
    center_start_device(&center);
    assert_true(center_wait(&center, had_three_exchanges));
    assert_int_equal(center.events, 0);
    center.refuse = NULL;
    assert_true(center_wait(&center, had_the_event));
    assert_int_equal(center.forks, 0);
}

/* M-4: the notification first, then the start, then the answer with the new epoch */
static void a_restart_is_announced_done_and_answered(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    int64_t epoch = (int64_t)bench.board.ledger.now.values[LEDGER_EPOCH];
    asked = center_call(&center, SOAP_RESTART, "");
    center_start_device(&center);
    assert_true(center_wait(&center, was_restarted));
    assert_int_equal(center.delays_n, 1);
    assert_false(is_answered(&center));
    center_stop_device(&center);
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_ok(center_read_answer(&center, asked, SOAP_RESTART, &answer, NULL));
    assert_int_equal(((struct restart_response *)answer.body)->epoch, epoch + 1);
    assert_int_equal(center.restarts, 1);
}

/* M-2 */
static void information_and_interval_are_answered(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    asked = center_call(&center, SOAP_POLLING_INTERVAL, &(struct polling_interval_request){ 1 });
    asked = center_call(&center, SOAP_DEVICE_INFORMATION, "");
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_int_equal(center.answers_n, 2);
    assert_ok(center_read_answer(&center, asked, SOAP_DEVICE_INFORMATION, &answer, NULL));
    const struct device_information_response *r = answer.body;
    assert_int_equal(r->epoch, (int64_t)bench.board.ledger.now.values[LEDGER_EPOCH]);
}

/* The counters of the board that was replaced go on: once */
static void counters_are_handed_over_once(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    struct counter_value values[] = { { "copy", 1000 } };
    const struct counter_hand_over_request body = { .epoch = 7, .sequence = 41, .counters = values, .counters_n = 1 };
    count("copy", 2);
    asked = center_call(&center, SOAP_COUNTER_HAND_OVER, &body);
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    asked = center_call(&center, SOAP_CHARGE_COUNTER, "");
    assert_true(center_wait(&center, is_answered));
    assert_int_equal(center.last.sequence, 42);
    assert_int_equal(center.last.epoch, 7);
    assert_int_equal(center.last.counters[0].value, 1002);
    const struct counter_hand_over_request again = { .epoch = 7, .sequence = 50, .counters = values, .counters_n = 1 };
    asked = center_call(&center, SOAP_COUNTER_HAND_OVER, &again);
    assert_true(center_wait(&center, is_answered));
    struct why why = { "" };
    assert_err(center_read_answer(&center, asked, SOAP_COUNTER_HAND_OVER, &answer, &why), ERR_CONFLICT);
}

/* M-2: a report waits through any number of starts, and goes once */
static void a_report_survives_a_start(void **state)
{
    (void)state;
    assert_ok(reading_report(&bench.board, NULL));
    center_stop_device(&center);
    center_start_device(&center);
    assert_true(center_wait(&center, outbox_is_empty));
    assert_int_equal(center.readings, 1);
    assert_int_equal(bench.board.ledger.now.values[LEDGER_READINGS], 1);
}

static bool holds_a_reading(const struct center *c)
{
    return option_next(&c->bench->board.option, ITEM_READING, 0) < QUEUE_SLOTS;
}
static bool had_a_reading(const struct center *c) { return c->readings > 0; }
static bool had_two_readings(const struct center *c) { return c->readings == 2; }

/* M-5: the agreement ended between two polls; the reading was numbered, so it must arrive some day, or the chain breaks */
static void a_reading_that_was_refused_goes_again_when_the_device_is_admitted(void **state)
{
    (void)state;
    count("copy", 5);
    assert_ok(reading_report(&bench.board, NULL));
    center.refuse_readings = "NO_AGREEMENT";
    center_start_device(&center);
    assert_true(center_wait(&center, holds_a_reading));
    center.refuse = "NO_AGREEMENT";
    center.exchanges = 1;
    center_run_ms(&center, 1500);
    center_stop_device(&center);
    center.refuse = center.refuse_readings = NULL;
    center_start_device(&center);
    assert_true(center_wait(&center, had_a_reading));
    assert_int_equal(center.last.sequence, 1);
    assert_int_equal(center.last.counters[0].value, 5);
    assert_ok(reading_report(&bench.board, NULL));
    field_kick(center.field);
    assert_true(center_wait(&center, had_two_readings));
    assert_int_equal(center.bad_readings, 0);
}

/* --- The server function (D-6) --- */

static struct buf posted;
static bool came;

static void post_done(void *context, struct http_result *result)
{
    (void)context;
    assert_ok(result->err);
    buf_clear(&posted);
    assert_ok(buf_put_span(&posted, buf_span(&result->body)));
    came = true;
    loop_stop(bench.loop);
}

static enum err post(const char *urn, enum soap_message message, const char *id, struct soap_parsed *ret_answer, struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    struct http_client *client;
    char url[64];
    struct soap_header header = { .version = SOAP_1_2 };
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/soap/remote", (unsigned)bench.agent.port);
    struct tls_context *tls = bench_context(&bench, urn, false, ROLE_BIT(ROLE_ANONYMOUS), true);
    assert_ok(soap_write_request(SERVICE_REMOTE, message, &header, "", &xml));
    assert_ok(http_client_new(bench.loop, &client, why));
    const struct http_call call = { .url = url, .method = "POST", .content_type = "application/soap+xml; charset=utf-8",
                                    .body = buf_span(&xml), .tls = tls, .timeout_ms = 5000 };
    came = false;
    assert_ok(http_client_send(client, &call, post_done, why));
    while (!came)
        assert_ok(loop_run(bench.loop, why));
    http_client_free(client);
    tls_context_free(tls);
    return soap_read_response(SERVICE_REMOTE, message, buf_span(&posted), ret_answer, why);
}

/* D-6, I10: the same dispatcher, from the centre only; a repeated call has the same answer until its receipt came, by an
 * exchange, which this one holds back for as long */
static void a_posted_call_is_answered_like_one_in_an_exchange(void **state)
{
    (void)state;
    AUTO_PARSED first = { 0 };
    AUTO_PARSED again = { 0 };
    AUTO_PARSED refused = { 0 };
    AUTO_PARSED later = { 0 };
    AUTO_PARSED over = { 0 };
    struct why why = { "" };
    count("scan", 4);
    center.lose_replies = INT_MAX;
    center_start_device(&center);
    bench.agent.field = center.field;
    assert_ok(agent_plug(&bench.agent, &bench.board, &why));
    assert_ok(post("urn:nameplate:center:c1", SOAP_CHARGE_COUNTER, "urn:uuid:posted", &first, &why));
    assert_ok(post("urn:nameplate:center:c1", SOAP_CHARGE_COUNTER, "urn:uuid:posted", &again, &why));
    const struct charge_counter_response *a = first.body, *b = again.body;
    assert_int_equal(a->sequence, 1);
    assert_int_equal(b->sequence, 1);
    center.lose_replies = 0;
    field_kick(center.field);
    assert_true(center_wait(&center, outbox_is_empty));
    assert_err(post("urn:nameplate:center:c1", SOAP_CHARGE_COUNTER, "urn:uuid:posted", &over, &why), ERR_NOT_FOUND);
    assert_err(post(STATION, SOAP_CHARGE_COUNTER, "urn:uuid:station", &refused, &why), ERR_NOT_ALLOWED);
    assert_err(post("urn:nameplate:center:c1", SOAP_RESTART, "urn:uuid:restart", &later, &why), ERR_BUSY);
    assert_int_equal(bench.board.ledger.now.values[LEDGER_READINGS], 1);
    bench.agent.field = NULL;
    agent_unplug(&bench.agent);
    buf_done(&posted);
}

static uint32_t first_report(void) { return kept_next(center.field, ITEM_CALL_UP, 0); }

static void gateway_takes(uint32_t slot)
{
    AUTO_ITEM item = { 0 };
    assert_ok(option_get(&bench.board.option, slot, &item, NULL));
    assert_ok(kept_put(center.field, &item, NULL));
}

/* M-5, I9: a gateway's receipt says that the gateway has it; who moves to another way brings it there too. */
static void a_reading_that_a_gateway_took_stays_until_the_centre_has_it(void **state)
{
    (void)state;
    const struct peer one = { .role = ROLE_GATEWAY, .name = "4001-1" }, other = { .role = ROLE_GATEWAY, .name = "4001-2" };
    center_start_device(&center);
    struct field *f = center.field;
    assert_ok(reading_report(&bench.board, NULL));
    assert_ok(reading_report(&bench.board, NULL));
    kept_met(f, &one);
    const uint32_t first = first_report();
    gateway_takes(first);
    const uint32_t second = first_report();
    assert_true(second < QUEUE_SLOTS && second != first);
    assert_ok(kept_confirm(f, 0, NULL));
    kept_met(f, &one);
    assert_int_equal(first_report(), second);
    kept_met(f, &other);
    assert_int_equal(first_report(), first);
    gateway_takes(first);
    gateway_takes(second);
    assert_int_equal(first_report(), QUEUE_SLOTS);
    assert_ok(kept_confirm(f, 1, NULL));
    assert_int_equal(kept_readings(&bench.board.option), 1);
    f->kept_ms[second] -= 15 * 60 * 1000 + 1; /* the centre was there all the time, and does not have it */
    assert_ok(kept_confirm(f, 1, NULL));
    assert_int_equal(first_report(), second);
}

/* M-2, I9: an event that a gateway took is the device's until the centre answered it, as long as there is room. */
static void an_event_that_a_gateway_took_stays_until_the_centre_answered(void **state)
{
    (void)state;
    AUTO_ITEM item = { 0 };
    center_start_device(&center);
    struct field *f = center.field;
    struct queue *queue = &bench.board.option.queue;
    assert_ok(event_put(&bench.board, "fault", "1", NULL));
    uint32_t slot = first_report();
    assert_ok(option_get(&bench.board.option, slot, &item, NULL));
    gateway_takes(slot);
    assert_int_equal(first_report(), QUEUE_SLOTS);
    kept_not(f, slot); /* somebody further on: not now */
    assert_int_equal(first_report(), slot);
    gateway_takes(slot);
    assert_ok(kept_answered(f, "urn:uuid:other", NULL));
    assert_int_equal(queue_free(queue), QUEUE_SLOTS - 1);
    assert_ok(kept_answered(f, item.id, NULL));
    assert_int_equal(queue_free(queue), QUEUE_SLOTS);
    for (int i = 0; i < 3 * QUEUE_SLOTS; i++) {
        assert_ok(event_put(&bench.board, "fault", "2", NULL));
        gateway_takes(first_report());
    }
    assert_true(queue_free(queue) >= QUEUE_SLOTS / 4);
    slot = option_next(&bench.board.option, ITEM_CALL_UP, 0);
    f->kept_ms[slot] -= 15 * 60 * 1000 + 1;
    assert_ok(kept_confirm(f, 0, NULL));
    assert_int_equal(first_report(), slot);
    gateway_takes(slot); /* twice is enough */
    assert_int_not_equal(option_next(&bench.board.option, ITEM_CALL_UP, 0), slot);
}

static void readings_leave_room_for_other_letters(void **state)
{
    (void)state;
    struct why why;
    for (unsigned i = 0; i < QUEUE_SLOTS / 2; i++)
        assert_ok(reading_report(&bench.board, NULL));
    assert_int_equal(reading_report(&bench.board, &why), ERR_BUSY);
    assert_int_equal(bench.board.ledger.now.values[LEDGER_READINGS], QUEUE_SLOTS / 2);
    assert_true(queue_free(&bench.board.option.queue) >= QUEUE_SLOTS / 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_presence_shows_the_token_that_the_last_session_gave), T(a_lost_reply_is_no_fork), T(a_restored_memory_is_a_fork),
        T(a_session_that_a_gateway_made_up_is_not_taken), T(a_session_of_another_presence_is_not_taken),
        T(charge_counters_are_answered_and_follow_each_other), T(a_call_that_comes_twice_is_answered_once),
        T(no_power_cut_breaks_the_chain_of_readings), T(a_forged_call_is_refused),
        T(without_an_agreement_nothing_but_the_presence_goes_out), T(a_restart_is_announced_done_and_answered),
        T(information_and_interval_are_answered), T(counters_are_handed_over_once), T(a_report_survives_a_start),
        T(a_reading_that_was_refused_goes_again_when_the_device_is_admitted), T(a_posted_call_is_answered_like_one_in_an_exchange),
        T(a_reading_that_a_gateway_took_stays_until_the_centre_has_it), T(readings_leave_room_for_other_letters),
        T(an_event_that_a_gateway_took_stays_until_the_centre_answered),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
