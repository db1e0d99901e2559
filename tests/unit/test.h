/* What every unit test includes: cmocka with the headers that it wants in front. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

#define assert_ok(expression) assert_int_equal((expression), OK)
#define assert_err(expression, error) assert_int_equal((expression), (error))

#endif
