#include "cli/check_engine.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/check_case.h"
#include "cli/check_values.h"
#include "cli/png.h"
#include "plugin/descriptor.h"
#include "wire/inspect.h"

#define BY_CHANCE 30
#define MANY_RUNS 200
#define MANY_MS 3000
#define MANY_UNDER_VALGRIND 3

/* Under which modes hand pictures over. Roles that an engine does not know cost nothing. */
static const char *const roles[] = {
	"source", "reference", "background", "image", "mask", "person", NULL};

struct session {
	const struct check_target *target;
	const struct check_voice *voice;
	const struct descriptor_engine *engine;
	const char *operation;
	struct buf picture;
	struct buf large;
	struct buf tiny;
};

/* The fake mode's parameters, for a call with these of the engine, which are taken over. The
 * caller's. */
static struct json_object *call_with(const struct session *session, struct json_object *params)
{
	struct json_object *config = json_object_new_object();
	struct json_object *names = json_object_new_array();

	for (size_t i = 0; roles[i]; i++) {
		json_object_array_add(names, json_object_new_string(roles[i]));
	}
	json_object_object_add(config, "roles", names);
	json_object_object_add(config, "operation", json_object_new_string(session->operation));
	json_object_object_add(config, "params", params);
	return config;
}

static void add_pictures(struct check_job *job, const struct buf *picture)
{
	for (size_t i = 0; picture && roles[i]; i++) {
		job->pictures[job->count].role = roles[i];
		job->pictures[job->count].data = picture->data;
		job->pictures[job->count++].len = picture->len;
	}
}

static void tell(const struct session *session, const char *what, struct check_case *one)
{
	bool good = check_end(one);
	struct buf name = {0};

	buf_printf(&name, "%s: %s", session->operation, what);
	session->voice->told(session->voice->arg, session->engine->type,
		buf_cstr(&name) ? buf_cstr(&name) : what, good ? NULL : one->problem.text);
	buf_finish(&name);
}

/* One call in one process; picture may be NULL. */
static bool try_call(const struct session *session, const char *what, const struct buf *picture,
	enum check_cancel cancel)
{
	struct json_object *config = call_with(session, json_object_new_object());
	struct check_job job = {.config = json_text(config), .cancel = cancel};
	struct check_case one;
	bool good;

	add_pictures(&job, picture);
	if (check_begin(&one, session->target, INSPECT_FAKE_MODE_NAME)) {
		(void)check_run(&one, &job);
	}
	good = !one.problem.text[0];
	tell(session, what, &one);
	json_object_put(config);
	return good;
}

/* Many calls in one process, with parameters by chance or with none. */
static void try_calls(
	const struct session *session, const char *what, unsigned most, struct chance *chance)
{
	uint64_t deadline = clock_mono_ms() + MANY_MS;
	struct check_case one;
	bool good = check_begin(&one, session->target, INSPECT_FAKE_MODE_NAME);

	for (unsigned i = 0; good && i < most && clock_mono_ms() < deadline; i++) {
		struct json_object *config = call_with(
			session, chance ? values_of_chance(chance) : json_object_new_object());
		struct check_job job = {.config = json_text(config)};

		add_pictures(&job, &session->picture);
		good = check_run(&one, &job);
		json_object_put(config);
	}
	tell(session, what, &one);
}

static void run_operation(const struct session *session)
{
	struct chance chance = {.state = 0x9e3779b97f4a7c15};
	const bool slow = session->target->valgrind;

	/* what does not run would fail all of the others for the same reason */
	if (!try_call(session, "run", &session->picture, CHECK_GOES_ON)) {
		return;
	}
	if (!slow) {
		(void)try_call(session, "without pictures", NULL, CHECK_GOES_ON);
		(void)try_call(session, "pictures of one pixel", &session->tiny, CHECK_GOES_ON);
		(void)try_call(session, "cancelled before", &session->large, CHECK_CANCEL_BEFORE);
		(void)try_call(
			session, "cancelled while it runs", &session->large, CHECK_CANCEL_DURING);
		try_calls(session, "parameters by chance", BY_CHANCE, &chance);
	}
	try_calls(session, "many runs", slow ? MANY_UNDER_VALGRIND : MANY_RUNS, NULL);
}

static void run_operations(struct session *session)
{
	for (size_t i = 0; i < session->engine->operation_count; i++) {
		session->operation = session->engine->operations[i];
		run_operation(session);
	}
	if (session->engine->any_operation) {
		session->operation = INSPECT_FAKE_MODE_NAME;
		run_operation(session);
	}
}

/* Whether it opened. */
static bool try_open(const struct session *session, bool configured)
{
	const struct check_voice *voice = session->voice;
	struct check_case one;
	bool open = check_begin(&one, session->target, INSPECT_FAKE_MODE_NAME);

	(void)check_end(&one);
	if (!configured && one.refused) {
		/* as it should: nobody has told it anything. What follows needs --engine-config */
		voice->told(voice->arg, session->engine->type, "open without configuration", NULL);
	} else {
		voice->told(voice->arg, session->engine->type, "open",
			one.problem.text[0] ? one.problem.text : NULL);
	}
	return open && !one.problem.text[0];
}

void check_engine(const struct check_target *target, const struct descriptor_engine *engine,
	bool configured, const struct check_voice *voice)
{
	const struct check_job check = {.config = "{}", .check = true};
	struct check_target with = *target;
	struct session session = {.target = &with, .voice = voice, .engine = engine};

	with.engine = target->plugin;
	with.engine_type = engine->type;
	with.plugin = INSPECT_FAKE_MODE;
	with.mode_config = "{}";
	png_add(&session.picture, 160, 120);
	png_add(&session.large, 2000, 1500);
	png_add(&session.tiny, 1, 1);
	if (!buf_failed(&session.picture) && !buf_failed(&session.large) &&
		!buf_failed(&session.tiny) && try_open(&session, configured)) {
		if (engine->has_check) {
			(void)check_try(&with, INSPECT_FAKE_MODE_NAME, &check, voice, engine->type,
				"check");
		}
		run_operations(&session);
	}
	buf_finish(&session.picture);
	buf_finish(&session.large);
	buf_finish(&session.tiny);
}
