"""What a formyd costs that has nothing to do: memory, and how often it wakes. Prints both."""

import re
import threading
import unittest

import formytest
from formytest import SANITIZED, FormyTest, until

SECONDS = 10


class Idle(FormyTest):
    def status(self, name):
        text = (f"/proc/{self.host.formyd.process.pid}/status")
        with open(text, encoding="ascii") as file:
            return int(re.search(rf"^{name}:\s*(\d+)", file.read(), re.M)[1])

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory")
    def test_memory_and_wake_ups(self):
        self.host = self.service({"NOOP": {}})
        until(lambda: self.host.formyd.log().count("executor ready") == 2, 20, "all are warm")
        # what the start left to do
        threading.Event().wait(3)
        before = self.status("voluntary_ctxt_switches")
        threading.Event().wait(SECONDS)
        wakes = (self.status("voluntary_ctxt_switches") - before) / SECONDS
        memory = self.status("VmRSS")
        print(f"idle: {memory} kB resident, {wakes:.1f} times a second off the processor")
        self.assertLess(memory, 6 * 1024)
        # once a second, and one more at the window's edge: beats every 2.8 s, waits of 7, answers
        self.assertLessEqual(wakes, 1 + 1 / SECONDS)


if __name__ == "__main__":
    formytest.main()
