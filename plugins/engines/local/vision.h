/* What only C++ libraries can do: the person network and grabCut (OpenCV), faces (dlib).
 *
 * Plain buffers of the caller's in and out: pictures are RGB, 3 bytes a pixel, rows without gaps.
 * No exception leaves these calls. A struct vision is used by one thread at a time; the same
 * pictures give the same answers on every run. */
#ifndef FORMY_LOCAL_VISION_H
#define FORMY_LOCAL_VISION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VISION_POINTS 68

struct vision;

/* A face, in pixels of the picture that was searched; may reach over its edges. */
struct vision_face {
	int left;
	int top;
	int width;
	int height;
	double score; /* how sure the detector is; a plain front view has 0.6 to 3 */
};

/* What a pixel of grabCut's labels says. */
enum vision_label {
	VISION_BACKDROP = 0,
	VISION_PERSON = 1,
	VISION_MAYBE_BACKDROP = 2,
	VISION_MAYBE_PERSON = 3
};

/* A network that says of each pixel how likely it belongs to a person (networks.h has known ones).
 * Its input is one square picture, RGB, stretched to side x side; its answer, the first if it has
 * several, is one map of that size. */
struct vision_network {
	const char *path; /* an ONNX file of float32 */
	const char *name;
	int side;
	float mean[3];      /* is taken from colours of 0 to 1, */
	float deviation[3]; /* and they are divided by this */
	bool by_largest;    /* the picture's largest colour is its 1, else 255 is */
	bool stretch;       /* its least answer means 0 and its largest 1 */
	bool closer;        /* it is quick and sees little: it is asked again about parts */
};

/* Loads the person network and runs it once; an answer of another shape is refused. threads: how
 * many OpenCV may use in this process. All calls return 0 or a negative errno with a sentence. */
int vision_create(const struct vision_network *network, int threads, struct err *err,
	struct vision **ret_vision);
void vision_destroy(struct vision *vision);

/* What vision_create() was given, without its path. */
const struct vision_network *vision_get_network(const struct vision *vision);

/* Asks the network how likely each pixel belongs to a person, 0 to 1. The answer has a size of its
 * own: to_width x to_height. */
int vision_person(struct vision *vision, const uint8_t *rgb, int width, int height, int to_width,
	int to_height, struct err *err, float *ret_likely);

/* Cuts by colour and contrast; labels say what is known and afterwards hold the answer. -ENODATA
 * when they name no person or no backdrop. */
int vision_cut(
	const uint8_t *rgb, int width, int height, int rounds, struct err *err, uint8_t *labels);

/* Finds faces with at least the given score, best first. The detector is made at the first call,
 * which takes some 50 ms more. */
int vision_faces(struct vision *vision, const uint8_t *rgb, int width, int height,
	double least_score, int max, struct err *err, struct vision_face *ret_faces,
	int *ret_count);

/* Loads dlib's 68 points of a face, and its detector. Does nothing when they are loaded already. */
int vision_load_points(struct vision *vision, const char *path, struct err *err);

/* Places the points on a face of the picture, x and y, in the order of iBUG 300-W: jaw 0 to 16,
 * brows 17 to 26, nose 27 to 35, eyes 36 to 47, mouth 48 to 67. */
int vision_points(const struct vision *vision, const uint8_t *rgb, int width, int height,
	const struct vision_face *face, struct err *err, double ret_points[VISION_POINTS][2]);

/* Loads the pose network and runs it once. Does nothing when it is loaded already. */
int vision_load_pose(struct vision *vision, const char *path, struct err *err);

/* What the pose network (MoveNet Lightning) says of a square picture, a value a cell of its grid:
 * how likely each of COCO's 17 points is there; how likely a person's middle is there; from a
 * middle, how many cells down (even) and across (odd) each point is; and within a cell, how far
 * down and across. */
#define VISION_POSE_SIDE 192
#define VISION_POSE_GRID 48
#define VISION_POSE_CELLS (VISION_POSE_GRID * VISION_POSE_GRID)
#define VISION_POSE_POINTS 17

struct vision_pose_maps {
	float heat[VISION_POSE_POINTS][VISION_POSE_CELLS];
	float centre[VISION_POSE_CELLS];
	float regress[2 * VISION_POSE_POINTS][VISION_POSE_CELLS];
	float offset[2 * VISION_POSE_POINTS][VISION_POSE_CELLS];
};

int vision_pose(struct vision *vision, const uint8_t *rgb, struct err *err,
	struct vision_pose_maps *ret_maps);

#ifdef __cplusplus
}
#endif

#endif
