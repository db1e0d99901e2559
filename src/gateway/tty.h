/* Descriptors for a serial line and its TCP side. */
#ifndef GATEWAY_TTY_H
#define GATEWAY_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/* Raw, eight bits, without software flow control, with hardware flow control where the device has it; the modem's carrier
 * does not matter yet, and it hangs up when the line is closed.
 * Errors: USAGE (no such speed), those of why_errno. */
enum err tty_open(const char *path, int64_t speed, int *ret_fd, struct why *why) MUST_CHECK;

/* From now on it ends with the modem's carrier. */
enum err tty_follow_carrier(int fd, struct why *why) MUST_CHECK;

/* "127.0.0.1:8450", "[::1]:8450": numeric. Errors: USAGE. */
enum err tty_parse_address(const char *text, struct sockaddr_storage *ret_address, struct why *why) MUST_CHECK;
socklen_t tty_address_size(const struct sockaddr_storage *address);

enum err tty_listen(const char *text, int *ret_fd, struct why *why) MUST_CHECK;
uint16_t tty_port(int listener); /* 0: none */

#endif
