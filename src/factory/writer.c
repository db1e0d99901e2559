#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "factory/batch.h"
#include "factory/stored_pack.h"

enum { WAITING_MAX = 2, CHUNK_BYTES = BATCH_COMMIT * 1024 };

/* Packs on their way from the network to the database; the bytes hold private keys and are wiped. The chain, of which a
 * pack would consist to the larger part, is the same for all packs of a chunk, and is there once. */
struct item {
    struct device_number number;
    char order[LIMIT_NAME + 1];
    size_t certificate_at, certificate_n; /* in the chunk's bytes; the key lies behind it */
    size_t key_n;
};
struct chunk {
    struct chunk *next;
    struct buf bytes, chain;
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
};

static void chunk_free(struct chunk *c)
{
    if (c == NULL)
        return;
    buf_wipe(&c->bytes);
    buf_done(&c->chain);
    free(c);
}

static enum err store_item(struct writer *w, const struct chunk *c, const struct item *item, int64_t chain, struct why *why)
{
    struct span certificate = span_of(c->bytes.data + item->certificate_at, item->certificate_n);
    struct span key = span_of(certificate.at + certificate.n, item->key_n);
    uint8_t fingerprint[CERT_FINGERPRINT], binding[SEAL_BINDING];
    bool stored;
    cert_fingerprint_der(certificate, fingerprint);
    buf_clear(&w->sealed);
    enum err err = seal(w->sealer, key, factory_binding(&item->number, fingerprint, binding), &w->sealed, why);
    return err != OK ? err
                     : stock_pack_store(w->db,
                                        &(struct stock_pack){ .number = item->number,
                                                              .request = w->place,
                                                              .order = item->order,
                                                              .sealed = buf_span(&w->sealed),
                                                              .certificate = certificate,
                                                              .chain = chain,
                                                              .fingerprint = fingerprint,
                                                              .now_s = clock_wall_s() },
                                        &stored, why);
}

static enum err store_chunk(struct writer *w, const struct chunk *c, struct why *why)
{
    int64_t chain = 0;
    enum err err = db_begin(w->db, why);
    if (err == OK)
        err = stock_chain_put(w->db, buf_span(&c->chain), &chain, why);
    for (size_t i = 0; err == OK && i < c->n; i++)
        err = store_item(w, c, &c->items[i], chain, why);
    if (err == OK)
        err = factory_note(w->db, "ca", "stored", w->request, why, "packs=%zu first=%s last=%s", c->n, c->items[0].number.text,
                           c->items[c->n - 1].number.text);
    if (err == OK)
        return db_commit(w->db, why);
    db_rollback(w->db);
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
    buf_clear(&c->chain);
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
    chunk_free(c);
    return NULL;
}

static void keep_failure(struct writer *w, enum err err, const struct why *why)
{
    pthread_mutex_lock(&w->lock);
    if (w->err == OK) {
        w->err = err;
        w->why = *why;
    }
    pthread_mutex_unlock(&w->lock);
}

static void *run(void *context)
{
    struct writer *w = context;
    for (struct chunk *c; (c = take(w)) != NULL; put_away(w, c)) {
        struct why why = { "" };
        enum err err = w->err == OK ? store_chunk(w, c, &why) : OK;
        if (err != OK)
            keep_failure(w, err, &why);
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

/* The chunk that is being filled, or a new one, for packs with this chain. */
static enum err chunk_for(struct writer *w, const struct pack *pack)
{
    enum err err = w->filling != NULL && !stored_chain_is(buf_span(&w->filling->chain), pack) ? hand_over(w) : OK;
    if (err != OK || w->filling != NULL)
        return err;
    w->filling = new_chunk(w);
    return w->filling == NULL ? ERR_NO_MEMORY : stored_chain_put(pack, &w->filling->chain);
}

static enum err add_item(struct chunk *c, const struct pack *pack, const char *order)
{
    struct item *item = &c->items[c->n++];
    *item = (struct item){ .number = pack->number,
                           .certificate_at = c->bytes.len,
                           .certificate_n = pack->certificate.n,
                           .key_n = pack->private_key.n };
    memcpy(item->order, order, strlen(order) + 1);
    enum err err = buf_put_span(&c->bytes, pack->certificate);
    return err != OK ? err : buf_put_span(&c->bytes, pack->private_key);
}

static enum err open_pack(const struct issued_pack *issued, struct pack *ret_pack, struct why *why)
{
    if (strlen(issued->order) > LIMIT_NAME || issued->pack.n > LIMIT_PACK)
        return why_set(why, ERR_TOO_LARGE, "the CA sent a pack or an order's name that is too long for %s", issued->number.text);
    enum err err = pack_decode(issued->pack, ret_pack, why);
    if (err == OK && !number_equal(&ret_pack->number, &issued->number))
        err = why_set(why, ERR_NUMBER_MISMATCH, "the CA sent the pack of %s under %s", ret_pack->number.text, issued->number.text);
    return err;
}

enum err writer_put(struct writer *w, const struct issued_pack *issued)
{
    struct pack pack;
    struct why why = { "" };
    enum err err = open_pack(issued, &pack, &why);
    if (err != OK)
        keep_failure(w, err, &why);
    if (err == OK)
        err = chunk_for(w, &pack);
    if (err == OK)
        err = add_item(w->filling, &pack, issued->order);
    if (err == OK && w->filling->n == BATCH_COMMIT)
        err = hand_over(w);
    return err;
}

/* Wiped when they were put away; to wipe their megabytes again would be waited for at the batch's end. */
static void free_spare(struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;
        buf_done(&c->bytes);
        buf_done(&c->chain);
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
    enum err err = stock_open(api_settings_store(&factory->settings.common), DB_READ_WRITE, &w->db, why);
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
