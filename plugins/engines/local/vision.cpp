#include "vision.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <dlib/array2d.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

struct vision {
	struct vision_network network;
	cv::dnn::Net person;
	cv::String answer; /* the name of the person network's */
	cv::dnn::Net pose;
	std::unique_ptr<dlib::frontal_face_detector> faces;
	std::unique_ptr<dlib::shape_predictor> points;
};

namespace
{

/* grabCut learns its colours on half the size where that still has this many pixels: half of its
 * time goes there, and colours do not need every pixel. */
constexpr int LEARN_PIXELS = 20000;

int explain(struct err *err, int code, const char *what, const char *why)
{
	if (err) {
		std::snprintf(err->text, sizeof err->text, "%s: %s", what, why);
	}
	return code;
}

/* Runs one piece of work and turns whatever it throws into an errno and a sentence. */
template <typename Work> int guarded(const char *what, struct err *err, Work &&work) noexcept
{
	try {
		return work();
	} catch (const std::bad_alloc &) {
		return explain(err, -ENOMEM, what, "out of memory");
	} catch (const cv::Exception &e) {
		return explain(err, -EINVAL, what, e.err.c_str());
	} catch (const std::exception &e) {
		return explain(err, -EINVAL, what, e.what());
	} catch (...) {
		return explain(err, -EINVAL, what, "an unknown failure");
	}
}

/* OpenCV has no view of memory that is not to be written; nothing here writes it. */
cv::Mat view(const uint8_t *rgb, int width, int height)
{
	return cv::Mat(height, width, CV_8UC3, const_cast<uint8_t *>(rgb));
}

dlib::array2d<dlib::rgb_pixel> copy(const uint8_t *rgb, int width, int height)
{
	dlib::array2d<dlib::rgb_pixel> picture(height, width);

	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++, rgb += 3) {
			picture[y][x] = dlib::rgb_pixel(rgb[0], rgb[1], rgb[2]);
		}
	}
	return picture;
}

cv::dnn::Net load(const char *path)
{
	cv::dnn::Net net = cv::dnn::readNetFromONNX(path);

	net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
	net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
	return net;
}

/* The picture as the network wants it. */
cv::Mat prepare(const struct vision_network &network, const cv::Mat &picture)
{
	const int side = network.side;
	double most = 255;
	cv::Mat small;

	cv::resize(picture, small, cv::Size(side, side), 0, 0,
		picture.cols > side ? cv::INTER_AREA : cv::INTER_LINEAR);
	if (network.by_largest) {
		cv::minMaxIdx(small.reshape(1), nullptr, &most);
	}
	cv::Mat blob = cv::dnn::blobFromImage(small, 1 / std::max(most, 1.));
	for (int c = 0; c < 3; c++) {
		cv::Mat plane(side, side, CV_32F, blob.ptr<float>(0, c));

		plane = (plane - network.mean[c]) / network.deviation[c];
	}
	return blob;
}

void stretch(cv::Mat &likely)
{
	double least;
	double most;

	cv::minMaxIdx(likely, &least, &most);
	likely = (likely - least) / std::max(most - least, 1e-6);
}

int ask(struct vision *vision, const cv::Mat &picture, struct err *err, cv::Mat &ret_likely)
{
	const struct vision_network &network = vision->network;
	const int side = network.side;

	vision->person.setInput(prepare(network, picture));
	cv::Mat answer = vision->person.forward(vision->answer);
	if (answer.total() != static_cast<size_t>(side) * side || answer.type() != CV_32F) {
		char text[160];

		std::snprintf(text, sizeof text,
			"its answer has %zu values, a network like %s gives %d x %d",
			answer.total(), network.name, side, side);
		return explain(err, -EINVAL, "the person network", text);
	}
	ret_likely = cv::Mat(side, side, CV_32F, answer.ptr<float>()).clone();
	if (!cv::checkRange(ret_likely)) {
		return explain(
			err, -EINVAL, "the person network", "its answer has no finite values");
	}
	if (network.stretch) {
		stretch(ret_likely);
	}
	return 0;
}

} /* namespace */

extern "C" int vision_create(const struct vision_network *network, int threads, struct err *err,
	struct vision **ret_vision)
{
	return guarded("the person network cannot be used", err, [&] {
		auto vision = std::make_unique<struct vision>();
		cv::Mat likely;

		cv::setNumThreads(threads);
		vision->network = *network;
		vision->network.path = nullptr;
		vision->person = load(network->path);
		const auto names = vision->person.getUnconnectedOutLayersNames();
		if (names.empty()) {
			return explain(err, -EINVAL, "the person network", "it has no answer");
		}
		vision->answer = names.front();
		/* The first run plans the layers, before a task waits for it. */
		const int result = ask(vision.get(),
			cv::Mat::zeros(network->side, network->side, CV_8UC3), err, likely);
		if (result == 0) {
			*ret_vision = vision.release();
		}
		return result;
	});
}

extern "C" const struct vision_network *vision_get_network(const struct vision *vision)
{
	return &vision->network;
}

extern "C" void vision_destroy(struct vision *vision)
{
	delete vision;
}

extern "C" int vision_person(struct vision *vision, const uint8_t *rgb, int width, int height,
	int to_width, int to_height, struct err *err, float *ret_likely)
{
	return guarded("the person network failed", err, [&] {
		cv::Mat answer(to_height, to_width, CV_32F, ret_likely);
		cv::Mat likely;
		const int result = ask(vision, view(rgb, width, height), err, likely);

		if (result == 0) {
			cv::resize(likely, answer, answer.size(), 0, 0,
				likely.cols > to_width ? cv::INTER_AREA : cv::INTER_LINEAR);
		}
		return result;
	});
}

extern "C" int vision_cut(
	const uint8_t *rgb, int width, int height, int rounds, struct err *err, uint8_t *labels)
{
	return guarded("the cut by colour failed", err, [&] {
		cv::Mat mask(height, width, CV_8U, labels);
		cv::Mat backdrop;
		cv::Mat person;
		const int known = cv::countNonZero(mask & 1);

		if (known == 0 || known == width * height) {
			return explain(err, -ENODATA, "the cut by colour",
				"there is no person or no backdrop to begin with");
		}
		const cv::Mat picture = view(rgb, width, height);
		const cv::Size half(width / 2, height / 2);
		cv::Mat small;
		cv::Mat small_mask;

		/* Its clusters begin with random numbers. */
		cv::setRNGSeed(1);
		if (half.area() < LEARN_PIXELS) {
			cv::grabCut(picture, mask, cv::Rect(), backdrop, person, rounds,
				cv::GC_INIT_WITH_MASK);
			return 0;
		}
		cv::resize(picture, small, half, 0, 0, cv::INTER_AREA);
		cv::resize(mask, small_mask, half, 0, 0, cv::INTER_NEAREST);
		cv::grabCut(small, small_mask, cv::Rect(), backdrop, person, rounds,
			cv::GC_INIT_WITH_MASK);
		cv::grabCut(
			picture, mask, cv::Rect(), backdrop, person, 1, cv::GC_EVAL_FREEZE_MODEL);
		return 0;
	});
}

extern "C" int vision_faces(struct vision *vision, const uint8_t *rgb, int width, int height,
	double least_score, int max, struct err *err, struct vision_face *ret_faces, int *ret_count)
{
	return guarded("the search for faces failed", err, [&] {
		const auto picture = copy(rgb, width, height);
		std::vector<std::pair<double, dlib::rectangle>> found;
		int count = 0;

		if (!vision->faces) {
			vision->faces = std::make_unique<dlib::frontal_face_detector>(
				dlib::get_frontal_face_detector());
		}
		(*vision->faces)(picture, found, least_score);
		std::sort(found.begin(), found.end(),
			[](const auto &a, const auto &b) { return a.first > b.first; });
		for (const auto &[score, box] : found) {
			if (count == max) {
				break;
			}
			ret_faces[count++] = {static_cast<int>(box.left()),
				static_cast<int>(box.top()), static_cast<int>(box.width()),
				static_cast<int>(box.height()), score};
		}
		*ret_count = count;
		return 0;
	});
}

extern "C" int vision_load_points(struct vision *vision, const char *path, struct err *err)
{
	return guarded("the points of faces cannot be loaded", err, [&] {
		if (!vision->points) {
			auto points = std::make_unique<dlib::shape_predictor>();

			dlib::deserialize(path) >> *points;
			vision->points = std::move(points);
			vision->faces = std::make_unique<dlib::frontal_face_detector>(
				dlib::get_frontal_face_detector());
		}
		return 0;
	});
}

extern "C" int vision_points(const struct vision *vision, const uint8_t *rgb, int width, int height,
	const struct vision_face *face, struct err *err, double ret_points[VISION_POINTS][2])
{
	return guarded("the search for the points of a face failed", err, [&] {
		const dlib::rectangle box(face->left, face->top, face->left + face->width - 1,
			face->top + face->height - 1);

		if (!vision->points) {
			return explain(err, -EINVAL, "the points of a face", "they are not loaded");
		}
		const dlib::full_object_detection found =
			(*vision->points)(copy(rgb, width, height), box);
		if (found.num_parts() != VISION_POINTS) {
			return explain(err, -EINVAL, "the points of a face", "there are not 68");
		}
		for (unsigned long i = 0; i < VISION_POINTS; i++) {
			ret_points[i][0] = static_cast<double>(found.part(i).x());
			ret_points[i][1] = static_cast<double>(found.part(i).y());
		}
		return 0;
	});
}

extern "C" int vision_pose(struct vision *vision, const uint8_t *rgb, struct err *err,
	struct vision_pose_maps *ret_maps)
{
	return guarded("the pose network failed", err, [&] {
		const struct {
			const char *name;
			float *to;
			size_t size;
		} answers[] = {{"out0", &ret_maps->heat[0][0], sizeof ret_maps->heat},
			{"out1", ret_maps->centre, sizeof ret_maps->centre},
			{"out2", &ret_maps->regress[0][0], sizeof ret_maps->regress},
			{"out3", &ret_maps->offset[0][0], sizeof ret_maps->offset}};
		std::vector<cv::String> names;
		std::vector<cv::Mat> maps;

		for (const auto &answer : answers) {
			names.emplace_back(answer.name);
		}
		vision->pose.setInput(
			cv::dnn::blobFromImage(view(rgb, VISION_POSE_SIDE, VISION_POSE_SIDE),
				1 / 127.5, cv::Size(), cv::Scalar::all(127.5)));
		vision->pose.forward(maps, names);
		for (size_t i = 0; i < maps.size(); i++) {
			if (maps[i].total() * sizeof(float) != answers[i].size) {
				return explain(err, -EINVAL, "the pose network",
					"its answer is not what MoveNet Lightning gives");
			}
			std::copy_n(maps[i].ptr<float>(), maps[i].total(), answers[i].to);
		}
		return 0;
	});
}

extern "C" int vision_load_pose(struct vision *vision, const char *path, struct err *err)
{
	return guarded("the pose network cannot be used", err, [&] {
		const std::vector<uint8_t> black(3 * VISION_POSE_SIDE * VISION_POSE_SIDE);
		int result = 0;

		if (vision->pose.empty()) {
			auto maps = std::make_unique<struct vision_pose_maps>();

			vision->pose = load(path);
			result = vision_pose(vision, black.data(), err, maps.get());
			if (result < 0) {
				vision->pose = cv::dnn::Net();
			}
		}
		return result;
	});
}
