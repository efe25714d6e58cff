"""The program formy against a real redis-server, where no worker is needed."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from PIL import Image

import formytest
from formytest import FormyTest, picture, until

TIME_Z = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
ERROR = json.dumps({"code": "NO_FACE_DETECTED", "message": "No face.", "details": None})


class CliTest(FormyTest):
    def setUp(self):
        self.host = self.service({}, start=False)
        self.photo = self.host.folder / "photo.png"
        picture(64, 48).save(self.photo)

    def ok(self, *arguments, **more):
        done = self.host.formy(*arguments, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def says(self, *arguments, **more):
        """A command that succeeds and has a message for people."""
        done = self.host.formy(*arguments, **more)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout, done.stderr

    def json(self, *arguments):
        text = self.ok("--json", *arguments)
        self.assertEqual(text.count("\n"), 1, text)
        return json.loads(text)

    def fails(self, *arguments, code=1, **more):
        """A command that fails: nothing on standard output, one line on standard error."""
        done = self.host.formy(*arguments, **more)
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "", done)
        self.assertRegex(done.stderr, r"\Aformy: [^\n]+\n\Z")
        return done.stderr

    def background(self, *arguments, **more):
        process = subprocess.Popen(
            [str(formytest.BIN / "formy"), "-c", str(self.host.conf), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **more)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def submit(self, *arguments):
        return self.ok("submit", "ECHO", self.photo, *arguments).strip()

    def fail_by_hand(self, task_id):
        self.host.client.lrem("formy:task:queue", 0, task_id)
        self.host.client.hset(f"formy:task:data:{task_id}", mapping={
            "status": "failed", "error": ERROR, "failed_at": "2026-11-17T10:00:00.000001",
            "progress": "30", "attempts": "3"})

    def finish_by_hand(self, task_id, image=None):
        name = f"{task_id}_output.png"
        if image:
            (self.host.results / name).write_bytes(image)
        self.host.client.lrem("formy:task:queue", 0, task_id)
        self.host.client.hset(f"formy:task:data:{task_id}", mapping={
            "status": "done", "progress": "100", "completed_at": "2026-11-17T10:00:00.000001",
            "result": json.dumps({
                "output_image": f"/results/{name}", "thumbnail": f"/results/{task_id}_thumb.jpg",
                "comparison_image": None,
                "metadata": {"width": 64, "height": 48, "format": "png", "size": 123}})})


class Submit(CliTest):
    def test_a_file_is_stored_and_the_task_queued(self):
        task_id = self.ok("submit", "ECHO", self.photo, "--set", "a=true", "--set", "b=0.5",
                          "--set", "c=remove", "--config", '{"d": [1], "a": 1}', "--user", "u1")
        self.assertRegex(task_id, r"\Atask_\d{8}_[a-z0-9]{10,}\n\Z")
        task_id = task_id.strip()
        self.assertEqual(self.host.client.lrange("formy:task:queue", 0, -1), [task_id])
        task = self.host.task(task_id)
        self.assertEqual((task["status"], task["task_id"]), ("pending", task_id))
        data = json.loads(task["data"])
        self.assertEqual(data["config"], {"a": 1, "b": 0.5, "c": "remove", "d": [1]})
        self.assertEqual((data["mode"], data["user_id"]), ("ECHO", "u1"))
        self.assertNotIn("reference_image", data)
        stored = self.host.uploads / "source" / f"{data['source_image']}.png"
        self.assertEqual(stored.read_bytes(), self.photo.read_bytes())

    def test_an_image_id_a_reference_and_a_background(self):
        image_id = self.host.put(picture(8, 8))
        task_id = self.ok("submit", "ECHO", image_id, "--reference", self.photo, "--background",
                          image_id, "--priority=high").strip()
        data = json.loads(self.host.task(task_id)["data"])
        self.assertEqual(data["source_image"], image_id)
        self.assertEqual(data["config"]["background_image"], image_id)
        reference = self.host.uploads / "reference" / f"{data['reference_image']}.png"
        self.assertTrue(reference.is_file())
        self.assertEqual(self.host.client.lrange("formy:task:queue:high", 0, -1), [task_id])

    def test_an_id_of_ones_own_is_given_once(self):
        source = self.host.put(picture(8, 8))
        self.assertEqual(self.ok("submit", "ECHO", source, "--id", "my.task-1"), "my.task-1\n")
        self.assertIn("my.task-1", self.fails("submit", "ECHO", source, "--id", "my.task-1",
                                              "--set", "a=1"))
        self.assertEqual(self.host.client.llen("formy:task:queue"), 1)

    def test_json(self):
        answer = self.json("submit", "ECHO", self.photo)
        self.assertEqual(answer["status"], "pending")
        self.assertEqual(self.host.status(answer["task_id"]), "pending")

    def test_what_cannot_be_submitted(self):
        text = self.host.folder / "text.png"
        text.write_text("no picture")
        self.assertIn("no such file", self.fails("submit", "ECHO", "nofile.jpg"))
        self.assertIn("no stored image", self.fails("submit", "ECHO", "nosuchid"))
        self.assertIn("folder", self.fails("submit", "ECHO", self.host.folder))
        self.assertIn("text.png", self.fails("submit", "ECHO", text))
        self.assertIn("upper case", self.fails("submit", "echo", self.photo, code=2))
        self.assertIn("NAME=VALUE", self.fails("submit", "ECHO", self.photo, "--set", "x", code=2))
        self.assertIn("JSON", self.fails("submit", "ECHO", self.photo, "--config", "{", code=2))
        self.assertIn("--wait", self.fails("submit", "ECHO", self.photo, "-o", "x.png", code=2))
        self.assertIn("/nonexistent", self.fails("submit", "ECHO", self.photo, "--wait", "-o",
                                                 "/nonexistent/x.png"))
        self.assertEqual(self.host.client.keys("formy:task:data:*"), [])
        self.assertFalse((self.host.uploads / "source").exists())

    def wait_case(self, end, *arguments):
        """submit --wait in the background, the task brought to an end by `end(task_id)`."""
        process = self.background("submit", "ECHO", self.photo, "--id", "t1", "--wait", *arguments)
        self.process = process
        until(lambda: self.host.status("t1"), 10, "the task is there")
        end("t1")
        out, err = process.communicate(timeout=10 * formytest.PATIENCE)
        return process.returncode, out, err

    def test_wait_for_a_task_that_is_done_writes_the_output(self):
        stream = io.BytesIO()
        picture(64, 48).save(stream, "png")
        target = self.host.folder / "out.png"
        code, out, err = self.wait_case(
            lambda task_id: self.finish_by_hand(task_id, stream.getvalue()), "-o", target)
        self.assertEqual((code, out, err), (0, "t1\n", ""))
        self.assertEqual(target.read_bytes(), stream.getvalue())
        self.assertEqual(list(self.host.folder.glob("out.png.*")), [])

    def test_wait_with_json_prints_the_task(self):
        code, out, _ = self.wait_case(self.finish_by_hand, "--json")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)["result"]["metadata"]["width"], 64)

    def test_wait_tells_of_each_step_on_lines_when_asked(self):
        def end(task_id):
            self.host.client.hset(f"formy:task:data:{task_id}", mapping={
                "status": "processing", "progress": "40", "current_step": "looking\x1b[2J"})
            self.host.client.publish("formy:events", json.dumps(
                [{"task_id": task_id, "status": "processing", "progress": 40}]))
            seen.extend(iter(self.process.stderr.readline, "processing 40% looking\\x1b[2J\n"))
            self.finish_by_hand(task_id)

        seen = []
        code, out, err = self.wait_case(end, "-v")
        self.assertEqual((code, out), (0, "t1\n"))
        self.assertLessEqual(set(seen), {"pending 0%\n"})
        self.assertIn("done: 64x48 png", err)

    def test_wait_for_a_task_whose_output_is_not_to_be_seen(self):
        code, out, err = self.wait_case(self.finish_by_hand, "-o", self.host.folder / "out.png")
        self.assertEqual((code, out), (1, "t1\n"))
        self.assertIn(str(self.host.results), err)
        self.assertFalse((self.host.folder / "out.png").exists())

    def test_wait_for_a_task_that_fails(self):
        code, out, err = self.wait_case(self.fail_by_hand)
        self.assertEqual((code, out), (1, "t1\n"))
        self.assertEqual(err, "formy: t1 failed: NO_FACE_DETECTED: No face.\n")

    def test_wait_for_a_task_that_a_foreign_client_cancels(self):
        code, out, err = self.wait_case(self.host.cancel)
        self.assertEqual((code, out, err), (3, "t1\n", "formy: t1 cancelled\n"))

    def test_wait_for_a_task_that_is_deleted(self):
        code, _, err = self.wait_case(self.host.delete)
        self.assertEqual(code, 1)
        self.assertIn("no task t1", err)

    def test_wait_is_left_by_ctrl_c_and_the_task_goes_on(self):
        code, out, err = self.wait_case(lambda _: self.interrupt())
        self.assertEqual((code, out), (130, "t1\n"))
        self.assertIn("formy cancel t1", err)
        self.assertEqual(self.host.status("t1"), "pending")

    def interrupt(self):
        """Ctrl-C once it waits: it has subscribed then."""
        until(lambda: self.host.client.pubsub_numsub("formy:events")[0][1], 10, "it listens")
        self.process.send_signal(signal.SIGINT)

    def test_wait_ends_by_its_timeout(self):
        done = self.host.formy("submit", "ECHO", self.photo, "--id", "t1", "--wait", "--timeout", 1)
        self.assertEqual((done.returncode, done.stdout), (1, "t1\n"))
        self.assertIn("formy watch t1", done.stderr)

    def test_wait_outlives_a_redis_that_comes_back(self):
        process = self.background("submit", "ECHO", self.photo, "--id", "t1", "--wait")
        until(lambda: self.host.client.pubsub_numsub("formy:events")[0][1], 10, "it listens")
        task = self.host.task("t1")
        self.host.redis.kill()
        self.host.redis.start()
        self.host.client.hset("formy:task:data:t1", mapping=task)
        self.finish_by_hand("t1")
        process.communicate(timeout=15 * formytest.PATIENCE)
        self.assertEqual(process.returncode, 0)


class Tasks(CliTest):
    def test_get(self):
        task_id = self.submit("--user", "u1")
        self.fail_by_hand(task_id)
        text = self.ok("get", task_id)
        self.assertIn(f"task:        {task_id}\n", re.sub(r":\s+", ":        ", text, count=1))
        self.assertRegex(text, r"(?m)^error:\s+NO_FACE_DETECTED: No face\.$")
        task = self.json("get", task_id)
        self.assertEqual(task["task_id"], task_id)
        self.assertEqual(task["data"]["user_id"], "u1")
        self.assertEqual(task["error"]["code"], "NO_FACE_DETECTED")
        self.assertEqual(task["attempts"], 3)
        for name in ("created_at", "updated_at", "failed_at"):
            self.assertRegex(task[name], TIME_Z)
        self.assertIn("no task", self.fails("get", "nosuch"))
        self.assertIn("not a task id", self.fails("get", "../x"))

    def test_get_a_foreign_task_full_of_nonsense(self):
        self.host.submit_data("[no json", "t1", current_step="a\x1b[2J\nb", created_at="never")
        self.host.client.hset("formy:task:data:t1", "worker", b"\xff\xfe")
        text = self.ok("get", "t1")
        self.assertIn("a\\x1b[2J\\nb", text)
        self.assertIn("\\xff\\xfe", text)
        self.assertEqual(self.json("get", "t1")["data"], "[no json")

    def test_list_filters_and_pages(self):
        ids = [self.submit("--user", f"u{i % 2}") for i in range(5)]
        self.fail_by_hand(ids[0])
        foreign = self.host.submit("OTHER", "x")
        rows = self.ok("list").splitlines()
        self.assertEqual(len(rows), 7)
        self.assertRegex(rows[0], r"^TASK\s+STATUS\s+PROGRESS\s+MODE\s+USER\s+CREATED")
        self.assertEqual(len({row.index("ECHO") for row in rows if "ECHO" in row}), 1)

        answer = self.json("list", "--page-size", 2, "--page", 2)
        self.assertEqual((answer["total"], answer["page"], answer["page_size"]), (6, 2, 2))
        newest = [foreign, *reversed(ids)]
        self.assertEqual({task["task_id"] for task in self.json("list")["tasks"]}, set(newest))
        only = self.json("list", "--status", "failed")["tasks"]
        self.assertEqual([task["task_id"] for task in only], [ids[0]])
        only = self.json("list", "--mode", "OTHER")["tasks"]
        self.assertEqual([task["task_id"] for task in only], [foreign])
        only = self.json("list", "--user", "u1")["tasks"]
        self.assertEqual([task["task_id"] for task in only], [ids[3], ids[1]])
        out, err = self.says("list", "--page-size", 2)
        self.assertEqual(len(out.splitlines()), 3)
        self.assertIn("--page 2", err)
        self.assertEqual(self.says("list", "--status", "cancelled"), ("", "no such tasks\n"))
        self.assertEqual(self.json("list", "--status", "cancelled")["tasks"], [])

    def test_cancel(self):
        task_id = self.submit()
        out, err = self.says("cancel", task_id)
        self.assertEqual((out, err), ("", f"{task_id} is cancelled\n"))
        self.assertEqual(self.host.status(task_id), "cancelled")
        self.assertEqual(self.host.client.llen("formy:task:queue"), 0)
        self.assertEqual(self.json("cancel", task_id),
                         {"task_id": task_id, "status": "cancelled"})
        ended = self.submit()
        self.fail_by_hand(ended)
        self.assertIn("failed", self.fails("cancel", ended))
        self.assertIn("no task", self.fails("cancel", "nosuch"))

    def test_retry_of_a_failed_task(self):
        task_id = self.submit()
        self.assertIn("only a failed task", self.fails("retry", task_id))
        self.fail_by_hand(task_id)
        self.assertEqual(self.json("retry", task_id), {"task_id": task_id, "status": "pending"})
        self.assertEqual(self.host.client.lrange("formy:task:queue", 0, -1), [task_id])
        self.assertNotIn("error", self.host.task(task_id))

    def test_delete_takes_the_results_with_it(self):
        task_id = self.submit()
        self.assertIn("cancel it first", self.fails("delete", task_id))
        self.finish_by_hand(task_id, b"x")
        (self.host.results / "other_output.png").write_bytes(b"x")
        self.assertEqual(self.says("delete", task_id)[1], f"{task_id} is deleted\n")
        self.assertEqual(self.host.task(task_id), {})
        self.assertEqual([path.name for path in self.host.results.iterdir()], ["other_output.png"])
        self.assertIn("no task", self.fails("delete", task_id))

    def test_quiet(self):
        task_id = self.submit()
        self.assertEqual(self.says("-q", "cancel", task_id), ("", ""))


class Watch(CliTest):
    def test_one_task_until_it_has_ended(self):
        task_id = self.submit()
        process = self.background("watch", task_id, "--json")
        first = json.loads(process.stdout.readline())
        self.assertEqual((first["task_id"], first["status"]), (task_id, "pending"))
        self.submit()
        self.ok("-q", "cancel", task_id)
        out, err = process.communicate(timeout=10 * formytest.PATIENCE)
        self.assertEqual((process.returncode, err), (0, ""))
        last = json.loads(out.splitlines()[-1])
        self.assertEqual(last["status"], "cancelled")
        self.assertTrue(last["at"].endswith("Z"))
        self.assertEqual({json.loads(line)["task_id"] for line in out.splitlines()}, {task_id})

    def test_what_a_foreign_client_does_is_seen(self):
        task_id = self.submit()
        process = self.background("watch", task_id)
        self.assertIn("pending", process.stdout.readline())
        self.host.cancel(task_id)
        out, _ = process.communicate(timeout=10 * formytest.PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertIn("cancelled", out)

    def test_all_tasks(self):
        process = self.background("watch", "--json")
        until(lambda: self.host.client.pubsub_numsub("formy:events")[0][1], 10, "it listens")
        ids = [self.submit() for _ in range(3)]
        seen = [json.loads(process.stdout.readline())["task_id"] for _ in ids]
        self.assertEqual(seen, ids)

    def test_what_happens_while_the_connection_is_broken_is_told(self):
        process = self.background("watch", "--json")
        until(lambda: self.host.client.pubsub_numsub("formy:events")[0][1], 10, "it listens")
        first = self.submit()
        self.assertEqual(json.loads(process.stdout.readline())["task_id"], first)
        process.send_signal(signal.SIGSTOP)
        self.host.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        ids = [self.submit() for _ in range(3)]
        process.send_signal(signal.SIGCONT)
        seen = [json.loads(process.stdout.readline())["task_id"] for _ in ids]
        self.assertEqual(seen, ids)

    def test_a_reader_that_goes_away_ends_it(self):
        process = self.background("watch")
        until(lambda: self.host.client.pubsub_numsub("formy:events")[0][1], 10, "it listens")
        process.stdout.close()
        self.assertIn(process.wait(10 * formytest.PATIENCE), (0, -signal.SIGPIPE))
        self.assertEqual(process.stderr.read(), "")
        process.stdout = None

    def test_a_task_that_is_not_there(self):
        self.assertIn("no task", self.fails("watch", "nosuch"))


class Service(CliTest):
    def test_stats(self):
        task_id = self.submit()
        self.submit()
        self.fail_by_hand(task_id)
        self.ok("--json", "list")
        stats = self.json("stats")
        self.assertEqual((stats["pending"], stats["failed"], stats["total_tasks"]), (1, 1, 2))
        for name in ("processing", "done", "cancelled", "delayed"):
            self.assertEqual(stats[name], 0)
        self.assertRegex(self.ok("stats"), r"(?m)^pending:\s+1$")

    def test_workers_and_their_plugins(self):
        self.assertIn("no worker", self.says("worker", "list")[1])
        self.assertEqual(self.json("worker", "list"), [])
        self.assertEqual(self.json("plugin", "list"), [])
        registered = {
            "name": "host:1", "host": "host", "pid": 1, "version": "9.9", "executors": 4,
            "running": 2, "started": "2026-11-17T10:00:00.000Z", "modes": ["ECHO", "NOOP"],
            "plugins": [
                {"file": "/x/echo.so", "id": "echo", "version": "1.2", "state": "ready",
                 "reason": None, "modes": ["ECHO"], "engines": []},
                {"file": "/x/bad.so", "id": None, "version": None, "state": "refused",
                 "reason": "it has no entry\x1b[2J", "modes": [], "engines": []}]}
        self.host.client.set("formy:worker:host:1", json.dumps(registered))
        self.host.client.zadd("formy:workers", {"host:1": (time.time() + 60) * 1000})
        worker, = self.json("worker", "list")
        self.assertEqual((worker["name"], worker["modes"]), ("host:1", ["ECHO", "NOOP"]))
        self.assertRegex(self.ok("worker", "list"),
                         r"host:1\s+9\.9\s+4\s+2\s+2026-11-17T10:00:00\.000Z\s+ECHO, NOOP\n")
        good, bad = self.json("plugin", "list")
        self.assertEqual((good["worker"], good["id"], good["state"]), ("host:1", "echo", "ready"))
        self.assertEqual(bad["state"], "refused")
        text = self.ok("plugin", "list")
        self.assertRegex(text, r"echo\.so\s+echo\s+1\.2\s+ready\s+ECHO\n")
        self.assertRegex(text, r"bad\.so\s+-\s+-\s+refused\s+it has no entry\\x1b\[2J\n")


class Images(CliTest):
    def test_put_and_get(self):
        image_id = self.ok("image", "put", self.photo).strip()
        self.assertRegex(image_id, r"^img_\d{8}_[a-z0-9]{10,}$")
        target = self.host.folder / "copy.png"
        self.assertEqual(self.ok("image", "get", image_id, "-o", target), "")
        self.assertEqual(target.read_bytes(), self.photo.read_bytes())
        answer = self.json("image", "put", self.photo, "--kind", "reference")
        self.assertTrue((self.host.uploads / "reference" / f"{answer['image_id']}.png").is_file())

    def test_get_to_standard_output(self):
        image_id = self.ok("image", "put", self.photo).strip()
        done = subprocess.run(
            [str(formytest.BIN / "formy"), "-c", str(self.host.conf), "image", "get", image_id,
             "-o", "-"], capture_output=True, timeout=20, check=True)
        self.assertEqual(done.stdout, self.photo.read_bytes())

    def test_get_a_result_by_its_name_and_by_its_task(self):
        task_id = self.submit()
        target = self.host.folder / "copy.png"
        self.assertIn("no output image", self.fails("image", "get", task_id, "-o", target))
        self.finish_by_hand(task_id, self.photo.read_bytes())
        for name in (task_id, f"/results/{task_id}_output.png", f"{task_id}_output.png"):
            target.unlink(missing_ok=True)
            self.ok("image", "get", name, "-o", target)
            self.assertEqual(target.read_bytes(), self.photo.read_bytes())

    def test_what_cannot_be_put_or_got(self):
        big = self.host.folder / "big.png"
        big.write_bytes(self.photo.read_bytes() + b"\0" * (11 * 1024 * 1024))
        cut = self.host.folder / "cut.png"
        cut.write_bytes(self.photo.read_bytes()[:10])
        empty = self.host.folder / "empty.png"
        empty.write_bytes(b"")
        for path in (big, cut, empty, self.host.conf, self.host.folder, "nofile.png"):
            self.assertIn(Path(path).name, self.fails("image", "put", path))
        target = self.host.folder / "copy.png"
        self.assertIn("nosuch", self.fails("image", "get", "nosuch", "-o", target))
        self.fails("image", "get", "../../etc/passwd", "-o", target)
        self.assertIn("-o FILE", self.fails("image", "get", "x", code=2))
        self.assertFalse(target.exists())

    def test_pictures_need_no_redis(self):
        self.host.redis.stop()
        image_id = self.ok("image", "put", self.photo).strip()
        self.ok("image", "get", image_id, "-o", self.host.folder / "copy.png")


class Conduct(CliTest):
    def test_wrong_usage(self):
        self.assertIn("formy help", self.fails(code=2))
        self.assertIn('did you mean "submit"', self.fails("sumbit", code=2))
        self.assertIn("put, get", self.fails("image", code=2))
        self.assertIn("unknown option", self.fails("list", "--nosuch", code=2))
        self.assertIn("ID is missing", self.fails("get", code=2))
        self.assertIn("\\x1b[2J", self.fails("a\x1b[2J\nb", code=2))

    def test_help_needs_neither_redis_nor_a_configuration(self):
        def formy(*arguments):
            return subprocess.run([str(formytest.BIN / "formy"), "-c", "/nonexistent", *arguments],
                                  capture_output=True, text=True, timeout=20, check=False)

        text = formy("--help")
        self.assertEqual((text.returncode, text.stderr), (0, ""))
        self.assertEqual(formy("help").stdout, text.stdout)
        commands = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)?)  +\S", text.stdout.split("Commands:")[1]
                              .split("Options")[0])
        self.assertGreaterEqual(len(commands), 15)
        for command in commands:
            one = formy("help", *command.split())
            self.assertEqual(one.returncode, 0)
            self.assertLess(one.stdout.index("Examples:"), one.stdout.index("Usage:"))
            self.assertEqual(formy(*command.split(), "--help").stdout, one.stdout)
        self.assertRegex(formy("version").stdout, r"\Aformy \d+\.\d+\.\d+\n\Z")
        self.assertEqual(formy("--version").stdout, formy("version").stdout)
        self.assertEqual(formy("help", "nosuch").returncode, 2)

    def test_redis_that_is_not_there(self):
        self.host.redis.stop()
        for command in (["list"], ["stats"], ["get", "x"], ["submit", "ECHO", self.photo],
                        ["watch"], ["worker", "list"], ["cancel", "x"]):
            self.assertIn("redis.sock", self.fails(*command))
        self.assertFalse((self.host.uploads / "source").exists())

    def test_a_password_that_is_missing(self):
        self.host.client.config_set("requirepass", "secret")
        self.assertIn("password", self.fails("list"))
        done = self.host.formy("list", env={**os.environ, "REDIS_PASSWORD": "secret"})
        self.assertEqual(done.returncode, 0)

    def test_configuration_files(self):
        formy = [str(formytest.BIN / "formy")]
        done = subprocess.run([*formy, "-c", "/nonexistent.conf", "list"], capture_output=True,
                              text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Aformy: [^\n]*/nonexistent\.conf[^\n]*\n\Z")
        self.host.conf.write_text("redis { port = 99999 }\nnonsense = 1\n")
        self.assertRegex(self.fails("list"), r"formy\.conf:[12]: ")

    def test_a_key_of_the_wrong_type(self):
        self.host.client.set("formy:task:data:t1", "x")
        self.assertIn("wrong type", self.fails("get", "t1"))

    def test_output_that_is_not_read_is_no_error(self):
        for _ in range(3):
            self.submit()
        done = subprocess.run(
            ["/bin/sh", "-c", '"$0" -c "$1" list | head -n 1', str(formytest.BIN / "formy"),
             str(self.host.conf)], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run(
                [str(formytest.BIN / "formy"), "-c", str(self.host.conf), "stats"], stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)

    def on_terminal(self, *arguments, **variables):
        """What a command prints with a terminal on both outputs."""
        main, side = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", **variables}
        process = subprocess.Popen(
            [str(formytest.BIN / "formy"), "-c", str(self.host.conf), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=environment)
        os.close(side)
        self.addCleanup(os.close, main)
        parts = []
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
        process.wait(20 * formytest.PATIENCE)
        return b"".join(parts).decode()

    def test_colours_are_for_terminals(self):
        self.fail_by_hand(self.submit())
        self.assertIn("\x1b[31mfailed\x1b[0m", self.on_terminal("list"))
        self.assertNotIn("\x1b", self.on_terminal("list", "--no-color"))
        self.assertNotIn("\x1b", self.on_terminal("list", NO_COLOR="1"))
        self.assertNotIn("\x1b", self.on_terminal("list", TERM="dumb"))
        self.assertNotIn("\x1b", self.ok("list"))

    def test_the_bar_is_for_terminals(self):
        text = self.on_terminal("submit", "ECHO", self.photo, "--wait", "--timeout", 1)
        self.assertRegex(text, r"\rECHO \[-{20}\]   0%  pending  0\.\d s\x1b\[K")
        self.assertIn("\r\x1b[K", text)
        self.assertNotIn("[---", self.on_terminal("-q", "submit", "ECHO", self.photo, "--wait",
                                                  "--timeout", 1))


class PluginCheck(CliTest):
    def setUp(self):
        super().setUp()
        if not (formytest.BIN / "formy-executor").exists():
            self.skipTest("formy-executor is not built")

    def test_a_good_plugin(self):
        plugin = formytest.TEST_PLUGINS / "echo.so"
        self.assertRegex(self.ok("plugin", "check", plugin), r"(?m)^mode:\s+ECHO$")
        answer = self.json("plugin", "check", plugin)
        self.assertTrue(answer["ok"])
        self.assertEqual([mode["name"] for mode in answer["plugin"]["modes"]], ["ECHO"])

    def test_what_is_no_plugin(self):
        text = self.host.folder / "text.so"
        text.write_text("no plugin")
        self.assertIn("is refused", self.fails("plugin", "check", text))
        done = self.host.formy("--json", "plugin", "check", text)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(json.loads(done.stdout)["ok"])
        self.assertIn("nofile.so", self.fails("plugin", "check", "nofile.so"))

    def test_plugins_that_break_the_rules(self):
        folder = formytest.BIN.parent / "tests" / "bad_plugins"
        for name, why in (("ctor_abort", "crashes"), ("no_entry", "not a plugin"),
                          ("too_new", "ABI"), ("bad_params_json", "not JSON")):
            with self.subTest(name):
                plugin = folder / f"{name}.so"
                if not plugin.exists():
                    self.skipTest(f"{name}.so is not built")
                self.assertIn(why, self.fails("plugin", "check", plugin))

    def test_what_a_plugin_prints_is_shown_only_when_asked(self):
        plugin = formytest.BIN.parent / "tests" / "bad_plugins" / "prints_much.so"
        if not plugin.exists():
            self.skipTest("prints_much.so is not built")
        self.assertTrue(json.loads(self.ok("--json", "plugin", "check", plugin))["ok"])


class Library(unittest.TestCase):
    def test_only_its_interface_is_to_be_seen(self):
        library = formytest.BIN.parent / "lib" / "libformy.so.1"
        names = subprocess.run(["nm", "-D", "--defined-only", "--format=just-symbols", library],
                               capture_output=True, text=True, check=True).stdout.split()
        header = (formytest.SOURCE / "include" / "formy" / "client.h").read_text()
        declared = set(re.findall(r"(?s)FORMY_API [^;]*?(formy_\w+)\(", header))
        self.assertGreater(len(declared), 20)
        self.assertEqual({name.split("@")[0] for name in names} - {"FORMY_1"}, declared)


class WithWorker(CliTest):
    """The same with a formyd behind it."""

    def setUp(self):
        if not (formytest.BIN / "formyd").exists():
            self.skipTest("formyd is not built")
        self.host = self.service({"ECHO": {}, "SLOW": {}})
        self.photo = self.host.folder / "photo.png"
        picture(640, 480).save(self.photo)

    def test_a_picture_comes_back(self):
        target = self.host.folder / "out.png"
        task_id = self.ok("submit", "ECHO", self.photo, "--wait", "-o", target).strip()
        with Image.open(target) as output:
            self.assertEqual(output.size, (640, 480))
        task = self.json("get", task_id)
        self.assertEqual((task["status"], task["progress"]), ("done", 100))
        self.assertEqual(task["worker"], self.host.formyd.name)
        names = sorted(path.name for path in self.host.results.glob(f"{task_id}*"))
        self.assertEqual(len(names), 3)
        self.ok("-q", "delete", task_id)
        self.assertEqual(list(self.host.results.glob(f"{task_id}*")), [])

    def test_a_running_task_is_watched_and_cancelled(self):
        process = self.background("submit", "SLOW", self.photo, "--set", "ms=60000", "--id", "t1",
                                  "--wait")
        watch = self.background("watch", "--json")
        until(lambda: self.host.status("t1") == "processing", 10, "it runs")
        first = json.loads(watch.stdout.readline())
        self.assertEqual(first["task_id"], "t1")
        self.assertEqual(self.json("stats")["processing"], 1)
        self.ok("-q", "cancel", "t1")
        out, err = process.communicate(timeout=10 * formytest.PATIENCE)
        self.assertEqual((process.returncode, out, err), (3, "t1\n", "formy: t1 cancelled\n"))
        self.host.wait("t1", "cancelled")

    def test_the_worker_and_its_plugins_are_listed(self):
        worker, = self.json("worker", "list")
        self.assertEqual((worker["name"], worker["executors"]), (self.host.formyd.name, 2))
        self.assertEqual(set(worker["modes"]), {"ECHO", "SLOW"})
        states = {plugin["id"]: plugin["state"] for plugin in self.json("plugin", "list")}
        self.assertEqual((states["echo"], states["slow"]), ("ready", "ready"))

    def test_an_error_says_what_is_wrong(self):
        done = self.host.formy("submit", "NOSUCHMODE", self.photo, "--wait")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Aformy: task_\S+ failed: INVALID_MODE: [^\n]+\n\Z")


if __name__ == "__main__":
    formytest.main()
