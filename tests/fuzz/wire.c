/* What comes over a serial line: arbitrary bytes, in two cuts. No frame is larger than its ceiling, and the cut makes no
 * difference. */
#include <stdlib.h>

#include "gateway/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
    size_t frames, lost, sum;
};

static void on_frame(void *context, const struct wire_frame *f)
{
    struct tally *t = context;
    if (f->payload.n > WIRE_PAYLOAD)
        abort();
    t->frames++;
    for (size_t i = 0; i < f->payload.n; i++)
        t->sum += f->payload.at[i];
}

static void on_loss(void *context) { ((struct tally *)context)->lost++; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally whole = { 0 }, cut = { 0 };
    struct wire_reader a = { 0 }, b = { 0 };
    wire_push(&a, span_of(data, size), &(struct wire_events){ on_frame, on_loss, &whole });
    for (size_t i = 0; i < size; i++)
        wire_push(&b, span_of(data + i, 1), &(struct wire_events){ on_frame, on_loss, &cut });
    if (whole.frames != cut.frames || whole.lost != cut.lost || whole.sum != cut.sum)
        abort();
    return 0;
}
