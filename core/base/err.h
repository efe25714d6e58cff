/* The text that goes with a failed call, for the person who has to mend it.
 *
 * Functions whose failure a person must understand take a struct err, last before the ret_
 * parameters, and return err_set(...): a negative errno with one sentence that says what is wrong
 * and, where it can, what to do. The caller owns the struct; NULL means that it does not care. */
#ifndef FORMY_BASE_ERR_H
#define FORMY_BASE_ERR_H

#define ERR_TEXT_MAX 512

struct err {
	char text[ERR_TEXT_MAX];
};

/* Writes the sentence (cut at ERR_TEXT_MAX) and returns code, which is negative. */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* clang's analyzer sees one file at a time: here it learns what comes back. */
#ifdef __clang_analyzer__
#define err_set(err, code, ...) ((void)(err_set)((err), (code), __VA_ARGS__), (code))
#endif

#endif
