/* Commands that look at the folder itself: export, fsck, reconcile, audit. */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "factory/ca_link.h"
#include "factory/commands.h"
#include "factory/stored_pack.h"
#include <jansson.h>

static enum err open_folder(const struct command_line *line, struct factory_settings *s, struct db **ret_db, struct why *why)
{
    char path[COMMAND_PATH];
    enum err err = command_settings(line, path, s, why);
    return err != OK ? err : stock_open(s->store, DB_READ_ONLY, ret_db, why);
}

static enum err print_identity(void *context, const struct identity *i)
{
    (void)context;
    char fingerprint[2 * IDENTITY_FINGERPRINT + 1] = "", day[CLOCK_DAY_SIZE];
    clock_format_day(i->day, day);
    if (i->has_fingerprint)
        hex_encode(i->fingerprint, IDENTITY_FINGERPRINT, fingerprint);
    json_t *row =
        json_pack("{s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:I,s:I,s:s}", "number", i->number.text, "generation",
                  (json_int_t)i->generation, "state", lifecycle_name(i->state), "date", day, "order", i->order, "request",
                  i->request, "fingerprint", fingerprint, "station", i->station, "board", i->board, "pack", i->has_pack,
                  "created", (json_int_t)i->created_s, "written", (json_int_t)i->written_s, "reason", i->reason);
    if (row == NULL)
        return ERR_NO_MEMORY;
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(row);
    return OK;
}

int command_export(const struct command_line *line)
{
    struct factory_settings s;
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = open_folder(line, &s, &db, &why);
    if (err == OK)
        err = stock_identity_each(db, print_identity, NULL, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

static enum err print_fault(void *context, const char *number, const char *sentence)
{
    ++*(int *)context;
    printf("%s: %s\n", number, sentence);
    return OK;
}

/* Every pack on hand can still be unsealed and is the one of its row. */
struct unsealing {
    struct db *db;
    struct sealer *sealer;
    int faults, packs;
};

static enum err try_unseal(void *context, const struct identity *i)
{
    struct unsealing *u = context;
    AUTO_SECRET plain = SECRET_INIT;
    struct pack pack;
    if (!i->has_pack)
        return OK;
    u->packs++;
    if (stored_pack_open(u->db, u->sealer, i, &plain, NULL) != OK || pack_decode(secret_span(&plain), &pack, NULL) != OK)
        return print_fault(&u->faults, i->number.text, "its pack cannot be unsealed");
    return OK;
}

static enum err check_all(const struct factory_settings *s, struct unsealing *u, struct why *why)
{
    AUTO_SECRET kek = SECRET_INIT;
    uint8_t head[32];
    int64_t entries = 0;
    enum err err = kek_load(s->kek, &kek, why);
    if (err == OK)
        err = sealer_new(&kek, &u->sealer, why);
    if (err == OK)
        err = stock_check(u->db, print_fault, &u->faults, why);
    if (err == OK)
        err = stock_identity_each(u->db, try_unseal, u, why);
    return err != OK ? err : stock_audit_verify(u->db, &entries, head, why);
}

int command_fsck(const struct command_line *line)
{
    struct factory_settings s;
    struct unsealing u = { 0 };
    struct why why = { "" };
    enum err err = open_folder(line, &s, &u.db, &why);
    if (err == OK)
        err = check_all(&s, &u, &why);
    db_close(u.db);
    sealer_free(u.sealer);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    printf("fsck: %d packs on hand, %d faults\n", u.packs, u.faults);
    return u.faults == 0 ? 0 : 1;
}

/* --- reconcile: issued = written + on hand + voided + superseded, here and at the CA --- */

struct reconciling {
    const struct account_response *ca;
    bool seen[256];
    int differences;
};

static void print_account(const char *where, const char *order, const int64_t n[5])
{
    printf("%-8s %-16s issued %lld = written %lld + on hand %lld + voided %lld + superseded %lld\n", where, order,
           (long long)n[0], (long long)n[1], (long long)n[2], (long long)n[3], (long long)n[4]);
}

static enum err compare(void *context, const struct stock_account *mine)
{
    struct reconciling *r = context;
    const int64_t here[5] = { mine->issued, mine->written, mine->on_hand, mine->voided, mine->superseded };
    int64_t there[5] = { 0 };
    for (size_t i = 0; i < r->ca->accounts_n; i++) {
        const struct account *a = &r->ca->accounts[i];
        if (strcmp(a->order, mine->order) != 0)
            continue;
        const int64_t found[5] = { a->issued, a->written, a->on_hand, a->voided, a->superseded };
        memcpy(there, found, sizeof there);
        if (i < sizeof r->seen / sizeof *r->seen)
            r->seen[i] = true;
    }
    print_account("factory", mine->order, here);
    print_account("ca", mine->order, there);
    r->differences += memcmp(here, there, sizeof here) != 0 || here[0] != here[1] + here[2] + here[3] + here[4];
    return OK;
}

static enum err ask_account(const struct factory_settings *s, struct soap_parsed *ret_answer, struct why *why)
{
    struct credentials c;
    struct tls_context *tls = NULL;
    char url[CA_URL_SIZE];
    bool told;
    enum err err = credentials_load(s->identity, s->passphrase, ROLE_FACTORY, &c, why);
    if (err != OK)
        return err;
    err = ca_link_url(s->ca_url, url, why);
    if (err == OK)
        err = credentials_context(&c, false, ROLE_BIT(ROLE_CA), false, &tls, why);
    if (err == OK)
        err = ca_ask_wait(
            url, NULL, tls, &(struct ca_question){ SOAP_ACCOUNT, NULL, &(struct account_request){ .order = "" }, 16 * LIMIT_MESSAGE },
            ret_answer, &told, why);
    tls_context_free(tls);
    credentials_done(&c);
    return err;
}

int command_reconcile(const struct command_line *line)
{
    AUTO_PARSED answer = { 0 };
    struct reconciling r = { 0 };
    struct factory_settings s;
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = open_folder(line, &s, &db, &why);
    if (err == OK)
        err = ask_account(&s, &answer, &why);
    if (err == OK) {
        r.ca = answer.body;
        err = stock_account_each(db, compare, &r, &why);
    }
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    for (size_t i = 0; i < r.ca->accounts_n && i < sizeof r.seen / sizeof *r.seen; i++)
        if (!r.seen[i] && r.ca->accounts[i].issued > 0) {
            printf("ca       %s: the factory has nothing of it\n", r.ca->accounts[i].order);
            r.differences++;
        }
    printf("reconcile: %d differences\n", r.differences);
    return r.differences == 0 ? 0 : 1;
}

static enum err print_entry(void *context, int64_t n, const struct audit_entry *e)
{
    (void)context;
    char at[CLOCK_TEXT_SIZE];
    clock_format(e->at_s, at);
    printf("%lld %s %s %s %s %s\n", (long long)n, at, e->actor, e->event, e->subject, e->detail);
    return OK;
}

int command_audit_list(const struct command_line *line)
{
    struct factory_settings s;
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = open_folder(line, &s, &db, &why);
    if (err == OK)
        err = stock_audit_list(db, line->args_n == 0 ? NULL : line->args[0], print_entry, NULL, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_audit_verify(const struct command_line *line)
{
    struct factory_settings s;
    struct db *db = NULL;
    struct why why = { "" };
    int64_t n = 0;
    uint8_t head[32];
    char hex[65];
    enum err err = open_folder(line, &s, &db, &why);
    if (err == OK)
        err = stock_audit_verify(db, &n, head, &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    hex_encode(head, sizeof head, hex);
    printf("audit: %lld entries, head %s\n", (long long)n, hex);
    return 0;
}
