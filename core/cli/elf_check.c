#include "cli/elf_check.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define MOST_BYTES (SIZE_MAX / 4)
#define ENTRY "formy_plugin_"
#define NAMES_SHOWN 3

struct file {
	const unsigned char *data;
	size_t len;
	struct err *err;
};

/* The table of a section that the file itself speaks of; NULL when it lies outside. */
static const void *part(const struct file *file, uint64_t offset, uint64_t len)
{
	return offset <= file->len && len <= file->len - offset ? file->data + offset : NULL;
}

static bool is_exported(const Elf64_Sym *symbol)
{
	return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
		ELF64_ST_TYPE(symbol->st_info) != STT_NOTYPE &&
		(ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT ||
			ELF64_ST_VISIBILITY(symbol->st_other) == STV_PROTECTED);
}

static int check_symbols(
	const struct file *file, const Elf64_Shdr *symbols, const Elf64_Shdr *names)
{
	const Elf64_Sym *table = part(file, symbols->sh_offset, symbols->sh_size);
	const char *texts = part(file, names->sh_offset, names->sh_size);
	struct buf others = {0};
	unsigned count = 0;
	int result = 0;

	if (!table || !texts || names->sh_size == 0 || texts[names->sh_size - 1] != '\0') {
		return err_set(file->err, -EINVAL, "its table of symbols is broken");
	}
	for (size_t i = 0; i < symbols->sh_size / sizeof(*table); i++) {
		const char *name =
			table[i].st_name < names->sh_size ? texts + table[i].st_name : "";

		/* the name of a version is a symbol, too */
		if (!is_exported(&table[i]) || table[i].st_shndx == SHN_ABS ||
			strncmp(name, ENTRY, strlen(ENTRY)) == 0) {
			continue;
		}
		if (count++ < NAMES_SHOWN) {
			buf_printf(&others, "%s%.60s", count > 1 ? ", " : "", name);
		}
	}
	if (count > 0) {
		result = err_set(file->err, -EINVAL,
			"it exports %u symbols beside its entry (%s%s); compile it with "
			"-fvisibility=hidden and link it with a version script",
			count, buf_cstr(&others) ? buf_cstr(&others) : "",
			count > NAMES_SHOWN ? ", ..." : "");
	}
	buf_finish(&others);
	return result;
}

static int check_dynamic(const struct file *file, const Elf64_Phdr *header)
{
	const Elf64_Dyn *entries = part(file, header->p_offset, header->p_filesz);

	for (size_t i = 0; entries && i < header->p_filesz / sizeof(*entries); i++) {
		if (entries[i].d_tag == DT_TEXTREL ||
			(entries[i].d_tag == DT_FLAGS && entries[i].d_un.d_val & DF_TEXTREL)) {
			return err_set(file->err, -EINVAL,
				"its code has to be changed to be loaded; compile it with -fPIC");
		}
	}
	return 0;
}

static int check_segments(const struct file *file, const Elf64_Ehdr *head)
{
	const Elf64_Phdr *headers =
		part(file, head->e_phoff, (uint64_t)head->e_phnum * sizeof(*headers));
	int result = 0;

	if (!headers) {
		return err_set(file->err, -EINVAL, "it is cut short");
	}
	for (unsigned i = 0; result == 0 && i < head->e_phnum; i++) {
		if (headers[i].p_type == PT_GNU_STACK && headers[i].p_flags & PF_X) {
			result = err_set(file->err, -EINVAL,
				"it needs an executable stack; link it with -z noexecstack");
		} else if (headers[i].p_type == PT_DYNAMIC) {
			result = check_dynamic(file, &headers[i]);
		}
	}
	return result;
}

static int check_sections(const struct file *file, const Elf64_Ehdr *head)
{
	const Elf64_Shdr *headers =
		part(file, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*headers));

	for (unsigned i = 0; headers && i < head->e_shnum; i++) {
		if (headers[i].sh_type == SHT_DYNSYM && headers[i].sh_link < head->e_shnum) {
			return check_symbols(file, &headers[i], &headers[headers[i].sh_link]);
		}
	}
	return err_set(file->err, -EINVAL, "it exports nothing");
}

int elf_check(const char *path, struct err *err)
{
	struct buf data = {0};
	struct file file = {.err = err};
	Elf64_Ehdr head;
	int result = fs_read_file(path, MOST_BYTES, &data);

	if (result < 0) {
		result = err_set(err, result, "it cannot be read: %s", strerror(-result));
		goto out;
	}
	file.data = (const unsigned char *)data.data;
	file.len = data.len;
	if (data.len < sizeof(head) || memcmp(data.data, ELFMAG, SELFMAG) != 0) {
		result = err_set(err, -EINVAL, "it is not a shared library");
		goto out;
	}
	memcpy(&head, data.data, sizeof(head));
	if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_type != ET_DYN) {
		result = err_set(err, -EINVAL, "it is not a shared library of this machine");
		goto out;
	}
	result = check_segments(&file, &head);
	if (result == 0) {
		result = check_sections(&file, &head);
	}
out:
	buf_finish(&data);
	return result;
}
