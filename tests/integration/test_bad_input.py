"""Bad input: a clear error with its code, nothing lost, and the worker goes on."""

import io
import json
import struct
import subprocess
import unittest
import zlib

import numpy
from PIL import Image

import formytest
from formytest import FormyTest, Service, encode, picture

WIDE = "9" * 40


class BadInput(unittest.TestCase):
    """All with one worker: what one test does to it must not be seen by the next."""

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(Service({"ECHO": {}, "NOOP": {}}))

    def tearDown(self):
        task_id = self.host.submit("NOOP", "x")
        self.assertEqual(self.host.wait(task_id)["status"], "done")
        self.assertIsNone(self.host.formyd.process.poll())

    def refused(self, task_id, *codes):
        error = self.host.wait_error(task_id)
        self.assertIn(error["code"], codes, error)
        self.assertTrue(error["message"])
        self.assertIsInstance(error.get("details", ""), (str, type(None)))
        return error

    def good(self):
        return self.host.put(picture())

    # JSON.

    def test_data_that_is_no_json(self):
        for text in "{", "[]", "7", "null", "{'mode': 'NOOP'}", '{"mode": "NOOP",}', "\xff{}":
            with self.subTest(text=text):
                self.refused(self.host.submit_data(text), "INVALID_REQUEST")

    def test_data_of_ten_megabytes(self):
        text = json.dumps({"mode": "NOOP", "source_image": "x", "user_id": "u" * 10_000_000})
        self.refused(self.host.submit_data(text), "INVALID_REQUEST")

    def test_data_a_thousand_deep(self):
        text = '{"mode": "NOOP", "source_image": "x", "config": {"a": ' + "[" * 1000 + "]" * 1000
        self.refused(self.host.submit_data(text + "}}"), "INVALID_REQUEST")

    def test_number_of_forty_digits(self):
        text = f'{{"mode": "ECHO", "source_image": "x", "config": {{"edge_blur": {WIDE}}}}}'
        self.refused(self.host.submit_data(text), "INVALID_REQUEST", "INVALID_CONFIG")

    def test_duplicate_members(self):
        text = '{"mode": "NOOP", "mode": "ECHO", "source_image": "x"}'
        self.refused(self.host.submit_data(text), "INVALID_REQUEST")

    def test_missing_members(self):
        self.refused(self.host.submit_data("{}"), "MISSING_REQUIRED_PARAM")
        self.refused(self.host.submit_data('{"mode": "ECHO"}'), "MISSING_REQUIRED_PARAM")
        self.refused(self.host.submit_data('{"source_image": "x"}'), "MISSING_REQUIRED_PARAM")

    def test_no_data(self):
        self.refused(self.host.submit_data(None), "TASK_DATA_NOT_FOUND")
        self.refused(self.host.submit_data(""), "TASK_DATA_NOT_FOUND")

    # Modes, configuration.

    def test_unknown_mode(self):
        self.refused(self.host.submit("NO_SUCH_MODE", "x"), "INVALID_MODE")
        self.refused(self.host.submit("lower", "x"), "INVALID_MODE")
        self.refused(self.host.submit(7, "x"), "INVALID_MODE", "INVALID_REQUEST")

    def test_config_of_the_wrong_type_or_range(self):
        for name, value in (("edge_blur", "much"), ("edge_blur", 11), ("edge_blur", -0.1),
                            ("edge_blur", True), ("color", "green"), ("color", 3),
                            ("deep", "yes"), ("deep", 1)):
            with self.subTest(name=name, value=value):
                task_id = self.host.submit("ECHO", self.good(), {name: value})
                self.assertIn(name, self.refused(task_id, "INVALID_CONFIG")["message"])

    def test_config_that_is_no_object(self):
        data = {"mode": "ECHO", "source_image": self.good(), "config": [1]}
        self.refused(self.host.submit_data(json.dumps(data)), "INVALID_CONFIG", "INVALID_REQUEST")

    def test_unknown_members_are_ignored_with_a_warning(self):
        task_id = self.host.submit("ECHO", self.good(), {"sparkle": 3})
        self.host.wait(task_id)
        self.host.formyd.wait_log("sparkle")

    # Ids of images.

    def test_image_ids_that_are_none(self):
        for image_id in "../../etc/passwd", "a/b", "", ".", "..", "a\\b", "a" * 5000, 7, {}, "é":
            with self.subTest(image_id=image_id):
                self.refused(self.host.submit("ECHO", image_id), "INVALID_SOURCE_IMAGE",
                             "INVALID_REQUEST", "MISSING_REQUIRED_PARAM")

    def test_image_that_is_not_there(self):
        self.refused(self.host.submit("ECHO", "img_20260101_aaaaaaaaaa"), "IMAGE_NOT_FOUND")

    def test_reference_that_is_not_there(self):
        task_id = self.host.submit("ECHO", self.good(), {"reference_image": "nowhere"})
        self.refused(task_id, "IMAGE_NOT_FOUND")

    def test_reference_id_with_a_path(self):
        task_id = self.host.submit("ECHO", self.good(), {"reference_image": "../x"})
        self.refused(task_id, "INVALID_REFERENCE_IMAGE")

    # Uploads.

    def upload_refused(self, data, *codes, suffix="png"):
        return self.refused(self.host.submit("ECHO", self.host.put(data, suffix=suffix)), *codes)

    def test_upload_that_is_a_text(self):
        self.upload_refused(b"hello\n" * 100, "IMAGE_FORMAT_INVALID")
        self.upload_refused(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "IMAGE_FORMAT_INVALID")
        self.upload_refused(b"%PDF-1.4\n", "IMAGE_FORMAT_INVALID")

    def test_upload_of_no_bytes(self):
        self.upload_refused(b"", "IMAGE_FORMAT_INVALID", "IMAGE_DECODE_FAILED")

    def test_truncated_uploads(self):
        for suffix in "jpg", "png", "webp":
            data = encode(noise(300, 200), suffix)
            for part in len(data) // 2, 30:
                with self.subTest(suffix=suffix, part=part):
                    self.upload_refused(data[:part], "IMAGE_DECODE_FAILED",
                                        "IMAGE_FORMAT_INVALID", suffix=suffix)

    def test_header_of_sixty_thousand_squared(self):
        self.upload_refused(png_header(60000, 60000), "IMAGE_SIZE_TOO_LARGE")
        self.upload_refused(jpeg_header(60000, 60000), "IMAGE_SIZE_TOO_LARGE", suffix="jpg")

    def test_upload_above_the_bytes_that_are_taken(self):
        data = encode(picture(), "png") + b"\0" * (10 * 1024 * 1024)
        self.upload_refused(data, "IMAGE_SIZE_TOO_LARGE")

    def test_animations_are_refused(self):
        frames = [picture(), picture(mode="L").convert("RGB")]
        memory = io.BytesIO()
        frames[0].save(memory, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
        self.upload_refused(memory.getvalue(), "IMAGE_FORMAT_INVALID", suffix="webp")
        memory = io.BytesIO()
        frames[0].save(memory, "GIF", save_all=True, append_images=frames[1:])
        self.upload_refused(memory.getvalue(), "IMAGE_FORMAT_INVALID", suffix="png")

    # Pictures that are unusual, and right.

    def output(self, data, suffix):
        task_id = self.host.submit("ECHO", self.host.put(data, suffix=suffix))
        with Image.open(self.host.result(self.host.wait(task_id))) as output:
            output.load()
            return output

    def test_an_animated_png_is_its_first_picture(self):
        memory = io.BytesIO()
        picture().save(memory, "PNG", save_all=True, append_images=[picture(mode="L").convert("RGB")])
        self.assertIn(b"acTL", memory.getvalue())
        self.assertLess(distance(self.output(memory.getvalue(), "png"), picture()), 6)

    def test_content_counts_and_not_the_name(self):
        self.assertEqual(self.output(encode(picture(), "webp"), "jpg").size, (320, 240))

    def test_cmyk(self):
        output = self.output(encode(picture(mode="CMYK"), "jpg"), "jpg")
        self.assertLess(distance(output, picture()), 40)

    def test_sixteen_bits(self):
        deep = Image.fromarray(numpy.asarray(picture(mode="L")).astype("uint16") * 257)
        memory = io.BytesIO()
        deep.save(memory, "PNG")
        self.assertLess(distance(self.output(memory.getvalue(), "png"), picture(mode="L")), 6)

    def test_each_orientation_of_exif(self):
        upright = picture(320, 240)
        turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
                 4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
                 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
                 8: Image.Transpose.ROTATE_270}
        for orientation in range(1, 9):
            stored = upright.transpose(turns[orientation]) if orientation > 1 else upright
            exif = Image.Exif()
            exif[0x0112] = orientation
            exif[0x010F] = "Camera of somebody"
            with self.subTest(orientation=orientation):
                output = self.output(encode(stored, "jpg", exif=exif.tobytes(), quality=95), "jpg")
                self.assertEqual(output.size, upright.size)
                self.assertLess(distance(output, upright), 6)
                self.assertFalse(output.getexif())

    # Redis.

    def test_entry_without_a_hash(self):
        self.host.client.rpush("formy:task:queue", "task_20260101_nowhere000")
        self.host.client.rpush("formy:task:queue", "../../etc", "", "x" * 100000)
        self.host.wait(self.host.submit("NOOP", "x"))
        self.assertEqual(self.host.client.exists("formy:task:data:task_20260101_nowhere000"), 0)

    def test_hash_of_another_type(self):
        self.host.client.set("formy:task:data:wrong_type", "text")
        self.host.client.rpush("formy:task:queue", "wrong_type")
        self.host.wait(self.host.submit("NOOP", "x"))
        self.assertEqual(self.host.client.get("formy:task:data:wrong_type"), "text")
        self.host.formyd.wait_log("wrong_type")

    def test_queue_of_another_type(self):
        self.host.client.delete("formy:task:queue:high")
        self.host.client.set("formy:task:queue:high", "text")
        self.host.wait(self.host.submit("NOOP", "x"))
        self.host.client.delete("formy:task:queue:high")


class WrongKeys(FormyTest):
    """Keys of the queue itself that hold something else: said once the worker needs them, and all
    is well again when they are taken away."""

    def test_keys_of_another_type(self):
        # other queues serve on without the one that is wrong; without its own books nothing goes
        said = {"task:queue": 'The key is not a list. Delete or rename it." what=formy:task:queue',
                "task:processing": "WRONGTYPE formy:task:processing is a string",
                "task:lease": "WRONGTYPE formy:task:lease is a string",
                "workers": "WRONGTYPE formy:workers is a string"}
        for name, words in said.items():
            with self.subTest(name=name):
                host = self.service({"NOOP": {}})
                host.wait(host.submit("NOOP", "x"))
                host.client.delete(host.key(name))
                host.client.set(host.key(name), "text")
                # an idle worker waits for the queue itself, and looks when it is told to
                host.client.publish(host.key("wake"), "1")
                host.formyd.wait_log(words, 15)
                self.assertIsNone(host.formyd.process.poll())
                host.client.delete(host.key(name))
                host.wait(host.submit("NOOP", "x"), seconds=60)


class FullDisk(FormyTest):
    """The results lie on a file system of 200 KB, seen by formyd alone."""

    def test_storage_full(self):
        host = self.service({"ECHO": {}, "NOOP": {}}, start=False)
        host.formyd.before = (
            "unshare", "--mount", "--map-root-user", "sh", "-c",
            'mount -t tmpfs -o size=200k none "$0" && exec "$@"', str(host.results))
        if subprocess.run([*host.formyd.before, "true"], capture_output=True, check=False).returncode:
            self.skipTest("no file system can be mounted here")
        host.formyd.start()
        image = host.put(noise(800, 600), suffix="png")
        self.assertEqual(host.wait_error(host.submit("ECHO", image))["code"], "STORAGE_FULL")
        host.wait(host.submit("ECHO", host.put(picture(32, 32))))
        host.wait(host.submit("NOOP", "x"))


def noise(width, height):
    random = numpy.random.default_rng(1)
    return Image.fromarray(random.integers(0, 255, (height, width, 3), dtype="uint8"))


def distance(one, other):
    """The mean difference of two pictures' values."""
    pair = [numpy.asarray(image.convert("RGB")).astype(int) for image in (one, other)]
    return numpy.abs(pair[0] - pair[1]).mean()


def png_header(width, height):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))


def jpeg_header(width, height):
    data = bytearray(encode(picture(16, 16), "jpg"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5:frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


if __name__ == "__main__":
    formytest.main()
