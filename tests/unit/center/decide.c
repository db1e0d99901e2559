#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "center/decide.h"

enum { NOW = 1000000 };

/* A presence whose sender is there now, and one that somebody brought. */
#define OWN(shown, once) (&(struct presence_facts){ .token = (shown), .nonce = (once), .challenge = "question" })
#define BROUGHT(shown, once, answers, made) \
    (&(struct presence_facts){ .token = (shown), .nonce = (once), .challenge = (answers), .letters = (made) })

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
        struct verdict v = decide_identity(&(struct identity_facts){ rows[i].state, rows[i].told, rows[i].expires_s, 100, false, 0, false }, NOW);
        assert_int_equal(v.err, rows[i].err);
        assert_string_equal(v.incident, rows[i].incident);
    }
}

/* M-6: an exchange, or a presence in a gateway, that was under way when another identity came in the place of its own. */
static void what_was_under_way_when_an_identity_was_replaced_accuses_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int64_t over_s;
        const char *incident;
        bool another;
    } rows[] = {
        { "superseded", NOW, "", false },
        { "superseded", NOW - 299, "", false },
        { "superseded", NOW - 300, "superseded", false },
        { "superseded", 0, "superseded", false },
        { "superseded", NOW + 1, "superseded", false }, /* the clock was set back */
        { "voided", NOW - 1, "", true },
        { "voided", NOW - 1, "revoked", false }, /* a pack that somebody took: nothing came in its place */
        { "voided", NOW - 300, "revoked", true },
        { "revoked", NOW - 1, "revoked", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct identity_facts facts = { .state = rows[i].state, .told = true, .expires_s = NOW + 1,
                                              .over_s = rows[i].over_s, .another = rows[i].another };
        struct verdict v = decide_identity(&facts, NOW);
        assert_int_equal(v.err, ERR_UNKNOWN_IDENTITY);
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
        const struct identity_facts facts = { rows[i].state, true, rows[i].expires_s, 100, rows[i].predecessor, 0, false };
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

/* M-1, M-6: an operator bound the device to another gateway; what it gave to the one before is its word as before. */
static void a_letter_that_lies_in_the_gateway_before_is_taken_and_a_presence_is_not(void **state)
{
    (void)state;
    static const struct {
        bool presence, lately;
        int signature;
        enum err err;
        const char *incident;
    } rows[] = {
        { false, true, SIGNED_WELL, OK, "" },
        { false, true, SIGNED_BADLY, ERR_BAD_SIGNATURE, "bad-signature" },
        { false, true, UNSIGNED, ERR_BAD_SIGNATURE, "bad-signature" },
        { true, true, SIGNED_WELL, ERR_NOT_BOUND, "" },
        { true, true, SIGNED_BADLY, ERR_NOT_BOUND, "not-bound" }, /* the gateway claims it */
        { true, true, UNSIGNED, ERR_NOT_BOUND, "not-bound" },
        { false, false, SIGNED_WELL, ERR_NOT_BOUND, "not-bound" },
        { true, false, SIGNED_WELL, ERR_NOT_BOUND, "not-bound" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct peer peer = { .role = ROLE_GATEWAY, .name = "3100-000001" };
        const struct device_number number = { "3012-000001" };
        struct way_facts facts = { .peer = &peer, .number = &number, .lately = rows[i].lately, .presence = rows[i].presence };
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
    strcpy(n.doubt.challenge, "question");
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
        assert_int_equal(decide_session_row(&n, OWN(rows[i].shown, rows[i].nonce)), rows[i].row);
        decide_session(&n, OWN(rows[i].shown, rows[i].nonce), fresh, NOW, &o);
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

/* --- What came late --- */

static const char *text_of(const char *what, int64_t position)
{
    static char texts[8][CENTER_TOKEN];
    static unsigned next;
    char *text = texts[next++ % 8], digits[9];
    snprintf(digits, sizeof digits, "%08x", (unsigned)position); /* a token of that position */
    memset(text, '0', CENTER_TOKEN - 1);
    memcpy(text, digits, 8);
    memcpy(text + 8, what, strlen(what));
    return text;
}

/* Polls n times, each with the token handed out before and a nonce of its own: the presences are shown[0..n-1]. */
struct shown {
    char token[CENTER_TOKEN], nonce[CENTER_TOKEN];
};
static struct node after_polls(int n, struct shown *shown)
{
    struct node node = licensed();
    struct session_outcome o;
    char token[CENTER_TOKEN] = "", nonce[CENTER_TOKEN];
    for (int i = 0; i < n; i++) {
        snprintf(nonce, sizeof nonce, "nonce-%d", i);
        memcpy(shown[i].token, token, sizeof token);
        memcpy(shown[i].nonce, nonce, sizeof nonce);
        decide_session(&node, BROUGHT(token, nonce, "", 3 * i), text_of("abcd", 0), NOW, &o);
        assert_int_equal(o.verdict.err, OK);
        assert_true(o.new_chain);
        node.has_chain = true;
        node.chain = o.chain;
        memcpy(token, o.token, sizeof token);
    }
    return node;
}

/* M-3, M-6: a presence that lay in another gateway's queue while the device went on is counted, and accuses nobody. */
static void a_presence_that_comes_late_is_counted_and_its_sender_asked(void **state)
{
    (void)state;
    enum { POLLS = 40 };
    struct shown shown[POLLS];
    struct node n = after_polls(POLLS, shown);
    struct session_outcome o;
    for (int i = 0; i < POLLS - 1; i++) { /* those that the centre remembers, and those before them */
        n.doubt = (struct center_doubt){ .late = 4 };
        decide_session(&n, BROUGHT(shown[i].token, shown[i].nonce, "", 0), "question", NOW, &o);
        assert_int_equal(o.verdict.err, OK);
        assert_string_equal(o.challenge, "question");
        assert_null(o.token);
        assert_false(o.quarantine || o.new_chain);
        assert_true(o.new_doubt);
        assert_int_equal(o.doubt.late, 5);
        assert_int_equal(o.doubt.late_s, NOW);
    }
    /* the device itself goes on as if nothing had been */
    decide_session(&n, BROUGHT(n.chain.token, "nonce-x", "", 200), text_of("ef", 0), NOW, &o);
    assert_int_equal(o.verdict.err, OK);
    assert_non_null(o.token);
}

/* M-6: the same bytes from a memory that was put back: whoever is there now can answer, and is found out by it. */
static void whoever_answers_the_question_from_an_older_memory_is_found_out(void **state)
{
    (void)state;
    struct shown shown[5];
    struct node n = after_polls(5, shown);
    struct session_outcome o;
    decide_session(&n, BROUGHT(shown[1].token, shown[1].nonce, "", 3), "question", NOW, &o);
    n.doubt = o.doubt;
    decide_session(&n, BROUGHT(shown[2].token, shown[2].nonce, "", 6), "another", NOW, &o);
    assert_string_equal(o.challenge, "question"); /* one question until it is answered */
    decide_session(&n, BROUGHT(shown[1].token, shown[1].nonce, "guess", 3), "another", NOW, &o);
    assert_false(o.quarantine);
    decide_session(&n, BROUGHT(shown[1].token, shown[1].nonce, "question", 3), "another", NOW, &o);
    assert_int_equal(o.verdict.err, ERR_QUARANTINED);
    assert_string_equal(o.verdict.incident, "restored");
    assert_true(o.quarantine && o.new_doubt);
    assert_string_equal(o.doubt.challenge, "");
}

/* M-6: no lateness explains another nonce under a token that was shown. */
static void an_old_token_with_another_nonce_is_a_fork_however_late(void **state)
{
    (void)state;
    struct shown shown[8];
    struct node n = after_polls(8, shown);
    struct session_outcome o;
    for (int i = 0; i < 7; i++) {
        decide_session(&n, BROUGHT(shown[i].token, "nonce-of-the-copy", "", 0), "question", NOW, &o);
        assert_int_equal(o.verdict.err, ERR_QUARANTINED);
        assert_string_equal(o.verdict.incident, "forked");
    }
}

/* M-6: a late presence cannot begin the new chain, or the device would be the one that is behind. */
static void after_a_release_the_chain_begins_with_who_is_there_now(void **state)
{
    (void)state;
    static const struct {
        const char *challenge;
        bool admitted;
    } rows[] = { { "", false }, { "guess", false }, { "question", true } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node n = licensed();
        struct session_outcome o;
        const struct presence_facts p = { .token = text_of("ab", 77), .nonce = "n", .challenge = rows[i].challenge };
        n.doubt = (struct center_doubt){ .released = true, .challenge = "question" };
        decide_session(&n, &p, text_of("ff", 0), NOW, &o);
        assert_int_equal(o.verdict.err, OK);
        assert_int_equal(o.token != NULL, rows[i].admitted);
        assert_int_equal(o.challenge != NULL, !rows[i].admitted);
        if (!rows[i].admitted)
            continue;
        assert_false(o.doubt.released);
        assert_int_equal(o.chain.position, 77);
        assert_memory_equal(o.token, "0000004e", 8);
    }
}

/* M-6: a copy of the flash that shows no presence and only sends letters: the device itself says that they are not its own. */
static void a_device_that_made_fewer_letters_than_came_was_copied(void **state)
{
    (void)state;
    struct shown shown[3];
    struct node n = after_polls(3, shown);
    struct session_outcome o;
    assert_int_equal(n.chain.letters, 6);
    decide_session(&n, BROUGHT(n.chain.used, n.chain.nonce, "", 5), "fresh", NOW, &o); /* the same presence, from another queue */
    assert_int_equal(o.verdict.err, OK);
    decide_session(&n, BROUGHT(n.chain.token, "n", "", 5), "fresh", NOW, &o);
    assert_int_equal(o.verdict.err, ERR_QUARANTINED);
    assert_string_equal(o.verdict.incident, "forked");
}

/* --- Where a letter stands --- */

/* M-2, M-6: each row of the table in doc/protocol/field.md, "Letters have a place". The chain: 4 presences, 9 letters made;
 * those with the serials 4 and 9 came. */
static void each_letter_is_one_row_of_the_table_of_places(void **state)
{
    (void)state;
    enum where { BEFORE, SHOWN, HANDED_OUT, UNHEARD_OF };
    static const struct {
        enum where under;
        int64_t serial;
        const char *id, *maker;
        enum err err;
        const char *incident;
        bool keep, again;
    } rows[] = {
        { SHOWN, 10, "x", "", OK, "", true, false },
        { SHOWN, 5, "x", "", OK, "", true, false },             /* overtaken by others */
        { SHOWN, 0, "x", "", OK, "", false, false },
        { SHOWN, 9, "nine", "", OK, "", false, true },          /* repeated: the receipt was lost */
        { SHOWN, 9, "x", "", ERR_QUARANTINED, "forked", false, false },
        { BEFORE, 8, "x", "", OK, "", true, false },            /* lay in a gateway while the device went on */
        { BEFORE, 9, "nine", "", OK, "", false, true },
        { BEFORE, 4, "x", "", ERR_QUARANTINED, "forked", false, false },
        { BEFORE, 10, "x", "", ERR_QUARANTINED, "forked", false, false }, /* the device has made 9 */
        { BEFORE, 0, "x", "", ERR_EXPIRED, "", false, false }, /* its device makes it again */
        { HANDED_OUT, 10, "x", "", ERR_BUSY, "", false, false }, /* its presence is on its way */
        { UNHEARD_OF, 10, "x", "", ERR_BUSY, "", false, false },
        { SHOWN, -1, "x", "", ERR_BAD_INPUT, "", false, false },
        { BEFORE, 10, "x", "gateway", OK, "", true, false }, /* the program beside the agent has no presence */
        { SHOWN, 9, "x", "gateway", ERR_FORKED, "forked", false, false },
        { SHOWN, 0, "x", "gateway", ERR_BAD_INPUT, "", false, false },
        { SHOWN, 10, "x", "somebody", ERR_BAD_INPUT, "", false, false },
    };
    struct shown shown[4];
    struct node n = after_polls(4, shown);
    struct center_letters known = { 0 };
    struct letter_outcome o;
    static const struct { int64_t serial; const char *id; } came[] = { { 4, "four" }, { 9, "nine" } };
    for (size_t i = 0; i < 2; i++) {
        decide_place(&n, &known, &(struct letter_place){ came[i].id, n.chain.used, "", came[i].serial }, &o);
        assert_int_equal(o.verdict.err, OK);
        known = o.letters;
    }
    const char *const tokens[] = { [BEFORE] = shown[2].token, [SHOWN] = n.chain.used, [HANDED_OUT] = n.chain.token, [UNHEARD_OF] = text_of("ee", 99) };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        decide_place(&n, &known, &(struct letter_place){ rows[i].id, tokens[rows[i].under], rows[i].maker, rows[i].serial }, &o);
        assert_int_equal(o.verdict.err, rows[i].err);
        assert_string_equal(o.verdict.incident, rows[i].incident);
        assert_int_equal(o.quarantine, rows[i].err == ERR_QUARANTINED);
        assert_int_equal(o.keep, rows[i].keep);
        assert_int_equal(o.again, rows[i].again);
    }
}

/* As many as may be on their way; what is older cannot be told from a copy's any more. */
static void a_letter_is_known_until_many_came_after_it(void **state)
{
    (void)state;
    struct shown shown[1];
    struct node n = after_polls(1, shown);
    struct center_letters known = { 0 };
    struct letter_outcome o;
    char id[24];
    for (int serial = 1; serial <= 3 * LIMIT_LETTERS_KNOWN; serial += 2) { /* every other one */
        snprintf(id, sizeof id, "letter-%d", serial);
        decide_place(&n, &known, &(struct letter_place){ id, "", "", serial }, &o);
        assert_int_equal(o.verdict.err, OK);
        known = o.letters;
    }
    const int64_t top = 3 * LIMIT_LETTERS_KNOWN - 1, oldest = top - LIMIT_LETTERS_KNOWN + 1;
    const struct {
        int64_t serial;
        enum err err;
    } rows[] = { { oldest, OK }, { oldest + 1, ERR_QUARANTINED }, { oldest - 1, ERR_EXPIRED }, { 1, ERR_EXPIRED }, { top, ERR_QUARANTINED },
                 { top + 1, OK }, { top + 5 * LIMIT_LETTERS_KNOWN, OK } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        decide_place(&n, &known, &(struct letter_place){ "a copy's", "", "", rows[i].serial }, &o);
        assert_int_equal(o.verdict.err, rows[i].err);
    }
}

/* M-3: a reply that is lost any number of times costs nothing; the next presence goes on. */
static void a_device_that_repeats_itself_gets_the_same_token_each_time(void **state)
{
    (void)state;
    struct node n = licensed();
    struct session_outcome o;
    decide_session(&n, OWN("", "n1"), "token-1", NOW, &o);
    n.has_chain = true;
    n.chain = o.chain;
    for (int i = 0; i < 3; i++) {
        decide_session(&n, OWN("", "n1"), "token-x", NOW, &o);
        assert_string_equal(o.token, "token-1");
        assert_false(o.new_chain);
    }
    decide_session(&n, OWN("token-1", "n2"), "token-2", NOW, &o);
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
        decide_session(&n, OWN("t2", "n2"), "fresh", NOW, &o);
        assert_int_equal(o.verdict.err, rows[i].err);
        assert_int_equal(o.token != NULL, rows[i].err == OK);
        assert_false(o.quarantine);
        struct verdict v = decide_letter(&n, LETTER_ANYTHING, NOW);
        assert_int_equal(v.err, rows[i].err);
        assert_string_equal(v.incident, rows[i].err == OK ? "" : "no-agreement");
        assert_int_equal(decide_letter(&n, LETTER_READING, NOW).err, OK); /* it may have lain in a gateway since before */
        n.has_chain = false;
        assert_int_equal(decide_letter(&n, LETTER_READING, NOW).err, rows[i].err == OK ? ERR_BUSY : rows[i].err);
    }
}

/* A copy is found out also when the device is under no agreement. */
static void a_fork_counts_before_the_agreement(void **state)
{
    (void)state;
    struct node n = in_chain("t2", "t1", "n1");
    struct session_outcome o;
    n.device.agreement.state = AGREEMENT_NONE;
    decide_session(&n, OWN("t1", "n9"), "fresh", NOW, &o);
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
        decide_session(&n, OWN("t2", "n2"), "fresh", NOW, &o);
        assert_int_equal(o.verdict.err, expected[standing]);
        assert_int_equal(o.token == NULL, expected[standing] != OK);
        assert_int_equal(decide_letter(&n, LETTER_ANYTHING, NOW).err, expected[standing]);
        assert_int_equal(decide_letter(&n, LETTER_READING, NOW).err, expected[standing]);
    }
}

static void a_device_shows_its_presence_before_its_letters_count(void **state)
{
    (void)state;
    struct node n = licensed();
    assert_int_equal(decide_letter(&n, LETTER_ANYTHING, NOW).err, ERR_BUSY);
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
        decide_session(&n, OWN(rows[i].token, rows[i].nonce), "fresh", NOW, &o);
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
        struct reading_outcome o = decide_reading(&(struct reading_facts){ .last = &last }, &now, 1000);
        assert_int_equal(o.keep, rows[i].keep);
        assert_int_equal(o.billable, rows[i].billable);
        assert_int_equal(o.quarantine, rows[i].quarantine);
        assert_false(o.wait);
        assert_true(decide_reading(&(struct reading_facts){ .last = NULL }, &now, 1000).billable); /* the first may be any */
    }
}

#define AT(e, b, s, v) { .epoch = (e), .boots = (b), .sequence = (s), .counters_n = 1, .counters = { { "copy", (v) } } }

/* M-5: a device that moved is honest: what it read before may lie in a gateway, or in it. What nothing can explain is found at once. */
static void a_reading_waits_for_those_before_it_that_may_still_come(void **state)
{
    (void)state;
    enum { DAY = LIMIT_READING_WAIT_S, OFTEN = LIMIT_READING_WAIT_PRESENCES };
    const struct reading last = AT(5, 0, 7, 100);
    static const struct {
        const char *what;
        struct reading now;
        bool missing, wait, quarantine;
        int64_t since_s, position, expected;
    } rows[] = {
        { "ahead, and a letter is missing", AT(6, 1, 9, 120), true, true, false, 0, 0, 0 },
        { "ahead, and no letter is missing", AT(6, 1, 9, 120), false, false, true, 0, 0, 0 },
        { "ahead, and a counter is lower", AT(6, 1, 9, 99), true, false, true, 0, 0, 0 },
        { "ahead, with more starts than there were", AT(6, 2, 9, 120), true, false, true, 0, 0, 0 },
        { "ahead, with fewer starts than there were", AT(4, 0, 9, 120), true, false, true, 0, 0, 0 },
        { "for a day, but its device was not there", AT(6, 1, 9, 120), true, true, false, 1000 - DAY, 40, 8 },
        { "its device comes often, but not for a day", AT(6, 1, 9, 120), true, true, false, 1001 - DAY, 41 - OFTEN, 8 },
        { "for a day, while its device came often", AT(6, 1, 9, 120), true, false, true, 1000 - DAY, 41 - OFTEN, 8 },
        { "another one was missing then", AT(6, 1, 9, 120), true, true, false, 1000 - DAY, 41 - OFTEN, 7 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct reading_facts f = { .last = &last, .letters_missing = rows[i].missing, .position = 41,
                                         .gap = { rows[i].since_s, rows[i].position, rows[i].expected } };
        const struct reading_outcome o = decide_reading(&f, &rows[i].now, 1000);
        if (o.wait != rows[i].wait || o.quarantine != rows[i].quarantine || o.billable || o.keep != !rows[i].wait)
            fail_msg("%s", rows[i].what);
        if (o.wait)
            assert_int_equal(o.gap.sequence, 8);
    }
}

/* M-5, I10: one that lay somewhere comes late, after those that follow it. */
static void a_reading_that_comes_late_counts_once(void **state)
{
    (void)state;
    const struct reading last = AT(5, 0, 9, 100), earlier = AT(4, 1, 7, 80), other = AT(4, 1, 7, 81);
    const struct reading_facts known = { .last = &last, .earlier = &earlier }, unknown = { .last = &last };
    struct reading_outcome o = decide_reading(&known, &earlier, 1000);
    assert_int_equal(o.verdict, READING_SAME);
    assert_false(o.keep || o.quarantine);
    o = decide_reading(&known, &other, 1000);
    assert_true(o.quarantine && !o.billable);
    o = decide_reading(&unknown, &earlier, 1000); /* the chain that is judged began after it */
    assert_int_equal(o.verdict, READING_BEFORE_FIRST);
    assert_true(o.keep && !o.billable && !o.quarantine);
}

static void letters_that_did_not_come_are_known_by_their_serials(void **state)
{
    (void)state;
    struct center_letters l = { .top = 0 };
    assert_false(decide_letters_missing(&l, 1));
    assert_true(decide_letters_missing(&l, 2));
    for (int64_t i = 1; i <= 600; i++)
        l.marks[i % LIMIT_LETTERS_KNOWN] = 1;
    l.top = 600;
    assert_false(decide_letters_missing(&l, 600) || decide_letters_missing(&l, 601));
    assert_true(decide_letters_missing(&l, 602));
    l.marks[598 % LIMIT_LETTERS_KNOWN] = 0;
    assert_true(decide_letters_missing(&l, 600));
    assert_false(decide_letters_missing(&l, 598));
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
        cmocka_unit_test(what_was_under_way_when_an_identity_was_replaced_accuses_nobody),
        cmocka_unit_test(a_letter_that_lies_in_the_gateway_before_is_taken_and_a_presence_is_not),
        cmocka_unit_test(an_identity_beside_another_one_has_to_be_confirmed),
        cmocka_unit_test(an_identity_that_is_not_in_force_sends_only_what_the_table_allows),
        cmocka_unit_test(a_letter_counts_by_its_own_connection_or_bound_and_signed),
        cmocka_unit_test(a_presence_that_comes_late_is_counted_and_its_sender_asked),
        cmocka_unit_test(whoever_answers_the_question_from_an_older_memory_is_found_out),
        cmocka_unit_test(an_old_token_with_another_nonce_is_a_fork_however_late),
        cmocka_unit_test(after_a_release_the_chain_begins_with_who_is_there_now),
        cmocka_unit_test(a_device_that_made_fewer_letters_than_came_was_copied),
        cmocka_unit_test(each_letter_is_one_row_of_the_table_of_places),
        cmocka_unit_test(a_letter_is_known_until_many_came_after_it),
        cmocka_unit_test(each_presence_is_one_row_of_the_chain_of_tokens),
        cmocka_unit_test(a_device_that_repeats_itself_gets_the_same_token_each_time),
        cmocka_unit_test(without_an_agreement_a_device_gets_a_reason_and_no_token),
        cmocka_unit_test(a_fork_counts_before_the_agreement),
        cmocka_unit_test(in_quarantine_nothing_is_taken_and_no_token_handed_out),
        cmocka_unit_test(a_device_shows_its_presence_before_its_letters_count),
        cmocka_unit_test(nonces_and_tokens_that_cannot_be_kept_are_refused),
        cmocka_unit_test(only_a_reading_that_follows_is_billed),
        cmocka_unit_test(a_reading_waits_for_those_before_it_that_may_still_come),
        cmocka_unit_test(a_reading_that_comes_late_counts_once),
        cmocka_unit_test(letters_that_did_not_come_are_known_by_their_serials),
        cmocka_unit_test(the_centre_sets_each_devices_interval),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
