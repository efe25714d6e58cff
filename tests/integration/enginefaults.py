"""What every engine must survive, written once for all of them: the right code, nothing run twice,
nothing lost.

A class of tests inherits Faults beside an EngineTest, and says what its service's requests are
called and how they end. faulty() starts a service with one executor and deadlines of 1 to 2 s, and
sets self.server.
"""

import os
import re
import signal
import time
from pathlib import Path

import formytest
from enginetest import BLUE, RED, mix
from formytest import until

HTML = "<!doctype html><title>Sign in</title>"
CUT = '{"code": 0, "status": "COMPLETED", "data": {"taskId": "10'


class Faults:
    # Beginnings of "METHOD /path": what submits, asks, fetches, uploads and cancels. "": there is none.
    SUBMIT = POLL = RESULT = UPLOAD = CANCEL = ""
    UNREACHABLE = "ENGINE_CONNECTION_FAILED"
    REFUSED = "ENGINE_RESPONSE_ERROR"
    NO_RESULT = "ENGINE_RESPONSE_ERROR"
    LOST = "ENGINE_TIMEOUT"  # of a submit that is not known; None: the engine looks, and goes on
    REPEATS = False          # whether it is sent again then when it surely is not there
    EXPECTED = mix(BLUE, RED, 0.8)
    RESUMES = True           # whether a task outlives whoever waits for it

    def faulty(self, **more):
        raise NotImplementedError

    def asked(self, beginning):
        """How often the service was asked so."""
        return sum(number for name, number in list(self.server.count.items())
                   if beginning and name.startswith(beginning))

    def assert_done(self, service, task_id, submits, attempts=None, seconds=60):
        task = service.wait(task_id, seconds=seconds)
        self.assert_colour(service, task, self.EXPECTED)
        self.assertEqual(self.asked(self.SUBMIT), submits)
        if attempts:
            self.assertEqual(task["attempts"], attempts)
        return task

    def meet(self, service, faults, code=None, submits=1, **more):
        """One task under these faults: ends with the code, or done."""
        with self.subTest(faults=str(faults)[:100]):
            before = self.asked(self.SUBMIT)
            self.server.faults = faults
            task_id = self.swap(service)
            if code:
                self.assertEqual(service.wait_error(task_id, seconds=60)["code"], code)
                self.assertEqual(self.asked(self.SUBMIT), before + submits)
            else:
                self.assert_done(service, task_id, before + submits, **more)

    def hold(self, service):
        """A task that the service works on until self.server.release()."""
        self.server.faults = {"hold": True}
        before = self.asked(self.SUBMIT)
        task_id = self.swap(service)
        until(lambda: self.asked(self.SUBMIT) > before, 30, service.tail)
        before = self.asked(self.POLL)
        until(lambda: not self.POLL or self.asked(self.POLL) > before, 30, service.tail)
        return task_id

    def test_faults_of_the_submit(self):
        service = self.faulty()
        say = lambda *answer: {"say": {self.SUBMIT: [answer]}}  # noqa: E731
        for faults in say(200, HTML), say(200, CUT), {"endless": {self.SUBMIT: 1}}:
            self.meet(service, faults, "ENGINE_RESPONSE_ERROR")
        again = 2 if self.REPEATS else 1
        self.meet(service, {"reset": {self.SUBMIT: 1}}, self.LOST, again)
        self.meet(service, {"trickle": {self.SUBMIT: 1}}, self.LOST, again)
        self.meet(service, {"reset_after": {self.SUBMIT: 1}}, self.LOST, 1)
        self.meet(service, say(502, "bad gateway"), self.LOST, again)
        self.meet(service, say(400, '{"error": "no"}'), self.REFUSED)
        # a redirect would carry the pictures and the key to somebody else
        self.meet(service, say(307, "", {"Location": self.server.url + "/elsewhere"}),
                  self.REFUSED)
        self.assertEqual(self.asked("POST /elsewhere"), 0)
        self.meet(service, say(500, "oops"), None, 2, attempts="2")

    def test_no_room_costs_no_attempt(self):
        service = self.faulty()
        answers = [(429, "later", {"Retry-After": "7"}), (429, "later"), (503, "busy"),
                   (429, "later", {"Retry-After": "3600"})]
        self.server.faults = {"say": {self.SUBMIT: list(answers)}}
        task_id = self.swap(service)
        for at in range(len(answers)):
            # the minutes that it says are made short here
            until(lambda: self.asked(self.SUBMIT) > at and service.client.zadd(
                "formy:task:delayed", {task_id: 0}, xx=True, ch=True), 30, service.tail)
        self.assert_done(service, task_id, len(answers) + 1, "1")
        waits = [int(ms) / 1000 for ms in
                 re.findall(r"task put off.*retry_in_ms=(\d+)", service.formyd.log())]
        without = self.CAPACITY_WAIT
        for wait, expected in zip(waits, (7, without, without, 3600), strict=True):
            self.assertAlmostEqual(wait, expected, delta=max(1, expected / 10))

    CAPACITY_WAIT = 30

    def test_a_refused_key_or_no_credit_pauses_the_engine(self):
        service = self.faulty()
        for status, code in ((401, "ENGINE_AUTH_FAILED"), (403, "ENGINE_AUTH_FAILED"),
                             (402, "INSUFFICIENT_CREDITS")):
            with self.subTest(status=status):
                before, lines = self.asked(self.SUBMIT), len(service.formyd.log())
                self.server.faults = {"say": {self.SUBMIT: [(status, "no")]}}
                task_id = self.swap(service)
                self.assert_done(service, task_id, before + 2, "1")
                log = service.formyd.log()[lines:]
                self.assertRegex(log, rf'level=error msg="engine is down.*{code}')
                self.assertIn("engine is up again", log)

    def test_faults_while_it_runs(self):
        if not self.POLL:
            self.skipTest("nobody can be asked")
        service = self.faulty()
        faults = {"reset": {self.POLL: 2}, "hang": {self.POLL: 1}, "trickle": {self.POLL: 1},
                  "endless": {self.POLL: 1}, "say": {self.POLL: [
                      (200, HTML), (200, CUT), (500, "oops"), (429, "slow down"), (502, "bad"),
                      (200, "[]")]}}
        self.meet(service, faults, attempts="1")
        for name, paths in self.server.faults.items():
            self.assertFalse(paths[self.POLL], (name, "was not met"))

    def test_faults_of_the_result(self):
        service = self.faulty()
        say = lambda *answer: {"say": {self.RESULT: [answer]}}  # noqa: E731
        self.meet(service, {"reset": {self.RESULT: 1}})
        self.meet(service, {"reset_after": {self.RESULT: 1}})
        self.meet(service, {"trickle": {self.RESULT: 1}})
        self.meet(service, say(500, "oops"))
        self.meet(service, {"endless": {self.RESULT: 1}}, "ENGINE_RESPONSE_ERROR")
        self.meet(service, say(200, "no picture at all"), "ENGINE_RESPONSE_ERROR")
        self.meet(service, {"huge_result": True}, "ENGINE_RESPONSE_ERROR")
        self.meet(service, say(404, "gone"), self.NO_RESULT)
        self.meet(service, {})

    def test_faults_of_an_upload(self):
        if not self.UPLOAD:
            self.skipTest("nothing is uploaded beforehand")
        service = self.faulty()
        for faults in ({"reset": {self.UPLOAD: 1}}, {"reset_after": {self.UPLOAD: 1}},
                       {"trickle": {self.UPLOAD: 1}},
                       {"say": {self.UPLOAD: [(500, "oops")]}}):
            self.meet(service, faults)
        for faults in ({"say": {self.UPLOAD: [(200, HTML)]}}, {"endless": {self.UPLOAD: 1}},
                       {"say": {self.UPLOAD: [(200, CUT)]}}):
            self.meet(service, faults, "ENGINE_RESPONSE_ERROR", 0)

    def test_a_service_that_is_away(self):
        service = self.faulty()
        self.server.stop()
        task_id = self.swap(service)
        until(lambda: re.search(f"engine is down.*{self.UNREACHABLE}", service.formyd.log()), 30,
              service.tail)
        self.assertEqual(service.status(task_id), "pending")
        self.server.start()
        self.assert_done(service, task_id, 1, "1")

    def test_cancel_while_it_is_submitted(self):
        """The service has it, but Redis says that nobody wants it: it is cancelled there, too."""
        if not self.CANCEL:
            self.skipTest("it is submitted when all is known, or cannot be cancelled")
        service = self.faulty()
        self.server.faults = {"hold": True}
        ids = []
        self.server.on_submit = lambda: service.cancel(until(lambda: ids, 10, "an id")[0])
        ids.append(self.swap(service))
        until(lambda: self.asked(self.CANCEL), 20, service.tail)
        self.assertEqual((self.asked(self.SUBMIT), service.status(ids[0])), (1, "cancelled"))

    def test_cancel_of_what_does_not_listen(self):
        """The service takes the call that cancels, and never answers."""
        service = self.faulty()
        task_id = self.hold(service)
        self.server.faults.update(deaf=True, hang={"POST": 99, "PUT": 99, "GET": 99})
        service.cancel(task_id)
        begin = time.monotonic()
        until(lambda: re.search(f'task stopped" task={task_id}.*why=cancelled',
                                service.formyd.log()), 10, service.tail)
        self.assertLess(time.monotonic() - begin, 2 * formytest.PATIENCE)
        self.assertNotIn("executor was killed", service.formyd.log())
        self.assertEqual(self.asked(self.SUBMIT), 1)

    def kill_executors(self, service):
        pid = service.formyd.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)

    def kill_worker(self, service):
        service.formyd.kill()
        service.formyd.start()

    def test_whoever_waits_is_killed(self):
        """It is resumed by its memo, or, where nobody can be asked, ends as not known."""
        service = self.faulty(redis_options=("--appendonly", "yes", "--appendfsync", "always"))
        for at, kill in enumerate((self.kill_executors, self.kill_worker)):
            with self.subTest(kill=kill.__name__):
                task_id = self.hold(service)
                kill(service)
                if self.RESUMES:
                    before = self.asked(self.POLL)
                    until(lambda: self.asked(self.POLL) > before + 1, 40, service.tail)
                    self.server.release()
                    self.assert_done(service, task_id, at + 1)
                else:
                    error = service.wait_error(task_id, seconds=60)
                    self.assertEqual(error["code"], "ENGINE_TIMEOUT")
                    self.assertIn("not known", error["message"])
                    self.assertEqual(self.asked(self.SUBMIT), at + 1)
                    self.server.release()
        task_id = self.hold(service)
        service.redis.kill()
        service.redis.start()
        self.server.release()
        self.assert_done(service, task_id, 3)
