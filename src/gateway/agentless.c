#include "gateway/agentless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/csv.h"

enum { NUMBER, ADDRESS, LOGIN, INTERVAL, FIELDS, LEAST_S = 5, FILE_MOST = 1024 * 1024 };
static const char *const names[FIELDS] = { "number", "address", "login", "interval" };
static const struct csv_shape shape = { .names = names, .most = FIELDS, .least = FIELDS, .text_max = AGENTLESS_ADDRESS - 1 };

struct parse {
    const char *folder;
    struct agentless *list;
    size_t n;
    struct csv_mistakes mistakes;
};

static enum err note(struct parse *p, const struct csv_line *l, size_t field, const char *what)
{
    return csv_note(&p->mistakes, l->line, l->fields[field].column, "%s", what);
}

static bool is_known(const struct parse *p, const struct device_number *number)
{
    for (size_t i = 0; i < p->n; i++)
        if (number_equal(&p->list[i].number, number))
            return true;
    return false;
}

static enum err take_line(struct parse *p, const struct csv_line *l)
{
    struct agentless a = { 0 };
    struct why why = { "" };
    char *end;
    if (number_parse(span_text(l->fields[NUMBER].text), &a.number, &why) != OK)
        return note(p, l, NUMBER, why.text);
    if (is_known(p, &a.number))
        return note(p, l, NUMBER, "stands here twice");
    a.interval_s = strtol(l->fields[INTERVAL].text, &end, 10);
    if (*end != '\0' || a.interval_s < LEAST_S || a.interval_s > LIMIT_POLL_MOST_S)
        return note(p, l, INTERVAL, "is no interval: 5 seconds to 31 days, in seconds");
    if (*l->fields[ADDRESS].text == '\0')
        return note(p, l, ADDRESS, "is missing");
    snprintf(a.address, sizeof a.address, "%.*s", AGENTLESS_ADDRESS - 1, l->fields[ADDRESS].text);
    if (file_join(p->folder, l->fields[LOGIN].text, sizeof a.login, a.login) != OK)
        return note(p, l, LOGIN, "is too long");
    if (p->n == AGENTLESS_MOST)
        return note(p, l, NUMBER, "is beyond the thousand devices that one gateway reads");
    p->list[p->n++] = a;
    return OK;
}

static enum err take_lines(struct parse *p, struct span csv)
{
    struct csv_reader reader;
    struct csv_line line;
    bool more = true;
    csv_start(&reader, &shape, csv, &p->mistakes);
    enum err err = csv_next(&reader, &line, &more);
    while (err == OK && more) {
        err = take_line(p, &line);
        if (err == OK)
            err = csv_next(&reader, &line, &more);
    }
    return err;
}

enum err agentless_parse(struct span csv, const char *folder, struct agentless **ret_list, size_t *ret_n, struct why *why)
{
    struct parse p = { .folder = folder, .list = calloc(AGENTLESS_MOST, sizeof *p.list) };
    enum err err = p.list == NULL ? ERR_NO_MEMORY : take_lines(&p, csv);
    if (err == OK)
        err = csv_verdict(&p.mistakes, why);
    csv_mistakes_done(&p.mistakes);
    if (err != OK) {
        free(p.list);
        return err;
    }
    *ret_list = p.list;
    *ret_n = p.n;
    return OK;
}

enum err agentless_read(const char *path, struct agentless **ret_list, size_t *ret_n, struct why *why)
{
    AUTO_BUF csv = BUF_INIT;
    char folder[SETTING_TEXT_SIZE];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path), slash == NULL ? "." : path);
    enum err err = file_read(path, FILE_MOST, &csv, why);
    if (err != OK)
        return err;
    err = agentless_parse(buf_span(&csv), folder, ret_list, ret_n, why);
    return err == OK ? OK : why_prefix(why, err, "%s", path);
}
