#include "lib/test.h"

#include <string.h>

#include "executor/text.h"

static void texts_become_valid(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} cases[] = {
		{"", ""},
		{NULL, ""},
		{"plain", "plain"},
		{"two\nlines\tand\x7f", "two lines and "},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82"},
		{"\xff\xfe", "??"},
		{"\xc0\xaf", "??"},           /* overlong */
		{"\xe0\x80\xaf", "???"},      /* overlong */
		{"\xed\xa0\x80", "???"},      /* a surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* beyond the last character */
		{"\xe2\x82", "??"},           /* cut by the end */
		{"\xe2(\xa1", "?(?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char to[64];

		text_clean(to, sizeof(to), cases[i].from);
		assert_string_equal(to, cases[i].to);
	}
}

static void a_cut_is_between_characters(void **state)
{
	char to[6];

	(void)state;
	text_clean(to, sizeof(to), "abcdefgh");
	assert_string_equal(to, "abcde");
	text_clean(to, sizeof(to), "abcd\xc3\xa4");
	assert_string_equal(to, "abcd");
	text_clean(to, sizeof(to), "abc\xc3\xa4");
	assert_string_equal(to, "abc\xc3\xa4");
	text_clean(to, 1, "abc");
	assert_string_equal(to, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_valid),
		cmocka_unit_test(a_cut_is_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
