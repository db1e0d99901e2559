#include "fixture.h"

#include <string.h>

#include "field/letter.h"

/* A device, and another one; the letters are theirs. */
struct pen {
    struct key *key;
    struct cert *cert;
};

static struct pen pen_new(const struct fixture *f, const char *number)
{
    struct pen pen;
    pen.cert = fixture_device(&f->identity, number, NOW, &pen.key);
    return pen;
}

static void pen_done(struct pen *pen)
{
    key_free(pen->key);
    cert_free(pen->cert);
}

static struct field_answer answer(void)
{
    return (struct field_answer){
        .id = "urn:uuid:1", .number = { "3012-1" }, .kind = "response", .after = 0, .envelope = span_text("<Envelope/>"),
        .token = "t1", .serial = 3, .maker = ""
    };
}

/* The letter `sent` with one part changed is not what was signed. */
#define CHANGED(stem, type, member, value) \
    do { \
        struct type changed = sent; \
        changed.member = value; \
        assert_err(letter_check_##stem(pen.cert, &changed, &why), ERR_BAD_SIGNATURE); \
    } while (0)

/* M-6: a gateway can carry an answer and not change any part of it. */
static void an_answer_that_was_changed_on_its_way_is_refused(void **state)
{
    struct pen pen = pen_new(*state, "3012-1");
    AUTO_BUF signature = BUF_INIT;
    struct why why = { "" };
    struct field_answer sent = answer();
    assert_ok(letter_sign_answer(pen.key, &sent, &signature, &why));
    sent.signature = buf_span(&signature);
    assert_ok(letter_check_answer(pen.cert, &sent, &why));

    CHANGED(answer, field_answer, id, "urn:uuid:2");
    CHANGED(answer, field_answer, number, (struct device_number){ "3012-2" });
    CHANGED(answer, field_answer, kind, "delay");
    CHANGED(answer, field_answer, after, 7);
    CHANGED(answer, field_answer, envelope, span_text("<Envelopf/>"));
    CHANGED(answer, field_answer, token, "t2");
    CHANGED(answer, field_answer, serial, 4);
    CHANGED(answer, field_answer, maker, "gateway");
    pen_done(&pen);
}

/* M-6: nor a call, a presence or a session, nor the order to fetch a program (M-8). */
static void every_part_of_a_call_and_of_a_presence_is_signed(void **state)
{
    struct pen pen = pen_new(*state, "3012-1");
    AUTO_BUF signature = BUF_INIT, second = BUF_INIT;
    struct why why = { "" };
    {
        struct field_call sent = { .id = "urn:uuid:1", .number = { "3012-1" }, .limit = 60, .envelope = span_text("<Envelope/>"), .token = "t1",
                                   .serial = 3, .maker = "" };
        assert_ok(letter_sign_call(pen.key, &sent, &signature, &why));
        sent.signature = buf_span(&signature);
        assert_ok(letter_check_call(pen.cert, &sent, &why));
        CHANGED(call, field_call, id, "urn:uuid:2");
        CHANGED(call, field_call, number, (struct device_number){ "3012-2" });
        CHANGED(call, field_call, limit, 61);
        CHANGED(call, field_call, envelope, span_text("<Envelopf/>"));
        CHANGED(call, field_call, token, "t2");
        CHANGED(call, field_call, serial, 4);
        CHANGED(call, field_call, maker, "gateway");
    }
    struct field_presence sent = { .number = { "3012-1" }, .token = "t1", .nonce = "n1", .fingerprint = span_text("f"), .version = "1",
                                   .letters = 3, .challenge = "c1" };
    assert_ok(letter_sign_presence(pen.key, &sent, &second, &why));
    sent.signature = buf_span(&second);
    assert_ok(letter_check_presence(pen.cert, &sent, &why));
    CHANGED(presence, field_presence, number, (struct device_number){ "3012-2" });
    CHANGED(presence, field_presence, token, "t2");
    CHANGED(presence, field_presence, nonce, "n2");
    CHANGED(presence, field_presence, fingerprint, span_text("g"));
    CHANGED(presence, field_presence, version, "2");
    CHANGED(presence, field_presence, letters, 4);
    CHANGED(presence, field_presence, challenge, "c2");
    pen_done(&pen);
}

static void every_part_of_a_session_and_of_a_program_is_signed(void **state)
{
    struct pen pen = pen_new(*state, "3012-1");
    AUTO_BUF signature = BUF_INIT, second = BUF_INIT;
    struct why why = { "" };
    {
        struct field_session sent = { .number = { "3012-1" }, .nonce = "n1", .state = "admitted", .error = "", .token = "t1", .interval = 60,
                                      .challenge = "c1" };
        assert_ok(letter_sign_session(pen.key, &sent, &signature, &why));
        sent.signature = buf_span(&signature);
        assert_ok(letter_check_session(pen.cert, &sent, &why));
        CHANGED(session, field_session, number, (struct device_number){ "3012-2" });
        CHANGED(session, field_session, nonce, "n2");
        CHANGED(session, field_session, state, "refused");
        CHANGED(session, field_session, error, "BUSY");
        CHANGED(session, field_session, token, "t2");
        CHANGED(session, field_session, interval, 61);
        CHANGED(session, field_session, challenge, "c2");
    }
    struct fetch_program_request sent = { .version = "2.0", .size = 4096, .sha256 = span_text("0123456789abcdef0123456789abcdef") };
    assert_ok(letter_sign_program(pen.key, &sent, &second, &why));
    sent.signature = buf_span(&second);
    assert_ok(letter_check_program(pen.cert, &sent, &why));
    CHANGED(program, fetch_program_request, version, "2.1");
    CHANGED(program, fetch_program_request, size, 4097);
    CHANGED(program, fetch_program_request, sha256, span_text("1123456789abcdef0123456789abcdef"));
    pen_done(&pen);
}

/* P-1: a letter in another device's name is found out by its signature. */
static void a_letter_signed_by_another_device_is_refused(void **state)
{
    struct pen pen = pen_new(*state, "3012-1"), other = pen_new(*state, "3012-2");
    AUTO_BUF signature = BUF_INIT;
    struct why why = { "" };
    struct field_answer sent = answer();
    assert_ok(letter_sign_answer(other.key, &sent, &signature, &why));
    sent.signature = buf_span(&signature);
    assert_err(letter_check_answer(pen.cert, &sent, &why), ERR_BAD_SIGNATURE);
    sent.signature = span_of(NULL, 0);
    assert_err(letter_check_answer(pen.cert, &sent, &why), ERR_BAD_SIGNATURE);
    pen_done(&pen);
    pen_done(&other);
}

/* Bytes moved from one part to the next make another letter; so does another kind of letter with the same parts. */
static void parts_and_kinds_cannot_be_taken_for_each_other(void **state)
{
    struct pen pen = pen_new(*state, "3012-1");
    AUTO_BUF signature = BUF_INIT;
    struct why why = { "" };
    struct field_presence p = { .number = { "3012-1" }, .token = "ab", .nonce = "cd", .fingerprint = span_text("f"), .version = "1" };
    assert_ok(letter_sign_presence(pen.key, &p, &signature, &why));
    p.signature = buf_span(&signature);
    assert_ok(letter_check_presence(pen.cert, &p, &why));
    p.token = "abc";
    p.nonce = "d";
    assert_err(letter_check_presence(pen.cert, &p, &why), ERR_BAD_SIGNATURE);
    struct field_session s = { .number = { "3012-1" }, .nonce = "ab", .state = "cd", .error = "f", .token = "1" };
    s.signature = buf_span(&signature);
    assert_err(letter_check_session(pen.cert, &s, &why), ERR_BAD_SIGNATURE);
    pen_done(&pen);
}

/* A device does what a centre says, and nobody else with a certificate of ours. */
static void only_a_centre_may_sign_a_call(void **state)
{
    const struct fixture *f = *state;
    struct why why = { "" };
    AUTO_CERT cert = NULL;
    struct pen device = pen_new(f, "3012-1");
    struct authority center = fixture_issue("infrastructure", "center-1", "urn:nameplate:center:center-1", &f->infrastructure);
    struct authority station = fixture_issue("infrastructure", "line-1", "urn:nameplate:station:line-1", &f->infrastructure);
    struct certificate good[] = { { cert_der(center.cert) }, { cert_der(f->infrastructure.cert) } };
    struct certificate bad[] = { { cert_der(station.cert) }, { cert_der(f->infrastructure.cert) } };
    struct certificate own[] = { { cert_der(device.cert) }, { cert_der(f->identity.cert) } };
    assert_ok(letter_center(f->trust, good, 2, NOW + 1, &cert, &why));
    cert_free(cert);
    assert_ok(letter_center(f->trust, good, 2, 0, &cert, &why)); /* I13: by a device whose clock was never set */
    assert_err(letter_center(f->trust, bad, 2, NOW + 1, &cert, &why), ERR_NOT_ALLOWED);
    assert_err(letter_center(f->trust, own, 2, NOW + 1, &cert, &why), ERR_NOT_ALLOWED);
    assert_err(letter_center(f->trust, good, 0, NOW + 1, &cert, &why), ERR_BAD_INPUT);
    authority_done(&center);
    authority_done(&station);
    pen_done(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_was_changed_on_its_way_is_refused),
        cmocka_unit_test(every_part_of_a_call_and_of_a_presence_is_signed),
        cmocka_unit_test(every_part_of_a_session_and_of_a_program_is_signed),
        cmocka_unit_test(a_letter_signed_by_another_device_is_refused),
        cmocka_unit_test(parts_and_kinds_cannot_be_taken_for_each_other),
        cmocka_unit_test(only_a_centre_may_sign_a_call),
    };
    return cmocka_run_group_tests_name("letter", tests, fixture_setup, fixture_teardown);
}
