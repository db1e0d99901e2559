#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "demo/demo.h"

/* A program that is killed and started again must come back where its peers look for it: the port is chosen
 * once for the run. */
enum err port_free(const char *address, unsigned *ret_port, struct why *why)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1 || fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        return why_errno(why, saved, "no free port on %s", address);
    }
    close(fd);
    *ret_port = ntohs(at.sin_port);
    return OK;
}

/* Whether `line` sets `name` ("port = 8440", "; port = 8440", ";port ="). */
static bool sets(const char *line, const char *name)
{
    line += strspn(line, "; ");
    size_t n = strlen(name);
    return strncmp(line, name, n) == 0 && line[n + strspn(line + n, " ")] == '=';
}

static enum err rewrite(char *text, const char *section, const char *name, const char *value, struct buf *to, bool *ret_found)
{
    char head[80];
    bool here = false;
    enum err err = OK;
    snprintf(head, sizeof head, "[%s]", section);
    *ret_found = false;
    for (char *rest = text, *line; err == OK && (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '[')
            here = strcmp(line, head) == 0;
        if (here && !*ret_found && sets(line, name)) {
            *ret_found = true;
            err = buf_putf(to, "%s = %s\n", name, value);
        } else if (*line != '\0' || rest != NULL) {
            err = buf_putf(to, "%s\n", line);
        }
    }
    return err;
}

enum err conf_set(const char *dir, const char *section, const char *name, const char *value, struct why *why)
{
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF out = BUF_INIT;
    char path[CHILD_DIR];
    bool found = false;
    enum err err = file_join(dir, "nameplate.conf", sizeof path, path);
    if (err == OK)
        err = file_read(path, 1024 * 1024, &text, why);
    char *copy = err == OK && buf_text(&text) != NULL ? strdup(buf_text(&text)) : NULL;
    if (err != OK)
        return err;
    if (copy == NULL)
        return ERR_NO_MEMORY;
    err = rewrite(copy, section, name, value, &out, &found);
    free(copy);
    if (err == OK && !found)
        err = buf_putf(&out, "\n[%s]\n%s = %s\n", section, name, value);
    return err == OK ? file_replace(path, buf_span(&out), 0600, why) : err;
}
