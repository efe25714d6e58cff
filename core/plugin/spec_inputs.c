#include "plugin/spec.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "plugin/descriptor.h"

#define MAX_MEMBERS 8 /* names under which one picture's id may come */

static int read_members(struct json_object *object, struct descriptor_input *input,
	const char *where, struct err *err)
{
	struct json_object *list = json_member(object, "members");
	const char *member;
	int result = json_get_string(object, "member", &member);

	if (result == -EINVAL) {
		return err_set(err, -EINVAL, "%s: member must be a string", where);
	}
	if (result == 0 && strcmp(member, "source_image") == 0) {
		input->source = true;
		return list ? err_set(err, -EINVAL, "%s: the source has no other members", where)
			    : 0;
	}
	if (result == 0) {
		return err_set(err, -EINVAL,
			"%s: member can only be \"source_image\"; names in config are given as "
			"\"members\": [\"%.40s\"]",
			where, member);
	}
	if (!list) {
		return 0;
	}
	result = spec_read_texts(
		list, MAX_MEMBERS, where, err, &input->members, &input->member_count);
	for (size_t i = 0; result == 0 && i < input->member_count; i++) {
		if (!ident_is_name(input->members[i], strlen(input->members[i]))) {
			return err_set(err, -EINVAL, "%s: \"%.40s\" is no name for a member", where,
				input->members[i]);
		}
	}
	return result;
}

static int read_input(struct json_object *object, struct descriptor_mode *mode,
	struct descriptor_input *input, struct err *err)
{
	static const char *const known[] = {
		"role", "member", "members", "reference", "required", "required_if", "help", NULL};
	struct spec_where where;
	const char *role;
	int result;

	if (json_get_string(object, "role", &role) != 0 || !ident_is_name(role, strlen(role))) {
		return err_set(err, -EINVAL,
			"mode %.64s: each input must be an object with a role like \"source\"",
			mode->name);
	}
	where = spec_where(mode->name, "input", role);
	for (size_t i = 0; &mode->inputs[i] != input; i++) {
		if (strcmp(mode->inputs[i].role, role) == 0) {
			return err_set(err, -EINVAL, "%s stands there twice", where.text);
		}
	}
	input->role = strdup(role);
	if (!input->role) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	if ((result = spec_check_members(object, known, where.text, err)) < 0 ||
		(result = read_members(object, input, where.text, err)) < 0 ||
		(result = spec_read_flag(object, "reference", where.text, err, &input->reference)) <
			0 ||
		(result = spec_read_flag(object, "required", where.text, err, &input->required)) <
			0 ||
		(result = spec_read_condition(object, where.text, err, &input->required_if)) < 0) {
		return result;
	}
	if (!input->source && !input->reference && input->member_count == 0) {
		return err_set(err, -EINVAL,
			"%s can never be given: it needs member, members or reference", where.text);
	}
	return 0;
}

int spec_read_inputs(struct json_object *inputs, struct descriptor_mode *mode, struct err *err)
{
	size_t count;

	if (!json_object_is_type(inputs, json_type_array)) {
		return err_set(err, -EINVAL, "mode %.64s: its inputs must be an array, not %s",
			mode->name, json_type_name(inputs));
	}
	count = json_object_array_length(inputs);
	if (count > LIMIT_TASK_INPUTS) {
		return err_set(err, -EINVAL, "mode %.64s has %zu inputs; at most %d are taken",
			mode->name, count, LIMIT_TASK_INPUTS);
	}
	if (count == 0) {
		return 0;
	}
	mode->inputs = calloc(count, sizeof(*mode->inputs));
	if (!mode->inputs) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		int result;

		mode->input_count++;
		result = read_input(
			json_object_array_get_idx(inputs, i), mode, &mode->inputs[i], err);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}
