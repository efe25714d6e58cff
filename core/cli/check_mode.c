#include "cli/check_mode.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/check_case.h"
#include "cli/png.h"
#include "plugin/descriptor.h"
#include "plugin/params.h"

#define MANY_RUNS 200
#define MANY_MS 15000
#define MANY_UNDER_VALGRIND 3

struct session {
	const struct check_target *target;
	const struct descriptor_mode *mode;
	check_told *told;
	void *arg;
	struct json_object *config; /* of a plain task: checked, defaults filled in */
	struct buf picture;         /* of an ordinary size */
	struct buf large;
	struct buf tiny;
};

/* Values of a parameter at its edges, one after another; NULL when there are no more. */
static struct json_object *edge_of(const struct descriptor_param *param, size_t index)
{
	const double bounds[] = {param->has_min ? param->min : 0, param->has_max ? param->max : 1};

	switch (param->type) {
	case PARAM_NUMBER:
		return index < 2 ? json_object_new_double(bounds[index]) : NULL;
	case PARAM_INTEGER:
		return index < 2 ? json_object_new_int64((int64_t)bounds[index]) : NULL;
	case PARAM_BOOLEAN:
		return index < 2 ? json_object_new_boolean(index == 1) : NULL;
	case PARAM_STRING:
		if (index < param->choice_count) {
			return json_object_new_string(param->choices[index]);
		}
		if (index == param->choice_count && (param->color || param->choice_count == 0)) {
			return json_object_new_string(param->color ? "#808080" : "x");
		}
		return NULL;
	case PARAM_OBJECT:
		return index < 1 ? json_object_new_object() : NULL;
	case PARAM_ARRAY:
		return index < 1 && param->min_length == 0 ? json_object_new_array() : NULL;
	}
	return NULL;
}

/* A config that the worker would let pass; NULL when none was found. */
static struct json_object *make_config(
	const struct descriptor_mode *mode, const char *name, struct json_object *value)
{
	struct json_object *given = json_object_new_object();
	struct params_problem problem;
	struct json_object *checked = NULL;

	for (size_t i = 0; i < mode->param_count; i++) {
		const struct descriptor_param *param = &mode->params[i];

		if ((param->required || param->required_if) && !param->fallback) {
			json_object_object_add(given, param->name, edge_of(param, 0));
		}
	}
	if (name) {
		json_object_object_add(given, name, json_object_get(value));
	}
	if (params_check(mode, given, NULL, &problem, &checked) < 0) {
		checked = NULL;
	}
	json_object_put(given);
	return checked;
}

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

	session->told(session->arg, session->mode->name, name, good ? NULL : one->problem.text);
	return good;
}

/* One job in one process. */
static bool try_job(const struct session *session, const char *name, const struct check_job *job)
{
	struct check_case one;

	if (check_begin(&one, session->target, session->mode->name)) {
		(void)check_run(&one, job);
	}
	return end_case(session, &one, name);
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
	struct json_object *config = make_config(session->mode, param->name, value);
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

		for (size_t edge = 0; good && (value = edge_of(param, edge)); edge++) {
			good = run_with(session, &one, param, value);
			json_object_put(value);
		}
		buf_printf(&name, "%s at its edges", param->name);
		(void)end_case(session, &one, buf_cstr(&name) ? buf_cstr(&name) : param->name);
		buf_finish(&name);
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

static void run_cases(const struct session *session)
{
	const struct buf *picture = &session->picture;
	struct check_case one;

	(void)check_begin(&one, session->target, session->mode->name);
	/* what does not open or does not run would fail all of the others for the same reason */
	if (!end_case(session, &one, "open") ||
		!try_picture(session, "run", picture, picture->len, CHECK_GOES_ON)) {
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
		}
		try_params(session);
		(void)try_picture(session, "cancelled before", &session->large, session->large.len,
			CHECK_CANCEL_BEFORE);
		(void)try_picture(session, "cancelled while it runs", &session->large,
			session->large.len, CHECK_CANCEL_DURING);
	}
	try_many(session);
}

void check_mode(const struct check_target *target, const struct descriptor_mode *mode,
	check_told *told, void *arg)
{
	struct session session = {.target = target, .mode = mode, .told = told, .arg = arg};

	session.config = make_config(mode, NULL, NULL);
	png_add(&session.picture, 160, 120);
	png_add(&session.large, 2000, 1500);
	png_add(&session.tiny, 1, 1);
	if (!session.config) {
		told(arg, mode->name, "parameters",
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
