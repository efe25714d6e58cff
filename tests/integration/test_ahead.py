"""Tasks that are claimed ahead, or were sent to an executor behind another one, wait for no slow one."""

import json
import os
import signal
from datetime import datetime

from chaos_world import children, stand_still
from formytest import Formyd, FormyTest, main, new_id, until

QUICK = 60
SLOW_MS = 4000


class Ahead(FormyTest):
    def chaos(self, **more):
        """A service with the mode CHAOS that knows how short its tasks are. And where they note it."""
        host = self.service({"CHAOS": {}}, start=False, **more)
        notes = host.folder / "notes"
        notes.touch()
        host.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off"}}
        host.write_conf()
        host.formyd.start()
        for task_id in self.push(host, [0] * QUICK):
            host.wait(task_id)
        return host, notes

    def push(self, host, times, **config):
        """As many tasks at once, which take so many milliseconds. Their ids."""
        ids = []
        with host.client.pipeline(transaction=True) as at_once:
            for number, ms in enumerate(times):
                now = datetime.utcnow().isoformat()
                task_id = new_id("task")
                data = {"mode": "CHAOS", "source_image": "x",
                        "config": {"name": f"{ms}-{number}", "ms": ms, **config}}
                at_once.hset(host.key(f"task:data:{task_id}"), mapping={
                    "task_id": task_id, "status": "pending", "created_at": now, "updated_at": now,
                    "data": json.dumps(data)})
                ids.append(task_id)
            at_once.rpush(host.key("task:queue"), *ids)
            at_once.execute()
        return ids

    def push_to_a_stopped_executor(self, host, first_ms=0):
        """The pid of the one executor, and tasks of which some wait in its channel."""
        pid = children(host.formyd.process.pid)[0]
        stand_still(pid)
        ids = self.push(host, [first_ms] + [0] * (QUICK - 1))
        until(lambda: [1 for claim in host.client.hvals(host.key("task:claims"))
                       if " 1 CHAOS " in claim], 30, "the executor has got one")
        return pid, ids

    def test_an_executor_takes_no_core_from_others(self):
        host = self.service({"NOOP": {}}, executors=1)
        until(lambda: "executor ready" in host.formyd.log(), 30, "the executor is ready")
        pid = children(host.formyd.process.pid)[0]
        self.assertEqual(os.sched_getscheduler(pid), os.SCHED_BATCH)

    def test_none_stays_behind_a_slow_one(self):
        host, notes = self.chaos(executors=2)
        slow, *quick = self.push(host, [SLOW_MS] + [0] * QUICK)
        for task_id in quick:
            self.assertEqual(host.wait(task_id)["attempts"], "1")
            self.assertEqual(host.status(slow), "processing")
        host.wait(slow)
        self.assertEqual(len(notes.read_text().splitlines()), 2 * QUICK + 1)

    def test_none_stays_with_a_worker_that_has_no_room_any_more(self):
        host, notes = self.chaos(executors=1)
        slow, *quick = self.push(host, [SLOW_MS * 5] + [0] * QUICK)
        host.wait(slow, "processing")
        with Formyd(host.conf, host.folder / "formyd2.log", host.client) as second:
            for task_id in quick:
                task = host.wait(task_id)
                self.assertEqual((task["attempts"], task["worker"]), ("1", second.name))
            self.assertEqual(host.status(slow), "processing")
            host.cancel(slow)
        self.assertEqual(len(notes.read_text().splitlines()), 2 * QUICK + 1)

    def test_what_each_leaves_in_the_scratch_folder_is_not_too_much_of_all(self):
        host = self.service({"CHAOS": {"notes": "/dev/null"}}, executors=1)
        for times in ([0] * QUICK, [0] * QUICK * 50):
            for task_id in self.push(host, times, litter=True):
                self.assertEqual(host.wait(task_id)["attempts"], "1")
        self.assertEqual(host.formyd.log().count("executor ready"), 1)
        until(lambda: not [path for path in (host.results / ".scratch").rglob("*")
                           if path.is_file() and path.name != ".lock"], 20, "all is tidied up")

    def test_what_an_executor_had_not_begun_when_it_died_goes_to_another(self):
        host, notes = self.chaos(executors=1)
        pid, ids = self.push_to_a_stopped_executor(host)
        os.kill(pid, signal.SIGKILL)
        for task_id in ids:
            task = host.wait(task_id)
            self.assertEqual(task["attempts"], "1")
            self.assertNotIn("crashes", task)
        # each ran once
        self.assertEqual(len(notes.read_text().splitlines()), 2 * QUICK)

    def test_one_is_cancelled_while_it_waits_in_an_executor(self):
        host, _ = self.chaos(executors=1)
        pid, ids = self.push_to_a_stopped_executor(host, first_ms=300)
        self.assertEqual(host.formy("cancel", ids[1]).returncode, 0)
        os.kill(pid, signal.SIGCONT)
        for task_id in ids[:1] + ids[2:]:
            self.assertEqual(host.wait(task_id)["attempts"], "1")
        # whatever it was at, nothing of it is written
        self.assertEqual(host.status(ids[1]), "cancelled")
        self.assertNotIn("result", host.task(ids[1]))
        until(lambda: not host.client.scard(host.key("task:processing")), 20, "none is held")

    def test_a_reload_finds_those_that_wait_in_an_executor(self):
        host, notes = self.chaos(executors=1)
        pid, ids = self.push_to_a_stopped_executor(host)
        host.formyd.send(signal.SIGHUP)
        host.formyd.wait_log("reloaded", 30)
        os.kill(pid, signal.SIGCONT)
        for task_id in ids:
            self.assertEqual(host.wait(task_id)["attempts"], "1")
        self.assertEqual(len(notes.read_text().splitlines()), 2 * QUICK)
        self.assertEqual(host.formyd.stop(), 0)


if __name__ == "__main__":
    main()
