/* The signer, asked by frames: no network, no front, a CA of its own in a folder that goes away. */
#include "../test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca/commands.h"
#include "ca/signer.h"
#include "pki/verify.h"

static char dir[] = "/tmp/nameplate-test-XXXXXX";
static struct ca_settings settings;
static struct signer *signer;

static const struct command_flag flags[] = {
    { "dir", "DIR", dir, "" },        { "name", "N", "Test", "" },       { "organization", "N", NULL, "" },
    { "key-type", "T", "p256", "" },  { "root-years", "Y", "30", "" },   { "ca-years", "Y", "20", "" },
    { "listen", "A", "127.0.0.1:0", "" }, { "hosts", "H", NULL, "" },    { "config", "F", NULL, "" }, { NULL, NULL, NULL, NULL },
};
static int load(const struct command_line *line) { return ca_settings_load(line, &settings, NULL) == OK ? 0 : 1; }
static const struct command commands[] = {
    { .verb = "init", .operands = "", .run = command_init, .flags = flags, .help = "" },
    { .verb = "load", .operands = "", .run = load, .flags = flags, .help = "" },
    { .verb = NULL },
};

static int run(const char *verb)
{
    static const struct command_area area = { .name = "ca", .help = "", .commands = commands };
    char program[] = "ca", word[8];
    snprintf(word, sizeof word, "%s", verb);
    char *argv[] = { program, word, NULL };
    int out = dup(STDOUT_FILENO), none = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(stdout);
    dup2(none, STDOUT_FILENO);
    int status = command_main(&area, 2, argv);
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

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL || run("init") != 0 || run("load") != 0)
        return -1;
    settings.workers = 2;
    if (ca_signer_new(&settings, &signer, NULL) != OK)
        return -1;
    return add_order("big", "3012", 3000) != OK || add_order("small", "3014", 3) != OK ? -1 : 0;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    ca_signer_free(signer);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

/* --- Asking --- */

static struct buf question;
static size_t mark;
static int64_t last_tag;

static int64_t ask(unsigned kind, int64_t tag)
{
    buf_clear(&question);
    assert_ok(frame_begin(&question, (uint16_t)kind, &mark));
    assert_ok(frame_put_int(&question, tag));
    return tag;
}

static void text(const char *value) { assert_ok(frame_put_text(&question, value)); }

static void send(void)
{
    uint16_t kind;
    struct frame_reader fields;
    size_t used;
    assert_ok(frame_end(&question, mark));
    buf_clear(&signer->out);
    assert_ok(frame_next(buf_span(&question), &kind, &fields, &used));
    ca_signer_handle(signer, kind, fields);
}

/* The first answer's kind; its fields behind the tag. */
static unsigned answer(int64_t tag, struct frame_reader *ret_fields)
{
    uint16_t kind;
    size_t used = 0;
    assert_ok(frame_next(buf_span(&signer->out), &kind, ret_fields, &used));
    assert_true(used != 0);
    assert_int_equal(frame_int(ret_fields), tag);
    return kind;
}

static void assert_refused(int64_t tag, enum err err, const char *says)
{
    struct frame_reader fields;
    char name[32], reason[512];
    assert_int_equal(answer(tag, &fields), CA_ANSWER_ERROR);
    frame_text(&fields, sizeof name, name);
    frame_text(&fields, sizeof reason, reason);
    assert_string_equal(name, err_row(err)->name);
    assert_non_null(strstr(reason, says));
}

/* Sends a batch of n numbers MODEL-000001... under a message id, up to CHECK; the tag. */
static int64_t ask_batch(const char *requester, const char *id, const char *model, int first, int n)
{
    int64_t tag = ask(CA_REQUEST_OPEN, ++last_tag);
    text(requester);
    text(id);
    send();
    assert_int_equal(signer->out.len, 0);
    ask(CA_REQUEST_NUMBERS, tag);
    assert_ok(frame_put_int(&question, n));
    for (int i = 0; i < n; i++) {
        char number[40];
        snprintf(number, sizeof number, "%s-%06d", model, first + i);
        text(number);
    }
    send();
    ask(CA_REQUEST_CHECK, tag);
    send();
    return tag;
}

static void close_batch(int64_t tag)
{
    ask(CA_REQUEST_CLOSE, tag);
    send();
    assert_int_equal(signer->out.len, 0);
}

/* All packs of an accepted batch, one behind the other. */
static int collect(int64_t tag, struct buf *packs)
{
    int total = 0;
    for (int64_t what = CA_PACKS_MORE; what != CA_PACKS_ALL;) {
        ask(CA_REQUEST_NEXT, tag);
        send();
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
    }
    return total;
}

static void assert_accepted(int64_t tag, int n)
{
    struct frame_reader fields;
    assert_int_equal(answer(tag, &fields), CA_ANSWER_ACCEPTED);
    assert_int_equal(frame_int(&fields), n);
}

static void restart(void)
{
    ca_signer_free(signer);
    assert_ok(ca_signer_new(&settings, &signer, NULL));
}

/* --- Tests --- */

static void a_repeated_request_gives_the_same_packs_after_a_restart_too(void **state) /* F-4, I10 */
{
    (void)state;
    struct buf packs[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            restart();
        int64_t tag = ask_batch("factory-1", "repeat", "3012", 1, 700);
        assert_accepted(tag, 700);
        assert_int_equal(collect(tag, &packs[i]), 700);
        close_batch(tag);
    }
    assert_true(packs[0].len > 700 * 1000);
    assert_true(span_equal(buf_span(&packs[0]), buf_span(&packs[1])));
    assert_true(span_equal(buf_span(&packs[0]), buf_span(&packs[2])));
    for (int i = 0; i < 3; i++)
        buf_wipe(&packs[i]);
}

static void a_batch_broken_off_half_way_is_taken_up_where_it_was(void **state) /* I9, I10 */
{
    (void)state;
    struct buf packs = BUF_INIT;
    int64_t tag = ask_batch("factory-1", "half", "3012", 1001, 600);
    assert_accepted(tag, 600);
    ask(CA_REQUEST_NEXT, tag);
    send();
    struct buf first = BUF_INIT;
    assert_ok(buf_put_span(&first, buf_span(&signer->out)));
    restart();
    tag = ask_batch("factory-1", "half", "3012", 1001, 600);
    assert_accepted(tag, 600);
    ask(CA_REQUEST_NEXT, tag);
    send();
    assert_int_equal(first.len, signer->out.len);
    assert_memory_equal(first.data + 14, signer->out.data + 14, first.len - 14); /* but for the tag */
    ask(CA_REQUEST_NEXT, tag);
    send();
    close_batch(tag);
    buf_wipe(&packs);
    buf_wipe(&first);
}

static enum err found(void *context, const struct register_certificate *c)
{
    (void)context;
    (void)c;
    return OK;
}

static void every_pack_holds_a_certificate_for_its_number_that_verifies(void **state) /* F-25, M-8 */
{
    (void)state;
    AUTO_WIPED_BUF packs = BUF_INIT;
    AUTO_CERT cert = NULL;
    AUTO_KEY key = NULL;
    AUTO_TRUST trust = NULL;
    struct pack pack;
    int64_t tag = ask_batch("factory-1", "verify", "3012", 2001, 1);
    assert_accepted(tag, 1);
    assert_int_equal(collect(tag, &packs), 1);
    assert_ok(pack_decode(buf_span(&packs), &pack, NULL));
    assert_string_equal(pack.number.text, "3012-002001");
    assert_ok(cert_from_der(pack.certificate, &cert, NULL));
    assert_ok(key_from_pkcs8(pack.private_key, &key, NULL));
    assert_true(cert_matches_key(cert, key));
    assert_ok(trust_new(&trust));
    assert_ok(trust_add_roots(trust, pack.root, NULL));
    assert_ok(trust_add_intermediates(trust, pack.intermediates[0], NULL));
    int64_t from, to;
    cert_times(cert, &from, &to);
    assert_ok(verify_certificate(trust, cert, &(struct verify_request){ .profile = VERIFY_DEVICE, .now_s = from + 1 }, NULL));
    close_batch(tag);
    assert_ok(register_certificate_find(signer->db, "device", "3012-002001", found, NULL, NULL)); /* I5 */
}

static enum err count_entry(void *context, int64_t n, const struct audit_entry *e)
{
    (void)n;
    (void)e;
    ++*(int64_t *)context;
    return OK;
}

static int64_t count_audit(const char *subject)
{
    int64_t n = 0;
    assert_ok(register_audit_list(signer->db, subject, count_entry, &n, NULL));
    return n;
}

static void one_refused_number_refuses_all_and_nothing_is_issued(void **state) /* I11, I1 */
{
    (void)state;
    int64_t tag = ask_batch("factory-1", "over", "3014", 1, 4);
    assert_refused(tag, ERR_OVER_ORDER, "3014-000004");
    assert_int_equal(count_audit("3014-000001"), 0);
    tag = ask_batch("factory-1", "fits", "3014", 1, 3);
    assert_accepted(tag, 3);
    close_batch(tag);
    tag = ask_batch("factory-1", "fits", "3014", 2, 2);
    assert_refused(tag, ERR_CONFLICT, "other device numbers");
    tag = ask_batch("factory-1", "again", "3014", 2, 1);
    assert_refused(tag, ERR_LIVE_IDENTITY, "3014-000002");
    tag = ask_batch("factory-2", "other", "3014", 9, 1);
    assert_refused(tag, ERR_NO_ORDER, "factory-2");
    tag = ask_batch("factory-1", "empty", "3014", 9, 0);
    assert_refused(tag, ERR_BAD_INPUT, "no device number");
}

static void a_request_whose_packs_were_not_all_made_cannot_be_confirmed(void **state) /* I9 */
{
    (void)state;
    int64_t tag = ask_batch("factory-1", "early", "3012", 2201, 2);
    assert_accepted(tag, 2);
    close_batch(tag);
    tag = ask(CA_REQUEST_CONFIRM, ++last_tag);
    text("factory-1");
    text("early");
    send();
    assert_refused(tag, ERR_BAD_TRANSITION, "2 packs");
}

static void confirmed_keys_are_destroyed_and_not_given_out_again(void **state) /* I2, I14 */
{
    (void)state;
    AUTO_WIPED_BUF packs = BUF_INIT;
    int64_t tag = ask_batch("factory-1", "confirm", "3012", 2101, 2);
    assert_accepted(tag, 2);
    assert_int_equal(collect(tag, &packs), 2);
    close_batch(tag);
    for (int i = 0; i < 2; i++) { /* twice: I10 */
        struct frame_reader fields;
        tag = ask(CA_REQUEST_CONFIRM, ++last_tag);
        text("factory-1");
        text("confirm");
        send();
        assert_int_equal(answer(tag, &fields), CA_ANSWER_DONE);
    }
    tag = ask_batch("factory-1", "confirm", "3012", 2101, 2);
    assert_refused(tag, ERR_CONFLICT, "destroyed");
}

static void a_request_out_of_turn_or_unknown_is_refused(void **state)
{
    (void)state;
    int64_t tag = ask(CA_REQUEST_NEXT, ++last_tag);
    send();
    assert_refused(tag, ERR_NOT_ALLOWED, "next");
    tag = ask(77, ++last_tag);
    send();
    assert_refused(tag, ERR_UNSUPPORTED, "77");
    tag = ask(CA_REQUEST_OPEN, ++last_tag);
    text("factory-1");
    send();
    assert_refused(tag, ERR_BAD_INPUT, "frame");
}

static void bootstrap_packs_are_made_once_and_given_again(void **state) /* M-8, F-22 */
{
    (void)state;
    AUTO_WIPED_BUF first = BUF_INIT;
    for (int i = 0; i < 2; i++) {
        struct frame_reader fields;
        struct pack pack;
        int64_t tag = ask(CA_REQUEST_BOOTSTRAP, ++last_tag);
        text("factory-1");
        text("3012");
        send();
        assert_int_equal(answer(tag, &fields), CA_ANSWER_PACK);
        struct span bytes = frame_bytes(&fields);
        assert_ok(pack_decode(bytes, &pack, NULL));
        assert_string_equal(pack.number.text, "3012-BOOTSTRAP");
        if (i == 0)
            assert_ok(buf_put_span(&first, bytes));
        else
            assert_true(span_equal(buf_span(&first), bytes));
    }
    int64_t tag = ask(CA_REQUEST_BOOTSTRAP, ++last_tag);
    text("factory-1");
    text("9999");
    send();
    assert_refused(tag, ERR_NO_ORDER, "9999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_request_gives_the_same_packs_after_a_restart_too),
        cmocka_unit_test(a_batch_broken_off_half_way_is_taken_up_where_it_was),
        cmocka_unit_test(every_pack_holds_a_certificate_for_its_number_that_verifies),
        cmocka_unit_test(one_refused_number_refuses_all_and_nothing_is_issued),
        cmocka_unit_test(a_request_whose_packs_were_not_all_made_cannot_be_confirmed),
        cmocka_unit_test(confirmed_keys_are_destroyed_and_not_given_out_again),
        cmocka_unit_test(a_request_out_of_turn_or_unknown_is_refused),
        cmocka_unit_test(bootstrap_packs_are_made_once_and_given_again),
    };
    int failed = cmocka_run_group_tests_name("signer", tests, begin, end);
    buf_wipe(&question);
    return failed;
}
