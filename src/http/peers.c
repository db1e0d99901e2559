#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/conn.h"

enum { BUCKETS = 1024 };

struct entry {
    struct entry *next;
    unsigned n;
    char key[HTTP_ADDRESS_SIZE];
};

struct peer_counts {
    struct entry *buckets[BUCKETS];
};

enum err peer_counts_new(struct peer_counts **ret_counts)
{
    *ret_counts = calloc(1, sizeof **ret_counts);
    return *ret_counts == NULL ? ERR_NO_MEMORY : OK;
}

void peer_counts_free(struct peer_counts *counts)
{
    for (size_t i = 0; counts != NULL && i < BUCKETS; i++)
        while (counts->buckets[i] != NULL) {
            struct entry *next = counts->buckets[i]->next;
            free(counts->buckets[i]);
            counts->buckets[i] = next;
        }
    free(counts);
}

/* An IPv6 host has its whole /64: the key is the prefix. */
static void make_key(const char *address, char key[HTTP_ADDRESS_SIZE])
{
    struct in6_addr v6;
    snprintf(key, HTTP_ADDRESS_SIZE, "%s", address);
    if (inet_pton(AF_INET6, address, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6))
        return;
    memset(v6.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &v6, key, HTTP_ADDRESS_SIZE);
}

static struct entry **find(struct peer_counts *counts, const char *key)
{
    uint32_t hash = 2166136261u; /* FNV-1a: the attacker cannot choose many source addresses on a TCP connection */
    for (const char *p = key; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    struct entry **at = &counts->buckets[hash % BUCKETS];
    while (*at != NULL && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

enum err peer_counts_take(struct peer_counts *counts, const char *address, unsigned most)
{
    char key[HTTP_ADDRESS_SIZE];
    make_key(address, key);
    struct entry **at = find(counts, key);
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL)
            return ERR_NO_MEMORY;
        memcpy((*at)->key, key, sizeof key);
    }
    if ((*at)->n >= most)
        return ERR_BUSY;
    (*at)->n++;
    return OK;
}

void peer_counts_give(struct peer_counts *counts, const char *address)
{
    char key[HTTP_ADDRESS_SIZE];
    make_key(address, key);
    struct entry **at = find(counts, key), *entry = *at;
    if (entry == NULL || --entry->n > 0)
        return;
    *at = entry->next;
    free(entry);
}
