/* Text is UTF-8 (RFC 3629): what is kept and shown has nothing else in it, and of what others said no control characters. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/span.h"

/* Bytes of the character at the front, in its shortest form and no surrogate; 0 when there is none. */
size_t text_char(struct span in);
bool text_is_utf8(const char *text);
/* Each byte that belongs to no character becomes '?'; a character that was cut at the end goes. */
void text_mend(char *text);

/* Control characters (of ASCII, and U+0080 to U+009F in UTF-8) become '?': what is one text shows as one line, and moves
 * no cursor. As many bytes as before. */
void text_hide_controls(uint8_t *text, size_t n);

/* One plain word: not empty, without white space, controls, quotes and backslashes. */
bool text_is_word(const char *text);

/* As a value in a line of name=value: a word as it is, anything else in quotes, with a backslash before a quote and a backslash.
 * What has no room in `size` bytes, three at least, goes; the quotes are closed in any case. Returns ret_text. */
enum { TEXT_QUOTED = 300 }; /* room for what others said in the detail of an audit entry */
const char *text_quote(const char *text, size_t size, char *ret_text);

#endif
