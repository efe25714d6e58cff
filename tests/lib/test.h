/* cmocka with the headers that it wants before it. A test file includes this in place of
 * cmocka.h. */
#ifndef FORMY_TESTS_LIB_TEST_H
#define FORMY_TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
