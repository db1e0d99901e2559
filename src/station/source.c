#include "station/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "log/log.h"
#include "station/station.h"

static void watch(struct source *s, bool on);

static void drop(struct source *s)
{
    watch(s, false);
    if (s->owned)
        close(s->fd);
    *s = (struct source){ .kind = SOURCE_NONE, .all = s->all };
}

bool source_put(struct source *s, char c)
{
    if (c == '\n' || c == '\r') {
        bool complete = s->n > 0 || s->overlong;
        return complete;
    }
    if (s->n < sizeof s->text)
        s->text[s->n++] = c;
    else
        s->overlong = true; /* told as too large by scan_read: it is over LIMIT_SCAN */
    return false;
}

/* Gives the line in `text` to the bench, as keyed in when it says so. */
void source_hand_on(struct source *s)
{
    struct station *st = s->all->st;
    const char *prefix = st->settings.keyed_prefix;
    size_t n = strlen(prefix);
    char line[SOURCE_LINE];
    size_t line_n = s->n;
    memcpy(line, s->text, s->n);
    s->n = 0;
    s->overlong = false;
    bool keyed = s->keyed;
    size_t skip = 0;
    if (n > 0 && line_n >= n && memcmp(line, prefix, n) == 0) {
        keyed = true;
        skip = n;
    }
    station_take_text(st, span_of(line + skip, line_n - skip), keyed);
}

/* The end of the input: a last line without its end still counts. */
void source_end(struct source *s)
{
    s->ended = true;
    watch(s, false);
    if (s->n > 0)
        source_hand_on(s);
    if (s->owned)
        drop(s);
    sources_pump(s->all); /* the program may have come to its end with it */
}

static bool may_read(const struct source *s) { return !s->queued || station_is_free(s->all->st); }

/* Byte by byte, so that what follows a line stays where it is while that line is worked on. */
static void read_lines(struct source *s)
{
    while (s->kind == SOURCE_LINES && !s->ended && may_read(s)) {
        char c;
        ssize_t n = read(s->fd, &c, 1);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            source_end(s);
        else if (source_put(s, c))
            source_hand_on(s);
        if (s->pollable && s->queued && !s->ended && n > 0)
            return; /* standard input may block: one byte per readiness */
    }
}

static void accept_scanner(struct source *listener)
{
    struct sources *all = listener->all;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    for (size_t i = 0; i < SOURCES_MAX; i++) {
        struct source *s = &all->list[i];
        if (s->kind != SOURCE_NONE)
            continue;
        *s = (struct source){ .kind = SOURCE_LINES, .all = all, .fd = fd, .owned = true, .queued = true, .pollable = true };
        watch(s, may_read(s));
        return;
    }
    close(fd);
}

static void on_ready(void *context, int fd, uint32_t events)
{
    struct source *s = context;
    (void)fd;
    (void)events;
    if (s->kind == SOURCE_LISTENER)
        accept_scanner(s);
    else if (s->kind == SOURCE_HID)
        hid_read(s);
    else if (!may_read(s))
        watch(s, false);
    else
        read_lines(s);
}

static void watch(struct source *s, bool on)
{
    if (s->kind == SOURCE_NONE || on == s->watching || !s->pollable)
        return;
    if (loop_watch(s->all->st->loop, s->fd, on ? EPOLLIN : 0, on_ready, s) == OK)
        s->watching = on;
    else if (on)
        s->pollable = false; /* a plain file: epoll refuses it, and reading never blocks */
}

static bool any_left(const struct sources *all)
{
    for (size_t i = 0; i < SOURCES_MAX; i++)
        if (all->list[i].kind != SOURCE_NONE && !all->list[i].ended)
            return true;
    return false;
}

void sources_pump(struct sources *all)
{
    for (size_t i = 0; i < SOURCES_MAX; i++) {
        struct source *s = &all->list[i];
        if (s->kind == SOURCE_NONE || s->ended || !may_read(s))
            continue;
        watch(s, true);
        if (!s->pollable)
            read_lines(s);
    }
    if (all->stdin_only && !any_left(all) && station_is_free(all->st))
        loop_stop(all->st->loop);
}

/* --- Opening --- */

static enum err add(struct sources *all, const struct source *source, struct why *why)
{
    for (size_t i = 0; i < SOURCES_MAX; i++) {
        if (all->list[i].kind != SOURCE_NONE)
            continue;
        all->list[i] = *source;
        all->list[i].all = all;
        return OK;
    }
    return why_set(why, ERR_CONFIG, "[scan] sources: more than %d", SOURCES_MAX);
}

static enum err open_stdin(struct sources *all, const char *rest, struct why *why)
{
    (void)rest;
    return add(all, &(struct source){ .kind = SOURCE_LINES, .fd = STDIN_FILENO, .queued = true, .pollable = true,
                                      .keyed = all->st->settings.keyed }, why);
}

static enum err open_tty(struct sources *all, const char *path, struct why *why)
{
    struct termios t;
    int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, errno, "cannot open the scanner at %s", path);
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        if (tcsetattr(fd, TCSANOW, &t) != 0)
            log_event(LOG_WARN, "tty-settings", "path", path, NULL);
    }
    return add(all, &(struct source){ .kind = SOURCE_LINES, .fd = fd, .owned = true, .pollable = true }, why);
}

static enum err open_hid(struct sources *all, const char *path, struct why *why)
{
    int fd = -1;
    enum err err = hid_open(path, &fd, why);
    return err != OK ? err : add(all, &(struct source){ .kind = SOURCE_HID, .fd = fd, .owned = true, .pollable = true }, why);
}

/* "127.0.0.1:9100" */
static enum err parse_endpoint(const char *text, struct sockaddr_in *ret_to, struct why *why)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    unsigned long port = colon == NULL ? 65536 : strtoul(colon + 1, &end, 10);
    size_t n = colon == NULL ? 0 : (size_t)(colon - text);
    *ret_to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    snprintf(host, sizeof host, "%.*s", (int)(n < sizeof host ? n : 0), text);
    if (port > 65535 || end == colon + 1 || *end != '\0' || inet_pton(AF_INET, host, &ret_to->sin_addr) != 1)
        return why_set(why, ERR_CONFIG, "[scan] sources: tcp:%.80s: tcp:ADDRESS:PORT is needed", text);
    return OK;
}

static enum err open_tcp(struct sources *all, const char *endpoint, struct why *why)
{
    struct sockaddr_in to;
    socklen_t n = sizeof to;
    char host[INET_ADDRSTRLEN];
    const int one = 1;
    enum err err = parse_endpoint(endpoint, &to, why);
    if (err != OK)
        return err;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (const struct sockaddr *)&to, sizeof to) != 0 || listen(fd, 4) != 0 || getsockname(fd, (struct sockaddr *)&to, &n) != 0) {
        err = why_errno(why, errno, "cannot listen for scanners at %s", endpoint);
        if (fd >= 0)
            close(fd);
        return err;
    }
    snprintf(all->tcp_address, sizeof all->tcp_address, "%s:%u", inet_ntop(AF_INET, &to.sin_addr, host, sizeof host), ntohs(to.sin_port));
    return add(all, &(struct source){ .kind = SOURCE_LISTENER, .fd = fd, .owned = true, .pollable = true }, why);
}

/* Scans come from the device alone (ScanReport), which needs nothing opened. */
static enum err open_none(struct sources *all, const char *rest, struct why *why)
{
    (void)all;
    (void)rest;
    (void)why;
    return OK;
}

static const struct kind_row {
    const char *prefix;
    enum err (*open)(struct sources *all, const char *rest, struct why *why);
} kind_rows[] = {
    { "stdin", open_stdin }, { "tty:", open_tty }, { "hid:", open_hid }, { "tcp:", open_tcp }, { "device", open_none },
};

static enum err open_one(struct sources *all, const char *word, struct why *why)
{
    for (size_t i = 0; i < sizeof kind_rows / sizeof *kind_rows; i++) {
        size_t n = strlen(kind_rows[i].prefix);
        bool bare = kind_rows[i].prefix[n - 1] != ':';
        if (strncmp(word, kind_rows[i].prefix, n) == 0 && (!bare || word[n] == '\0'))
            return kind_rows[i].open(all, word + n, why);
    }
    return why_set(why, ERR_CONFIG, "[scan] sources: \"%.80s\" is none of stdin, tty:PATH, hid:PATH, tcp:ADDRESS:PORT, device", word);
}

enum err sources_open(struct station *st, struct why *why)
{
    struct sources *all = &st->sources;
    char words[SETTING_TEXT_SIZE];
    char *rest = NULL;
    enum err err = OK;
    all->st = st;
    all->stdin_only = strcmp(st->settings.sources, "stdin") == 0;
    snprintf(words, sizeof words, "%s", st->settings.sources);
    for (char *word = strtok_r(words, " ", &rest); err == OK && word != NULL; word = strtok_r(NULL, " ", &rest))
        err = open_one(all, word, why);
    return err;
}

void sources_close(struct sources *all)
{
    for (size_t i = 0; i < SOURCES_MAX; i++)
        if (all->list[i].kind != SOURCE_NONE)
            drop(&all->list[i]);
}
