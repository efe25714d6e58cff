"""What a service manager hears of formyd: sd_notify(3), by a socket that stands for systemd's."""

import os
import re
import signal
import socket
import unittest
from pathlib import Path

import formytest
from formytest import FormyTest, picture, until


class Manager(FormyTest):
    def setUp(self):
        self.host = self.service({"SLOW": {}}, start=False)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.setblocking(False)
        self.heard = []

    def start(self, address, watchdog_us="2000000"):
        self.socket.bind(address)
        environment = {"NOTIFY_SOCKET": address.replace("\0", "@"), "WATCHDOG_USEC": watchdog_us}
        os.environ.update(environment)
        try:
            self.host.formyd.start()
        finally:
            for name in environment:
                del os.environ[name]

    def hears(self, pattern, seconds=10):
        def look():
            try:
                while True:
                    self.heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                pass
            return any(re.search(pattern, one, re.M) for one in self.heard)
        return until(look, seconds, lambda: f"the manager hears {pattern}: {self.heard}")

    def forget(self):
        self.heard.clear()

    def test_the_life_of_a_service(self):
        self.start(str(self.host.folder / "notify"))
        self.hears("^READY=1$")
        self.hears(r"^STATUS=serving: 1 modes, 2 executors, 0 running, 0 done, 0 failed$")
        self.hears("^WATCHDOG=1$")
        self.forget()
        self.hears("^WATCHDOG=1$")
        self.forget()
        self.host.formyd.send(signal.SIGHUP)
        self.hears(r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.hears("^READY=1$")
        self.assertLess([n for n, one in enumerate(self.heard) if "RELOADING" in one][0],
                        [n for n, one in enumerate(self.heard) if "READY" in one][0])
        self.forget()
        self.host.conf.write_text("redis { prot = 1 }")
        self.host.formyd.send(signal.SIGHUP)
        self.hears("^RELOADING=1$")
        self.hears("^READY=1$")
        self.forget()
        self.assertEqual(self.host.formyd.stop(), 0)
        self.hears("^STOPPING=1$")

    def test_a_stop_gets_the_time_that_it_needs(self):
        self.start("\0formy-test-%d" % os.getpid())
        self.hears("^READY=1$")
        task = self.host.submit("SLOW", self.host.put(picture(32, 32)), {"ms": 3000})
        self.hears("^STATUS=serving: .* 1 running")
        self.forget()
        self.host.formyd.send(signal.SIGTERM)
        self.hears("^STOPPING=1$")
        for _ in range(2):
            self.hears("^EXTEND_TIMEOUT_USEC=15000000$")
            self.forget()
        self.assertEqual(self.host.formyd.process.wait(30 * formytest.PATIENCE), 0)
        self.assertEqual(self.host.wait(task)["status"], "done")

    def test_executors_do_not_know_the_socket(self):
        self.start(str(self.host.folder / "notify"))
        self.hears("^READY=1$")
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int(re.search(r"^PPid:\s*(\d+)", (entry / "status").read_text(), re.M)[1])
                if parent == self.host.formyd.process.pid:
                    self.assertNotIn(b"NOTIFY_SOCKET", (entry / "environ").read_bytes())
            except (FileNotFoundError, ProcessLookupError):
                pass


if __name__ == "__main__":
    formytest.main()
