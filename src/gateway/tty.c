#include "gateway/tty.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    int64_t bits;
    speed_t speed;
} speeds[] = {
    { 1200, B1200 },   { 2400, B2400 },   { 9600, B9600 },     { 19200, B19200 },   { 38400, B38400 },
    { 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
};

static enum err set_raw(int fd, const char *path, speed_t speed, struct why *why)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0)
        return why_errno(why, errno, "%s is no serial line", path);
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD | CRTSCTS | HUPCL;
    t.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (cfsetspeed(&t, speed) != 0 || tcsetattr(fd, TCSANOW, &t) != 0)
        return why_errno(why, errno, "%s takes no such speed", path);
    return OK;
}

enum err tty_open(const char *path, int64_t speed, int *ret_fd, struct why *why)
{
    const speed_t *found = NULL;
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
        if (speeds[i].bits == speed)
            found = &speeds[i].speed;
    if (found == NULL)
        return why_set(why, ERR_USAGE, "%lld bits per second is no speed of a serial line", (long long)speed);
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "cannot open %s", path);
    enum err err = set_raw(fd, path, *found, why);
    if (err == OK)
        *ret_fd = fd;
    else
        close(fd);
    return err;
}

enum err tty_follow_carrier(int fd, struct why *why)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0)
        return why_errno(why, errno, "the serial line is gone");
    t.c_cflag &= ~(tcflag_t)CLOCAL;
    return tcsetattr(fd, TCSANOW, &t) == 0 ? OK : why_errno(why, errno, "the serial line is gone");
}

enum err tty_parse_address(const char *text, struct sockaddr_storage *ret_address, struct why *why)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2] = "", *end;
    long port = colon == NULL ? -1 : strtol(colon + 1, &end, 10);
    bool good = colon != NULL && colon[1] != '\0' && *end == '\0' && port >= 0 && port <= 65535 && (size_t)(colon - text) < sizeof host;
    bool six = good && *text == '[' && colon[-1] == ']';
    if (good)
        snprintf(host, sizeof host, "%.*s", (int)(colon - text) - (six ? 2 : 0), text + (six ? 1 : 0));
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    if (!good || inet_pton(six ? AF_INET6 : AF_INET, host, six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
        return why_set(why, ERR_USAGE, "%s: a numeric ADDRESS:PORT is needed", text);
    *ret_address = (struct sockaddr_storage){ 0 };
    memcpy(ret_address, six ? (const void *)&v6 : (const void *)&v4, six ? sizeof v6 : sizeof v4);
    return OK;
}

socklen_t tty_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

enum err tty_listen(const char *text, int *ret_fd, struct why *why)
{
    struct sockaddr_storage address;
    const int on = 1;
    enum err err = tty_parse_address(text, &address, why);
    if (err != OK)
        return err;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return why_errno(why, errno, "no socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, tty_address_size(&address)) != 0 || listen(fd, 16) != 0) {
        err = why_errno(why, errno, "cannot listen on %s", text);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

uint16_t tty_port(int listener)
{
    struct sockaddr_storage address = { 0 };
    socklen_t n = sizeof address;
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &n) != 0)
        return 0;
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &address, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    struct sockaddr_in v4;
    memcpy(&v4, &address, sizeof v4);
    return ntohs(v4.sin_port);
}
