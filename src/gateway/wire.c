#include "gateway/wire.h"

enum { FLAG = 0x7e, ESCAPE = 0x7d, FLIP = 0x20, FCS_START = 0xffff, FCS_POLYNOMIAL = 0x8408 };

/* RFC 1662 appendix C, without its table. */
static uint16_t fcs(const uint8_t *bytes, size_t n)
{
    unsigned sum = FCS_START;
    for (size_t i = 0; i < n; i++) {
        sum ^= bytes[i];
        for (int k = 0; k < 8; k++)
            sum = (sum & 1) != 0 ? sum >> 1 ^ FCS_POLYNOMIAL : sum >> 1;
    }
    return (uint16_t)(sum ^ 0xffff);
}

static enum err put_stuffed(struct buf *to, const uint8_t *bytes, size_t n)
{
    enum err err = buf_reserve(to, 2 * n + 2);
    for (size_t i = 0; err == OK && i < n; i++) {
        bool special = bytes[i] == FLAG || bytes[i] == ESCAPE;
        const uint8_t pair[2] = { ESCAPE, bytes[i] ^ FLIP };
        err = buf_put(to, special ? pair : &bytes[i], special ? 2 : 1);
    }
    return err;
}

enum err wire_put(struct buf *to, uint8_t *sequence, const struct wire_frame *frame)
{
    static const uint8_t flag = FLAG;
    uint8_t bytes[WIRE_FRAME] = { (uint8_t)frame->type, *sequence, (uint8_t)(frame->stream >> 8), (uint8_t)frame->stream };
    size_t before = to->len, n = WIRE_HEAD + frame->payload.n;
    if (frame->payload.n > WIRE_PAYLOAD)
        return ERR_TOO_LARGE;
    if (frame->payload.n > 0)
        memcpy(bytes + WIRE_HEAD, frame->payload.at, frame->payload.n);
    uint16_t check = fcs(bytes, n);
    bytes[n++] = (uint8_t)check;
    bytes[n++] = (uint8_t)(check >> 8);
    enum err err = buf_put(to, &flag, 1); /* ends whatever noise there was before */
    if (err == OK)
        err = put_stuffed(to, bytes, n);
    if (err == OK)
        err = buf_put(to, &flag, 1);
    if (err == OK)
        (*sequence)++;
    else
        to->len = before;
    return err;
}

static bool is_whole(const struct wire_reader *r)
{
    if (r->overlong || r->escaped || r->n < WIRE_HEAD + WIRE_CHECK)
        return false;
    size_t n = r->n - WIRE_CHECK;
    return fcs(r->bytes, n) == (r->bytes[n] | r->bytes[n + 1] << 8) && r->bytes[0] >= WIRE_OPEN && r->bytes[0] <= WIRE_RESET;
}

static void end_frame(struct wire_reader *r, const struct wire_events *events)
{
    if (r->n == 0 && !r->overlong && !r->escaped)
        return; /* two flags in a row */
    if (!is_whole(r)) {
        events->lost(events->context);
        return;
    }
    const struct wire_frame frame = { .type = (enum wire_type)r->bytes[0],
                                      .stream = (uint16_t)(r->bytes[2] << 8 | r->bytes[3]),
                                      .payload = span_of(r->bytes + WIRE_HEAD, r->n - WIRE_HEAD - WIRE_CHECK) };
    bool gap = r->begun && frame.type != WIRE_RESET && r->bytes[1] != r->sequence;
    r->begun = true;
    r->sequence = (uint8_t)(r->bytes[1] + 1);
    if (gap)
        events->lost(events->context);
    events->frame(events->context, &frame);
}

void wire_push(struct wire_reader *r, struct span bytes, const struct wire_events *events)
{
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t byte = bytes.at[i];
        if (byte == FLAG) {
            end_frame(r, events);
            r->n = 0;
            r->escaped = r->overlong = false;
        } else if (byte == ESCAPE && !r->escaped) {
            r->escaped = true;
        } else if (r->n == WIRE_FRAME) {
            r->overlong = true;
        } else {
            r->bytes[r->n++] = r->escaped ? byte ^ FLIP : byte;
            r->escaped = false;
        }
    }
}
