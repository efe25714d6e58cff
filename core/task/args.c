#include "task/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int args_init(struct args *args, size_t max)
{
	*args = (struct args){.max = max};
	args->list = calloc(max, sizeof(*args->list));
	args->numbers = calloc(max, sizeof(*args->numbers));
	if (!args->list || !args->numbers) {
		args_finish(args);
		return -ENOMEM;
	}
	return 0;
}

void args_finish(struct args *args)
{
	free(args->list);
	free(args->numbers);
	*args = (struct args){0};
}

void args_add_text(struct args *args, const char *text)
{
	if (args->count < args->max) {
		args->list[args->count++] = str_of(text ? text : "");
	}
}

void args_add_number(struct args *args, int64_t number)
{
	if (args->count < args->max) {
		char *text = args->numbers[args->count];

		(void)snprintf(text, ARGS_NUMBER_SIZE, "%" PRId64, number);
		args_add_text(args, text);
	}
}

void args_add_seconds(struct args *args, uint64_t us)
{
	if (args->count < args->max) {
		char *text = args->numbers[args->count];

		(void)snprintf(text, ARGS_NUMBER_SIZE, "%" PRIu64 ".%06" PRIu64,
			us / 1000000 % 1000000000000, us % 1000000);
		args_add_text(args, text);
	}
}
