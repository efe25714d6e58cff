/* formyd: takes tasks out of Redis and has plugins carry them out. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/check.h"
#include "daemon/engine_check.h"
#include "daemon/supervisor.h"

#define CHECK_MOST_S 20 /* plugin.h promises this to check() */

static const char usage[] =
	"Usage: formyd [-c FILE] [-t | -T | --check-engine NAME]\n"
	"\n"
	"Takes image tasks out of Redis and runs them in plugins. Stays in the foreground and "
	"logs\n"
	"to standard error.\n"
	"\n"
	"  formyd                         run with /etc/formy/formy.conf\n"
	"  formyd -c my.conf -t           check a configuration and the plugins\n"
	"\n"
	"  -c, --config FILE  the configuration (default: " CONFIG_DEFAULT_PATH ")\n"
	"  -t, --test         check the configuration and the plugins, print every problem, exit\n"
	"  -T, --print        print the configuration in force, without secrets, exit\n"
	"  --check-engine NAME  see whether an engine can work, print a JSON object, exit; formy "
	"engine\n"
	"                     check shows the same for people\n"
	"  --check-time SECONDS  what its check may take (default: 20)\n"
	"  -V, --version      print the version, exit\n"
	"  -h, --help         print this, exit\n"
	"\n"
	"Signals: TERM and INT finish the running tasks and end (a second one ends at once), HUP\n"
	"reads the configuration and the plugin folders again.\n"
	"Exit status: 0 stopped or right, 64 wrong usage, 69 Redis is not there or the engine "
	"cannot\n"
	"work, 70 internal error,\n"
	"71 the system refused something, 78 wrong configuration.\n";

enum action { ACTION_RUN, ACTION_TEST, ACTION_PRINT, ACTION_ENGINE };

enum { OPTION_CHECK_ENGINE = 256, OPTION_CHECK_TIME };

static int print_config(struct config *config)
{
	struct buf text = {0};
	int status = EX_OSERR;

	config_print(config, &text);
	if (!buf_failed(&text)) {
		(void)fputs(buf_cstr(&text), stdout);
		status = fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	}
	buf_finish(&text);
	config_destroy(config);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'},
		{"print", no_argument, NULL, 'T'},
		{"check-engine", required_argument, NULL, OPTION_CHECK_ENGINE},
		{"check-time", required_argument, NULL, OPTION_CHECK_TIME},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct config_problems problems = {0};
	enum action action = ACTION_RUN;
	struct config *config = NULL;
	const char *path = NULL;
	const char *engine = NULL;
	double check_s = CHECK_MOST_S;
	char *end;
	int option;

	while ((option = getopt_long(argc, argv, "c:tTVh", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 't':
			action = ACTION_TEST;
			break;
		case 'T':
			action = ACTION_PRINT;
			break;
		case OPTION_CHECK_ENGINE:
			action = ACTION_ENGINE;
			engine = optarg;
			break;
		case OPTION_CHECK_TIME:
			check_s = strtod(optarg, &end);
			if (*end || !(check_s > 0 && check_s <= CHECK_MOST_S)) {
				(void)fprintf(stderr,
					"formyd: --check-time is a number of seconds, at most "
					"%d\n",
					CHECK_MOST_S);
				return EX_USAGE;
			}
			break;
		case 'V':
			(void)puts("formyd " FORMY_VERSION);
			return EX_OK;
		case 'h':
			(void)fputs(usage, stdout);
			return EX_OK;
		default:
			(void)fputs("Try: formyd --help\n", stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "formyd: unexpected argument: %s\nTry: formyd --help\n",
			argv[optind]);
		return EX_USAGE;
	}
	if (config_load(path, NULL, &problems, &config) < 0) {
		for (size_t i = 0; i < problems.count; i++) {
			(void)fprintf(stderr, "%s\n", problems.texts[i]);
		}
		config_problems_finish(&problems);
		return EX_CONFIG;
	}
	config_problems_finish(&problems);
	if (action == ACTION_ENGINE) {
		/* what is wrong stands in what it prints */
		log_init(LOG_LEVEL_ERROR, config->worker.log_format);
		return engine_check_run(config, engine, (unsigned)(check_s * 1000));
	}
	log_init(config->worker.log_level, config->worker.log_format);
	if (action == ACTION_TEST) {
		return check_run(config);
	}
	if (action == ACTION_PRINT) {
		return print_config(config);
	}
	return supervisor_run(config, path, NULL);
}
