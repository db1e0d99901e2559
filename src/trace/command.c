#include "trace/command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trace/events.h"

static void print_table(const struct events *e)
{
    size_t actor = strlen("actor"), event = strlen("event");
    for (size_t i = 0; i < e->n; i++) {
        actor = strlen(e->list[i].actor) > actor ? strlen(e->list[i].actor) : actor;
        event = strlen(e->list[i].event) > event ? strlen(e->list[i].event) : event;
    }
    printf("%-20s  %-8s  %-*s  %-*s  %s\n", "time", "trail", (int)event, "event", (int)actor, "actor", "detail");
    for (size_t i = 0; i < e->n; i++) {
        char at[CLOCK_TEXT_SIZE];
        clock_format(e->list[i].at_s, at);
        printf("%-20s  %-8s  %-*s  %-*s  %s\n", at, event_source_name(e->list[i].source), (int)event, e->list[i].event,
               (int)actor, e->list[i].actor, e->list[i].detail);
    }
}

static enum err print_json(const struct events *e)
{
    for (size_t i = 0; i < e->n; i++) {
        char at[CLOCK_TEXT_SIZE];
        clock_format(e->list[i].at_s, at);
        json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "number", e->number.text, "time", at, "trail",
                              event_source_name(e->list[i].source), "event", e->list[i].event, "actor", e->list[i].actor,
                              "detail", e->list[i].detail);
        char *text = o == NULL ? NULL : json_dumps(o, JSON_PRESERVE_ORDER);
        json_decref(o);
        if (text == NULL)
            return ERR_NO_MEMORY;
        puts(text);
        free(text);
    }
    return OK;
}

static int command_trace(const struct command_line *line)
{
    struct why why = { "" };
    struct device_number number;
    struct events events = { 0 };
    enum err err = number_parse(span_text(line->args[0]), &number, &why);
    if (err == OK)
        err = events_gather(command_flag(line, "dir"), &number, &events, &why);
    if (err == OK && command_switch(line, "json"))
        err = print_json(&events);
    else if (err == OK)
        print_table(&events);
    if (events.note[0] != '\0')
        fprintf(stderr, "nameplate: trace: %s\n", events.note);
    events_done(&events);
    return err == OK ? 0
                     : command_fail(line, err, &why,
                                    err == ERR_NOT_FOUND
                                        ? "nameplate trace NUMBER --dir DIR, with the folder that holds ca/ and factory/"
                                        : NULL);
}

static const struct command_flag flags[] = {
    { "dir", "DIR", ".", "the folder that holds ca/, factory/, center/ and the devices' folders" },
    { "json", NULL, NULL, "one JSON object per event" },
    { 0 },
};

static const struct command commands[] = {
    { "", "NUMBER", 1, 1, "Show the whole life of one device number, from every program's trail, in the order of time.",
      "nameplate trace 3012-123456 --dir demo", command_trace, flags },
    { 0 },
};

const struct command_area trace_area = { .name = "trace", .help = "The whole life of one device number across all programs.", .commands = commands };
