/* I5: what is signed outside a batch is on record before it is signed. */
#include "folder.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/record.h"
#include "pki/profile.h"

static enum err found(void *context, const struct register_certificate *c)
{
    (void)context;
    (void)c;
    return OK;
}

struct body_count {
    int64_t signed_n, unsigned_n;
};

static bool contains(struct span in, struct span what)
{
    return memmem(in.at, in.n, what.at, what.n) != NULL;
}

static enum err count_body(void *context, const struct register_certificate *c)
{
    struct body_count *count = context;
    assert_true(c->serial.n > 8 && c->tbs.n > 100);
    assert_true(contains(c->tbs, c->serial));
    assert_true(c->der.n == 0 || contains(c->der, c->tbs)); /* what is signed is what was on record */
    *(c->der.n == 0 ? &count->unsigned_n : &count->signed_n) += 1;
    return OK;
}

static struct body_count count_bodies(const char *subject)
{
    struct body_count count = { 0 };
    assert_ok(register_body_list(signer->db, subject, count_body, &count, NULL));
    return count;
}

static void what_was_signed_outside_a_batch_was_on_record_as_it_was_signed(void **state) /* I5 */
{
    (void)state;
    folder_ask(CA_REQUEST_BOOTSTRAP, ++last_tag);
    folder_text("factory-1");
    folder_text("3012");
    folder_send();
    static const char *const subjects[] = { "root", "identity", "bootstrap", "infrastructure", "ca:ca", "3012-BOOTSTRAP" };
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct body_count count = count_bodies(subjects[i]);
        assert_int_equal(count.signed_n, 1);
        assert_int_equal(count.unsigned_n, 0);
    }
}

static enum err record_and_die(void *context, struct span serial, struct span tbs, struct why *why)
{
    if (record_body(context, serial, tbs, why) == OK)
        raise(SIGKILL);
    return ERR_BUG;
}

/* In a process of its own: a bootstrap certificate whose maker is killed when its body is on record. */
static void issue_and_die(struct db *db)
{
    AUTO_KEY key = NULL;
    AUTO_BUF spki = BUF_INIT;
    struct profile *profile = NULL;
    struct cert *cert = NULL;
    const struct authority *ca = &signer->ca.of[AUTHORITY_BOOTSTRAP];
    const struct record r = { .kind = "bootstrap", .subject = "3099-BOOTSTRAP", .issuer = "bootstrap", .requester = "factory-1",
                              .actor = "test", .state = LIFE_STORED };
    struct record_body body = { db, &r };
    if (profile_load(buf_span(&signer->profiles), "bootstrap", &profile, NULL) != OK || key_generate(KEY_P256, &key, NULL) != OK ||
        key_spki(key, &spki) != OK)
        _exit(1);
    const struct cert_order order = { .profile = profile, .common_name = "3099 bootstrap", .urn = "urn:nameplate:bootstrap:3099",
                                      .spki = buf_span(&spki), .not_before = 1, .not_after = -1, .on_body = record_and_die,
                                      .context = &body };
    _exit(cert_issue(&order, ca->cert, ca->key, &cert, NULL) == OK ? 2 : 3);
}

static void a_signer_killed_before_it_signs_leaves_what_it_would_have_signed(void **state) /* I5 */
{
    (void)state;
    char path[PATH_MAX];
    int status = 0;
    struct db *db = NULL;
    ca_path(&settings, "register.db", path);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (register_open(path, DB_READ_WRITE, &db, NULL) == OK)
            issue_and_die(db);
        _exit(4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct body_count count = count_bodies("3099-BOOTSTRAP");
    assert_int_equal(count.unsigned_n, 1);
    assert_int_equal(count.signed_n, 0);
    assert_err(register_certificate_find(signer->db, "bootstrap", "3099-BOOTSTRAP", found, NULL, NULL), ERR_NOT_FOUND);
}

static void a_certificate_whose_body_was_never_on_record_is_refused_by_the_register(void **state) /* I5 */
{
    (void)state;
    uint8_t serial[16] = { 0x41 }, fingerprint[32] = { 7 };
    struct register_certificate c = { .kind = "infrastructure", .subject = "station:x", .issuer = "infrastructure", .requester = "x",
                                      .state = LIFE_WRITTEN, .serial = span_of(serial, sizeof serial), .created_s = 1,
                                      .fingerprint = span_of(fingerprint, sizeof fingerprint), .der = span_text("der") };
    int64_t id;
    assert_true(register_certificate_add(signer->db, &c, &id, NULL) != OK);
    c.tbs = span_text("tbs");
    assert_ok(register_body_add(signer->db, &c, NULL));
    assert_ok(register_certificate_add(signer->db, &c, &id, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_outside_a_batch_was_on_record_as_it_was_signed),
        cmocka_unit_test(a_signer_killed_before_it_signs_leaves_what_it_would_have_signed),
        cmocka_unit_test(a_certificate_whose_body_was_never_on_record_is_refused_by_the_register),
    };
    return cmocka_run_group_tests_name("record", tests, folder_begin, folder_end);
}
