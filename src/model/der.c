#include "model/der.h"

/* Reads tag and length; ret_header is how many bytes they took. */
static enum err read_header(struct span in, uint8_t tag, size_t *ret_header, size_t *ret_length)
{
    if (in.n < 2 || in.at[0] != tag)
        return ERR_BAD_INPUT;
    size_t length = in.at[1], header = 2;
    if (length >= 0x80) {
        size_t bytes = length & 0x7f;
        if (bytes == 0 || bytes > 3 || in.n < 2 + bytes || in.at[2] == 0)
            return ERR_BAD_INPUT;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | in.at[2 + i];
        if (length < 0x80)
            return ERR_BAD_INPUT;
        header += bytes;
    }
    if (length > in.n - header)
        return ERR_BAD_INPUT;
    *ret_header = header;
    *ret_length = length;
    return OK;
}

enum err der_take(struct span *in, uint8_t tag, struct span *ret_content)
{
    size_t header, length;
    enum err err = read_header(*in, tag, &header, &length);
    if (err != OK)
        return err;
    *ret_content = span_of(in->at + header, length);
    *in = span_of(in->at + header + length, in->n - header - length);
    return OK;
}

enum err der_take_whole(struct span *in, uint8_t tag, struct span *ret_element)
{
    size_t header, length;
    enum err err = read_header(*in, tag, &header, &length);
    if (err != OK)
        return err;
    *ret_element = span_of(in->at, header + length);
    *in = span_of(in->at + header + length, in->n - header - length);
    return OK;
}

size_t der_header_size(size_t n) { return n < 0x80 ? 2 : n < 0x100 ? 3 : n < 0x10000 ? 4 : 5; }

enum err der_put_header(struct buf *to, uint8_t tag, size_t n)
{
    uint8_t header[5] = { tag, (uint8_t)n };
    size_t size = der_header_size(n);
    if (n > 0xffffff)
        return ERR_TOO_LARGE;
    if (size > 2) {
        header[1] = (uint8_t)(0x80 | (size - 2));
        for (size_t i = 2; i < size; i++)
            header[i] = (uint8_t)(n >> 8 * (size - 1 - i));
    }
    return buf_put(to, header, size);
}
