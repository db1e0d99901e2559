#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "factory/batch.h"
#include "factory/stored_pack.h"

enum { WAITING_MAX = 4, CHUNK_BYTES = BATCH_COMMIT * 2048 };

/* Packs on their way from the network to the database; the bytes hold private keys and are wiped. */
struct item {
    struct device_number number;
    char order[LIMIT_NAME + 1];
    size_t at, n; /* in the chunk's bytes */
};
struct chunk {
    struct chunk *next;
    struct buf bytes;
    struct item items[BATCH_COMMIT];
    size_t n;
};

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct chunk *first, *last; /* waiting */
    struct chunk *spare;        /* stored, wiped, to be filled again */
    size_t waiting;
    bool closed;
    enum err err; /* the first that was met */
    struct why why;
    struct chunk *filling; /* the caller's */
    /* of the writer's thread */
    struct db *db;
    struct sealer *sealer;
    char request[LIMIT_MESSAGE_ID + 1];
    int64_t place; /* of the request */
    struct buf sealed;
    struct stored_chain chain;
};

static void chunk_free(struct chunk *c)
{
    if (c != NULL)
        buf_wipe(&c->bytes);
    free(c);
}

static enum err store_item(struct writer *w, const struct chunk *c, const struct item *item, struct why *why)
{
    struct span bytes = span_of(c->bytes.data + item->at, item->n);
    struct pack pack;
    uint8_t fingerprint[CERT_FINGERPRINT], binding[SEAL_BINDING];
    bool stored;
    enum err err = pack_decode(bytes, &pack, why);
    if (err == OK && !number_equal(&pack.number, &item->number))
        err = why_set(why, ERR_NUMBER_MISMATCH, "the CA sent the pack of %s under %s", pack.number.text, item->number.text);
    if (err != OK)
        return err;
    cert_fingerprint_der(pack.certificate, fingerprint);
    buf_clear(&w->sealed);
    err = stored_chain_find(&w->chain, w->db, &pack, why);
    if (err == OK)
        err = seal(w->sealer, pack.private_key, factory_binding(&item->number, fingerprint, binding), &w->sealed, why);
    return err != OK ? err
                     : stock_pack_store(w->db,
                                        &(struct stock_pack){ .number = item->number,
                                                              .request = w->place,
                                                              .order = item->order,
                                                              .sealed = buf_span(&w->sealed),
                                                              .certificate = pack.certificate,
                                                              .chain = w->chain.id,
                                                              .fingerprint = fingerprint,
                                                              .now_s = clock_wall_s() },
                                        &stored, why);
}

static enum err store_chunk(struct writer *w, const struct chunk *c, struct why *why)
{
    enum err err = db_begin(w->db, why);
    for (size_t i = 0; err == OK && i < c->n; i++)
        err = store_item(w, c, &c->items[i], why);
    if (err == OK)
        err = factory_note(w->db, "ca", "stored", w->request, why, "packs=%zu first=%s last=%s", c->n, c->items[0].number.text,
                           c->items[c->n - 1].number.text);
    if (err == OK)
        return db_commit(w->db, why);
    db_rollback(w->db);
    w->chain.id = 0;
    return err;
}

/* The next chunk; NULL when there will be none. */
static struct chunk *take(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->closed)
        pthread_cond_wait(&w->changed, &w->lock);
    struct chunk *c = w->first;
    if (c != NULL) {
        w->first = c->next;
        w->waiting--;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return c;
}

/* Its memory is used again: fresh megabytes for each chunk cost more than what is done with them. */
static void put_away(struct writer *w, struct chunk *c)
{
    secret_wipe(c->bytes.data, c->bytes.len);
    buf_clear(&c->bytes);
    c->n = 0;
    pthread_mutex_lock(&w->lock);
    c->next = w->spare;
    w->spare = c;
    pthread_mutex_unlock(&w->lock);
}

static struct chunk *new_chunk(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct chunk *c = w->spare;
    if (c != NULL)
        w->spare = c->next;
    pthread_mutex_unlock(&w->lock);
    if (c != NULL)
        return c;
    c = calloc(1, sizeof *c);
    if (c != NULL && buf_reserve(&c->bytes, CHUNK_BYTES) == OK)
        return c;
    free(c);
    return NULL;
}

static void *run(void *context)
{
    struct writer *w = context;
    for (struct chunk *c; (c = take(w)) != NULL; put_away(w, c)) {
        struct why why = { "" };
        enum err err = w->err == OK ? store_chunk(w, c, &why) : OK;
        pthread_mutex_lock(&w->lock);
        if (err != OK && w->err == OK) {
            w->err = err;
            w->why = why;
        }
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static enum err hand_over(struct writer *w)
{
    struct chunk *c = w->filling;
    w->filling = NULL;
    pthread_mutex_lock(&w->lock);
    while (w->waiting >= WAITING_MAX)
        pthread_cond_wait(&w->changed, &w->lock);
    c->next = NULL;
    if (w->first == NULL)
        w->first = c;
    else
        w->last->next = c;
    w->last = c;
    w->waiting++;
    enum err err = w->err;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return err;
}

enum err writer_put(struct writer *w, const struct issued_pack *pack)
{
    if (strlen(pack->order) > LIMIT_NAME || pack->pack.n > LIMIT_PACK)
        return ERR_TOO_LARGE;
    if (w->filling == NULL) {
        w->filling = new_chunk(w);
        if (w->filling == NULL)
            return ERR_NO_MEMORY;
    }
    struct chunk *c = w->filling;
    struct item *item = &c->items[c->n];
    *item = (struct item){ .number = pack->number, .at = c->bytes.len, .n = pack->pack.n };
    memcpy(item->order, pack->order, strlen(pack->order) + 1);
    enum err err = buf_put_span(&c->bytes, pack->pack);
    if (err == OK && ++c->n == BATCH_COMMIT)
        err = hand_over(w);
    return err;
}

/* Wiped when they were put away; to wipe their megabytes again would be waited for at the batch's end. */
static void free_spare(struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;
        buf_done(&c->bytes);
        free(c);
        c = next;
    }
}

static void free_all(struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;
        chunk_free(c);
        c = next;
    }
}

static void writer_free(struct writer *w)
{
    chunk_free(w->filling);
    free_all(w->first);
    free_spare(w->spare);
    db_close(w->db);
    sealer_free(w->sealer);
    buf_done(&w->sealed);
    stored_chain_done(&w->chain);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

enum err writer_start(struct factory *factory, const char *request, struct writer **ret_writer, struct why *why)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    snprintf(w->request, sizeof w->request, "%s", request);
    enum err err = stock_open(factory_store(&factory->settings), DB_READ_WRITE, &w->db, why);
    if (err == OK)
        db_tidy_later(w->db, &factory->untidy);
    if (err == OK)
        err = stock_request_find(w->db, request, &w->place, why);
    if (err == OK)
        err = sealer_new(&factory->kek, &w->sealer, why);
    if (err == OK && pthread_create(&w->thread, NULL, run, w) != 0)
        err = why_set(why, ERR_NO_MEMORY, "cannot start the writer thread");
    if (err != OK)
        writer_free(w);
    else
        *ret_writer = w;
    return err;
}

enum err writer_finish(struct writer *w, struct why *why)
{
    enum err err = OK;
    if (w->filling != NULL && w->filling->n > 0)
        err = hand_over(w);
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    err = w->err;
    if (err != OK && why != NULL)
        *why = w->why;
    writer_free(w);
    return err;
}
