#include "api/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "http/client.h"

enum { ADDRESS_SIZE = 600, TIMEOUT_MS = 120000 };

enum err api_config_path(const struct command_line *line, char ret_path[API_PATH], struct why *why)
{
    const char *config = command_flag(line, "config");
    int n = config != NULL ? snprintf(ret_path, API_PATH, "%s", config)
                           : snprintf(ret_path, API_PATH, "%s/nameplate.conf", command_flag(line, "dir"));
    return n < 0 || n >= API_PATH ? why_set(why, ERR_USAGE, "the path is too long") : OK;
}

enum err api_settings_of(const struct api_program *program, const struct command_line *line, struct api_settings *ret_settings,
                         struct why *why)
{
    char path[API_PATH];
    void *all = malloc(program->settings_size);
    enum err err = all == NULL ? ERR_NO_MEMORY : api_config_path(line, path, why);
    if (err == OK)
        err = program->read(path, all, why);
    if (err == OK)
        memcpy(ret_settings, all, sizeof *ret_settings);
    free(all);
    return err;
}

/* What lies beside the database. */
static enum err path_beside(const struct api_client *client, const char *end, char ret_path[API_PATH])
{
    int n = snprintf(ret_path, API_PATH, "%s.%s", client->place.store, end);
    return n < 0 || n >= API_PATH ? ERR_TOO_LARGE : OK;
}

static enum err make_tls(struct api_client *api, struct why *why)
{
    char path[API_PATH];
    AUTO_TRUST trust = NULL;
    AUTO_BUF root = BUF_INIT;
    enum err err = file_join(api->place.identity, "root.pem", sizeof path, path);
    if (err == OK)
        err = file_read(path, 65536, &root, why);
    if (err == OK)
        err = trust_new(&trust);
    if (err == OK)
        err = trust_add_roots(trust, buf_span(&root), why);
    return err != OK
               ? err
               : tls_context_new(&(struct tls_options){ .trust = trust, .peers = ROLE_BIT(api->program->role) }, &api->tls, why);
}

/* Without a log-in yet. */
static enum err connect_to(const struct api_program *program, const struct command_line *line, struct api_client *ret_api,
                           struct why *why)
{
    struct api_client api = { .program = program };
    char path[API_PATH], address[ADDRESS_SIZE];
    enum err err = api_settings_of(program, line, &api.place, why);
    if (err == OK)
        err = path_beside(&api, "admin", path);
    if (err != OK)
        return err;
    if (file_read_line(path, sizeof address, address, NULL) != OK)
        return why_set(why, ERR_UNREACHABLE, "the %s of %s is not running", program->title, api.place.store);
    snprintf(api.base, sizeof api.base, "https://%.500s/api/v1", address);
    err = make_tls(&api, why);
    if (err == OK)
        err = http_keep_new(&api.keep);
    if (err == OK)
        *ret_api = api;
    else
        tls_context_free(api.tls);
    return err;
}

static enum err log_in(struct api_client *api, const char *user, const char *password_file, json_t **ret_answer, struct why *why)
{
    char password[256];
    json_t *body = NULL, *answer = NULL;
    enum err err = file_read_line(password_file, sizeof password, password, why);
    if (err == OK) {
        body = json_pack("{s:s,s:s}", "name", user, "password", password);
        err = api_ask(api, "POST", "/session", body, &answer, why);
    }
    secret_wipe(password, sizeof password);
    json_decref(body);
    if (err == OK)
        snprintf(api->authorization, sizeof api->authorization, "Authorization: Bearer %s",
                 json_string_value(json_object_get(answer, "token")));
    if (err == OK && ret_answer != NULL)
        *ret_answer = answer;
    else
        json_decref(answer);
    return err;
}

static enum err find_session(struct api_client *api, struct why *why)
{
    char path[API_PATH], token[100];
    enum err err = path_beside(api, "session", path);
    if (err == OK && file_read_line(path, sizeof token, token, NULL) != OK)
        err = why_set(why, ERR_NOT_AUTHENTICATED, "log in first: --user NAME --password-file FILE, or nameplate %s login",
                      api->program->area);
    if (err == OK)
        snprintf(api->authorization, sizeof api->authorization, "Authorization: Bearer %s", token);
    return err;
}

/* JSON carries nothing else. */
static enum err check_words(const struct command_line *line, struct why *why)
{
    const char *bad = NULL;
    for (size_t i = 0; i < line->args_n; i++)
        bad = text_is_utf8(line->args[i]) ? bad : line->args[i];
    for (size_t i = 0; line->command->flags != NULL && line->command->flags[i].name != NULL; i++)
        bad = line->flags[i] == NULL || text_is_utf8(line->flags[i]) ? bad : line->flags[i];
    return bad == NULL ? OK : why_set(why, ERR_USAGE, "\"%s\" is not UTF-8: this terminal has another encoding", bad);
}

enum err api_open(const struct api_program *program, const struct command_line *line, struct api_client *ret_api, struct why *why)
{
    const char *user = command_flag(line, "user"), *file = command_flag(line, "password-file");
    struct api_client api;
    enum err err = check_words(line, why);
    if (err != OK)
        return err;
    if ((user == NULL) != (file == NULL))
        return why_set(why, ERR_USAGE, "--user and --password-file belong together");
    err = connect_to(program, line, &api, why);
    if (err != OK)
        return err;
    err = user != NULL ? log_in(&api, user, file, NULL, why) : find_session(&api, why);
    api.once = err == OK && user != NULL;
    if (err != OK)
        api_close(&api);
    else
        *ret_api = api;
    return err;
}

void api_close(struct api_client *api)
{
    json_t *answer = NULL;
    struct why why;
    if (api->once && api_ask(api, "DELETE", "/session", NULL, &answer, &why) != OK)
        fprintf(stderr, "the session is not ended, it will expire: %s\n", why.text);
    json_decref(answer);
    http_keep_free(api->keep);
    tls_context_free(api->tls);
    secret_wipe(api->authorization, sizeof api->authorization);
}

static enum err read_answer(const struct api_client *api, const struct http_result *result, json_t **ret_answer, struct why *why)
{
    json_t *answer = json_loadb((const char *)result->body.data, result->body.len, 0, NULL);
    if (!json_is_object(answer)) {
        json_decref(answer);
        return why_set(why, ERR_BAD_INPUT, "the %s answered with HTTP status %d", api->program->title, result->status);
    }
    *ret_answer = answer;
    if (result->status == 200)
        return OK;
    const char *name = json_string_value(json_object_get(answer, "error")),
               *reason = json_string_value(json_object_get(answer, "reason"));
    return why_set(why, name == NULL ? ERR_BUG : err_from_name(name), "%s", reason == NULL ? "" : reason);
}

enum err api_send(struct api_client *api, const char *method, const char *path, const char *type, struct span body,
                  json_t **ret_answer, struct why *why)
{
    char url[sizeof api->base + 512];
    const char *const headers[] = { api->authorization, NULL };
    *ret_answer = NULL;
    snprintf(url, sizeof url, "%s%.500s", api->base, path);
    struct http_call call = { .url = url,
                              .method = method,
                              .content_type = type,
                              .headers = api->authorization[0] == '\0' ? NULL : headers,
                              .body = body,
                              .tls = api->tls,
                              .keep = api->keep,
                              .timeout_ms = TIMEOUT_MS,
                              .max_reply = 2 * LIMIT_TABLE_BYTES };
    struct http_result result;
    http_call_wait(&call, &result);
    enum err err = result.err != OK ? why_set(why, result.err, "%s", why_text(&result.why, result.err))
                                    : read_answer(api, &result, ret_answer, why);
    http_result_done(&result);
    return err;
}

enum err api_ask(struct api_client *api, const char *method, const char *path, const json_t *body, json_t **ret_answer,
                 struct why *why)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    enum err err = api_send(api, method, path, text == NULL ? NULL : "application/json",
                            text == NULL ? span_of(NULL, 0) : span_text(text), ret_answer, why);
    if (text != NULL)
        secret_wipe(text, strlen(text)); /* may hold a password */
    free(text);
    return err;
}

static void add_encoded(char *path, size_t size, const char *text)
{
    size_t n = strlen(path);
    for (; *text != '\0' && n + 4 < size; text++) {
        bool plain = isascii((unsigned char)*text) && (isalnum((unsigned char)*text) || strchr("-._~:", *text) != NULL);
        n += (size_t)snprintf(path + n, size - n, plain ? "%c" : "%%%02x", (unsigned char)*text);
    }
}

static void add_plain(char *path, size_t size, const char *text)
{
    size_t n = strlen(path);
    snprintf(path + n, size - n, "%s", text);
}

void api_add_query(char *path, size_t size, const char *name, const char *value)
{
    if (value == NULL)
        return;
    add_plain(path, size, strchr(path, '?') == NULL ? "?" : "&");
    add_plain(path, size, name);
    add_plain(path, size, "=");
    add_encoded(path, size, value);
}

void api_add_step(char *path, size_t size, const char *word)
{
    add_plain(path, size, "/");
    add_encoded(path, size, word);
}

int api_fail(const struct api_program *program, const struct command_line *line, enum err err, const struct why *why)
{
    char hint[API_PATH + 64];
    const char *dir = command_flag(line, "dir");
    if (err == ERR_UNREACHABLE)
        snprintf(hint, sizeof hint, "nameplate %s serve --dir %s", program->area, dir == NULL ? "DIR" : dir);
    else
        snprintf(hint, sizeof hint, "nameplate %s login --user NAME --password-file FILE", program->area);
    return command_fail(line, err, why, err == ERR_NOT_AUTHENTICATED || err == ERR_UNREACHABLE ? hint : NULL);
}

int api_run(const struct api_program *program, const struct command_line *line, const char *method, const char *path,
            json_t *body, json_t **ret_answer)
{
    struct api_client api;
    struct why why = { "" };
    json_t *answer = NULL;
    enum err err = api_open(program, line, &api, &why);
    if (err == OK) {
        err = api_ask(&api, method, path, body, &answer, &why);
        api_close(&api);
    }
    json_decref(body);
    if (err == OK) {
        *ret_answer = answer;
        return 0;
    }
    json_decref(answer);
    return api_fail(program, line, err, &why);
}

int api_command_login(const struct command_line *line)
{
    const struct api_program *program = line->context;
    const char *user = command_flag(line, "user"), *file = command_flag(line, "password-file");
    struct api_client api;
    struct why why = { "" };
    json_t *answer = NULL;
    char path[API_PATH];
    enum err err = user == NULL || file == NULL ? why_set(&why, ERR_USAGE, "--user and --password-file are needed") : OK;
    if (err == OK)
        err = connect_to(program, line, &api, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    err = log_in(&api, user, file, &answer, &why);
    if (err == OK)
        err = path_beside(&api, "session", path);
    if (err == OK)
        err = file_replace(path, span_text(api_member(answer, "token")), 0600, &why);
    if (err == OK)
        printf("%s is logged in as %s\n", api_member(answer, "name"), api_member(answer, "role"));
    json_decref(answer);
    api_close(&api);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}
