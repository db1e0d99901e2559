#include "../test.h"

#include <stdio.h>

#include "base/hex.h"
#include "soap/fields.h"

/* A long value in base64 goes past the XML parser. Here: around it all that could make the two disagree. `@` in a row is the
 * value. */
enum { BYTES = 600, LINE = 76 };

#define OPEN \
    "<e:Envelope xmlns:e='" SOAP_NS_ENVELOPE_1_2 "'><e:Body>" \
    "<CertificateTransmissionRequestResponse xmlns='urn:nameplate:ca:1'>"
#define CLOSE "</CertificateTransmissionRequestResponse></e:Body></e:Envelope>"
#define ITEM(pack) "<certificate><deviceNumber>3012-000001</deviceNumber><order>PO</order>" pack "</certificate>"
#define PACK(text) OPEN ITEM("<pack>" text "</pack>") CLOSE

struct row {
    const char *xml;
    enum err err;
    const char *why; /* what the sentence must contain */
};

static const struct row rows[] = {
    { PACK("@"), OK, NULL },
    { PACK("\n @ \n"), OK, NULL },
    { OPEN ITEM("<pack >@</pack >") ITEM("<pack>@</pack>") CLOSE, OK, NULL },
    { PACK("<![CDATA[@]]>"), OK, NULL },
    { PACK("<![CDATA[]]>@<![CDATA[]]>"), OK, NULL },
    { PACK("&#32;@&#32;"), OK, NULL },
    { PACK(">@"), ERR_BAD_INPUT, "<pack>: is not base64" },
    { PACK("@>@"), ERR_BAD_INPUT, "<pack>: is not base64" },
    { PACK("@]]>"), ERR_BAD_INPUT, "" },
    { PACK("<![CDATA[>@]]>"), ERR_BAD_INPUT, "" },
    { PACK("<!-- >@ -->"), ERR_BAD_INPUT, "" },
    { PACK("@<!-- -->"), ERR_BAD_INPUT, "a comment inside a value" },
    { PACK("<!-- >@ --><!-- -->"), ERR_BAD_INPUT, "" },
    { PACK("<x a='>@'/>"), ERR_BAD_INPUT, "" },
    { PACK("<x a='>@<x a='/>"), ERR_BAD_INPUT, "" },
    { PACK("<?x >@?>"), ERR_BAD_INPUT, "" },
    { PACK("@&unknown;"), ERR_BAD_INPUT, "undefined entity" },
    { PACK("@\xc3\x28"), ERR_BAD_INPUT, "" },
    { OPEN ITEM("<pack a='>@'>@</pack>") CLOSE, ERR_BAD_INPUT, "has an attribute \"a\"" },
    { OPEN ITEM("<order>@</order>") CLOSE, ERR_BAD_INPUT, "stands there twice" },
    { OPEN ITEM("<pack>@</order>") CLOSE, ERR_BAD_INPUT, "mismatched tag" },
    { OPEN ITEM("<pack>@"), ERR_BAD_INPUT, "" },
    { OPEN "@" CLOSE, ERR_BAD_INPUT, "text between elements" },
};

static void put_value(struct buf *to, bool in_lines)
{
    uint8_t bytes[BYTES];
    AUTO_BUF text = BUF_INIT;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    assert_ok(base64_encode(bytes, sizeof bytes, &text));
    for (size_t i = 0; i < text.len; i += LINE) {
        assert_ok(buf_put(to, text.data + i, text.len - i < LINE ? text.len - i : LINE));
        if (in_lines)
            assert_ok(buf_put_text(to, "\n"));
    }
}

static void put_xml(const char *xml, bool in_lines, struct buf *to)
{
    for (; *xml != '\0'; xml++)
        if (*xml == '@')
            put_value(to, in_lines);
        else
            assert_ok(buf_put(to, xml, 1));
}

static enum err check_value(void *context, const void *record)
{
    (void)context;
    const struct issued_pack *item = record;
    assert_int_equal(item->pack.n, BYTES);
    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(item->pack.at[i], (uint8_t)(i * 7));
    return OK;
}

static enum err read_cut(struct span xml, size_t cut, struct why *why)
{
    struct soap_stream *stream;
    const struct soap_stream_events events = { .on_item = check_value };
    *why = (struct why){ { 0 } };
    assert_ok(soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &events, &stream));
    enum err err = soap_stream_push(stream, span_of(xml.at, cut), false, why);
    if (err == OK)
        err = soap_stream_push(stream, span_of(xml.at + cut, xml.n - cut), true, why);
    soap_stream_free(stream);
    return err;
}

static void a_long_value_past_the_parser_is_read_as_the_parser_would(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        const struct row *row = &rows[i / 2];
        struct why why;
        AUTO_BUF xml = BUF_INIT;
        put_xml(row->xml, i % 2 != 0, &xml);
        for (size_t cut = 0; cut <= xml.len; cut += cut < 260 || xml.len - cut < 60 ? 1 : 17) {
            enum err err = read_cut(buf_span(&xml), cut, &why);
            if (err != row->err || (err != OK && strstr(why.text, row->why) == NULL))
                fail_msg("%s, cut at %zu: %s: %s", row->xml, cut, err_row(err)->name, why.text);
        }
    }
}

static void lines_past_the_parser_are_counted(void **state)
{
    (void)state;
    struct why why;
    AUTO_BUF xml = BUF_INIT;
    put_xml(OPEN ITEM("<pack>@</pack>") "\n<what/>" CLOSE, true, &xml);
    assert_err(read_cut(buf_span(&xml), xml.len, &why), ERR_BAD_INPUT);
    assert_non_null(strstr(why.text, "line 13, <what>")); /* 800 characters are 11 lines */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_value_past_the_parser_is_read_as_the_parser_would),
        cmocka_unit_test(lines_past_the_parser_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
