#include "task/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

		args->list[args->count++] = (struct str){text, text_number(text, number)};
	}
}

void args_add_seconds(struct args *args, uint64_t us)
{
	if (args->count < args->max) {
		char *text = args->numbers[args->count];
		size_t len = text_number(text, (int64_t)(us / 1000000 % 1000000000000));
		char fraction[TEXT_NUMBER_SIZE];
		size_t fraction_len = text_number(fraction, (int64_t)(1000000 + us % 1000000));

		fraction[0] = '.';
		memcpy(text + len, fraction, fraction_len + 1);
		args->list[args->count++] = (struct str){text, len + fraction_len};
	}
}
