/* Texts that others said, before they stand in a trail, a log or on somebody's terminal. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Control characters (of ASCII, and U+0080 to U+009F in UTF-8) become '?': what is one text shows as one line, and moves
 * no cursor. As many bytes as before. */
void text_hide_controls(uint8_t *text, size_t n);

#endif
