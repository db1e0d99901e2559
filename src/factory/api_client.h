/* The commands' side of the administrators' service. */
#ifndef FACTORY_API_CLIENT_H
#define FACTORY_API_CLIENT_H

#include <jansson.h>

#include "factory/commands.h"
#include "tls/tls.h"

struct api {
    struct factory_settings settings;
    char base[SETTING_TEXT_SIZE + 64]; /* "https://127.0.0.1:8442/api/v1" */
    char authorization[128];           /* "Authorization: Bearer ..." */
    struct tls_context *tls;
    bool once; /* the session is for this command only: api_close ends it */
};

/* Finds the server of --dir and logs in: by --user and --password-file, or the session of `factory login`. */
enum err api_open(const struct command_line *line, struct api *ret_api, struct why *why) MUST_CHECK;
void api_close(struct api *api);

/* *ret_answer is the caller's; on an error of the server it is its answer too (mistakes), else NULL. */
enum err api_call(struct api *api, const char *method, const char *path, const json_t *body, json_t **ret_answer,
                  struct why *why) MUST_CHECK;
enum err api_send(struct api *api, const char *method, const char *path, const char *type, struct span body, json_t **ret_answer,
                  struct why *why) MUST_CHECK;

/* Log-in by name and password file; the token is in api->authorization then. */
enum err api_login_with(struct api *api, const char *user, const char *password_file, json_t **ret_answer,
                        struct why *why) MUST_CHECK;

/* Without a log-in yet. */
enum err api_connect(const struct command_line *line, struct api *ret_api, struct why *why) MUST_CHECK;
/* Where `factory login` leaves the session. */
enum err api_session_path(const struct api *api, size_t size, char *ret_path) MUST_CHECK;

/* One call with its log-in; prints the error and the mistakes. Exit status; *ret_answer NULL unless 0. */
int api_run(const struct command_line *line, const char *method, const char *path, json_t *body, json_t **ret_answer);

#endif
