#include "../test.h"

#include <stdio.h>

#include "../heap.h"
#include "sample.h"

enum { ITEMS = 7 };

struct taken {
    struct issued_pack want[ITEMS];
    size_t n, stop_at;
};

static enum err take_pack(void *context, const void *record)
{
    struct taken *t = context;
    const struct issued_pack *pack = record;
    assert_true(t->n < ITEMS);
    assert_string_equal(pack->number.text, t->want[t->n].number.text);
    assert_string_equal(pack->order, t->want[t->n].order);
    assert_true(span_equal(pack->pack, t->want[t->n].pack));
    return ++t->n == t->stop_at ? ERR_NO_SPACE : OK;
}

static const struct soap_header request_header = { .version = SOAP_1_2, .message_id = "urn:uuid:batch" };

/* A response of ITEMS packs, written item by item; what was written also goes to `t`. */
static void write_batch(struct taken *t, struct buf *to)
{
    static uint8_t bytes[ITEMS];
    const struct soap_header header = soap_reply_header(&request_header);
    assert_ok(soap_write_open(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &header, to));
    for (unsigned i = 0; i < ITEMS; i++) {
        bytes[i] = (uint8_t)(250 + i);
        t->want[i] = (struct issued_pack){ .order = i % 2 ? "A&B" : "", .pack = span_of(bytes, i) };
        snprintf(t->want[i].number.text, sizeof t->want[i].number.text, "3012-%06u", i);
        assert_ok(soap_write_item(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &t->want[i], to));
    }
    assert_ok(soap_write_close(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &header, to));
}

static struct soap_stream *new_stream(struct taken *t)
{
    struct soap_stream *stream;
    const struct soap_stream_events events = { .on_item = take_pack, .context = t };
    assert_ok(soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &events, &stream));
    return stream;
}

static void a_batch_written_in_pieces_is_the_message_written_whole(void **state)
{
    (void)state;
    struct taken t = { .n = 0 };
    AUTO_BUF pieces = BUF_INIT, whole = BUF_INIT;
    write_batch(&t, &pieces);
    const struct soap_header header = soap_reply_header(&request_header);
    struct certificate_transmission_response response = { .packs = t.want, .packs_n = ITEMS };
    assert_ok(soap_write_response(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, &header, &response, &whole));
    assert_true(span_equal(buf_span(&pieces), buf_span(&whole)));
}

static void a_batch_cut_at_any_byte_gives_the_same_items(void **state)
{
    (void)state;
    struct taken t = { .n = 0 };
    AUTO_BUF xml = BUF_INIT;
    write_batch(&t, &xml);
    for (size_t cut = 0; cut <= xml.len; cut++) {
        t.n = 0;
        struct soap_stream *stream = new_stream(&t);
        struct why why = { { 0 } };
        assert_ok(soap_stream_push(stream, span_of(xml.data, cut), false, &why));
        if (t.n != 0)
            assert_string_equal(soap_stream_header(stream)->relates_to, "urn:uuid:batch");
        assert_ok(soap_stream_push(stream, span_of(xml.data + cut, xml.len - cut), true, &why));
        assert_int_equal(t.n, ITEMS);
        soap_stream_free(stream);
    }
}

static void a_batch_byte_by_byte_gives_the_same_items(void **state)
{
    (void)state;
    struct taken t = { .n = 0 };
    AUTO_BUF xml = BUF_INIT;
    write_batch(&t, &xml);
    t.n = 0;
    struct soap_stream *stream = new_stream(&t);
    for (size_t i = 0; i < xml.len; i++)
        assert_ok(soap_stream_push(stream, span_of(xml.data + i, 1), false, NULL));
    assert_ok(soap_stream_push(stream, span_of(NULL, 0), true, NULL));
    assert_int_equal(t.n, ITEMS);
    soap_stream_free(stream);
}

static void a_batch_that_ends_early_is_never_taken_as_whole(void **state)
{
    (void)state;
    struct taken t = { .n = 0 };
    AUTO_BUF xml = BUF_INIT;
    write_batch(&t, &xml);
    for (size_t cut = 0; cut < xml.len - 1; cut++) { /* the last byte is a line feed */
        t.n = 0;
        struct soap_stream *stream = new_stream(&t);
        assert_err(soap_stream_push(stream, span_of(xml.data, cut), true, NULL), ERR_BAD_INPUT);
        assert_err(soap_stream_push(stream, span_of(xml.data + cut, xml.len - cut), true, NULL), ERR_BAD_INPUT);
        soap_stream_free(stream);
    }
}

static void an_error_of_the_taker_ends_the_stream(void **state)
{
    (void)state;
    struct taken t = { .n = 0 };
    AUTO_BUF xml = BUF_INIT;
    write_batch(&t, &xml);
    t = (struct taken){ .stop_at = 3 };
    write_batch(&t, &xml);
    struct soap_stream *stream = new_stream(&t);
    assert_err(soap_stream_push(stream, span_of(xml.data, xml.len / 2), true, NULL), ERR_NO_SPACE);
    assert_int_equal(t.n, 3);
    assert_err(soap_stream_push(stream, span_of(NULL, 0), true, NULL), ERR_NO_SPACE);
    soap_stream_free(stream);
}

static void a_fault_in_place_of_the_batch_is_its_error(void **state)
{
    (void)state;
    struct taken t = { .n = 0 };
    const struct soap_header header = soap_reply_header(&request_header);
    AUTO_BUF xml = BUF_INIT;
    assert_ok(soap_write_fault(&header, ERR_OVER_ORDER, "3012-000001 is beyond order 7", &xml));
    struct soap_stream *stream = new_stream(&t);
    struct why why = { { 0 } };
    assert_err(soap_stream_push(stream, buf_span(&xml), true, &why), ERR_OVER_ORDER);
    assert_string_equal(why.text, "3012-000001 is beyond order 7");
    assert_string_equal(soap_stream_header(stream)->relates_to, "urn:uuid:batch");
    soap_stream_free(stream);
}

static void messages_that_are_not_one_list_do_not_stream(void **state)
{
    (void)state;
    struct soap_stream *stream;
    const struct soap_stream_events events = { .on_item = take_pack };
    assert_err(soap_stream_new(SERVICE_FACTORY, SOAP_PACK, false, &events, &stream), ERR_UNSUPPORTED);
    AUTO_BUF xml = BUF_INIT;
    assert_err(soap_write_open(SERVICE_FACTORY, SOAP_PACK, false, &request_header, &xml), ERR_UNSUPPORTED);
}

static enum err count_number(void *context, const void *record)
{
    size_t *n = context;
    assert_string_not_equal(((const struct wanted_number *)record)->number.text, "");
    ++*n;
    return OK;
}

/* Pushes `items` numbers; what the reader holds at the end, in bytes. */
static size_t push_numbers(size_t items)
{
    size_t n = 0, before = heap_in_use();
    const struct soap_stream_events events = { .on_item = count_number, .context = &n };
    struct soap_stream *stream;
    AUTO_BUF xml = BUF_INIT;
    assert_ok(buf_reserve(&xml, 4096));
    assert_ok(soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &events, &stream));
    assert_ok(soap_write_open(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &request_header, &xml));
    for (size_t i = 0; i < items; i++) {
        struct wanted_number wanted;
        snprintf(wanted.number.text, sizeof wanted.number.text, "3012-%06zu", i % 1000000);
        assert_ok(soap_write_item(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &wanted, &xml));
        if (xml.len > 2048) {
            assert_ok(soap_stream_push(stream, buf_span(&xml), false, NULL));
            buf_clear(&xml);
        }
    }
    size_t held = heap_in_use() - before;
    assert_ok(soap_write_close(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &request_header, &xml));
    assert_ok(soap_stream_push(stream, buf_span(&xml), true, NULL));
    assert_int_equal(n, items);
    soap_stream_free(stream);
    return held;
}

static void a_hundred_thousand_numbers_need_no_more_memory_than_a_hundred(void **state)
{
    (void)state;
    push_numbers(1);
    size_t few = push_numbers(100), many = push_numbers(100000);
    assert_true(few > 0 && many <= few + 4096);
}

static void more_numbers_than_the_limit_are_refused(void **state)
{
    (void)state;
    size_t n = 0;
    const struct soap_stream_events events = { .on_item = count_number, .context = &n };
    struct soap_stream *stream;
    AUTO_BUF xml = BUF_INIT;
    static const struct wanted_number wanted = { { "1-1" } };
    assert_ok(soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &events, &stream));
    assert_ok(soap_write_open(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &request_header, &xml));
    for (size_t i = 0; i < 10000; i++)
        assert_ok(soap_write_item(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, false, &wanted, &xml));
    enum err err = OK;
    struct why why = { { 0 } };
    while (err == OK && n < 2 * (size_t)LIMIT_BATCH_NUMBERS) {
        err = soap_stream_push(stream, buf_span(&xml), false, &why);
        size_t open = (size_t)((const uint8_t *)strstr(buf_text(&xml), "<certificate>") - xml.data);
        buf_consume(&xml, n == 10000 ? open : 0);
    }
    assert_err(err, ERR_TOO_LARGE);
    assert_true(n <= LIMIT_BATCH_NUMBERS);
    soap_stream_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_written_in_pieces_is_the_message_written_whole),
        cmocka_unit_test(a_batch_cut_at_any_byte_gives_the_same_items),
        cmocka_unit_test(a_batch_byte_by_byte_gives_the_same_items),
        cmocka_unit_test(a_batch_that_ends_early_is_never_taken_as_whole),
        cmocka_unit_test(an_error_of_the_taker_ends_the_stream),
        cmocka_unit_test(a_fault_in_place_of_the_batch_is_its_error),
        cmocka_unit_test(messages_that_are_not_one_list_do_not_stream),
        cmocka_unit_test(a_hundred_thousand_numbers_need_no_more_memory_than_a_hundred),
        cmocka_unit_test(more_numbers_than_the_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
