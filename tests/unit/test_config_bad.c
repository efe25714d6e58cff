#include "config_case.h"

#include "base/fs.h"
#include "base/limits.h"
#include "lib/tempdir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/test.h"

/* A formy.conf, and everything that is to be said of it. */
static const struct {
	const char *text;
	const char *problems;
} cases[] = {
	{"redis {\n\thost = \"a\"\n",
		"formy.conf:1: the section redis begins here and is never "
		"closed with \"}\"\n"},
	{"mode AB { allow = {\"net\", \"all\"} }\n",
		"formy.conf:1: allow is of net, gpu, exec and none, not \"all\"\n"},
	{"mode AB { sandbox = no }\n",
		"formy.conf:1: sandbox is default, strict or off, not \"no\"\n"},
	{"mode X_Y { workers = 2",
		"formy.conf:1: the section mode begins here and is never closed "
		"with \"}\"\n"},
	{"redis {\nhost = \"a\"\nmode \"AB\" {\n}\n}\n",
		"formy.conf:3: mode stands inside the section redis that begins at line 1; close "
		"that section with \"}\" first, or write mode = ...\n"},
	{"redis { sentinel { master = a } }\n",
		"formy.conf:1: the section sentinel has a master without hosts; give both\n"},
	{"redis {\nsentinel {\nhosts = a\n}\n}\n",
		"formy.conf:2: the section sentinel has hosts without a master; give both\n"},
	{"redis { sentinel {\nmastr = a } }\n",
		"formy.conf:2: the section redis.sentinel has no option mastr; did you mean "
		"master?\n"},
	{"redis {\nsentinel { master = a hosts = b\n",
		"formy.conf:2: the section redis.sentinel begins here and is never closed with "
		"\"}\"\n"},
	{"redis X { sentinel { master = a } }\n",
		"formy.conf:1: the section redis takes no name\n"},
	{"mode AB { sentinel { master = a } }\n",
		"formy.conf:1: sentinel stands inside the section mode that begins at line 1; "
		"close "
		"that section with \"}\" first, or write sentinel = ...\n"},
	{"redis { port = 010 }\n",
		"formy.conf:1: port is \"010\", which some read as octal; write "
		"it without the leading 0\n"},
	{"redis {\n# one\n/* two\n three */\nport = 70000 }\n",
		"formy.conf:5: port is 70000, but it must be from 1 to 65535\n"},
	{"redis { port = 99999999999999999999 }\n",
		"formy.conf:1: port is 99999999999999999999, but it must be from 1 to 65535\n"},
	{"redis { port = many }\n", "formy.conf:1: port wants a whole number, not \"many\"\n"},
	{"redis { port = {1, 2} }\n", "formy.conf:1: port takes one value, not a list\n"},
	{"redis { port += 1 }\n", "formy.conf:1: port takes one value, not a list\n"},
	{"redis {\nport = 1\nhost = a\nport = 2\n}\n",
		"formy.conf:4: port has a value already, at line 2 of this section\n"},
	{"redis { hots = \"a\" }\n",
		"formy.conf:1: the section redis has no option hots; did you mean host?\n"},
	{"redis { zebra = 1 }\n", "formy.conf:1: the section redis has no option zebra\n"},
	{"redis { uploads = a }\n",
		"formy.conf:1: the section redis has no option uploads; it "
		"belongs in the section storage\n"},
	{"redsi { host = \"a\" }\n",
		"formy.conf:1: there is no section redsi; did you mean redis?\n"},
	{"elephant { host = \"a\" }\n",
		"formy.conf:1: there is no section elephant; there are "
		"redis, tasks, storage, worker, mode and engine\n"},
	{"host = \"a\"\n",
		"formy.conf:1: host stands outside of all sections; put it in one, as in "
		"redis { ... }\n"},
	{"mode {\n}\n",
		"formy.conf:1: the section mode needs a name, as in mode \"NAME\" { ... }\n"},
	{"redis \"a\" {\n}\n", "formy.conf:1: the section redis takes no name\n"},
	{"mode \"lower\" {\n}\n",
		"formy.conf:1: \"lower\" is no name of a mode: that is 2 to 64 "
		"upper case letters, digits and _, with a letter first\n"},
	{"engine \"a b\" { type = \"local\" }\n",
		"formy.conf:1: \"a b\" is no name of an engine: that is 1 to 64 letters, digits, "
		"_, "
		". and -\n"},
	{"engine \"Big\" { }\n",
		"formy.conf:1: the engine \"Big\" needs a type, as in type = \"comfyui\"\n"},
	{"mode \"AB\" {\n}\nmode \"AB\" {\n}\n",
		"formy.conf:3: mode \"AB\" is configured already at FOLDER/formy.conf:1; keep "
		"one\n"},
	{"mode \"AB\" {\nengine = \"far\"\n}\n",
		"formy.conf:2: no section configures the engine "
		"\"far\"; add engine \"far\" { type = ... }\n"},
	{"mode \"AB\" {\nenabled = maybe\n}\n",
		"formy.conf:2: enabled is false, true, no, yes, off or on, not \"maybe\"\n"},
	{"worker { log_level = \"loud\" }\n",
		"formy.conf:1: log_level is debug, info, warning or "
		"error, not \"loud\"\n"},
	{"worker { executors = 257 }\n",
		"formy.conf:1: executors is 257, but it must be from 0 to 256\n"},
	{"tasks { timeout = 5 parsecs }\n", "formy.conf:1: \"}\" stands where \"=\" should be\n"},
	{"tasks { timeout = 5parsecs }\n",
		"formy.conf:1: timeout wants a time such as 250ms, 2s, "
		"5m or 1h, not \"5parsecs\"\n"},
	{"tasks { timeout = 0 }\n", "formy.conf:1: timeout is 0, but it must be from 1ms to 1d\n"},
	{"storage { max_upload_size = 1 }\n",
		"formy.conf:1: max_upload_size is 1, but it must be from 1KiB to 2GiB\n"},
	{"storage { max_upload_size = 10X }\n",
		"formy.conf:1: max_upload_size wants a size such as 10MiB, not \"10X\"\n"},
	{"storage { uploads = \"\" }\n",
		"formy.conf:1: uploads is empty; leave it out for the default\n"},
	{"redis { key_prefix = \"a b\" }\n",
		"formy.conf:1: key_prefix may not have blanks in it\n"},
	{"redis { key_prefix = \"a\\x01\" }\n",
		"formy.conf:1: the value of key_prefix holds bytes that are not text\n"},
	{"redis { key_prefix = \"\" }\n",
		"formy.conf:1: key_prefix is empty; leave it out for the default\n"},
	{"redis { key_prefix = "
	 "\"12345678901234567890123456789012345678901234567890123456789012345\" }\n",
		"formy.conf:1: key_prefix is 65 bytes long; it may be 64 at most\n"},
	{"redis { url = \"rediss://h\" }\n",
		"formy.conf:1: rediss:// means TLS, which this build does not have; use redis:// "
		"to a "
		"local tunnel such as stunnel, or a unix socket\n"},
	{"redis { url = \"redis://h\"\nport = 1 }\n",
		"formy.conf:2: port and url both say where Redis is; keep one of them\n"},
	{"engine \"e\" { type = \"openai\"\napi_key = \"sk-1\" }\n",
		"formy.conf:2: a key never stands in the file, as api_key does; use api_key_file "
		"or "
		"the environment variable\n"},
	{"mode \"AB\" { code = 007 }\n",
		"formy.conf:1: code is 007: write a number without the "
		"leading 0, and text in double quotes\n"},
	{"mode \"AB\" { tags += {a} }\n",
		"formy.conf:1: tags takes = and one list; += is for plugin_dirs\n"},
	{"redis { password = \"abc\n}\n",
		"formy.conf:1: a text begins here with \" and never ends\n"},
	{"redis { password = 'abc\\", "formy.conf:1: a text begins here with ' and never ends\n"},
	{"# x\n\n/* never\n",
		"formy.conf:3: a comment begins here with /* and never ends with */\n"},
	{"redis { password = \"\\0\" }\n",
		"formy.conf:1: a backslash and digits stand for a byte "
		"from \\001 to \\377; write \\\\ for a backslash\n"},
	{"redis { password = \"\\x00\" }\n",
		"formy.conf:1: a backslash and digits stand for a byte "
		"from \\001 to \\377; write \\\\ for a backslash\n"},
	{"redis { password = \"\\400\" }\n",
		"formy.conf:1: a backslash and digits stand for a byte "
		"from \\001 to \\377; write \\\\ for a backslash\n"},
	{"redis { password = \"\\377\" }\n",
		"formy.conf:1: the value of password holds bytes that are not text\n"},
	{"redis { password = \"${\" }\n",
		"formy.conf:1: ${ begins the name of an environment variable, as in ${NAME} or "
		"${NAME:-default}; write \\${ in double quotes for the characters\n"},
	{"redis { host = a${B} }\n",
		"formy.conf:1: put a value that has ${...} in its middle in double quotes\n"},
	{"redis { host = a*b }\n",
		"formy.conf:1: \"*\" has no meaning here; put the value in quotes\n"},
	{"\xef\xbb\xbfredis { }\n",
		"formy.conf:1: the file begins with a byte order mark; save it as "
		"UTF-8 without one\n"},
	{"redis { }\n\x01", "formy.conf:2: the byte 0x01 is not text\n"},
	{"redis { }\n\xff", "formy.conf:2: the byte 0xff is not UTF-8\n"},
	{"redis { password = \"my\" \"secret\" }\n",
		"formy.conf:1: a text in quotes stands where a name or \"}\" should be\n"},
	{"redis { host = }\n", "formy.conf:1: \"}\" stands where a value should be\n"},
	{"redis\n", "formy.conf:2: the file ends where \"{\" should be\n"},
	{"}\n", "formy.conf:1: \"}\" stands where the name of a section should be\n"},
	{"include(\"missing.conf\")\n",
		"formy.conf:1: include of FOLDER/missing.conf: there is no such file\n"},
	{"\ninclude(\".\")\n",
		"formy.conf:2: include of FOLDER/.: this is a directory, but a file is wanted\n"},
	{"include(\"formy.conf\")\n",
		"formy.conf:1: include of FOLDER/formy.conf: the file has been read already\n"},
	{"redis { include(\"a\") }\n",
		"formy.conf:1: include stands inside the section redis that begins at line 1; "
		"close "
		"that section with \"}\" first, or write include = ...\n"},
	/* everything at once */
	{"redis { port = 0\nhots = 1 }\ntasks { timeout = x }\nfoo { }\nmode \"a\" { }\n",
		"formy.conf:2: the section redis has no option hots; did you mean host?\n"
		"formy.conf:4: there is no section foo; there are redis, tasks, storage, worker, "
		"mode and engine\n"
		"formy.conf:5: \"a\" is no name of a mode: that is 2 to 64 upper case letters, "
		"digits and _, with a letter first\n"
		"formy.conf:1: port is 0, but it must be from 1 to 65535\n"
		"formy.conf:3: timeout wants a time such as 250ms, 2s, 5m or 1h, not \"x\"\n"},
};

/* Puts the name of the folder in place of the word FOLDER. */
static void fill_in(const char *text, const char *folder, char *to, size_t size)
{
	const char *at = strstr(text, "FOLDER");

	if (at == NULL) {
		(void)snprintf(to, size, "%s", text);
	} else {
		(void)snprintf(to, size, "%.*s%s%s", (int)(at - text), text, folder,
			at + strlen("FOLDER"));
	}
}

static void test_every_mistake_is_named(void **state)
{
	char wanted[4096];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		config_case_write(*state, "formy.conf", cases[i].text);
		fill_in(cases[i].problems, *state, wanted, sizeof(wanted));
		config_case_refuse(*state, NULL, wanted);
	}
}

static void test_other_files_are_still_read(void **state)
{
	config_case_write(*state, "formy.conf", "redis {\n\tport = 1\n");
	config_case_write(*state, "conf.d/10-a.conf", "redis {\n\tport = x\n}\n");
	config_case_write(*state, "conf.d/20-b.conf", "tasks { timout = 3 }\n");
	config_case_write(*state, "conf.d/not-read.txt", "{{{");
	config_case_write(*state, "conf.d/.hidden.conf", "{{{");
	assert_int_equal(setenv("REDIS_DB", "none", 1), 0);
	config_case_refuse(*state, NULL,
		"formy.conf:1: the section redis begins here and is never closed with \"}\"\n"
		"conf.d/20-b.conf:1: the section tasks has no option timout; did you mean "
		"timeout?\n"
		"conf.d/10-a.conf:2: port wants a whole number, not \"x\"\n"
		"REDIS_DB: db wants a whole number, not \"none\"\n");
}

static void test_mode_in_two_files(void **state)
{
	char wanted[1024];

	config_case_write(*state, "formy.conf", "\nmode \"AB\" { }\n");
	config_case_write(*state, "conf.d/a.conf", "\n\nmode \"AB\" { }\n");
	fill_in("conf.d/a.conf:3: mode \"AB\" is configured already at FOLDER/formy.conf:2; keep "
		"one\n",
		*state, wanted, sizeof(wanted));
	config_case_refuse(*state, NULL, wanted);
}

static void test_what_is_no_file(void **state)
{
	char path[PATH_MAX];
	char *large = calloc(1, LIMIT_CONFIG_FILE + 2);

	config_case_refuse(*state, NULL, "formy.conf: there is no such file\n");
	tempdir_path(path, *state, "formy.conf");
	assert_int_equal(mkdir(path, 0700), 0);
	config_case_refuse(*state, NULL, "formy.conf: this is a directory, but a file is wanted\n");
	assert_int_equal(fs_remove_tree(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	config_case_refuse(*state, NULL, "formy.conf: this is not a regular file\n");
	assert_int_equal(remove(path), 0);
	assert_non_null(large);
	memset(large, ' ', LIMIT_CONFIG_FILE + 1);
	config_case_write(*state, "formy.conf", large);
	config_case_refuse(*state, NULL,
		"formy.conf: the file is larger than a configuration may be (1 MiB)\n");
	free(large);
	config_case_write(*state, "formy.conf", "");
	config_case_write(*state, "conf.d/x.conf/y", "");
	config_case_refuse(
		*state, NULL, "conf.d/x.conf: this is a directory, but a file is wanted\n");
}

static void test_includes_end(void **state)
{
	char name[32];
	char text[64];

	config_case_write(*state, "formy.conf", "include(\"i0\")\n");
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "i%d", i);
		(void)snprintf(text, sizeof(text), "include('i%d')", i + 1);
		config_case_write(*state, name, text);
	}
	config_case_refuse(
		*state, NULL, "i7:1: include of i8: includes are nested more than 8 deep\n");
}

static void test_flags(void **state)
{
	struct config_flag items[] = {
		{"redis.port", "x"}, {"redis.hots", "x"}, {"mode.engine", "x"}};
	struct config_flags flags = {items, 3};

	config_case_write(*state, "formy.conf", "");
	config_case_refuse(*state, &flags,
		"command line: there is no option redis.hots; options are named as in redis.host\n"
		"command line: there is no option mode.engine; options are named as in redis.host\n"
		"command line: port wants a whole number, not \"x\"\n");
}

/* After any of these libconfuse would begin the next file inside a text. */
static void test_next_load_is_clean(void **state)
{
	config_case_write(*state, "formy.conf", "redis { password = \"abc");
	config_case_refuse(
		*state, NULL, "formy.conf:1: a text begins here with \" and never ends\n");
	config_case_write(*state, "formy.conf", "redis { host = \"other\" }\n");
	config_destroy(config_case_load(*state, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_every_mistake_is_named, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_other_files_are_still_read, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_mode_in_two_files, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_file, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_includes_end, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_flags, config_case_setup, config_case_teardown),
		cmocka_unit_test_setup_teardown(
			test_next_load_is_clean, config_case_setup, config_case_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
