#include "ca/reserve.h"

#include <stdlib.h>

enum err reserve_find_places(struct batch *b)
{
    b->places = calloc((size_t)b->count, sizeof *b->places);
    if (b->places == NULL)
        return ERR_NO_MEMORY;
    size_t at = 0;
    for (int64_t i = 0; i < b->count; i++) {
        b->places[i].at = (uint32_t)at; /* LIMIT_BATCH_NUMBERS of them, each short */
        at += strlen((const char *)b->numbers.data + at) + 1;
    }
    return OK;
}

static const char *number_at(const struct batch *b, int64_t i) { return (const char *)b->numbers.data + b->places[i].at; }

/* --- The requester's production orders, with what is used up of each --- */

static enum err add_order(void *context, const struct register_order *order, const struct register_account *account)
{
    struct order_book *book = context;
    if (book->n == book->room) {
        size_t room = book->room == 0 ? 16 : 2 * book->room;
        struct decide_order *grown = reallocarray(book->orders, room, sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        book->orders = grown;
        book->room = room;
    }
    book->orders[book->n++] = (struct decide_order){ *order, decide_used(account) };
    return OK;
}

static int by_model_and_age(const void *a, const void *b)
{
    const struct decide_order *x = a, *y = b;
    int models = strcmp(x->order.model, y->order.model);
    return models != 0 ? models : (x->order.id > y->order.id) - (x->order.id < y->order.id);
}

static enum err load_orders(struct signer *s, struct batch *b, struct why *why)
{
    b->book.n = 0;
    enum err err = register_order_list(s->db, b->requester, NULL, add_order, &b->book, why);
    if (err == OK && b->book.n != 0)
        qsort(b->book.orders, b->book.n, sizeof *b->book.orders, by_model_and_age);
    return err;
}

/* The run of orders for the number's model. */
static struct decide_order *find_run(const struct order_book *book, const struct device_number *number, size_t *ret_n)
{
    char model[LIMIT_MODEL_CODE + 1];
    number_model(number, model);
    size_t first = 0, n = 0;
    while (first < book->n && strcmp(book->orders[first].order.model, model) != 0)
        first++;
    while (first + n < book->n && strcmp(book->orders[first + n].order.model, model) == 0)
        n++;
    *ret_n = n;
    return &book->orders[first];
}

const char *reserve_order_name(const struct batch *b, int64_t order_id)
{
    for (size_t i = 0; i < b->book.n; i++)
        if (b->book.orders[i].order.id == order_id)
            return b->book.orders[i].order.name;
    return "";
}

void reserve_done(struct batch *b)
{
    free(b->places);
    free(b->book.orders);
    b->places = NULL;
    b->book = (struct order_book){ 0 };
}

/* --- Judging and reserving --- */

/* Mostly a day's numbers follow one another and are new: one look at the register tells. */
static enum err look_for_known(struct signer *s, const struct batch *b, bool *ret_known, struct why *why)
{
    const char *first = number_at(b, 0), *last = first;
    for (int64_t i = 1; i < b->count; i++) {
        const char *number = number_at(b, i);
        if (strcmp(number, first) < 0)
            first = number;
        if (strcmp(number, last) > 0)
            last = number;
    }
    return register_range_known(s->db, first, last, ret_known, why);
}

static enum err judge(const struct batch *b, struct issue_facts *facts, struct decide_order **ret_order, struct why *why)
{
    size_t order = 0;
    struct decide_order *orders = find_run(&b->book, facts->number, &facts->orders_n);
    facts->orders = orders;
    enum err err = decide_issue(facts, &order, why);
    if (err == OK)
        *ret_order = &orders[order];
    return err;
}

static enum err judge_by_history(struct signer *s, const struct batch *b, struct issue_facts *facts, struct decide_order **ret_order,
                                 struct why *why)
{
    enum err err = register_history(s->db, facts->number->text, &facts->history, why);
    return err != OK ? err : judge(b, facts, ret_order, why);
}

static enum err reserve_as(struct signer *s, struct batch *b, const struct issue_facts *facts, struct decide_order *order, int64_t i,
                           struct why *why)
{
    const struct register_reservation row = { .number = facts->number->text, .generation = facts->history.generation + 1,
                                              .order_id = order->order.id, .request = facts->request, .position = i };
    enum err err = register_reserve(s->db, &row, why);
    if (err != OK)
        return err;
    order->used++;
    b->places[i].generation = (int32_t)row.generation;
    b->places[i].order_id = row.order_id;
    return OK;
}

/* `known`: the register may have certificates of the number. A refusal is told by its history in any case. */
static enum err reserve_number(struct signer *s, struct batch *b, const struct register_request *r, bool known, int64_t i,
                               struct why *why)
{
    struct device_number number;
    struct issue_facts facts = { .number = &number, .requester = b->requester, .request = r->id, .now_s = r->accepted_s };
    struct decide_order *order = NULL;
    enum err err = number_parse(span_text(number_at(b, i)), &number, why);
    if (err != OK)
        return err;
    err = known ? judge_by_history(s, b, &facts, &order, why) : judge(b, &facts, &order, why);
    if (err == OK)
        err = reserve_as(s, b, &facts, order, i, why);
    if (err == OK)
        return OK;
    enum err refused = judge_by_history(s, b, &facts, &order, why);
    return refused != OK ? refused : err;
}

enum err reserve_all(struct signer *s, struct batch *b, const struct register_request *r, struct why *why)
{
    bool known = true;
    enum err err = load_orders(s, b, why);
    if (err == OK)
        err = look_for_known(s, b, &known, why);
    for (int64_t i = 0; err == OK && i < b->count; i++)
        err = reserve_number(s, b, r, known, i, why);
    b->waiting = b->count;
    return err;
}

/* --- What is reserved still --- */

static enum err take_reservation(void *context, const struct register_reservation *r)
{
    struct batch *b = context;
    if (r->position < 0 || r->position >= b->count || strcmp(number_at(b, r->position), r->number) != 0)
        return ERR_DAMAGED;
    b->places[r->position].generation = (int32_t)r->generation;
    b->places[r->position].order_id = r->order_id;
    return OK;
}

enum err reserve_load(struct signer *s, struct batch *b, struct why *why)
{
    enum err err = b->book.n == 0 ? load_orders(s, b, why) : OK;
    if (err == OK)
        err = register_request_waiting(s->db, b->request, &b->waiting, why);
    for (int64_t i = 0; i < b->count; i++)
        b->places[i].generation = 0;
    return err != OK || b->waiting == 0 ? err : register_reserved_list(s->db, b->request, take_reservation, b, why);
}

enum err reserve_refresh(struct signer *s, struct batch *b, struct why *why)
{
    int64_t waiting = 0;
    enum err err = register_request_waiting(s->db, b->request, &waiting, why);
    return err != OK || waiting == b->waiting ? err : reserve_load(s, b, why);
}
