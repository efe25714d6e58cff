#include "person.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mask.h"
#include "tiles.h"

#define YES 0.5f       /* likelier than not */
#define SURE 0.92f     /* the cut may not take it away */
#define POSSIBLE 0.08f /* below it nothing is looked for */
#define SURE_MARGIN 2  /* pixels: how far inside of SURE the cut may still go */
#define POSSIBLE_MARGIN 6
#define CUT_ROUNDS 2
#define CUT_BORDER 12        /* pixels around what is possible that show the cut the backdrop */
#define MOST_ADDED 6         /* pixels on either side of what the cut may add */
#define UNLIKELY 0.15f       /* where the network says so, more than that goes again */
#define LEAST_AGREEMENT 0.85 /* of the cut with the network, or the cut is dropped */
#define SMALL_PART 0.05      /* parts below this share of the largest are dropped */
#define SMALL_HOLE 0.004     /* holes below this share of the copy may be closed */
#define WINDOW_PART 0.15     /* the same for the window */
#define WINDOW_SIDES 0.15    /* what is kept around the person, as a share of their width */
#define WINDOW_ENDS 0.12     /* and height */
#define WINDOW_WORTH 0.70    /* of the picture: a larger window is not worth a second look */

static int work_alloc(struct person *person, const formy_image *image)
{
	const double longer = fmax(person->window.width, person->window.height);
	const double by_area =
		sqrt(PERSON_AREA / (person->window.width * person->window.height)) * longer;
	const double side = fmin(fmax(PERSON_SIDE, by_area), PERSON_LONGEST);
	const double scale = fmin(1, side / longer);
	size_t count;

	person->width = (int)fmax(1, round(person->window.width * scale));
	person->height = (int)fmax(1, round(person->window.height * scale));
	count = (size_t)person->width * (size_t)person->height;
	person->rgb = malloc(3 * count);
	person->likely = malloc(count * sizeof(*person->likely));
	person->mask = calloc(count, 1);
	if (!person->rgb || !person->likely || !person->mask) {
		return -ENOMEM;
	}
	return scale_picture(
		image, person->window, person->width, person->height, SCALE_RGB, person->rgb);
}

void person_finish(struct person *person)
{
	free(person->rgb);
	free(person->likely);
	free(person->mask);
	person->rgb = NULL;
	person->likely = NULL;
	person->mask = NULL;
}

static void mask_above(const float *likely, int count, float least, uint8_t *ret_mask)
{
	for (int i = 0; i < count; i++) {
		ret_mask[i] = likely[i] > least;
	}
}

/* The whole picture when there is no person or no use in a smaller window. */
static int find_window(const struct person *person, const formy_image *image, struct region *ret)
{
	const int w = person->width;
	const int h = person->height;
	const double across = image->width / (double)w;
	const double down = image->height / (double)h;
	uint8_t *mask = malloc((size_t)w * (size_t)h);
	struct mask_box box = {0};
	int result = -ENOMEM;

	if (mask) {
		mask_above(person->likely, w * h, YES, mask);
		result = mask_drop_small(mask, w, h, WINDOW_PART, NULL);
	}
	if (result == 0) {
		box = mask_bounds(mask, w, h);
	}
	free(mask);
	if (result == 0 && box.right > box.left) {
		const double sides = WINDOW_SIDES * (box.right - box.left);
		const double ends = WINDOW_ENDS * (box.bottom - box.top);
		const double left = floor(fmax(0, box.left - sides) * across);
		const double top = floor(fmax(0, box.top - ends) * down);
		const double right = ceil(fmin(w, box.right + sides) * across);
		const double bottom = ceil(fmin(h, box.bottom + ends) * down);
		const struct region window = {left, top, fmin(right, image->width) - left,
			fmin(bottom, image->height) - top};

		if (window.width * window.height <
			WINDOW_WORTH * image->width * (double)image->height) {
			*ret = window;
		}
	}
	return result;
}

static void measure(struct person *person, const formy_image *image)
{
	const int count = person->width * person->height;
	const double part = person->window.width * person->window.height /
		(image->width * (double)image->height);
	int yes = 0;
	int between = 0;

	for (int i = 0; i < count; i++) {
		yes += person->likely[i] > YES;
		between += person->likely[i] > 0.1f && person->likely[i] < 0.9f;
	}
	person->area = part * yes / count;
	person->unsure = yes > 0 ? (double)between / yes : 1;
}

/* What the cut is told. Needs room for two masks. */
static int mark_known(const struct person *person, uint8_t *room, uint8_t *labels)
{
	const int w = person->width;
	const int h = person->height;
	const int count = w * h;
	uint8_t *sure = room;
	uint8_t *possible = room + count;
	int result;

	mask_above(person->likely, count, SURE, labels);
	result = mask_shrink(labels, w, h, SURE_MARGIN, sure);
	if (result == 0) {
		mask_above(person->likely, count, POSSIBLE, labels);
		result = mask_grow(labels, w, h, POSSIBLE_MARGIN, possible);
	}
	for (int i = 0; result == 0 && i < count; i++) {
		labels[i] = sure[i]               ? VISION_PERSON
			: person->likely[i] > YES ? VISION_MAYBE_PERSON
			: possible[i]             ? VISION_MAYBE_BACKDROP
						  : VISION_BACKDROP;
	}
	return result;
}

/* Cuts only within the part where a person is possible: it costs time by the pixel. */
static int cut_part(
	const struct person *person, struct mask_box box, uint8_t *labels, struct err *err)
{
	const int w = box.right - box.left;
	const int h = box.bottom - box.top;
	const size_t count = (size_t)w * (size_t)h;
	uint8_t *part = malloc(4 * count);
	uint8_t *rgb = part ? part + count : NULL;
	int result = -ENOMEM;

	if (!part) {
		return err_set(err, -ENOMEM, "no memory for the cut");
	}
	for (int y = 0; y < h; y++) {
		const size_t at = (size_t)(box.top + y) * (size_t)person->width + (size_t)box.left;

		memcpy(part + (size_t)y * (size_t)w, labels + at, (size_t)w);
		memcpy(rgb + 3 * (size_t)y * (size_t)w, person->rgb + 3 * at, 3 * (size_t)w);
	}
	result = vision_cut(rgb, w, h, CUT_ROUNDS, err, part);
	for (int y = 0; result == 0 && y < h; y++) {
		const size_t at = (size_t)(box.top + y) * (size_t)person->width + (size_t)box.left;

		memcpy(labels + at, part + (size_t)y * (size_t)w, (size_t)w);
	}
	free(part);
	return result;
}

static double agreement(const uint8_t *a, const uint8_t *b, int count)
{
	int both = 0;
	int either = 0;

	for (int i = 0; i < count; i++) {
		both += a[i] & b[i];
		either += a[i] | b[i];
	}
	return either > 0 ? (double)both / either : 1;
}

/* The cut moves an edge by some pixels. Where it adds more than that to what the network sees, colours
 * behind the person are like theirs: there the network's word stands. Needs room for two masks. */
static int drop_added(const struct person *person, uint8_t *room, uint8_t *labels)
{
	const int w = person->width;
	const int h = person->height;
	const int count = w * h;
	uint8_t *added = room;
	uint8_t *thick = room + count;
	int result;

	for (int i = 0; i < count; i++) {
		added[i] = labels[i] && !person->mask[i];
	}
	result = mask_shrink(added, w, h, MOST_ADDED, thick);
	if (result == 0) {
		result = mask_grow(thick, w, h, 2 * MOST_ADDED, added);
	}
	for (int i = 0; result == 0 && i < count; i++) {
		labels[i] = labels[i] && (person->likely[i] > UNLIKELY || !added[i]);
	}
	return result;
}

/* From the network's answer to the mask. */
static int cut(struct person *person, struct err *err)
{
	const int w = person->width;
	const int h = person->height;
	const int count = w * h;
	uint8_t *room = malloc(3 * (size_t)count);
	uint8_t *labels = room ? room + 2 * (size_t)count : NULL;
	struct mask_box box;
	int result;

	if (!room) {
		return err_set(err, -ENOMEM, "no memory for the cut");
	}
	result = mark_known(person, room, labels);
	if (result < 0) {
		goto out;
	}
	mask_above(person->likely, count, YES, person->mask);
	box = mask_bounds(room + count, w, h);
	box.left = box.left > CUT_BORDER ? box.left - CUT_BORDER : 0;
	box.top = box.top > CUT_BORDER ? box.top - CUT_BORDER : 0;
	box.right = box.right + CUT_BORDER < w ? box.right + CUT_BORDER : w;
	box.bottom = box.bottom + CUT_BORDER < h ? box.bottom + CUT_BORDER : h;
	result = cut_part(person, box, labels, err);
	if (result == -ENODATA || result == -EINVAL) {
		/* Nothing to tell apart: the network's word stands. */
		result = 0;
		goto out;
	}
	if (result == 0) {
		for (int i = 0; i < count; i++) {
			labels[i] = labels[i] == VISION_PERSON || labels[i] == VISION_MAYBE_PERSON;
		}
		result = mask_shrink(labels, w, h, 1, room);
	}
	if (result == 0) {
		result = mask_grow(room, w, h, 1, labels);
	}
	if (result == 0 && agreement(labels, person->mask, count) >= LEAST_AGREEMENT) {
		result = drop_added(person, room, labels);
		if (result == 0) {
			memcpy(person->mask, labels, (size_t)count);
		}
	}
out:
	free(room);
	return result;
}

/* Closes small holes that the cut made where the network sees the person: a badge, a highlight. */
static int close_holes(struct person *person)
{
	const int count = person->width * person->height;
	uint8_t *closed = malloc((size_t)count);
	int result = -ENOMEM;

	if (closed) {
		memcpy(closed, person->mask, (size_t)count);
		result = mask_fill_holes(
			closed, person->width, person->height, (int)(SMALL_HOLE * count));
	}
	for (int i = 0; result == 0 && i < count; i++) {
		person->mask[i] |= closed[i] && person->likely[i] > UNLIKELY;
	}
	free(closed);
	return result;
}

/* A network that sees more than the working copy shows gets a copy of its own. */
static int ask(
	struct person *person, const formy_image *image, struct vision *vision, struct err *err)
{
	const double longer = fmax(person->window.width, person->window.height);
	const double side = fmin(vision_get_network(vision)->side, longer);
	const int width = (int)fmax(1, round(person->window.width * side / longer));
	const int height = (int)fmax(1, round(person->window.height * side / longer));
	uint8_t *rgb;
	int result;

	if (side <= PERSON_SIDE) {
		return vision_person(vision, person->rgb, person->width, person->height,
			person->width, person->height, err, person->likely);
	}
	rgb = malloc(3 * (size_t)width * (size_t)height);
	result = rgb ? scale_picture(image, person->window, width, height, SCALE_RGB, rgb)
		     : err_set(err, -ENOMEM, "no memory for the network's picture");
	if (result == 0) {
		result = vision_person(vision, rgb, width, height, person->width, person->height,
			err, person->likely);
	}
	free(rgb);
	return result;
}

/* One look of the network at a part of the picture. Fills a zeroed or finished person. */
static int look(struct person *person, const formy_image *image, struct region window,
	struct vision *vision, const struct job *job, struct err *err)
{
	int result;

	if (job_stopped(job)) {
		return -ECANCELED;
	}
	person->window = window;
	result = work_alloc(person, image);
	if (result < 0) {
		return err_set(err, result, "no memory for the working picture");
	}
	result = ask(person, image, vision, err);
	if (result == 0) {
		measure(person, image);
	}
	return result;
}

/* All that the network has to say. */
static int ask_network(struct person *person, const formy_image *image, struct vision *vision,
	const struct job *job, struct err *err)
{
	struct region window = region_whole(image);
	int result = look(person, image, window, vision, job, err);

	if (result < 0) {
		return result;
	}
	person->at_first = person->unsure;
	job_progress(job, 110, "Looking closer at the person");
	if (find_window(person, image, &window) < 0) {
		return err_set(err, -ENOMEM, "no memory for the window");
	}
	if (window.width < image->width || window.height < image->height) {
		person_finish(person);
		result = look(person, image, window, vision, job, err);
	}
	job_progress(job, 160, "Looking along the outline");
	if (result == 0 && vision_get_network(vision)->closer) {
		result = tiles_refine(person, vision, job, err);
	}
	return result;
}

int person_find(struct person *person, const formy_image *image, struct vision *vision,
	const struct job *job, struct err *err)
{
	int result = ask_network(person, image, vision, job, err);

	if (result < 0) {
		return result;
	}
	job_progress(job, 340, "Cutting out the person");
	if (job_stopped(job)) {
		return -ECANCELED;
	}
	result = cut(person, err);
	if (result == 0) {
		result = mask_drop_small(
			person->mask, person->width, person->height, SMALL_PART, &person->largest);
	}
	if (result == 0) {
		result = close_holes(person);
	}
	return result;
}
