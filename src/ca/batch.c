/* A batch request: its numbers come in pieces, are all checked before anything is made, and are then reserved
 * in one transaction (F-3, F-4, I10, I11). */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "ca/decide.h"
#include "ca/signer.h"

struct batch *batch_find(struct signer *s, int64_t tag)
{
    for (size_t i = 0; i < SIGNER_BATCHES; i++)
        if (s->batches[i].state != BATCH_NONE && s->batches[i].tag == tag)
            return &s->batches[i];
    return NULL;
}

void batch_done(struct signer *s, struct batch *b)
{
    issue_drop_ahead(s); /* the pool may be using the batch's sealers */
    for (size_t i = 0; s->pool != NULL && i < pool_workers(s->pool); i++)
        sealer_free(b->sealers[i]);
    buf_done(&b->numbers);
    *b = (struct batch){ .state = BATCH_NONE };
}

enum err batch_open(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = NULL;
    for (size_t i = 0; i < SIGNER_BATCHES && b == NULL; i++)
        if (s->batches[i].state == BATCH_NONE)
            b = &s->batches[i];
    if (b == NULL)
        return why_set(why, ERR_BUSY, "%d batch requests are under way already: try again later", SIGNER_BATCHES);
    *b = (struct batch){ .tag = tag };
    frame_text(fields, sizeof b->requester, b->requester);
    frame_text(fields, sizeof b->message_id, b->message_id);
    enum err err = frame_finish(fields, why);
    if (err == OK && (b->requester[0] == '\0' || b->message_id[0] == '\0'))
        err = why_set(why, ERR_BAD_INPUT, "a batch request needs a requester and a message id");
    if (err == OK)
        b->state = BATCH_OPEN;
    return err;
}

static enum err add_number(struct batch *b, struct span text, struct why *why)
{
    struct device_number number;
    enum err err = number_parse(text, &number, why);
    if (err == OK && b->count == LIMIT_BATCH_NUMBERS)
        err = why_set(why, ERR_TOO_LARGE, "more than %d device numbers in one request: ask in several", LIMIT_BATCH_NUMBERS);
    if (err == OK)
        err = buf_put(&b->numbers, number.text, strlen(number.text) + 1);
    if (err == OK)
        b->count++;
    return err;
}

/* No answer: what is wrong with a number is told at CHECK, where the front waits for one. */
enum err batch_numbers(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    int64_t n = frame_int(fields);
    for (int64_t i = 0; i < n && !fields->bad && b->refused == OK; i++)
        b->refused = add_number(b, frame_bytes(fields), &b->why);
    if (fields->bad)
        b->refused = why_set(&b->why, ERR_BAD_INPUT, "the numbers cannot be read");
    if (b->refused != OK)
        b->state = BATCH_REFUSED;
    (void)why;
    return OK;
}

enum err batch_close(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    (void)fields;
    (void)why;
    if (b != NULL)
        batch_done(s, b);
    return OK;
}

/* --- The requester's production orders, with what is used up of each --- */

struct order_book {
    struct decide_order *orders; /* by model, then age */
    size_t n, room;
};

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

static enum err load_orders(struct signer *s, const char *requester, struct order_book *book, struct why *why)
{
    enum err err = register_order_list(s->db, requester, NULL, add_order, book, why);
    if (err == OK && book->n != 0)
        qsort(book->orders, book->n, sizeof *book->orders, by_model_and_age);
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

/* --- Checking and reserving --- */

static enum err reserve_number(struct signer *s, const struct batch *b, struct order_book *book, const struct register_request *r,
                               const char *text, int64_t position, struct why *why)
{
    struct device_number number;
    struct issue_facts facts = { .number = &number, .requester = b->requester, .request = r->id, .now_s = r->accepted_s };
    size_t order = 0;
    enum err err = number_parse(span_text(text), &number, why);
    if (err == OK)
        err = register_history(s->db, text, &facts.history, why);
    if (err != OK)
        return err;
    struct decide_order *orders = find_run(book, &number, &facts.orders_n);
    facts.orders = orders;
    err = decide_issue(&facts, &order, why);
    if (err != OK)
        return err;
    struct register_certificate c = { .generation = facts.history.generation + 1, .order_id = orders[order].order.id,
                                      .request = r->id, .position = position, .created_s = r->accepted_s };
    snprintf(c.subject, sizeof c.subject, "%s", text);
    snprintf(c.requester, sizeof c.requester, "%s", b->requester);
    orders[order].used++;
    return register_reserve(s->db, &c, why);
}

static enum err reserve_all(struct signer *s, const struct batch *b, const struct register_request *r, struct why *why)
{
    struct order_book book = { 0 };
    enum err err = load_orders(s, b->requester, &book, why);
    const char *text = (const char *)b->numbers.data;
    for (int64_t i = 0; err == OK && i < b->count; i++, text += strlen(text) + 1)
        err = reserve_number(s, b, &book, r, text, i, why);
    free(book.orders);
    return err;
}

/* What binds a request's sealed data key to the request. */
static enum err put_binding(const struct batch *b, struct buf *to)
{
    return buf_putf(to, "request\n%s\n%s", b->requester, b->message_id);
}

static enum err use_data_key(struct signer *s, struct batch *b, const struct secret *key, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < pool_workers(s->pool); i++)
        err = sealer_new(key, &b->sealers[i], why);
    return err;
}

static enum err make_data_key(struct signer *s, struct batch *b, struct register_request *r, struct why *why)
{
    AUTO_SECRET key = SECRET_INIT;
    AUTO_BUF sealed = BUF_INIT, binding = BUF_INIT;
    enum err err = secret_new(SEAL_KEY, &key);
    if (err == OK)
        err = rng_fill(key.data, key.len);
    if (err == OK)
        err = put_binding(b, &binding);
    if (err == OK)
        err = seal(s->kek, secret_span(&key), buf_span(&binding), &sealed, why);
    if (err == OK && sealed.len > sizeof r->data_key)
        err = ERR_BUG;
    if (err != OK)
        return err;
    _Static_assert(SEAL_KEY + SEAL_OVERHEAD <= sizeof r->data_key, "a sealed data key fits its row");
    memcpy(r->data_key, sealed.data, sealed.len);
    r->data_key_n = sealed.len;
    return use_data_key(s, b, &key, why);
}

static enum err open_data_key(struct signer *s, struct batch *b, const struct register_request *r, struct why *why)
{
    AUTO_SECRET key = SECRET_INIT;
    AUTO_BUF binding = BUF_INIT;
    enum err err = put_binding(b, &binding);
    if (err == OK)
        err = unseal(s->kek, span_of(r->data_key, r->data_key_n), buf_span(&binding), &key, why);
    return err != OK ? err : use_data_key(s, b, &key, why);
}

static enum err accept_new(struct signer *s, struct batch *b, struct register_request *r, struct why *why)
{
    char actor[LIMIT_NAME + 16];
    snprintf(actor, sizeof actor, "factory:%s", b->requester);
    enum err err = make_data_key(s, b, r, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK)
        err = register_request_add(s->db, r, &r->id, why);
    if (err == OK)
        err = reserve_all(s, b, r, why);
    if (err == OK)
        err = register_audit(s->db, r->accepted_s, actor, "request", b->message_id, why, "numbers=%lld", (long long)b->count);
    return err != OK ? err : db_commit(s->db, why);
}

static enum err accept(struct signer *s, struct batch *b, struct why *why)
{
    struct register_request r = { .numbers = b->count, .accepted_s = clock_wall_s() };
    uint8_t digest[REGISTER_DIGEST];
    cert_fingerprint_der(buf_span(&b->numbers), digest); /* a SHA-256 like any other */
    enum err err = register_request_find(s->db, b->requester, b->message_id, &r, NULL);
    if (err == OK) {
        err = decide_repeat(&r, digest, b->count, why);
        if (err == OK)
            err = open_data_key(s, b, &r, why);
    } else if (err == ERR_NOT_FOUND) {
        snprintf(r.message_id, sizeof r.message_id, "%s", b->message_id);
        snprintf(r.requester, sizeof r.requester, "%s", b->requester);
        memcpy(r.digest, digest, sizeof digest);
        err = accept_new(s, b, &r, why);
    }
    if (err == OK)
        b->request = r.id;
    return err;
}

static enum err answer_accepted(struct signer *s, const struct batch *b)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_ACCEPTED, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, b->tag);
    if (err == OK)
        err = frame_put_int(&s->out, b->count);
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err batch_check(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    enum err err = frame_finish(fields, why);
    if (err == OK && b->refused != OK) {
        if (why != NULL)
            *why = b->why;
        err = b->refused;
    }
    if (err == OK && b->count == 0)
        err = why_set(why, ERR_BAD_INPUT, "the request names no device number");
    if (err == OK)
        err = accept(s, b, why);
    if (err != OK) {
        batch_done(s, b);
        return err;
    }
    buf_done(&b->numbers); /* they are in the register now */
    b->state = BATCH_ACCEPTED;
    return answer_accepted(s, b);
}

static enum err answer_done(struct signer *s, int64_t tag)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_DONE, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    return err != OK ? err : frame_end(&s->out, mark);
}

/* The factory server has the packs, durably: the keys that waited for that are destroyed (I14, I2). */
enum err batch_confirm(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    char requester[LIMIT_NAME + 1], message_id[LIMIT_MESSAGE_ID + 1], actor[LIMIT_NAME + 16];
    struct register_request r = { 0 };
    int64_t now_s = clock_wall_s();
    frame_text(fields, sizeof requester, requester);
    frame_text(fields, sizeof message_id, message_id);
    snprintf(actor, sizeof actor, "factory:%s", requester);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK)
        err = register_request_find(s->db, requester, message_id, &r, why);
    if (err == OK && r.confirmed_s == 0) {
        err = register_request_confirm(s->db, r.id, now_s, why);
        if (err == OK)
            err = register_audit(s->db, now_s, actor, "confirm", message_id, why, "numbers=%lld", (long long)r.numbers);
    }
    if (err == OK)
        err = db_commit(s->db, why);
    return err != OK ? err : answer_done(s, tag);
}
