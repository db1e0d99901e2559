/* factory label: the nameplate of a device, for the label printer (F-24). */
#include <stdio.h>

#include "base/file.h"
#include "factory/commands.h"

static enum err check_output(const char *path, struct why *why)
{
    size_t n = path == NULL ? 0 : strlen(path);
    return path == NULL || (n > 4 && strcmp(path + n - 4, ".svg") == 0)
               ? OK
               : why_set(why, ERR_USAGE, "--output %s: a name that ends in .svg is needed (rsvg-convert makes PNG or PDF of it)",
                         path);
}

int command_label(const struct command_line *line)
{
    const char *output = command_flag(line, "output");
    char path[64];
    json_t *answer;
    struct why why = { "" };
    enum err err = check_output(output, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    snprintf(path, sizeof path, "/labels/%.41s", line->args[0]);
    int status = api_run(&factory_api, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    const char *svg = json_string_value(json_object_get(answer, "svg"));
    if (svg == NULL)
        err = why_set(&why, ERR_BAD_INPUT, "the factory server sent no drawing");
    else if (output != NULL)
        err = file_replace(output, span_text(svg), 0644, &why);
    else if (fputs(svg, stdout) < 0)
        err = ERR_IO;
    json_decref(answer);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}
