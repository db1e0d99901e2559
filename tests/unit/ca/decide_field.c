/* Renewal, replacement and what the centre reports, as rows (M-8, I1, I8, I10). */
#include "../test.h"

#include <string.h>

#include "ca/decide_field.h"

enum { NONE = LIFE_COUNT };

static struct field_identity identity(int64_t id, unsigned state, uint8_t print)
{
    struct field_identity i = { .id = state == NONE ? 0 : id, .order_id = 7, .state = state == NONE ? 0 : (enum lifecycle_state)state };
    memset(i.fingerprint, print, sizeof i.fingerprint);
    return i;
}

/* The live one has id 1 and fingerprint 1..., the former one id 2. */
static const struct {
    enum renewal_reason reason;
    unsigned live, former;
    uint8_t replaces;
    enum err err;
    int64_t before;
} renewals[] = {
    { RENEWAL, LIFE_WRITTEN, NONE, 1, OK, 1 },
    { RENEWAL, LIFE_ERASED, NONE, 1, OK, 1 },
    { RENEWAL, LIFE_FIELD, NONE, 1, OK, 1 },
    { RENEWAL, LIFE_FIELD, LIFE_SUPERSEDED, 1, OK, 1 },
    { RENEWAL, LIFE_FIELD, LIFE_SUPERSEDED, 2, ERR_CONFLICT, 0 },
    { RENEWAL, LIFE_FIELD, NONE, 0, ERR_CONFLICT, 0 },
    { RENEWAL, LIFE_STORED, NONE, 1, ERR_BAD_TRANSITION, 0 },
    { RENEWAL, LIFE_CLAIMED, NONE, 1, ERR_BAD_TRANSITION, 0 },
    { RENEWAL, LIFE_FAILED, NONE, 1, ERR_BAD_TRANSITION, 0 },
    { RENEWAL, LIFE_REQUESTED, NONE, 1, ERR_BAD_TRANSITION, 0 },
    { RENEWAL, NONE, LIFE_REVOKED, 2, ERR_BAD_TRANSITION, 0 },
    { RENEWAL, NONE, LIFE_SUPERSEDED, 2, ERR_BAD_TRANSITION, 0 },
    { RENEWAL, NONE, NONE, 1, ERR_NOT_FOUND, 0 },
    { REPLACEMENT, LIFE_WRITTEN, NONE, 0, OK, 1 },
    { REPLACEMENT, LIFE_FIELD, LIFE_SUPERSEDED, 0, OK, 1 },
    { REPLACEMENT, LIFE_STORED, LIFE_REVOKED, 0, ERR_BAD_TRANSITION, 0 },
    { REPLACEMENT, LIFE_REQUESTED, LIFE_REVOKED, 0, ERR_BAD_TRANSITION, 0 },
    { REPLACEMENT, NONE, LIFE_REVOKED, 0, OK, 2 },
    { REPLACEMENT, NONE, LIFE_SUPERSEDED, 0, OK, 2 },
    { REPLACEMENT, NONE, NONE, 0, ERR_NOT_FOUND, 0 },
};

static void only_the_identity_in_the_device_is_renewed_or_replaced(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof renewals / sizeof *renewals; i++) {
        const struct field_history history = { .live = identity(1, renewals[i].live, 1), .former = identity(2, renewals[i].former, 2) };
        const struct field_identity *before = NULL;
        uint8_t replaces[REGISTER_FINGERPRINT];
        struct why why = { 0 };
        memset(replaces, renewals[i].replaces, sizeof replaces);
        enum err err = decide_renewal("3012-1", renewals[i].reason, span_of(replaces, renewals[i].replaces == 0 ? 0 : sizeof replaces),
                                      &history, &before, &why);
        if (err != renewals[i].err || (err == OK ? before->id : 0) != renewals[i].before)
            fail_msg("row %zu: %s, %s", i, err_row(err)->name, why.text);
    }
}

static const struct {
    enum lifecycle_state from;
    const char *outcome;
    bool replaces_live;
    enum err err;
    enum lifecycle_state to;
    bool supersedes;
} settlements[] = {
    { LIFE_WRITTEN, "admitted", true, OK, LIFE_FIELD, false },
    { LIFE_ERASED, "admitted", true, OK, LIFE_FIELD, false },
    { LIFE_FIELD, "admitted", true, OK, LIFE_FIELD, false },
    { LIFE_STORED, "admitted", true, ERR_BAD_TRANSITION, 0, false },
    { LIFE_REVOKED, "admitted", false, ERR_BAD_TRANSITION, 0, false },
    { LIFE_RENEWING, "admitted", true, OK, LIFE_RENEWING, false },  /* its predecessor lives still (I1) */
    { LIFE_RENEWING, "admitted", false, OK, LIFE_FIELD, false },    /* a replacement board */
    { LIFE_RENEWING, "confirmed", true, OK, LIFE_FIELD, true },
    { LIFE_RENEWING, "confirmed", false, OK, LIFE_FIELD, false },
    { LIFE_FIELD, "confirmed", true, OK, LIFE_FIELD, false },
    { LIFE_WRITTEN, "confirmed", true, ERR_BAD_TRANSITION, 0, false },
    { LIFE_SUPERSEDED, "confirmed", true, ERR_BAD_TRANSITION, 0, false },
    { LIFE_VOIDED, "confirmed", true, ERR_BAD_TRANSITION, 0, false },
    { LIFE_WRITTEN, "revoked", true, OK, LIFE_REVOKED, false },
    { LIFE_FIELD, "revoked", true, OK, LIFE_REVOKED, false },
    { LIFE_RENEWING, "revoked", true, OK, LIFE_VOIDED, false },
    { LIFE_REVOKED, "revoked", false, OK, LIFE_REVOKED, false },
    { LIFE_SUPERSEDED, "revoked", true, OK, LIFE_SUPERSEDED, false },
    { LIFE_VOIDED, "revoked", true, OK, LIFE_VOIDED, false },
    { LIFE_FIELD, "lost", true, ERR_BAD_INPUT, 0, false },
};

static void what_the_centre_reports_moves_an_identity_and_a_repeated_report_does_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof settlements / sizeof *settlements; i++) {
        enum lifecycle_state to = LIFE_COUNT, again = LIFE_COUNT;
        bool supersedes = false, twice = false;
        struct why why = { 0 };
        enum err err = decide_settlement(settlements[i].from, settlements[i].outcome, settlements[i].replaces_live, &to, &supersedes, &why);
        if (err != settlements[i].err || (err == OK && (to != settlements[i].to || supersedes != settlements[i].supersedes)))
            fail_msg("row %zu: %s, %s", i, err_row(err)->name, why.text);
        if (err != OK)
            continue;
        assert_ok(decide_settlement(to, settlements[i].outcome, settlements[i].replaces_live, &again, &twice, &why));
        assert_int_equal(again, to);
        assert_false(twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_identity_in_the_device_is_renewed_or_replaced),
        cmocka_unit_test(what_the_centre_reports_moves_an_identity_and_a_repeated_report_does_not),
    };
    return cmocka_run_group_tests_name("decide_field", tests, NULL, NULL);
}
