/* Commands that look at the folder itself: export, fsck, reconcile, audit. */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "factory/factory.h"
#include "factory/commands.h"
#include "factory/witness.h"
#include "factory/stored_pack.h"
#include <jansson.h>

static enum err open_folder(const struct command_line *line, struct factory_settings *s, struct db **ret_db, struct why *why)
{
    char path[COMMAND_PATH];
    enum err err = command_settings(line, path, s, why);
    return err != OK ? err : stock_open(api_settings_store(&s->common), DB_READ_ONLY, ret_db, why);
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

/* issued, written, on hand, voided, superseded. What was written and superseded later, as in the field, the factory server
 * may know as written still. */
static bool agree(const int64_t here[5], const int64_t there[5])
{
    return here[0] == there[0] && here[2] == there[2] && here[3] == there[3] && here[1] + here[4] == there[1] + there[4];
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
    r->differences += !agree(here, there) || here[0] != here[1] + here[2] + here[3] + here[4];
    return OK;
}

/* The connection to the CA for the questions of one command. */
struct ca_side {
    struct credentials credentials;
    struct tls_context *tls;
    char url[CA_URL_SIZE];
};

static void close_ca(struct ca_side *ca)
{
    tls_context_free(ca->tls);
    credentials_done(&ca->credentials);
}

static enum err open_ca(const struct factory_settings *s, struct ca_side *ca, struct why *why)
{
    *ca = (struct ca_side){ .tls = NULL };
    enum err err = credentials_load(s->common.identity, s->common.passphrase, ROLE_FACTORY, &ca->credentials, why);
    if (err == OK)
        err = ca_ask_url(s->common.ca_url, ca->url, why);
    return err != OK ? err : credentials_context(&ca->credentials, false, ROLE_BIT(ROLE_CA), false, &ca->tls, why);
}

static enum err ask_ca(struct ca_side *ca, enum soap_message message, const void *body, struct soap_parsed *ret_answer,
                       struct why *why)
{
    bool told;
    return ca_ask_wait(ca->url, NULL, ca->tls, &(struct ca_question){ message, NULL, body, 16 * LIMIT_MESSAGE }, ret_answer, &told,
                       why);
}

/* What the CA's answers had no pack for; no difference, but worth a look. */
static enum err print_left_out(void *context, const struct stock_request *request)
{
    (void)context;
    if (strstr(request->reason, "left out") != NULL)
        printf("request %s: %s\n", request->id, request->reason);
    return OK;
}

static enum err reconcile_accounts(struct ca_side *ca, struct db *db, struct reconciling *r, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    enum err err = ask_ca(ca, SOAP_ACCOUNT, &(struct account_request){ .order = "" }, &answer, why);
    if (err != OK)
        return err;
    r->ca = answer.body;
    err = stock_account_each(db, compare, r, why);
    for (size_t i = 0; err == OK && i < r->ca->accounts_n && i < sizeof r->seen / sizeof *r->seen; i++)
        if (!r->seen[i] && r->ca->accounts[i].issued > 0) {
            printf("ca       %s: the factory has nothing of it\n", r->ca->accounts[i].order);
            r->differences++;
        }
    return err;
}

static void compare_trail(struct reconciling *r, const char *whose, const struct audit_head *kept, bool differs)
{
    if (differs) {
        printf("%s: the audit trail was cut or changed: its entry %lld is not the one that was kept of it\n", whose,
               (long long)kept->n);
        r->differences++;
    } else if (kept->n > 0) {
        printf("%s: the audit trail has the head that was kept of it, entry %lld\n", whose, (long long)kept->n);
    }
}

/* What the office saw when it exchanged heads. */
static enum err count_seen(void *context, int64_t n, const struct audit_entry *e)
{
    struct reconciling *r = context;
    (void)n;
    if (strcmp(e->event, "trail-differs") != 0)
        return OK;
    printf("%s: seen before: %s\n", e->subject, e->detail);
    r->differences++;
    return OK;
}

static enum err reconcile_trails(struct ca_side *ca, struct db *db, struct reconciling *r, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    struct witness w;
    struct witness_request request;
    enum err err = witness_ask(db, false, &w, &request, why);
    if (err == OK)
        err = ask_ca(ca, SOAP_WITNESS, &request, &answer, why);
    if (err == OK)
        err = witness_take(db, answer.body, &w, why);
    if (err != OK)
        return err;
    compare_trail(r, "ca", &w.ca_kept, witness_ca_differs(&w));
    compare_trail(r, "factory", &w.own_kept, witness_own_differs(&w));
    err = stock_audit_list(db, "trail:ca", count_seen, r, why);
    return err != OK ? err : stock_audit_list(db, "trail:factory", count_seen, r, why);
}

int command_reconcile(const struct command_line *line)
{
    struct reconciling r = { 0 };
    struct factory_settings s;
    struct ca_side ca = { .tls = NULL };
    struct db *db = NULL;
    struct why why = { "" };
    enum err err = open_folder(line, &s, &db, &why);
    if (err == OK)
        err = open_ca(&s, &ca, &why);
    if (err == OK)
        err = reconcile_accounts(&ca, db, &r, &why);
    if (err == OK)
        err = stock_request_each(db, STOCK_REQUEST_DONE, print_left_out, NULL, &why);
    if (err == OK)
        err = reconcile_trails(&ca, db, &r, &why);
    close_ca(&ca);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
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
    if (err == OK)
        err = audit_head_check(db, stock_audit_first(), command_flag(line, "kept"), &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    hex_encode(head, sizeof head, hex);
    printf("audit: %lld entries, head %s\n", (long long)n, hex);
    return 0;
}
