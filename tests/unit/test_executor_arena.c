#include "lib/test.h"

#include <pthread.h>
#include <string.h>

#include "executor/arena.h"

#define MEGABYTE (UINT64_C(1) << 20)

static void memory_is_zeroed_and_aligned(void **state)
{
	static const uint64_t sizes[] = {0, 1, 63, 64, 65, 4096, 300000, 3 * MEGABYTE + 1};
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 16 * MEGABYTE), 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned char *memory = arena_alloc(&arena, sizes[i]);

			assert_non_null(memory);
			assert_int_equal((uintptr_t)memory % 64, 0);
			for (uint64_t k = 0; k < sizes[i]; k++) {
				assert_int_equal(memory[k], 0);
			}
			/* what one task leaves must not be what the next one finds */
			memset(memory, 0xff, sizes[i]);
		}
		arena_clear(&arena);
	}
	arena_finish(&arena);
}

static void the_limit_holds(void **state)
{
	struct arena arena;

	(void)state;
	assert_int_equal(arena_init(&arena, 4 * MEGABYTE), 0);
	assert_null(arena_alloc(&arena, UINT64_MAX));
	assert_null(arena_alloc(&arena, UINT64_MAX - 64));
	assert_null(arena_alloc(&arena, 4 * MEGABYTE));
	assert_non_null(arena_alloc(&arena, 3 * MEGABYTE));
	assert_null(arena_alloc(&arena, MEGABYTE));
	assert_non_null(arena_alloc(&arena, MEGABYTE / 2));
	arena_clear(&arena);
	assert_non_null(arena_alloc(&arena, 3 * MEGABYTE));
	arena_finish(&arena);
}

static void it_knows_what_is_its_own(void **state)
{
	struct arena arena;
	unsigned char *small;
	unsigned char *large;
	char other[8];

	(void)state;
	assert_int_equal(arena_init(&arena, 4 * MEGABYTE), 0);
	small = arena_alloc(&arena, 100);
	large = arena_alloc(&arena, MEGABYTE);
	assert_true(arena_owns(&arena, small, 100));
	assert_true(arena_owns(&arena, large + 10, MEGABYTE - 10));
	assert_false(arena_owns(&arena, large + 10, MEGABYTE + 64));
	assert_false(arena_owns(&arena, large, UINT64_MAX));
	assert_false(arena_owns(&arena, other, sizeof(other)));
	arena_clear(&arena);
	assert_false(arena_owns(&arena, small, 100));
	arena_finish(&arena);
}

static void *allocate_many(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		if (!arena_alloc(arg, 100)) {
			return NULL;
		}
	}
	return arg;
}

static void threads_may_share_it(void **state)
{
	struct arena arena;
	pthread_t threads[4];

	(void)state;
	assert_int_equal(arena_init(&arena, 16 * MEGABYTE), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, allocate_many, &arena), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		void *result = NULL;

		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_non_null(result);
	}
	assert_int_equal(arena.used, 4 * 1000 * 192);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(it_knows_what_is_its_own),
		cmocka_unit_test(threads_may_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
