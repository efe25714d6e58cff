#include "lib/test.h"

#include <string.h>

#include "base/buf.h"
#include "cli/table.h"

static const char *const titles[] = {"NAME", ">COUNT", "NOTE", NULL};

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct table table;
	struct buf out = {0};

	(void)state;
	table_init(&table, titles);
	table_add_row(&table, (const struct cell[]){{"a", 0}, {"1", 0}, {"x", 0}});
	table_add_row(&table, (const struct cell[]){{"long name", 0}, {"1234567", 0}, {NULL, 0}});
	table_add_row(&table, (const struct cell[]){{"\xe4\xba\xba", 0}, {"", 0}, {"a\nb", 0}});
	table_add_to(&out, &table, false);
	assert_string_equal(buf_cstr(&out),
		"NAME         COUNT  NOTE\n"
		"a                1  x\n"
		"long name  1234567  -\n"
		"\xe4\xba\xba               -  a\\nb\n");
	buf_finish(&out);
	table_finish(&table);
}

static void test_colours_only_when_asked_for(void **state)
{
	struct table table;
	struct buf out = {0};

	(void)state;
	table_init(&table, titles);
	table_add_row(&table,
		(const struct cell[]){{"a", PAINT_GOOD}, {"1", PAINT_NONE}, {"x", PAINT_NONE}});
	table_add_to(&out, &table, false);
	assert_null(strchr(buf_cstr(&out), '\x1b'));
	buf_clear(&out);
	table_add_to(&out, &table, true);
	/* the blanks that fill the column stand outside the colour */
	assert_non_null(strstr(buf_cstr(&out), "\x1b[32ma\x1b[0m         1  x\n"));
	buf_finish(&out);
	table_finish(&table);
}

static void test_many_rows(void **state)
{
	struct table table;
	struct buf out = {0};
	size_t lines = 0;

	(void)state;
	table_init(&table, titles);
	for (int i = 0; i < 100; i++) {
		table_add_row(&table, (const struct cell[]){{"a", 0}, {"1", 0}, {"x", 0}});
	}
	table_add_to(&out, &table, false);
	for (const char *at = buf_cstr(&out); (at = strchr(at, '\n')) != NULL; at++) {
		lines++;
	}
	assert_int_equal(lines, 101);
	buf_finish(&out);
	table_finish(&table);
}

static void test_pairs_leave_out_what_is_absent(void **state)
{
	struct buf out = {0};

	(void)state;
	table_add_pairs(&out,
		(const struct pair[]){
			{"id", "x", PAINT_NONE},
			{"a long name", NULL, PAINT_NONE},
			{"status", "done\x1b[2J", PAINT_NONE},
			{NULL, NULL, PAINT_NONE},
		},
		false);
	assert_string_equal(buf_cstr(&out), "id:      x\nstatus:  done\\x1b[2J\n");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(test_colours_only_when_asked_for),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_pairs_leave_out_what_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
