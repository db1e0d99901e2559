#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The leak checker of sanitizer builds traces its own process and cannot do with less. */
#if defined(__SANITIZE_ADDRESS__)
#define TRACEABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRACEABLE 1
#endif
#endif
#ifndef TRACEABLE
#define TRACEABLE 0
#endif

/* Whole pages, so that locking and leaving out of dumps touches nothing else. */
static size_t page_round(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n + page - 1) / page * page;
}

enum err secret_new(size_t n, struct secret *ret_secret)
{
    if (n == 0) {
        *ret_secret = (struct secret){ 0 };
        return OK;
    }
    size_t size = page_round(n);
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return ERR_NO_MEMORY;
    (void)mlock(data, size); /* a small limit on locked memory is no reason to stop the line */
    (void)madvise(data, size, MADV_DONTDUMP);
    *ret_secret = (struct secret){ .data = data, .len = n };
    return OK;
}

enum err secret_copy(const void *data, size_t n, struct secret *ret_secret)
{
    enum err err = secret_new(n, ret_secret);
    if (err == OK && n != 0)
        memcpy(ret_secret->data, data, n);
    return err;
}

void secret_done(struct secret *s)
{
    if (s == NULL || s->data == NULL)
        return;
    secret_wipe(s->data, s->len);
    (void)munmap(s->data, page_round(s->len));
    *s = (struct secret){ 0 };
}

void secret_wipe(void *data, size_t n)
{
    if (n != 0)
        explicit_bzero(data, n);
}

int secret_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (uint8_t)(x[i] ^ y[i]);
    return diff == 0;
}

enum err secret_close_process(struct why *why)
{
    const struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return why_errno(why, errno, "cannot switch core dumps off");
    if (!TRACEABLE && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return why_errno(why, errno, "cannot close the process to tracing");
    return OK;
}
