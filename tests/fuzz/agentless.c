/* A list of devices without an agent: whatever is accepted has a number, an address and an interval. */
#include <stdlib.h>

#include "gateway/agentless.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct agentless *list;
    size_t n;
    if (agentless_parse(span_of(data, size), "/etc", &list, &n, NULL) != OK)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].number.text[0] == '\0' || list[i].address[0] == '\0' || list[i].interval_s <= 0)
            abort();
    free(list);
    return 0;
}
