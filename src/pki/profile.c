#include "pki/profile.h"

#include <errno.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/limit.h"
#include "model/number.h"
#include "pki/profile_parts.h"

enum { DAYS_MAX = 36525, SECONDS_MAX = 86400 };

static const struct {
    const char *name, *fallback;
} settings[SET_COUNT] = {
#define X(code, setting, absent) [SET_##code] = { setting, absent },
    PROFILE_SETTINGS(X)
#undef X
};

static const char *const uses[USE_COUNT] = {
    [USE_DEVICE] = "device", [USE_BOOTSTRAP] = "bootstrap", [USE_INFRASTRUCTURE] = "infrastructure",
    [USE_ROOT] = "root",     [USE_ISSUING] = "issuing",
};

/* 1.3.6.1.4.1.32473 is the arc for documentation (RFC 5612). */
static const char builtin[] =
    "# Certificate profiles: one section each, extensions in openssl.cnf's syntax.\n"
    "# A model gets a profile of its own by a section that is named as its model code,\n"
    "# or by `ca order add --profile`.\n"
    "\n"
    "[idevid]\n"
    "# IEEE 802.1AR device identity\n"
    "use = device\n"
    "key = p256\n"
    "# days, or forever (99991231235959Z)\n"
    "days = forever\n"
    "subject.serialNumber = number\n"
    "# number: the device number here too; none: no commonName\n"
    "subject.commonName = number\n"
    "subject.organizationName = Example Devices\n"
    "# hwType of the hardwareModuleName; put your own arc here\n"
    "hardwareType = 1.3.6.1.4.1.32473.1\n"
    "keyUsage = critical,digitalSignature\n"
    "extendedKeyUsage = clientAuth\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n"
    "\n"
    "[gateway]\n"
    "# a gateway, or a device with gateway function: an identity that serves its LAN, too\n"
    "use = device\n"
    "key = p256\n"
    "days = forever\n"
    "subject.serialNumber = number\n"
    "subject.commonName = number\n"
    "subject.organizationName = Example Devices\n"
    "hardwareType = 1.3.6.1.4.1.32473.1\n"
    "keyUsage = critical,digitalSignature\n"
    "extendedKeyUsage = serverAuth,clientAuth\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n"
    "\n"
    "[bootstrap]\n"
    "# the same for all boards of a model: may only ask to be given an identity\n"
    "use = bootstrap\n"
    "key = p256\n"
    "days = 3650\n"
    "subject.organizationName = Example Devices\n"
    "keyUsage = critical,digitalSignature\n"
    "extendedKeyUsage = serverAuth,clientAuth\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n"
    "\n"
    "[infrastructure]\n"
    "# CA server, factory servers, stations, centre\n"
    "use = infrastructure\n"
    "key = p256\n"
    "days = 825\n"
    "subject.organizationName = Example Devices\n"
    "keyUsage = critical,digitalSignature\n"
    "extendedKeyUsage = serverAuth,clientAuth\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n"
    "\n"
    "[root]\n"
    "use = root\n"
    "key = p256\n"
    "days = forever\n"
    "subject.organizationName = Example Devices\n"
    "basicConstraints = critical,CA:TRUE\n"
    "keyUsage = critical,keyCertSign,cRLSign\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n"
    "\n"
    "[issuing]\n"
    "use = issuing\n"
    "key = p256\n"
    "days = forever\n"
    "subject.organizationName = Example Devices\n"
    "basicConstraints = critical,CA:TRUE,pathlen:0\n"
    "keyUsage = critical,keyCertSign,cRLSign\n"
    "subjectKeyIdentifier = hash\n"
    "authorityKeyIdentifier = keyid\n";

struct span profile_builtin_text(void) { return span_text(builtin); }
const char *profile_setting_name(enum profile_setting setting) { return settings[setting].name; }
bool profile_is_device(const struct profile *profile) { return profile->use == USE_DEVICE; }
enum key_type profile_key_type(const struct profile *profile) { return profile->key; }

static enum err bad_value(const struct profile *p, enum profile_setting setting, const char *wanted, struct why *why)
{
    return why_set(why, ERR_BAD_PROFILE, "[%s] %s = %.80s: %s", p->name, settings[setting].name,
                   p->text[setting] == NULL ? "" : p->text[setting], wanted);
}

static enum err read_use(struct profile *p, struct why *why)
{
    for (unsigned i = 0; p->text[SET_USE] != NULL && i < USE_COUNT; i++)
        if (strcmp(uses[i], p->text[SET_USE]) == 0) {
            p->use = (enum profile_use)i;
            return OK;
        }
    return bad_value(p, SET_USE, "must be device, bootstrap, infrastructure, root or issuing", why);
}

static bool read_int(const char *text, long *ret_value)
{
    char *end;
    errno = 0;
    *ret_value = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* For identities that live hours, or less. */
static enum err read_seconds(struct profile *p, struct why *why)
{
    long seconds = 0;
    if (p->text[SET_DAYS] != NULL)
        return bad_value(p, SET_SECONDS, "days are given too: one of them says it", why);
    if (!read_int(p->text[SET_SECONDS], &seconds) || seconds < 1 || seconds > SECONDS_MAX)
        return bad_value(p, SET_SECONDS, "must be 1 to 86400; what lives longer has days", why);
    p->validity_s = seconds;
    return OK;
}

static enum err read_days(struct profile *p, struct why *why)
{
    long days = 0;
    const char *text = p->text[SET_DAYS];
    if (text != NULL && strcmp(text, "forever") == 0)
        return OK;
    if (text == NULL || !read_int(text, &days))
        return bad_value(p, SET_DAYS, "must be a number of days, or forever", why);
    if (days <= 0)
        return bad_value(p, SET_DAYS, "the validity would end before it begins (RFC 5280 4.1.2.5)", why);
    if (days > DAYS_MAX)
        return bad_value(p, SET_DAYS, "more than a hundred years: write forever (RFC 5280 4.1.2.5)", why);
    p->validity_s = (int64_t)days * 86400;
    return OK;
}

static enum err read_serial_bytes(struct profile *p, struct why *why)
{
    long n;
    if (!read_int(p->text[SET_SERIAL_BYTES], &n) || n < 1)
        return bad_value(p, SET_SERIAL_BYTES, "must be a number of bytes; a serial number is positive (RFC 5280 4.1.2.2)", why);
    if (n > 20)
        return bad_value(p, SET_SERIAL_BYTES, "serial numbers have at most 20 bytes (RFC 5280 4.1.2.2)", why);
    if (n < 9 || n > 16)
        return bad_value(p, SET_SERIAL_BYTES, "9 to 16 bytes are made: at least 64 random bits", why);
    p->serial_bytes = (size_t)n;
    return OK;
}

static enum err read_values(struct profile *p, struct why *why)
{
    enum err err = read_use(p, why);
    if (err == OK && key_type_parse(p->text[SET_KEY], &p->key) != OK)
        err = bad_value(p, SET_KEY, "must be p256, p384, ed25519, rsa2048 or rsa3072", why);
    if (err == OK)
        err = p->text[SET_SECONDS] != NULL ? read_seconds(p, why) : read_days(p, why);
    if (err == OK)
        err = read_serial_bytes(p, why);
    return err;
}

/* Keeps a value, or the first setting that no profile has. */
static enum err keep(struct profile *p, const CONF_VALUE *line)
{
    for (size_t i = 0; i < SET_COUNT; i++) {
        if (strcmp(line->name, settings[i].name) != 0)
            continue;
        free(p->text[i]);
        p->text[i] = strdup(line->value);
        return p->text[i] == NULL ? ERR_NO_MEMORY : OK;
    }
    if (p->stray != NULL)
        return OK;
    return asprintf(&p->stray, "%s = %.100s", line->name, line->value) < 0 ? ERR_NO_MEMORY : OK;
}

static enum err read_section(struct profile *p, const CONF *conf, struct why *why)
{
    const STACK_OF(CONF_VALUE) *lines = NCONF_get_section(conf, p->name);
    if (lines == NULL)
        return openssl_fail(why, ERR_NOT_FOUND, "there is no profile [%s]", p->name);
    enum err err = OK;
    for (int i = 0; err == OK && i < sk_CONF_VALUE_num(lines); i++)
        err = keep(p, sk_CONF_VALUE_value(lines, i));
    for (size_t i = 0; err == OK && i < SET_COUNT; i++)
        if (p->text[i] == NULL && settings[i].fallback != NULL && (p->text[i] = strdup(settings[i].fallback)) == NULL)
            err = ERR_NO_MEMORY;
    return err == OK ? read_values(p, why) : why_set(why, err, "no memory for a profile");
}

/* openssl.cnf files may include others and name modules to load; a profile needs neither. */
static bool includes_files(struct span config) { return memmem(config.at, config.n, ".include", 8) != NULL; }

static enum err parse(struct span config, CONF *conf, struct why *why)
{
    long line = 0;
    if (config.n > LIMIT_PROFILES)
        return why_set(why, ERR_BAD_PROFILE, "the profiles are larger than %d bytes", LIMIT_PROFILES);
    if (includes_files(config))
        return why_set(why, ERR_BAD_PROFILE, "profiles may not include other files");
    BIO *bio = BIO_new_mem_buf(config.at, (int)config.n);
    int done = conf != NULL && bio != NULL && NCONF_load_bio(conf, bio, &line) > 0;
    BIO_free(bio);
    return done ? OK : openssl_fail(why, ERR_BAD_PROFILE, "line %ld of the profiles cannot be understood", line);
}

enum err profile_load(struct span config, const char *name, struct profile **ret_profile, struct why *why)
{
    struct profile *p = calloc(1, sizeof *p);
    if (p == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for a profile");
    CONF *conf = NCONF_new(NULL);
    size_t n = strlen(name);
    enum err err = n != 0 && n < sizeof p->name ? OK : why_set(why, ERR_NOT_FOUND, "that is no name of a profile");
    if (err == OK) {
        memcpy(p->name, name, n);
        err = parse(config.n == 0 ? profile_builtin_text() : config, conf, why);
    }
    if (err == OK)
        err = read_section(p, conf, why);
    NCONF_free(conf);
    if (err == OK)
        *ret_profile = p;
    else
        profile_free(p);
    return err;
}

static enum err lint_one(struct span config, const char *name, bool of_devices, struct why *why)
{
    struct profile *profile = NULL;
    enum err err = profile_load(config, name, &profile, why);
    if (err == OK)
        err = profile_lint(profile, why);
    if (err == OK && of_devices && !profile_is_device(profile))
        err = why_set(why, ERR_BAD_PROFILE, "[%s] is no profile of device identities", name);
    profile_free(profile);
    return err;
}

static enum err lint_sections(struct span config, const CONF *conf, struct why *why)
{
    enum err err = OK;
    STACK_OF(OPENSSL_CSTRING) *names = NCONF_get_section_names(conf);
    for (int i = 0; err == OK && i < sk_OPENSSL_CSTRING_num(names); i++) {
        const char *name = sk_OPENSSL_CSTRING_value(names, i);
        bool model = number_is_model(span_text(name));
        if (model || NCONF_get_string(conf, name, settings[SET_USE].name) != NULL)
            err = lint_one(config, name, model, why);
    }
    sk_OPENSSL_CSTRING_free(names);
    return err;
}

enum err profiles_lint(struct span config, const char *usual, struct why *why)
{
    CONF *conf = NCONF_new(NULL);
    enum err err = parse(config.n == 0 ? profile_builtin_text() : config, conf, why);
    if (err == OK)
        err = lint_one(config, usual, true, why);
    if (err == OK)
        err = lint_one(config, "bootstrap", false, why);
    if (err == OK)
        err = lint_one(config, "infrastructure", false, why);
    if (err == OK)
        err = lint_sections(config, conf, why);
    NCONF_free(conf);
    ERR_clear_error(); /* of sections that are none of ours */
    return err;
}

void profile_free(struct profile *profile)
{
    if (profile == NULL)
        return;
    for (size_t i = 0; i < SET_COUNT; i++)
        free(profile->text[i]);
    free(profile->stray);
    free(profile);
}

X509_EXTENSION *profile_extension(const struct profile *profile, enum profile_setting setting)
{
    int nid = OBJ_txt2nid(settings[setting].name);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    if (profile->text[setting] == NULL || nid == NID_undef)
        return NULL;
    return X509V3_EXT_conf_nid(NULL, &ctx, nid, profile->text[setting]);
}

int64_t profile_begin(const struct profile *profile, int64_t made_s)
{
    bool long_lived = profile->validity_s == 0 || profile->validity_s / 10 > LIMIT_BACKDATE_S;
    return made_s - (long_lived ? LIMIT_BACKDATE_S : profile->validity_s / 10);
}

int64_t profile_end(const struct profile *profile, int64_t not_before)
{
    return profile->validity_s == 0 ? INT64_MAX : not_before + profile->validity_s;
}
