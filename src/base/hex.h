/* Bytes as text: hexadecimal (lower case) and base64 (RFC 4648 section 4, with padding). */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Writes 2n digits and a NUL. */
void hex_encode(const uint8_t *data, size_t n, char *ret_text);

/* The value of one digit of either case; -1 for any other character. */
int hex_value(char c);

/* Reads exactly 2n digits of either case. Errors: BAD_INPUT. */
enum err hex_decode(const char *text, size_t n, uint8_t *ret_data) MUST_CHECK;

/* Appends the base64 of n bytes, without line breaks. Errors: those of buf_reserve. */
enum err base64_encode(const void *data, size_t n, struct buf *to) MUST_CHECK;

/* Appends the bytes that a base64 text says; XML white space between digits is passed over.
 * Errors: BAD_INPUT (stray character, wrong padding, bits left over), those of buf_reserve. */
enum err base64_decode(const char *text, size_t n, struct buf *to) MUST_CHECK;

#endif
