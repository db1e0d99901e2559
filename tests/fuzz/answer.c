/* What a device answered to a call, as the console shows it (M-7): it can always be written as JSON. The first byte chooses
 * the call. */
#include <stdlib.h>

#include "center/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct operation *operation = &answer_operations[data[0] % answer_operations_n];
    json_t *json = answer_as_json(soap_message_row(operation->message)->operation, span_of(data + 1, size - 1));
    char *text = json == NULL ? NULL : json_dumps(json, 0);
    if (text == NULL)
        abort();
    free(text);
    json_decref(json);
    return 0;
}
