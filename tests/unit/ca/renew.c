/* Renewal in the field, and enrolment by a token, as the signer is asked for them. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "model/pack.h"
#include "pki/issuer.h"

/* --- Renewal --- */

static enum err take_fingerprint(void *context, const struct register_certificate *c)
{
    memcpy(context, c->fingerprint.at, REGISTER_FINGERPRINT);
    return OK;
}

/* A number of 3012 that is in its device; its fingerprint, and its key unless NULL. */
static void make_written(const char *id, int serial, char ret_number[LIMIT_NUMBER_TEXT + 1], uint8_t ret_fingerprint[REGISTER_FINGERPRINT],
                         struct key **ret_key)
{
    struct frame_reader fields;
    struct pack pack;
    AUTO_WIPED_BUF packs = BUF_INIT;
    int64_t tag = folder_ask_batch("factory-1", id, "3012", serial, 1);
    folder_assert_accepted(tag, 1);
    assert_int_equal(folder_collect(tag, &packs), 1);
    folder_close_batch(tag);
    if (ret_key != NULL) {
        assert_ok(pack_decode(buf_span(&packs), &pack, NULL));
        assert_ok(key_from_pkcs8(pack.private_key, ret_key, NULL));
    }
    snprintf(ret_number, LIMIT_NUMBER_TEXT + 1, "3012-%06d", serial);
    assert_ok(register_certificate_find(signer->db, "device", ret_number, take_fingerprint, ret_fingerprint, NULL));
    tag = folder_ask(CA_REQUEST_OUTCOMES, ++last_tag);
    folder_text("factory-1");
    assert_ok(frame_put_int(&question, 1));
    folder_text(ret_number);
    assert_ok(frame_put_bytes(&question, span_of(ret_fingerprint, REGISTER_FINGERPRINT)));
    folder_text("written");
    folder_text("");
    folder_send();
    assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_OUTCOMES);
}

static int64_t ask_renewal(const char *number, const uint8_t fingerprint[REGISTER_FINGERPRINT], struct span csr)
{
    int64_t tag = folder_ask(CA_REQUEST_RENEW, ++last_tag);
    folder_text("center-1");
    folder_text(number);
    folder_text("renewal");
    assert_ok(frame_put_bytes(&question, span_of(fingerprint, REGISTER_FINGERPRINT)));
    assert_ok(frame_put_bytes(&question, csr));
    folder_send();
    return tag;
}

static void take_renewed(int64_t tag, struct buf *der_to)
{
    struct frame_reader fields;
    assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_RENEWED);
    assert_ok(buf_put_span(der_to, frame_bytes(&fields)));
}

static void make_csr(struct key **ret_key, struct buf *to)
{
    assert_ok(key_generate(KEY_P256, ret_key, NULL));
    assert_ok(csr_make(*ret_key, "device", to, NULL));
}

static enum err count_body(void *context, const struct register_certificate *c)
{
    ((int *)context)[c->der.n == 0] += 1;
    return OK;
}

static void a_renewal_is_on_record_and_the_same_request_gets_the_same(void **state) /* I5, I10, M-8 */
{
    char number[LIMIT_NUMBER_TEXT + 1];
    uint8_t fingerprint[REGISTER_FINGERPRINT];
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT, first = BUF_INIT, second = BUF_INIT;
    int bodies[2] = { 0, 0 };
    (void)state;
    make_written("renewed", 1501, number, fingerprint, NULL);
    make_csr(&key, &csr);
    take_renewed(ask_renewal(number, fingerprint, buf_span(&csr)), &first);
    folder_restart();
    take_renewed(ask_renewal(number, fingerprint, buf_span(&csr)), &second);
    assert_true(span_equal(buf_span(&first), buf_span(&second)));
    assert_ok(register_body_list(signer->db, number, count_body, bodies, NULL));
    assert_int_equal(bodies[0], 1);
    assert_int_equal(bodies[1], 0);
}

static void a_key_gets_one_certificate(void **state) /* I2 */
{
    char numbers[2][LIMIT_NUMBER_TEXT + 1];
    uint8_t fingerprints[2][REGISTER_FINGERPRINT];
    AUTO_KEY key = NULL;
    AUTO_KEY factory_key = NULL;
    AUTO_BUF csr = BUF_INIT, again = BUF_INIT, der = BUF_INIT, read_out = BUF_INIT;
    (void)state;
    make_written("key a", 1502, numbers[0], fingerprints[0], NULL);
    make_written("key b", 1503, numbers[1], fingerprints[1], &factory_key);
    make_csr(&key, &csr);
    take_renewed(ask_renewal(numbers[0], fingerprints[0], buf_span(&csr)), &der);
    assert_ok(csr_make(key, "another request", &again, NULL));
    folder_assert_refused(ask_renewal(numbers[1], fingerprints[1], buf_span(&again)), ERR_CONFLICT, "key");
    folder_assert_refused(ask_renewal(numbers[1], fingerprints[1], buf_span(&csr)), ERR_CONFLICT, numbers[0]);
    /* who reads another device's key out of its flash */
    assert_ok(csr_make(factory_key, "not its own", &read_out, NULL));
    folder_assert_refused(ask_renewal(numbers[0], fingerprints[0], buf_span(&read_out)), ERR_CONFLICT, "in a certificate already");
}

/* --- Enrolment --- */

static void add_token(const char *token, const char *name, int64_t expires_s)
{
    struct register_token t = { .role = "station", .hosts = "", .created_s = clock_wall_s(), .expires_s = expires_s };
    snprintf(t.name, sizeof t.name, "%s", name);
    cert_fingerprint_der(span_text(token), t.hash);
    assert_ok(register_token_add(signer->db, &t, NULL));
}

static int64_t ask_enrolment(const char *token, struct span csr)
{
    int64_t tag = folder_ask(CA_REQUEST_ENROL, ++last_tag);
    folder_text(token);
    assert_ok(frame_put_bytes(&question, csr));
    folder_text("station");
    folder_send();
    return tag;
}

static void a_device_key_gets_no_role(void **state) /* I2 */
{
    char number[LIMIT_NUMBER_TEXT + 1];
    uint8_t fingerprint[REGISTER_FINGERPRINT];
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT;
    (void)state;
    make_written("key c", 1504, number, fingerprint, &key);
    assert_ok(csr_make(key, "line-7", &csr, NULL));
    add_token("for a role", "line-7", clock_wall_s() + 600);
    folder_assert_refused(ask_enrolment("for a role", buf_span(&csr)), ERR_CONFLICT, "in a certificate already");
}

static void a_role_may_ask_again_with_its_key_and_nobody_else(void **state) /* I2 */
{
    struct frame_reader fields;
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT, again = BUF_INIT;
    (void)state;
    make_csr(&key, &csr);
    assert_ok(csr_make(key, "again", &again, NULL));
    for (int i = 0; i < 3; i++)
        add_token((const char *[]){ "first", "second", "third" }[i], i == 2 ? "line-9" : "line-8", clock_wall_s() + 600);
    assert_int_equal(folder_answer(ask_enrolment("first", buf_span(&csr)), &fields), CA_ANSWER_ENROLLED);
    assert_int_equal(folder_answer(ask_enrolment("second", buf_span(&again)), &fields), CA_ANSWER_ENROLLED);
    folder_assert_refused(ask_enrolment("third", buf_span(&again)), ERR_CONFLICT, "in a certificate already");
}

static void a_token_counts_once_and_before_its_end(void **state)
{
    AUTO_KEY key = NULL;
    AUTO_KEY other_key = NULL;
    AUTO_BUF csr = BUF_INIT, other = BUF_INIT;
    struct frame_reader fields;
    (void)state;
    make_csr(&key, &csr);
    make_csr(&other_key, &other);
    add_token("good", "line-7", clock_wall_s() + 600);
    add_token("late", "line-7", clock_wall_s() - 1);
    folder_assert_refused(ask_enrolment("late", buf_span(&csr)), ERR_BAD_TOKEN, "expired");
    folder_assert_refused(ask_enrolment("none", buf_span(&csr)), ERR_BAD_TOKEN, "");
    assert_int_equal(folder_answer(ask_enrolment("good", buf_span(&csr)), &fields), CA_ANSWER_ENROLLED);
    assert_int_equal(folder_answer(ask_enrolment("good", buf_span(&csr)), &fields), CA_ANSWER_ENROLLED); /* I10: its answer was lost */
    folder_assert_refused(ask_enrolment("good", buf_span(&other)), ERR_BAD_TOKEN, "used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_renewal_is_on_record_and_the_same_request_gets_the_same),
        cmocka_unit_test(a_key_gets_one_certificate),
        cmocka_unit_test(a_device_key_gets_no_role),
        cmocka_unit_test(a_role_may_ask_again_with_its_key_and_nobody_else),
        cmocka_unit_test(a_token_counts_once_and_before_its_end),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
