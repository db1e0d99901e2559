/* Messages with a value in every field, made from the field tables, and their comparison. */
#ifndef TESTS_UNIT_SOAP_SAMPLE_H
#define TESTS_UNIT_SOAP_SAMPLE_H

#include "base/arena.h"
#include "soap/fields.h"

/* A struct of this record; optional fields are filled only when `optional`. `seed` makes the values differ. */
void *sample_new(struct arena *arena, const struct soap_record *record, bool optional, unsigned seed);

bool sample_equal(const struct soap_record *record, const void *a, const void *b);

#endif
