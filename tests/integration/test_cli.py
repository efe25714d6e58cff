"""formy submit, get, list, cancel, retry, delete, watch, against a real redis-server."""

import io
import json
import re
import signal

import formytest
from clitest import TIME_Z, CliTest
from formytest import picture, until


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

    def test_the_id_of_the_same_task_is_that_task(self):
        for _ in range(2):
            self.assertEqual(self.ok("submit", "ECHO", self.photo, "--id", "t1", "--set", "x=1",
                                     "--background", self.photo), "t1\n")
        self.assertEqual(len(list((self.host.uploads / "source").iterdir())), 1)
        self.assertEqual(self.host.client.llen("formy:task:queue"), 1)
        self.assertIn("t1", self.fails("submit", "ECHO", self.photo, "--id", "t1", "--set", "x=2"))
        self.host.client.hset("formy:task:data:t1", "status", "done")
        self.assertEqual(self.json("submit", "ECHO", self.photo, "--id", "t1", "--set", "x=1",
                                   "--background", self.photo)["status"], "done")

    def test_a_later_start(self):
        self.ok("submit", "ECHO", self.photo, "--delay", "1h")
        self.ok("submit", "ECHO", self.photo, "--at", "2100-01-01T00:00:00")
        self.ok("submit", "ECHO", self.photo, "--at", "2000-01-01T00:00:00+02:00")
        stats = self.json("stats")
        self.assertEqual((stats["pending"], stats["delayed"]), (3, 2))
        self.assertEqual(self.host.client.llen("formy:task:queue"), 1)
        for name, value in ("--delay", "soon"), ("--delay", "-1s"), ("--at", "noon"):
            self.assertIn(name, self.fails("submit", "ECHO", self.photo, name, value, code=2))

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
                [{"task_ids": [task_id], "status": "processing", "progress": 40}]))
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
        self.host.client.save()
        self.host.redis.kill()
        self.host.redis.start()
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


if __name__ == "__main__":
    formytest.main()
