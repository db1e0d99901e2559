#include "factory/api_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "http/client.h"

enum { ADDRESS_SIZE = 600, TIMEOUT_MS = 120000 };

enum err command_settings(const struct command_line *line, char ret_path[COMMAND_PATH], struct factory_settings *ret_settings,
                          struct why *why)
{
    const char *config = command_flag(line, "config");
    int n = config != NULL ? snprintf(ret_path, COMMAND_PATH, "%s", config)
                           : snprintf(ret_path, COMMAND_PATH, "%s/nameplate.conf", command_flag(line, "dir"));
    if (n < 0 || n >= COMMAND_PATH)
        return why_set(why, ERR_USAGE, "the path is too long");
    return factory_settings_read(ret_path, ret_settings, why);
}

enum err command_read_line(const char *path, size_t size, char *ret_text, struct why *why)
{
    AUTO_WIPED_BUF text = { .max = 4096 };
    enum err err = file_read(path, 4096, &text, why);
    if (err != OK)
        return err;
    size_t n = 0;
    while (n < text.len && text.data[n] != '\n' && text.data[n] != '\r')
        n++;
    if (n >= size)
        return why_set(why, ERR_TOO_LARGE, "the first line of %s is too long", path);
    memcpy(ret_text, text.data, n);
    ret_text[n] = '\0';
    return OK;
}

static enum err make_tls(struct api *api, struct why *why)
{
    char path[COMMAND_PATH];
    AUTO_TRUST trust = NULL;
    AUTO_BUF root = BUF_INIT;
    enum err err = file_join(api->settings.identity, "root.pem", sizeof path, path);
    if (err == OK)
        err = file_read(path, 65536, &root, why);
    if (err == OK)
        err = trust_new(&trust);
    if (err == OK)
        err = trust_add_roots(trust, buf_span(&root), why);
    return err != OK ? err
                     : tls_context_new(&(struct tls_options){ .trust = trust, .peers = ROLE_BIT(ROLE_FACTORY) }, &api->tls, why);
}

enum err api_connect(const struct command_line *line, struct api *ret_api, struct why *why)
{
    struct api api = { .authorization = "" };
    char config[COMMAND_PATH], path[SETTING_TEXT_SIZE + 32], address[ADDRESS_SIZE];
    enum err err = command_settings(line, config, &api.settings, why);
    if (err != OK)
        return err;
    snprintf(path, sizeof path, "%s.admin", api.settings.store);
    if (command_read_line(path, sizeof address, address, NULL) != OK)
        return why_set(why, ERR_UNREACHABLE, "the factory server of %s is not running", config);
    snprintf(api.base, sizeof api.base, "https://%.500s/api/v1", address);
    err = make_tls(&api, why);
    if (err == OK)
        *ret_api = api;
    return err;
}

enum err api_session_path(const struct api *api, size_t size, char *ret_path)
{
    int n = snprintf(ret_path, size, "%s.session", api->settings.store);
    return n < 0 || (size_t)n >= size ? ERR_TOO_LARGE : OK;
}

enum err api_login_with(struct api *api, const char *user, const char *password_file, json_t **ret_answer, struct why *why)
{
    char password[256];
    json_t *body = NULL, *answer = NULL;
    enum err err = command_read_line(password_file, sizeof password, password, why);
    if (err == OK) {
        body = json_pack("{s:s,s:s}", "name", user, "password", password);
        err = api_call(api, "POST", "/session", body, &answer, why);
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

static enum err find_session(struct api *api, struct why *why)
{
    char path[SETTING_TEXT_SIZE + 32], token[100];
    enum err err = api_session_path(api, sizeof path, path);
    if (err == OK && command_read_line(path, sizeof token, token, NULL) != OK)
        err = why_set(why, ERR_NOT_AUTHENTICATED, "log in first: --user NAME --password-file FILE, or nameplate factory login");
    if (err == OK)
        snprintf(api->authorization, sizeof api->authorization, "Authorization: Bearer %s", token);
    return err;
}

enum err api_open(const struct command_line *line, struct api *ret_api, struct why *why)
{
    const char *user = command_flag(line, "user"), *file = command_flag(line, "password-file");
    struct api api;
    if ((user == NULL) != (file == NULL))
        return why_set(why, ERR_USAGE, "--user and --password-file belong together");
    enum err err = api_connect(line, &api, why);
    if (err != OK)
        return err;
    err = user != NULL ? api_login_with(&api, user, file, NULL, why) : find_session(&api, why);
    api.once = err == OK && user != NULL;
    if (err != OK)
        api_close(&api);
    else
        *ret_api = api;
    return err;
}

void api_close(struct api *api)
{
    json_t *answer = NULL;
    struct why why;
    if (api->once && api_call(api, "DELETE", "/session", NULL, &answer, &why) != OK)
        fprintf(stderr, "the session is not ended, it will expire: %s\n", why.text);
    json_decref(answer);
    tls_context_free(api->tls);
    secret_wipe(api->authorization, sizeof api->authorization);
}

static enum err read_answer(const struct http_result *result, json_t **ret_answer, struct why *why)
{
    json_t *answer = json_loadb((const char *)result->body.data, result->body.len, 0, NULL);
    if (!json_is_object(answer)) {
        json_decref(answer);
        return why_set(why, ERR_BAD_INPUT, "the factory server answered with HTTP status %d", result->status);
    }
    *ret_answer = answer;
    if (result->status == 200)
        return OK;
    const char *name = json_string_value(json_object_get(answer, "error")),
               *reason = json_string_value(json_object_get(answer, "reason"));
    return why_set(why, name == NULL ? ERR_BUG : err_from_name(name), "%s", reason == NULL ? "" : reason);
}

enum err api_send(struct api *api, const char *method, const char *path, const char *type, struct span body, json_t **ret_answer,
                  struct why *why)
{
    char url[sizeof api->base + 256];
    const char *const headers[] = { api->authorization, NULL };
    *ret_answer = NULL;
    snprintf(url, sizeof url, "%s%.250s", api->base, path);
    struct http_call call = { .url = url,
                              .method = method,
                              .content_type = type,
                              .headers = api->authorization[0] == '\0' ? NULL : headers,
                              .body = body,
                              .tls = api->tls,
                              .timeout_ms = TIMEOUT_MS,
                              .max_reply = LIMIT_PLAN_BYTES };
    struct http_result result;
    http_call_wait(&call, &result);
    enum err err = result.err != OK ? why_set(why, result.err, "%s", why_text(&result.why, result.err))
                                    : read_answer(&result, ret_answer, why);
    http_result_done(&result);
    return err;
}

enum err api_call(struct api *api, const char *method, const char *path, const json_t *body, json_t **ret_answer, struct why *why)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    enum err err = api_send(api, method, path, text == NULL ? NULL : "application/json",
                            text == NULL ? span_of(NULL, 0) : span_text(text), ret_answer, why);
    if (text != NULL)
        secret_wipe(text, strlen(text)); /* may hold a password */
    free(text);
    return err;
}

int api_run(const struct command_line *line, const char *method, const char *path, json_t *body, json_t **ret_answer)
{
    struct api api;
    struct why why = { "" };
    json_t *answer = NULL;
    enum err err = api_open(line, &api, &why);
    if (err == OK) {
        err = api_call(&api, method, path, body, &answer, &why);
        api_close(&api);
    }
    json_decref(body);
    if (err == OK) {
        *ret_answer = answer;
        return 0;
    }
    json_decref(answer);
    return command_fail(line, err, &why,
                        err == ERR_NOT_AUTHENTICATED ? "nameplate factory login --user NAME --password-file FILE" : NULL);
}
