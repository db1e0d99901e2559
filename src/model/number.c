#include "model/number.h"

#include <stdio.h>

static bool is_number_char(uint8_t c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

static bool all_number_chars(struct span text, size_t max)
{
    if (text.n == 0 || text.n > max)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!is_number_char(text.at[i]))
            return false;
    return true;
}

bool number_is_model(struct span text) { return all_number_chars(text, LIMIT_MODEL_CODE); }
bool number_is_serial(struct span text) { return all_number_chars(text, LIMIT_SERIAL); }

enum err number_parse(struct span text, struct device_number *ret_number, struct why *why)
{
    const uint8_t *hyphen = text.n == 0 ? NULL : memchr(text.at, '-', text.n);
    int shown = (int)(text.n < 48 ? text.n : 48);
    if (hyphen == NULL)
        return why_set(why, ERR_BAD_NUMBER, "\"%.*s\" has no hyphen: a device number looks like 3012-123456", shown,
                       (const char *)text.at);
    struct span model = { text.at, (size_t)(hyphen - text.at) };
    struct span serial = { hyphen + 1, text.n - model.n - 1 };
    if (!number_is_model(model))
        return why_set(why, ERR_BAD_NUMBER, "\"%.*s\": the model code is 1 to %d digits or capital letters", shown,
                       (const char *)text.at, LIMIT_MODEL_CODE);
    if (!number_is_serial(serial))
        return why_set(why, ERR_BAD_NUMBER, "\"%.*s\": the serial number is 1 to %d digits or capital letters", shown,
                       (const char *)text.at, LIMIT_SERIAL);
    memcpy(ret_number->text, text.at, text.n);
    ret_number->text[text.n] = '\0';
    return OK;
}

enum err number_make(const char *model, const char *serial, struct device_number *ret_number, struct why *why)
{
    char text[LIMIT_NUMBER_TEXT + 2];
    int n = snprintf(text, sizeof text, "%s-%s", model, serial);
    if (n < 0 || n > LIMIT_NUMBER_TEXT)
        return why_set(why, ERR_BAD_NUMBER, "%.20s-%.30s is longer than a device number can be", model, serial);
    return number_parse(span_of(text, (size_t)n), ret_number, why);
}

void number_model(const struct device_number *n, char ret_model[LIMIT_MODEL_CODE + 1])
{
    size_t len = strcspn(n->text, "-");
    memcpy(ret_model, n->text, len);
    ret_model[len] = '\0';
}

const char *number_serial(const struct device_number *n)
{
    return n->text + strcspn(n->text, "-") + 1;
}

enum err number_add(const struct device_number *n, uint64_t step, struct device_number *ret_number, struct why *why)
{
    struct device_number sum = *n;
    char *serial = sum.text + strcspn(sum.text, "-") + 1;
    for (char *at = serial + strlen(serial); at-- != serial;) {
        if (*at < '0' || *at > '9')
            return why_set(why, ERR_BAD_NUMBER, "the serial number of %s is not all digits: it cannot be counted up", n->text);
        step += (uint64_t)(*at - '0');
        *at = (char)('0' + step % 10);
        step /= 10;
    }
    if (step != 0)
        return why_set(why, ERR_TOO_LARGE, "the serial numbers after %s run out of digits", n->text);
    *ret_number = sum;
    return OK;
}
