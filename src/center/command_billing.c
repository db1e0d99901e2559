/* center billing: what each device counted in a period, as CSV or JSON, page by page from the service. */
#include <stdio.h>

#include "base/file.h"
#include "center/commands.h"

enum { PATH = 512 };

static enum err put(struct buf *to, const char *text)
{
    enum err err = buf_put_text(to, text);
    return err != OK ? err : buf_put_text(to, ",");
}

/* Names are short names, numbers and moments: none needs quotes. */
static enum err put_line(struct buf *to, const json_t *row, const json_t *counter)
{
    char numbers[120] = ",,,0";
    if (counter != NULL)
        snprintf(numbers, sizeof numbers, "%s,%lld,%lld,%lld", api_member(counter, "name"), api_number(counter, "opening"),
                 api_number(counter, "closing"), api_number(counter, "count"));
    const char *const fields[] = { api_member(row, "customer"), api_member(row, "site"),   api_member(row, "number"),
                                   numbers,                     api_member(row, "opened"), api_member(row, "closed") };
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof fields / sizeof *fields; i++)
        err = put(to, fields[i]);
    snprintf(numbers, sizeof numbers, "%lld,%lld\n", api_number(row, "readings"), api_number(row, "breaks"));
    return err != OK ? err : buf_put_text(to, numbers);
}

/* A device that was never read has a line as well, without a counter. */
static enum err put_device(struct buf *to, const json_t *row)
{
    const json_t *counters = json_object_get(row, "counters");
    enum err err = json_array_size(counters) == 0 ? put_line(to, row, NULL) : OK;
    for (size_t i = 0; err == OK && i < json_array_size(counters); i++)
        err = put_line(to, row, json_array_get(counters, i));
    return err;
}

static enum err make_csv(const json_t *rows, struct buf *to)
{
    enum err err = buf_put_text(to, "customer,site,number,counter,opening,closing,count,opened,closed,readings,breaks\n");
    for (size_t i = 0; err == OK && i < json_array_size(rows); i++)
        err = put_device(to, json_array_get(rows, i));
    return err;
}

static enum err make_text(const struct command_line *line, const json_t *all, struct buf *to)
{
    if (!command_switch(line, "json"))
        return make_csv(json_object_get(all, "rows"), to);
    char *text = json_dumps(all, JSON_INDENT(2));
    enum err err = text == NULL ? ERR_NO_MEMORY : buf_put_text(to, text);
    free(text);
    return err != OK ? err : buf_put_text(to, "\n");
}

static enum err read_all(const struct command_line *line, json_t **ret_all, struct why *why)
{
    static const char *const flags[] = { "from", "until", "customer", "site" };
    char path[PATH] = "/billing";
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        api_add_query(path, sizeof path, flags[i], command_flag(line, flags[i]));
    return command_read_list(line, path, 0, ret_all, why);
}

int command_billing(const struct command_line *line)
{
    const char *output = command_flag(line, "output");
    struct why why = { "" };
    AUTO_BUF text = BUF_INIT;
    json_t *all = NULL;
    enum err err = read_all(line, &all, &why);
    if (err == OK)
        err = make_text(line, all, &text);
    if (err == OK && output != NULL)
        err = file_replace(output, buf_span(&text), 0600, &why);
    else if (err == OK && fwrite(buf_span(&text).at, 1, buf_span(&text).n, stdout) != buf_span(&text).n)
        err = ERR_IO;
    json_decref(all);
    return err == OK ? 0 : api_fail(&center_api, line, err, &why);
}
