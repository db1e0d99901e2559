/* What an invoice run costs the centre: 10,000 devices (BILLING_DEVICES), each read once a day for a year, billed for one day and for
 * the year, page by page as `center billing` asks. No page may hold up the centre, and the year costs what the day does: `ratio`.
 * In a file of its own, or in the empty PostgreSQL that NAMEPLATE_TEST_POSTGRES names. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "center/api.h"
#include "store/db_backend.h"

enum { READINGS = 365, DAY_S = 86400 };
static const int64_t begin_s = 1767225600; /* 2026-01-01 */

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "%s\n", why_text(why, err));
    exit(1);
}

static void fill(struct db *db, long devices)
{
    char sql[2048];
    struct why why = { "" };
    snprintf(sql, sizeof sql,
             "INSERT INTO customer (id, name, address, telephone, email) VALUES ('acme', 'ACME', '', '', '');"
             "INSERT INTO device (number, kind, customer) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %ld)"
             " SELECT '3012-' || (1000000 + i), 'device', 'acme' FROM n;"
             "INSERT INTO agreement (number, state, from_s, until_s) SELECT number, 'active', 1, 0 FROM device;"
             "INSERT INTO reading (number, epoch, boots, sequence, received_s, via, call, billable, verdict)"
             " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " SELECT d.number, 1, 0, i, %lld + %d * i + 3600, '', '', 1, 'follows' FROM n CROSS JOIN device d ORDER BY i;"
             "INSERT INTO reading_counter (reading, name, value) SELECT id, 'copy', 10 * sequence FROM reading;"
             "INSERT INTO reading_counter (reading, name, value) SELECT id, 'print', 3 * sequence FROM reading;"
             "ANALYZE;",
             devices, READINGS, (long long)begin_s, DAY_S);
    must(db_begin(db, &why), &why);
    must(db->backend->script(db, sql, &why), &why);
    must(db_commit(db, &why), &why);
}

struct run {
    double all_s, longest_ms;
    long rows, count;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void count_page(struct run *r, const json_t *answer)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        const json_t *copy = json_array_get(json_object_get(row, "counters"), 0);
        r->count += (long)json_integer_value(json_object_get(copy, "count"));
        r->rows++;
    }
}

static struct run bill(struct console *console, const char *period)
{
    struct run r = { .rows = 0 };
    char query[256], next[LIMIT_NUMBER_TEXT + 1] = "";
    do {
        struct why why = { "" };
        snprintf(query, sizeof query, "%s%s%s", period, next[0] == '\0' ? "" : "&after=", next);
        struct api_call call = { .service = &console->service, .rest = "", .query = query, .actor = "bench" };
        double began = seconds();
        must(api_billing(&call, &why), &why);
        double took = seconds() - began;
        r.all_s += took;
        r.longest_ms = took * 1e3 > r.longest_ms ? took * 1e3 : r.longest_ms;
        count_page(&r, call.answer);
        snprintf(next, sizeof next, "%s", json_string_value(json_object_get(call.answer, "next")));
        json_decref(call.answer);
    } while (next[0] != '\0');
    return r;
}

static void print(long devices, const struct run *day, const struct run *year)
{
    printf("{\"billing\": {\"ratio\": %.3f, \"unit\": \"cost of billing a year / a day (one reading a day)\", \"devices\": %ld, "
           "\"day_s\": %.2f, \"year_s\": %.2f, \"longest_page_ms\": %.1f}}\n",
           year->all_s / day->all_s, devices, day->all_s, year->all_s, year->longest_ms);
}

int main(void)
{
    const char *said = getenv("BILLING_DEVICES"), *url = getenv("NAMEPLATE_TEST_POSTGRES");
    long devices = said == NULL ? 10000 : strtol(said, NULL, 10);
    char dir[] = "/tmp/nameplate-bench-XXXXXX", path[64];
    struct why why = { "" };
    struct center_settings settings = { .call_limit_s = 60 };
    struct console console = { .settings = &settings };
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/center.db", dir);
    must(center_open(url == NULL ? path : url, DB_CREATE, &console.db, &why), &why);
    fill(console.db, devices);
    console_init(&console);
    (void)bill(&console, "from=2026-12-30&until=2026-12-31"); /* warm */
    struct run day = bill(&console, "from=2026-12-30&until=2026-12-31"), year = bill(&console, "from=2026-01-01&until=2027-01-01");
    db_close(console.db);
    snprintf(path, sizeof path, "rm -rf %s", dir);
    bool right = system(path) == 0 && day.rows == devices && year.rows == devices && day.count == 10 * devices &&
                 year.count >= 10 * (READINGS - 2) * devices;
    if (right)
        print(devices, &day, &year);
    else
        fprintf(stderr, "%ld and %ld rows, %ld and %ld counted\n", day.rows, year.rows, day.count, year.count);
    return right ? 0 : 1;
}
