#include "factory/admin.h"

#include <stdio.h>
#include <stdlib.h>

#include "log/log.h"

enum err admin_text(const struct admin_call *call, const char *name, const char *fallback, size_t size, char *ret_text,
                    struct why *why)
{
    const char *text = json_string_value(json_object_get(call->json, name));
    if (text == NULL && json_object_get(call->json, name) != NULL)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is to be a text", name);
    if (text == NULL && (text = fallback) == NULL)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is missing", name);
    if (strlen(text) >= size)
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is longer than %zu characters", name, size - 1);
    memcpy(ret_text, text, strlen(text) + 1);
    return OK;
}

void admin_query(const struct admin_call *call, const char *name, size_t size, char *ret_text)
{
    size_t n = strlen(name);
    ret_text[0] = '\0';
    for (const char *at = call->query; at != NULL && *at != '\0'; at = strchr(at, '&') == NULL ? NULL : strchr(at, '&') + 1)
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            snprintf(ret_text, size, "%.*s", (int)strcspn(at + n + 1, "&"), at + n + 1);
}

enum err admin_commit(struct admin_call *call, enum err err, const char *event, const char *subject, const char *detail,
                      struct why *why)
{
    struct db *db = call->factory->db;
    if (err == OK)
        err = factory_note(db, call->actor, event, subject, why, "%s", detail);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
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

/* `mistakes`: what the handler put into its answer before it failed (a plan's lines and columns). */
static void reply_error(struct http_exchange *x, enum err err, const struct why *why, json_t *mistakes)
{
    json_t *json = json_pack("{s:s,s:s}", "error", err_row(err)->name, "reason", why_text(why, err));
    if (json != NULL && mistakes != NULL)
        json_object_update(json, mistakes);
    reply_json(x, err_row(err)->http_status, json);
    json_decref(json);
}

static enum err read_body(struct admin_call *call, const char *content_type, struct why *why)
{
    json_error_t error;
    if (call->body.n == 0 || content_type == NULL || strncmp(content_type, "application/json", 16) != 0)
        return OK;
    call->json = json_loadb((const char *)call->body.at, call->body.n, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(call->json))
        return why_set(why, ERR_BAD_INPUT, "the body is not a JSON object: line %d: %s", error.line, error.text);
    return OK;
}

static enum err admit(struct admin_call *call, const struct admin_route *route, struct why *why)
{
    enum operator_role role;
    if (route->may == MAY_ANYBODY)
        return OK;
    enum err err = session_find(call->factory, call->authorization, &call->op, why);
    if (err == OK)
        err = operator_role_parse(call->op.role, &role);
    if (err != OK)
        return err;
    snprintf(call->actor, sizeof call->actor, "operator:%s", call->op.name);
    return admin_may(route, role) ? OK : why_set(why, ERR_NOT_ALLOWED, "a %s may not do that", call->op.role);
}

static void serve(struct factory *factory, struct http_exchange *x, struct span body)
{
    struct why why = { "" };
    bool known;
    const struct admin_route *route = admin_find(http_method(x), http_path(x), &known);
    if (route == NULL) {
        http_reply(x, known ? 405 : 404, "application/json",
                   span_text("{\"error\":\"NOT_FOUND\",\"reason\":\"there is no such resource\"}"), NULL);
        return;
    }
    struct admin_call call = { .factory = factory, .body = body, .query = http_query(x), .rest = http_path(x) + strlen(route->path),
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

static void serve_metrics(struct factory *f, struct http_exchange *x)
{
    AUTO_BUF text = BUF_INIT;
    enum err err = buf_putf(&text,
                            "# TYPE nameplate_claims_total counter\nnameplate_claims_total %lld\n"
                            "# TYPE nameplate_written_total counter\nnameplate_written_total %lld\n"
                            "# TYPE nameplate_failed_total counter\nnameplate_failed_total %lld\n",
                            (long long)f->claims, (long long)f->written, (long long)f->failed);
    http_reply(x, err == OK ? 200 : 500, "text/plain; version=0.0.4", buf_span(&text), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context;
    return strcmp(http_path(x), "/api/v1/plan") == 0 ? LIMIT_PLAN_BYTES : LIMIT_JSON;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    const char *path = http_path(x);
    int64_t n;
    if (strcmp(path, "/healthz") == 0)
        http_reply(x, 200, "text/plain", span_text("ok\n"), NULL);
    else if (strcmp(path, "/readyz") == 0)
        http_reply(x, stock_mark_get(((struct factory *)context)->db, "requested-day", &n, NULL) == OK ? 200 : 503, "text/plain",
                   span_text("\n"), NULL);
    else if (strcmp(path, "/metrics") == 0)
        serve_metrics(context, x);
    else
        serve(context, x, body);
}

const struct http_handler factory_admin_handler = { .begin = begin, .complete = complete };
