/* Where a swapped head meets what was there, on real pictures: the skin of face and neck, and what is
 * left of the old hair. Skips where ../shared/images is not there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>

#include "fake_host.h"
#include "lib/test.h"
#include "local/head.h"
#include "local/mask.h"
#include "local/networks.h"
#include "pictures.h"

#define FACE_POINTS "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"
#define ENGINE_CONFIG                                                                              \
	"{\"data_dir\":\"" MODELS "\",\"threads\":1,\"mode\":{\"name\":\"HEAD_SWAP\"}}"
#define TINT_APART 9.0   /* of face and neck, in a and b of Lab; */
#define LIGHT_APART 10.0 /* in L, as the jaw's shadow lies on the neck */
#define NECK_FROM 0.10   /* heights of the face below the chin */
#define NECK_TO 0.28
#define NECK_HALF 0.15 /* jaw widths */
#define CHIN_FROM (-0.12)
#define CHIN_TO 0.12
#define CHIN_HALF 0.3
#define DARK 55.0
#define DARK_MOST 0.03
#define SIDE 640                /* of the copies on which masks are compared */
#define SAME 8.0                /* distance in Lab at which a pixel still is what it was */
#define MARGIN 0.04             /* jaw widths that the new head's mask is grown by */
#define NECK_BESIDE_FROM (-0.1) /* heights of the face below the chin */
#define NECK_BESIDE_TO 0.25
#define NECK_BESIDE 0.55 /* jaw widths */
#define LEFT_MOST 0.02   /* of the old hair that the new head does not cover */

static struct picture_engine setup;
static struct vision *vision;

static formy_status swap(
	struct fake_task *task, const formy_image *source, const formy_image *reference)
{
	return picture_edit(&setup, task, source, reference, "{\"quality\":\"medium\"}");
}

/* The head in a picture, found anew. */
static struct head open_head(const formy_image *image)
{
	const struct job job = {0};
	struct face face = {0};
	struct head head = {0};
	struct err err = {""};
	struct region region;

	assert_int_equal(face_find(&face, image, "source", 1, vision, &job), FORMY_OK);
	region = head_region(image, &face);
	assert_int_equal(head_open(&head, image, &face, SIDE / fmax(region.width, region.height),
				 1.4, vision, &job, &err),
		0);
	return head;
}

static double tint_apart(struct lab a, struct lab b)
{
	return hypotf(a.a - b.a, a.b - b.b);
}

/* The mean colour of the throat. */
static struct lab neck_of(const struct head *head)
{
	const size_t count = (size_t)head->width * (size_t)head->height;
	uint8_t *throat = calloc(count, 1);
	struct lab mean;

	assert_non_null(throat);
	for (size_t i = 0; i < count; i++) {
		double u;
		double v;

		face_place_pixel(&head->axes, i, head->width, &u, &v);
		throat[i] = fabs(u) < NECK_HALF && v > NECK_FROM && v < NECK_TO;
	}
	mean = lab_mean(head->rgb, throat, (int)count);
	free(throat);
	return mean;
}

/* Hair that hung behind the jaw of the new head's picture does not come along as a black line below it. */
static void no_dark_line_at_the_chin(const struct head *head)
{
	int all = 0;
	int dark = 0;

	for (size_t i = 0; i < (size_t)head->width * (size_t)head->height; i++) {
		double u;
		double v;

		face_place_pixel(&head->axes, i, head->width, &u, &v);
		if (v > CHIN_FROM && v < CHIN_TO && fabs(u) < CHIN_HALF) {
			all++;
			dark += lab_from_rgb(head->rgb + 3 * i).l < DARK;
		}
	}
	print_message("at the chin: %d pixels, dark: %d\n", all, dark);
	assert_true(all > 500);
	assert_true(dark < DARK_MOST * all);
}

static void test_face_and_neck_go_together(void **state)
{
	static const char *const pairs[][2] = {
		{"astronaut.png", "business-person.png"}, {"cap.jpg", "business-person.png"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		formy_image source = picture_shared(pairs[i][0]);
		formy_image reference = picture_shared(pairs[i][1]);
		struct fake_task task = {0};
		struct head head;
		struct lab neck;

		assert_int_equal(swap(&task, &source, &reference), FORMY_OK);
		head = open_head(fake_task_result(&task, "output"));
		neck = neck_of(&head);
		print_message("%s on %s: face and neck are apart by %.1f in tint, %.1f in light\n",
			pairs[i][0], pairs[i][1], tint_apart(head.skin, neck),
			fabsf(head.skin.l - neck.l));
		assert_true(tint_apart(head.skin, neck) < TINT_APART);
		assert_true(fabsf(head.skin.l - neck.l) < LIGHT_APART);
		no_dark_line_at_the_chin(&head);
		head_finish(&head);
		fake_task_finish(&task);
		picture_free(&source);
		picture_free(&reference);
	}
}

/* Where the new head is, in the old head's working copy. */
static uint8_t *covered_by(const struct head *old, const struct head *after)
{
	const size_t count = (size_t)old->width * (size_t)old->height;
	uint8_t *mask = calloc(2, count);

	assert_non_null(mask);
	for (size_t i = 0; i < count; i++) {
		const size_t column = i % (size_t)old->width;
		const size_t row = i / (size_t)old->width;
		const double x = (double)column * old->crop.width / old->width;
		const double y = (double)row * old->crop.height / old->height;
		const int nx =
			(int)((x + old->crop.x - after->crop.x) * after->width / after->crop.width);
		const int ny = (int)((y + old->crop.y - after->crop.y) * after->height /
			after->crop.height);

		mask[count + i] = nx >= 0 && ny >= 0 && nx < after->width && ny < after->height &&
			after->hair_and_face[(size_t)ny * (size_t)after->width + (size_t)nx] > 30;
	}
	assert_int_equal(mask_grow(mask + count, old->width, old->height,
				 (int)(MARGIN * old->axes.jaw) + 1, mask),
		0);
	return mask;
}

/* The result where the old head was, as that was looked at. The caller's. */
static uint8_t *look_at(const formy_image *output, const struct head *old)
{
	uint8_t *pixels = malloc(3 * (size_t)old->width * (size_t)old->height);

	assert_non_null(pixels);
	assert_int_equal(
		scale_picture(output, old->crop, old->width, old->height, SCALE_RGB, pixels), 0);
	return pixels;
}

/* The share of the old head beside the new one that still looks as it did. */
static double hair_left(const formy_image *reference, const formy_image *output)
{
	struct head old = open_head(reference);
	struct head found = open_head(output);
	uint8_t *covered = covered_by(&old, &found);
	uint8_t *after = look_at(output, &old);
	int uncovered = 0;
	int left = 0;

	for (size_t i = 0; i < (size_t)old.width * (size_t)old.height; i++) {
		const struct lab was = lab_from_rgb(old.rgb + 3 * i);
		const struct lab is = lab_from_rgb(after + 3 * i);

		if (old.hair_and_face[i] > 230 && !covered[i]) {
			uncovered++;
			left += hypot(was.l - is.l, tint_apart(was, is)) < SAME;
		}
	}
	print_message("old hair beside the new head: %d pixels, left of it: %d\n", uncovered, left);
	assert_true(uncovered > 300);
	free(covered);
	free(after);
	head_finish(&old);
	head_finish(&found);
	return (double)left / uncovered;
}

static void test_no_old_hair_is_left(void **state)
{
	static const char *const pairs[][2] = {
		{"business-person.png", "astronaut.png"}, {"runway.jpg", "astronaut.png"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		formy_image source = picture_shared(pairs[i][0]);
		formy_image reference = picture_shared(pairs[i][1]);
		struct fake_task task = {0};

		assert_int_equal(swap(&task, &source, &reference), FORMY_OK);
		assert_true(hair_left(&reference, fake_task_result(&task, "output")) < LEFT_MOST);
		fake_task_finish(&task);
		picture_free(&source);
		picture_free(&reference);
	}
}

/* What was backdrop beside the old neck and is not under the new head, and how much of it changed. */
static double bulge(const formy_image *reference, const formy_image *output)
{
	struct head old = open_head(reference);
	struct head found = open_head(output);
	uint8_t *covered = covered_by(&old, &found);
	uint8_t *after = look_at(output, &old);
	int beside = 0;
	int changed = 0;

	for (size_t i = 0; i < (size_t)old.width * (size_t)old.height; i++) {
		const struct lab was = lab_from_rgb(old.rgb + 3 * i);
		const struct lab is = lab_from_rgb(after + 3 * i);
		double u;
		double v;

		face_place_pixel(&old.axes, i, old.width, &u, &v);
		if (v > NECK_BESIDE_FROM && v < NECK_BESIDE_TO && fabs(u) < NECK_BESIDE &&
			old.person[i] < 8 && !covered[i]) {
			beside++;
			changed += hypot(was.l - is.l, tint_apart(was, is)) > SAME;
		}
	}
	print_message("backdrop beside the neck: %d pixels, changed of it: %d\n", beside, changed);
	assert_true(beside > 50);
	free(covered);
	free(after);
	head_finish(&old);
	head_finish(&found);
	return (double)changed / beside;
}

static void test_neck_keeps_its_outline(void **state)
{
	static const struct {
		const char *source;
		const char *reference;
		double most; /* more before a busy backdrop, whose fill is a guess */
	} pairs[] = {{"astronaut.png", "business-person.png", 0.01},
		{"astronaut.png", "runway.jpg", 0.065}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		formy_image source = picture_shared(pairs[i].source);
		formy_image reference = picture_shared(pairs[i].reference);
		struct fake_task task = {0};

		assert_int_equal(swap(&task, &source, &reference), FORMY_OK);
		assert_true(bulge(&reference, fake_task_result(&task, "output")) < pairs[i].most);
		fake_task_finish(&task);
		picture_free(&source);
		picture_free(&reference);
	}
}

/* Hair that cannot be taken off clothes and backdrop is a reason to refuse. */
static void test_hair_that_would_stay_is_refused(void **state)
{
	static const char *const pairs[][2] = {
		{"runway.jpg", "wall.jpg"}, {"business-person.png", "cap.jpg"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		formy_image source = picture_shared(pairs[i][0]);
		formy_image reference = picture_shared(pairs[i][1]);
		struct fake_task task = {0};

		assert_int_equal(swap(&task, &source, &reference), FORMY_E_INPUT);
		print_message("%s on %s: %s\n", pairs[i][0], pairs[i][1], task.details);
		assert_string_equal(task.code, "INVALID_REFERENCE_IMAGE");
		assert_non_null(strstr(task.details, "old_hair"));
		fake_task_finish(&task);
		picture_free(&source);
		picture_free(&reference);
	}
}

/* What would be cut in the air, too: a little of it is told of, as a bob is what comes of it. */
static void test_long_hair_is_refused_or_told(void **state)
{
	formy_image wall = picture_shared("wall.jpg");
	formy_image cap = picture_shared("cap.jpg");
	formy_image astronaut = picture_shared("astronaut.png");
	formy_image person = picture_shared("business-person.png");
	struct fake_task task = {0};

	(void)state;
	assert_int_equal(swap(&task, &wall, &astronaut), FORMY_E_INPUT);
	assert_string_equal(task.code, "INVALID_SOURCE_IMAGE");
	assert_non_null(strstr(task.details, "long_hair"));
	fake_task_finish(&task);
	task = (struct fake_task){0};
	assert_int_equal(swap(&task, &cap, &person), FORMY_OK);
	assert_non_null(strstr(task.facts, "\"hair_cut\""));
	fake_task_finish(&task);
	task = (struct fake_task){0};
	assert_int_equal(swap(&task, &astronaut, &person), FORMY_OK);
	assert_null(strstr(task.facts, "\"hair_cut\""));
	fake_task_finish(&task);
	picture_free(&wall);
	picture_free(&cap);
	picture_free(&astronaut);
	picture_free(&person);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_face_and_neck_go_together),
		cmocka_unit_test(test_neck_keeps_its_outline),
		cmocka_unit_test(test_no_old_hair_is_left),
		cmocka_unit_test(test_hair_that_would_stay_is_refused),
		cmocka_unit_test(test_long_hair_is_refused_or_told),
	};
	const struct vision_network network = network_own(MODELS "/selfie.onnx");
	struct err err = {""};
	int failed = picture_engine_open(&setup, argv[0], "head_swap", ENGINE_CONFIG);

	(void)argc;
	if (failed) {
		return failed;
	}
	failed = vision_create(&network, 1, &err, &vision) < 0 ||
		vision_load_points(vision, FACE_POINTS, &err) < 0 ||
		cmocka_run_group_tests(tests, NULL, NULL);
	vision_destroy(vision);
	picture_engine_close(&setup);
	return failed;
}
