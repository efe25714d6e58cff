#include "redis/address.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "lib/test.h"
#include "redis/explain.h"
#include "redis/sentinel.h"

static void test_text_has_no_password(void **state)
{
	struct redis_address tcp = {.host = "h", .port = 1, .password = "secret", .db = 2};
	struct redis_address local = {.unix_socket = "/run/r.sock", .password = "secret"};
	struct redis_address copy;
	char text[REDIS_ADDRESS_TEXT_SIZE];

	(void)state;
	redis_address_text(&tcp, text);
	assert_string_equal(text, "h:1, database 2");
	redis_address_text(&local, text);
	assert_string_equal(text, "/run/r.sock");
	redis_address_text(&(struct redis_address){0}, text);
	assert_string_equal(text, "localhost:6379");

	assert_int_equal(redis_address_copy(&tcp, &copy), 0);
	assert_ptr_not_equal(copy.password, tcp.password);
	assert_string_equal(copy.password, "secret");
	redis_address_finish(&copy);
	redis_address_finish(&copy);
}

static void test_sentinels_are_counted_round(void **state)
{
	const struct redis_address address = {
		.sentinel_master = "m",
		.sentinel_hosts = "one, two:1,[::1]:2,fe80::1",
	};
	static const struct sentinel_place expected[] = {
		{"one", SENTINEL_PORT}, {"two", 1}, {"::1", 2}, {"fe80::1", SENTINEL_PORT}};
	static const char *const wrong[] = {
		"", ",", "a:", "a:0", "a:65536", "a:1x", ":1", "[::1", "[::1]x", "[]:1"};
	struct sentinel_place place;
	struct redis_address copy;
	struct err err;

	(void)state;
	assert_int_equal(redis_address_copy(&address, &copy), 0);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(sentinel_at(&copy, i, &err, &place), 0);
		assert_string_equal(place.host, expected[i % 4].host);
		assert_int_equal(place.port, expected[i % 4].port);
	}
	redis_address_finish(&copy);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct redis_address bad = {.sentinel_hosts = wrong[i]};

		assert_int_equal(sentinel_at(&bad, 0, &err, &place), -EINVAL);
	}
}

static void assert_explained(const char *text, int code, const char *words)
{
	struct err err;

	assert_int_equal(redis_explain(&err, "h:1", text, strlen(text)), code);
	assert_non_null(strstr(err.text, words));
	assert_non_null(strstr(err.text, "h:1"));
}

static void test_explain(void **state)
{
	(void)state;
	assert_explained(
		"OOM command not allowed when used memory > 'maxmemory'.", -ENOSPC, "full");
	/* the words of a script's error before Redis 7 */
	assert_explained("ERR Error running script (call to f_1): @user_script:1: -OOM command not",
		-ENOSPC, "full");
	assert_explained(
		"READONLY You can't write against a read only replica.", -EROFS, "replica");
	assert_explained("LOADING Redis is loading the dataset in memory", -EAGAIN, "loading");
	assert_explained("NOAUTH Authentication required.", -EACCES, "REDIS_PASSWORD");
	assert_explained("WRONGTYPE formy:task:lease is a string", -EILSEQ, "formy:task:lease");
	assert_explained("ERR something else", -EREMOTEIO, "something else");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_has_no_password),
		cmocka_unit_test(test_sentinels_are_counted_round),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
