/* Programs for devices (M-8): kept as files, signed by the centre. */
#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "center/api.h"
#include "center/check.h"
#include "field/letter.h"

static enum err add_program(void *context, const struct center_program *p)
{
    char sha256[2 * sizeof p->sha256 + 1], added[CLOCK_TEXT_SIZE];
    hex_encode(p->sha256, sizeof p->sha256, sha256);
    return api_push(context, json_pack("{s:s,s:I,s:s,s:s}", "version", p->version, "size", (json_int_t)p->size, "sha256", sha256,
                                       "added", console_time(p->added_s, added)));
}

enum err api_program_list(struct api_call *call, struct why *why)
{
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return center_program_list(call->service->people.db, add_program, rows, why);
}

/* The file first, then its row: a crash between leaves a file that the next attempt replaces. */
static enum err keep_file(const struct console *c, const char *version, struct span bytes, struct why *why)
{
    char path[SETTING_TEXT_SIZE + LIMIT_NAME + 2];
    enum err err = file_make_dir(c->settings->programs, why);
    if (err == OK)
        err = file_join(c->settings->programs, version, sizeof path, path);
    return err != OK ? err : file_replace(path, bytes, 0644, why);
}

static enum err make_signature(const struct console *c, const struct center_program *p, struct buf *to, struct why *why)
{
    const struct fetch_program_request what = { .version = p->version,
                                                .size = p->size,
                                                .sha256 = span_of(p->sha256, sizeof p->sha256) };
    return letter_sign_program(c->credentials->key, &what, to, why);
}

static enum err nothing(void *context, const struct center_program *p)
{
    (void)context;
    (void)p;
    return OK;
}

/* A version is never another file later: devices may be fetching it. */
static enum err check_new(struct api_call *call, struct why *why)
{
    enum err err = check_version(call->rest, why);
    if (err == OK && strlen(call->rest) > LIMIT_NAME)
        err = why_set(why, ERR_BAD_INPUT, "a version has %d characters at most", LIMIT_NAME);
    if (err == OK && call->body.n == 0)
        err = why_set(why, ERR_BAD_INPUT, "the program is empty");
    if (err != OK)
        return err;
    err = center_program_find(call->service->people.db, call->rest, nothing, NULL, why);
    if (err == OK)
        return why_set(why, ERR_EXISTS, "there is a program %s already: another file needs another version", call->rest);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err api_program_add(struct api_call *call, struct why *why)
{
    const struct console *c = console_of(call);
    struct center_program p = { .size = (int64_t)call->body.n, .added_s = clock_wall_s() };
    char sha256[2 * sizeof p.sha256 + 1], detail[96];
    AUTO_BUF signature = BUF_INIT;
    enum err err = check_new(call, why);
    if (err != OK)
        return err;
    snprintf(p.version, sizeof p.version, "%s", call->rest);
    cert_fingerprint_der(call->body, p.sha256);
    hex_encode(p.sha256, sizeof p.sha256, sha256);
    err = make_signature(c, &p, &signature, why);
    if (err == OK)
        err = keep_file(c, p.version, call->body, why);
    p.signature = buf_span(&signature);
    if (err == OK)
        err = db_begin(c->db, why);
    if (err == OK)
        err = center_program_add(c->db, &p, why);
    call->answer = json_pack("{s:s,s:I,s:s}", "version", p.version, "size", (json_int_t)p.size, "sha256", sha256);
    snprintf(detail, sizeof detail, "sha256=%s", sha256);
    return api_commit(call, err, "program", p.version, detail, why);
}
