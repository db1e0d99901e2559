/* The commands' side of a program's JSON service. */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include <jansson.h>

#include "base/span.h"
#include "conf/command.h"
#include "api/service.h"
#include "api/settings.h"
#include "store/db_move.h"
#include "tls/tls.h"

enum { API_PATH = 1024 };

/* Whose service it is: all that the commands which each program has need to know of it. */
struct api_program {
    const char *area, *title; /* "factory", "factory server" */
    enum role role;           /* of its certificate */

    const struct setting_row *rows; /* of its settings */
    const size_t *rows_n;
    size_t settings_size; /* of a struct that begins with a struct api_settings */
    enum err (*read)(const char *path, void *ret_settings, struct why *why);

    enum err (*open)(const char *place, enum db_mode mode, struct db **ret_db, struct why *why); /* its database */
    struct people (*people)(struct db *db);
    enum err (*audit)(struct db *db, const struct audit_entry *entry, struct why *why);
    db_move_fn *move; /* from the file into PostgreSQL */

    const struct api_table *table;
    enum err (*prepare)(const char *dir, struct why *why); /* init: what its folder has besides */
    /* serve --check-config: what serving needs besides; the database is open for reading. */
    enum err (*check)(const void *settings, struct db *db, struct why *why);
    int (*serve)(const char *config); /* until SIGTERM; exit status */
};

struct api_client {
    const struct api_program *program;
    struct api_settings place; /* where it is found: its root, and the database beside which it leaves its address (DATABASE.admin)
                                * and a log-in its session (DATABASE.session) */
    char base[SETTING_TEXT_SIZE + 128]; /* "https://127.0.0.1:8442/api/v1" */
    char authorization[128];            /* "Authorization: Bearer ..." */
    struct tls_context *tls;
    struct http_keep *keep; /* its connection */
    bool once; /* the session is for this command only: api_close ends it */
};

/* DIR/nameplate.conf of --dir, or --config. Errors: USAGE. */
enum err api_config_path(const struct command_line *line, char ret_path[API_PATH], struct why *why) MUST_CHECK;

/* What the settings there say of the part that each program has. Errors: USAGE, those of program->read. */
enum err api_settings_of(const struct api_program *program, const struct command_line *line, struct api_settings *ret_settings,
                         struct why *why) MUST_CHECK;

/* Finds the service and logs in: by --user and --password-file, or the session that `login` left. */
enum err api_open(const struct api_program *program, const struct command_line *line, struct api_client *ret_client,
                  struct why *why) MUST_CHECK;
void api_close(struct api_client *client);

/* *ret_answer is the caller's; on an error of the service it is its answer too (mistakes), else NULL. */
enum err api_ask(struct api_client *client, const char *method, const char *path, const json_t *body, json_t **ret_answer,
                 struct why *why) MUST_CHECK;
enum err api_send(struct api_client *client, const char *method, const char *path, const char *type, struct span body,
                  json_t **ret_answer, struct why *why) MUST_CHECK;

/* One question with its log-in; prints the error. `body` is taken over. Exit status; *ret_answer NULL unless 0. */
int api_run(const struct api_program *program, const struct command_line *line, const char *method, const char *path,
            json_t *body, json_t **ret_answer);
/* command_fail, with how to log in when that is what is missing. */
int api_fail(const struct api_program *program, const struct command_line *line, enum err err, const struct why *why);

/* Appends "?name=value" or "&name=value" to a path, percent-encoded; nothing when value is NULL or too much for it. */
void api_add_query(char *path, size_t size, const char *name, const char *value);
/* The same as a step of the path: "/" and the word. */
void api_add_step(char *path, size_t size, const char *word);

/* --- Printing rows --- */

/* Control characters of all texts become '?': what devices and boards say of themselves goes to a person's terminal. */
void api_make_plain(json_t *answer);
const char *api_member(const json_t *row, const char *name); /* "" when it is no text */
long long api_number(const json_t *row, const char *name);   /* 0 when it is no number */
/* GETs {"rows": [...]} and prints these members of each row, two spaces between: a boolean as name=yes. */
int api_list(const struct api_program *program, const struct command_line *line, const char *path, const char *const *columns,
             size_t n);
/* As "FILE:LINE:COLUMN: reason", from {"mistakes": [...], "more": true}, to standard error. */
void api_print_mistakes(const char *file, const json_t *answer);
void api_print_json(const json_t *answer); /* indented, to standard output */

/* --- Commands that each program has; the context of its command_area is its struct api_program --- */

int api_command_init(const struct command_line *line);
int api_command_enrol(const struct command_line *line);
int api_command_serve(const struct command_line *line);
int api_command_login(const struct command_line *line);
int api_command_operator_add(const struct command_line *line);
int api_command_operator_list(const struct command_line *line);
int api_command_operator_disable(const struct command_line *line);
int api_command_operator_password(const struct command_line *line);
int api_command_database_move(const struct command_line *line); /* the server is off; nobody logs in */

#endif
