#include <inttypes.h>

#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/task_view.h"

#define PAGE_SIZE_MAX 100

/* What a person should know beyond the rows. */
static void remark(struct cli *cli, const formy_task_page *page)
{
	int64_t pages = page->total > 0 ? (page->total - 1) / page->page_size + 1 : 1;

	if (page->count == 0 && page->page == 1) {
		cli_say(cli, "no such tasks");
	} else if (page->count == 0) {
		cli_say(cli, "there is no page %" PRIu32 ": the last one is %" PRId64, page->page,
			pages);
	} else if (page->more) {
		cli_say(cli,
			"page %" PRIu32 " of %" PRId64 ", %" PRId64 " tasks; --page %" PRIu32
			" shows more",
			page->page, pages, page->total, page->page + 1);
	}
}

static int run(struct cli *cli, const struct args *args)
{
	formy_client *client = NULL;
	formy_task_page *page = NULL;
	const formy_task_filter filter = {
		.size = sizeof(filter),
		.status = formy_task_status_of(args_text(args, "status")),
		.mode = args_text(args, "mode"),
		.user = args_text(args, "user"),
		.page = (uint32_t)args_number(args, "page", 1),
		.page_size = (uint32_t)args_number(args, "page-size", 0),
	};
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	if (formy_task_list(client, &filter, &page) < 0) {
		return cli_fail_client(cli, client);
	}
	if (cli->json) {
		result = cli_print_json(cli, page->json);
	} else {
		struct buf text = {0};

		if (page->count > 0) {
			task_view_add_page(&text, page, cli->color);
		}
		result = cli_print(cli, &text);
		remark(cli, page);
	}
	formy_task_page_free(page);
	return result;
}

static const char *const statuses[] = {
	"pending", "processing", "done", "failed", "cancelled", NULL};

const struct command cmd_list = {
	.words = "list",
	.summary = "lists tasks, the newest first",
	.options =
		(const struct option_spec[]){
			{.name = "status",
				.type = OPTION_CHOICE,
				.value = "STATUS",
				.choices = statuses,
				.help = "only tasks of this status"},
			{.name = "mode",
				.type = OPTION_TEXT,
				.value = "MODE",
				.kind = VALUE_MODE,
				.help = "only tasks of this mode"},
			{.name = "user",
				.type = OPTION_TEXT,
				.value = "ID",
				.help = "only tasks of this user"},
			{.name = "page",
				.type = OPTION_NUMBER,
				.value = "N",
				.min = 1,
				.max = 1000000,
				.help = "which page; 1 is the first"},
			{.name = "page-size",
				.type = OPTION_NUMBER,
				.value = "N",
				.min = 1,
				.max = PAGE_SIZE_MAX,
				.help = "tasks on a page: 1 to 100, or else 20"},
			{0},
		},
	.examples =
		(const struct example[]){
			{"formy list --status failed --mode HEAD_SWAP", "what went wrong"},
			{"formy list --user 4711 --page-size 100 --json",
				"somebody's tasks, for a script"},
			{0},
		},
	.run = run,
};
