/* What cmocka wants included first, in its order. */
#ifndef TESTS_UNIT_GATEWAY_TEST_H
#define TESTS_UNIT_GATEWAY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
