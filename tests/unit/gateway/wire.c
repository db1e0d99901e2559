/* Frames on a serial line (M-9). */
#include "../test.h"

#include <stdlib.h>

#include "gateway/wire.h"

struct got {
    size_t frames, lost, bytes;
    struct wire_frame last;
    uint8_t payload[WIRE_PAYLOAD];
};

static void on_frame(void *context, const struct wire_frame *f)
{
    struct got *got = context;
    got->frames++;
    got->bytes += f->payload.n;
    got->last = *f;
    if (f->payload.n > 0)
        memcpy(got->payload, f->payload.at, f->payload.n);
}

static void on_loss(void *context) { ((struct got *)context)->lost++; }

static void push(struct wire_reader *r, struct span bytes, struct got *got)
{
    const struct wire_events events = { on_frame, on_loss, got };
    wire_push(r, bytes, &events);
}

static void frames_of_any_bytes_come_through_in_any_cut(void **state) /* M-9 */
{
    (void)state;
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    for (size_t cut = 1; cut < 40; cut++) {
        AUTO_BUF line = BUF_INIT;
        struct wire_reader r = { 0 };
        struct got got = { 0 };
        uint8_t sequence = 250; /* wraps */
        for (int k = 0; k < 10; k++)
            assert_ok(wire_put(&line, &sequence, &(struct wire_frame){ WIRE_DATA, 0x7e7d, span_of(all, sizeof all) }));
        for (size_t at = 0; at < line.len; at += cut)
            push(&r, span_of(line.data + at, line.len - at < cut ? line.len - at : cut), &got);
        assert_int_equal(got.frames, 10);
        assert_int_equal(got.lost, 0);
        assert_int_equal(got.last.stream, 0x7e7d);
        assert_memory_equal(got.payload, all, sizeof all);
    }
}

static void a_changed_or_missing_byte_is_noticed_and_what_follows_is_read(void **state) /* M-9 */
{
    (void)state;
    AUTO_BUF line = BUF_INIT;
    uint8_t sequence = 0;
    const struct wire_frame one = { WIRE_DATA, 1, span_text("one") };
    for (int k = 0; k < 3; k++)
        assert_ok(wire_put(&line, &sequence, &one));
    size_t frame = line.len / 3;
    for (size_t at = frame; at < 2 * frame; at++) { /* each byte of the second one */
        AUTO_BUF noisy = BUF_INIT;
        struct wire_reader r = { 0 }, s = { 0 };
        struct got changed = { 0 }, missing = { 0 };
        assert_ok(buf_put_span(&noisy, buf_span(&line)));
        noisy.data[at] ^= 0x10;
        push(&r, buf_span(&noisy), &changed);
        assert_true(changed.lost >= 1 || at == frame || at == 2 * frame - 1); /* a flag more or less is no harm */
        assert_true(changed.frames >= 1 && span_equal(changed.last.payload, span_of(changed.payload, 3)));
        push(&s, span_of(line.data, at), &missing);
        push(&s, span_of(line.data + at + 1, line.len - at - 1), &missing);
        assert_true(missing.lost >= 1 || missing.frames == 3);
    }
}

static void a_whole_frame_that_is_missing_is_noticed(void **state)
{
    (void)state;
    AUTO_BUF line = BUF_INIT;
    struct wire_reader r = { 0 };
    struct got got = { 0 };
    uint8_t sequence = 0;
    for (int k = 0; k < 3; k++)
        assert_ok(wire_put(&line, &sequence, &(struct wire_frame){ WIRE_DATA, 1, span_text("one") }));
    size_t frame = line.len / 3;
    push(&r, span_of(line.data, frame), &got);
    push(&r, span_of(line.data + 2 * frame, frame), &got);
    assert_int_equal(got.frames, 2);
    assert_int_equal(got.lost, 1);
}

static void more_than_a_payload_is_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[WIRE_PAYLOAD + 1];
    AUTO_BUF line = BUF_INIT;
    uint8_t sequence = 0;
    assert_err(wire_put(&line, &sequence, &(struct wire_frame){ WIRE_DATA, 1, span_of(zeros, sizeof zeros) }), ERR_TOO_LARGE);
    assert_int_equal(line.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_any_bytes_come_through_in_any_cut),
        cmocka_unit_test(a_changed_or_missing_byte_is_noticed_and_what_follows_is_read),
        cmocka_unit_test(a_whole_frame_that_is_missing_is_noticed),
        cmocka_unit_test(more_than_a_payload_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
