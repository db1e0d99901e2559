#include "api/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/session.h"
#include "base/clock.h"
#include "base/hex.h"
#include "log/log.h"

static bool path_fits(const char *pattern, const char *path)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] != '/')
        return strcmp(pattern, path) == 0;
    return strncmp(pattern, path, n) == 0 && path[n] != '\0' && strchr(path + n, '/') == NULL;
}

const struct api_route *api_find(const struct api_table *table, const char *method, const char *path, bool *ret_known)
{
    *ret_known = false;
    for (size_t i = 0; i < table->routes_n; i++) {
        if (!path_fits(table->routes[i].path, path))
            continue;
        *ret_known = true;
        if (strcmp(table->routes[i].method, method) == 0)
            return &table->routes[i];
    }
    return NULL;
}

bool api_may(const struct api_route *route, unsigned role)
{
    return route->may == API_ANYBODY || (route->may & 1u << role) != 0;
}

enum err api_role_parse(const struct api_table *table, const char *name, unsigned *ret_role)
{
    for (unsigned i = 0; table->roles[i] != NULL; i++)
        if (strcmp(table->roles[i], name) == 0) {
            *ret_role = i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

enum err api_text(const struct api_call *call, const char *name, const char *fallback, size_t size, char *ret_text,
                  struct why *why)
{
    const char *text = json_string_value(json_object_get(call->json, name));
    if (text == NULL && json_object_get(call->json, name) != NULL)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is to be a text", name);
    if (text == NULL && (text = fallback) == NULL)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is missing", name);
    if (strlen(text) >= size)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is longer than %zu characters", name, size - 1);
    memmove(ret_text, text, strlen(text) + 1); /* the fallback may be what is there */
    return OK;
}

static void decode_percent(const char *at, size_t n, size_t size, char *ret_text)
{
    size_t to = 0;
    for (size_t i = 0; i < n && to + 1 < size; i++) {
        bool escaped = at[i] == '%' && i + 2 < n && hex_value(at[i + 1]) >= 0 && hex_value(at[i + 2]) >= 0;
        int value = escaped ? hex_value(at[i + 1]) * 16 + hex_value(at[i + 2]) : at[i];
        i += escaped ? 2 : 0;
        if (value != 0)
            ret_text[to++] = (char)value;
    }
    ret_text[to] = '\0';
}

void api_query(const struct api_call *call, const char *name, size_t size, char *ret_text)
{
    size_t n = strlen(name);
    ret_text[0] = '\0';
    for (const char *at = call->query; at != NULL && *at != '\0'; at = strchr(at, '&') == NULL ? NULL : strchr(at, '&') + 1)
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            decode_percent(at + n + 1, strcspn(at + n + 1, "&"), size, ret_text);
}

enum err api_commit(struct api_call *call, enum err err, const char *event, const char *subject, const char *detail,
                    struct why *why)
{
    struct db *db = call->service->people.db;
    if (err == OK)
        err = call->service->audit(db, &(struct audit_entry){ clock_wall_s(), call->actor, event, subject, detail }, why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

enum err api_push(json_t *rows, json_t *row)
{
    return row == NULL || json_array_append_new(rows, row) != 0 ? ERR_NO_MEMORY : OK;
}

enum err api_integer(const struct api_call *call, const char *name, int64_t fallback, int64_t least, int64_t most,
                     int64_t *ret_value, struct why *why)
{
    const json_t *member = json_object_get(call->json, name);
    int64_t value = member == NULL ? fallback : json_integer_value(member);
    if ((member != NULL && !json_is_integer(member)) || (member != NULL && (value < least || value > most)))
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is to be a whole number from %lld to %lld", name, (long long)least,
                       (long long)most);
    *ret_value = value;
    return OK;
}

json_t *api_mistakes(const struct csv_mistakes *mistakes)
{
    json_t *list = json_array();
    for (size_t i = 0; i < mistakes->n; i++) {
        const struct csv_mistake *m = &mistakes->list[i];
        json_array_append_new(list, json_pack("{s:I,s:I,s:s}", "line", (json_int_t)m->line, "column", (json_int_t)m->column,
                                              "reason", m->why.text));
    }
    return json_pack("{s:o,s:b}", "mistakes", list, "more", mistakes->more);
}

enum err api_description(struct api_call *call, struct why *why)
{
    json_error_t error;
    call->answer = json_loads(call->service->table->description, 0, &error);
    return call->answer != NULL ? OK : why_set(why, ERR_BUG, "line %d of the description: %s", error.line, error.text);
}

static void reply_json(struct http_exchange *x, int status, json_t *json)
{
    static const char headers[] = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        http_reply(x, 500, NULL, span_of(NULL, 0), NULL);
    else
        http_reply(x, status, "application/json", span_text(text), headers);
    free(text);
}

/* `mistakes`: what the handler put into its answer before it failed (a file's lines and columns). */
static void reply_error(struct http_exchange *x, enum err err, const struct why *why, json_t *mistakes)
{
    json_t *json = json_pack("{s:s,s:s}", "error", err_row(err)->name, "reason", why_text(why, err));
    if (json != NULL && mistakes != NULL)
        json_object_update(json, mistakes);
    reply_json(x, err_row(err)->http_status, json);
    json_decref(json);
}

static enum err read_body(struct api_call *call, const char *content_type, struct why *why)
{
    json_error_t error;
    if (call->body.n == 0 || content_type == NULL || strncmp(content_type, "application/json", 16) != 0)
        return OK;
    call->json = json_loadb((const char *)call->body.at, call->body.n, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(call->json))
        return why_set(why, ERR_BAD_INPUT, "the body is not a JSON object: line %d: %s", error.line, error.text);
    return OK;
}

static enum err admit(struct api_call *call, const struct api_route *route, struct why *why)
{
    unsigned role;
    if (route->may == API_ANYBODY)
        return OK;
    enum err err = session_find(call->service, call->authorization, &call->op, why);
    if (err == OK)
        err = api_role_parse(call->service->table, call->op.role, &role);
    if (err != OK)
        return err;
    snprintf(call->actor, sizeof call->actor, "operator:%s", call->op.name);
    return api_may(route, role) ? OK : why_set(why, ERR_NOT_ALLOWED, "a %s may not do that", call->op.role);
}

static void serve(const struct api_service *service, struct http_exchange *x, struct span body)
{
    struct why why = { "" };
    bool known;
    const struct api_route *route = api_find(service->table, http_method(x), http_path(x), &known);
    if (route == NULL) {
        http_reply(x, known ? 405 : 404, "application/json",
                   span_text("{\"error\":\"NOT_FOUND\",\"reason\":\"there is no such resource\"}"), NULL);
        return;
    }
    struct api_call call = { .service = service,
                             .body = body,
                             .query = http_query(x),
                             .rest = http_path(x) + strlen(route->path),
                             .authorization = http_header(x, "Authorization") };
    enum err err = admit(&call, route, &why);
    if (err == OK)
        err = read_body(&call, http_header(x, "Content-Type"), &why);
    if (err == OK)
        err = route->handler(&call, &why);
    if (err != OK) {
        log_failure(LOG_INFO, "api-refused", err, &why, "path", route->path, "operator", call.op.name, NULL);
        reply_error(x, err, &why, call.answer);
    } else {
        reply_json(x, 200, call.answer);
    }
    json_decref(call.answer);
    json_decref(call.json);
}

static void serve_metrics(const struct api_service *service, struct http_exchange *x)
{
    AUTO_BUF text = BUF_INIT;
    enum err err = service->metrics(service->context, &text);
    http_reply(x, err == OK ? 200 : 500, "text/plain; version=0.0.4", buf_span(&text), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    const struct api_service *service = context;
    return service->most == NULL ? LIMIT_JSON : service->most(http_path(x));
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    const struct api_service *service = context;
    const char *path = http_path(x);
    if (strcmp(path, "/healthz") == 0)
        http_reply(x, 200, "text/plain", span_text("ok\n"), NULL);
    else if (strcmp(path, "/readyz") == 0)
        http_reply(x, service->ready == NULL || service->ready(service->context) == OK ? 200 : 503, "text/plain", span_text("\n"),
                   NULL);
    else if (strcmp(path, "/metrics") == 0 && service->metrics != NULL)
        serve_metrics(service, x);
    else
        serve(service, x, body);
}

const struct http_handler api_service_handler = { .begin = begin, .complete = complete };
