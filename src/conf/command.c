#include "conf/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static const char *area_name = "";

static const struct command *find_command(const struct command_area *area, int argc, char **argv, int *ret_words)
{
    char two[128];
    if (*area->commands[0].verb == '\0') {
        *ret_words = 0;
        return area->commands;
    }
    if (argc < 2)
        return NULL;
    snprintf(two, sizeof two, "%s %s", argv[1], argc > 2 ? argv[2] : "");
    for (const struct command *c = area->commands; c->verb != NULL; c++) {
        int words = strchr(c->verb, ' ') == NULL ? 1 : 2;
        if (strcmp(c->verb, words == 1 ? argv[1] : two) == 0) {
            *ret_words = words;
            return c;
        }
    }
    return NULL;
}

/* What stands between the area's name and the verb: nothing when the area has no verbs. */
static const char *gap(const struct command *c) { return *c->verb == '\0' ? "" : " "; }

static void print_area(FILE *to, const struct command_area *area)
{
    fprintf(to, "nameplate %s: %s\n\n", area->name, area->help);
    for (const struct command *c = area->commands; c->verb != NULL; c++) {
        char head[96];
        snprintf(head, sizeof head, "%s %s", c->verb, c->operands);
        fprintf(to, "  nameplate %s %-28s %s\n", area->name, head, c->help);
    }
    fprintf(to, "\nnameplate %s VERB --help says more about one of them.\n", area->name);
}

static void print_command(FILE *to, const struct command_area *area, const struct command *c)
{
    fprintf(to, "nameplate %s%s%s%s%s%s: %s\n", area->name, gap(c), c->verb, *c->operands == '\0' ? "" : " ", c->operands,
            c->flags == NULL ? "" : " [FLAGS]", c->help);
    for (const struct command_flag *f = c->flags; f != NULL && f->name != NULL; f++) {
        char head[64];
        snprintf(head, sizeof head, "--%s%s%s", f->name, f->value == NULL ? "" : " ", f->value == NULL ? "" : f->value);
        fprintf(to, "%s  %-26s %s", f == c->flags ? "\n" : "", head, f->help);
        fprintf(to, f->fallback == NULL ? "\n" : " (default: %s)\n", f->fallback);
    }
    if (c->example != NULL)
        fprintf(to, "\nexample: %s\n", c->example);
}

static size_t same_letters(const char *one, const char *other)
{
    size_t n = 0;
    while (one[n] != '\0' && one[n] == other[n])
        n++;
    return n;
}

/* How much a verb is like the words that were said: its first word, or three letters of it, and as many more as there are. */
static size_t likeness(const char *verb, const char *said)
{
    size_t first = strcspn(verb, " "), same = same_letters(verb, said);
    return same >= 3 || same >= first ? same : 0;
}

/* The verb that is most like the wrong one, for the error message. The second word is of the verb when there are verbs of two
 * words with this first one. */
static int fail_unknown(const struct command_area *area, const char *verb, const char *second)
{
    const struct command *nearest = NULL;
    char said[96];
    size_t most = 0;
    bool noun = false;
    snprintf(said, sizeof said, "%s ", verb);
    for (const struct command *c = area->commands; c->verb != NULL; c++)
        noun = noun || strncmp(c->verb, said, strlen(said)) == 0;
    if (noun && second != NULL && second[0] != '-')
        snprintf(said, sizeof said, "%s %s", verb, second);
    else
        snprintf(said, sizeof said, "%s", verb);
    for (const struct command *c = area->commands; c->verb != NULL; c++)
        if (likeness(c->verb, said) > most) {
            most = likeness(c->verb, said);
            nearest = c;
        }
    fprintf(stderr, "nameplate: %s: there is no \"%s\"", area->name, said);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean \"nameplate %s %s\"?", area->name, nearest->verb);
    fprintf(stderr, "\ntry: nameplate %s --help\n", area->name);
    return 2;
}

static int usage(const struct command_area *area, const struct command *c, const char *problem, const char *what)
{
    fprintf(stderr, "nameplate: %s%s%s: %s%s\ntry: nameplate %s%s%s --help\n", area->name, gap(c), c->verb, problem, what, area->name,
            gap(c), c->verb);
    return 2;
}

/* Position of the flag that `arg` (behind its two hyphens) names; -1 when there is none. */
static int find_flag(const struct command *c, const char *arg)
{
    size_t n = strcspn(arg, "=");
    for (int i = 0; c->flags != NULL && c->flags[i].name != NULL; i++)
        if (strlen(c->flags[i].name) == n && strncmp(c->flags[i].name, arg, n) == 0)
            return i;
    return -1;
}

/* Takes one flag at argv[*at]; 0, or the exit status of a usage error. */
static int take_flag(const struct command_area *area, struct command_line *line, int argc, char **argv, int *at)
{
    const char *arg = argv[*at] + 2;
    int i = find_flag(line->command, arg);
    if (i < 0)
        return usage(area, line->command, "there is no flag ", argv[*at]);
    const char *equals = strchr(arg, '=');
    if (line->command->flags[i].value == NULL) {
        if (equals != NULL)
            return usage(area, line->command, "takes no value: ", argv[*at]);
        line->flags[i] = "yes";
    } else if (equals != NULL) {
        line->flags[i] = equals + 1;
    } else if (*at + 1 < argc) {
        line->flags[i] = argv[++*at];
    } else {
        return usage(area, line->command, "a value is missing behind ", argv[*at]);
    }
    return 0;
}

static int parse(const struct command_area *area, struct command_line *line, int argc, char **argv, int first)
{
    const struct command *c = line->command;
    bool only_args = false;
    for (int i = 0; c->flags != NULL && c->flags[i].name != NULL; i++)
        line->flags[i] = c->flags[i].fallback;
    for (int at = first; at < argc; at++) {
        if (!only_args && strcmp(argv[at], "--") == 0) {
            only_args = true;
        } else if (!only_args && strncmp(argv[at], "--", 2) == 0) {
            int status = take_flag(area, line, argc, argv, &at);
            if (status != 0)
                return status;
        } else if (line->args_n == COMMAND_ARGS_MAX) {
            return usage(area, c, "too many arguments: ", argv[at]);
        } else {
            line->args[line->args_n++] = argv[at];
        }
    }
    if (line->args_n < c->least_args)
        return usage(area, c, "missing: ", c->operands);
    if (line->args_n > c->most_args)
        return usage(area, c, "not understood: ", line->args[c->most_args]);
    return 0;
}

static bool wants_help(int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int command_main(const struct command_area *area, int argc, char **argv)
{
    int words = 0;
    area_name = area->name;
    const struct command *c = find_command(area, argc, argv, &words);
    if (c == NULL && (argc < 2 || wants_help(argc, argv, 1) || strcmp(argv[1], "help") == 0)) {
        print_area(argc < 2 ? stderr : stdout, area);
        return argc < 2 ? 2 : 0;
    }
    if (c == NULL)
        return fail_unknown(area, argv[1], argc > 2 ? argv[2] : NULL);
    if (wants_help(argc, argv, 1 + words)) {
        print_command(stdout, area, c);
        return 0;
    }
    struct command_line line = { .command = c, .context = area->context };
    struct why why = { "" };
    int status = parse(area, &line, argc, argv, 1 + words);
    if (status != 0)
        return status;
    enum err err = secret_close_process(&why);
    if (err == OK && area->begin != NULL)
        err = area->begin(&why);
    return err == OK ? c->run(&line) : command_fail(&line, err, &why, NULL);
}

const char *command_flag(const struct command_line *line, const char *name)
{
    int i = find_flag(line->command, name);
    if (i < 0)
        abort();
    return line->flags[i];
}

bool command_switch(const struct command_line *line, const char *name) { return command_flag(line, name) != NULL; }

enum err command_flag_int(const struct command_line *line, const char *name, long least, long most, long *ret_value, struct why *why)
{
    const char *text = command_flag(line, name);
    char *end;
    if (text == NULL)
        return why_set(why, ERR_USAGE, "--%s is missing", name);
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most)
        return why_set(why, ERR_USAGE, "--%s %s: a whole number from %ld to %ld is needed", name, text, least, most);
    *ret_value = value;
    return OK;
}

int command_fail(const struct command_line *line, enum err err, const struct why *why, const char *hint)
{
    fprintf(stderr, "nameplate: %s%s%s: %s\n", area_name, gap(line->command), line->command->verb, why_text(why, err));
    if (hint != NULL)
        fprintf(stderr, "try: %s\n", hint);
    return err == ERR_USAGE ? 2 : 1;
}
