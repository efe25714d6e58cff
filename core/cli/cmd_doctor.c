#include "base/buf.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "config/config.h"

/* A configuration that is wrong: nothing else can be looked at. */
static void add_problems(struct doctor *doctor, const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		doctor_add(doctor, FINDING_WRONG, "configuration",
			"edit that file; formyd -t looks again", "%s", problems->texts[i]);
	}
}

static int look_around(struct cli *cli, struct doctor *doctor)
{
	formy_client *client = NULL;
	int result = cli_open_client(cli, &client);

	if (result != EXIT_OK) {
		return result;
	}
	doctor_look_at_file(doctor, cli->config);
	doctor_look_at_redis(doctor, client, cli->config);
	doctor_look_at_folders(doctor, cli->config);
	doctor_look_at_kernel(doctor);
	doctor_look_at_plugins(doctor, cli->config_path);
	doctor_look_at_workers(doctor, client, cli->config);
	return EXIT_OK;
}

static int print(struct cli *cli, struct doctor *doctor)
{
	struct buf text = {0};

	if (buf_failed(&doctor->text) || buf_failed(&doctor->json)) {
		return cli_fail(cli, "out of memory");
	}
	if (cli->json) {
		buf_printf(&text,
			"{\"ok\": %s, \"wrong\": %zu, \"warnings\": %zu, \"findings\": [%s]}",
			doctor->wrong > 0 ? "false" : "true", doctor->wrong, doctor->warnings,
			buf_cstr(&doctor->json));
		buf_add_char(&text, '\n');
	} else {
		buf_add_text(&text, buf_cstr(&doctor->text));
	}
	return cli_print(cli, &text);
}

static int run(struct cli *cli, const struct args *args)
{
	struct doctor doctor = {.color = cli->color};
	struct config_problems problems = {0};
	struct config *config = NULL;
	int result = EXIT_OK;

	(void)args;
	if (config_load(cli->config_path, NULL, &problems, &config) < 0) {
		add_problems(&doctor, &problems);
	} else {
		result = look_around(cli, &doctor);
	}
	config_problems_finish(&problems);
	config_destroy(config);
	if (result == EXIT_OK) {
		result = print(cli, &doctor);
	}
	if (result == EXIT_OK && doctor.wrong > 0) {
		result = cli_fail(cli, "%zu %s wrong%s", doctor.wrong,
			doctor.wrong == 1 ? "thing is" : "things are",
			cli->json ? "" : "; the line \"do:\" below each says what mends it");
	}
	doctor_finish(&doctor);
	return result;
}

const struct command cmd_doctor = {
	.words = "doctor",
	.summary = "names what is wrong with an installation, and what mends it",
	.notes = "Looks at the configuration, Redis, the folders, the kernel, plugins with their "
		 "models, and the workers; changes nothing. As root it sees most. Exit codes: 0 "
		 "nothing is wrong, 1 something is.",
	.examples =
		(const struct example[]){
			{"formy doctor", "why tasks stay where they are"},
			{"formy doctor --json | jq '.findings[] | select(.state == \"wrong\")'",
				"for a script"},
			{0},
		},
	.run = run,
};
