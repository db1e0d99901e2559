/* What operators enter: customers, sites, devices, agreements, decisions about devices. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "center/commands.h"

/* A body with those flags that were given: a change leaves the rest as it is. */
static json_t *body_of(const struct command_line *line, const char *key, const char *value, const char *const *flags)
{
    json_t *body = json_pack("{s:s}", key, value);
    for (; *flags != NULL; flags++)
        if (command_flag(line, *flags) != NULL)
            json_object_set_new(body, *flags, json_string(command_flag(line, *flags)));
    return body;
}

static int finish(json_t *answer)
{
    json_decref(answer);
    return 0;
}

/* POSTs to "/what/WORD", the operand. */
static int post_about(const struct command_line *line, const char *what, const char *word, json_t *body, json_t **ret_answer)
{
    char path[256];
    snprintf(path, sizeof path, "/%s", what);
    api_add_step(path, sizeof path, word);
    return api_run(&center_api, line, "POST", path, body, ret_answer);
}

int command_customer_add(const struct command_line *line)
{
    static const char *const flags[] = { "name", "address", "telephone", "email", NULL };
    json_t *answer;
    int status = api_run(&center_api, line, "POST", "/customers", body_of(line, "id", line->args[0], flags), &answer);
    if (status != 0)
        return status;
    printf("customer %s: %s\n", api_member(answer, "id"), api_member(answer, "name"));
    return finish(answer);
}

int command_site_add(const struct command_line *line)
{
    static const char *const flags[] = { "customer", "name", "address", NULL };
    json_t *answer;
    int status = api_run(&center_api, line, "POST", "/sites", body_of(line, "id", line->args[0], flags), &answer);
    if (status != 0)
        return status;
    printf("site %s of customer %s\n", api_member(answer, "id"), api_member(answer, "customer"));
    return finish(answer);
}

static int put_device(const struct command_line *line, json_t *body)
{
    json_t *answer;
    int status = api_run(&center_api, line, "POST", "/devices", body, &answer);
    if (status != 0)
        return status;
    const char *gateway = api_member(answer, "gateway");
    printf("%s %s%s%s\n", api_member(answer, "kind"), api_member(answer, "number"), gateway[0] == '\0' ? "" : ", bound to ",
           gateway);
    if (api_number(answer, "identities") == 0 && strcmp(api_member(answer, "kind"), "agentless") != 0)
        fprintf(stderr, "note: the CA has told of no identity of %s: is the number right? Until it does, nobody is let in with it\n",
                api_member(answer, "number"));
    return finish(answer);
}

int command_device_add(const struct command_line *line)
{
    static const char *const flags[] = { "kind", "customer", "site", "gateway", "address", "telephone", NULL };
    struct why why = { "" };
    long interval = 0;
    enum err err =
        command_flag(line, "interval") == NULL ? OK : command_flag_int(line, "interval", 0, LIMIT_POLL_MOST_S, &interval, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    json_t *body = body_of(line, "number", line->args[0], flags);
    if (command_flag(line, "interval") != NULL)
        json_object_set_new(body, "interval", json_integer(interval));
    return put_device(line, body);
}

int command_device_bind(const struct command_line *line)
{
    return put_device(line, json_pack("{s:s,s:s}", "number", line->args[0], "gateway", line->args_n > 1 ? line->args[1] : ""));
}

/* A line of its own that says y or yes. */
static bool says_yes(void)
{
    char said[8] = "";
    if (fgets(said, sizeof said, stdin) == NULL)
        return false;
    if (strchr(said, '\n') == NULL) /* the rest of it answers nothing else */
        for (int c = getchar(); c != EOF && c != '\n';)
            c = getchar();
    return strcasecmp(said, "y\n") == 0 || strcasecmp(said, "yes\n") == 0;
}

static bool may_be_meant(const struct command_line *line, const json_t *ticket)
{
    const char *board = command_flag(line, "board");
    return strcmp(api_member(ticket, "number"), line->args[0]) == 0 && strcmp(api_member(ticket, "state"), "waiting") == 0 &&
           api_member(ticket, "fingerprint")[0] != '\0' && (board == NULL || strcmp(api_member(ticket, "board"), board) == 0);
}

/* A person at a terminal compares the key with what the board shows; then it is the one that is approved. */
static int ask_key(const struct command_line *line, json_t *body)
{
    char path[128] = "/tickets";
    json_t *answer, *r;
    size_t i, asked = 0;
    bool yes = false;
    api_add_query(path, sizeof path, "open", "1");
    int status = api_run(&center_api, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    json_array_foreach(json_object_get(answer, "rows"), i, r)
    {
        if (yes || !may_be_meant(line, r))
            continue;
        json_object_set(body, "board", json_object_get(r, "board"));
        json_object_set(body, "fingerprint", json_object_get(r, "fingerprint"));
        api_make_plain(r);
        printf("board %s shows the key %s? [y/N] ", api_member(r, "board"), api_member(r, "fingerprint"));
        fflush(stdout);
        asked++;
        yes = says_yes();
    }
    json_decref(answer);
    if (asked > 0 && !yes)
        fprintf(stderr, "nothing is approved: device approve %s --refuse refuses it\n", line->args[0]);
    return asked > 0 && !yes;
}

int command_device_approve(const struct command_line *line)
{
    static const char *const flags[] = { "board", "fingerprint", NULL };
    bool refuse = command_switch(line, "refuse");
    json_t *answer, *body = body_of(line, "number", line->args[0], flags);
    json_object_set_new(body, "refuse", json_boolean(refuse));
    if (!refuse && command_flag(line, "fingerprint") == NULL && isatty(STDIN_FILENO) && ask_key(line, body) != 0) {
        json_decref(body);
        return 1;
    }
    int status = post_about(line, "tickets", line->args[0], body, &answer);
    if (status != 0)
        return status;
    printf("board %s for %s: %s\n", api_member(answer, "board"), api_member(answer, "number"), api_member(answer, "state"));
    return finish(answer);
}

static int set_standing(const struct command_line *line, const char *what)
{
    static const char *const flags[] = { "reason", NULL };
    json_t *answer;
    int status = post_about(line, what, line->args[0], body_of(line, "number", line->args[0], flags), &answer);
    if (status != 0)
        return status;
    printf("%s: %s\n", api_member(answer, "number"), api_member(answer, "standing"));
    return finish(answer);
}

int command_device_scrap(const struct command_line *line)
{
    return set_standing(line, "scrapped");
}

int command_quarantine_release(const struct command_line *line)
{
    return set_standing(line, "released");
}

static int change_agreement(const struct command_line *line, json_t *body, const char *done)
{
    json_t *answer;
    int status = post_about(line, "agreements", line->args[0], body, &answer);
    if (status != 0)
        return status;
    printf("the agreement of %s %s\n", api_member(answer, "number"), done);
    return finish(answer);
}

int command_agreement_add(const struct command_line *line)
{
    static const char *const flags[] = { "from", "until", NULL };
    return change_agreement(line, body_of(line, "action", "add", flags), "is written down");
}

int command_agreement_end(const struct command_line *line)
{
    return change_agreement(line, json_pack("{s:s}", "action", "end"), "is ended");
}

int command_agreement_suspend(const struct command_line *line)
{
    return change_agreement(line, json_pack("{s:s}", "action", "suspend"), "is suspended");
}

int command_agreement_resume(const struct command_line *line)
{
    return change_agreement(line, json_pack("{s:s}", "action", "resume"), "is active again");
}
