#include "base/text.h"

void text_hide_controls(uint8_t *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
        if (text[i] == 0xc2 && i + 1 < n && text[i + 1] >= 0x80 && text[i + 1] <= 0x9f)
            text[i] = text[i + 1] = '?';
    }
}
