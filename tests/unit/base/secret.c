/* What held a secret is wiped before its memory is given back: looked at in the moment when it is. */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/secret.h"

static const char key[] = "a private key, as it were";
static const void *watched; /* the secret's memory */
static bool given_back, wiped;

static void look_at(const void *memory)
{
    if (memory == NULL || memory != watched)
        return;
    given_back = true;
    wiped = memmem(memory, sizeof key, "private", 7) == NULL;
}

void __real_free(void *memory);
void __wrap_free(void *memory);
int __real_munmap(void *memory, size_t n);
int __wrap_munmap(void *memory, size_t n);

void __wrap_free(void *memory)
{
    look_at(memory);
    __real_free(memory);
}

int __wrap_munmap(void *memory, size_t n)
{
    look_at(memory);
    return __real_munmap(memory, n);
}

static void watch(const void *memory)
{
    watched = memory;
    given_back = wiped = false;
}

static void assert_wiped(void)
{
    assert_true(given_back);
    assert_true(wiped);
    watched = NULL;
}

static void a_secret_is_wiped_at_its_end(void **state) /* I14 */
{
    (void)state;
    struct secret s = SECRET_INIT;
    assert_ok(secret_copy(key, sizeof key, &s));
    watch(s.data);
    secret_done(&s);
    assert_wiped();
    assert_null(s.data);
}

static void a_buffer_of_secrets_is_wiped_when_it_grows_and_at_its_end(void **state) /* I14 */
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_ok(buf_put(&b, key, sizeof key));
    watch(b.data);
    assert_ok(buf_reserve(&b, 4096));
    assert_wiped();
    watch(b.data);
    buf_wipe(&b);
    assert_wiped();
}

/* The flags of the mapping that `memory` begins, as the kernel says them. */
static void read_flags(const void *memory, char ret_flags[256])
{
    char line[512], begin[32];
    bool ours = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    snprintf(begin, sizeof begin, "%lx-", (unsigned long)(uintptr_t)memory);
    ret_flags[0] = '\0';
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (strncmp(line, begin, strlen(begin)) == 0)
            ours = true;
        if (ours && strncmp(line, "VmFlags:", 8) == 0) {
            snprintf(ret_flags, 256, "%.250s", line);
            break;
        }
    }
    if (maps != NULL)
        fclose(maps);
}

static void a_secret_is_in_no_core_dump(void **state) /* I14 */
{
    (void)state;
    char flags[256];
    AUTO_SECRET s = SECRET_INIT;
    assert_ok(secret_copy(key, sizeof key, &s));
    read_flags(s.data, flags);
    if (flags[0] == '\0') /* beside another mapping of the same kind, or a kernel that does not say */
        skip();
    assert_non_null(strstr(flags, " dd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_wiped_at_its_end),
        cmocka_unit_test(a_buffer_of_secrets_is_wiped_when_it_grows_and_at_its_end),
        cmocka_unit_test(a_secret_is_in_no_core_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
