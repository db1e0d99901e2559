/* Scanners that are keyboards (USB HID), read through evdev and grabbed, so that no window and no login prompt
 * gets what they type. They send a US keyboard's key codes unless told otherwise. */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "station/source.h"
#include "station/station.h"

static const struct key_row {
    char plain, shifted;
} keys[] = {
    [KEY_1] = { '1', '!' }, [KEY_2] = { '2', '@' }, [KEY_3] = { '3', '#' }, [KEY_4] = { '4', '$' }, [KEY_5] = { '5', '%' },
    [KEY_6] = { '6', '^' }, [KEY_7] = { '7', '&' }, [KEY_8] = { '8', '*' }, [KEY_9] = { '9', '(' }, [KEY_0] = { '0', ')' },
    [KEY_MINUS] = { '-', '_' }, [KEY_EQUAL] = { '=', '+' }, [KEY_LEFTBRACE] = { '[', '{' }, [KEY_RIGHTBRACE] = { ']', '}' },
    [KEY_SEMICOLON] = { ';', ':' }, [KEY_APOSTROPHE] = { '\'', '"' }, [KEY_GRAVE] = { '`', '~' }, [KEY_BACKSLASH] = { '\\', '|' },
    [KEY_COMMA] = { ',', '<' }, [KEY_DOT] = { '.', '>' }, [KEY_SLASH] = { '/', '?' }, [KEY_SPACE] = { ' ', ' ' },
    [KEY_Q] = { 'q', 'Q' }, [KEY_W] = { 'w', 'W' }, [KEY_E] = { 'e', 'E' }, [KEY_R] = { 'r', 'R' }, [KEY_T] = { 't', 'T' },
    [KEY_Y] = { 'y', 'Y' }, [KEY_U] = { 'u', 'U' }, [KEY_I] = { 'i', 'I' }, [KEY_O] = { 'o', 'O' }, [KEY_P] = { 'p', 'P' },
    [KEY_A] = { 'a', 'A' }, [KEY_S] = { 's', 'S' }, [KEY_D] = { 'd', 'D' }, [KEY_F] = { 'f', 'F' }, [KEY_G] = { 'g', 'G' },
    [KEY_H] = { 'h', 'H' }, [KEY_J] = { 'j', 'J' }, [KEY_K] = { 'k', 'K' }, [KEY_L] = { 'l', 'L' }, [KEY_Z] = { 'z', 'Z' },
    [KEY_X] = { 'x', 'X' }, [KEY_C] = { 'c', 'C' }, [KEY_V] = { 'v', 'V' }, [KEY_B] = { 'b', 'B' }, [KEY_N] = { 'n', 'N' },
    [KEY_M] = { 'm', 'M' }, [KEY_ENTER] = { '\n', '\n' }, [KEY_KPENTER] = { '\n', '\n' }, [KEY_TAB] = { '\n', '\n' },
    [KEY_KP0] = { '0', '0' }, [KEY_KP1] = { '1', '1' }, [KEY_KP2] = { '2', '2' }, [KEY_KP3] = { '3', '3' }, [KEY_KP4] = { '4', '4' },
    [KEY_KP5] = { '5', '5' }, [KEY_KP6] = { '6', '6' }, [KEY_KP7] = { '7', '7' }, [KEY_KP8] = { '8', '8' }, [KEY_KP9] = { '9', '9' },
    [KEY_KPMINUS] = { '-', '-' },
};

enum { RELEASED = 0, PRESSED = 1 }; /* 2 is the repetition of a held key: a scanner holds none */

char hid_char(uint16_t code, int32_t value, bool *shift)
{
    if (code == KEY_LEFTSHIFT || code == KEY_RIGHTSHIFT) {
        *shift = value != RELEASED;
        return 0;
    }
    if (value != PRESSED || code >= sizeof keys / sizeof *keys)
        return 0;
    return *shift ? keys[code].shifted : keys[code].plain;
}

enum err hid_open(const char *path, int *ret_fd, struct why *why)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "cannot open the scanner at %s", path);
    if (ioctl(fd, EVIOCGRAB, 1) != 0) {
        enum err err = why_errno(why, errno, "cannot take the scanner at %s for this station alone", path);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

void hid_read(struct source *s)
{
    struct input_event events[32];
    ssize_t n = read(s->fd, events, sizeof events);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        source_end(s); /* unplugged */
        return;
    }
    for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *events; i++) {
        char c = events[i].type == EV_KEY ? hid_char(events[i].code, events[i].value, &s->shift) : 0;
        if (c != 0 && source_put(s, c))
            source_hand_on(s);
    }
}
