"""Limits of users and modes, seen from outside: with a worker, and with two."""

import unittest

import formytest
from formytest import Formyd, FormyTest, picture


class Limits(FormyTest):
    def most_at_once(self, host, ids):
        """Waits until all are done; returns how many were seen running at once."""
        most = 0

        def ended():
            nonlocal most
            # in one transaction: one after another they would be of different moments
            with host.client.pipeline(transaction=True) as pipeline:
                for task_id in ids:
                    pipeline.hget(host.key(f"task:data:{task_id}"), "status")
                states = pipeline.execute()
            most = max(most, states.count("processing"))
            return all(state == "done" for state in states)

        formytest.until(ended, 30, lambda: [host.status(task_id) for task_id in ids])
        return most

    def test_a_user_has_so_many_at_once_and_the_others_go_on(self):
        host = self.service({"SLOW": {}}, executors=4,
                            sections="tasks { max_concurrent_per_user = 2 }")
        image_id = host.put(picture())
        anns = [host.submit("SLOW", image_id, {"ms": 300}, user_id="ann") for _ in range(6)]
        bobs = host.submit("SLOW", image_id, {"ms": 300}, user_id="bob")
        formytest.until(lambda: host.status(bobs) == "done", 20, "bob's is done")
        self.assertEqual(host.status(anns[-1]), "pending")
        self.assertEqual(self.most_at_once(host, anns), 2)
        started = [host.task(task_id)["started_at"] for task_id in anns]
        self.assertEqual(started, sorted(started))
        formytest.until(lambda: not host.client.exists("formy:task:running"), 5, "none is counted")

    def test_a_mode_has_so_many_in_all_workers(self):
        host = self.service({"SLOW": {"concurrency_global": 2}}, executors=2)
        other = Formyd(host.conf, host.folder / "other.log", host.client, host.prefix)
        self.addCleanup(other.kill)
        other.start()
        image_id = host.put(picture())
        ids = [host.submit("SLOW", image_id, {"ms": 300}) for _ in range(6)]
        self.assertEqual(self.most_at_once(host, ids), 2)

    def test_a_mode_whose_workers_are_gone_waits_and_is_said(self):
        host = self.service({"SLOW": {}})
        host.formyd.stop()
        host.modes = {"NOOP": {}}
        host.write_conf()
        host.formyd.start()
        task_id = host.submit("SLOW", host.put(picture()))
        formytest.until(lambda: host.client.llen("formy:task:wait:SLOW"), 10, "it is parked")
        self.assertIn("No living worker serves SLOW: 1 of its tasks", host.formy("stats").stdout)
        self.assertEqual(host.status(task_id), "pending")


if __name__ == "__main__":
    formytest.main()
