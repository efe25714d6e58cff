#include "config_case.h"

#include "base/buf.h"
#include "lib/tempdir.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"

#define ROUNDS 600

/* What a mutation likes to put in: all that means something to the lexer. */
static const char marks[] = "{}()=+,\"'\\$#/*\n\r\t 0aM\x01\x7f\x80\xff";

static const char seed_text[] =
	"redis { url = 'redis://h' }\n"
	"tasks { timeout = ${T:-3s} /* c */ }\n"
	"worker { plugin_dirs = {\"a\", \"b\"} plugin_dirs += c }\n"
	"mode \"AB\" { engine = local\n  strength = 0.5 tags = {\"x\", y, 1} on = true // c\n"
	"prompt = \"a \\\"b\\\" \\x41\\101 ${HOME} \\\n c\" }\n"
	"engine e { type = 'http' urls = {\"http://h:1\"} }\n"
	"include(\"other.conf\")\n";

/* The same numbers in each run: a failure is found again. */
static uint32_t next_number(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static void mutate(struct buf *text, uint32_t *seed)
{
	uint32_t count = 1 + next_number(seed) % 6;

	for (uint32_t i = 0; i < count && text->len > 0; i++) {
		size_t at = next_number(seed) % text->len;
		size_t len = next_number(seed) % 40;

		switch (next_number(seed) % 5) {
		case 0:
			text->data[at] = marks[next_number(seed) % sizeof(marks)];
			break;
		case 1:
			text->data[at] = (char)next_number(seed);
			break;
		case 2:
			text->len = at;
			break;
		case 3:
			len = at + len > text->len ? text->len - at : len;
			memmove(text->data + at, text->data + at + len, text->len - at - len);
			text->len -= len;
			break;
		default:
			len = at + len > text->len ? text->len - at : len;
			assert_int_equal(buf_reserve(text, len), 0);
			buf_add(text, text->data + at, len);
			break;
		}
	}
}

static size_t load_mutations(const char *folder, const char *seed_file, size_t rounds)
{
	char path[PATH_MAX];
	uint32_t seed = 1;
	size_t accepted = 0;

	tempdir_path(path, folder, "formy.conf");
	for (size_t i = 0; i < rounds; i++) {
		struct config_problems problems = {0};
		struct config *config = NULL;
		struct buf text = {0};
		int result;

		buf_add_text(&text, seed_file);
		mutate(&text, &seed);
		tempdir_write(path, text.data, text.len);
		result = config_load(path, NULL, &problems, &config);
		assert_true(result == 0 ? config != NULL : config == NULL && problems.count > 0);
		accepted += result == 0;
		config_destroy(config);
		config_problems_finish(&problems);
		buf_finish(&text);
	}
	return accepted;
}

static void test_mutations(void **state)
{
	struct buf sample = {0};

	config_case_write(*state, "other.conf", "worker { executors = 3 }\n");
	/* most of the sample is comments: without them the mutations hit something */
	assert_true(load_mutations(*state, seed_text, ROUNDS) > 0);
	config_sample(&sample);
	assert_true(load_mutations(*state, buf_cstr(&sample), ROUNDS / 3) > 0);
	buf_finish(&sample);
	/* and after all of them libconfuse still reads as before */
	config_case_write(*state, "formy.conf", seed_text);
	config_destroy(config_case_load(*state, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_mutations, config_case_setup, config_case_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
