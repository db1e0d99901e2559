/* A CA of its own in a folder that goes away, and its signer asked by frames: no network, no front. */
#include "folder.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca/commands.h"

static char dir[] = "/tmp/nameplate-test-XXXXXX";
struct ca_settings settings;
struct signer *signer;

static const struct command_flag flags[] = {
    { "dir", "DIR", dir, "" },        { "name", "N", "Test", "" },       { "organization", "N", NULL, "" },
    { "key-type", "T", "p256", "" },  { "root-years", "Y", "30", "" },   { "ca-years", "Y", "20", "" },
    { "listen", "A", "127.0.0.1:0", "" }, { "hosts", "H", NULL, "" },    { "config", "F", NULL, "" },
    { "reason", "R", "key-compromise", "" }, { NULL, NULL, NULL, NULL },
};
static int load(const struct command_line *line) { return ca_settings_load(line, &settings, NULL) == OK ? 0 : 1; }
static const struct command commands[] = {
    { .verb = "init", .operands = "", .run = command_init, .flags = flags, .help = "" },
    { .verb = "revoke", .operands = "NUMBER", .least_args = 1, .most_args = 1, .run = command_revoke, .flags = flags, .help = "" },
    { .verb = "load", .operands = "", .run = load, .flags = flags, .help = "" },
    { .verb = NULL },
};

int folder_run(const char *verb, const char *operand)
{
    static const struct command_area area = { .name = "ca", .help = "", .commands = commands };
    char program[] = "ca", word[8], what[40];
    snprintf(word, sizeof word, "%s", verb);
    snprintf(what, sizeof what, "%s", operand == NULL ? "" : operand);
    char *argv[] = { program, word, operand == NULL ? NULL : what, NULL };
    int out = dup(STDOUT_FILENO), none = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(stdout);
    dup2(none, STDOUT_FILENO);
    int status = command_main(&area, operand == NULL ? 2 : 3, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(none);
    return status;
}

static enum err add_order(const char *name, const char *model, int64_t quantity)
{
    struct register_order o = { .quantity = quantity, .created_s = 1 };
    snprintf(o.name, sizeof o.name, "%s", name);
    snprintf(o.factory, sizeof o.factory, "factory-1");
    snprintf(o.model, sizeof o.model, "%s", model);
    return register_order_add(signer->db, &o, NULL);
}

int folder_begin(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL || folder_run("init", NULL) != 0 || folder_run("load", NULL) != 0)
        return -1;
    settings.workers = 2;
    if (ca_signer_new(&settings, &signer, NULL) != OK)
        return -1;
    return add_order("big", "3012", 3000) != OK || add_order("small", "3014", 3) != OK ? -1 : 0;
}

int folder_end(void **state)
{
    char command[128];
    (void)state;
    ca_signer_free(signer);
    buf_wipe(&question);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

/* --- Asking --- */

struct buf question;
static size_t mark;
int64_t last_tag;

int64_t folder_ask(unsigned kind, int64_t tag)
{
    buf_clear(&question);
    assert_ok(frame_begin(&question, (uint16_t)kind, &mark));
    assert_ok(frame_put_int(&question, tag));
    return tag;
}

void folder_text(const char *value) { assert_ok(frame_put_text(&question, value)); }

void folder_send(void)
{
    uint16_t kind;
    struct frame_reader fields;
    size_t used;
    assert_ok(frame_end(&question, mark));
    buf_clear(&signer->out);
    assert_ok(frame_next(buf_span(&question), &kind, &fields, &used));
    ca_signer_handle(signer, kind, fields);
}

unsigned folder_answer(int64_t tag, struct frame_reader *ret_fields)
{
    uint16_t kind;
    size_t used = 0;
    assert_ok(frame_next(buf_span(&signer->out), &kind, ret_fields, &used));
    assert_true(used != 0);
    assert_int_equal(frame_int(ret_fields), tag);
    return kind;
}

void folder_assert_refused(int64_t tag, enum err err, const char *says)
{
    struct frame_reader fields;
    char name[32], reason[512];
    assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_ERROR);
    frame_text(&fields, sizeof name, name);
    frame_text(&fields, sizeof reason, reason);
    assert_string_equal(name, err_row(err)->name);
    assert_non_null(strstr(reason, says));
}

int64_t folder_ask_batch(const char *requester, const char *id, const char *model, int first, int n)
{
    int64_t tag = folder_ask(CA_REQUEST_OPEN, ++last_tag);
    folder_text(requester);
    folder_text(id);
    folder_send();
    assert_int_equal(signer->out.len, 0);
    folder_ask(CA_REQUEST_NUMBERS, tag);
    assert_ok(frame_put_int(&question, n));
    for (int i = 0; i < n; i++) {
        char number[40];
        snprintf(number, sizeof number, "%s-%06d", model, first + i);
        folder_text(number);
    }
    folder_send();
    folder_ask(CA_REQUEST_CHECK, tag);
    folder_send();
    return tag;
}

void folder_close_batch(int64_t tag)
{
    folder_ask(CA_REQUEST_CLOSE, tag);
    folder_send();
    assert_int_equal(signer->out.len, 0);
}

int folder_next(int64_t tag, struct buf *packs, bool *ret_all)
{
    int total = 0;
    int64_t what = CA_PACKS_MORE;
    folder_ask(CA_REQUEST_NEXT, tag);
    folder_send();
    for (struct span rest = buf_span(&signer->out); rest.n != 0;) {
        uint16_t kind;
        struct frame_reader fields;
        size_t used;
        assert_ok(frame_next(rest, &kind, &fields, &used));
        assert_int_equal(kind, CA_ANSWER_PACKS);
        rest = span_of(rest.at + used, rest.n - used);
        assert_int_equal(frame_int(&fields), tag);
        what = frame_int(&fields);
        int64_t n = frame_int(&fields);
        for (int64_t i = 0; i < n; i++, total++) {
            (void)frame_bytes(&fields);
            (void)frame_bytes(&fields);
            assert_ok(buf_put_span(packs, frame_bytes(&fields)));
        }
        assert_ok(frame_finish(&fields, NULL));
    }
    *ret_all = what == CA_PACKS_ALL;
    return total;
}

int folder_collect(int64_t tag, struct buf *packs)
{
    int total = 0;
    for (bool all = false; !all;)
        total += folder_next(tag, packs, &all);
    return total;
}

void folder_assert_accepted(int64_t tag, int n)
{
    struct frame_reader fields;
    assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_ACCEPTED);
    assert_int_equal(frame_int(&fields), n);
}

void folder_restart(void)
{
    ca_signer_free(signer);
    assert_ok(ca_signer_new(&settings, &signer, NULL));
}
