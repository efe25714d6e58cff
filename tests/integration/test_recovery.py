"""Workers are killed: what they ran runs again elsewhere within 15 s, and leaves nothing."""

import signal
import time

import numpy
from PIL import Image

from chaos_world import children, stand_still, started_at
from formytest import Formyd, FormyTest, main, until

TASKS = 8
WITHIN_S = 15
GREY_AN_ATTEMPT = 16  # of plugins/chaos.c


class Recovery(FormyTest):
    def test_a_killed_workers_tasks_run_again_elsewhere(self):
        service = self.service({"CHAOS": {}}, executors=TASKS, start=False)
        notes = service.folder / "notes"
        notes.touch()
        service.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off"}}
        service.write_conf()
        service.formyd.start()
        ids = []
        for number in range(TASKS):
            ids.append(service.submit("CHAOS", "img_20260101_0000000000",
                                      {"name": f"task{number}", "ms": 60000}))
        until(lambda: len(self.read(notes)) == TASKS, 30, "all run on the first worker")
        first = service.formyd
        executors = [(pid, started_at(pid)) for pid in children(first.process.pid)]

        with Formyd(service.conf, service.folder / "formyd2.log", service.client) as second:
            first.kill()
            killed = time.monotonic()
            until(lambda: not [1 for pid, began in executors if started_at(pid) == began], 5,
                  "the killed worker's executors are gone")
            until(lambda: len(self.read(notes)) == 2 * TASKS, WITHIN_S,
                  lambda: f"all run again: {self.read(notes)}\n{second.log()[-4000:]}")
            print(f"all {TASKS} ran again {time.monotonic() - killed:.1f} s after the kill")
            pids = set(children(second.process.pid))
            again = self.read(notes)[TASKS:]
            self.assertEqual({name for name, _, _ in again}, {f"task{i}" for i in range(TASKS)})
            self.assertEqual({attempt for _, attempt, _ in again}, {2})
            self.assertLessEqual({pid for _, _, pid in again}, pids)
            for task_id in ids:
                self.assertEqual(service.task(task_id)["worker"], second.name)
                service.cancel(task_id)

    def test_a_failed_task_has_no_files_of_an_attempt_that_was_killed(self):
        service = self.service({"CHAOS": {}}, start=False,
                               redis_options=("--appendonly", "yes", "--appendfsync", "always"))
        notes = service.folder / "notes"
        notes.touch()
        service.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off"}}
        service.write_conf()
        service.formyd.start()
        task_id = service.submit("CHAOS", "img_20260101_0000000000", {
            "name": "task", "ms": 1500, "picture": True, "act": "fail", "first": 2})
        until(lambda: int(service.task(task_id).get("progress", "0")), 20, "the task runs")
        service.redis.kill()
        until(lambda: list(service.results.glob("*_output.*")), 20, "its picture is published")
        service.formyd.kill()
        service.redis.start()
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            self.assertEqual(service.wait_error(task_id)["code"], "INVALID_CONFIG")
            self.assertEqual(len(self.read(notes)), 2)
            until(lambda: not list(service.results.glob("*.*g")), 5, "its files are gone")

    def test_a_late_worker_leaves_the_files_of_the_attempt_that_counted(self):
        service = self.service({"CHAOS": {}}, start=False)
        notes = service.folder / "notes"
        notes.touch()
        service.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off"}}
        service.write_conf()
        first = service.formyd.start()
        ids = [service.submit("CHAOS", "img_20260101_0000000000", {
            "name": f"task{number}", "ms": 1500, "picture": True}) for number in range(2)]
        for task_id in ids:
            until(lambda: int(service.task(task_id).get("progress", "0")), 20, "the task runs")
        first.send(signal.SIGSTOP)
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            for task_id in ids:
                self.assertEqual(service.wait(task_id)["attempts"], "2")
            first.send(signal.SIGCONT)
            for task_id in ids:
                until(lambda: any(f"task={task_id}" in line for line in first.log().splitlines()
                                  if "result refused" in line or "task stopped" in line), 10,
                      "the late result is refused")
            for task_id in ids:
                grey = numpy.asarray(Image.open(service.result(service.task(task_id))))
                self.assertAlmostEqual(grey.mean(), 2 * GREY_AN_ATTEMPT, delta=6)
            self.assertEqual(list((service.results / ".scratch").rglob("*.*g")), [])

    def test_a_task_put_back_while_redis_is_away_spends_no_attempt(self):
        service = self.service({"CHAOS": {}}, start=False,
                               redis_options=("--appendonly", "yes", "--appendfsync", "always"))
        notes = service.folder / "notes"
        notes.touch()
        service.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off"}}
        service.write_conf()
        first = service.formyd.start()
        task_id = service.submit("CHAOS", "img_20260101_0000000000", {"name": "task", "ms": 60000})
        claims = service.key("task:claims")
        until(lambda: " 1 CHAOS " in (service.client.hget(claims, task_id) or ""), 30,
              "Redis knows that the task runs")
        service.redis.kill()
        first.wait_log("no connection to Redis")
        first.send(signal.SIGTERM)
        first.wait_log("stopping: no new tasks")
        self.assertEqual(first.stop(signal.SIGTERM, 30), 0)
        service.redis.start()
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            until(lambda: len(self.read(notes)) == 2, 30, "it runs again")
            self.assertEqual({attempt for _, attempt, _ in self.read(notes)}, {1})
            self.assertNotIn("crashes", service.task(task_id))
            service.cancel(task_id)

    def test_a_worker_that_has_just_started_leaves_its_owner_time_to_renew_a_lease(self):
        """As after an outage of Redis, which ends all leases."""
        service = self.service({"CHAOS": {}}, start=False)
        notes = service.folder / "notes"
        notes.touch()
        service.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off"}}
        service.write_conf()
        first = service.formyd.start()
        task_id = service.submit("CHAOS", "img_20260101_0000000000", {"name": "task", "ms": 15000})
        until(notes.read_text, 30, "the task runs")
        stand_still(first.process.pid)
        lease = service.key("task:lease")
        until(lambda: service.client.zscore(lease, task_id) < service.client.time()[0] * 1000, 20,
              "its lease has run out")
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            first.send(signal.SIGCONT)
            self.assertEqual(service.wait(task_id, seconds=40)["attempts"], "1")
        self.assertEqual(len(self.read(notes)), 1)

    def test_a_task_that_goes_to_a_worker_which_is_forgotten(self):
        """It waited in Redis for a push, stood still until it was forgotten, and is killed."""
        service = self.service({"NOOP": {}}, executors=1)
        first = service.formyd
        first.wait_log("executor ready")
        with Formyd(service.conf, service.folder / "formyd2.log", service.client):
            until(lambda: all("cmd=blmove" in line for line in self.waiting(service)), 20,
                  "both wait")
            stand_still(first.process.pid)
            until(lambda: service.client.zscore(service.key("workers"), first.name) is None, 30,
                  "the first is forgotten")
            # nor does Redis know the script any more by which it would claim the task
            service.client.script_flush()
            task_id = service.submit("NOOP", "x")
            first.kill()
            service.wait(task_id)

    def waiting(self, service):
        found = [line for line in service.client.execute_command("CLIENT", "LIST").splitlines()
                 if "name=formyd-wait" in line]
        return found if len(found) == 2 else [""]

    def read(self, notes):
        return [(name, int(attempt), int(pid)) for name, attempt, pid
                in (line.split() for line in notes.read_text().splitlines())]


if __name__ == "__main__":
    main()
