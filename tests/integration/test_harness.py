"""The harness itself: Redis starts and stops, waits end, pictures are pictures."""

import io
import tempfile
import time
import unittest

from PIL import Image

import formytest
from formytest import Redis, Service


class Harness(unittest.TestCase):
    def test_redis_starts_answers_and_stops(self):
        with tempfile.TemporaryDirectory() as folder:
            before = time.monotonic()
            redis = Redis(folder).start()
            self.assertLess(time.monotonic() - before, 2)
            self.assertTrue(redis.client().ping())
            self.assertEqual(redis.stop(), 0)
            self.assertFalse(redis.answers())

    def test_a_wait_ends(self):
        with self.assertRaisesRegex(AssertionError, "the moon"):
            formytest.until(lambda: False, 0.1, "the moon")

    def test_submit_writes_what_the_contract_says(self):
        with Service({}, start=False) as service:
            task_id = service.submit("NOOP", "img_x", {"a": 1})
            self.assertEqual(service.client.lrange("formy:task:queue", 0, -1), [task_id])
            self.assertEqual(set(service.task(task_id)),
                             {"task_id", "status", "data", "created_at", "updated_at"})
            with self.assertRaisesRegex(AssertionError, "not within"):
                service.wait(task_id, seconds=0.1)
            folder = service.folder
        self.assertFalse(folder.exists())

    def test_pictures(self):
        for suffix, kind in ("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"):
            data = formytest.encode(formytest.picture(), suffix)
            self.assertEqual(Image.open(io.BytesIO(data)).format, kind)


if __name__ == "__main__":
    formytest.main()
