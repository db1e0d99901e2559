/* Device numbers: whatever is accepted is canonical and comes apart into what it was made of. */
#include <stdlib.h>

#include "model/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct device_number number, again, next;
    char model[LIMIT_MODEL_CODE + 1];
    if (number_parse(span_of(data, size), &number, NULL) != OK)
        return 0;
    number_model(&number, model);
    if (!span_equal(span_text(number.text), span_of(data, size)) || number_make(model, number_serial(&number), &again, NULL) != OK ||
        !number_equal(&number, &again))
        abort();
    if (number_add(&number, 1, &next, NULL) == OK && (number_equal(&number, &next) || strlen(next.text) != strlen(number.text)))
        abort();
    return 0;
}
