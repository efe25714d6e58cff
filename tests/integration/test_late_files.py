"""Files of attempts whose worker was stopped or killed while it published them, of tasks that had
ended otherwise by then: they go, whatever is killed, or are never there."""

import signal
import threading
import time

from chaos_world import stand_still
from formytest import SANITIZED, TEST_PLUGINS, Formyd, FormyTest, main, until

HOLDSYNC = TEST_PLUGINS.parent / "preload" / "holdsync.so"


class LateFiles(FormyTest):
    def chaos(self, **more):
        service = self.service({"CHAOS": {}}, start=False, **more)
        service.modes = {"CHAOS": {"notes": str(service.folder / "notes"), "sandbox": "off"}}
        service.write_conf()
        return service

    def publishing(self):
        """A service whose worker has given a task's files their names, and goes no further before
        service.hold is removed; and the task."""
        service = self.chaos()
        service.hold = service.folder / "hold"
        service.hold.touch()
        service.formyd = Formyd(service.conf, service.folder / "formyd.log", service.client, before=(
            "env", f"LD_PRELOAD={HOLDSYNC}", f"FORMY_HOLD_SYNC={service.results.resolve()}",
            f"FORMY_HOLD_FILE={service.hold}",
            *(["ASAN_OPTIONS=verify_asan_link_order=0"] if SANITIZED else [])))
        service.formyd.start()
        task_id = self.submit(service, ms=0)
        until(lambda: self.files(service), 20, "its picture is published")
        self.assertEqual(service.status(task_id), "processing")
        return service, task_id

    def submit(self, service, **config):
        return service.submit("CHAOS", "img_20260101_0000000000",
                              {"name": "task", "picture": True, **config})

    def files(self, service):
        return [path.name for path in service.results.glob("*.*g")]

    def end_badly(self, service, task_id):
        """As the reaper does after a second crash, and a janitor who has been there already."""
        with service.client.pipeline() as all_at_once:
            all_at_once.hset(service.key(f"task:data:{task_id}"), mapping={
                "status": "failed", "error": '{"code":"PIPELINE_CRASHED","message":"","details":null}'})
            all_at_once.hdel(service.key("task:claims"), task_id)
            all_at_once.zrem(service.key("task:lease"), task_id)
            all_at_once.srem(service.key("task:processing"), task_id)
            all_at_once.delete(service.key("task:gone"))
            all_at_once.execute()

    def beats(self, service):
        """The worker has heard what became of its tasks: it registers with every third beat."""
        key = service.key(f"worker:{service.formyd.name}")
        for _ in range(2):
            left = [service.client.pttl(key)]

            def renewed():
                left.append(service.client.pttl(key))
                return left[-1] > left[-2]

            until(renewed, 20, "the worker registers again")

    def heard(self, formyd):
        until(lambda: "task stopped" in formyd.log() or "result refused" in formyd.log(), 20,
              "the worker hears that the task is not its own any more")

    def test_of_a_task_that_fails_meanwhile(self):
        service, task_id = self.publishing()
        self.end_badly(service, task_id)
        self.beats(service)
        service.hold.unlink()
        self.heard(service.formyd)
        until(lambda: not self.files(service), 10, lambda: f"no files: {self.files(service)}")

    def test_of_a_task_that_fails_and_a_worker_that_is_killed(self):
        service, task_id = self.publishing()
        self.end_badly(service, task_id)
        service.formyd.kill()
        service.hold.unlink()
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            until(lambda: not self.files(service), 20, lambda: f"no files: {self.files(service)}")
            until(lambda: not list(service.results.glob(".scratch/*/outcomes/*")), 10,
                  "the note of them is gone")

    def test_of_a_task_that_another_worker_has_done(self):
        """They stay: the worker that was killed does not know whose they are."""
        service, task_id = self.publishing()
        service.formyd.kill()
        service.hold.unlink()
        with Formyd(service.conf, service.folder / "formyd2.log", service.client) as second:
            self.assertEqual(service.wait(task_id)["worker"], second.name)
            until(lambda: not list(service.results.glob(".scratch/*/outcomes/*")), 10,
                  "the note of them is gone")
            self.assertTrue(service.result(service.task(task_id)).exists())

    def stop_both(self, service):
        """Redis, then the worker, which waits for its answer; its executor makes the picture."""
        stand_still(service.redis.process.pid)
        threading.Event().wait(1)  # progress is told five times a second
        stand_still(service.formyd.process.pid)
        until(lambda: list(service.results.glob(".scratch/*/[01]/*.*g")), 20, "the picture is made")

    def test_a_worker_that_stood_still_asks_before_it_publishes(self):
        """Also when it waited for an answer of Redis as it was stopped: the answer lies there."""
        service = self.chaos()
        first = service.formyd.start()
        task_id = self.submit(service, ms=2000)
        until(lambda: int(service.task(task_id).get("progress", "0")), 20, "the task runs")
        before = service.results.stat().st_mtime_ns
        self.stop_both(service)
        service.redis.process.send_signal(signal.SIGCONT)
        lease = service.key("task:lease")
        until(lambda: service.client.zscore(lease, task_id) < service.client.time()[0] * 1000, 20,
              "its lease has run out")
        self.end_badly(service, task_id)
        first.send(signal.SIGCONT)
        self.heard(first)
        self.assertEqual(service.results.stat().st_mtime_ns, before, "it has published nothing")
        self.assertNotIn("no connection to Redis", first.log())

    def test_a_worker_that_goes_down_does_not_wait_for_an_answer(self):
        """It publishes what it has, and the next one tells Redis."""
        service = self.chaos(worker="shutdown_timeout = 1s")
        service.conf.write_text(service.conf.read_text().replace(
            "redis {", "redis { connect_timeout = 600s ", 1))
        first = service.formyd.start()
        begin = time.monotonic()
        task_id = self.submit(service, ms=2000)
        until(lambda: int(service.task(task_id).get("progress", "0")), 20, "the task runs")
        self.stop_both(service)
        until(lambda: time.monotonic() - begin > 12, 30, "its lease has run out")
        first.send(signal.SIGCONT)
        self.assertEqual(first.stop(signal.SIGTERM, 20), 0)
        self.assertTrue(self.files(service))
        service.redis.process.send_signal(signal.SIGCONT)
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            self.assertEqual(service.wait(task_id)["attempts"], "1")


if __name__ == "__main__":
    main()
