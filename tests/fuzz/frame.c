/* Signer IPC: any bytes as a run of frames, their fields read in the order that the bytes themselves choose. */
#include "ipc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_fields(uint16_t kind, struct frame_reader *r)
{
    char text[40];
    for (unsigned i = 0; i < 16; i++, kind = (uint16_t)(kind >> 1))
        switch ((kind ^ i) % 3) {
        case 0: (void)frame_int(r); break;
        case 1: (void)frame_bytes(r); break;
        default: frame_text(r, sizeof text, text); break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    for (;;) {
        uint16_t kind;
        struct frame_reader r;
        size_t used;
        if (frame_next(in, &kind, &r, &used) != OK || used == 0)
            return 0;
        read_fields(kind, &r);
        struct why why;
        (void)!frame_finish(&r, &why);
        in = span_of(in.at + used, in.n - used);
    }
}
