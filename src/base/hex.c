#include "base/hex.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(const uint8_t *data, size_t n, char *ret_text)
{
    for (size_t i = 0; i < n; i++) {
        *ret_text++ = hex_digits[data[i] >> 4];
        *ret_text++ = hex_digits[data[i] & 15];
    }
    *ret_text = '\0';
}

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err hex_decode(const char *text, size_t n, uint8_t *ret_data)
{
    if (strnlen(text, 2 * n + 1) != 2 * n)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < 2 * n; i++)
        if (hex_value(text[i]) < 0)
            return ERR_BAD_INPUT;
    for (size_t i = 0; i < n; i++)
        ret_data[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return OK;
}

static void encode_group(const uint8_t *in, char *out)
{
    uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    out[0] = base64_digits[v >> 18];
    out[1] = base64_digits[v >> 12 & 63];
    out[2] = base64_digits[v >> 6 & 63];
    out[3] = base64_digits[v & 63];
}

enum err base64_encode(const void *data, size_t n, struct buf *to)
{
    enum err err = buf_reserve(to, (n + 2) / 3 * 4);
    if (err != OK)
        return err;
    const uint8_t *in = data;
    char *out = (char *)to->data + to->len;
    for (; n >= 3; n -= 3, in += 3, out += 4)
        encode_group(in, out);
    if (n != 0) {
        uint8_t last[3] = { in[0], n == 2 ? in[1] : 0, 0 };
        encode_group(last, out);
        out[3] = '=';
        if (n == 1)
            out[2] = '=';
        out += 4;
    }
    to->len = (size_t)(out - (char *)to->data);
    return OK;
}

enum { SPACE = 100, PAD = 101 };

/* One more than the value of each digit; 0 for what may not stand in base64. */
static const uint8_t base64_values[256] = {
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
    [' '] = SPACE, ['\t'] = SPACE, ['\r'] = SPACE, ['\n'] = SPACE, ['='] = PAD,
};

/* Whole groups of digits, as nearly all of it is; how many characters of `text` were taken. */
static size_t decode_groups(const char *text, size_t n, uint8_t **out)
{
    size_t i = 0;
    for (; n - i >= 4; i += 4) {
        uint32_t a = base64_values[(uint8_t)text[i]] - 1u, b = base64_values[(uint8_t)text[i + 1]] - 1u,
                 c = base64_values[(uint8_t)text[i + 2]] - 1u, d = base64_values[(uint8_t)text[i + 3]] - 1u;
        if ((a | b | c | d) > 63)
            break;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        *(*out)++ = (uint8_t)(bits >> 16);
        *(*out)++ = (uint8_t)(bits >> 8);
        *(*out)++ = (uint8_t)bits;
    }
    return i;
}

enum err base64_decode(const char *text, size_t n, struct buf *to)
{
    enum err err = buf_reserve(to, n / 4 * 3 + 3);
    if (err != OK)
        return err;
    uint8_t *out = to->data + to->len;
    uint32_t bits = 0;
    unsigned have = 0, pads = 0;
    for (size_t i = 0; i < n; i++) {
        if (have % 4 == 0 && pads == 0) {
            size_t taken = decode_groups(text + i, n - i, &out);
            have += taken != 0 ? 4 : 0; /* what counts of it is the remainder by 4, and whether there were any */
            i += taken;
            if (i == n)
                break;
        }
        uint8_t v = base64_values[(uint8_t)text[i]];
        if (v == SPACE)
            continue;
        if (v == 0 || (v != PAD && pads != 0))
            return ERR_BAD_INPUT;
        pads += v == PAD;
        bits = bits << 6 | (v == PAD ? 0u : v - 1u);
        if (++have % 4 == 0) {
            *out++ = (uint8_t)(bits >> 16);
            *out++ = (uint8_t)(bits >> 8);
            *out++ = (uint8_t)bits;
        }
    }
    unsigned spare = pads == 1 ? 0xff : pads == 2 ? 0xffff : 0;
    if (have % 4 != 0 || pads > 2 || (have < 4 && pads != 0) || (bits & spare) != 0)
        return ERR_BAD_INPUT;
    to->len = (size_t)(out - to->data) - pads;
    return OK;
}
