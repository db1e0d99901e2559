/* Inside pki/ only: what a profile is made of. */
#ifndef PKI_PROFILE_PARTS_H
#define PKI_PROFILE_PARTS_H

#include "base/limit.h"
#include "pki/openssl.h"
#include "pki/profile.h"

enum profile_use { USE_DEVICE, USE_BOOTSTRAP, USE_INFRASTRUCTURE, USE_ROOT, USE_ISSUING, USE_COUNT };

/* The settings of a section: X(code, name in the file, value when absent, or NULL). */
#define PROFILE_SETTINGS(X)                                       \
    X(USE, "use", NULL)                                           \
    X(KEY, "key", "p256")                                         \
    X(DAYS, "days", NULL)                                         \
    X(SECONDS, "seconds", NULL)                                   \
    X(SERIAL_BYTES, "serialBytes", "16")                          \
    X(COUNTRY, "subject.countryName", NULL)                       \
    X(ORGANIZATION, "subject.organizationName", NULL)             \
    X(UNIT, "subject.organizationalUnitName", NULL)               \
    X(COMMON_NAME, "subject.commonName", NULL)                    \
    X(SERIAL_NUMBER, "subject.serialNumber", NULL)                \
    X(HARDWARE_TYPE, "hardwareType", NULL)                        \
    X(BASIC_CONSTRAINTS, "basicConstraints", NULL)                \
    X(KEY_USAGE, "keyUsage", NULL)                                \
    X(EXT_KEY_USAGE, "extendedKeyUsage", NULL)                    \
    X(SUBJECT_KEY, "subjectKeyIdentifier", NULL)                  \
    X(AUTHORITY_KEY, "authorityKeyIdentifier", NULL)

enum profile_setting {
#define X(code, name, fallback) SET_##code,
    PROFILE_SETTINGS(X)
#undef X
    SET_COUNT
};

struct profile {
    char name[LIMIT_NAME + 1];
    char *text[SET_COUNT]; /* owned; NULL when neither given nor defaulted */
    char *stray;           /* owned; "setting = value" that no profile has, for the lint; usually NULL */
    enum profile_use use;
    enum key_type key;
    int64_t validity_s; /* 0: until 99991231235959Z (RFC 5280 4.1.2.5) */
    size_t serial_bytes;
};

const char *profile_setting_name(enum profile_setting setting);

/* The extension that a setting's value means (openssl.cnf's syntax), to be freed; NULL when OpenSSL does not
 * understand it, or the setting is absent. */
X509_EXTENSION *profile_extension(const struct profile *profile, enum profile_setting setting);

/* End of validity of a certificate that begins at `not_before`; INT64_MAX: 99991231235959Z. */
int64_t profile_end(const struct profile *profile, int64_t not_before);

#endif
