#include "lib/test.h"

#include <stdio.h>
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

static void secrets_are_hidden(void **state)
{
	static const char secret[] = "key-1234/\xc3\xa4";
	char text[64];
	char to[64];

	(void)state;
	assert_int_equal(text_hide("short"), 0);
	assert_int_equal(text_hide(secret), 0);
	assert_true(text_has_secret("a key-1234/\xc3\xa4"));
	assert_false(text_has_secret("a key-1234/"));
	text_clean(to, sizeof(to), "key-1234/\xc3\xa4key-1234/\xc3\xa4, short key-1234");
	assert_string_equal(to, "******, short key-1234");
	/* nor a part of it, where the text is cut */
	(void)snprintf(text, sizeof(text), "0123 %s and more", secret);
	for (size_t size = 1; size < sizeof(to); size++) {
		text_clean(to, size, text);
		assert_null(strstr(to, "k"));
		assert_true(strlen(to) < size);
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
		cmocka_unit_test(secrets_are_hidden),
		cmocka_unit_test(a_cut_is_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
