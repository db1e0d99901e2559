#include "gateway/printer.h"

#include <stdio.h>
#include <stdlib.h>

#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its configuration first. */
#include <net-snmp/net-snmp-includes.h>

#include "base/file.h"
#include "base/secret.h"

enum { TIMEOUT_US = 2000000, RETRIES = 1, LOGIN_MOST = 4096 };

#define AT(member) offsetof(struct printer_login, member)
static const struct setting_row login_rows[] = {
    { "snmp", "version", SETTING_TEXT, "2c", 0, 0, "", AT(version), "2c, or 3 with authentication (SHA-256) and privacy (AES)." },
    { "snmp", "community", SETTING_TEXT, "", 0, 0, "", AT(community), "With 2c: the community." },
    { "snmp", "user", SETTING_TEXT, "", 0, 0, "", AT(user), "With 3: the user." },
    { "snmp", "auth_password", SETTING_TEXT, "", 0, 0, "", AT(auth_password), "With 3: its password for authentication." },
    { "snmp", "privacy_password", SETTING_TEXT, "", 0, 0, "", AT(privacy_password), "With 3: its password for privacy." },
};

static enum err check_login(const char *path, const struct printer_login *l, struct why *why)
{
    bool two = strcmp(l->version, "2c") == 0;
    if (!two && strcmp(l->version, "3") != 0)
        return why_set(why, ERR_CONFIG, "%s: [snmp] version = %s: 2c or 3 is needed", path, l->version);
    if (two && *l->community == '\0')
        return why_set(why, ERR_CONFIG, "%s: [snmp] community is missing", path);
    if (!two && (*l->user == '\0' || strlen(l->auth_password) < 8 || strlen(l->privacy_password) < 8))
        return why_set(why, ERR_CONFIG, "%s: [snmp] user and two passwords of 8 characters or more are needed", path);
    return OK;
}

enum err printer_login_read(const char *path, struct printer_login *ret_login, struct why *why)
{
    AUTO_SECRET whole = SECRET_INIT; /* for the check of who may read it */
    struct printer_login login = { .version = "" };
    enum err err = file_read_secret(path, LOGIN_MOST, &whole, why);
    if (err == OK)
        err = settings_read(path, login_rows, sizeof login_rows / sizeof *login_rows, &login, why);
    if (err == OK)
        err = check_login(path, &login, why);
    if (err == OK)
        *ret_login = login;
    explicit_bzero(&login, sizeof login);
    return err;
}

void printer_start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    setenv("MIBS", "", 1); /* the two numbers that we ask for need no names */
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    snmp_disable_log();
    init_snmp("nameplate");
}

/* The key that a password makes (RFC 3414 A.2), by the hash of the authentication. */
static enum err make_key(const char *password, u_char *key, size_t *n, struct why *why)
{
    *n = USM_AUTH_KU_LEN;
    int code = generate_Ku(usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol), (const u_char *)password,
                           strlen(password), key, n);
    return code == SNMPERR_SUCCESS ? OK : why_set(why, ERR_CONFIG, "the SNMP password makes no key");
}

static enum err set_user(struct snmp_session *s, struct printer_login *l, struct why *why)
{
    s->version = SNMP_VERSION_3;
    s->securityName = l->user;
    s->securityNameLen = strlen(l->user);
    s->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
    s->securityAuthProto = usmHMAC192SHA256AuthProtocol;
    s->securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
    s->securityPrivProto = usmAESPrivProtocol;
    s->securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
    enum err err = make_key(l->auth_password, s->securityAuthKey, &s->securityAuthKeyLen, why);
    return err != OK ? err : make_key(l->privacy_password, s->securityPrivKey, &s->securityPrivKeyLen, why);
}

static enum err set_login(struct snmp_session *s, struct printer_login *l, struct why *why)
{
    if (strcmp(l->version, "3") == 0)
        return set_user(s, l, why);
    s->version = SNMP_VERSION_2c;
    s->community = (u_char *)l->community;
    s->community_len = strlen(l->community);
    return OK;
}

static const oid pages_oid[] = { 1, 3, 6, 1, 2, 1, 43, 10, 2, 1, 4, 1, 1 };
static const oid serial_oid[] = { 1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1 };

static bool is_of(const struct variable_list *v, const oid *name, size_t n)
{
    return snmp_oid_compare(v->name, v->name_length, name, n) == 0;
}

static enum err read_values(const struct snmp_pdu *pdu, const char *address, struct printer_reading *ret_reading, struct why *why)
{
    struct printer_reading r = { .pages = -1 };
    if (pdu->command == SNMP_MSG_REPORT) /* RFC 3414 3.2: user, digest or privacy was wrong */
        return why_set(why, ERR_NOT_ALLOWED, "%s refuses the SNMP login", address);
    for (const struct variable_list *v = pdu->variables; v != NULL; v = v->next_variable) {
        bool is_number = v->type == ASN_COUNTER || v->type == ASN_INTEGER || v->type == ASN_GAUGE;
        if (is_of(v, pages_oid, OID_LENGTH(pages_oid)) && is_number)
            r.pages = (int64_t)(uint32_t)*v->val.integer; /* Counter32 */
        if (is_of(v, serial_oid, OID_LENGTH(serial_oid)) && v->type == ASN_OCTET_STR)
            snprintf(r.serial, sizeof r.serial, "%.*s", (int)v->val_len, (const char *)v->val.string);
    }
    if (pdu->errstat != SNMP_ERR_NOERROR || r.pages < 0)
        return why_set(why, ERR_UNSUPPORTED, "%s has no page counter (prtMarkerLifeCount.1.1): %s", address,
                       pdu->errstat != SNMP_ERR_NOERROR ? snmp_errstring((int)pdu->errstat) : "no such object");
    *ret_reading = r;
    return OK;
}

static enum err failed(void *session, const char *address, int status, struct why *why)
{
    int os_error = 0, code = 0;
    char *text = NULL;
    snmp_sess_error(session, &os_error, &code, &text);
    bool refused = code == SNMPERR_UNKNOWN_USER_NAME || code == SNMPERR_AUTHENTICATION_FAILURE || code == SNMPERR_USM_UNKNOWNSECURITYNAME ||
                   code == SNMPERR_USM_AUTHENTICATIONFAILURE || code == SNMPERR_USM_DECRYPTIONERROR;
    enum err err = status == STAT_TIMEOUT ? ERR_TIMEOUT : refused ? ERR_NOT_ALLOWED : ERR_UNREACHABLE;
    err = why_set(why, err, "%s does not answer by SNMP: %s", address, status == STAT_TIMEOUT ? "no reply in time" : text != NULL ? text : "?");
    free(text);
    return err;
}

static enum err ask(void *session, const char *address, struct printer_reading *ret_reading, struct why *why)
{
    struct snmp_pdu *request = snmp_pdu_create(SNMP_MSG_GET), *response = NULL;
    if (request == NULL)
        return ERR_NO_MEMORY;
    snmp_add_null_var(request, pages_oid, OID_LENGTH(pages_oid));
    snmp_add_null_var(request, serial_oid, OID_LENGTH(serial_oid));
    int status = snmp_sess_synch_response(session, request, &response);
    enum err err = status == STAT_SUCCESS ? read_values(response, address, ret_reading, why) : failed(session, address, status, why);
    if (response != NULL)
        snmp_free_pdu(response);
    return err;
}

/* The library keeps users' keys by name, and would go on with the old ones when a login was changed. */
static void forget_users(void)
{
    for (struct usmUser *user; (user = usm_get_userList()) != NULL;) {
        usm_remove_user(user);
        usm_free_user(user);
    }
}

enum err printer_read(const char *address, const struct printer_login *login, struct printer_reading *ret_reading, struct why *why)
{
    struct snmp_session s;
    struct printer_login own = *login;
    char peer[256];
    snprintf(peer, sizeof peer, "%s", address);
    snmp_sess_init(&s);
    s.peername = peer;
    s.timeout = TIMEOUT_US;
    s.retries = RETRIES;
    enum err err = set_login(&s, &own, why);
    void *session = err == OK ? snmp_sess_open(&s) : NULL;
    if (err == OK && session == NULL)
        err = why_set(why, ERR_UNREACHABLE, "%s cannot be asked by SNMP: %s", address, snmp_api_errstring(s.s_snmp_errno));
    if (err == OK)
        err = ask(session, address, ret_reading, why);
    if (session != NULL)
        snmp_sess_close(session);
    forget_users();
    explicit_bzero(&own, sizeof own);
    explicit_bzero(&s, sizeof s);
    return err;
}
