/* A configuration in a temporary folder, for the tests of core/config. */
#ifndef FORMY_TESTS_UNIT_CONFIG_CASE_H
#define FORMY_TESTS_UNIT_CONFIG_CASE_H

#include "config/config.h"

/* cmocka's setup and teardown: an empty folder in *state, none of our variables set. */
int config_case_setup(void **state);
int config_case_teardown(void **state);

/* Writes a file of the folder, with the folders above it. */
void config_case_write(const char *folder, const char *name, const char *text);

/* Loads formy.conf of the folder. What is wrong fails the test. */
struct config *config_case_load(const char *folder, const struct config_flags *flags);

/* Loads formy.conf, which must fail, and checks all problems: one a line, each beginning with the
 * file's name in the folder, as in "formy.conf:3: ..." */
void config_case_refuse(const char *folder, const struct config_flags *flags, const char *problems);

#endif
