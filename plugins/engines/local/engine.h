/* The engine's state, and its operations: a file each. */
#ifndef FORMY_LOCAL_ENGINE_H
#define FORMY_LOCAL_ENGINE_H

#include <stdbool.h>

#include <formy/plugin.h>

#include "job.h"
#include "vision.h"

#define ENGINE_PATH_SIZE 4096

struct engine {
	struct vision *vision;
	char person_network[ENGINE_PATH_SIZE];
	char face_points[ENGINE_PATH_SIZE];  /* dlib's file; read by open() for HEAD_SWAP */
	char pose_network[ENGINE_PATH_SIZE]; /* MoveNet; read by open() for POSE_CHANGE */
	bool own_pose_network;               /* not the operator's */
};

/* Loads the points of faces unless that was done. 0, or a negative errno with a sentence. */
int engine_load_points(struct engine *engine, struct err *err);

/* The same for the pose network. */
int engine_load_pose(struct engine *engine, struct err *err);

/* Whole mode: params edge_blur (0 to 10), color_match (bool) and shadow (0 to 1: under the feet); images "source" and, unless the
 * backdrop is to be removed, "background". Answers "output": RGB8, or RGBA8 without a background;
 * facts as of PERSON_MATTE. */
formy_status operation_background_change(struct engine *engine, const struct job *job);

/* Whole mode: params quality (low, medium, high), preserve_details (bool) and blend_strength (0 to
 * 1); images "source", whose head is taken, and "reference", whose body. Answers "output": RGB8;
 * facts: face_score, reference_face_score, fit, scale, rotation, warnings. */
formy_status operation_head_swap(struct engine *engine, const struct job *job);

/* Image "source". Answers "matte": GREY8, 255 where the person is; facts: tier, unsure,
 * person_area, warnings. */
formy_status operation_person_matte(struct engine *engine, const struct job *job);

/* Whole mode: params target_pose (a preset's name), source_keypoints and target_keypoints (arrays
 * of [x, y, confidence] in COCO's or OpenPose's order), preserve_face (bool) and smoothness (0 to
 * 1); images "source" and, where the pose of somebody is to be taken, "reference". Given keypoints
 * go before the reference, and that before the preset. Answers "output": RGB8; facts: pose_score,
 * lean (degrees), moved (names of bones), warnings. */
formy_status operation_pose_change(struct engine *engine, const struct job *job);

#endif
