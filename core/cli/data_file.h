/* Where the files are that come with Formy: in a build tree beside the folder of the programs, else
 * where it was installed. */
#ifndef FORMY_CLI_DATA_FILE_H
#define FORMY_CLI_DATA_FILE_H

#define DATA_FILE_PATH_SIZE 4096

struct err;

/* The path of a file or folder of that name. 0, or -ENOENT with a sentence. */
int data_file_find(const char *name, char path[DATA_FILE_PATH_SIZE], struct err *err);

#endif
