#include "scan/part.h"

static const char gtin_word[] = "gtin:", label_word[] = "label:";

static struct span next_word(const char **at)
{
    size_t n = strcspn(*at, " ");
    struct span word = span_of(*at, n);
    *at += n;
    while (**at == ' ')
        (*at)++;
    return word;
}

static bool starts_with(struct span word, const char *prefix, struct span *ret_rest)
{
    size_t n = strlen(prefix);
    if (word.n < n || memcmp(word.at, prefix, n) != 0)
        return false;
    *ret_rest = span_of(word.at + n, word.n - n);
    return true;
}

static bool char_fits(uint8_t shape, uint8_t c)
{
    bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z';
    switch (shape) {
    case '#': return digit;
    case '@': return letter;
    case '?': return digit || letter;
    default: return shape == c;
    }
}

static bool shape_fits(struct span shape, struct span text)
{
    if (shape.n != text.n)
        return false;
    for (size_t i = 0; i < shape.n; i++)
        if (!char_fits(shape.at[i], text.at[i]))
            return false;
    return true;
}

/* A label's shape cut at its parentheses. */
struct label_shape {
    struct span before, serial, behind;
};

static bool split_label(struct span shape, struct label_shape *ret_label)
{
    const uint8_t *open = shape.n == 0 ? NULL : memchr(shape.at, '(', shape.n);
    const uint8_t *close = shape.n == 0 ? NULL : memchr(shape.at, ')', shape.n);
    if (open == NULL || close == NULL || close <= open + 1)
        return false;
    ret_label->before = span_of(shape.at, (size_t)(open - shape.at));
    ret_label->serial = span_of(open + 1, (size_t)(close - open) - 1);
    ret_label->behind = span_of(close + 1, shape.n - (size_t)(close - shape.at) - 1);
    return ret_label->serial.n <= LIMIT_SERIAL && memchr(close + 1, '(', ret_label->behind.n) == NULL &&
           memchr(close + 1, ')', ret_label->behind.n) == NULL;
}

static bool is_serial_shape(struct span word)
{
    if (word.n == 0 || word.n > LIMIT_SERIAL)
        return false;
    for (size_t i = 0; i < word.n; i++)
        if (strchr("#@?", word.at[i]) == NULL && !number_is_serial(span_of(word.at + i, 1)))
            return false;
    return true;
}

static enum err check_word(const char *model, struct span word, struct why *why)
{
    struct span rest;
    struct label_shape label;
    struct scan_instance instance = { .gtin = "" };
    bool good;
    if (starts_with(word, gtin_word, &rest))
        good = scan_put_gtin(rest, &instance, NULL) == OK;
    else if (starts_with(word, label_word, &rest))
        good = split_label(rest, &label) && is_serial_shape(label.serial);
    else
        good = is_serial_shape(word);
    return good ? OK
                : why_set(why, ERR_BAD_INPUT, "model %s: \"%.*s\" is no part of a label pattern", model,
                          (int)(word.n < 64 ? word.n : 64), (const char *)word.at);
}

enum err scan_pattern_check(const char *model, const char *pattern, struct why *why)
{
    if (strlen(pattern) > SCAN_PATTERN)
        return why_set(why, ERR_BAD_INPUT, "model %s: a label pattern has at most %d characters", model, SCAN_PATTERN);
    for (const char *at = pattern; *at != '\0';) {
        enum err err = check_word(model, next_word(&at), why);
        if (err != OK)
            return err;
    }
    return OK;
}

bool scan_pattern_takes_serial(const char *pattern, const char *serial)
{
    bool named = false;
    for (const char *at = pattern; *at != '\0';) {
        struct span rest, word = next_word(&at);
        if (starts_with(word, gtin_word, &rest) || starts_with(word, label_word, &rest))
            continue;
        named = true;
        if (shape_fits(word, span_text(serial)))
            return true;
    }
    return !named;
}

bool scan_pattern_has_gtin(const char *pattern, const char gtin[SCAN_GTIN + 1])
{
    for (const char *at = pattern; *at != '\0';) {
        struct span rest, word = next_word(&at);
        struct scan_instance instance = { .gtin = "" };
        if (starts_with(word, gtin_word, &rest) && scan_put_gtin(rest, &instance, NULL) == OK && strcmp(instance.gtin, gtin) == 0)
            return true;
    }
    return false;
}

static bool label_fits(const struct label_shape *label, struct span text)
{
    if (text.n != label->before.n + label->serial.n + label->behind.n)
        return false;
    return shape_fits(label->before, span_of(text.at, label->before.n)) &&
           shape_fits(label->serial, span_of(text.at + label->before.n, label->serial.n)) &&
           shape_fits(label->behind, span_of(text.at + label->before.n + label->serial.n, label->behind.n));
}

bool scan_pattern_label(const char *pattern, struct span text, char ret_serial[LIMIT_SERIAL + 1])
{
    for (const char *at = pattern; *at != '\0';) {
        struct span rest, word = next_word(&at);
        struct label_shape label;
        if (!starts_with(word, label_word, &rest) || !split_label(rest, &label) || !label_fits(&label, text))
            continue;
        memcpy(ret_serial, text.at + label.before.n, label.serial.n);
        ret_serial[label.serial.n] = '\0';
        return true;
    }
    return false;
}
