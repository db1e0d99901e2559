#include "base/text.h"

static size_t size_of(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

/* Bytes that begin a character, up to its size. */
static size_t begun(struct span in, size_t size)
{
    size_t n = 1;
    while (n < size && n < in.n && (in.at[n] & 0xc0) == 0x80)
        n++;
    return n;
}

size_t text_char(struct span in)
{
    const uint8_t *c = in.at;
    size_t n = in.n == 0 ? 0 : size_of(c[0]);
    if (n == 0 || begun(in, n) != n)
        return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool surrogate = c[0] == 0xed && c[1] > 0x9f, beyond = c[0] == 0xf4 && c[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : n;
}

/* Up to the first byte that belongs to no character. */
static size_t whole(struct span in)
{
    size_t n = 0;
    while (n < in.n) {
        size_t size = text_char(span_of(in.at + n, in.n - n));
        if (size == 0)
            break;
        n += size;
    }
    return n;
}

bool text_is_utf8(const char *text)
{
    struct span in = span_text(text);
    return whole(in) == in.n;
}

void text_mend(char *text)
{
    struct span left = span_text(text);
    for (;;) {
        size_t n = whole(left);
        text += n;
        left = span_of(left.at + n, left.n - n);
        if (left.n == 0)
            return;
        bool cut = size_of(left.at[0]) > left.n && begun(left, left.n) == left.n;
        *text = cut ? '\0' : '?';
        if (cut)
            return;
    }
}

void text_hide_controls(uint8_t *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
        if (text[i] == 0xc2 && i + 1 < n && text[i + 1] >= 0x80 && text[i + 1] <= 0x9f)
            text[i] = text[i + 1] = '?';
    }
}

bool text_is_word(const char *text)
{
    const char *at = text;
    while ((unsigned char)*at > ' ' && *at != '"' && *at != '\\' && *at != 0x7f)
        at++;
    return at != text && *at == '\0';
}

const char *text_quote(const char *text, size_t size, char *ret_text)
{
    size_t n = 0, length = strlen(text);
    if (text_is_word(text) && length < size) {
        memcpy(ret_text, text, length + 1);
        return ret_text;
    }
    ret_text[n++] = '"';
    for (; *text != '\0' && n + 4 <= size; text++) { /* two for this one, the closing quote, NUL */
        if (*text == '"' || *text == '\\')
            ret_text[n++] = '\\';
        ret_text[n++] = *text;
    }
    ret_text[n] = '\0';
    text_mend(ret_text); /* a character that was cut */
    text_hide_controls((uint8_t *)ret_text, strlen(ret_text));
    memcpy(ret_text + strlen(ret_text), "\"", 2);
    return ret_text;
}
