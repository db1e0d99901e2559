#include "../test.h"

#include <stdio.h>

#include "../store/scratch.h"
#include "base/clock.h"
#include "base/hex.h"
#include "center/api.h"
#include "pki/issuer.h"

/* The console's handlers on a database in which devices, readings, incidents and tickets came from the field. */
struct stage {
    struct console console;
    struct center_settings settings;
    char changed[LIMIT_NUMBER_TEXT + 1]; /* what the rest of the centre was told */
};

static void note_changed(void *context, const char *number)
{
    struct stage *s = context;
    snprintf(s->changed, sizeof s->changed, "%s", number);
}

static int open_new(void **state)
{
    static struct stage s;
    struct why why;
    s = (struct stage){ .settings = { .call_limit_s = 60 } };
    s.console = (struct console){ .settings = &s.settings, .changed = note_changed, .context = &s };
    if (center_open(scratch_path("console.db"), DB_CREATE, &s.console.db, &why) != OK)
        return -1;
    console_init(&s.console);
    *state = &s;
    return 0;
}

static int close_it(void **state)
{
    db_close(((struct stage *)*state)->console.db);
    return 0;
}

static void enter(struct stage *s, const char *number)
{
    struct center_device d = { .kind = CENTER_DEVICE };
    struct why why;
    assert_ok(number_parse(span_text(number), &d.number, &why));
    assert_ok(center_device_put(s->console.db, &d, &why));
}

/* Asks a handler; the answer is the caller's. */
static enum err ask(struct stage *s, api_handler *handler, const char *rest, const char *query, json_t *body, json_t **ret_answer,
                    struct why *why)
{
    struct api_call call = { .service = &s->console.service,
                             .rest = rest,
                             .query = query,
                             .json = body,
                             .actor = "operator:meier",
                             .op = { .name = "meier" } };
    *why = (struct why){ "" };
    enum err err = handler(&call, why);
    json_decref(body);
    if (ret_answer != NULL && err == OK)
        *ret_answer = call.answer;
    else
        json_decref(call.answer);
    return err;
}

/* M-6, effect 1 */
static void a_device_seen_without_an_agreement_is_on_the_list_of_the_unlicensed(void **state)
{
    struct stage *s = *state;
    struct why why;
    json_t *answer = NULL;
    enter(s, "3012-000001");
    enter(s, "3012-000002");
    enter(s, "3012-000003");
    for (int i = 1; i <= 2; i++) {
        char number[LIMIT_NUMBER_TEXT];
        snprintf(number, sizeof number, "3012-00000%d", i);
        assert_ok(center_device_seen(s->console.db, number, clock_wall_s(), "1.0", "", &why));
    }
    assert_ok(ask(s, api_agreement_change, "3012-000002", "", json_pack("{s:s}", "action", "add"), NULL, &why));
    assert_string_equal(s->changed, "3012-000002");
    assert_ok(ask(s, api_device_list, "", "unlicensed=1", NULL, &answer, &why));
    const json_t *rows = json_object_get(answer, "rows");
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "number")), "3012-000001");
    json_decref(answer);
    assert_ok(ask(s, api_device_list, "", "most=2", NULL, &answer, &why));
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 2);
    assert_true(json_is_true(json_object_get(answer, "more")));
    json_decref(answer);
    assert_ok(ask(s, api_status, "", "", NULL, &answer, &why));
    assert_int_equal(json_integer_value(json_object_get(answer, "unlicensed")), 1);
    assert_int_equal(json_integer_value(json_object_get(answer, "licensed")), 1);
    assert_int_equal(json_integer_value(json_object_get(answer, "seen_today")), 2);
    json_decref(answer);
}

/* The numbers of the rows, each with a blank behind it. */
static const char *numbers_of(struct stage *s, const char *query)
{
    static char text[256];
    struct why why;
    json_t *answer = NULL, *row;
    size_t i;
    text[0] = '\0';
    assert_ok(ask(s, api_device_list, "", query, NULL, &answer, &why));
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s ", json_string_value(json_object_get(row, "number")));
    }
    json_decref(answer);
    return text;
}

/* M-7: who did not report is seen, and a list goes on where it ended. */
static void silent_devices_are_listed_and_a_list_is_read_in_pages(void **state)
{
    struct stage *s = *state;
    struct why why;
    int64_t now = clock_wall_s();
    static const struct {
        const char *number;
        int64_t agreed, seen; /* seconds ago; 0: never */
    } rows[] = { { "3012-000001", 9000, 100 }, { "3012-000002", 9000, 5000 }, { "3012-000003", 9000, 0 }, /* never seen */
                 { "3012-000004", 100, 0 },    { "3012-000005", 0, 5000 } };                               /* new; none */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enter(s, rows[i].number);
        if (rows[i].agreed != 0)
            assert_ok(center_agreement_add(s->console.db, rows[i].number, now - rows[i].agreed, 0, &why));
        if (rows[i].seen != 0)
            assert_ok(center_device_seen(s->console.db, rows[i].number, now - rows[i].seen, "1", "", &why));
    }
    assert_string_equal(numbers_of(s, "silent=3600"), "3012-000002 3012-000003 ");
    assert_string_equal(numbers_of(s, "silent=20"), "3012-000001 3012-000002 3012-000003 3012-000004 ");
    assert_string_equal(numbers_of(s, "silent=20&after=3012-000001&most=2"), "3012-000002 3012-000003 ");
    assert_string_equal(numbers_of(s, "after=3012-000003"), "3012-000004 3012-000005 ");
    assert_ok(center_device_stand(s->console.db, "3012-000002", CENTER_SCRAPPED, "", &why));
    assert_ok(center_device_stand(s->console.db, "3012-000005", CENTER_SCRAPPED, "", &why));
    assert_string_equal(numbers_of(s, "silent=3600"), "3012-000003 ");
    assert_string_equal(numbers_of(s, "standing=scrapped"), "3012-000002 3012-000005 ");
    assert_string_equal(numbers_of(s, "standing=quarantined"), "");
    assert_string_equal(numbers_of(s, "unlicensed=1"), ""); /* what is scrapped is no customer's any more */
    static const char *const wrong[] = { "silent=x", "silent=0", "silent=-1", "silent=99999999999999", "standing=x", "customer=nobody", "site=nowhere" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_err(ask(s, api_device_list, "", wrong[i], NULL, NULL, &why), i < 5 ? ERR_BAD_INPUT : ERR_NOT_FOUND);
}

/* M-7: a device at a site is the site's customer's. */
static void a_device_belongs_to_the_customer_of_its_site(void **state)
{
    struct stage *s = *state;
    struct why why;
    static const char *const made[] = { "a", "b" };
    for (size_t i = 0; i < 2; i++) {
        assert_ok(ask(s, api_customer_put, "", "", json_pack("{s:s}", "id", made[i]), NULL, &why));
        assert_ok(ask(s, api_site_put, "", "", json_pack("{s:s,s:s}", "id", i == 0 ? "shop-a" : "shop-b", "customer", made[i]), NULL, &why));
    }
    assert_ok(ask(s, api_device_put, "", "", json_pack("{s:s,s:s}", "number", "3012-000001", "site", "shop-a"), NULL, &why));
    assert_string_equal(numbers_of(s, "customer=a"), "3012-000001 ");
    assert_err(ask(s, api_device_put, "", "", json_pack("{s:s,s:s}", "number", "3012-000001", "site", "shop-b"), NULL, &why), ERR_CONFLICT);
    assert_string_equal(why.text, "site shop-b is customer b's, not a's");
    assert_ok(ask(s, api_site_put, "", "", json_pack("{s:s,s:s}", "id", "shop-a", "customer", "b"), NULL, &why)); /* sold */
    assert_string_equal(numbers_of(s, "customer=a"), "");
    assert_string_equal(numbers_of(s, "customer=b&site=shop-a"), "3012-000001 ");
    assert_err(ask(s, api_device_put, "", "", json_pack("{s:s,s:s}", "number", "3012-000002", "gateway", "3012-000001"), NULL, &why), ERR_CONFLICT);
    assert_non_null(strstr(why.text, "not as a gateway"));
}

static void read_it(struct stage *s, const char *number, int64_t sequence, int64_t copy, int64_t at_s)
{
    struct why why;
    struct center_reading r = { .reading = { .epoch = 1, .sequence = sequence, .counters_n = 1, .counters = { { "copy", copy } } },
                                .received_s = at_s, .billable = true, .verdict = "follows" };
    snprintf(r.number.text, sizeof r.number.text, "%s", number);
    assert_ok(center_reading_add(s->console.db, &r, &why));
}

static json_t *bill(struct stage *s, const char *query)
{
    struct why why;
    json_t *answer = NULL;
    assert_ok(ask(s, api_billing, "", query, NULL, &answer, &why));
    return answer;
}

/* M-5, M-7: each unit is in one period; who was not heard of is seen; a leap between two chains is nobody's to bill. */
static void a_period_is_billed_from_its_readings(void **state)
{
    enum { JULY = 1782864000, DAY = 86400 }; /* 2026-07-01 */
    struct stage *s = *state;
    struct why why;
    json_t *answer, *row, *copy;
    static const char *const numbers[] = { "3012-000001", "3012-000002", "3012-000003", "3012-000004" };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        enter(s, numbers[i]);
    assert_ok(center_agreement_add(s->console.db, "3012-000002", JULY, 0, &why)); /* never read; 4 has neither */
    read_it(s, "3012-000001", 1, 100, JULY - 2 * DAY);
    read_it(s, "3012-000001", 2, 120, JULY - DAY);
    read_it(s, "3012-000001", 3, 150, JULY + DAY);
    read_it(s, "3012-000001", 4, 175, JULY + 31 * DAY); /* 1 August, 0:00 */
    read_it(s, "3012-000003", 9, 500, JULY + DAY);
    read_it(s, "3012-000003", 1, 5, JULY + 2 * DAY); /* after a release */
    read_it(s, "3012-000003", 2, 8, JULY + 3 * DAY);
    answer = bill(s, "from=2026-07-01&until=2026-08-01");
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 3);
    assert_string_equal(json_string_value(json_object_get(answer, "next")), "");
    static const struct {
        const char *number;
        int64_t readings, breaks, opening, closing, count;
    } rows[] = { { "3012-000001", 1, 0, 120, 150, 30 }, { "3012-000002", 0, 0, 0, 0, 0 }, { "3012-000003", 3, 1, 500, 8, 3 } };
    for (size_t i = 0; i < 3; i++) {
        row = json_array_get(json_object_get(answer, "rows"), i);
        copy = json_array_get(json_object_get(row, "counters"), 0);
        assert_string_equal(json_string_value(json_object_get(row, "number")), rows[i].number);
        assert_int_equal(json_integer_value(json_object_get(row, "readings")), rows[i].readings);
        assert_int_equal(json_integer_value(json_object_get(row, "breaks")), rows[i].breaks);
        assert_int_equal(json_integer_value(json_object_get(copy, "opening")), rows[i].opening);
        assert_int_equal(json_integer_value(json_object_get(copy, "closing")), rows[i].closing);
        assert_int_equal(json_integer_value(json_object_get(copy, "count")), rows[i].count);
    }
    json_decref(answer);
    /* The next month goes on where this one ended, and page by page it is the same. */
    answer = bill(s, "from=2026-08-01&until=2026-09-01&most=1");
    assert_string_equal(json_string_value(json_object_get(answer, "next")), "3012-000001");
    copy = json_array_get(json_object_get(json_array_get(json_object_get(answer, "rows"), 0), "counters"), 0);
    assert_int_equal(json_integer_value(json_object_get(copy, "opening")), 150);
    assert_int_equal(json_integer_value(json_object_get(copy, "count")), 25);
    json_decref(answer);
    answer = bill(s, "from=2026-08-01&until=2026-09-01&most=1&after=3012-000003");
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 0);
    json_decref(answer);
    static const char *const wrong[] = { "", "from=2026-07-01", "from=x&until=2026-08-01", "from=2026-08-01&until=2026-07-01" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_err(ask(s, api_billing, "", wrong[i], NULL, NULL, &why), ERR_BAD_INPUT);
    assert_err(ask(s, api_billing, "", "from=2026-07-01&until=2026-08-01&customer=amce", NULL, NULL, &why), ERR_NOT_FOUND);
}

static void quarantine_ends_by_a_reason_and_begins_a_new_chain_of_sessions(void **state)
{
    struct stage *s = *state;
    struct why why;
    struct center_device d;
    struct center_session session = { .token = "t", .nonce = "n" };
    enter(s, "3012-000001");
    assert_ok(center_session_put(s->console.db, "3012-000001", &session, &why));
    assert_ok(center_device_stand(s->console.db, "3012-000001", CENTER_QUARANTINED, "a counter went back", &why));
    assert_ok(ask(s, api_agreement_change, "3012-000001", "", json_pack("{s:s}", "action", "add"), NULL, &why));
    assert_err(ask(s, api_call_add, "", "", json_pack("{s:s,s:s}", "number", "3012-000001", "operation", "counters"), NULL, &why),
               ERR_QUARANTINED);
    assert_string_equal(why.text, "3012-000001 is in quarantine: a counter went back");
    assert_err(ask(s, api_device_release, "3012-000001", "", json_object(), NULL, &why), ERR_BAD_INPUT);
    assert_ok(ask(s, api_device_release, "3012-000001", "", json_pack("{s:s}", "reason", "board exchanged"), NULL, &why));
    assert_ok(center_device_find(s->console.db, "3012-000001", &d, &why));
    assert_int_equal(d.standing, CENTER_NORMAL);
    assert_err(center_session_find(s->console.db, "3012-000001", &session, &why), ERR_NOT_FOUND);
    assert_ok(ask(s, api_call_add, "", "", json_pack("{s:s,s:s}", "number", "3012-000001", "operation", "counters"), NULL, &why));
}

/* The fingerprint of its key. */
static const char *add_ticket(struct stage *s, const char *board)
{
    static char hex[2 * CERT_FINGERPRINT + 1];
    uint8_t fingerprint[CERT_FINGERPRINT];
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT, spki = BUF_INIT;
    struct center_ticket t = { .number = { "3012-000001" }, .model = "3012", .asked_s = 1 };
    struct why why;
    assert_ok(key_generate(KEY_P256, &key, &why));
    assert_ok(csr_make(key, "3012-000001", &csr, &why));
    assert_ok(key_spki(key, &spki));
    cert_fingerprint_der(buf_span(&spki), fingerprint);
    hex_encode(fingerprint, sizeof fingerprint, hex);
    t.csr = buf_span(&csr);
    cert_fingerprint_der(t.csr, t.csr_hash);
    snprintf(t.board, sizeof t.board, "%s", board);
    assert_ok(center_ticket_ask(s->console.db, &t, &why));
    return hex;
}

static void a_replacement_board_is_approved_once_and_by_its_id_when_several_ask(void **state)
{
    struct stage *s = *state;
    struct why why;
    json_t *answer = NULL;
    char key[2 * CERT_FINGERPRINT + 1];
    enter(s, "3012-000001");
    snprintf(key, sizeof key, "%s", add_ticket(s, "board-1"));
    add_ticket(s, "board-2");
    assert_err(ask(s, api_ticket_decide, "3012-000001", "", json_object(), NULL, &why), ERR_CONFLICT);
    assert_err(ask(s, api_ticket_decide, "3012-000001", "", json_pack("{s:s}", "board", "board-3"), NULL, &why), ERR_NOT_FOUND);
    assert_ok(ask(s, api_ticket_decide, "3012-000001", "", json_pack("{s:s,s:b}", "board", "board-2", "refuse", 1), NULL, &why));
    assert_ok(ask(s, api_ticket_decide, "3012-000001", "", json_pack("{s:s}", "fingerprint", key), &answer, &why));
    assert_string_equal(json_string_value(json_object_get(answer, "board")), "board-1");
    assert_string_equal(json_string_value(json_object_get(answer, "state")), "approved");
    json_decref(answer);
    assert_err(ask(s, api_ticket_decide, "3012-000001", "", json_object(), NULL, &why), ERR_NOT_FOUND);
    assert_ok(ask(s, api_ticket_list, "", "open=1", NULL, &answer, &why));
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 1);
    json_decref(answer);
}

/* M-8: any board can say any id; the key is compared, and it is the key that gets the number. */
static void a_board_is_approved_by_the_fingerprint_of_its_key(void **state)
{
    struct stage *s = *state;
    struct why why;
    json_t *answer = NULL;
    enter(s, "3012-000001");
    char key[2 * CERT_FINGERPRINT + 1], half[17] = "";
    snprintf(key, sizeof key, "%s", add_ticket(s, "board-1"));
    memcpy(half, key, 16);
    assert_ok(ask(s, api_ticket_list, "", "open=1", NULL, &answer, &why));
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(answer, "rows"), 0), "fingerprint")), key);
    json_decref(answer);
    const struct {
        const char *said;
        enum err err;
    } rows[] = { { "", ERR_BAD_INPUT }, { "0123456789abcde", ERR_BAD_INPUT }, { "0123456789abcdex", ERR_BAD_INPUT },
                 { "0000000000000000", ERR_CONFLICT }, { half, OK } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_err(ask(s, api_ticket_decide, "3012-000001", "", json_pack("{s:s}", "fingerprint", rows[i].said), NULL, &why), rows[i].err);
}

/* M-5 */
static void a_reading_that_does_not_follow_is_shown_and_said_not_to_be_billed(void **state)
{
    struct stage *s = *state;
    struct why why;
    json_t *answer = NULL;
    struct center_reading r = { .number = { "3012-000001" },
                                .reading = { .epoch = 1, .sequence = 1, .counters_n = 1, .counters = { { "copy", 100 } } },
                                .received_s = 1000,
                                .billable = true,
                                .verdict = "follows" };
    enter(s, "3012-000001");
    assert_ok(center_reading_add(s->console.db, &r, &why));
    r.reading.sequence = 2;
    r.reading.counters[0].value = 90;
    r.billable = false;
    snprintf(r.verdict, sizeof r.verdict, "counter-back");
    assert_ok(center_reading_add(s->console.db, &r, &why));
    assert_ok(ask(s, api_counter_list, "", "number=3012-000001", NULL, &answer, &why));
    const json_t *rows = json_object_get(answer, "rows"), *newest = json_array_get(rows, 0);
    assert_int_equal(json_array_size(rows), 2);
    assert_true(json_is_false(json_object_get(newest, "billable")));
    assert_string_equal(json_string_value(json_object_get(newest, "verdict")), "counter-back");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(newest, "counters"), "copy")), 90);
    json_decref(answer);
}

static void an_incident_is_shown_in_its_words(void **state)
{
    struct stage *s = *state;
    struct why why;
    json_t *answer = NULL;
    struct center_incident i = { .at_s = 1000, .kind = "other-number", .number = "3012-000002", .by = "3012-000001", .times = 1 };
    snprintf(i.text, sizeof i.text, "3012-000001 spoke for 3012-000002");
    assert_ok(center_incident_add(s->console.db, &i, &why));
    assert_ok(ask(s, api_incident_list, "", "most=5", NULL, &answer, &why));
    const json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "text")), "3012-000001 spoke for 3012-000002");
    assert_string_equal(json_string_value(json_object_get(row, "at")), "1970-01-01T00:16:40Z");
    json_decref(answer);
}

/* M-7: each list is asked for in the same words, and goes on in the same way. */
static void what_came_in_is_listed_in_pages_and_what_is_asked_wrongly_is_said(void **state)
{
    static api_handler *const lists[] = { api_counter_list, api_incident_list, api_event_list, api_call_list, api_agreement_list };
    static const struct {
        const char *query;
        enum err err;
    } wrong[] = { { "number=x", ERR_BAD_NUMBER }, { "customer=nobody", ERR_NOT_FOUND }, { "site=nowhere", ERR_NOT_FOUND },
                  { "since=today", ERR_BAD_INPUT }, { "since=2026-03-02&until=2026-03-02", ERR_BAD_INPUT }, { "most=0", ERR_BAD_INPUT },
                  { "most=some", ERR_BAD_INPUT }, { "after=-1", ERR_BAD_INPUT } };
    struct stage *s = *state;
    struct why why;
    json_t *answer;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
            if (ask(s, lists[l], "", wrong[i].query, NULL, NULL, &why) != wrong[i].err)
                fail_msg("list %zu, %s: %s", l, wrong[i].query, why.text);
    assert_err(ask(s, api_call_list, "", "state=lost", NULL, NULL, &why), ERR_BAD_INPUT);
    assert_err(ask(s, api_agreement_list, "", "state=lost", NULL, NULL, &why), ERR_BAD_INPUT);
    enter(s, "3012-000001");
    for (int i = 0; i < 3; i++)
        assert_ok(center_event_add(s->console.db, "3012-000001", 1000 + i, "start", "", &why));
    assert_ok(ask(s, api_event_list, "", "number=3012-000001&kind=start&since=1970-01-01&most=2", NULL, &answer, &why));
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 2);
    assert_true(json_is_true(json_object_get(answer, "more")));
    char query[64];
    snprintf(query, sizeof query, "most=2&after=%s", json_string_value(json_object_get(answer, "next")));
    json_decref(answer);
    assert_ok(ask(s, api_event_list, "", query, NULL, &answer, &why));
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 1);
    assert_string_equal(json_string_value(json_object_get(answer, "next")), "");
    json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_seen_without_an_agreement_is_on_the_list_of_the_unlicensed),
        TEST(silent_devices_are_listed_and_a_list_is_read_in_pages),
        TEST(a_device_belongs_to_the_customer_of_its_site),
        TEST(a_period_is_billed_from_its_readings),
        TEST(quarantine_ends_by_a_reason_and_begins_a_new_chain_of_sessions),
        TEST(a_board_is_approved_by_the_fingerprint_of_its_key),
        TEST(a_replacement_board_is_approved_once_and_by_its_id_when_several_ask),
        TEST(a_reading_that_does_not_follow_is_shown_and_said_not_to_be_billed),
        TEST(an_incident_is_shown_in_its_words),
        TEST(what_came_in_is_listed_in_pages_and_what_is_asked_wrongly_is_said),
    };
    return cmocka_run_group_tests_name("console", tests, scratch_make, scratch_remove);
}
