/* How wide a limb is, and where its middle: seen in the person's mask, across the bone. */
#ifndef FORMY_LOCAL_POSE_WIDTH_H
#define FORMY_LOCAL_POSE_WIDTH_H

#include "person.h"
#include "pose.h"

/* The most that half of the limb's width can be, in lengths of the torso. */
double pose_width_most(enum pose_bone bone);

/* Half of the limb's width, measured where a side of it is free; at most the above. pose: in pixels
 * of the working copy, as the answer. */
double pose_width_half(const struct person *person, const struct pose *pose, enum pose_bone bone);

/* The share of the outer half of a limb, its hand or foot counted, that has backdrop on both sides:
 * what lies against something else cannot be told from it. */
double pose_width_free(const struct person *person, const struct pose *pose, enum pose_bone bone);

/* Moves elbows, wrists, knees and ankles into the middle of their limbs, as a limb turns about its
 * middle: detectors are off by some. pose: in pixels of the picture. */
void pose_width_centre(const struct person *person, struct pose *pose);

/* The same pose in pixels of the person's working copy. */
struct pose pose_width_work(const struct person *person, const struct pose *pose);

#endif
