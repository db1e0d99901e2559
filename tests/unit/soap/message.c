#include "../test.h"

#include <stdio.h>

#include "sample.h"

static const struct soap_header headers[] = {
    { .version = SOAP_1_1 },
    { .version = SOAP_1_2 },
    { .version = SOAP_1_1, .message_id = "urn:uuid:1", .relates_to = "urn:uuid:2", .reply_to = "https://[::1]:8443/soap/station?a=1&b=<2>" },
    { .version = SOAP_1_2, .message_id = "urn:uuid:3" },
};

static void check_header(const struct soap_header *a, const struct soap_header *b)
{
    assert_int_equal(a->version, b->version);
    assert_string_equal(a->message_id, b->message_id);
    assert_string_equal(a->relates_to, b->relates_to);
    assert_string_equal(a->reply_to, b->reply_to);
}

static void go_both_ways(enum soap_service service, enum soap_message message, bool response, unsigned seed)
{
    const struct soap_record *record = soap_record_of(message, response);
    const struct soap_header *header = &headers[seed % 4];
    struct arena *arena;
    assert_ok(arena_new(1 << 20, &arena));
    void *body = sample_new(arena, record, seed % 3 != 0, seed);
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed;
    struct why why = { 0 };
    enum err err;
    if (response) {
        assert_ok(soap_write_response(service, message, header, body, &xml));
        err = soap_read_response(service, message, buf_span(&xml), &parsed, &why);
    } else {
        assert_ok(soap_write_request(service, message, header, body, &xml));
        err = soap_read_request(service, buf_span(&xml), &parsed, &why);
    }
    if (err != OK)
        fail_msg("%s: %s\n%s", record->name, why.text, buf_text(&xml));
    assert_int_equal(parsed.message, message);
    check_header(&parsed.header, header);
    if (!sample_equal(record, body, parsed.body))
        fail_msg("%s changed: %s", record->name, buf_text(&xml));
    arena_free(arena);
}

/* F-5, F-10, F-13, F-14: figures 21 to 23 */
static void every_message_comes_out_as_it_went_in(void **state)
{
    (void)state;
    for (unsigned s = 0; s < SERVICE_COUNT; s++)
        for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++)
            for (unsigned seed = 0; seed < 48 && (soap_message_row(m)->services & 1u << s) != 0; seed++) {
                go_both_ways(s, m, false, seed);
                go_both_ways(s, m, true, seed);
            }
}

static void absent_fields_read_as_empty_and_texts_are_never_null(void **state)
{
    (void)state;
    static const struct pack_request request = { .number = { "3012-123456" } };
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed;
    assert_ok(soap_write_request(SERVICE_FACTORY, SOAP_PACK, &headers[0], &request, &xml));
    assert_null(strstr(buf_text(&xml), "boardId"));
    assert_ok(soap_read_request(SERVICE_FACTORY, buf_span(&xml), &parsed, NULL));
    assert_string_equal(((struct pack_request *)parsed.body)->board, "");
}

/* It will stand in trails, in lists and on terminals: nobody begins a new line there, or moves the cursor. */
static void a_text_is_one_line_whatever_came(void **state)
{
    (void)state;
    static const char head[] = "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_2 "'><e:Body><BoardReport xmlns='urn:nameplate:factory:1'>"
                               "<boardId>b1&#10;2026-01-01 all is well\xc2\x9b" "2J\xc2\xa0\x7f\t</boardId><model>3012</model>"
                               "<outcome>OK</outcome></BoardReport></e:Body></e:Envelope>";
    AUTO_PARSED parsed = { 0 };
    struct why why = { "" };
    assert_ok(soap_read_request(SERVICE_FACTORY, span_text(head), &parsed, &why));
    const struct board_report_request *r = parsed.body;
    assert_string_equal(r->board, "b1?2026-01-01 all is well??2J\xc2\xa0??");
}

static void what_xml_cannot_carry_is_not_written(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\x01", "a\x1b[0m", "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xef\xbf\xbf", "\xf4\x90\x80\x80", "\xe0\x9f\xbf",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scan_report_request request = { .text = texts[i] };
        AUTO_BUF xml = BUF_INIT;
        assert_ok(buf_put_text(&xml, "before"));
        assert_err(soap_write_request(SERVICE_STATION, SOAP_SCAN_REPORT, &headers[0], &request, &xml), ERR_BAD_INPUT);
        assert_string_equal(buf_text(&xml), "before");
    }
}

static void what_a_reader_would_refuse_is_not_written(void **state)
{
    (void)state;
    AUTO_BUF xml = BUF_INIT;
    struct pack_request no_number = { .board = "b1" };
    assert_err(soap_write_request(SERVICE_FACTORY, SOAP_PACK, &headers[0], &no_number, &xml), ERR_BAD_NUMBER);
    static const uint8_t large[LIMIT_XML_TEXT];
    struct bootstrap_response too_large = { .pack = span_of(large, LIMIT_XML_TEXT / 4 * 3 + 1) };
    assert_err(soap_write_response(SERVICE_CA, SOAP_BOOTSTRAP, &headers[0], &too_large, &xml), ERR_TOO_LARGE);
    too_large.pack.n--;
    assert_ok(soap_write_response(SERVICE_CA, SOAP_BOOTSTRAP, &headers[0], &too_large, &xml));
}

/* A fault goes out in the version of the request and comes back as the same error with the same reason. */
/* A list of 20,000 revoked identities is about 1 MB. */
static void a_revocation_list_may_be_longer_than_other_values(void **state)
{
    (void)state;
    static uint8_t large[LIMIT_LISTS_DER + 1];
    memset(large, 0x5a, sizeof large);
    static const size_t sizes[] = { 1024 * 1024, LIMIT_LISTS_DER };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct revocation_list list = { .der = span_of(large, sizes[i]) };
        const struct revocation_list_response answer = { .lists = &list, .lists_n = 1 };
        AUTO_BUF xml = BUF_INIT;
        AUTO_PARSED parsed;
        assert_ok(soap_write_response(SERVICE_CA, SOAP_REVOCATION_LIST, &headers[0], &answer, &xml));
        assert_true(xml.len <= LIMIT_LISTS);
        assert_ok(soap_read_response(SERVICE_CA, SOAP_REVOCATION_LIST, buf_span(&xml), &parsed, NULL));
        const struct revocation_list_response *read = parsed.body;
        assert_int_equal(read->lists_n, 1);
        assert_true(span_equal(read->lists[0].der, list.der));
    }
}

static void every_error_crosses_as_a_typed_fault(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 2; v++)
        for (unsigned e = 1; e < ERR_COUNT; e++) {
            struct soap_header request = { .version = v, .message_id = "urn:uuid:7" };
            struct soap_header header = soap_reply_header(&request);
            AUTO_BUF xml = BUF_INIT;
            AUTO_PARSED parsed;
            struct why why = { 0 };
            assert_ok(soap_write_fault(&header, e, "3012-123456 <is> in \"no\" order & so on\x01", &xml));
            assert_err(soap_read_response(SERVICE_CA, SOAP_ACCOUNT, buf_span(&xml), &parsed, &why), e);
            assert_string_equal(why.text, "3012-123456 <is> in \"no\" order & so on?");
            assert_int_equal(parsed.header.version, v);
            assert_string_equal(parsed.header.relates_to, "urn:uuid:7");
            assert_null(parsed.body);
        }
}

static void a_fault_that_claims_success_is_a_bug_of_the_peer(void **state)
{
    (void)state;
    struct soap_header header = { .version = SOAP_1_1 };
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed;
    assert_ok(soap_write_fault(&header, OK, "", &xml));
    assert_err(soap_read_response(SERVICE_CA, SOAP_ACCOUNT, buf_span(&xml), &parsed, NULL), ERR_BUG);
}

static void faults_of_foreign_toolkits_say_whose_fault_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *xml;
        enum err err;
    } rows[] = {
        { "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_1 "'><e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>no &amp; no</faultstring>"
          "</e:Fault></e:Body></e:Envelope>", ERR_BUSY },
        { "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_1 "'><e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>no &amp; no</faultstring>"
          "<detail><x xmlns='urn:x'><error>BUSY</error></x></detail></e:Fault></e:Body></e:Envelope>", ERR_BAD_INPUT },
        { "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_2 "'><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason>"
          "<e:Text xml:lang='en'>no &amp; no</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>", ERR_BUSY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_PARSED parsed;
        struct why why = { 0 };
        assert_err(soap_read_response(SERVICE_CA, SOAP_ACCOUNT, span_text(rows[i].xml), &parsed, &why), rows[i].err);
        assert_string_equal(why.text, "no & no");
    }
}

static void fault_codes_follow_the_version(void **state)
{
    (void)state;
    static const struct {
        struct soap_header header;
        enum err err;
        const char *code;
        int status;
    } rows[] = {
        { { .version = SOAP_1_1 }, ERR_OVER_ORDER, "<faultcode>soap:Client</faultcode>", 500 },
        { { .version = SOAP_1_1 }, ERR_BUSY, "<faultcode>soap:Server</faultcode>", 500 },
        { { .version = SOAP_1_2 }, ERR_OVER_ORDER, "<soap:Value>soap:Sender</soap:Value>", 400 },
        { { .version = SOAP_1_2 }, ERR_BUSY, "<soap:Value>soap:Receiver</soap:Value>", 500 },
        { { .version = SOAP_1_1, .fault = SOAP_FAULT_MUST_UNDERSTAND }, ERR_UNSUPPORTED, "<faultcode>soap:MustUnderstand</faultcode>", 500 },
        { { .version = SOAP_1_1, .fault = SOAP_FAULT_VERSION_MISMATCH }, ERR_BAD_INPUT, "<faultcode>soap:VersionMismatch</faultcode>", 500 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_BUF xml = BUF_INIT;
        assert_ok(soap_write_fault(&rows[i].header, rows[i].err, NULL, &xml));
        assert_non_null(strstr(buf_text(&xml), rows[i].code));
        assert_int_equal(soap_fault_status(rows[i].header.version, rows[i].err), rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_out_as_it_went_in),
        cmocka_unit_test(absent_fields_read_as_empty_and_texts_are_never_null),
        cmocka_unit_test(a_text_is_one_line_whatever_came),
        cmocka_unit_test(what_xml_cannot_carry_is_not_written),
        cmocka_unit_test(what_a_reader_would_refuse_is_not_written),
        cmocka_unit_test(a_revocation_list_may_be_longer_than_other_values),
        cmocka_unit_test(every_error_crosses_as_a_typed_fault),
        cmocka_unit_test(a_fault_that_claims_success_is_a_bug_of_the_peer),
        cmocka_unit_test(faults_of_foreign_toolkits_say_whose_fault_it_was),
        cmocka_unit_test(fault_codes_follow_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
