#include "soap/reader.h"

#include "base/hex.h"
#include "base/limit.h"
#include "base/text.h"

/* --- Records --- */

static void put_pointer(uint8_t *member, const void *pointer) { memcpy(member, &pointer, sizeof pointer); }

/* Texts are never NULL, even when absent. */
static void set_defaults(const struct soap_record *record, uint8_t *object)
{
    for (size_t i = 0; i < record->fields_n; i++)
        if (record->fields[i].kind == SOAP_TEXT)
            put_pointer(object + record->fields[i].offset, "");
}

static void open_level(struct soap_reader *r, const struct soap_record *record, const char *element, uint8_t *object)
{
    if (r->levels_n == SOAP_LEVELS) {
        soap_reader_fail(r, NULL, ERR_BUG, "records nested deeper than %d", SOAP_LEVELS);
        return;
    }
    r->levels[r->levels_n++] = (struct soap_level){ .record = record, .element = element, .object = object };
    if (object != NULL)
        set_defaults(record, object);
    r->place = PLACE_RECORD;
}

static void *take(struct soap_reader *r, const char *element, size_t n)
{
    void *piece = arena_take(r->arena, n);
    if (piece == NULL)
        soap_reader_fail(r, element, ERR_TOO_LARGE, "the message needs more memory than it may");
    return piece;
}

/* Whether `name` is the element of the message that is read; finds out which one a request is. */
static bool is_message(struct soap_reader *r, const char *name)
{
    size_t n = strlen(name);
    if (r->response) {
        static const char suffix[] = "Response";
        size_t cut = sizeof suffix - 1;
        if (n <= cut || strcmp(name + n - cut, suffix) != 0)
            return false;
        n -= cut;
    }
    enum soap_message message;
    if (soap_find_operation(r->service, span_of(name, n), &message) != OK || (r->fixed && message != r->message))
        return false;
    r->message = message;
    return true;
}

void soap_operation_start(struct soap_reader *r, const struct soap_name *name)
{
    const struct soap_service_row *service = soap_service_row(r->service);
    enum err err = r->fixed ? ERR_BAD_INPUT : ERR_UNSUPPORTED;
    if (!span_equal(name->ns, span_text(service->ns)) || !is_message(r, name->local)) {
        soap_reader_fail(r, name->local, err, "is no message of %s (%s) that may come here", service->path, service->ns);
        return;
    }
    r->message_read = true;
    const struct soap_message_row *row = soap_message_row(r->message);
    if (!r->response && row->max_body < r->max_bytes)
        r->max_bytes = row->max_body;
    if (r->bytes > r->max_bytes) {
        soap_reader_fail(r, name->local, ERR_TOO_LARGE, "the message is larger than %zu bytes", r->max_bytes);
        return;
    }
    const struct soap_record *record = soap_record_of(r->message, r->response);
    if (r->events == NULL)
        r->body = take(r, name->local, record->size == 0 ? 1 : record->size);
    if (r->err == OK)
        open_level(r, record, row->operation, r->body);
}

/* --- Lists --- */

/* The next record of a list: the array doubles whenever its length is a power of two. */
static uint8_t *grow_list(struct soap_reader *r, const struct soap_field *field, uint8_t *object)
{
    enum { FIRST = 4 };
    size_t size = field->record()->size, n;
    uint8_t *items;
    memcpy(&n, object + field->n_offset, sizeof n);
    memcpy(&items, object + field->offset, sizeof items);
    if (n == 0 || (n >= FIRST && (n & (n - 1)) == 0)) {
        uint8_t *larger = take(r, field->element, (n == 0 ? (size_t)FIRST : 2 * n) * size);
        if (larger == NULL)
            return NULL;
        if (n != 0)
            memcpy(larger, items, n * size);
        items = larger;
        put_pointer(object + field->offset, items);
    }
    uint8_t *item = items + n * size;
    n++;
    memcpy(object + field->n_offset, &n, sizeof n);
    return item;
}

static void start_item(struct soap_reader *r, const struct soap_field *field)
{
    if (++r->items > LIMIT_BATCH_NUMBERS) {
        soap_reader_fail(r, field->element, ERR_TOO_LARGE, "more than %d of them in one message", LIMIT_BATCH_NUMBERS);
        return;
    }
    uint8_t *object = r->levels[r->levels_n - 1].object;
    uint8_t *item = object == NULL ? take(r, field->element, field->record()->size) : grow_list(r, field, object);
    if (item != NULL)
        open_level(r, field->record(), field->element, item);
}

static void check_complete(struct soap_reader *r, const struct soap_level *level, const char *element)
{
    for (size_t i = 0; i < level->record->fields_n; i++)
        if (level->record->fields[i].must && (level->seen & 1u << i) == 0)
            soap_reader_fail(r, element, ERR_BAD_INPUT, "has no <%s>", level->record->fields[i].element);
}

static void hand_out_item(struct soap_reader *r, const struct soap_level *level)
{
    enum err err = r->events->on_item(r->events->context, level->object);
    arena_reset(r->arena);
    if (err != OK && r->err == OK) {
        r->err = err;
        XML_StopParser(r->parser, XML_FALSE);
    }
}

void soap_record_end(struct soap_reader *r, const struct soap_name *name)
{
    struct soap_level level = r->levels[--r->levels_n];
    check_complete(r, &level, name->local);
    if (r->err == OK && r->events != NULL && r->levels_n == 1)
        hand_out_item(r, &level);
    if (r->levels_n == 0)
        r->place = PLACE_BODY;
}

/* --- Fields --- */

static const struct soap_field *find_field(const struct soap_record *record, const char *element, size_t *ret_index)
{
    for (size_t i = 0; i < record->fields_n; i++)
        if (strcmp(record->fields[i].element, element) == 0) {
            *ret_index = i;
            return &record->fields[i];
        }
    return NULL;
}

void soap_field_start(struct soap_reader *r, const struct soap_name *name)
{
    struct soap_level *level = &r->levels[r->levels_n - 1];
    size_t i = 0;
    const struct soap_field *field = find_field(level->record, name->local, &i);
    if (field == NULL || !span_equal(name->ns, span_text(soap_service_row(r->service)->ns))) {
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "does not belong into <%s>", level->element);
    } else if (field->kind == SOAP_LIST_OF) {
        start_item(r, field);
    } else if ((level->seen & 1u << i) != 0) {
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "stands there twice");
    } else {
        level->seen |= 1u << i;
        r->field = field;
        r->text.len = 0;
        r->text.max = field->most;
        r->place = PLACE_FIELD;
    }
}

/* Names, ids and sentences: each one line, wherever it will stand. */
static void read_text(struct soap_reader *r, const char *element, uint8_t *member)
{
    uint8_t *copy = take(r, element, r->text.len + 1);
    if (copy == NULL)
        return;
    if (r->text.len != 0)
        memcpy(copy, r->text.data, r->text.len);
    text_hide_controls(copy, r->text.len);
    put_pointer(member, copy);
}

static void read_number(struct soap_reader *r, const char *element, uint8_t *member)
{
    struct device_number number;
    struct why why = { 0 };
    enum err err = number_parse(buf_span(&r->text), &number, &why);
    if (err != OK)
        soap_reader_fail(r, element, err, "%s", why.text);
    else
        memcpy(member, &number, sizeof number);
}

/* Decoded straight into the arena: what comes may be a private key, and every copy would have to be wiped. */
static void read_bytes(struct soap_reader *r, const char *element, uint8_t *member)
{
    size_t room = r->text.len / 4 * 3 + 4; /* all that base64_decode asks for, so that it never moves them */
    struct buf bytes = { .data = take(r, element, room), .cap = room };
    if (bytes.data == NULL)
        return;
    if (r->text.len != 0 && base64_decode((const char *)r->text.data, r->text.len, &bytes) != OK) {
        soap_reader_fail(r, element, ERR_BAD_INPUT, "is not base64");
        return;
    }
    struct span value = buf_span(&bytes);
    memcpy(member, &value, sizeof value);
}

/* Decimal digits with an optional minus: no plus, no space, no superfluous zero. */
static bool parse_int(const struct buf *text, int64_t *ret_value)
{
    size_t i = text->len != 0 && text->data[0] == '-';
    bool minus = i != 0;
    if (text->len == i || text->len - i > 19 || (text->data[i] == '0' && (text->len - i > 1 || minus)))
        return false;
    uint64_t value = 0;
    for (; i < text->len; i++) {
        if (text->data[i] < '0' || text->data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text->data[i] - '0');
    }
    if (value > (uint64_t)INT64_MAX + minus)
        return false;
    *ret_value = minus ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static void read_int(struct soap_reader *r, const char *element, uint8_t *member)
{
    int64_t value;
    if (parse_int(&r->text, &value))
        memcpy(member, &value, sizeof value);
    else
        soap_reader_fail(r, element, ERR_BAD_INPUT, "is not a whole number");
}

static void read_flag(struct soap_reader *r, const char *element, uint8_t *member)
{
    bool value = span_equal(buf_span(&r->text), span_text("true"));
    if (value || span_equal(buf_span(&r->text), span_text("false")))
        memcpy(member, &value, sizeof value);
    else
        soap_reader_fail(r, element, ERR_BAD_INPUT, "is neither true nor false");
}

void soap_field_end(struct soap_reader *r, const struct soap_name *name)
{
    uint8_t *member = r->levels[r->levels_n - 1].object + r->field->offset;
    switch (r->field->kind) {
    case SOAP_TEXT: read_text(r, name->local, member); break;
    case SOAP_NUMBER: read_number(r, name->local, member); break;
    case SOAP_BYTES: read_bytes(r, name->local, member); break;
    case SOAP_INT: read_int(r, name->local, member); break;
    case SOAP_FLAG: read_flag(r, name->local, member); break;
    case SOAP_LIST_OF: break;
    }
    if (r->text.len != 0)
        explicit_bzero(r->text.data, r->text.len);
    r->text.len = 0;
    r->text.max = LIMIT_XML_TEXT;
    r->field = NULL;
    r->place = PLACE_RECORD;
}
