#include "../test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../center_list.h"
#include "place.h"
#include "base/clock.h"
#include "store/center_schema.h"

static int open_new(void **state)
{
    struct db *db;
    struct why why = { "" };
    if (center_open(place_new("center.db", "center"), DB_CREATE, &db, &why) != OK) {
        print_error("%s\n", why.text);
        return -1;
    }
    *state = db;
    return 0;
}

static int close_it(void **state)
{
    db_close(*state);
    return 0;
}

static struct center_device device(const char *number, const char *gateway)
{
    struct center_device d = { .kind = CENTER_DEVICE, .interval_s = 60 };
    strcpy(d.number.text, number);
    strcpy(d.gateway.text, gateway);
    return d;
}

static void put(struct db *db, const char *number, const char *gateway)
{
    struct why why = { "" };
    struct center_device d = device(number, gateway);
    assert_ok(center_device_put(db, &d, &why));
}

static enum err count(void *context)
{
    ++*(int *)context;
    return OK;
}
static enum err count_device(void *context, const struct center_device *d) { (void)d; return count(context); }
static enum err count_call(void *context, const struct center_call *c) { (void)c; return count(context); }
static enum err count_reading(void *context, const struct center_reading *r) { (void)r; return count(context); }

/* M-1 */
static void a_gateway_speaks_for_what_is_bound_to_it_or_to_a_gateway_below(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    static const struct {
        const char *number, *gateway;
        bool bound;
    } rows[] = {
        { "3012-000001", "3015-000002", true },  { "3012-000001", "3015-000001", true },
        { "3015-000002", "3015-000001", true },  { "3015-000001", "3015-000002", false },
        { "3012-000002", "3015-000001", false }, { "3012-000009", "3015-000001", false },
    };
    put(db, "3015-000001", "");
    put(db, "3015-000002", "3015-000001");
    put(db, "3012-000001", "3015-000002");
    put(db, "3012-000002", "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool bound = !rows[i].bound;
        assert_ok(center_bound(db, rows[i].number, rows[i].gateway, &bound, &why));
        assert_int_equal(bound, rows[i].bound);
    }
}

/* M-1: for what the gateway before has still to bring */
static void a_gateway_is_remembered_for_what_was_bound_to_it(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    const int64_t now_s = clock_wall_s();
    bool lately = true;
    put(db, "3015-000001", "");
    put(db, "3015-000002", "3015-000001");
    put(db, "3012-000001", "3015-000002");
    put(db, "3012-000001", "");
    static const struct {
        const char *number, *gateway;
        int64_t since;
        bool lately;
    } rows[] = {
        { "3012-000001", "3015-000002", -60, true }, { "3012-000001", "3015-000001", -60, true }, /* the gateway above it */
        { "3012-000001", "3015-000002", 60, false }, { "3015-000002", "3015-000001", 60, true },  /* bound to it now */
        { "3012-000002", "3015-000002", -60, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(center_bound_lately(db, rows[i].number, rows[i].gateway, now_s + rows[i].since, &lately, &why));
        assert_int_equal(lately, rows[i].lately);
    }
    assert_ok(center_bound(db, "3012-000001", "3015-000002", &lately, &why));
    assert_false(lately);
}

static void a_ring_of_gateways_is_refused(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    put(db, "3015-000001", "");
    put(db, "3015-000002", "3015-000001");
    struct center_device ring = device("3015-000001", "3015-000002"), itself = device("3015-000001", "3015-000001");
    struct center_device nowhere = device("3012-000001", "3015-000009");
    assert_err(center_device_put(db, &ring, &why), ERR_CONFLICT);
    assert_err(center_device_put(db, &itself, &why), ERR_CONFLICT);
    assert_err(center_device_put(db, &nowhere, &why), ERR_NOT_FOUND);
}

/* M-6: effect 1 of the source */
static void a_device_that_polls_without_an_agreement_is_listed(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    int64_t now = time(NULL);
    int n = 0;
    struct center_device d;
    struct center_device_filter filter = { .unlicensed = true, .now_s = now };
    put(db, "3012-000001", "");
    put(db, "3012-000002", "");
    put(db, "3012-000003", ""); /* never seen */
    assert_ok(center_device_seen(db, "3012-000001", now, "1.0", "", &why));
    assert_ok(center_device_seen(db, "3012-000002", now, "1.0", "3015-000001", &why));
    assert_ok(center_agreement_add(db, "3012-000002", now - 10, now + 100, &why));
    assert_ok(center_device_list(db, &filter, count_device, &n, &why));
    assert_int_equal(n, 1);
    assert_ok(center_device_find(db, "3012-000002", &d, &why));
    assert_int_equal(agreement_now(&d.agreement, now), AGREEMENT_ACTIVE);
    assert_ok(center_agreement_set(db, "3012-000002", AGREEMENT_SUSPENDED, now, &why));
    n = 0;
    assert_ok(center_device_list(db, &filter, count_device, &n, &why));
    assert_int_equal(n, 2);
}

static void agreements_do_not_overlap_and_an_ended_one_makes_room(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    int64_t now = time(NULL);
    struct center_device d;
    put(db, "3012-000001", "");
    assert_err(center_agreement_add(db, "3012-000009", now, 0, &why), ERR_NOT_FOUND);
    assert_ok(center_agreement_add(db, "3012-000001", now - 100, 0, &why));
    assert_err(center_agreement_add(db, "3012-000001", now + 50, 0, &why), ERR_CONFLICT);
    assert_err(center_agreement_set(db, "3012-000001", AGREEMENT_ACTIVE, now, &why), ERR_CONFLICT);
    assert_ok(center_agreement_set(db, "3012-000001", AGREEMENT_ENDED, now, &why));
    assert_err(center_agreement_set(db, "3012-000001", AGREEMENT_SUSPENDED, now, &why), ERR_CONFLICT);
    assert_ok(center_agreement_add(db, "3012-000001", now, 0, &why));
    assert_ok(center_device_find(db, "3012-000001", &d, &why));
    assert_int_equal(agreement_now(&d.agreement, now), AGREEMENT_ACTIVE);
}

static struct center_call call(const char *id, bool down)
{
    struct center_call c = { .down = down, .state = CALL_WAITING, .accepted_s = 10, .limit_s = 100, .envelope = span_text("<e/>") };
    strcpy(c.id, id);
    strcpy(c.number.text, "3012-000001");
    strcpy(c.operation, "ChargeCounterRequest");
    return c;
}

static int waiting(struct db *db, bool down)
{
    int n = 0;
    struct why why;
    assert_ok(center_call_waiting(db, "3012-000001", down, 100, count_call, &n, &why));
    return n;
}

/* M-2, I10 */
static void a_call_is_sent_until_taken_answered_once_and_expires_by_its_limit(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    enum call_state now;
    bool fresh = false;
    int64_t n = 9, next = 9;
    struct center_call a = call("a", true), b = call("b", true);
    assert_ok(center_call_add(db, &a, &fresh, &why));
    assert_true(fresh);
    assert_ok(center_call_add(db, &a, &fresh, &why));
    assert_false(fresh);
    assert_ok(center_call_add(db, &b, &fresh, &why));
    assert_int_equal(waiting(db, true), 2);
    assert_ok(center_call_move(db, "a", CALL_EVENT_TAKE, 0, span_of(NULL, 0), "", &now, &why));
    assert_int_equal(now, CALL_TAKEN);
    assert_int_equal(waiting(db, true), 1);
    assert_ok(center_call_move(db, "a", CALL_EVENT_ANSWER, 0, span_text("<one/>"), "", &now, &why));
    assert_ok(center_call_move(db, "a", CALL_EVENT_ANSWER, 0, span_text("<two/>"), "", &now, &why));
    assert_int_equal(now, CALL_ANSWERED);
    assert_err(center_call_move(db, "a", CALL_EVENT_EXPIRE, 0, span_of(NULL, 0), "", &now, &why), ERR_BAD_TRANSITION);
    assert_ok(center_call_expire(db, 99, &n, &next, &why));
    assert_int_equal(n, 0);
    assert_int_equal(next, 100);
    assert_ok(center_call_expire(db, 100, &n, &next, &why));
    assert_int_equal(n, 1);
    assert_int_equal(next, 0);
    assert_int_equal(waiting(db, true), 0);
}

/* M-4 */
static void the_answer_to_a_devices_call_is_told_until_it_was_taken(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    enum call_state now;
    bool fresh;
    struct center_call c = call("c", false);
    assert_ok(center_call_add(db, &c, &fresh, &why));
    assert_int_equal(waiting(db, false), 0);
    assert_ok(center_call_move(db, "c", CALL_EVENT_DELAY, 20, span_of(NULL, 0), "", &now, &why));
    assert_int_equal(waiting(db, false), 1); /* the delay is told */
    assert_ok(center_call_settle(db, "c", &why));
    assert_int_equal(waiting(db, false), 0);
    assert_ok(center_call_move(db, "c", CALL_EVENT_ANSWER, 0, span_text("<a/>"), "", &now, &why));
    assert_int_equal(waiting(db, false), 1); /* and the answer anew */
    assert_ok(center_call_settle(db, "c", &why));
    assert_int_equal(waiting(db, false), 0);
    assert_ok(center_call_tell_again(db, "c", &why)); /* what was taken is gone */
    assert_int_equal(waiting(db, false), 0);
}

/* I10: the gateway that took the answer is not where the device is now; it asks again under the same id. */
static void the_answer_to_a_renewal_is_told_again_when_it_is_asked_again(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    enum call_state now;
    bool fresh;
    struct center_call c = call("r", false);
    snprintf(c.operation, sizeof c.operation, "RenewalRequest");
    assert_ok(center_call_add(db, &c, &fresh, &why));
    assert_ok(center_call_tell_again(db, "r", &why));
    assert_int_equal(waiting(db, false), 0);
    assert_ok(center_call_move(db, "r", CALL_EVENT_ANSWER, 0, span_text("<a/>"), "", &now, &why));
    assert_ok(center_call_settle(db, "r", &why));
    assert_int_equal(waiting(db, false), 0);
    assert_ok(center_call_tell_again(db, "r", &why));
    assert_int_equal(waiting(db, false), 1);
}

static void calls_beyond_the_limit_wait_outside(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    char id[16];
    bool fresh;
    for (int i = 0; i < LIMIT_CALLS_WAITING; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        struct center_call c = call(id, true);
        assert_ok(center_call_add(db, &c, &fresh, &why));
    }
    struct center_call more = call("more", true), again = call("id-7", true);
    assert_err(center_call_add(db, &more, &fresh, &why), ERR_BUSY);
    assert_ok(center_call_add(db, &again, &fresh, &why));
    assert_false(fresh);
}

static enum err count_bytes(void *context, const struct center_call *c)
{
    *(size_t *)context = c->envelope.n + c->answer.n;
    return OK;
}

/* A device that calls and never takes the answers fills nothing but its own hundred; what was taken leaves its row only. */
static void a_device_that_calls_without_end_is_held_back_and_what_it_took_weighs_nothing(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    char id[16];
    bool fresh;
    size_t bytes = 9;
    for (int i = 0; i < LIMIT_CALLS_WAITING; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        struct center_call c = call(id, false);
        c.state = CALL_ANSWERED;
        c.answer = span_text("<part/>");
        strcpy(c.operation, "ProgramPartRequest");
        assert_ok(center_call_room(db, "3012-000001", false, &why));
        assert_ok(center_call_add(db, &c, &fresh, &why));
    }
    struct center_call more = call("more", false);
    assert_err(center_call_room(db, "3012-000001", false, &why), ERR_BUSY);
    assert_err(center_call_add(db, &more, &fresh, &why), ERR_BUSY);
    assert_ok(center_call_room(db, "3012-000002", false, &why));
    assert_ok(center_call_settle(db, "id-7", &why));
    assert_ok(center_call_find(db, "id-7", count_bytes, &bytes, &why));
    assert_int_equal(bytes, 0);
    assert_ok(center_call_add(db, &more, &fresh, &why));
    assert_true(fresh);
}

/* M-8: each renewal costs a certificate; the centre lets a device have a few a day. */
static void how_often_a_device_asked_for_something_is_known(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    char id[16];
    bool fresh, reached = true;
    for (int i = 0; i < 3; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        struct center_call c = call(id, false);
        assert_ok(center_call_add(db, &c, &fresh, &why)); /* accepted at 10 */
    }
    static const struct {
        const char *number, *operation;
        int64_t since_s, most;
        bool reached;
    } rows[] = {
        { "3012-000001", "ChargeCounterRequest", 9, 3, true },  { "3012-000001", "ChargeCounterRequest", 9, 4, false },
        { "3012-000001", "ChargeCounterRequest", 10, 1, false }, { "3012-000001", "RenewalRequest", 9, 1, false },
        { "3012-000002", "ChargeCounterRequest", 9, 1, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(center_call_lately(db, rows[i].number, rows[i].operation, rows[i].since_s, rows[i].most, &reached, &why));
        assert_int_equal(reached, rows[i].reached);
    }
}

static void calls_that_are_over_leave_after_their_time_and_open_ones_stay(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    enum call_state now;
    bool fresh;
    int64_t n = 9;
    struct center_call open = call("open", true), over = call("over", true);
    assert_ok(center_call_add(db, &open, &fresh, &why));
    assert_ok(center_call_add(db, &over, &fresh, &why));
    assert_ok(center_call_move(db, "over", CALL_EVENT_ANSWER, 0, span_text("<a/>"), "", &now, &why));
    assert_ok(center_call_forget(db, 100, 10, &n, &why)); /* its limit is 100 */
    assert_int_equal(n, 0);
    assert_ok(center_call_forget(db, 101, 10, &n, &why));
    assert_int_equal(n, 1);
    assert_int_equal(waiting(db, true), 1);
}

static void add_reading_at(struct db *db, int64_t sequence, bool billable, int64_t received_s)
{
    struct why why = { "" };
    struct center_reading r = { .reading = { .epoch = 1, .sequence = sequence, .counters_n = 2,
                                             .counters = { { "copy", 10 * sequence }, { "print", 7 } } },
                                .received_s = received_s, .billable = billable };
    strcpy(r.number.text, "3012-000001");
    strcpy(r.verdict, billable ? "follows" : "counter-back");
    assert_ok(center_reading_add(db, &r, &why));
}

static void add_reading(struct db *db, int64_t sequence, bool billable) { add_reading_at(db, sequence, billable, 0); }

/* M-5 */
static void the_last_billable_reading_is_what_the_next_one_must_follow(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    struct reading last;
    int n = 0;
    put(db, "3012-000001", "");
    assert_err(center_reading_last(db, "3012-000001", &last, &why), ERR_NOT_FOUND);
    add_reading(db, 1, true);
    add_reading(db, 2, true);
    add_reading(db, 9, false);
    assert_ok(center_reading_last(db, "3012-000001", &last, &why));
    assert_int_equal(last.sequence, 2);
    assert_int_equal(last.counters_n, 2);
    assert_int_equal(last.counters[0].value, 20);
    assert_ok(center_session_forget(db, "3012-000001", &why)); /* an operator has looked */
    assert_err(center_reading_last(db, "3012-000001", &last, &why), ERR_NOT_FOUND);
    assert_ok(center_reading_list(db, NULL, 10, count_reading, &n, &why));
    assert_int_equal(n, 3);
}

static enum err sum_readings(void *context, const struct center_reading *r, bool follows)
{
    (void)follows;
    *(int64_t *)context = 100 * *(int64_t *)context + r->reading.sequence;
    return OK;
}

/* M-5: the last reading of one period is where the next one begins; evidence is in none. 5 does not follow 3. */
static void a_period_has_the_ends_of_its_chains_from_the_reading_before_on(void **state)
{
    static const struct {
        int64_t from_s, until_s, sequences; /* two digits each */
    } rows[] = { { 0, 100, 0 },     { 0, 101, 1 },       { 0, 1000, 10305 }, { 200, 400, 103 }, { 201, 400, 203 },
                 { 250, 300, 2 },   { 300, 301, 203 },   { 400, 5000, 305 },  { 600, 700, 5 },     { 500, 500, 3 } };
    struct db *db = *state;
    struct why why = { "" };
    bool within = false;
    put(db, "3012-000001", "");
    for (int64_t i = 1; i <= 5; i++)
        add_reading_at(db, i, i != 4, 100 * i); /* at 100, 200, 300, 500 */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t sequences = 0;
        assert_ok(center_reading_period(db, "3012-000001", rows[i].from_s, rows[i].until_s, sum_readings, &sequences, &why));
        assert_int_equal(sequences, rows[i].sequences);
    }
    assert_ok(center_agreement_add(db, "3012-000001", 100, 200, &why));
    static const struct {
        int64_t from_s, until_s;
        bool within;
    } periods[] = { { 0, 100, false }, { 0, 101, true }, { 150, 160, true }, { 199, 300, true }, { 200, 300, false } };
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        assert_ok(center_agreement_within(db, "3012-000001", periods[i].from_s, periods[i].until_s, &within, &why));
        assert_int_equal(within, periods[i].within);
    }
    /* one that is ended before it began was never in force */
    assert_ok(center_agreement_add(db, "3012-000001", 5000, 0, &why));
    assert_ok(center_agreement_set(db, "3012-000001", AGREEMENT_ENDED, 4000, &why));
    assert_ok(center_agreement_within(db, "3012-000001", 4500, 6000, &within, &why));
    assert_false(within);
}

/* M-5: a device that reads its counters without end keeps what is beyond an hour's measure; the next one is not held back. */
static void readings_beyond_an_hours_measure_wait_in_their_device(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    put(db, "3012-000001", "");
    assert_ok(db_begin(db, &why));
    for (int64_t i = 1; i <= LIMIT_READINGS_LATELY; i++) {
        assert_ok(center_reading_room(db, "3012-000001", 5000 + i, &why));
        add_reading_at(db, i, true, 5000 + i);
    }
    assert_ok(db_commit(db, &why));
    int64_t now = 5000 + LIMIT_READINGS_LATELY;
    assert_err(center_reading_room(db, "3012-000001", now, &why), ERR_BUSY);
    assert_non_null(strstr(why.text, "the next one is taken in 2601 s"));
    assert_ok(center_reading_room(db, "3012-000002", now, &why));
    assert_err(center_reading_room(db, "3012-000001", 5000 + 3600, &why), ERR_BUSY);
    assert_ok(center_reading_room(db, "3012-000001", 5001 + 3600, &why)); /* an hour after the first of them */
}

static enum err take_incident(void *context, const struct center_incident *i)
{
    struct center_incident *kept = context;
    kept[1].times += kept[0].times != 0 ? i->times : 0;
    if (kept[0].times == 0)
        kept[0] = *i;
    return OK;
}

static void the_same_incident_within_an_hour_is_counted(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    struct center_incident i = { .at_s = 1000, .kind = "forked", .number = "3012-000001", .by = "3012-000001", .text = "two" };
    struct center_incident seen[2] = { { .id = 0 } };
    assert_ok(center_incident_add(db, &i, &why));
    i.at_s = 2000;
    assert_ok(center_incident_add(db, &i, &why));
    i.at_s = 9000;
    assert_ok(center_incident_add(db, &i, &why));
    assert_ok(center_incident_list(db, "3012-000001", 10, take_incident, seen, &why));
    assert_int_equal(seen[0].times, 1); /* newest first */
    assert_int_equal(seen[1].times, 2);
}

static enum err sum_incident(void *context, const struct center_incident *i)
{
    int64_t *sum = context;
    sum[0]++;
    sum[1] += i->times;
    return OK;
}

/* The number in a letter is its sender's choice: it cannot be used to fill the disk. */
static void one_sender_or_one_kind_cannot_fill_the_list_of_incidents(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    int64_t one[2] = { 0 }, all[2] = { 0 };
    struct center_incident i = { .at_s = 5000, .kind = "other-number", .by = "3012-000001", .text = "t" };
    for (int n = 0; n < 3 * LIMIT_INCIDENTS_OF_SENDER; n++) {
        snprintf(i.number, sizeof i.number, "3012-%06d", n);
        assert_ok(center_incident_add(db, &i, &why));
    }
    assert_ok(center_incident_list(db, NULL, 100000, sum_incident, one, &why));
    assert_int_equal(one[0], LIMIT_INCIDENTS_OF_SENDER);
    assert_int_equal(one[1], 3 * LIMIT_INCIDENTS_OF_SENDER); /* each is counted */
    strcpy(i.kind, "bad-certificate");
    for (int n = 0; n < LIMIT_INCIDENTS_OF_KIND + 10; n++) {
        snprintf(i.by, sizeof i.by, "claim-%d", n);
        assert_ok(center_incident_add(db, &i, &why));
    }
    assert_ok(center_incident_list(db, NULL, 100000, sum_incident, all, &why));
    assert_int_equal(all[0], LIMIT_INCIDENTS_OF_SENDER + LIMIT_INCIDENTS_OF_KIND);
    strcpy(i.by, "3012-000001");
    i.at_s += 3601; /* an hour later it is listed again */
    assert_ok(center_incident_add(db, &i, &why));
    int64_t later[2] = { 0 };
    assert_ok(center_incident_list(db, NULL, 100000, sum_incident, later, &why));
    assert_int_equal(later[0], all[0] + 1);
}

static void a_device_that_reports_events_without_end_waits(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    for (int n = 0; n < LIMIT_EVENTS_LATELY; n++)
        assert_ok(center_event_add(db, "3012-000001", 5000, "supply-low", "", &why));
    assert_err(center_event_add(db, "3012-000001", 5001, "supply-low", "", &why), ERR_BUSY);
    assert_ok(center_event_add(db, "3012-000002", 5001, "supply-low", "", &why));
    assert_ok(center_event_add(db, "3012-000001", 8600, "supply-low", "", &why));
}

static enum err take_ticket(void *context, const struct center_ticket *t)
{
    *(struct center_ticket *)context = *t;
    return OK;
}

/* M-8 */
static void a_ticket_is_decided_once_and_the_same_request_opens_no_second(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    struct center_ticket t = { .number = { "3012-000001" }, .board = "B7", .model = "3012", .csr = span_text("csr") }, seen;
    assert_ok(center_ticket_ask(db, &t, &why));
    assert_ok(center_ticket_ask(db, &t, &why));
    assert_ok(center_ticket_find(db, &t, take_ticket, &seen, &why));
    assert_string_equal(seen.state, "waiting");
    assert_err(center_ticket_issued(db, seen.id, span_text("der"), &why), ERR_CONFLICT);
    assert_ok(center_ticket_decide(db, seen.id, "approved", "meier", 5, &why));
    assert_err(center_ticket_decide(db, seen.id, "refused", "mueller", 6, &why), ERR_CONFLICT);
    assert_ok(center_ticket_issued(db, seen.id, span_text("der"), &why));
    assert_ok(center_ticket_find(db, &t, take_ticket, &seen, &why));
    assert_string_equal(seen.state, "issued");
    assert_string_equal(seen.actor, "meier");
}

/* M-8: all boards have the same bootstrap key. Who tells another board's id neither takes its ticket nor hides it. */
static void a_second_key_for_a_board_does_not_take_the_place_of_the_first(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    struct center_ticket first = { .number = { "3012-000001" }, .board = "B7", .model = "3012", .csr = span_text("csr"), .csr_hash = { 1 } };
    struct center_ticket second = first, seen;
    second.csr_hash[0] = 2;
    assert_ok(center_ticket_ask(db, &first, &why));
    assert_err(center_ticket_ask(db, &second, &why), ERR_CONFLICT);
    assert_ok(center_ticket_find(db, &first, take_ticket, &seen, &why));
    assert_string_equal(seen.state, "waiting");
    assert_ok(center_ticket_decide(db, seen.id, "approved", "meier", 5, &why));
    assert_ok(center_ticket_ask(db, &second, &why)); /* a ticket of its own */
    assert_ok(center_ticket_issued(db, seen.id, span_text("der"), &why));
    assert_ok(center_ticket_find(db, &first, take_ticket, &seen, &why));
    assert_string_equal(seen.state, "issued");
    assert_ok(center_ticket_find(db, &second, take_ticket, &seen, &why));
    assert_string_equal(seen.state, "waiting");
    for (int i = 1; i < LIMIT_TICKETS_WAITING; i++) {
        snprintf(second.board, sizeof second.board, "other-%d", i);
        assert_ok(center_ticket_ask(db, &second, &why));
    }
    strcpy(second.board, "one-more");
    assert_err(center_ticket_ask(db, &second, &why), ERR_BUSY);
}

static enum err take_identity(void *context, const struct center_identity *i)
{
    memcpy(context, i->state, sizeof i->state);
    return OK;
}

/* M-8 */
static void what_the_ca_tells_of_an_identity_replaces_what_it_told_before(void **state)
{
    struct db *db = *state;
    struct why why = { "" };
    int64_t cursor = 9;
    char now[16];
    struct center_identity i = { .number = { "3012-000001" }, .generation = 1, .state = "written", .fingerprint = { 1 },
                                 .certificate = span_text("der") };
    assert_ok(center_identity_cursor(db, &cursor, &why));
    assert_int_equal(cursor, 0);
    assert_ok(center_identity_put(db, &i, 7, &why));
    strcpy(i.state, "revoked");
    assert_ok(center_identity_put(db, &i, 8, &why));
    assert_ok(center_identity_find(db, i.fingerprint, take_identity, now, &why));
    assert_string_equal(now, "revoked");
    assert_ok(center_identity_cursor(db, &cursor, &why));
    assert_int_equal(cursor, 8);
    /* I8: a CA that was restored from a copy begins again, and revives nobody. */
    assert_ok(center_identity_rewind(db, &why));
    assert_ok(center_identity_cursor(db, &cursor, &why));
    assert_int_equal(cursor, 0);
    strcpy(i.state, "field");
    assert_ok(center_identity_put(db, &i, 5, &why));
    assert_ok(center_identity_find(db, i.fingerprint, take_identity, now, &why));
    assert_string_equal(now, "revoked");
}

static enum err take_over_s(void *context, const struct center_identity *i)
{
    *(int64_t *)context = i->over_s;
    return OK;
}

/* M-6: with a new database, the CA tells first of all of what has been over for years. */
static void since_when_an_identity_is_over_is_kept_of_one_that_was_known_before(void **state)
{
    struct db *db = *state;
    int64_t over_s = 9;
    struct center_identity i = { .number = { "3012-000001" }, .generation = 1, .state = "superseded", .fingerprint = { 1 },
                                 .certificate = span_text("der"), .over_s = 100 };
    assert_ok(center_identity_put(db, &i, 7, NULL));
    i.over_s = 200;
    assert_ok(center_identity_put(db, &i, 7, NULL)); /* told again, from the beginning */
    assert_ok(center_identity_find(db, i.fingerprint, take_over_s, &over_s, NULL));
    assert_int_equal(over_s, 0);
    struct center_identity known = i;
    known.fingerprint[0] = 2;
    strcpy(known.state, "field");
    known.over_s = 0;
    assert_ok(center_identity_put(db, &known, 8, NULL));
    strcpy(known.state, "superseded");
    for (known.over_s = 300; known.over_s < 302; known.over_s++)
        assert_ok(center_identity_put(db, &known, 9, NULL));
    assert_ok(center_identity_find(db, known.fingerprint, take_over_s, &over_s, NULL));
    assert_int_equal(over_s, 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

/* Also those that no other test asks. Without its values a statement is prepared, and refused then. */
static void the_database_understands_every_statement(void **state)
{
    for (unsigned i = 0; i < CENTER_STATEMENTS; i++) {
        struct why why = { "" };
        enum err err = db_run(*state, i, DB_NO_ARGS, &why);
        if (err != OK && (err != ERR_BUG || strstr(why.text, " takes ") == NULL))
            fail_msg("statement %u: %s", i, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_gateway_speaks_for_what_is_bound_to_it_or_to_a_gateway_below),
        TEST(a_gateway_is_remembered_for_what_was_bound_to_it),
        TEST(a_ring_of_gateways_is_refused),
        TEST(a_device_that_polls_without_an_agreement_is_listed),
        TEST(agreements_do_not_overlap_and_an_ended_one_makes_room),
        TEST(a_call_is_sent_until_taken_answered_once_and_expires_by_its_limit),
        TEST(the_answer_to_a_devices_call_is_told_until_it_was_taken),
        TEST(the_answer_to_a_renewal_is_told_again_when_it_is_asked_again),
        TEST(calls_beyond_the_limit_wait_outside),
        TEST(a_second_key_for_a_board_does_not_take_the_place_of_the_first),
        TEST(how_often_a_device_asked_for_something_is_known),
        TEST(one_sender_or_one_kind_cannot_fill_the_list_of_incidents),
        TEST(a_device_that_reports_events_without_end_waits),
        TEST(a_device_that_calls_without_end_is_held_back_and_what_it_took_weighs_nothing),
        TEST(calls_that_are_over_leave_after_their_time_and_open_ones_stay),
        TEST(the_last_billable_reading_is_what_the_next_one_must_follow),
        TEST(a_period_has_the_ends_of_its_chains_from_the_reading_before_on),
        TEST(readings_beyond_an_hours_measure_wait_in_their_device),
        TEST(the_same_incident_within_an_hour_is_counted),
        TEST(a_ticket_is_decided_once_and_the_same_request_opens_no_second),
        TEST(what_the_ca_tells_of_an_identity_replaces_what_it_told_before),
        TEST(since_when_an_identity_is_over_is_kept_of_one_that_was_known_before),
        TEST(the_database_understands_every_statement),
    };
    return cmocka_run_group_tests_name("center", tests, scratch_make, scratch_remove);
}
