#include "cli/plugin_view.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/names.h"
#include "cli/table.h"
#include "plugin/descriptor.h"

static void add_head(struct buf *out, const struct descriptor *descriptor, bool color)
{
	struct buf abi = {0};

	buf_printf(&abi, "%" PRIu32 ".%" PRIu32, descriptor->abi_major, descriptor->abi_minor);
	table_add_pairs(out,
		(const struct pair[]){
			{"plugin", descriptor->id, PAINT_NONE},
			{"version", descriptor->version, PAINT_NONE},
			{"license", descriptor->license, PAINT_NONE},
			{"homepage", descriptor->homepage, PAINT_NONE},
			{"abi", buf_cstr(&abi), PAINT_NONE},
			{NULL, NULL, PAINT_NONE},
		},
		color);
	buf_finish(&abi);
}

static void add_params(struct buf *out, const struct descriptor_mode *mode, bool color)
{
	static const char *const titles[] = {
		"  PARAMETER", "TYPE", "NEEDED", "DEFAULT", "MEANING", NULL};
	struct table table;

	if (mode->param_count == 0) {
		return;
	}
	table_init(&table, titles);
	for (size_t i = 0; i < mode->param_count; i++) {
		const struct descriptor_param *param = &mode->params[i];
		struct buf name = {0};

		buf_printf(&name, "  %s", param->name);
		table_add_row(&table,
			(const struct cell[]){
				{buf_cstr(&name), PAINT_NONE},
				{descriptor_type_name(param->type), PAINT_NONE},
				{param->required                     ? "yes"
						: param->required_if ? "at times"
								     : "no",
					PAINT_NONE},
				{param->fallback ? json_text(param->fallback) : NULL, PAINT_NONE},
				{param->help, PAINT_NONE},
			});
		buf_finish(&name);
	}
	table_add_to(out, &table, color);
	table_finish(&table);
}

static void add_modes(struct buf *out, const struct descriptor *descriptor, bool color)
{
	for (size_t i = 0; i < descriptor->mode_count; i++) {
		const struct descriptor_mode *mode = &descriptor->modes[i];

		buf_add_char(out, '\n');
		table_add_pairs(out,
			(const struct pair[]){
				{"mode", mode->name, PAINT_NONE},
				{"title", mode->title, PAINT_NONE},
				{NULL, NULL, PAINT_NONE},
			},
			color);
		for (size_t j = 0; j < mode->input_count; j++) {
			const struct descriptor_input *input = &mode->inputs[j];
			const char *needed = input->required ? " (needed)"
				: input->required_if         ? " (needed at times)"
							     : "";

			buf_printf(out, "  picture %s%s: ", input->role, needed);
			if (input->source) {
				buf_add_text(out, "source_image");
			} else {
				names_add(out, (const char *const *)input->members,
					input->member_count);
			}
			buf_add_char(out, '\n');
		}
		add_params(out, mode, color);
	}
}

static void add_engines(struct buf *out, const struct descriptor *descriptor, bool color)
{
	for (size_t i = 0; i < descriptor->engine_count; i++) {
		const struct descriptor_engine *engine = &descriptor->engines[i];
		struct buf operations = {0};

		names_add(&operations, (const char *const *)engine->operations,
			engine->operation_count);
		buf_add_char(out, '\n');
		table_add_pairs(out,
			(const struct pair[]){
				{"engine", engine->type, PAINT_NONE},
				{"title", engine->title, PAINT_NONE},
				{"operations",
					engine->any_operation ? "any" : buf_cstr(&operations),
					PAINT_NONE},
				{NULL, NULL, PAINT_NONE},
			},
			color);
		buf_finish(&operations);
	}
}

void plugin_view_add(struct buf *out, const struct descriptor *descriptor, bool color)
{
	add_head(out, descriptor, color);
	add_modes(out, descriptor, color);
	add_engines(out, descriptor, color);
}
