/* What can be seen in a plugin's file without loading it. */
#ifndef FORMY_CLI_ELF_CHECK_H
#define FORMY_CLI_ELF_CHECK_H

struct err;

/* 0 when the file exports entries of the plugin ABI and nothing else, needs no executable stack
 * and no changes to its code. -EINVAL with a sentence, or another negative errno with one. */
int elf_check(const char *path, struct err *err);

#endif
