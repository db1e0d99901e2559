#include "sample.h"

#include <stdio.h>

/* What the writer must escape and the reader must give back. */
static const char odd_text[] = "<a b=\"c\">&amp; 'x' ü 漢 \xf0\x9f\x94\x91 ]]> %d";

static void fill_text(uint8_t *member, struct arena *arena, unsigned seed)
{
    char *text = arena_take(arena, 96);
    snprintf(text, 96, "%u %s", seed, odd_text);
    memcpy(member, &text, sizeof text);
}

static void fill_bytes(uint8_t *member, struct arena *arena, unsigned seed)
{
    size_t n = seed % 40;
    uint8_t *bytes = arena_take(arena, n + 1);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(seed * 31 + i * 7);
    struct span value = span_of(bytes, n);
    memcpy(member, &value, sizeof value);
}

static void fill_number(uint8_t *member, unsigned seed)
{
    struct device_number number = { { 0 } };
    snprintf(number.text, sizeof number.text, "3012-%06u", seed % 1000000);
    memcpy(member, &number, sizeof number);
}

static void fill_int(uint8_t *member, unsigned seed)
{
    static const int64_t values[] = { INT64_MIN, INT64_MAX, -1, 0, 1, 4711 };
    memcpy(member, &values[seed % 6], sizeof *values);
}

static void fill(const struct soap_record *record, uint8_t *object, struct arena *arena, bool optional, unsigned seed);

static void fill_list(const struct soap_field *field, uint8_t *object, struct arena *arena, bool optional, unsigned seed)
{
    size_t n = seed % 23;
    const struct soap_record *record = field->record();
    uint8_t *items = arena_take(arena, n * record->size + 1);
    for (size_t i = 0; i < n; i++)
        fill(record, items + i * record->size, arena, optional, seed + 5 * (unsigned)i);
    memcpy(object + field->offset, &items, sizeof items);
    memcpy(object + field->n_offset, &n, sizeof n);
}

static void fill(const struct soap_record *record, uint8_t *object, struct arena *arena, bool optional, unsigned seed)
{
    for (size_t i = 0; i < record->fields_n; i++, seed++) {
        const struct soap_field *field = &record->fields[i];
        uint8_t *member = object + field->offset;
        bool flag = (seed & 1) != 0;
        if (field->kind != SOAP_LIST_OF && !field->must && !optional)
            continue;
        switch (field->kind) {
        case SOAP_TEXT: fill_text(member, arena, seed); break;
        case SOAP_BYTES: fill_bytes(member, arena, seed); break;
        case SOAP_NUMBER: fill_number(member, seed); break;
        case SOAP_INT: fill_int(member, seed); break;
        case SOAP_FLAG: memcpy(member, &flag, sizeof flag); break;
        case SOAP_LIST_OF: fill_list(field, object, arena, optional, seed); break;
        }
    }
}

void *sample_new(struct arena *arena, const struct soap_record *record, bool optional, unsigned seed)
{
    void *object = arena_take(arena, record->size + 1);
    fill(record, object, arena, optional, seed);
    return object;
}

static bool texts_equal(const uint8_t *a, const uint8_t *b)
{
    const char *x, *y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return strcmp(x == NULL ? "" : x, y == NULL ? "" : y) == 0;
}

static bool bytes_equal(const uint8_t *a, const uint8_t *b)
{
    struct span x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return span_equal(x, y);
}

static bool lists_equal(const struct soap_field *field, const uint8_t *a, const uint8_t *b)
{
    const uint8_t *x, *y;
    memcpy(&x, a + field->offset, sizeof x);
    memcpy(&y, b + field->offset, sizeof y);
    if (memcmp(a + field->n_offset, b + field->n_offset, sizeof(size_t)) != 0)
        return false;
    size_t n, size = field->record()->size;
    memcpy(&n, a + field->n_offset, sizeof n);
    for (size_t i = 0; i < n; i++)
        if (!sample_equal(field->record(), x + i * size, y + i * size))
            return false;
    return true;
}

static bool field_equal(const struct soap_field *field, const uint8_t *a, const uint8_t *b)
{
    switch (field->kind) {
    case SOAP_TEXT: return texts_equal(a + field->offset, b + field->offset);
    case SOAP_BYTES: return bytes_equal(a + field->offset, b + field->offset);
    case SOAP_NUMBER: return strcmp((const char *)a + field->offset, (const char *)b + field->offset) == 0;
    case SOAP_INT: return memcmp(a + field->offset, b + field->offset, sizeof(int64_t)) == 0;
    case SOAP_FLAG: return a[field->offset] == b[field->offset];
    case SOAP_LIST_OF: return lists_equal(field, a, b);
    }
    return false;
}

bool sample_equal(const struct soap_record *record, const void *a, const void *b)
{
    for (size_t i = 0; i < record->fields_n; i++)
        if (!field_equal(&record->fields[i], a, b))
            return false;
    return true;
}
