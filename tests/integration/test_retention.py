"""What has been kept long enough goes; what a task still needs stays."""

import os
import time
import unittest

import formytest
from formytest import FormyTest, picture

WEEKS_AGO = time.time() - 30 * 86400


class Retention(FormyTest):
    def test_the_janitor(self):
        host = self.service({"ECHO": {}})
        done = host.submit("ECHO", host.put(picture()))
        host.wait(done, "done")
        expired = host.submit("ECHO", host.put(picture()))
        host.wait(expired, "done")
        host.formyd.stop()
        host.client.delete(f"formy:task:data:{expired}")
        host.client.zadd("formy:task:index:done:ECHO", {expired: 1000})
        old, needed, new = (host.put(picture()) for _ in range(3))
        for image_id in old, needed:
            for path in host.uploads.rglob(f"{image_id}.*"):
                os.utime(path, (WEEKS_AGO, WEEKS_AGO))
        host.client.hset("formy:task:data:later", mapping={
            "task_id": "later", "status": "pending",
            "data": f'{{"mode":"ECHO","source_image":"{needed}"}}'})
        self.assertTrue(list(host.results.glob(f"{expired}_*")))

        host.formyd.start()
        formytest.until(lambda: not list(host.results.glob(f"{expired}_*"))
                        and not list(host.uploads.rglob(f"{old}.*")), 20, "the janitor was there")
        formytest.until(lambda: not host.client.exists("formy:task:gone"), 10, "it is forgotten")
        self.assertTrue(list(host.results.glob(f"{done}_*")))
        for image_id in needed, new:
            path, = host.uploads.rglob(f"{image_id}.*")
            self.assertGreater(path.stat().st_mtime, time.time() - 3600)
        self.assertEqual(host.status(done), "done")

    def test_files_that_cannot_be_removed_are_not_forgotten(self):
        host = self.service({"ECHO": {}}, start=False)
        (host.results / "stuck_output.png").touch()
        (host.results / "stuck_thumb.jpg").mkdir()
        (host.results / "free_output.png").touch()
        host.client.sadd("formy:task:gone", "stuck", "free")
        host.formyd.start()
        host.formyd.wait_log("cannot be removed")
        formytest.until(lambda: host.client.smembers("formy:task:gone") == {"stuck"}, 10,
                        lambda: host.client.smembers("formy:task:gone"))
        host.formyd.wait_log("Is a directory")
        host.formyd.stop()
        (host.results / "stuck_thumb.jpg").rmdir()
        host.formyd.start()
        formytest.until(lambda: not host.client.exists("formy:task:gone"), 10, "they are gone")
        self.assertEqual(list(host.results.glob("*.*g")), [])


if __name__ == "__main__":
    formytest.main()
