/* The plan's CSV reader, and the comparison with a plan in force. */
#include "model/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct plan_model models[] = { { "3012", 6, false, false }, { "3014", 2, false, true } };
    static const struct plan_range ranges[] = { { 20260318, "3012", 100, "000001" } };
    static const struct plan_known known = { .models = models, .models_n = 2, .ranges = ranges, .ranges_n = 1 };
    AUTO_PLAN plan;
    struct why why;
    if (plan_parse(span_of(data, size), &plan, &why) == OK && plan_check(&plan, &known, &why) == OK && plan.mistakes.n != 0)
        __builtin_trap();
    return 0;
}
