#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "pki/profile.h"

static void the_built_in_profiles_are_clean(void **state)
{
    (void)state;
    static const char *const names[] = { "idevid", "gateway", "bootstrap", "infrastructure", "root", "issuing" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct profile *profile;
        struct why why = { 0 };
        assert_ok(profile_load(profile_builtin_text(), names[i], &profile, &why));
        enum err err = profile_lint(profile, &why);
        assert_string_equal(why_text(&why, err), "done");
        profile_free(profile);
    }
}

/* One line of a built-in profile replaced, and what the refusal must name. */
static const struct {
    const char *profile, *from, *to, *setting, *clause;
} mistakes[] = {
    { "idevid", "keyUsage = critical,digitalSignature", "keyUsage = digitalSignature", "keyUsage", "4.2.1.3" },
    { "idevid", "keyUsage = critical,digitalSignature", "", "keyUsage (absent)", "4.2.1.3" },
    { "idevid", "keyUsage = critical,digitalSignature", "keyUsage = critical,digitalSignature,keyCertSign", "keyUsage", "4.2.1.3" },
    { "idevid", "keyUsage = critical,digitalSignature", "keyUsage = critical,nonsense", "keyUsage", "4.2.1.3" },
    { "idevid", "keyUsage = critical,digitalSignature", "keyUsage = critical,keyAgreement", "keyUsage", "802.1AR" },
    { "idevid", "extendedKeyUsage = clientAuth", "extendedKeyUsage = clientAuth,anyExtendedKeyUsage", "extendedKeyUsage", "4.2.1.12" },
    { "idevid", "extendedKeyUsage = clientAuth", "extendedKeyUsage = serverAuth", "extendedKeyUsage", "4.2.1.12" },
    { "gateway", "extendedKeyUsage = serverAuth,clientAuth", "extendedKeyUsage = serverAuth", "extendedKeyUsage", "4.2.1.12" },
    { "gateway", "extendedKeyUsage = serverAuth,clientAuth", "extendedKeyUsage = serverAuth,clientAuth,codeSigning", "extendedKeyUsage", "4.2.1.12" },
    { "idevid", "extendedKeyUsage = clientAuth", "", "extendedKeyUsage", "4.2.1.12" },
    { "idevid", "use = device", "use = device\nbasicConstraints = critical,CA:TRUE", "basicConstraints", "4.2.1.9" },
    { "idevid", "authorityKeyIdentifier = keyid", "", "authorityKeyIdentifier", "4.2.1.1" },
    { "idevid", "subjectKeyIdentifier = hash", "", "subjectKeyIdentifier", "4.2.1.2" },
    { "idevid", "subject.serialNumber = number", "", "subject.serialNumber", "802.1AR" },
    { "idevid", "subject.commonName = number", "subject.commonName = printer", "subject.commonName", "number or none" },
    { "idevid", "days = forever", "days = -1", "days", "4.1.2.5" },
    { "idevid", "days = forever", "days = 0", "days", "4.1.2.5" },
    { "idevid", "days = forever", "days = soon", "days", "number of days" },
    { "idevid", "days = forever", "seconds = 0", "seconds", "1 to 86400" },
    { "idevid", "days = forever", "seconds = 86401", "seconds", "1 to 86400" },
    { "idevid", "days = forever", "seconds = soon", "seconds", "1 to 86400" },
    { "idevid", "days = forever", "days = 1\nseconds = 60", "seconds", "days are given too" },
    { "idevid", "key = p256", "key = rsa1024", "key", "p256" },
    { "idevid", "key = p256", "key = p256\nserialBytes = 21", "serialBytes", "4.1.2.2" },
    { "idevid", "key = p256", "key = p256\nserialBytes = 4", "serialBytes", "64 random bits" },
    { "idevid", "key = p256", "key = p256\n1.2.3.4 = critical,DER:0500", "1.2.3.4", "RFC 5280 4.2" },
    { "idevid", "key = p256", "key = p256\ncolour = blue", "colour", "no such setting" },
    { "idevid", "hardwareType = 1.3.6.1.4.1.32473.1", "hardwareType = printer", "hardwareType", "RFC 4108" },
    { "idevid", "subject.organizationName = Example Devices", "subject.countryName = Japan", "subject.countryName", "A.1" },
    { "idevid", "use = device", "use = printer", "use", "must be device" },
    { "root", "basicConstraints = critical,CA:TRUE", "basicConstraints = CA:TRUE", "basicConstraints", "4.2.1.9" },
    { "root", "basicConstraints = critical,CA:TRUE", "basicConstraints = critical,CA:TRUE,pathlen:0", "basicConstraints", "4.2.1.9" },
    { "issuing", "basicConstraints = critical,CA:TRUE,pathlen:0", "", "basicConstraints", "4.2.1.9" },
    { "issuing", "basicConstraints = critical,CA:TRUE,pathlen:0", "basicConstraints = critical,CA:TRUE", "basicConstraints", "4.2.1.9" },
    { "issuing", "keyUsage = critical,keyCertSign,cRLSign", "keyUsage = critical,keyCertSign", "keyUsage", "4.2.1.3" },
};

/* The built-in text with the first `from` behind the section's head replaced. */
static void put_changed(const char *section, const char *from, const char *to, struct buf *text)
{
    AUTO_BUF builtin = BUF_INIT;
    char head[64];
    assert_ok(buf_put_span(&builtin, profile_builtin_text()));
    const char *all = buf_text(&builtin);
    assert_true(snprintf(head, sizeof head, "[%s]", section) > 0);
    const char *at = strstr(strstr(all, head), from);
    assert_non_null(at);
    assert_ok(buf_put(text, all, (size_t)(at - all)));
    assert_ok(buf_put_text(text, to));
    assert_ok(buf_put_text(text, at + strlen(from)));
}

static void each_mistake_in_a_profile_is_refused_with_its_setting_and_clause(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct profile *profile = NULL;
        struct why why = { 0 };
        AUTO_BUF text = BUF_INIT;
        put_changed(mistakes[i].profile, mistakes[i].from, mistakes[i].to, &text);
        enum err err = profile_load(buf_span(&text), mistakes[i].profile, &profile, &why);
        if (err == OK)
            err = profile_lint(profile, &why);
        if (err != ERR_BAD_PROFILE || strstr(why.text, mistakes[i].setting) == NULL || strstr(why.text, mistakes[i].clause) == NULL)
            fail_msg("%s -> %s: %s", mistakes[i].from, mistakes[i].to, why_text(&why, err));
        profile_free(profile);
    }
}

static void a_profile_that_is_not_there_and_a_file_that_cannot_be_read_are_told_apart(void **state)
{
    (void)state;
    struct profile *profile;
    struct why why;
    assert_err(profile_load((struct span){ 0 }, "printer", &profile, &why), ERR_NOT_FOUND);
    assert_err(profile_load((struct span){ 0 }, "", &profile, &why), ERR_NOT_FOUND);
    assert_err(profile_load(span_text("[a]\nuse = device\n[broken\n"), "a", &profile, &why), ERR_BAD_PROFILE);
    assert_non_null(strstr(why.text, "line 3"));
    assert_err(profile_load(span_text(".include /etc/passwd\n[a]\n"), "a", &profile, &why), ERR_BAD_PROFILE);
}

/* Sections that are profiles, and those that a CA needs, are judged together; others are left alone. */
static void all_profiles_of_a_file_are_judged(void **state)
{
    static const struct {
        const char *section, *from, *to, *says; /* says NULL: clean */
    } rows[] = {
        { "idevid", "use = device", "use = device", NULL },
        { "idevid", "days = forever", "days = 0", "[idevid] days = 0" },
        { "gateway", "extendedKeyUsage = serverAuth,clientAuth", "extendedKeyUsage = serverAuth", "[gateway] extendedKeyUsage" },
        { "bootstrap", "[bootstrap]", "[boards]", "[bootstrap]" },
        { "infrastructure", "days = 825", "days = soon", "[infrastructure] days" },
        { "root", "[root]", "[3012]\ncolour = blue\n[root]", "[3012]" },
        { "root", "[root]", "[3012]\nuse = bootstrap\ndays = 1\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = "
                            "serverAuth,clientAuth\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n[root]",
          "[3012] is no profile of device identities" },
        { "root", "[root]", "[names]\ncolour = blue\n[root]", NULL },
        { "root", "[root]", "[broken\n[root]", "cannot be understood" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why = { 0 };
        AUTO_BUF text = BUF_INIT;
        put_changed(rows[i].section, rows[i].from, rows[i].to, &text);
        enum err err = profiles_lint(buf_span(&text), "idevid", &why);
        if ((err == OK) != (rows[i].says == NULL) || (err != OK && strstr(why.text, rows[i].says) == NULL))
            fail_msg("%s -> %s: %s", rows[i].from, rows[i].to, why_text(&why, err));
    }
    assert_ok(profiles_lint((struct span){ 0 }, "idevid", NULL));
    assert_err(profiles_lint((struct span){ 0 }, "bootstrap", NULL), ERR_BAD_PROFILE);
    assert_err(profiles_lint((struct span){ 0 }, "printer", NULL), ERR_NOT_FOUND);
}

/* What certificates other than identities may say about their holder. */
static void a_certificate_gets_only_a_name_that_fits_its_profile(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *profile, *urn;
    } rows[] = {
        { "root", NULL },
        { "issuing", NULL },
        { "issuing", "urn:nameplate:issuer:everything" },
        { "bootstrap", "urn:nameplate:station:line-1" },
        { "bootstrap", "urn:nameplate:bootstrap:not/a/model" },
        { "infrastructure", "urn:nameplate:bootstrap:3012" },
        { "infrastructure", "urn:nameplate:device:3012-1" },
        { "infrastructure", "urn:nameplate:gateway:3014-1" },
        { "infrastructure", NULL },
        { "idevid", "urn:nameplate:station:line-1" },
    };
    AUTO_BUF spki = BUF_INIT;
    assert_ok(key_spki(f->root.key, &spki));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct profile *profile;
        struct cert *cert;
        struct why why = { 0 };
        assert_ok(profile_load((struct span){ 0 }, rows[i].profile, &profile, NULL));
        struct cert_order order = { .profile = profile, .common_name = "x", .urn = rows[i].urn, .spki = buf_span(&spki),
                                    .not_before = NOW, .not_after = -1 };
        assert_err(cert_issue(&order, f->root.cert, f->root.key, &cert, &why), ERR_BAD_PROFILE);
        profile_free(profile);
    }
}

static void a_certificate_that_would_end_before_it_begins_is_not_made(void **state)
{
    const struct fixture *f = *state;
    struct profile *profile;
    struct cert *cert;
    AUTO_BUF spki = BUF_INIT;
    assert_ok(key_spki(f->root.key, &spki));
    assert_ok(profile_load((struct span){ 0 }, "infrastructure", &profile, NULL));
    struct cert_order order = { .profile = profile, .common_name = "x", .urn = "urn:nameplate:station:a", .spki = buf_span(&spki),
                                .not_before = NOW, .not_after = NOW };
    assert_err(cert_issue(&order, f->infrastructure.cert, f->infrastructure.key, &cert, NULL), ERR_BAD_PROFILE);
    order.not_after = -1;
    assert_err(cert_issue(&order, f->infrastructure.cert, f->root.key, &cert, NULL), ERR_BAD_KEY);
    profile_free(profile);
}

/* I13: a clock that is a little behind takes what was made a moment ago. */
static void a_certificate_begins_an_hour_before_it_was_made_or_a_tenth_of_its_life(void **state)
{
    static const struct {
        const char *validity;
        int64_t before_s;
    } rows[] = { { "days = forever", 3600 }, { "days = 3650", 3600 }, { "days = 1", 3600 }, { "seconds = 36000", 3600 },
                 { "seconds = 600", 60 }, { "seconds = 9", 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct profile *profile;
        AUTO_BUF text = BUF_INIT;
        put_changed("idevid", "days = forever", rows[i].validity, &text);
        assert_ok(profile_load(buf_span(&text), "idevid", &profile, NULL));
        assert_int_equal(NOW - profile_begin(profile, NOW), rows[i].before_s);
        profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_profiles_are_clean),
        cmocka_unit_test(each_mistake_in_a_profile_is_refused_with_its_setting_and_clause),
        cmocka_unit_test(a_profile_that_is_not_there_and_a_file_that_cannot_be_read_are_told_apart),
        cmocka_unit_test(all_profiles_of_a_file_are_judged),
        cmocka_unit_test(a_certificate_gets_only_a_name_that_fits_its_profile),
        cmocka_unit_test(a_certificate_that_would_end_before_it_begins_is_not_made),
        cmocka_unit_test(a_certificate_begins_an_hour_before_it_was_made_or_a_tenth_of_its_life),
    };
    return cmocka_run_group_tests_name("profile", tests, fixture_setup, fixture_teardown);
}
