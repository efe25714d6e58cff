"""A task is not blamed for time that it never ran, nor for a worker that did not look."""

import os
import signal
import time

from chaos_world import children, stand_still, started_at
from formytest import PATIENCE, FormyTest, main, until


class Unstarted(FormyTest):
    def give_to_a_stopped_executor(self, mode):
        """One NOOP that waits in the channel of an executor that does not read. Host, id, pid."""
        host = self.service({"NOOP": mode}, executors=1)
        until(lambda: "executor ready" in host.formyd.log(), 30, "the executor is ready")
        pid = children(host.formyd.process.pid)[0]
        stand_still(pid)
        task_id = host.submit("NOOP", "x")
        until(lambda: " 1 NOOP " in (host.client.hget(host.key("task:claims"), task_id) or ""), 30,
              "the executor has got the task")
        return host, task_id, pid

    def test_an_executor_that_dies_with_a_task_that_it_has_not_begun(self):
        host, task_id, pid = self.give_to_a_stopped_executor({})
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(host.wait(task_id)["attempts"], "1")
        self.assertNotIn("crashes", host.task(task_id))
        self.assertIn("ended before it began", host.formyd.log())

    def test_an_executor_that_does_not_begin_a_task_in_its_time(self):
        host, task_id, _ = self.give_to_a_stopped_executor({"timeout": f"{int(500 * PATIENCE)}ms"})
        self.assertEqual(host.wait(task_id)["attempts"], "1")
        self.assertIn("ended before it began", host.formyd.log())

    def test_an_executor_that_is_killed_before_it_is_ready(self):
        host = self.service({"CHAOS": {}}, executors=1, start=False)
        notes, hold = host.folder / "notes", host.folder / "hold"
        notes.touch()
        hold.touch()
        host.modes = {"CHAOS": {"notes": str(notes), "hold": str(hold), "sandbox": "off"}}
        host.write_conf()
        host.formyd.start()
        task_id = host.submit("CHAOS", "x", {"name": "task", "ms": 0})
        host.wait(task_id, "processing")
        os.kill(until(lambda: children(host.formyd.process.pid), 20, "an executor")[0],
                signal.SIGKILL)
        host.formyd.wait_log("executor died")
        hold.unlink()
        self.assertEqual(host.wait(task_id)["attempts"], "1")

    def test_what_happened_in_time_while_the_worker_stood_still(self):
        limit_s = int(2 * PATIENCE)
        host = self.service({"CHAOS": {}}, executors=1, start=False,
                            sections='tasks { retry_delay = "10ms" }')
        notes = host.folder / "notes"
        notes.touch()
        host.modes = {"CHAOS": {"notes": str(notes), "sandbox": "off", "timeout": f"{limit_s}s"}}
        host.write_conf()
        host.formyd.start()
        task_id = host.submit("CHAOS", "x", {"name": "task", "ms": 300, "act": "crash", "times": 1})
        until(notes.read_text, 30, "the task runs")
        stand_still(host.formyd.process.pid)
        began = time.monotonic()
        pid = int(notes.read_text().split()[2])
        until(lambda: not started_at(pid), 20, "its executor has crashed")
        until(lambda: time.monotonic() > began + limit_s, 20, "the task's time is up")
        host.formyd.send(signal.SIGCONT)
        # it crashed, and so it is tried again: its time was not up when it ended
        self.assertEqual(host.wait(task_id)["attempts"], "2")


if __name__ == "__main__":
    main()
