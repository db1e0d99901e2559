#include "../test.h"

#include <string.h>

#include "center/decide.h"

enum { NOW = 1000000 };

/* M-6, M-8: what the CA told of an identity decides whether it counts. */
static void an_identity_counts_by_what_the_ca_told_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        bool told;
        int64_t expires_s;
        enum err err;
        const char *incident;
    } rows[] = {
        { "written", true, NOW + 1, OK, "" },
        { "erased", true, NOW + 1, OK, "" },
        { "field", true, NOW + 1, OK, "" },
        { "renewing", true, NOW + 1, OK, "" },
        { "field", true, NOW, ERR_EXPIRED, "" },
        { "field", true, NOW - 99, ERR_EXPIRED, "" },
        { "field", true, NOW - 100, ERR_UNKNOWN_IDENTITY, "expired" },
        { "stored", true, NOW + 1, ERR_BUSY, "" },
        { "claimed", true, NOW + 1, ERR_BUSY, "" },
        { "voided", true, NOW + 1, ERR_UNKNOWN_IDENTITY, "revoked" },
        { "superseded", true, NOW + 1, ERR_UNKNOWN_IDENTITY, "superseded" },
        { "revoked", true, NOW + 1, ERR_UNKNOWN_IDENTITY, "revoked" },
        { "revoked", true, NOW - 1000, ERR_UNKNOWN_IDENTITY, "revoked" },
        { "no such state", true, NOW + 1, ERR_BUSY, "" },
        { NULL, true, NOW + 1, ERR_UNKNOWN_IDENTITY, "unknown-identity" },
        { NULL, false, NOW + 1, ERR_BUSY, "" }, /* it may just have been written */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = decide_identity(&(struct identity_facts){ rows[i].state, rows[i].told, rows[i].expires_s, 100, false }, NOW);
        assert_int_equal(v.err, rows[i].err);
        assert_string_equal(v.incident, rows[i].incident);
    }
}

/* M-8: a renewed identity is let in beside the one before it, and counts alone when there is none (a replacement board). */
static void an_identity_beside_another_one_has_to_be_confirmed(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int64_t expires_s;
        bool predecessor;
        enum err err;
    } rows[] = {
        { "renewing", NOW + 1, true, ERR_UNCONFIRMED }, { "renewing", NOW + 1, false, OK },
        { "field", NOW + 1, true, OK },                 { "written", NOW + 1, true, OK },
        { "renewing", NOW, true, ERR_EXPIRED },         { "voided", NOW + 1, true, ERR_UNKNOWN_IDENTITY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct identity_facts facts = { rows[i].state, true, rows[i].expires_s, 100, rows[i].predecessor };
        assert_int_equal(decide_identity(&facts, NOW).err, rows[i].err);
    }
}

/* M-8, F-26: each cell of the table, how far an identity reaches x what it sends. */
static void an_identity_that_is_not_in_force_sends_only_what_the_table_allows(void **state)
{
    (void)state;
    static const struct {
        enum reach reach;
        enum soap_message allowed; /* the one call; SOAP_MESSAGE_COUNT: all */
        enum err session, refusal;
    } rows[] = {
        { REACH_ALL, SOAP_MESSAGE_COUNT, OK, OK },
        { REACH_CONFIRMATION, SOAP_RENEWAL_CONFIRMATION, ERR_UNCONFIRMED, ERR_UNCONFIRMED },
        { REACH_RENEWAL, SOAP_RENEWAL, ERR_EXPIRED, ERR_UNKNOWN_IDENTITY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum reach found = REACH_COUNT;
        assert_int_equal(decide_presence(rows[i].reach).err, rows[i].session);
        assert_true(decide_reach(rows[i].session, &found));
        assert_int_equal(found, rows[i].reach);
        assert_int_equal(decide_answer(rows[i].reach).err, rows[i].refusal);
        assert_int_equal(decide_carrying(rows[i].reach).err, rows[i].reach == REACH_ALL ? OK : ERR_BUSY);
        for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++)
            assert_int_equal(decide_call(rows[i].reach, (enum soap_message)m).err, m == rows[i].allowed ? OK : rows[i].refusal);
    }
    enum reach none;
    assert_false(decide_reach(ERR_UNKNOWN_IDENTITY, &none));
    assert_false(decide_reach(ERR_BUSY, &none));
}

/* M-6: the number comes from the certificate, never from the message; through gateways (M-1) it must be bound and signed. */
static void a_letter_counts_by_its_own_connection_or_bound_and_signed(void **state)
{
    (void)state;
    static const struct {
        enum role role;
        const char *peer, *number;
        bool bound;
        int signature;
        enum err err;
        const char *incident;
    } rows[] = {
        { ROLE_DEVICE, "3012-000001", "3012-000001", false, UNSIGNED, OK, "" },
        { ROLE_DEVICE, "3012-000001", "3012-000001", false, SIGNED_WELL, OK, "" },
        { ROLE_DEVICE, "3012-000001", "3012-000001", false, SIGNED_BADLY, ERR_BAD_SIGNATURE, "bad-signature" },
        { ROLE_DEVICE, "3012-000001", "3012-000002", false, UNSIGNED, ERR_NUMBER_MISMATCH, "other-number" },
        { ROLE_DEVICE, "3012-000001", "3012-000002", true, SIGNED_WELL, ERR_NUMBER_MISMATCH, "other-number" },
        { ROLE_GATEWAY, "3015-000001", "3015-000001", false, UNSIGNED, OK, "" },
        { ROLE_GATEWAY, "3015-000001", "3012-000001", true, SIGNED_WELL, OK, "" },
        { ROLE_GATEWAY, "3015-000001", "3012-000001", true, UNSIGNED, ERR_BAD_SIGNATURE, "bad-signature" },
        { ROLE_GATEWAY, "3015-000001", "3012-000001", true, SIGNED_BADLY, ERR_BAD_SIGNATURE, "bad-signature" },
        { ROLE_GATEWAY, "3015-000001", "3012-000001", false, SIGNED_WELL, ERR_NOT_BOUND, "not-bound" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct peer peer = { .role = rows[i].role };
        struct device_number number;
        strcpy(peer.name, rows[i].peer);
        strcpy(number.text, rows[i].number);
        struct way_facts facts = { .peer = &peer, .number = &number, .bound = rows[i].bound };
        facts.signature = rows[i].signature == UNSIGNED ? UNSIGNED : rows[i].signature == SIGNED_WELL ? SIGNED_WELL : SIGNED_BADLY;
        struct verdict v = decide_way(&facts);
        assert_int_equal(v.err, rows[i].err);
        assert_string_equal(v.incident, rows[i].incident);
    }
}

static struct node licensed(void)
{
    struct node n = { .device = { .agreement = { .state = AGREEMENT_ACTIVE, .from_s = 1 } } };
    strcpy(n.device.number.text, "3012-000001");
    return n;
}

static struct node in_chain(const char *token, const char *used, const char *nonce)
{
    struct node n = licensed();
    n.has_chain = true;
    strcpy(n.chain.token, token);
    strcpy(n.chain.used, used);
    strcpy(n.chain.nonce, nonce);
    return n;
}

/* M-6: each row of the table in doc/protocol/field.md, "Sessions: one memory, one device". */
static void each_presence_is_one_row_of_the_chain_of_tokens(void **state)
{
    (void)state;
    static const char fresh[CENTER_TOKEN] = "fresh";
    static const struct {
        bool known;
        const char *used, *shown, *nonce;
        enum session_row row;
        enum err err;
        const char *handed, *incident;
    } rows[] = {
        { true, "t1", "t2", "n2", SESSION_NEXT, OK, "fresh", "" },
        { true, "t1", "t2", "n1", SESSION_NEXT, OK, "fresh", "" },
        { true, "t1", "t1", "n1", SESSION_AGAIN, OK, "t2", "" },
        { true, "t1", "t1", "n9", SESSION_FORKED, ERR_QUARANTINED, NULL, "forked" },
        { false, "", "", "n1", SESSION_FIRST, OK, "fresh", "" },
        { true, "", "", "n1", SESSION_AGAIN, OK, "t2", "" }, /* the reply to the first one was lost */
        { true, "", "", "n9", SESSION_FORKED, ERR_QUARANTINED, NULL, "forked" },
        { true, "t1", "t0", "n1", SESSION_RESTORED, ERR_QUARANTINED, NULL, "restored" },
        { true, "t1", "", "n1", SESSION_RESTORED, ERR_QUARANTINED, NULL, "restored" },
        { false, "", "t7", "n1", SESSION_FIRST, OK, "fresh", "" }, /* released from quarantine */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node n = rows[i].known ? in_chain("t2", rows[i].used, "n1") : licensed();
        struct session_outcome o;
        assert_int_equal(decide_session_row(&n, rows[i].shown, rows[i].nonce), rows[i].row);
        decide_session(&n, rows[i].shown, rows[i].nonce, fresh, NOW, &o);
        assert_int_equal(o.verdict.err, rows[i].err);
        assert_string_equal(o.verdict.incident, rows[i].incident);
        assert_int_equal(o.quarantine, rows[i].err == ERR_QUARANTINED);
        assert_int_equal(o.new_chain, rows[i].handed != NULL && strcmp(rows[i].handed, "fresh") == 0);
        if (rows[i].handed == NULL)
            assert_null(o.token);
        else
            assert_string_equal(o.token, rows[i].handed);
        if (o.new_chain) {
            assert_string_equal(o.chain.used, rows[i].shown);
            assert_string_equal(o.chain.nonce, rows[i].nonce);
        }
    }
}

/* M-3: a reply that is lost any number of times costs nothing; the next presence goes on. */
static void a_device_that_repeats_itself_gets_the_same_token_each_time(void **state)
{
    (void)state;
    struct node n = licensed();
    struct session_outcome o;
    decide_session(&n, "", "n1", "token-1", NOW, &o);
    n.has_chain = true;
    n.chain = o.chain;
    for (int i = 0; i < 3; i++) {
        decide_session(&n, "", "n1", "token-x", NOW, &o);
        assert_string_equal(o.token, "token-1");
        assert_false(o.new_chain);
    }
    decide_session(&n, "token-1", "n2", "token-2", NOW, &o);
    assert_string_equal(o.token, "token-2");
}

/* M-6: effect 1 of the source; an agreement counts from the next poll. */
static void without_an_agreement_a_device_gets_a_reason_and_no_token(void **state)
{
    (void)state;
    static const struct {
        struct agreement agreement;
        enum err err;
    } rows[] = {
        { { AGREEMENT_NONE, 0, 0 }, ERR_NO_AGREEMENT },
        { { AGREEMENT_ACTIVE, 1, 0 }, OK },
        { { AGREEMENT_ACTIVE, 1, NOW + 1 }, OK },
        { { AGREEMENT_ACTIVE, 1, NOW }, ERR_NO_AGREEMENT },
        { { AGREEMENT_ACTIVE, NOW + 1, 0 }, ERR_NO_AGREEMENT },
        { { AGREEMENT_SUSPENDED, 1, 0 }, ERR_NO_AGREEMENT },
        { { AGREEMENT_ENDED, 1, NOW }, ERR_NO_AGREEMENT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node n = in_chain("t2", "t1", "n1");
        struct session_outcome o;
        n.device.agreement = rows[i].agreement;
        decide_session(&n, "t2", "n2", "fresh", NOW, &o);
        assert_int_equal(o.verdict.err, rows[i].err);
        assert_int_equal(o.token != NULL, rows[i].err == OK);
        assert_false(o.quarantine);
        struct verdict v = decide_letter(&n, NOW);
        assert_int_equal(v.err, rows[i].err);
        assert_string_equal(v.incident, rows[i].err == OK ? "" : "no-agreement");
    }
}

/* A copy is found out also when the device is under no agreement. */
static void a_fork_counts_before_the_agreement(void **state)
{
    (void)state;
    struct node n = in_chain("t2", "t1", "n1");
    struct session_outcome o;
    n.device.agreement.state = AGREEMENT_NONE;
    decide_session(&n, "t1", "n9", "fresh", NOW, &o);
    assert_int_equal(o.verdict.err, ERR_QUARANTINED);
    assert_true(o.quarantine);
}

static void in_quarantine_nothing_is_taken_and_no_token_handed_out(void **state)
{
    (void)state;
    static const enum err expected[CENTER_STANDING_COUNT] = { [CENTER_QUARANTINED] = ERR_QUARANTINED,
                                                              [CENTER_SCRAPPED] = ERR_UNKNOWN_IDENTITY };
    for (unsigned standing = 0; standing < CENTER_STANDING_COUNT; standing++) {
        struct node n = in_chain("t2", "t1", "n1");
        struct session_outcome o;
        n.device.standing = (enum center_standing)standing;
        decide_session(&n, "t2", "n2", "fresh", NOW, &o);
        assert_int_equal(o.verdict.err, expected[standing]);
        assert_int_equal(o.token == NULL, expected[standing] != OK);
        assert_int_equal(decide_letter(&n, NOW).err, expected[standing]);
    }
}

static void a_device_shows_its_presence_before_its_letters_count(void **state)
{
    (void)state;
    struct node n = licensed();
    assert_int_equal(decide_letter(&n, NOW).err, ERR_BUSY);
}

static void nonces_and_tokens_that_cannot_be_kept_are_refused(void **state)
{
    (void)state;
    static const char long_text[] = "0123456789012345678901234567890123456789";
    static const struct {
        const char *token, *nonce;
    } rows[] = { { "", "" }, { "", long_text }, { long_text, "n" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node n = licensed();
        struct session_outcome o;
        decide_session(&n, rows[i].token, rows[i].nonce, "fresh", NOW, &o);
        assert_int_equal(o.verdict.err, ERR_BAD_INPUT);
        assert_false(o.new_chain);
    }
}

/* M-5: a reading that does not follow is kept as evidence, never billed, and puts the device into quarantine. */
static void only_a_reading_that_follows_is_billed(void **state)
{
    (void)state;
    const struct reading last = { .epoch = 5, .boots = 0, .sequence = 7, .counters_n = 1, .counters = { { "copy", 100 } } };
    static const struct {
        int64_t epoch, boots, sequence, value;
        bool keep, billable, quarantine;
    } rows[] = {
        { 5, 0, 8, 100, true, true, false },  { 6, 1, 8, 120, true, true, false },   { 5, 0, 7, 100, false, false, false },
        { 5, 0, 8, 99, true, false, true },   { 5, 0, 7, 101, true, false, true },   { 5, 0, 9, 101, true, false, true },
        { 4, 0, 8, 101, true, false, true },  { 7, 1, 8, 101, true, false, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct reading now = { .epoch = rows[i].epoch, .boots = rows[i].boots, .sequence = rows[i].sequence, .counters_n = 1,
                                     .counters = { { "copy", rows[i].value } } };
        struct reading_outcome o = decide_reading(&last, &now);
        assert_int_equal(o.keep, rows[i].keep);
        assert_int_equal(o.billable, rows[i].billable);
        assert_int_equal(o.quarantine, rows[i].quarantine);
        assert_true(decide_reading(NULL, &now).billable); /* the first may be any */
    }
}

/* M-3 */
static void the_centre_sets_each_devices_interval(void **state)
{
    (void)state;
    assert_int_equal(decide_interval(&(struct center_device){ .interval_s = 60 }, 3600), 60);
    assert_int_equal(decide_interval(&(struct center_device){ .interval_s = 0 }, 3600), 3600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_counts_by_what_the_ca_told_of_it),
        cmocka_unit_test(an_identity_beside_another_one_has_to_be_confirmed),
        cmocka_unit_test(an_identity_that_is_not_in_force_sends_only_what_the_table_allows),
        cmocka_unit_test(a_letter_counts_by_its_own_connection_or_bound_and_signed),
        cmocka_unit_test(each_presence_is_one_row_of_the_chain_of_tokens),
        cmocka_unit_test(a_device_that_repeats_itself_gets_the_same_token_each_time),
        cmocka_unit_test(without_an_agreement_a_device_gets_a_reason_and_no_token),
        cmocka_unit_test(a_fork_counts_before_the_agreement),
        cmocka_unit_test(in_quarantine_nothing_is_taken_and_no_token_handed_out),
        cmocka_unit_test(a_device_shows_its_presence_before_its_letters_count),
        cmocka_unit_test(nonces_and_tokens_that_cannot_be_kept_are_refused),
        cmocka_unit_test(only_a_reading_that_follows_is_billed),
        cmocka_unit_test(the_centre_sets_each_devices_interval),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
