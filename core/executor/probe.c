#include "executor/probe.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "executor/confine.h"
#include "executor/loader.h"
#include "executor/speak.h"
#include "executor/text.h"
#include "wire/msg.h"

#define PROBE_MEMORY (UINT64_C(8) << 30)
#define PROBE_FILE_SIZE (UINT64_C(1) << 20)
#define PROBE_PROCESSOR_S 30

static int answer(const char *path, int channel, const struct msg_probed *probed)
{
	struct msg msg = {.type = MSG_PROBED, .probed = *probed};

	if (channel < 0) {
		if (probed->descriptor) {
			(void)puts(probed->descriptor);
		} else {
			(void)fprintf(stderr, "%s: %s\n", path, probed->reason);
		}
		return fflush(stdout) == 0 && probed->descriptor ? 0 : 1;
	}
	return speak(channel, &msg) == 0 && probed->descriptor ? 0 : 1;
}

/* A probe gets no grants, whatever the operator allows: it only asks what a file is. */
static int confine_self(const char *path, struct err *err)
{
	const struct confinement how = {
		.plugins = {path},
		.memory = PROBE_MEMORY,
		.file_size = PROBE_FILE_SIZE,
		.processor_s = PROBE_PROCESSOR_S,
	};
	struct buf in_force = {0};
	struct buf lacks = {0};
	int result = confine(&how, &in_force, &lacks, err);

	/* what the kernel lacks is told where tasks run */
	buf_finish(&in_force);
	buf_finish(&lacks);
	return result;
}

int probe_run(const char *path, int copy, int channel)
{
	const formy_plugin *plugin = NULL;
	struct msg_probed probed = {0};
	char reason[ERR_TEXT_MAX];
	struct buf json = {0};
	struct err err = {0};
	int status;
	int result = confine_self(path, &err);

	if (result == 0) {
		result = loader_open(path, copy, &err, &json, &plugin);
	}
	if (result == 0) {
		probed.descriptor = buf_cstr(&json);
	}
	if (!probed.descriptor) {
		/* the loader's words hold what a file says of itself */
		text_clean(reason, sizeof(reason), result == 0 ? "out of memory" : err.text);
		probed.state = result == -ELIBBAD ? "refused" : "cannot-load";
		probed.reason = reason;
	}
	status = answer(path, channel, &probed);
	buf_finish(&json);
	return status;
}
