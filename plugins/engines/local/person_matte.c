#include "engine.h"

#include <errno.h>
#include <string.h>

#include "cutout.h"

formy_status operation_person_matte(struct engine *engine, const struct job *job)
{
	const formy_host *host = job->host;
	formy_image matte = {.size = sizeof(matte), .format = FORMY_GREY8};
	struct cutout cutout = {0};
	formy_status status = cutout_make(&cutout, engine, job);
	uint8_t *pixels;

	if (status != FORMY_OK) {
		goto out;
	}
	matte.width = cutout.source.width;
	matte.height = cutout.source.height;
	matte.stride = matte.width;
	pixels = host->alloc(job->task, matte.stride * matte.height);
	if (!pixels) {
		status = job_fail(job, -ENOMEM, "no memory for the result");
		goto out;
	}
	memcpy(pixels, cutout.matte.alpha, (size_t)(matte.stride * matte.height));
	matte.pixels = pixels;
	status = host->result(job->task, "matte", &matte);
	job_progress(job, 1000, NULL);
out:
	cutout_finish(&cutout);
	return status;
}
