/* What a scanner sends: arbitrary bytes. Whatever is accepted is a canonical device number. */
#include <stdlib.h>

#include "scan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scan_rules rules;
    struct device_number number, again;
    if (rules.n == 0 && (scan_rules_add(&rules, "3012", "###### gtin:04012345678901 label:3012(######)", NULL) != OK ||
                         scan_rules_add(&rules, "7700", "label:S/N(@###)X label:?(?)", NULL) != OK))
        abort();
    if (scan_read(&rules, span_of(data, size), &number, NULL) == OK &&
        (number_parse(span_text(number.text), &again, NULL) != OK || !number_equal(&number, &again)))
        abort();
    return 0;
}
