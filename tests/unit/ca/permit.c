#include "../test.h"

#include <string.h>

#include "ca/permit.h"

/* Which request may come in which state of a batch, written down a second time: N none, O open, A accepted,
 * R refused. */
static const struct {
    enum ca_request request;
    const char *states;
} allowed[] = {
    { CA_REQUEST_OPEN, "N" },         { CA_REQUEST_NUMBERS, "OR" },     { CA_REQUEST_CHECK, "OR" },
    { CA_REQUEST_NEXT, "A" },         { CA_REQUEST_CLOSE, "NOAR" },     { CA_REQUEST_CONFIRM, "NOAR" },
    { CA_REQUEST_OUTCOMES, "NOAR" },  { CA_REQUEST_ACCOUNTS, "NOAR" },  { CA_REQUEST_BOOTSTRAP, "NOAR" },
    { CA_REQUEST_ENROL, "NOAR" },     { CA_REQUEST_LISTS, "NOAR" },     { CA_REQUEST_WITNESS, "NOAR" },
    { CA_REQUEST_IDENTITIES, "NOAR" }, { CA_REQUEST_RENEW, "NOAR" },    { CA_REQUEST_SETTLE, "NOAR" },
};
static const char letters[BATCH_STATES] = { [BATCH_NONE] = 'N', [BATCH_OPEN] = 'O', [BATCH_ACCEPTED] = 'A', [BATCH_REFUSED] = 'R' };

static const char *states_of(unsigned kind)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (allowed[i].request == kind)
            return allowed[i].states;
    return NULL;
}

static void every_cell_of_the_table_is_as_written_down(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 300; kind++)
        for (unsigned s = 0; s < BATCH_STATES; s++) {
            struct permit_meter meter = { 0 };
            const char *states = states_of(kind);
            enum err expected = states == NULL ? ERR_UNSUPPORTED : strchr(states, letters[s]) != NULL ? OK : ERR_NOT_ALLOWED;
            assert_err(permit_check(&meter, kind, (enum batch_state)s, 5, NULL), expected);
        }
}

static void more_than_allowed_in_a_minute_is_refused_until_the_next(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        const struct permit_row *row = permit_row(allowed[i].request);
        struct permit_meter meter = { 0 };
        enum batch_state in = (row->states & 1u) != 0 ? BATCH_NONE : (row->states & 2u) != 0 ? BATCH_OPEN : BATCH_ACCEPTED;
        for (int64_t k = 0; k < row->per_minute; k++)
            assert_ok(permit_check(&meter, row->request, in, 1000, NULL));
        assert_err(permit_check(&meter, row->request, in, 1000, NULL), row->per_minute == 0 ? OK : ERR_BUSY);
        assert_ok(permit_check(&meter, row->request, in, 1000 + 2 * PERMIT_WINDOW_MS, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table_is_as_written_down),
        cmocka_unit_test(more_than_allowed_in_a_minute_is_refused_until_the_next),
    };
    return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
