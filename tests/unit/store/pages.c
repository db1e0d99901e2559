/* What came in at the centre is listed in pages: each row once, whatever is asked for, and no page looks at more than its measure. */
#include "../test.h"

#include "place.h"
#include "store/center_page.h"
#include "store/center_schema.h"

/* Devices 1 to 4: 1 and 2 are acme's, 2 at its shop; 3 is zeta's; 4 nobody's. What comes in is theirs in turn, a second between. */
enum { DEVICES = 4, BEGIN_S = 1000 };

static int per_second; /* rows whose time is the same */

static void enter(struct db *db)
{
    static const struct {
        const char *customer, *site;
    } rows[DEVICES] = { { "acme", "" }, { "acme", "shop" }, { "zeta", "" }, { "", "" } };
    assert_ok(center_customer_put(db, &(struct center_customer){ .id = "acme", .name = "A" }, NULL));
    assert_ok(center_customer_put(db, &(struct center_customer){ .id = "zeta", .name = "Z" }, NULL));
    assert_ok(center_site_put(db, &(struct center_site){ .id = "shop", .customer = "acme" }, NULL));
    for (int i = 0; i < DEVICES; i++) {
        struct center_device d = { .kind = CENTER_DEVICE };
        snprintf(d.number.text, sizeof d.number.text, "3012-%06d", i + 1);
        snprintf(d.customer, sizeof d.customer, "%s", rows[i].customer);
        snprintf(d.site, sizeof d.site, "%s", rows[i].site);
        assert_ok(center_device_put(db, &d, NULL));
    }
}

static int open_new(void **state)
{
    struct db *db;
    if (center_open(place_new("pages.db", "center"), DB_CREATE, &db, NULL) != OK)
        return -1;
    enter(db);
    per_second = 1;
    *state = db;
    return 0;
}

static int close_it(void **state)
{
    db_close(*state);
    return 0;
}

/* --- Row i of each list: of device i % 4, at moment(i); the kind of every third one is "odd" --- */

static int64_t moment(int64_t i) { return BEGIN_S + i / per_second; }

static const char *number_of(int64_t i)
{
    static char text[16];
    snprintf(text, sizeof text, "3012-%06d", (int)(i % DEVICES) + 1);
    return text;
}

static void add_reading(struct db *db, int64_t i)
{
    struct center_reading r = { .reading = { .epoch = 1, .sequence = i + 1 }, .received_s = moment(i) };
    snprintf(r.number.text, sizeof r.number.text, "%s", number_of(i));
    strcpy(r.verdict, i % 3 == 0 ? "odd" : "even");
    assert_ok(center_reading_add(db, &r, NULL));
}

static void add_incident(struct db *db, int64_t i)
{
    struct center_incident n = { .at_s = moment(i) };
    strcpy(n.kind, i % 3 == 0 ? "odd" : "even");
    strcpy(n.number, number_of(i));
    snprintf(n.by, sizeof n.by, "peer-%d", (int)i);
    assert_ok(db_run(db, ASK_INCIDENT_ADD, DB_ARGS(db_int(n.at_s), db_text(n.kind), db_text(n.number), db_text(n.by), db_text(""),
                                                  db_blob(span_of("", 0))), NULL));
}

static void add_event(struct db *db, int64_t i)
{
    assert_ok(db_run(db, ASK_EVENT_ADD, DB_ARGS(db_text(number_of(i)), db_int(moment(i)), db_text(i % 3 == 0 ? "odd" : "even"), db_text("")),
                     NULL));
}

static void add_call(struct db *db, int64_t i)
{
    char id[24];
    snprintf(id, sizeof id, "c%d", (int)i);
    assert_ok(db_run(db, ASK_CALL_ADD,
                     DB_ARGS(db_text(id), db_text(number_of(i)), db_int(1), db_text("x"), db_text(i % 3 == 0 ? "taken" : "refused"),
                             db_int(moment(i)), db_int(BEGIN_S + 9000), db_int(0), db_text(""), db_blob(span_of("e", 1)), db_null(), db_text("")),
                     NULL));
}

struct seen {
    int64_t rows[64], n;
};

static enum err see(void *context, int64_t at_s)
{
    struct seen *s = context;
    if (s->n < 64)
        s->rows[s->n] = at_s - BEGIN_S;
    s->n++;
    return OK;
}
static enum err see_reading(void *context, const struct center_reading *r) { return see(context, r->received_s); }
static enum err see_incident(void *context, const struct center_incident *i) { return see(context, i->at_s); }
static enum err see_call(void *context, const struct center_call *c) { return see(context, c->accepted_s); }
static enum err see_event(void *context, const char *number, int64_t at_s, const char *kind, const char *detail)
{
    (void)number, (void)kind, (void)detail;
    return see(context, at_s);
}

#define PAGE(name) \
    static enum err page_##name(struct db *db, const struct center_filter *f, struct seen *seen, int64_t *ret_next) \
    { \
        return center_##name##_page(db, f, see_##name, seen, ret_next, NULL); \
    }
PAGE(reading) PAGE(incident) PAGE(event) PAGE(call)

static const struct list {
    const char *name, *odd;
    void (*add)(struct db *db, int64_t i);
    enum err (*page)(struct db *db, const struct center_filter *f, struct seen *seen, int64_t *ret_next);
} lists[] = {
    { "readings", "odd", add_reading, page_reading }, { "incidents", "odd", add_incident, page_incident },
    { "events", "odd", add_event, page_event },       { "calls", "taken", add_call, page_call },
};

static void fill(struct db *db, const struct list *l, int64_t n)
{
    assert_ok(db_begin(db, NULL));
    for (int64_t i = 0; i < n; i++)
        l->add(db, i);
    assert_ok(db_commit(db, NULL));
}

/* All pages, each with the bound that it has. */
static struct seen read_all(struct db *db, const struct list *l, struct center_filter f, int *ret_pages)
{
    struct seen all = { .n = 0 };
    int pages = 0;
    for (bool more = true; more && pages < 100; pages++) {
        int64_t before = all.n;
        assert_ok(l->page(db, &f, &all, &f.after));
        assert_true(all.n - before <= f.most);
        more = f.after != 0;
    }
    *ret_pages = pages;
    return all;
}

static bool belongs(const struct list *l, const struct center_filter *f, int64_t i)
{
    int d = (int)(i % DEVICES);
    return (f->number == NULL || strcmp(f->number, number_of(i)) == 0) &&
           (f->customer == NULL || (strcmp(f->customer, "acme") == 0 ? d < 2 : strcmp(f->customer, "zeta") == 0 && d == 2)) &&
           (f->site == NULL || d == 1) && (f->kind == NULL || (i % 3 == 0 && strcmp(f->kind, l->odd) == 0)) &&
           (!f->open || i % 3 == 0) && moment(i) >= f->since_s && (f->until_s == 0 || moment(i) < f->until_s);
}

/* M-7 */
static void each_row_that_is_asked_for_is_in_one_page_the_newest_first(void **state)
{
    enum { ROWS = 40 };
    struct db *db = *state;
    static const struct center_filter filters[] = {
        { .most = 7 },  { .most = 40 }, { .most = 39 }, { .most = 1000 },
        { .most = 3, .number = "3012-000002" }, { .most = 10, .number = "3012-000003" }, { .most = 2, .customer = "acme" },
        { .most = 4, .site = "shop" }, { .most = 4, .customer = "zeta", .site = "shop" }, { .most = 5, .since_s = BEGIN_S + 11 },
        { .most = 5, .until_s = BEGIN_S + 11 }, { .most = 3, .since_s = BEGIN_S + 7, .until_s = BEGIN_S + 9 },
        { .most = 3, .until_s = 5 }, { .most = 3, .since_s = BEGIN_S + 100 }, { .most = 2, .kind = "odd" }, { .most = 20, .kind = "none" },
        { .most = 2, .number = "3012-000001", .kind = "odd", .since_s = BEGIN_S + 3, .until_s = BEGIN_S + 30 },
    };
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        fill(db, &lists[l], ROWS);
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
            struct center_filter f = filters[i];
            int pages, at = 0;
            if (f.kind != NULL && strcmp(f.kind, "odd") == 0)
                f.kind = lists[l].odd;
            struct seen all = read_all(db, &lists[l], f, &pages);
            for (int64_t row = ROWS - 1; row >= 0; row--)
                if (belongs(&lists[l], &f, row) && (at >= all.n || all.rows[at++] != row))
                    fail_msg("%s, filter %zu: row %d is missing", lists[l].name, i, (int)row);
            assert_int_equal(all.n, at);
            int needed = at == 0 ? 1 : (at + (int)f.most - 1) / (int)f.most;
            assert_in_range(pages, needed, needed + 1);
        }
    }
}

/* Two centres on one database, or a clock that was set back: what came later has an earlier time. */
static void fill_out_of_order(struct db *db, const struct list *l, int64_t n)
{
    enum { STRIDE = 7 };
    assert_ok(db_begin(db, NULL));
    for (int64_t i = 0; i < n; i++)
        l->add(db, i * STRIDE % n);
    assert_ok(db_commit(db, NULL));
}

static void rows_whose_times_are_not_in_the_order_of_their_coming_are_each_in_one_page(void **state)
{
    enum { ROWS = 40, SECONDS = ROWS / 2 };
    struct db *db = *state;
    static const struct center_filter filters[] = {
        { .most = 7 }, { .most = 1 }, { .most = 3, .since_s = BEGIN_S + 11 }, { .most = 3, .until_s = BEGIN_S + 11 },
        { .most = 1, .since_s = BEGIN_S + 5, .until_s = BEGIN_S + 9 }, { .most = 2, .customer = "acme", .since_s = BEGIN_S + 5 },
        { .most = 2, .number = "3012-000002", .since_s = BEGIN_S + 5 }, { .most = 2, .number = "3012-000003", .until_s = BEGIN_S + 9 },
    };
    per_second = 2;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        fill_out_of_order(db, &lists[l], ROWS);
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
            int pages, left[SECONDS] = { 0 };
            struct seen all = read_all(db, &lists[l], filters[i], &pages);
            for (int64_t row = 0; row < ROWS; row++)
                left[row / per_second] += belongs(&lists[l], &filters[i], row);
            for (int64_t at = 0; at < all.n; at++) {
                left[all.rows[at]]--;
                assert_true(at == 0 || filters[i].number != NULL || all.rows[at] <= all.rows[at - 1]);
            }
            for (int second = 0; second < SECONDS; second++)
                if (left[second] != 0)
                    fail_msg("%s, filter %zu: of second %d there are %d too few", lists[l].name, i, second, left[second]);
        }
    }
}

static void no_list_goes_on_behind_a_row_that_is_not_there(void **state)
{
    struct db *db = *state;
    static const struct center_filter filters[] = { { .most = 7, .after = 99 }, { .most = 7, .after = 99, .number = "3012-000001" } };
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        fill(db, &lists[l], 8);
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
            struct seen none = { .n = 0 };
            int64_t next = 0;
            assert_int_equal(lists[l].page(db, &filters[i], &none, &next), ERR_NOT_FOUND);
            assert_int_equal(none.n, 0);
        }
    }
}

/* What is looked for in vain ends a page after its measure, and is found by the pages behind it. */
static void a_page_looks_at_no_more_than_its_measure(void **state)
{
    struct db *db = *state;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        const struct list *list = &lists[l];
        struct center_filter f = { .most = 10, .customer = "zeta", .until_s = BEGIN_S + 3 };
        int pages;
        fill(db, list, 2 * CENTER_PAGE_LOOKS + 10);
        struct seen all = read_all(db, list, f, &pages);
        assert_int_equal(all.n, 1);
        assert_int_equal(pages, 1); /* the time alone leads there */
        f = (struct center_filter){ .most = 10, .kind = "none" };
        all = read_all(db, list, f, &pages);
        assert_int_equal(all.n, 0);
        assert_int_equal(pages, 3);
    }
}

static void open_calls_are_found_behind_any_number_of_closed_ones(void **state)
{
    struct db *db = *state;
    const struct list *calls = &lists[3];
    int pages;
    fill(db, calls, 40);
    assert_ok(db_begin(db, NULL));
    for (int64_t i = 40; i < 2 * CENTER_PAGE_LOOKS; i++)
        if (i % 3 != 0)
            add_call(db, i);
    assert_ok(db_commit(db, NULL));
    struct seen open = read_all(db, calls, (struct center_filter){ .most = 20, .open = true }, &pages);
    assert_int_equal(open.n, 14);
    assert_int_equal(pages, 1);
    open = read_all(db, calls, (struct center_filter){ .most = 20, .open = true, .number = "3012-000001" }, &pages);
    assert_int_equal(open.n, 4); /* 0, 12, 24, 36 */
}

/* --- Agreements --- */

static enum err see_agreement(void *context, const char *number, const struct agreement *a)
{
    char *to = context;
    sprintf(to + strlen(to), "%s:%d ", number + 10, (int)a->from_s);
    return OK;
}

static void agreements_are_listed_in_the_order_of_their_numbers(void **state)
{
    struct db *db = *state;
    static const struct {
        const char *number;
        int64_t from_s, until_s;
    } rows[] = { { "3012-000003", 10, 20 }, { "3012-000001", 10, 20 }, { "3012-000001", 20, 50 }, { "3012-000004", 30, 0 },
                 { "3012-000001", 50, 0 },  { "3012-000002", 90, 0 },  { "3012-000003", 30, 0 } };
    static const struct {
        struct center_filter filter;
        const char *text;
    } wanted[] = {
        { { .most = 100 }, "1:10 1:20 1:50 2:90 3:10 3:30 4:30 " },
        { { .most = 2 }, "1:10 1:20 1:50 2:90 3:10 3:30 4:30 " },
        { { .most = 1, .number = "3012-000001" }, "1:10 1:20 1:50 " },
        { { .most = 2, .customer = "acme" }, "1:10 1:20 1:50 2:90 " },
        { { .most = 2, .site = "shop" }, "2:90 " },
        { { .most = 2, .now_s = 60, .kind = "active" }, "1:50 3:30 4:30 " },
        { { .most = 2, .now_s = 60, .kind = "none" }, "2:90 " },
        { { .most = 2, .now_s = 60, .kind = "ended" }, "1:10 1:20 3:10 " },
        { { .most = 2, .since_s = 20, .until_s = 30 }, "1:20 " },
        { { .most = 2, .since_s = 60 }, "1:50 2:90 3:30 4:30 " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_ok(center_agreement_add(db, rows[i].number, rows[i].from_s, rows[i].until_s, NULL));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct center_filter f = wanted[i].filter;
        char text[256] = "";
        do
            assert_ok(center_agreement_page(db, &f, see_agreement, text, &f.after, NULL));
        while (f.after != 0);
        assert_string_equal(text, wanted[i].text);
    }
}

static void agreements_of_a_time_are_found_behind_any_number_of_others(void **state)
{
    struct db *db = *state;
    struct center_filter f = { .most = 10, .since_s = 50, .until_s = 60 };
    char text[256] = "";
    assert_ok(db_begin(db, NULL));
    for (int64_t i = 0; i < CENTER_PAGE_LOOKS - 10; i++)
        assert_ok(db_run(db, ASK_AGREEMENT_ADD, DB_ARGS(db_text("3012-000001"), db_int(10), db_int(20)), NULL));
    assert_ok(db_commit(db, NULL));
    assert_ok(center_agreement_add(db, "3012-000002", 30, 0, NULL));
    assert_ok(center_agreement_page(db, &f, see_agreement, text, &f.after, NULL));
    assert_string_equal(text, "2:30 ");
    assert_int_equal(f.after, 0);
}

static void agreements_do_not_begin_anew_behind_one_that_is_not_there(void **state)
{
    struct db *db = *state;
    char text[256] = "";
    struct why why = { "" };
    assert_ok(center_agreement_add(db, "3012-000002", 30, 0, NULL));
    for (int i = 0; i < 2; i++) {
        struct center_filter f = { .most = 10, .after = 99, .number = i == 0 ? NULL : "3012-000002" };
        assert_int_equal(center_agreement_page(db, &f, see_agreement, text, &f.after, &why), ERR_NOT_FOUND);
        assert_string_equal(why.text, "the list has no row 99 to go on behind: begin it anew, without --after");
        assert_string_equal(text, "");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_row_that_is_asked_for_is_in_one_page_the_newest_first),
        TEST(a_page_looks_at_no_more_than_its_measure),
        TEST(open_calls_are_found_behind_any_number_of_closed_ones),
        TEST(agreements_are_listed_in_the_order_of_their_numbers),
        TEST(rows_whose_times_are_not_in_the_order_of_their_coming_are_each_in_one_page),
        TEST(no_list_goes_on_behind_a_row_that_is_not_there),
        TEST(agreements_of_a_time_are_found_behind_any_number_of_others),
        TEST(agreements_do_not_begin_anew_behind_one_that_is_not_there),
    };
    return cmocka_run_group_tests_name("pages", tests, scratch_make, scratch_remove);
}
