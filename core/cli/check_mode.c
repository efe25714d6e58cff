#include "cli/check_mode.h"

#include <errno.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/err.h"
#include "cli/check_case.h"
#include "cli/check_values.h"
#include "cli/png.h"
#include "formy/plugin.h"
#include "plugin/descriptor.h"
#include "wire/inspect.h"

#define BY_CHANCE 60
#define MANY_RUNS 200
#define MANY_MS 10000
#define MANY_UNDER_VALGRIND 3

struct session {
	const struct check_target *target;
	const struct descriptor_mode *mode;
	const struct check_voice *voice;
	struct json_object *config; /* of a plain task: checked, defaults filled in */
	struct buf picture;         /* of an ordinary size */
	struct buf large;
	struct buf tiny;
};

static void add_pictures(const struct session *session, struct check_job *job,
	const struct buf *picture, const char *without)
{
	for (size_t i = 0; i < session->mode->input_count; i++) {
		const char *role = session->mode->inputs[i].role;

		if (!without || strcmp(role, without) != 0) {
			job->pictures[job->count].role = role;
			job->pictures[job->count].data = picture->data;
			job->pictures[job->count++].len = picture->len;
		}
	}
}

static bool end_case(const struct session *session, struct check_case *one, const char *name)
{
	bool good = check_end(one);

	session->voice->told(
		session->voice->arg, session->mode->name, name, good ? NULL : one->problem.text);
	return good;
}

static bool try_job(const struct session *session, const char *name, const struct check_job *job)
{
	return check_try(session->target, session->mode->name, job, session->voice,
		session->mode->name, name);
}

static bool try_picture(const struct session *session, const char *name, const struct buf *picture,
	size_t len, enum check_cancel cancel)
{
	struct check_job job = {.config = json_text(session->config), .cancel = cancel};

	add_pictures(session, &job, picture, NULL);
	for (size_t i = 0; i < job.count; i++) {
		job.pictures[i].len = len;
	}
	return try_job(session, name, &job);
}

static void try_without_pictures(const struct session *session)
{
	for (size_t i = 0; i < session->mode->input_count; i++) {
		struct check_job job = {.config = json_text(session->config)};
		struct buf name = {0};

		if (session->mode->inputs[i].required) {
			buf_printf(&name, "without the picture %s", session->mode->inputs[i].role);
			add_pictures(
				session, &job, &session->picture, session->mode->inputs[i].role);
			(void)try_job(session, buf_cstr(&name) ? buf_cstr(&name) : "", &job);
		}
		buf_finish(&name);
	}
}

static bool run_with(const struct session *session, struct check_case *one,
	const struct descriptor_param *param, struct json_object *value)
{
	struct json_object *config = config_with(session->mode, param->name, value);
	struct check_job job = {.config = config ? json_text(config) : NULL};
	bool good = true;

	/* one value may need others to go with it, which nobody but a person knows */
	if (job.config) {
		add_pictures(session, &job, &session->picture, NULL);
		good = check_run(one, &job);
	}
	json_object_put(config);
	return good;
}

static void try_params(const struct session *session)
{
	for (size_t i = 0; i < session->mode->param_count; i++) {
		const struct descriptor_param *param = &session->mode->params[i];
		struct json_object *value;
		struct buf name = {0};
		struct check_case one;
		bool good = check_begin(&one, session->target, session->mode->name);

		for (size_t edge = 0; good && (value = value_at_edge(param, edge)); edge++) {
			good = run_with(session, &one, param, value);
			json_object_put(value);
		}
		buf_printf(&name, "%s at its edges", param->name);
		(void)end_case(session, &one, buf_cstr(&name) ? buf_cstr(&name) : param->name);
		buf_finish(&name);
	}
}

/* By chance, but always the same. */
static void try_chance(const struct session *session)
{
	struct chance chance = {.state = 0x9e3779b97f4a7c15};
	struct buf words = {0};
	struct check_case one;
	bool good = check_begin(&one, session->target, session->mode->name);

	for (unsigned i = 0; good && i < BY_CHANCE; i++) {
		struct json_object *config = config_of_chance(session->mode, &chance);
		struct check_job job = {.config = config ? json_text(config) : NULL};

		if (job.config) {
			add_pictures(session, &job, &session->picture, NULL);
			good = check_run(&one, &job);
		}
		if (!good) {
			buf_printf(&words, "with %.300s: %.180s", job.config, one.problem.text);
			(void)err_set(&one.problem, -EINVAL, "%s",
				buf_cstr(&words) ? buf_cstr(&words) : one.problem.text);
		}
		json_object_put(config);
	}
	(void)end_case(session, &one, "parameters by chance");
	buf_finish(&words);
}

/* What an engine may do to a mode that calls it. */
static const struct {
	const char *name;
	const char *config; /* of the fake engine: executor/fake.h */
	int64_t status;     /* that it returns */
	bool fails;
	enum check_cancel cancel;
} answers[] = {
	{"its engine is busy", "{\"status\": -201}", FORMY_E_BUSY, true, CHECK_GOES_ON},
	{"its engine is too slow", "{\"status\": -202}", FORMY_E_TIMEOUT, true, CHECK_GOES_ON},
	{"its engine is away", "{\"status\": -203}", FORMY_E_UNREACHABLE, true, CHECK_GOES_ON},
	{"its engine has no memory", "{\"status\": -204}", FORMY_E_NOMEM, true, CHECK_GOES_ON},
	{"its engine fails", "{\"status\": -301}", FORMY_E_ENGINE, true, CHECK_GOES_ON},
	{"its engine has a bug", "{\"status\": -302}", FORMY_E_INTERNAL, true, CHECK_GOES_ON},
	{"its engine refuses a parameter", "{\"status\": -101}", FORMY_E_PARAMS, true,
		CHECK_GOES_ON},
	{"its engine refuses a picture", "{\"status\": -102}", FORMY_E_INPUT, true, CHECK_GOES_ON},
	{"its engine cannot do that", "{\"status\": -104}", FORMY_E_UNSUPPORTED, true,
		CHECK_GOES_ON},
	{"its engine fails in a new way", "{\"status\": -299}", -299, true, CHECK_GOES_ON},
	{"its engine returns no status", "{\"status\": 7}", 7, true, CHECK_GOES_ON},
	{"its engine answers nothing", "{\"answer\": \"nothing\"}", FORMY_OK, true, CHECK_GOES_ON},
	{"its engine answers other pictures", "{\"answer\": \"other\"}", FORMY_OK, true,
		CHECK_GOES_ON},
	{"its engine answers odd facts", "{\"answer\": \"facts\"}", FORMY_OK, true, CHECK_GOES_ON},
	{"cancelled in a call", "{\"answer\": \"stops\"}", FORMY_OK, false, CHECK_CANCEL_DURING},
	{"cancelled after a call", "{\"answer\": \"late\"}", FORMY_OK, false, CHECK_CANCEL_DURING},
};

static void try_answers(const struct session *session)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct check_target target = *session->target;
		struct check_job job = {
			.config = json_text(session->config),
			.cancel = answers[i].cancel,
			.engine_fails = answers[i].fails,
			.engine_status = answers[i].status,
		};

		target.engine_config = answers[i].config;
		add_pictures(session, &job, &session->picture, NULL);
		(void)check_try(&target, session->mode->name, &job, session->voice,
			session->mode->name, answers[i].name);
	}
}

static void try_many(const struct session *session)
{
	struct check_job job = {.config = json_text(session->config)};
	uint64_t deadline = clock_mono_ms() + MANY_MS;
	unsigned most = session->target->valgrind ? MANY_UNDER_VALGRIND : MANY_RUNS;
	struct check_case one;
	bool good = check_begin(&one, session->target, session->mode->name);

	add_pictures(session, &job, &session->picture, NULL);
	for (unsigned i = 0; good && i < most && clock_mono_ms() < deadline; i++) {
		good = check_run(&one, &job);
	}
	(void)end_case(session, &one, "many runs");
}

/* Tells, beside, whether it calls an engine. */
static bool try_run(const struct session *session, bool *ret_calls)
{
	struct check_job job = {.config = json_text(session->config)};
	struct check_case one;

	add_pictures(session, &job, &session->picture, NULL);
	if (check_begin(&one, session->target, session->mode->name)) {
		(void)check_run(&one, &job);
	}
	*ret_calls = one.called > 0;
	return end_case(session, &one, "run");
}

static void run_cases(const struct session *session)
{
	const struct buf *picture = &session->picture;
	struct check_case one;
	bool calls = false;

	(void)check_begin(&one, session->target, session->mode->name);
	/* what does not open or does not run would fail all of the others for the same reason */
	if (!end_case(session, &one, "open") || !try_run(session, &calls)) {
		return;
	}
	if (!session->target->valgrind) {
		try_without_pictures(session);
		if (session->mode->input_count > 0) {
			(void)try_picture(session, "a picture of one pixel", &session->tiny,
				session->tiny.len, CHECK_GOES_ON);
			(void)try_picture(session, "a large picture", &session->large,
				session->large.len, CHECK_GOES_ON);
			(void)try_picture(session, "a picture that is cut", picture,
				picture->len / 2, CHECK_GOES_ON);
			(void)try_picture(
				session, "a picture of no bytes", picture, 0, CHECK_GOES_ON);
		}
		try_params(session);
		try_chance(session);
		if (calls) {
			try_answers(session);
		}
		(void)try_picture(session, "cancelled before", &session->large, session->large.len,
			CHECK_CANCEL_BEFORE);
		(void)try_picture(session, "cancelled while it runs", &session->large,
			session->large.len, CHECK_CANCEL_DURING);
	}
	try_many(session);
}

void check_mode(const struct check_target *target, const struct descriptor_mode *mode,
	const struct check_voice *voice)
{
	struct check_target with = *target;
	struct session session = {.target = &with, .mode = mode, .voice = voice};

	if (!with.engine) {
		with.engine = INSPECT_FAKE_ENGINE;
		with.engine_type = INSPECT_FAKE_ENGINE_TYPE;
		with.engine_config = "{\"answer\": \"pictures\"}";
	}
	session.config = config_with(mode, NULL, NULL);
	png_add(&session.picture, 160, 120);
	png_add(&session.large, 2000, 1500);
	png_add(&session.tiny, 1, 1);
	if (!session.config) {
		voice->told(voice->arg, mode->name, "parameters",
			"no parameters were found that its own description lets pass");
	} else if (!buf_failed(&session.picture) && !buf_failed(&session.large) &&
		!buf_failed(&session.tiny)) {
		run_cases(&session);
	}
	json_object_put(session.config);
	buf_finish(&session.picture);
	buf_finish(&session.large);
	buf_finish(&session.tiny);
}
