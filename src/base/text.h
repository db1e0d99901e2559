/* Text is UTF-8 (RFC 3629): what is kept and shown has nothing else in it. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/span.h"

/* Bytes of the character at the front, in its shortest form and no surrogate; 0 when there is none. */
size_t text_char(struct span in);
bool text_is_utf8(const char *text);
/* Each byte that belongs to no character becomes '?'; a character that was cut at the end goes. */
void text_mend(char *text);

#endif
