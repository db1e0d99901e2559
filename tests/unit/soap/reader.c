#include "../test.h"

#include <stdio.h>

#include "soap/fields.h"

/* Pieces of envelopes, SOAP 1.1, factory service. */
#define NS "urn:nameplate:factory:1"
#define ENVELOPE "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_1 "' xmlns:a='" SOAP_NS_ADDRESSING "'>"
#define HEADER(blocks) "<e:Header>" blocks "</e:Header>"
#define BODY(content) "<e:Body>" content "</e:Body></e:Envelope>"
#define REQUEST(fields) "<PackRequest xmlns='" NS "'>" fields "</PackRequest>"
#define NUMBER "<deviceNumber>3012-123456</deviceNumber>"
#define GOOD ENVELOPE BODY(REQUEST(NUMBER))

struct row {
    const char *xml;
    enum err err;
    const char *why; /* what the sentence must contain */
};

static enum err read_as(enum soap_service service, const char *xml, size_t n, struct soap_parsed *ret_parsed, struct why *why)
{
    *why = (struct why){ { 0 } };
    return soap_read_request(service, span_of(xml, n), ret_parsed, why);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_PARSED parsed;
        struct why why;
        enum err err = read_as(SERVICE_FACTORY, rows[i].xml, strlen(rows[i].xml), &parsed, &why);
        if (err != rows[i].err || (rows[i].why != NULL && strstr(why.text, rows[i].why) == NULL))
            fail_msg("row %zu: %s: %s\n%s", i, err_row(err)->name, why.text, rows[i].xml);
        assert_true(err == OK || parsed.body == NULL);
    }
}
#define CHECK(rows) check_rows(rows, sizeof rows / sizeof *rows)

static void what_foreign_toolkits_write_is_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { GOOD, OK, NULL },
        { "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n" GOOD "\n<!-- end -->\n", OK, NULL },
        { ENVELOPE BODY(REQUEST("<boardId>b</boardId>" NUMBER)), OK, NULL }, /* in any order */
        { ENVELOPE BODY(REQUEST("\r\n\t <!-- x -->" NUMBER " ")), OK, NULL },
        { ENVELOPE BODY("<p:PackRequest xmlns:p='" NS "'><p:deviceNumber>3012-123456</p:deviceNumber></p:PackRequest>"), OK, NULL },
        { ENVELOPE BODY(REQUEST("<deviceNumber><![CDATA[3012]]>&#45;123456</deviceNumber>")), OK, NULL },
        { ENVELOPE BODY(REQUEST("<deviceNumber xmlns:i='" SOAP_NS_SCHEMA_INSTANCE "' i:type='x'>3012-123456</deviceNumber>")), OK, NULL },
        { ENVELOPE HEADER("<a:To>x</a:To><a:Action e:mustUnderstand='1'>y</a:Action><x/>") BODY(REQUEST(NUMBER)), OK, NULL },
        { ENVELOPE HEADER("<x xmlns='urn:x'><MessageID>a b</MessageID>text</x>") BODY(REQUEST(NUMBER)), OK, NULL },
        { ENVELOPE HEADER("<a:ReplyTo><a:Address>http://x</a:Address><a:ReferenceParameters><y>z z</y></a:ReferenceParameters></a:ReplyTo>")
          BODY(REQUEST(NUMBER)), OK, NULL },
    };
    CHECK(rows);
}

static void envelopes_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "", ERR_BAD_INPUT, "no element found" },
        { "<a/>", ERR_BAD_INPUT, "is not an envelope" },
        { "<Envelope xmlns='urn:x'/>", ERR_BAD_INPUT, "line 1, <Envelope>" },
        { ENVELOPE "</e:Envelope>", ERR_BAD_INPUT, "<Envelope>: has no Body" },
        { ENVELOPE "<e:Header/></e:Envelope>", ERR_BAD_INPUT, "has no Body" },
        { ENVELOPE BODY(""), ERR_BAD_INPUT, "<Body>: is empty" },
        { ENVELOPE "<e:Body>" REQUEST(NUMBER) REQUEST(NUMBER) "</e:Body></e:Envelope>", ERR_BAD_INPUT, "one message" },
        { ENVELOPE "<e:Body>" REQUEST(NUMBER) "</e:Body><e:Body/></e:Envelope>", ERR_BAD_INPUT, "one Body" },
        { ENVELOPE "<e:Body>" REQUEST(NUMBER) "</e:Body><e:Header/></e:Envelope>", ERR_BAD_INPUT, "one Header" },
        { ENVELOPE "<e:Header/>" HEADER("") BODY(REQUEST(NUMBER)), ERR_BAD_INPUT, "one Header" },
        { ENVELOPE "<Body>" REQUEST(NUMBER) "</Body></e:Envelope>", ERR_BAD_INPUT, "<Body>" },
        { ENVELOPE "stray" BODY(REQUEST(NUMBER)), ERR_BAD_INPUT, "text between" },
        { ENVELOPE BODY("stray" REQUEST(NUMBER)), ERR_BAD_INPUT, "text between" },
        { GOOD "x", ERR_BAD_INPUT, "not well-formed" },
        { GOOD "<a/>", ERR_BAD_INPUT, "not well-formed" },
        { GOOD GOOD, ERR_BAD_INPUT, "not well-formed" },
        { ENVELOPE BODY(REQUEST(NUMBER) "<e:Fault/>"), ERR_BAD_INPUT, "one message" },
        { ENVELOPE BODY("<e:Fault/>"), ERR_UNSUPPORTED, "<Fault>" },
    };
    CHECK(rows);
}

static void operations_of_other_services_and_namespaces_are_not_supported(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { ENVELOPE BODY("<PackRequest>" NUMBER "</PackRequest>"), ERR_UNSUPPORTED, "line 1, <PackRequest>" },
        { ENVELOPE BODY("<PackRequest xmlns='urn:nameplate:ca:1'>" NUMBER "</PackRequest>"), ERR_UNSUPPORTED, NULL },
        { ENVELOPE BODY("<packRequest xmlns='" NS "'>" NUMBER "</packRequest>"), ERR_UNSUPPORTED, NULL },
        { ENVELOPE BODY("<PackRequestResponse xmlns='" NS "'/>"), ERR_UNSUPPORTED, NULL },
        { ENVELOPE BODY("<AccountRequest xmlns='" NS "'/>"), ERR_UNSUPPORTED, NULL },
    };
    CHECK(rows);
}

static void fields_are_as_the_schema_says(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { ENVELOPE BODY(REQUEST("")), ERR_BAD_INPUT, "<PackRequest>: has no <deviceNumber>" },
        { ENVELOPE BODY(REQUEST(NUMBER NUMBER)), ERR_BAD_INPUT, "<deviceNumber>: stands there twice" },
        { ENVELOPE BODY(REQUEST(NUMBER "<boardId/><boardId/>")), ERR_BAD_INPUT, "<boardId>" },
        { ENVELOPE BODY(REQUEST(NUMBER "\n<what/>")), ERR_BAD_INPUT, "line 2, <what>: does not belong into <PackRequest>" },
        { ENVELOPE BODY(REQUEST("<deviceNumber xmlns=''>3012-1</deviceNumber>")), ERR_BAD_INPUT, "<deviceNumber>" },
        { ENVELOPE BODY(REQUEST("<deviceNumber xmlns='urn:x'>3012-1</deviceNumber>")), ERR_BAD_INPUT, "<deviceNumber>" },
        { ENVELOPE BODY(REQUEST(NUMBER "stray")), ERR_BAD_INPUT, "text between" },
        { ENVELOPE BODY(REQUEST("<deviceNumber><b/>3012-1</deviceNumber>")), ERR_BAD_INPUT, "instead of text" },
        { ENVELOPE BODY(REQUEST("<deviceNumber>3012<!-- -->-1</deviceNumber>")), ERR_BAD_INPUT, "comment" },
        { ENVELOPE BODY(REQUEST("<deviceNumber a='b'>3012-1</deviceNumber>")), ERR_BAD_INPUT, "attribute \"a\"" },
        { ENVELOPE BODY(REQUEST(NUMBER "<boardId xmlns:i='" SOAP_NS_SCHEMA_INSTANCE "' i:nil='true'/>")), ERR_BAD_INPUT, "\"nil\"" },
    };
    CHECK(rows);
}

/* A malformed number is named, so that the operator sees which label it was. */
static void malformed_device_numbers_are_named(void **state)
{
    (void)state;
#define WITH(number) ENVELOPE BODY(REQUEST("<deviceNumber>" number "</deviceNumber>"))
    static const struct row rows[] = {
        { WITH(" 3012-123456"), ERR_BAD_NUMBER, "<deviceNumber>: \" 3012-123456\"" },
        { WITH("3012-123456\n"), ERR_BAD_NUMBER, "3012-123456" },
        { WITH("3012-12345a"), ERR_BAD_NUMBER, "\"3012-12345a\"" },
        { WITH("3012"), ERR_BAD_NUMBER, "\"3012\" has no hyphen" },
        { WITH("3012--1"), ERR_BAD_NUMBER, NULL },
        { WITH(""), ERR_BAD_NUMBER, NULL },
        { WITH("３012-1"), ERR_BAD_NUMBER, NULL }, /* a full-width digit */
        { WITH("3012-1234567890123456789012345"), ERR_BAD_NUMBER, NULL },
    };
#undef WITH
    CHECK(rows);
}

static void document_types_entities_instructions_and_other_encodings_are_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "<!DOCTYPE x>" GOOD, ERR_BAD_INPUT, "no DOCTYPE" },
        { "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>" ENVELOPE
          BODY(REQUEST("<deviceNumber>&c;</deviceNumber>")), ERR_BAD_INPUT, "no DOCTYPE" },
        { "<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" ENVELOPE BODY(REQUEST("<deviceNumber>&a;</deviceNumber>")), ERR_BAD_INPUT,
          "no DOCTYPE" },
        { ENVELOPE BODY(REQUEST("<deviceNumber>&a;</deviceNumber>")), ERR_BAD_INPUT, "undefined entity" },
        { "<?xml version='1.0'?><?php x?>" GOOD, ERR_BAD_INPUT, "processing instructions" },
        { "<?xml version='1.1'?>" GOOD, ERR_BAD_INPUT, NULL },
        { "<?xml version='1.0' encoding='ISO-8859-1'?>" GOOD, ERR_BAD_INPUT, "encoding ISO-8859-1" },
        { "<?xml version='1.0' encoding='UTF-16'?>" GOOD, ERR_BAD_INPUT, "encoding UTF-16" },
        { ENVELOPE BODY(REQUEST(NUMBER "<boardId>\xfc</boardId>")), ERR_BAD_INPUT, "not well-formed" },
        { ENVELOPE BODY(REQUEST(NUMBER "<boardId>\x01</boardId>")), ERR_BAD_INPUT, "not well-formed" },
        { ENVELOPE BODY(REQUEST(NUMBER "<boardId>&#1;</boardId>")), ERR_BAD_INPUT, NULL },
    };
    CHECK(rows);
}

/* A message that would be good in UTF-8, in each form that Expat knows by itself. */
static void utf_16_is_refused_with_and_without_its_mark(void **state)
{
    (void)state;
    static const char good[] = GOOD;
    for (int little = 0; little < 2; little++)
        for (size_t mark = 0; mark <= 2; mark += 2) {
            char xml[2 * sizeof good + 2];
            AUTO_PARSED parsed;
            struct why why;
            memcpy(xml, little != 0 ? "\xff\xfe" : "\xfe\xff", 2);
            for (size_t i = 0; i < sizeof good - 1; i++) {
                xml[mark + 2 * i + (little == 0)] = good[i];
                xml[mark + 2 * i + (little != 0)] = '\0';
            }
            assert_err(read_as(SERVICE_FACTORY, xml, mark + 2 * (sizeof good - 1), &parsed, &why), ERR_BAD_INPUT);
            assert_non_null(strstr(why.text, "UTF-16"));
        }
}

static void header_blocks_are_checked(void **state)
{
    (void)state;
#define WITH(blocks) ENVELOPE HEADER(blocks) BODY(REQUEST(NUMBER))
    static const struct row rows[] = {
        { WITH("<a:MessageID>1</a:MessageID><a:MessageID>2</a:MessageID>"), ERR_BAD_INPUT, "twice" },
        { WITH("<a:MessageID></a:MessageID>"), ERR_BAD_INPUT, "empty" },
        { WITH("<a:MessageID>a b</a:MessageID>"), ERR_BAD_INPUT, "spaces" },
        { WITH("<a:MessageID>ü</a:MessageID>"), ERR_BAD_INPUT, "ASCII" },
        { WITH("<a:MessageID><x/></a:MessageID>"), ERR_BAD_INPUT, "has text" },
        { WITH("<a:MessageID>123456789012345678901234567890123456789012345678901234567890123456789012345678901</a:MessageID>"),
          ERR_TOO_LARGE, "longer than 80" },
        { WITH("<a:ReplyTo><a:Address>1</a:Address><a:Address>2</a:Address></a:ReplyTo>"), ERR_BAD_INPUT, "twice" },
        { WITH("stray"), ERR_BAD_INPUT, "text between" },
        { WITH("<s:Security xmlns:s='urn:s' e:mustUnderstand='1'/>"), ERR_UNSUPPORTED, "<Security>: this header must be understood" },
        { WITH("<s:Security xmlns:s='urn:s' e:mustUnderstand='1' e:actor='http://schemas.xmlsoap.org/soap/actor/next'/>"), ERR_UNSUPPORTED, NULL },
        { WITH("<s:Security xmlns:s='urn:s' e:mustUnderstand='1' e:actor='urn:other'/>"), OK, NULL },
        { WITH("<s:Security xmlns:s='urn:s' e:mustUnderstand='0'/>"), OK, NULL },
        { WITH("<s:Security xmlns:s='urn:s' mustUnderstand='1'/>"), OK, NULL },
    };
#undef WITH
    CHECK(rows);
}

static void what_was_read_of_a_refused_request_serves_the_fault(void **state)
{
    (void)state;
    static const struct {
        const char *xml;
        enum soap_version version;
        enum soap_fault fault;
        const char *id;
    } rows[] = {
        { "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_2 "' xmlns:a='" SOAP_NS_ADDRESSING "'><e:Header><a:MessageID>urn:9</a:MessageID></e:Header><e:Body/>",
          SOAP_1_2, SOAP_FAULT_OF_ERROR, "urn:9" },
        { "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_2 "'><e:Header><x e:mustUnderstand='true' e:role='" SOAP_NS_ENVELOPE_1_2 "/role/next'/>",
          SOAP_1_2, SOAP_FAULT_MUST_UNDERSTAND, "" },
        { "<e:Envelope xmlns:e='http://www.w3.org/2001/06/soap-envelope'/>", SOAP_1_1, SOAP_FAULT_VERSION_MISMATCH, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_PARSED parsed;
        struct why why;
        assert_int_not_equal(read_as(SERVICE_FACTORY, rows[i].xml, strlen(rows[i].xml), &parsed, &why), OK);
        struct soap_header reply = soap_reply_header(&parsed.header);
        assert_int_equal(reply.version, rows[i].version);
        assert_int_equal(reply.fault, rows[i].fault);
        assert_string_equal(reply.relates_to, rows[i].id);
    }
}

static void values_of_every_kind_are_strict(void **state)
{
    (void)state;
#define WITH(generation, nonce) \
    ENVELOPE BODY("<PackRequestResponse xmlns='" NS "'>" NUMBER "<generation>" generation "</generation><nonce>" nonce \
                  "</nonce><pack/></PackRequestResponse>")
#define FLAG(value) ENVELOPE BODY("<BoardReportResponse xmlns='" NS "'><accepted>" value "</accepted></BoardReportResponse>")
    static const struct {
        struct row row;
        enum soap_message message;
    } rows[] = {
        { { WITH("1", "AAAA"), OK, NULL }, SOAP_PACK },
        { { WITH("-9223372036854775808", " AA\nAA "), OK, NULL }, SOAP_PACK },
        { { WITH("0", ""), OK, NULL }, SOAP_PACK },
        { { WITH("-0", ""), ERR_BAD_INPUT, "<generation>: is not a whole number" }, SOAP_PACK },
        { { WITH("01", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("+1", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH(" 1", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("1e3", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("-", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("9223372036854775808", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("-9223372036854775809", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("99999999999999999999", ""), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("1", "AAA"), ERR_BAD_INPUT, "<nonce>: is not base64" }, SOAP_PACK },
        { { WITH("1", "AA-_"), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { WITH("1", "QQ==QQ=="), ERR_BAD_INPUT, NULL }, SOAP_PACK },
        { { FLAG("true"), OK, NULL }, SOAP_BOARD_REPORT },
        { { FLAG("1"), ERR_BAD_INPUT, "neither true nor false" }, SOAP_BOARD_REPORT },
        { { FLAG("TRUE"), ERR_BAD_INPUT, NULL }, SOAP_BOARD_REPORT },
        { { FLAG(" true"), ERR_BAD_INPUT, NULL }, SOAP_BOARD_REPORT },
        { { FLAG("true"), ERR_BAD_INPUT, NULL }, SOAP_PACK }, /* the answer to something else */
        { { GOOD, ERR_BAD_INPUT, NULL }, SOAP_PACK },
    };
#undef WITH
#undef FLAG
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_PARSED parsed;
        struct why why = { { 0 } };
        enum err err = soap_read_response(SERVICE_FACTORY, rows[i].message, span_text(rows[i].row.xml), &parsed, &why);
        if (err != rows[i].row.err || (rows[i].row.why != NULL && strstr(why.text, rows[i].row.why) == NULL))
            fail_msg("row %zu: %s: %s", i, err_row(err)->name, why.text);
    }
}

static void put_times(struct buf *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_ok(buf_put_text(to, text));
}

/* Envelope, Header and one block are three levels; the block may nest LIMIT_XML_DEPTH - 3 further. */
static void elements_deeper_than_the_limit_are_refused(void **state)
{
    (void)state;
    for (size_t inner = LIMIT_XML_DEPTH - 3; inner <= LIMIT_XML_DEPTH - 2; inner++) {
        AUTO_BUF xml = BUF_INIT;
        AUTO_PARSED parsed;
        struct why why;
        assert_ok(buf_put_text(&xml, ENVELOPE "<e:Header><x>"));
        put_times(&xml, "<x>", inner);
        put_times(&xml, "</x>", inner);
        assert_ok(buf_put_text(&xml, "</x></e:Header>" BODY(REQUEST(NUMBER))));
        enum err want = inner == LIMIT_XML_DEPTH - 3 ? OK : ERR_TOO_LARGE;
        assert_err(read_as(SERVICE_FACTORY, buf_text(&xml), xml.len, &parsed, &why), want);
    }
}

static void a_text_longer_than_the_limit_is_refused(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        AUTO_BUF xml = BUF_INIT;
        AUTO_PARSED parsed;
        struct why why = { { 0 } };
        assert_ok(buf_put_text(&xml, ENVELOPE "<e:Body><StationHelloResponse xmlns='" NS "'><line>"));
        put_times(&xml, "x", LIMIT_XML_TEXT + extra);
        assert_ok(buf_put_text(&xml, "</line></StationHelloResponse></e:Body></e:Envelope>"));
        enum err err = soap_read_response(SERVICE_FACTORY, SOAP_STATION_HELLO, buf_span(&xml), &parsed, &why);
        assert_err(err, extra == 0 ? OK : ERR_TOO_LARGE);
    }
}

static void a_message_larger_than_its_ceiling_is_refused(void **state)
{
    (void)state;
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed;
    struct why why;
    assert_ok(buf_put_text(&xml, GOOD));
    put_times(&xml, " ", LIMIT_MESSAGE - xml.len);
    assert_ok(read_as(SERVICE_FACTORY, buf_text(&xml), xml.len, &parsed, &why));
    soap_parsed_done(&parsed);
    put_times(&xml, " ", 1);
    assert_err(read_as(SERVICE_FACTORY, buf_text(&xml), xml.len, &parsed, &why), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_foreign_toolkits_write_is_read),
        cmocka_unit_test(envelopes_that_are_none_are_refused),
        cmocka_unit_test(operations_of_other_services_and_namespaces_are_not_supported),
        cmocka_unit_test(fields_are_as_the_schema_says),
        cmocka_unit_test(malformed_device_numbers_are_named),
        cmocka_unit_test(document_types_entities_instructions_and_other_encodings_are_refused),
        cmocka_unit_test(utf_16_is_refused_with_and_without_its_mark),
        cmocka_unit_test(header_blocks_are_checked),
        cmocka_unit_test(what_was_read_of_a_refused_request_serves_the_fault),
        cmocka_unit_test(values_of_every_kind_are_strict),
        cmocka_unit_test(elements_deeper_than_the_limit_are_refused),
        cmocka_unit_test(a_text_longer_than_the_limit_is_refused),
        cmocka_unit_test(a_message_larger_than_its_ceiling_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
