#include "config/parse.h"

#include "config/options.h"
#include "config/utf8.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libconfuse hands its error function nothing of the caller's. Set during parse_values() only. */
static struct {
	struct config_problems *problems;
	struct place place;
} hearing;

__attribute__((format(printf, 2, 0))) static void hear(cfg_t *cfg, const char *format, va_list args)
{
	char sentence[256];

	(void)vsnprintf(sentence, sizeof(sentence), format, args);
	hearing.place.line = cfg->line;
	problems_add(hearing.problems, hearing.place, "%s", sentence);
}

struct schema {
	cfg_opt_t *sections; /* ended by an empty one */
	size_t count;
};

/* libconfuse reads a value without braces as a list of one, so one kind of option does for all:
 * what the value must be is said by the table of options, later and for all problems at once. */
static int add_option(cfg_opt_t **members, const char *name)
{
	static const cfg_opt_t text_list[] = {CFG_STR_LIST("", NULL, CFGF_NONE), CFG_END()};
	cfg_opt_t *grown;
	size_t count = 0;

	for (; (*members)[count].name != NULL; count++) {
		if (strcmp((*members)[count].name, name) == 0) {
			return 0;
		}
	}
	grown = reallocarray(*members, count + 2, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	*members = grown;
	grown[count] = text_list[0];
	grown[count].name = name;
	grown[count + 1] = text_list[1];
	return 0;
}

static cfg_opt_t *add_section(struct schema *schema, const char *name)
{
	static const cfg_opt_t end[] = {CFG_END()};
	cfg_opt_t *section;

	for (size_t i = 0; i < schema->count; i++) {
		if (strcmp(schema->sections[i].name, name) == 0) {
			return &schema->sections[i];
		}
	}
	section = reallocarray(schema->sections, schema->count + 2, sizeof(*section));
	if (section == NULL) {
		return NULL;
	}
	schema->sections = section;
	section += schema->count++;
	section[0] = (cfg_opt_t)CFG_SEC(name, NULL,
		CFGF_MULTI |
			(option_section_is_open(name) ? CFGF_TITLE | CFGF_NO_TITLE_DUPES
						      : CFGF_NONE));
	section[1] = end[0];
	section->subopts = malloc(sizeof(end));
	if (section->subopts == NULL) {
		*section = end[0];
		schema->count--;
		return NULL;
	}
	memcpy(section->subopts, end, sizeof(end));
	return section;
}

/* A section in a section: an option of it that is a section. */
static cfg_opt_t *add_inner(struct schema *schema, const char *name)
{
	static const cfg_opt_t end[] = {CFG_END()};
	size_t len = option_section_outer(name);
	cfg_opt_t *inner;

	for (size_t i = 0; i < schema->count; i++) {
		cfg_opt_t *outer = &schema->sections[i];

		if (strlen(outer->name) != len || strncmp(outer->name, name, len) != 0) {
			continue;
		}
		if (add_option(&outer->subopts, name + len + 1) < 0) {
			return NULL;
		}
		for (inner = outer->subopts; strcmp(inner->name, name + len + 1) != 0;) {
			inner++;
		}
		if (inner->type != CFGT_SEC) {
			*inner = (cfg_opt_t)CFG_SEC(name + len + 1, NULL, CFGF_MULTI);
			inner->subopts = malloc(sizeof(end));
			if (inner->subopts == NULL) {
				*inner = end[0];
				return NULL;
			}
			memcpy(inner->subopts, end, sizeof(end));
		}
		return inner;
	}
	return NULL;
}

static int make_schema(const struct document *outline, struct schema *schema)
{
	for (size_t i = 0; i < outline->count; i++) {
		const struct document_block *block = &outline->blocks[i];
		cfg_opt_t *section;

		if (strcmp(block->section, "include") == 0) {
			continue;
		}
		section = option_section_outer(block->section) > 0
			? add_inner(schema, block->section)
			: add_section(schema, block->section);
		if (section == NULL) {
			return -ENOMEM;
		}
		for (size_t k = 0; k < block->member_count; k++) {
			if (add_option(&section->subopts, block->members[k].name) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

static void schema_finish(struct schema *schema)
{
	for (size_t i = 0; i < schema->count; i++) {
		cfg_opt_t *members = schema->sections[i].subopts;

		for (size_t k = 0; members[k].name != NULL; k++) {
			free(members[k].subopts);
		}
		free(members);
	}
	free(schema->sections);
}

/* The values of one member; `before` of the option's values belong to members of the same name
 * that stand before it and were added to. */
static int take_values(cfg_t *section, struct document_member *member, size_t before,
	const char *file, struct config_problems *problems)
{
	cfg_opt_t *option = cfg_getopt(section, member->name);

	if (option == NULL || cfg_opt_size(option) < before + member->value_count) {
		problems_add(problems, (struct place){file, member->line},
			"the value of %s cannot be read; write it in double quotes", member->name);
		return -EINVAL;
	}
	for (size_t i = 0; i < member->value_count; i++) {
		const char *text = cfg_opt_getnstr(option, (unsigned)(before + i));

		if (!utf8_is_printable(text, "\n\t")) {
			problems_add(problems, (struct place){file, member->line},
				"the value of %s holds bytes that are not text", member->name);
			return -EINVAL;
		}
		member->values[i].text = strdup(text);
		if (member->values[i].text == NULL) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int take_section(
	cfg_t *section, struct document_block *block, struct config_problems *problems)
{
	int worst = 0;

	for (size_t i = 0; i < block->member_count; i++) {
		size_t before = 0;
		int result;

		for (size_t k = 0; k < i; k++) {
			if (strcmp(block->members[k].name, block->members[i].name) == 0) {
				before += block->members[k].value_count;
			}
		}
		result = take_values(
			section, &block->members[i], before, block->place.file, problems);
		if (result == -ENOMEM) {
			return result;
		}
		worst = result < 0 ? result : worst;
	}
	return worst;
}

/* libconfuse's section of a block. One in another one stands in the last such one before it. */
static cfg_t *find_section(cfg_t *cfg, const struct document *outline, size_t at)
{
	const char *name = outline->blocks[at].section;
	size_t len = option_section_outer(name);
	size_t outer = 0;
	unsigned before = 0;

	if (len > 0) {
		for (outer = at - 1; option_section_outer(outline->blocks[outer].section) > 0;) {
			outer--;
		}
		cfg = find_section(cfg, outline, outer);
	}
	for (size_t k = outer; k < at; k++) {
		before += strcmp(outline->blocks[k].section, name) == 0;
	}
	return cfg == NULL ? NULL : cfg_getnsec(cfg, len > 0 ? name + len + 1 : name, before);
}

static int take_outline(cfg_t *cfg, struct config_problems *problems, struct document *outline)
{
	int worst = 0;

	for (size_t i = 0; i < outline->count; i++) {
		struct document_block *block = &outline->blocks[i];
		cfg_t *section;
		int result;

		if (strcmp(block->section, "include") == 0) {
			continue;
		}
		section = find_section(cfg, outline, i);
		if (section == NULL) {
			problems_add(problems, block->place, "the section %s cannot be read",
				block->section);
			return -EINVAL;
		}
		result = take_section(section, block, problems);
		if (result == -ENOMEM) {
			return result;
		}
		worst = result < 0 ? result : worst;
	}
	return worst;
}

int parse_values(const char *text, const char *file, struct config_problems *problems,
	struct document *outline)
{
	static cfg_opt_t nothing[] = {CFG_END()};
	struct schema schema = {0};
	cfg_t *cfg = NULL;
	int result = make_schema(outline, &schema);

	if (result < 0) {
		goto out;
	}
	cfg = cfg_init(schema.sections == NULL ? nothing : schema.sections, CFGF_NONE);
	if (cfg == NULL) {
		result = -ENOMEM;
		goto out;
	}
	hearing.problems = problems;
	hearing.place.file = file;
	(void)cfg_set_error_function(cfg, hear);
	result = cfg_parse_buf(cfg, text);
	hearing.problems = NULL;
	hearing.place.file = NULL;
	if (result != CFG_SUCCESS) {
		problems_add(problems, (struct place){file, 0}, "libconfuse cannot read the file");
		result = -EINVAL;
		goto out;
	}
	result = take_outline(cfg, problems, outline);
out:
	if (cfg != NULL) {
		(void)cfg_free(cfg);
	}
	schema_finish(&schema);
	return result;
}
