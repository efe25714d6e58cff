#include "executor/probe.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "executor/loader.h"
#include "executor/speak.h"
#include "executor/text.h"
#include "wire/msg.h"

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

int probe_run(const char *path, int channel)
{
	const formy_plugin *plugin = NULL;
	struct msg_probed probed = {0};
	char reason[ERR_TEXT_MAX];
	struct buf json = {0};
	struct err err = {0};
	int status;
	int result = loader_open(path, &err, &json, &plugin);

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
