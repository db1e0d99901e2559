/* What a factory server reports of a pack: who may, and what it does to the register. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "ca/crl.h"

struct row {
    uint8_t fingerprint[REGISTER_FINGERPRINT];
    enum lifecycle_state state;
    int64_t revoked_s;
};

static enum err take_row(void *context, const struct register_certificate *c)
{
    struct row *row = context;
    row->state = c->state;
    row->revoked_s = c->revoked_s;
    if (c->fingerprint.n == sizeof row->fingerprint)
        memcpy(row->fingerprint, c->fingerprint.at, sizeof row->fingerprint);
    return OK;
}

static struct row row_of(const char *number)
{
    struct row row = { .state = LIFE_PLANNED };
    assert_ok(register_certificate_find(signer->db, "device", number, take_row, &row, NULL));
    return row;
}

/* A number of 3012 with its pack at the factory server. */
static struct row make(const char *id, int serial)
{
    char number[LIMIT_NUMBER_TEXT + 1];
    AUTO_WIPED_BUF packs = BUF_INIT;
    int64_t tag = folder_ask_batch("factory-1", id, "3012", serial, 1);
    folder_assert_accepted(tag, 1);
    assert_int_equal(folder_collect(tag, &packs), 1);
    folder_close_batch(tag);
    snprintf(number, sizeof number, "3012-%06d", serial);
    return row_of(number);
}

/* The error that the answer names; "" none. */
static void report(const char *requester, const char *number, const struct row *row, const char *outcome, char ret_error[32])
{
    struct frame_reader fields;
    char text[LIMIT_NUMBER_TEXT + 1], state[32];
    int64_t tag = folder_ask(CA_REQUEST_OUTCOMES, ++last_tag);
    folder_text(requester);
    assert_ok(frame_put_int(&question, 1));
    folder_text(number);
    assert_ok(frame_put_bytes(&question, span_of(row->fingerprint, sizeof row->fingerprint)));
    folder_text(outcome);
    folder_text("as it was");
    folder_send();
    assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_OUTCOMES);
    assert_int_equal(frame_int(&fields), 1);
    frame_text(&fields, sizeof text, text);
    frame_text(&fields, sizeof state, state);
    frame_text(&fields, 32, ret_error);
    assert_string_equal(text, number);
}

static enum err count_revoked(void *context, const struct register_certificate *c)
{
    *(int *)context += strcmp(c->subject, "3012-002001") == 0;
    return OK;
}

static void read_list(struct buf *to)
{
    buf_clear(to);
    assert_ok(crl_current(signer->db, &signer->ca, AUTHORITY_IDENTITY, 7, false, to, NULL));
}

static void a_write_that_failed_revokes_before_the_number_is_made_again(void **state) /* F-16, I1 */
{
    static const char number[] = "3012-002001";
    char error[32];
    int revoked = 0;
    AUTO_BUF before = BUF_INIT, after = BUF_INIT;
    (void)state;
    struct row first = make("once", 2001);
    read_list(&before);
    read_list(&after);
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    folder_assert_refused(folder_ask_batch("factory-1", "again", "3012", 2001, 1), ERR_LIVE_IDENTITY, "live identity");
    report("factory-1", number, &first, "failed", error);
    assert_string_equal(error, "");
    struct row failed = row_of(number);
    assert_int_equal(failed.state, LIFE_VOIDED);
    assert_true(failed.revoked_s > 0);
    assert_ok(register_revoked_list(signer->db, "identity", count_revoked, &revoked, NULL));
    assert_int_equal(revoked, 1);
    read_list(&after); /* a new one at once, though the last is good for days */
    assert_false(span_equal(buf_span(&before), buf_span(&after)));
    folder_restart(); /* I9 */
    assert_int_equal(row_of(number).state, LIFE_VOIDED);
    struct row second = make("once more", 2001);
    assert_memory_not_equal(first.fingerprint, second.fingerprint, sizeof first.fingerprint);
    report("factory-1", number, &first, "failed", error); /* I10: about the first one still */
    assert_string_equal(error, "");
    assert_int_equal(row_of(number).state, LIFE_STORED);
}

static void a_factory_server_reports_nothing_of_anothers_packs(void **state)
{
    static const char number[] = "3012-002002", *const outcomes[] = { "failed", "voided", "written" };
    char error[32];
    (void)state;
    struct row row = make("mine", 2002);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        report("factory-2", number, &row, outcomes[i], error);
        assert_string_equal(error, "NOT_FOUND");
        assert_int_equal(row_of(number).state, LIFE_STORED);
    }
    report("factory-1", number, &row, "written", error);
    assert_string_equal(error, "");
    assert_int_equal(row_of(number).state, LIFE_WRITTEN);
    report("factory-1", number, &row, "failed", error); /* I8 */
    assert_string_equal(error, "BAD_TRANSITION");
    assert_int_equal(row_of(number).state, LIFE_WRITTEN);
}

static enum err add(const char *subject, uint8_t mark)
{
    uint8_t serial[16] = { 0x41, mark }, fingerprint[32] = { mark };
    struct register_certificate c = { .kind = "bootstrap", .issuer = "bootstrap", .requester = "x", .state = LIFE_STORED, .created_s = 1,
                                      .serial = span_of(serial, sizeof serial), .fingerprint = span_of(fingerprint, sizeof fingerprint),
                                      .der = span_text("der"), .tbs = span_text("tbs") };
    int64_t id;
    snprintf(c.subject, sizeof c.subject, "%s", subject);
    assert_ok(register_body_add(signer->db, &c, NULL));
    return register_certificate_add(signer->db, &c, &id, NULL);
}

static void the_register_itself_takes_no_second_live_identity(void **state) /* I1 */
{
    (void)state;
    assert_ok(add("3097-BOOTSTRAP", 1));
    assert_err(add("3097-BOOTSTRAP", 2), ERR_CONFLICT);
    assert_ok(add("3098-BOOTSTRAP", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_failed_revokes_before_the_number_is_made_again),
        cmocka_unit_test(a_factory_server_reports_nothing_of_anothers_packs),
        cmocka_unit_test(the_register_itself_takes_no_second_live_identity),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
