#include "bench.h"

#include <stdio.h>

#include "base/file.h"
#include "log/log.h"

static const uint8_t nonce[PROOF_NONCE] = { 7, 7, 7 };

static struct pack_transmission_request transmission(const struct buf *pack, const char *number)
{
    struct pack_transmission_request r = { .nonce = span_of(nonce, sizeof nonce), .pack = buf_span(pack) };
    assert_ok(number_parse(span_text(number), &r.number, NULL));
    return r;
}

/* S7, S8: sends the pack; the device must say that it received it. */
static void transmit(struct bench *b, const struct buf *pack)
{
    AUTO_PARSED answer = { 0 };
    struct why why = { "" };
    const struct pack_transmission_request r = transmission(pack, NUMBER);
    enum err err = bench_call(b, STATION, SOAP_PACK_TRANSMISSION, &r, &answer, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    assert_string_equal(((struct pack_transmission_response *)answer.body)->result, "OK");
}

static void assert_proven(const struct bench *b, const struct cert *cert)
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    struct device_number number;
    struct why why = { "" };
    cert_fingerprint(cert, fingerprint);
    assert_ok(number_parse(span_text(NUMBER), &number, NULL));
    assert_string_equal(b->arrived.outcome, "OK");
    assert_string_equal(b->arrived.number, NUMBER);
    assert_memory_equal(b->arrived.fingerprint, fingerprint, CERT_FINGERPRINT);
    assert_int_equal(b->arrived.peer.role, ROLE_DEVICE);
    assert_string_equal(b->arrived.peer.name, NUMBER);
    assert_memory_equal(b->arrived.peer.fingerprint, fingerprint, CERT_FINGERPRINT);
    assert_ok(proof_check(cert, nonce, &number, buf_span(&b->arrived.proof), &why));
}

static bool file_has(const struct bench *b, const char *name, struct span bytes)
{
    char path[96];
    AUTO_WIPED_BUF file = BUF_INIT;
    snprintf(path, sizeof path, "%s/d/%s", b->dir, name);
    assert_ok(file_read(path, FLASH_BYTES, &file, NULL));
    return memmem(file.data, file.len, bytes.at, bytes.n) != NULL;
}

/* F-12, F-13, F-14, F-15, D-6: received, written, proven with the new key, received again. */
static void a_pack_is_acknowledged_written_and_proven(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        struct bench b;
        struct pack inside;
        AUTO_WIPED_BUF pack = BUF_INIT;
        bench_start(&b, sealed == 1);
        bench_write_bootstrap(&b);
        AUTO_CERT cert = bench_pack(&b, NUMBER, &pack);
        assert_int_equal(b.board.boot.state, BOOT_BOOTSTRAP);
        transmit(&b, &pack);
        bench_wait_arrived(&b, 1);
        assert_proven(&b, cert);
        assert_int_equal(b.board.boot.state, BOOT_INDIVIDUAL);
        assert_int_equal(b.board.values.counters[NVRAM_WRITES], 1);
        /* F-14: as it came, or sealed */
        assert_ok(pack_decode(buf_span(&pack), &inside, NULL));
        assert_int_equal(file_has(&b, "flash.bin", inside.private_key), sealed == 0);
        bench_stop(&b);
    }
}

/* F-14: S10 is repeated until S13 came, as the same message. */
static void a_result_that_was_not_received_is_sent_again(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF pack = BUF_INIT;
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    AUTO_CERT cert = bench_pack(&b, NUMBER, &pack);
    b.arrived.refuse_first = 2;
    transmit(&b, &pack);
    bench_wait_arrived(&b, 3);
    assert_proven(&b, cert);
    bench_stop(&b);
}

/* I10 */
static void a_repeated_pack_is_not_written_again_but_reported_again(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF pack = BUF_INIT;
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    AUTO_CERT cert = bench_pack(&b, NUMBER, &pack);
    transmit(&b, &pack);
    bench_wait_arrived(&b, 1);
    transmit(&b, &pack);
    bench_wait_arrived(&b, 2);
    assert_proven(&b, cert);
    assert_int_equal(b.board.boot.identity.generation, 1);
    bench_stop(&b);
}

static void the_result_can_be_asked_for_again(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF pack = BUF_INIT;
    AUTO_PARSED answer = { 0 };
    struct result_request r = { .nonce = span_of(nonce, sizeof nonce) };
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    assert_ok(number_parse(span_text(NUMBER), &r.number, NULL));
    assert_err(bench_call(&b, STATION, SOAP_RESULT, &r, &answer, NULL), ERR_NOT_FOUND);
    AUTO_CERT cert = bench_pack(&b, NUMBER, &pack);
    transmit(&b, &pack);
    bench_wait_arrived(&b, 1);
    buf_clear(&b.arrived.proof);
    soap_parsed_done(&answer);
    assert_ok(bench_call(&b, STATION, SOAP_RESULT, &r, &answer, NULL));
    bench_wait_arrived(&b, 2);
    assert_proven(&b, cert);
    bench_stop(&b);
}

/* F-14, F-16: a failed write is reported under the bootstrap certificate; the next pack is taken. */
static void a_failed_write_is_reported_and_the_next_pack_is_taken(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF first = BUF_INIT, second = BUF_INIT;
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    cert_free(bench_pack(&b, NUMBER, &first));
    AUTO_CERT cert = bench_pack(&b, NUMBER, &second);
    b.board.faults.fail_identity = true;
    transmit(&b, &first);
    bench_wait_arrived(&b, 1);
    assert_string_equal(b.arrived.outcome, "NG");
    assert_non_null(strstr(b.arrived.reason, "reads back different"));
    assert_int_equal(b.arrived.peer.role, ROLE_BOOTSTRAP);
    assert_int_equal(b.board.boot.state, BOOT_BOOTSTRAP);
    transmit(&b, &second);
    bench_wait_arrived(&b, 2);
    assert_proven(&b, cert);
    bench_stop(&b);
}

/* I3: what the device refuses never comes into force. */
static void a_pack_with_a_strange_root_key_or_number_is_refused(void **state)
{
    (void)state;
    struct bench b, stranger;
    AUTO_WIPED_BUF pack = BUF_INIT, other = BUF_INIT, mixed = BUF_INIT;
    struct pack one, two;
    struct why why = { "" };
    bench_start(&b, false);
    bench_start(&stranger, false);
    bench_write_bootstrap(&b);
    cert_free(bench_pack(&stranger, NUMBER, &pack));
    assert_err(board_install_identity(&b.board, buf_span(&pack), &why), ERR_BAD_CERTIFICATE);
    cert_free(bench_pack(&b, "3012-999999", &pack));
    assert_err(board_install_identity(&b.board, buf_span(&pack), &why), ERR_NUMBER_MISMATCH);
    cert_free(bench_pack(&b, NUMBER, &pack));
    cert_free(bench_pack(&b, NUMBER, &other));
    assert_ok(pack_decode(buf_span(&pack), &one, &why));
    assert_ok(pack_decode(buf_span(&other), &two, &why));
    one.private_key = two.private_key;
    assert_ok(pack_encode(&one, &mixed));
    assert_err(board_install_identity(&b.board, buf_span(&mixed), &why), ERR_BAD_KEY);
    two.root = cert_der(stranger.pki->root.cert); /* chain, number and key are right */
    buf_clear(&mixed);
    assert_ok(pack_encode(&two, &mixed));
    assert_err(board_install_identity(&b.board, buf_span(&mixed), &why), ERR_BAD_CERTIFICATE);
    assert_int_equal(b.board.boot.state, BOOT_BOOTSTRAP);
    assert_ok(board_install_identity(&b.board, buf_span(&other), &why));
    bench_stop(&stranger);
    bench_stop(&b);
}

static void a_pack_for_another_number_is_refused_before_it_is_received(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF pack = BUF_INIT;
    AUTO_PARSED answer = { 0 };
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    cert_free(bench_pack(&b, "3012-999999", &pack));
    const struct pack_transmission_request r = transmission(&pack, "3012-999999");
    assert_err(bench_call(&b, STATION, SOAP_PACK_TRANSMISSION, &r, &answer, NULL), ERR_NUMBER_MISMATCH);
    assert_int_equal(b.arrived.n, 0);
    bench_stop(&b);
}

/* F-12: on the bench link a device talks to stations and to nobody else. */
static void only_a_station_is_answered(void **state)
{
    (void)state;
    static const char *const others[] = { "urn:nameplate:factory:factory-1", "urn:nameplate:ca:ca", "urn:nameplate:console:c",
                                          "urn:nameplate:center:c" };
    struct bench b;
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        AUTO_PARSED answer = { 0 };
        assert_int_not_equal(bench_call(&b, others[i], SOAP_DEVICE_STATUS, "", &answer, NULL), OK);
    }
    AUTO_PARSED answer = { 0 };
    assert_ok(bench_call(&b, STATION, SOAP_DEVICE_STATUS, "", &answer, NULL));
    const struct device_status_response *status = answer.body;
    assert_string_equal(status->state, "bootstrap");
    assert_string_equal(status->number, NUMBER);
    bench_stop(&b);
}

/* F-12: where the centre may connect, since there is a remote service, it still does not speak for a station. */
static void the_centre_is_not_answered_as_a_station(void **state)
{
    (void)state;
    struct bench b;
    struct why why = { "" };
    AUTO_PARSED answer = { 0 };
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    b.board.option.there = true;
    assert_ok(agent_plug(&b.agent, &b.board, &why));
    assert_err(bench_call(&b, "urn:nameplate:center:c", SOAP_DEVICE_STATUS, "", &answer, &why), ERR_NOT_ALLOWED);
    b.board.option.there = false;
    bench_stop(&b);
}

/* F-22 */
static void a_blank_board_gets_its_bootstrap_certificate_from_a_station(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF pack = BUF_INIT, wrong = BUF_INIT;
    bench_start(&b, false);
    bench_bootstrap_pack(&b, "3014", &wrong);
    bench_bootstrap_pack(&b, "3012", &pack);
    const struct bootstrap_write_request bad = { .board = "B-1", .pack = buf_span(&wrong) },
                                         good = { .board = "B-1", .pack = buf_span(&pack) };
    AUTO_PARSED refused = { 0 }, answer = { 0 }, again = { 0 };
    assert_ok(bench_call(&b, STATION, SOAP_BOOTSTRAP_WRITE, &bad, &refused, NULL));
    assert_string_equal(((struct bootstrap_write_response *)refused.body)->outcome, "NG");
    assert_int_equal(b.board.boot.state, BOOT_BLANK);
    assert_ok(bench_call(&b, STATION, SOAP_BOOTSTRAP_WRITE, &good, &answer, NULL));
    assert_string_equal(((struct bootstrap_write_response *)answer.body)->outcome, "OK");
    assert_int_equal(b.board.boot.state, BOOT_BOOTSTRAP);
    assert_string_equal(b.board.values.board, "B-1");
    assert_string_equal(b.board.values.bootstrap_model, "3012");
    assert_ok(bench_call(&b, STATION, SOAP_BOOTSTRAP_WRITE, &good, &again, NULL));
    assert_int_equal(b.board.boot.bootstrap.generation, 1);
    bench_stop(&b);
}

/* F-23, D-2 */
static void parameters_are_kept_in_the_nvram(void **state)
{
    (void)state;
    struct bench b;
    AUTO_WIPED_BUF pack = BUF_INIT;
    struct parameter values[] = { { "sleep", "60" }, { "application.tray", "A4" } };
    const struct parameter_initialisation_request r = { values, 2 };
    AUTO_PARSED early = { 0 }, answer = { 0 };
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    assert_err(bench_call(&b, STATION, SOAP_PARAMETER_INITIALISATION, &r, &early, NULL), ERR_BAD_TRANSITION);
    cert_free(bench_pack(&b, NUMBER, &pack));
    assert_ok(board_install_identity(&b.board, buf_span(&pack), NULL));
    assert_ok(bench_call(&b, STATION, SOAP_PARAMETER_INITIALISATION, &r, &answer, NULL));
    assert_ok(board_boot(&b.board, NULL));
    assert_string_equal(b.board.values.operation, "sleep=60\n");
    assert_string_equal(b.board.values.application, "tray=A4\n");
    bench_stop(&b);
}

/* F-8: the scanner is at the device. */
static void a_scan_at_the_device_reaches_the_station(void **state)
{
    (void)state;
    struct bench b;
    struct why why = { "" };
    AUTO_PARSED answer = { 0 };
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    assert_err(report_scan(&b.agent, NUMBER, &why), ERR_CONFIG);
    assert_ok(bench_call(&b, STATION, SOAP_DEVICE_STATUS, "", &answer, &why)); /* says where the station is */
    assert_ok(report_scan(&b.agent, NUMBER, &why));
    bench_wait_arrived(&b, 1);
    assert_string_equal(b.arrived.scan, NUMBER);
    bench_stop(&b);
}

/* I3 on the real files: whatever byte the power goes at, the next start finds bootstrap or the whole identity. */
static void a_power_cut_in_the_agent_leaves_a_device_that_starts(void **state)
{
    (void)state;
    struct bench b;
    struct why why = { "" };
    char dir[BOARD_PATH];
    AUTO_WIPED_BUF pack = BUF_INIT;
    bench_start(&b, true);
    bench_write_bootstrap(&b);
    cert_free(bench_pack(&b, NUMBER, &pack));
    agent_unplug(&b.agent);
    snprintf(dir, sizeof dir, "%s", b.board.dir);
    int individual = 0;
    for (int64_t cut = 0; individual == 0 && cut < 10000; cut += 97) {
        b.board.store_sealed = true;
        b.board.faults.cut_after = cut;
        enum err err = board_install_identity(&b.board, buf_span(&pack), &why);
        board_close(&b.board);
        assert_ok(board_open(dir, BOARD_USE, &b.board, &why));
        assert_int_equal(b.board.boot.state, err == OK ? BOOT_INDIVIDUAL : BOOT_BOOTSTRAP);
        assert_non_null(b.board.bootstrap.key);
        individual += b.board.boot.state == BOOT_INDIVIDUAL;
    }
    assert_int_equal(individual, 1);
    bench_stop(&b);
}

/* Invariant 7: the owner's attempt to let one device speak in the other's name (P-1). */
static void a_board_with_another_device_s_nvram_does_not_start(void **state)
{
    (void)state;
    struct bench b;
    struct why why = { "" };
    char dir[BOARD_PATH];
    AUTO_WIPED_BUF pack = BUF_INIT;
    bench_start(&b, false);
    bench_write_bootstrap(&b);
    cert_free(bench_pack(&b, NUMBER, &pack));
    assert_ok(board_install_identity(&b.board, buf_span(&pack), &why));
    struct nvram values = b.board.values;
    snprintf(values.number, sizeof values.number, "3012-000001");
    assert_ok(board_save_values(&b.board, &values, &why));
    agent_unplug(&b.agent);
    snprintf(dir, sizeof dir, "%s", b.board.dir);
    board_close(&b.board);
    assert_err(board_open(dir, BOARD_USE, &b.board, &why), ERR_NUMBER_MISMATCH);
    assert_ok(board_open(dir, BOARD_LOOK, &b.board, &why));
    bench_stop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_is_acknowledged_written_and_proven),
        cmocka_unit_test(a_result_that_was_not_received_is_sent_again),
        cmocka_unit_test(a_repeated_pack_is_not_written_again_but_reported_again),
        cmocka_unit_test(the_result_can_be_asked_for_again),
        cmocka_unit_test(a_failed_write_is_reported_and_the_next_pack_is_taken),
        cmocka_unit_test(a_pack_with_a_strange_root_key_or_number_is_refused),
        cmocka_unit_test(a_pack_for_another_number_is_refused_before_it_is_received),
        cmocka_unit_test(only_a_station_is_answered),
        cmocka_unit_test(the_centre_is_not_answered_as_a_station),
        cmocka_unit_test(a_blank_board_gets_its_bootstrap_certificate_from_a_station),
        cmocka_unit_test(parameters_are_kept_in_the_nvram),
        cmocka_unit_test(a_scan_at_the_device_reaches_the_station),
        cmocka_unit_test(a_power_cut_in_the_agent_leaves_a_device_that_starts),
        cmocka_unit_test(a_board_with_another_device_s_nvram_does_not_start),
    };
    log_setup("device", LOG_ERROR, 0);
    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
