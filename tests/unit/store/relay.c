/* The gateway's queue (M-1, M-3, I9, I10). */
#include "../test.h"
#include "scratch.h"

#include "store/relay.h"

enum { NOW = 1800000000 };
static const struct relay_bounds wide = { .letters = 1000, .bytes = 1000000, .per_number = 100 };

static struct db *open_new(const char *name)
{
    struct db *db = NULL;
    assert_ok(relay_open(scratch_path(name), DB_CREATE, &db, NULL));
    return db;
}

static struct device_number number(const char *text)
{
    struct device_number n;
    assert_ok(number_parse(span_text(text), &n, NULL));
    return n;
}

static struct relay_letter letter(bool down, enum relay_kind kind, const char *id, const char *of, const char *via)
{
    struct relay_letter l = { .down = down, .kind = kind, .number = number(of), .seconds = 60, .taken_s = NOW,
                              .envelope = span_text("<envelope/>"), .signature = span_text("signed") };
    snprintf(l.id, sizeof l.id, "%s", id);
    snprintf(l.via, sizeof l.via, "%s", via);
    return l;
}

static bool put(struct db *db, bool down, enum relay_kind kind, const char *id, const char *of, const char *via)
{
    struct relay_letter l = letter(down, kind, id, of, via);
    bool fresh;
    assert_ok(relay_put(db, &l, &wide, &fresh, NULL));
    return fresh;
}

/* What a list says, as "call:a answer:b ". */
static enum err tell_letter(void *context, const struct relay_letter *l)
{
    char *text = context;
    size_t n = strlen(text);
    assert_true(span_equal(l->envelope, span_text("<envelope/>")));
    snprintf(text + n, 200 - n, "%s:%s ", relay_kind_name(l->kind), l->id);
    return OK;
}

static const char *up(struct db *db)
{
    static char text[200];
    *text = '\0';
    assert_ok(relay_letters_up(db, 100, tell_letter, text, NULL));
    return text;
}

static const char *down(struct db *db, const char *via)
{
    static char text[200];
    *text = '\0';
    assert_ok(relay_letters_down(db, via, span_of(NULL, 0), 100, tell_letter, text, NULL));
    return text;
}

static enum err tell_refusal(void *context, const struct relay_refusal *r)
{
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 200 - n, "%s:%s:%s ", relay_kind_name(r->kind), r->id, r->error);
    return OK;
}

static const char *refusals(struct db *db, const char *via)
{
    static char text[200];
    *text = '\0';
    assert_ok(relay_refusals(db, via, tell_refusal, text, NULL));
    return text;
}

static bool presence(struct db *db, const char *of, const char *via, const char *nonce, int64_t now_s)
{
    struct relay_presence p = { .number = number(of), .nonce = nonce, .fingerprint = span_text("fingerprint") };
    snprintf(p.via, sizeof p.via, "%s", via);
    bool news;
    assert_ok(relay_presence_put(db, &p, now_s, 10, &news, NULL));
    return news;
}

static const char *session(struct db *db, const char *of, const char *nonce, bool admitted)
{
    static char via[LIMIT_NUMBER_TEXT + 1];
    struct relay_session s = { .number = number(of), .nonce = nonce, .state = admitted ? "admitted" : "refused", .interval_s = 60 };
    assert_ok(relay_session_put(db, &s, admitted, NOW, via, NULL));
    return via;
}

static enum err tell_session(void *context, const struct relay_session *s)
{
    char *text = context;
    size_t n = strlen(text);
    snprintf(text + n, 200 - n, "%s:%s:%s ", s->number.text, s->nonce, s->state);
    return OK;
}

static const char *sessions(struct db *db, const char *via)
{
    static char text[200];
    *text = '\0';
    assert_ok(relay_sessions_down(db, via, 100, tell_session, text, NULL));
    return text;
}

static bool passed(struct db *db, enum relay_kind kind, const char *id, const char *via)
{
    bool found;
    assert_ok(relay_passed(db, kind, id, via, NOW, &found, NULL));
    return found;
}

static void letters_go_up_in_order_until_a_receipt_comes_and_are_taken_once(void **state) /* I10 */
{
    (void)state;
    struct db *db = open_new("up.db");
    assert_true(put(db, false, RELAY_CALL, "a", "4001-1", "4001-1"));
    assert_true(put(db, false, RELAY_ANSWER, "b", "4001-1", "4001-1"));
    assert_false(put(db, false, RELAY_CALL, "a", "4001-1", "4001-1"));
    assert_string_equal(up(db), "call:a answer:b ");
    assert_true(passed(db, RELAY_CALL, "a", NULL));
    assert_false(passed(db, RELAY_CALL, "a", NULL));
    assert_false(put(db, false, RELAY_CALL, "a", "4001-1", "4001-1")); /* known although its content is gone */
    assert_string_equal(up(db), "answer:b ");
    db_close(db);
}

static void the_id_of_another_devices_letter_is_refused(void **state)
{
    (void)state;
    struct db *db = open_new("foreign.db");
    put(db, false, RELAY_CALL, "a", "4001-1", "4001-1");
    struct relay_letter l = letter(false, RELAY_CALL, "a", "4001-2", "4001-2");
    bool fresh;
    assert_err(relay_put(db, &l, &wide, &fresh, NULL), ERR_CONFLICT);
    db_close(db);
}

static void what_was_taken_is_there_after_a_crash(void **state) /* I9 */
{
    (void)state;
    struct db *db = open_new("crash.db");
    assert_ok(db_begin(db, NULL));
    put(db, false, RELAY_CALL, "kept", "4001-1", "4001-1");
    assert_ok(db_commit(db, NULL));
    assert_ok(db_begin(db, NULL));
    put(db, false, RELAY_CALL, "lost", "4001-1", "4001-1");
    db_close(db);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/crash.db", scratch_dir);
    assert_ok(relay_open(path, DB_READ_WRITE, &db, NULL));
    assert_string_equal(up(db), "call:kept ");
    db_close(db);
}

static void a_full_queue_says_busy_and_has_room_again_when_a_letter_went(void **state)
{
    (void)state;
    struct db *db = open_new("full.db");
    const struct {
        struct relay_bounds bounds;
    } rows[] = { { { 1, 1000, 0 } }, { { 10, 15, 0 } }, { { 10, 1000, 1 } } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct relay_letter first = letter(false, RELAY_CALL, "a", "4001-1", "4001-1"), second = first;
        bool fresh;
        snprintf(first.id, sizeof first.id, "first-%zu", i);
        snprintf(second.id, sizeof second.id, "second-%zu", i);
        assert_ok(relay_put(db, &first, &rows[i].bounds, &fresh, NULL));
        assert_err(relay_put(db, &second, &rows[i].bounds, &fresh, NULL), ERR_BUSY);
        assert_ok(relay_put(db, &first, &rows[i].bounds, &fresh, NULL)); /* the same again is no burden */
        assert_false(fresh);
        assert_true(passed(db, RELAY_CALL, first.id, NULL));
        assert_ok(relay_put(db, &second, &rows[i].bounds, &fresh, NULL));
        assert_true(passed(db, RELAY_CALL, second.id, NULL));
    }
    struct relay_counts counts;
    assert_ok(relay_count(db, &counts, NULL));
    assert_int_equal(counts.up, 0);
    assert_int_equal(counts.up_bytes, 0);
    db_close(db);
}

static void a_response_overtakes_its_delays(void **state) /* M-4 */
{
    (void)state;
    struct db *db = open_new("delay.db");
    struct relay_letter later = letter(false, RELAY_DELAY, "a", "4001-1", "4001-1");
    bool fresh;
    assert_true(put(db, false, RELAY_DELAY, "a", "4001-1", "4001-1"));
    assert_true(passed(db, RELAY_DELAY, "a", NULL));
    assert_false(put(db, false, RELAY_DELAY, "a", "4001-1", "4001-1"));
    later.seconds = 120; /* later still */
    assert_ok(relay_put(db, &later, &wide, &fresh, NULL));
    assert_true(fresh);
    assert_string_equal(up(db), "delay:a ");
    assert_true(put(db, false, RELAY_ANSWER, "a", "4001-1", "4001-1"));
    assert_string_equal(up(db), "answer:a ");
    later.seconds = 240;
    assert_ok(relay_put(db, &later, &wide, &fresh, NULL));
    assert_false(fresh);
    db_close(db);
}

static void a_session_goes_to_where_its_presence_came_from_and_makes_the_route(void **state) /* M-1 */
{
    (void)state;
    struct db *db = open_new("route.db");
    assert_true(put(db, true, RELAY_CALL, "early", "4001-1", ""));
    assert_string_equal(down(db, "4001-9"), "");
    assert_true(presence(db, "4001-1", "4001-9", "n1", NOW));
    assert_true(presence(db, "4001-1", "4001-8", "n2", NOW)); /* another one claims the number */
    assert_string_equal(session(db, "4001-1", "n2", false), "4001-8");
    char via[LIMIT_NUMBER_TEXT + 1];
    assert_err(relay_route(db, "4001-1", via, NULL), ERR_NOT_FOUND); /* refused: no route */
    assert_string_equal(session(db, "4001-1", "n1", true), "4001-9");
    assert_ok(relay_route(db, "4001-1", via, NULL));
    assert_string_equal(via, "4001-9");
    assert_string_equal(down(db, "4001-9"), "call:early ");
    assert_string_equal(sessions(db, "4001-9"), "4001-1:n1:admitted ");
    assert_string_equal(sessions(db, "4001-8"), "4001-1:n2:refused ");
    assert_ok(relay_session_given(db, "4001-1", "4001-9", NULL));
    assert_string_equal(sessions(db, "4001-9"), "");
    assert_string_equal(session(db, "4001-1", "unheard", true), "");
    db_close(db);
}

static void a_presence_that_is_repeated_gets_its_session_again_or_goes_up_again(void **state) /* M-3 */
{
    (void)state;
    struct db *db = open_new("again.db");
    assert_true(presence(db, "4001-1", "4001-1", "n1", NOW));
    assert_ok(relay_presence_sent(db, "4001-1", "n1", NOW, NULL));
    assert_false(presence(db, "4001-1", "4001-1", "n1", NOW + 5));
    assert_true(presence(db, "4001-1", "4001-1", "n1", NOW + 11)); /* no answer for longer than 10 s */
    session(db, "4001-1", "n1", true);
    assert_ok(relay_session_given(db, "4001-1", "4001-1", NULL));
    assert_false(presence(db, "4001-1", "4001-1", "n1", NOW + 12)); /* the reply was lost */
    assert_string_equal(sessions(db, "4001-1"), "4001-1:n1:admitted ");
    assert_true(presence(db, "4001-1", "4001-1", "n2", NOW + 60));
    assert_string_equal(sessions(db, "4001-1"), "");
    db_close(db);
}

/* Effect 1: a device whose agreement begins, or goes on, shows the presence that was refused before. */
static void a_presence_that_was_refused_is_asked_about_again(void **state)
{
    (void)state;
    struct db *db = open_new("refused.db");
    assert_true(presence(db, "4001-1", "4001-1", "n1", NOW));
    assert_ok(relay_presence_sent(db, "4001-1", "n1", NOW, NULL));
    session(db, "4001-1", "n1", false);
    assert_ok(relay_session_given(db, "4001-1", "4001-1", NULL));
    assert_false(presence(db, "4001-1", "4001-1", "n1", NOW + 2)); /* the reply was lost */
    assert_string_equal(sessions(db, "4001-1"), "4001-1:n1:refused ");
    assert_true(presence(db, "4001-1", "4001-1", "n1", NOW + 60)); /* the next poll */
    assert_string_equal(sessions(db, "4001-1"), "");
    assert_ok(relay_presence_sent(db, "4001-1", "n1", NOW + 60, NULL));
    session(db, "4001-1", "n1", true);
    assert_string_equal(sessions(db, "4001-1"), "4001-1:n1:admitted ");
    assert_false(presence(db, "4001-1", "4001-1", "n1", NOW + 120));
    db_close(db);
}

static void an_answer_goes_down_to_whoever_brought_the_call(void **state)
{
    (void)state;
    struct db *db = open_new("answer.db");
    put(db, false, RELAY_CALL, "a", "4001-1", "4001-9");
    assert_true(passed(db, RELAY_CALL, "a", NULL));
    put(db, true, RELAY_ANSWER, "a", "4001-1", "");
    assert_string_equal(down(db, "4001-9"), "answer:a ");
    assert_false(passed(db, RELAY_ANSWER, "a", "4001-8")); /* a receipt of somebody else */
    assert_true(passed(db, RELAY_ANSWER, "a", "4001-9"));
    assert_string_equal(down(db, "4001-9"), "");
    db_close(db);
}

static void a_refusal_is_told_the_other_way(void **state)
{
    (void)state;
    struct db *db = open_new("refusal.db");
    bool found;
    put(db, false, RELAY_CALL, "up", "4001-1", "4001-9");
    assert_ok(relay_refuse(db, &(struct relay_refusal){ RELAY_CALL, "up", "NO_AGREEMENT", "none" }, NULL, NOW, &found, NULL));
    assert_true(found);
    assert_string_equal(up(db), "");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(refusals(db, "4001-9"), "call:up:NO_AGREEMENT ");
        assert_ok(relay_refusals_told(db, "4001-9", NULL));
    }
    assert_string_equal(refusals(db, "4001-9"), "");
    presence(db, "4001-1", "4001-9", "n1", NOW);
    session(db, "4001-1", "n1", true);
    put(db, true, RELAY_CALL, "down", "4001-1", "");
    assert_ok(relay_refuse(db, &(struct relay_refusal){ RELAY_CALL, "down", "EXPIRED", "late" }, "4001-9", NOW, &found, NULL));
    assert_true(found);
    assert_string_equal(refusals(db, NULL), "call:down:EXPIRED ");
    assert_ok(relay_refusals_told(db, NULL, NULL));
    assert_string_equal(refusals(db, NULL), "");
    db_close(db);
}

static void calls_down_expire_and_letters_up_wait_for_good(void **state) /* I13 */
{
    (void)state;
    struct db *db = open_new("expire.db");
    int64_t n;
    presence(db, "4001-1", "4001-1", "n1", NOW);
    session(db, "4001-1", "n1", true);
    put(db, true, RELAY_CALL, "down", "4001-1", "");
    put(db, false, RELAY_CALL, "up", "4001-1", "4001-1");
    assert_ok(relay_expire(db, NOW + 60, &n, NULL));
    assert_int_equal(n, 0);
    assert_ok(relay_expire(db, NOW + 61, &n, NULL));
    assert_int_equal(n, 1);
    assert_string_equal(down(db, "4001-1"), "");
    assert_ok(relay_expire(db, NOW + 30 * 24 * 3600, &n, NULL));
    assert_string_equal(up(db), "call:up ");
    db_close(db);
}

static bool put_under(struct db *db, const char *token)
{
    struct relay_letter l = letter(false, RELAY_CALL, "a", "3012-1", "3012-1");
    bool fresh;
    snprintf(l.token, sizeof l.token, "%s", token);
    assert_ok(relay_put(db, &l, &wide, &fresh, NULL));
    return fresh;
}

/* I9: somebody further on refused it for a while; its device knows, and sends it again. A late copy of the first is none. */
static void a_letter_that_went_up_goes_again_under_another_presence(void **state)
{
    (void)state;
    struct db *db = open_new("again.db");
    const struct relay_refusal refusal = { .kind = RELAY_CALL, .id = "a", .error = "UNCONFIRMED", .reason = "" };
    bool found;
    assert_true(put_under(db, "t1"));
    assert_false(put_under(db, "t2")); /* it waits, and goes as it is */
    assert_string_equal(up(db), "call:a ");
    assert_ok(relay_refuse(db, &refusal, NULL, NOW, &found, NULL));
    assert_string_equal(up(db), "");
    assert_false(put_under(db, "t1"));
    assert_string_equal(up(db), "");
    assert_true(put_under(db, "t3"));
    assert_string_equal(up(db), "call:a ");
    assert_ok(relay_refuse(db, &refusal, NULL, NOW, &found, NULL));
    assert_true(found); /* and is told again */
    db_close(db);
}

/* I3: between the two its device has another identity: what the centre said to the first is not for the second. */
static void a_presence_with_another_identity_goes_up(void **state)
{
    (void)state;
    struct db *db = open_new("identity.db");
    const uint8_t one[32] = { 1 }, other[32] = { 2 };
    struct relay_presence p = { .number = number("3012-1"), .nonce = "n", .fingerprint = span_of(one, 32), .signature = span_text("s") };
    bool news;
    snprintf(p.via, sizeof p.via, "3012-1");
    assert_ok(relay_presence_put(db, &p, NOW, 60, &news, NULL));
    assert_true(news);
    assert_ok(relay_presence_sent(db, "3012-1", "n", NOW, NULL));
    const struct relay_session s = { .number = p.number, .nonce = "n", .state = "admitted", .token = "t" };
    char via[LIMIT_NUMBER_TEXT + 1];
    assert_ok(relay_session_put(db, &s, true, NOW, via, NULL));
    assert_ok(relay_presence_put(db, &p, NOW, 60, &news, NULL));
    assert_false(news);
    p.fingerprint = span_of(other, 32);
    assert_ok(relay_presence_put(db, &p, NOW, 60, &news, NULL));
    assert_true(news);
    db_close(db);
}

/* A board that was taken out stands behind the same gateway as the one in its place: its calls are not its. */
static void calls_go_down_to_the_identity_that_was_admitted_last(void **state)
{
    (void)state;
    struct db *db = open_new("boards.db");
    const uint8_t one[32] = { 1 }, other[32] = { 2 };
    struct relay_presence p = { .number = number("3012-1"), .nonce = "n1", .fingerprint = span_of(one, 32), .signature = span_text("s") };
    bool news;
    snprintf(p.via, sizeof p.via, "3012-1");
    assert_true(put(db, true, RELAY_CALL, "c", "3012-1", ""));
    assert_true(put(db, true, RELAY_ANSWER, "a", "3012-1", "3012-1"));
    for (int i = 0; i < 3; i++) { /* one is let in, then the other, and then the other is refused */
        char text[2][200] = { "", "" };
        p.nonce = i == 0 ? "n1" : "n2";
        p.fingerprint = i == 0 ? span_of(one, 32) : span_of(other, 32);
        assert_ok(relay_presence_put(db, &p, NOW, 60, &news, NULL));
        assert_string_equal(session(db, "3012-1", p.nonce, i < 2), "3012-1");
        assert_ok(relay_letters_down(db, "3012-1", span_of(one, 32), 10, tell_letter, text[0], NULL));
        assert_ok(relay_letters_down(db, "3012-1", span_of(other, 32), 10, tell_letter, text[1], NULL));
        assert_int_equal(strstr(text[0], "call:c") != NULL, i == 0);
        assert_int_equal(strstr(text[1], "call:c") != NULL, i == 1);
    }
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_go_up_in_order_until_a_receipt_comes_and_are_taken_once),
        cmocka_unit_test(the_id_of_another_devices_letter_is_refused),
        cmocka_unit_test(what_was_taken_is_there_after_a_crash),
        cmocka_unit_test(a_full_queue_says_busy_and_has_room_again_when_a_letter_went),
        cmocka_unit_test(a_response_overtakes_its_delays),
        cmocka_unit_test(a_session_goes_to_where_its_presence_came_from_and_makes_the_route),
        cmocka_unit_test(a_presence_that_is_repeated_gets_its_session_again_or_goes_up_again),
        cmocka_unit_test(a_presence_that_was_refused_is_asked_about_again),
        cmocka_unit_test(an_answer_goes_down_to_whoever_brought_the_call),
        cmocka_unit_test(a_refusal_is_told_the_other_way),
        cmocka_unit_test(calls_down_expire_and_letters_up_wait_for_good),
        cmocka_unit_test(a_letter_that_went_up_goes_again_under_another_presence),
        cmocka_unit_test(a_presence_with_another_identity_goes_up),
        cmocka_unit_test(calls_go_down_to_the_identity_that_was_admitted_last),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
