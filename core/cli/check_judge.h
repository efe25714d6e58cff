/* What the end of a job says of a plugin: for the cases of `formy plugin check`. */
#ifndef FORMY_CLI_CHECK_JUDGE_H
#define FORMY_CLI_CHECK_JUDGE_H

struct check_case;
struct check_job;
struct msg_outcome;

/* Sets the case's problem; the first one counts. */
void check_blame(struct check_case *one, const char *what);

/* Keeps how a job ended, and blames what no plugin may do. */
void check_judge(
	struct check_case *one, const struct check_job *job, const struct msg_outcome *outcome);

#endif
