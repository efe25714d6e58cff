#include "config/url.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "lib/test.h"

static const struct {
	const char *url;
	const char *host;
	const char *unix_socket;
	const char *username;
	const char *password;
	int port;
	int db;
} good[] = {
	{"redis://h", "h", NULL, NULL, NULL, -1, -1},
	{"REDIS://h:1/2", "h", NULL, NULL, NULL, 1, 2},
	{"redis://", "localhost", NULL, NULL, NULL, -1, -1},
	{"redis://h/", "h", NULL, NULL, NULL, -1, -1},
	{"redis://:pw@h:6380/15", "h", NULL, NULL, "pw", 6380, 15},
	{"redis://me:p%40%2f%3a@h", "h", NULL, "me", "p@/:", -1, -1},
	{"redis://me:a@b@h", "h", NULL, "me", "a@b", -1, -1},
	{"redis://me:@h", "h", NULL, "me", NULL, -1, -1},
	{"redis://[::1]:7", "::1", NULL, NULL, NULL, 7, -1},
	{"redis://[fe80::1]", "fe80::1", NULL, NULL, NULL, -1, -1},
	{"redis://h?db=3", "h", NULL, NULL, NULL, -1, 3},
	{"unix:///run/redis.sock", NULL, "/run/redis.sock", NULL, NULL, -1, -1},
	{"unix:///run/a@b%20c?db=4", NULL, "/run/a@b c", NULL, NULL, -1, 4},
	{"redis+unix://:pw@/run/r", NULL, "/run/r", NULL, "pw", -1, -1},
};

static const struct {
	const char *url;
	const char *said;
} bad[] = {
	{"", "must begin with redis://"},
	{"http://h", "must begin with redis://"},
	{"localhost:6379", "must begin with redis://"},
	{"rediss://h", "TLS"},
	{"redis://h:", "port is not a number"},
	{"redis://h:0", "port is 0"},
	{"redis://h:65536", "port is larger than 65535"},
	{"redis://h:1x", "port is not a number"},
	{"redis://h/one", "number of the database, is not a number"},
	{"redis://h/99999999999", "number of the database, is not a number"},
	{"redis://h/2147483648", "larger than"},
	{"redis://h?ssl=1", "only db=NUMBER"},
	{"redis://h?db", "only db=NUMBER"},
	{"redis://%zz", "two hexadecimal digits"},
	{"redis://a%00b", "not text"},
	{"redis://:a%ffb@h", "not text"},
	{"redis://[::1", "IPv6"},
	{"redis://[::1]x", "IPv6"},
	{"unix://run/redis.sock", "absolute path"},
	{"unix://", "absolute path"},
};

static void check_text(const char *is, const char *wanted)
{
	if (wanted == NULL) {
		assert_null(is);
	} else {
		assert_non_null(is);
		assert_string_equal(is, wanted);
	}
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct redis_url url;

		assert_int_equal(redis_url_parse(good[i].url, NULL, &url), 0);
		check_text(url.host, good[i].host);
		check_text(url.unix_socket, good[i].unix_socket);
		check_text(url.username, good[i].username);
		check_text(url.password, good[i].password);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.db, good[i].db);
		redis_url_finish(&url);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct redis_url url;
		struct err err = {0};

		assert_int_equal(redis_url_parse(bad[i].url, &err, &url), -EINVAL);
		if (strstr(err.text, bad[i].said) == NULL) {
			fail_msg("%s: %s", bad[i].url, err.text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
