/* Devices without an agent: a real snmpd serves the Printer-MIB, the real gateway program reads and reports it (M-1, M-5). */
#include "center.h"
#include "node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "field/letter.h"
#include "gateway/agentless.h"
#include "gateway/printer.h"
#include "store/relay.h"

static struct fixture *pki;
static struct stand_in center;
static struct node gateway;
static char dir[] = "/tmp/nameplate-test-XXXXXX";
static pid_t snmpd;
static char address[40];

static void put(const char *name, const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_ok(file_replace(path, span_text(text), 0600, NULL));
}

static const char *in(const char *name)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void start_snmpd(void)
{
    char conf[600];
    const char *root = getenv("SOURCE_ROOT");
    snprintf(address, sizeof address, "udp:127.0.0.1:%d", 20000 + (int)getpid() % 20000);
    snprintf(conf, sizeof conf,
             "rocommunity secret-community\n"
             "createUser reader SHA-256 \"auth-password\" AES \"priv-password\"\n"
             "rouser reader priv\n"
             "pass_persist .1.3.6.1.2.1.43 /bin/sh %s/tests/peer/printer_pass.sh %s/pages\n",
             root, dir);
    put("snmpd.conf", conf);
    put("pages", "4000000000\n");
    put("two.conf", "[snmp]\ncommunity = secret-community\n");
    put("wrong.conf", "[snmp]\ncommunity = guessed\n");
    put("three.conf", "[snmp]\nversion = 3\nuser = reader\nauth_password = auth-password\nprivacy_password = priv-password\n");
    put("three-wrong.conf", "[snmp]\nversion = 3\nuser = reader\nauth_password = not-the-password\nprivacy_password = priv-password\n");
    snmpd = fork();
    assert_true(snmpd >= 0);
    if (snmpd == 0) {
        setenv("SNMP_PERSISTENT_DIR", dir, 1);
        setenv("MIBS", "", 1);
        execlp("snmpd", "snmpd", "-f", "-C", "-c", in("snmpd.conf"), "-Lf", "/dev/null", "-I", "-smux", address, (char *)NULL);
        _exit(127);
    }
}

static int group_setup(void **state)
{
    (void)state;
    pki = fixture_new();
    assert_non_null(mkdtemp(dir));
    stand_in_start(&center, pki, 0);
    node_make(&gateway, pki, dir, "4001-90", "gateway");
    start_snmpd();
    printer_start();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    char command[80];
    node_done(&gateway);
    kill(snmpd, SIGKILL);
    waitpid(snmpd, NULL, 0);
    stand_in_stop(&center);
    fixture_free(pki);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static enum err ask(const char *login_file, struct printer_reading *ret_reading)
{
    struct printer_login login;
    struct why why = { "" };
    enum err err = printer_login_read(in(login_file), &login, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    return printer_read(address, &login, ret_reading, &why);
}

static void the_page_counter_is_read_with_a_community_or_a_user(void **state)
{
    (void)state;
    static const char *const logins[] = { "two.conf", "three.conf" };
    for (size_t i = 0; i < 2; i++) {
        struct printer_reading r = { .pages = 0 };
        enum err err = ERR_TIMEOUT;
        for (int k = 0; k < 10 && err != OK; k++) /* snmpd may be starting */
            err = ask(logins[i], &r);
        assert_ok(err);
        assert_true(r.pages == 4000000000); /* a Counter32 beyond 31 bits */
        assert_string_equal(r.serial, "OLD-4711");
    }
}

static void a_wrong_login_reads_nothing(void **state)
{
    (void)state;
    struct printer_reading r;
    assert_err(ask("wrong.conf", &r), ERR_TIMEOUT); /* SNMP does not say more */
    assert_err(ask("three-wrong.conf", &r), ERR_NOT_ALLOWED);
}

static void a_device_without_the_counter_is_said_so(void **state)
{
    (void)state;
    struct printer_reading r;
    assert_int_equal(unlink(in("pages")), 0);
    assert_err(ask("two.conf", &r), ERR_UNSUPPORTED);
    put("pages", "4000000000\n");
}

static void a_login_that_others_can_read_is_refused(void **state) /* I14 */
{
    (void)state;
    struct printer_login login;
    assert_ok(file_replace(in("open.conf"), span_text("[snmp]\ncommunity = c\n"), 0644, NULL));
    assert_int_not_equal(printer_login_read(in("open.conf"), &login, NULL), OK);
}

/* The n-th report that the centre got: checked as the centre would. */
static int64_t reported(size_t n, const char *number)
{
    AUTO_PARSED parsed = { 0 };
    size_t k = 0;
    int64_t value = -1, last = 0;
    pthread_mutex_lock(&center.lock);
    for (size_t i = 0; i < center.seen_n && value < 0; i++) {
        const struct seen *s = &center.seen[i];
        if (strcmp(s->what, "call") != 0 || k++ != n)
            continue;
        struct field_call c = { .id = s->id, .limit = 86400, .envelope = buf_span(&s->envelope), .signature = buf_span(&s->signature),
                                .serial = s->serial, .maker = s->maker };
        assert_string_equal(s->maker, "gateway"); /* it has no presence, and counts its own letters */
        assert_true(s->serial > last);
        last = s->serial;
        assert_ok(number_parse(span_text("4001-90"), &c.number, NULL));
        assert_ok(letter_check_call(gateway.board.identity.chain[0], &c, NULL));
        assert_ok(soap_read_request(SERVICE_CENTER, c.envelope, &parsed, NULL));
        assert_int_equal(parsed.message, SOAP_AGENTLESS_REPORT);
        const struct agentless_report_request *r = parsed.body;
        assert_string_equal(r->number.text, number);
        assert_string_equal(r->serial, "OLD-4711");
        assert_int_equal(r->counters_n, 1);
        assert_string_equal(r->counters[0].name, "print");
        value = r->counters[0].value;
    }
    pthread_mutex_unlock(&center.lock);
    return value;
}

static void the_gateway_reports_it_in_its_own_name_also_after_a_crash_without_the_centre(void **state) /* M-1, M-5 */
{
    (void)state;
    char csv[200];
    snprintf(csv, sizeof csv, "number,address,login,interval\nOLD-7,%s,two.conf,3600\n", address);
    put("printers.csv", csv);
    center.away = true;
    static const char settings[] = "[uplink]\nurl = https://127.0.0.1:%u\ninterval = 1\n[agentless]\ndevices = %s/printers.csv\n[log]\nlevel = error\n";
    node_start(&gateway, settings, center.port, dir);
    for (int i = 0; i < 400; i++) { /* until it is in the queue */
        struct db *db = NULL;
        struct relay_counts counts = { 0 };
        char path[240];
        snprintf(path, sizeof path, "%s/relay.db", gateway.dir);
        assert_ok(relay_open(path, DB_READ_ONLY, &db, NULL));
        assert_ok(relay_count(db, &counts, NULL));
        db_close(db);
        if (counts.up == 1)
            break;
        usleep(25000);
    }
    node_kill(&gateway);
    put("pages", "4000000005\n");
    pthread_mutex_lock(&center.lock);
    center.away = false;
    pthread_mutex_unlock(&center.lock);
    node_start(&gateway, settings, center.port, dir);
    for (int i = 0; i < 400 && reported(1, "OLD-7") < 0; i++)
        usleep(25000);
    assert_true(reported(0, "OLD-7") == 4000000000);
    assert_true(reported(1, "OLD-7") == 4000000005);
    assert_int_equal(node_stop(&gateway), 0);
}

static void the_list_of_devices_is_read_with_all_its_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *says; /* says NULL: it is fine */
    } rows[] = {
        { "number,address,login,interval\nOLD-7,10.0.0.7,snmp.conf,3600\n", NULL },
        { "OLD-7;10.0.0.7;snmp.conf;3600\n", NULL },
        { "number,address,login,interval\n", NULL },
        { "old-7,10.0.0.7,snmp.conf,3600\n", "line 1, column 1" },
        { "OLD-7,10.0.0.7,snmp.conf,3600\nOLD-7,10.0.0.8,snmp.conf,3600\n", "line 2, column 1" },
        { "OLD-7,10.0.0.7,snmp.conf,soon\n", "line 1, column 26" },
        { "OLD-7,10.0.0.7,snmp.conf,4\n", "5 seconds" },
        { "OLD-7,,snmp.conf,3600\n", "is missing" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct agentless *list = NULL;
        size_t n;
        struct why why = { "" };
        enum err err = agentless_parse(span_text(rows[i].csv), "/etc/gateway", &list, &n, &why);
        if ((err == OK) != (rows[i].says == NULL) || (rows[i].says != NULL && strstr(why.text, rows[i].says) == NULL))
            fail_msg("row %zu: %s", i, why_text(&why, err));
        if (err == OK && n > 0)
            assert_string_equal(list[0].login, "/etc/gateway/snmp.conf");
        free(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_of_devices_is_read_with_all_its_mistakes),
        cmocka_unit_test(the_page_counter_is_read_with_a_community_or_a_user),
        cmocka_unit_test(a_wrong_login_reads_nothing),
        cmocka_unit_test(a_device_without_the_counter_is_said_so),
        cmocka_unit_test(a_login_that_others_can_read_is_refused),
        cmocka_unit_test(the_gateway_reports_it_in_its_own_name_also_after_a_crash_without_the_centre),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
