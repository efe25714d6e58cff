"""What the chaos test runs on: a redis-server that keeps what it acknowledged, two workers of
four executors, a small disk for results if there can be one, and a clock that is wrong."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import redis

from formytest import BIN, PATIENCE, TEST_PLUGINS, Formyd, Service, until

EXECUTORS = 4
ATTEMPTS = 3
CRASHES = 2  # the second one ends a task
DISK_BYTES = 16 << 20
DISK_BYTES_A_SECOND = 64 << 10  # for the results of all that is made: only a fault fills it
# What Redis answers, or does not, while it is killed, loads its file or is asleep.
TROUBLE = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError)

SETTINGS = f"""
tasks {{ max_attempts = {ATTEMPTS} retry_delay = 100ms timeout = {int(3 * PATIENCE)}s }}
"""


def started_at(pid):
    """When a process began, in ticks; None when there is none. With the pid it names a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def state(pid):
    """One letter, as in ps: T for one that stands still; "" when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def stand_still(pid):
    """SIGSTOP, and waits until it is in force: until then a process goes on, and has children."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: state(pid) in ("T", "Z", "X", ""), 20, "the process stands still")


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Worker:
    """One formyd, again and again: a killed one is followed by a new one."""

    def __init__(self, world, index, before):
        self.world = world
        self.index = index
        self.before = before
        self.wanted = False
        self.stopped = False
        self.formyd = None

    def start(self):
        self.formyd = Formyd(self.world.conf, self.world.folder / f"formyd{self.index}.log",
                             self.world.client, before=self.before)
        self.formyd.start(wait=False)
        self.wanted = True
        self.stopped = False
        self.world.remember(self.formyd.process.pid)

    @property
    def pid(self):
        return self.formyd.process.pid

    def lives(self):
        return self.formyd is not None and self.formyd.process.poll() is None

    def kill(self):
        self.world.remember_children(self.pid)
        self.wanted = False
        self.formyd.kill()

    def stop(self):
        self.stopped = True
        stand_still(self.pid)

    def resume(self):
        self.stopped = False
        if self.lives():
            self.formyd.send(signal.SIGCONT)


class World(Service):
    """Service with its own kinds of Redis, disk and workers; `skipped` says what there is not."""

    def __init__(self, skew_s, seconds):
        super().__init__({}, executors=EXECUTORS, start=False, sections=SETTINGS,
                         worker="shutdown_timeout = 10s")
        self.redis_options = ("--appendonly", "yes", "--appendfsync", "always",
                              "--enable-debug-command", "yes")
        self.skew_s = skew_s
        self.disk_bytes = DISK_BYTES + int(seconds * DISK_BYTES_A_SECOND)
        self.skipped = []
        self.problems = []
        self.processes = set()
        self.disk = None
        self.lock = threading.Lock()

    def __enter__(self):
        super().__enter__()
        with contextlib.ExitStack() as stack:
            stack.callback(super().__exit__, None, None, None)
            self.notes = self.folder / "notes"
            self.notes.touch()
            plugins = self.folder / "plugins"
            plugins.mkdir()
            shutil.copy(TEST_PLUGINS / "chaos.so", plugins)
            self.plugin_dirs = (plugins,)
            self.modes = {name: {"notes": str(self.notes), "sandbox": "off"}
                          for name in ("CHAOS", "CHAOS_SHORT")}
            self.write_conf()
            self.conf.write_text(self.conf.read_text().replace(
                "redis {", "redis { connect_timeout = 60s ", 1))
            self.mount(stack)
            self.workers = [Worker(self, 0, ()), Worker(self, 1, self.wrong_clock())]
            stack.callback(self.end_workers)
            self.stack2 = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack2.close()

    def mount(self, stack):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.disk_bytes}", "formy-chaos",
                               str(self.results)], capture_output=True, check=False)
        if done.returncode != 0:
            self.skipped.append("a full disk: only root can mount a small one for the results")
            return
        self.disk = self.results
        stack.callback(subprocess.run, ["umount", "-l", str(self.results)], check=False)

    def wrong_clock(self):
        """What makes the second worker's clock wrong, but for its monotonic one."""
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            self.skipped.append("wrong clocks: the Debian package faketime is not installed")
            return ()
        if b"__asan_init" in (BIN / "formyd").read_bytes():
            self.skipped.append("wrong clocks: AddressSanitizer bears no library before itself")
            return ()
        return ("env", f"LD_PRELOAD={found[0]}", f"FAKETIME={self.skew_s:+d}s",
                "FAKETIME_DONT_FAKE_MONOTONIC=1")

    def start_workers(self):
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            until(worker.formyd.registered, 30, "both workers are registered")

    def end_workers(self):
        for worker in self.workers:
            if worker.formyd and worker.lives():
                worker.formyd.send(signal.SIGCONT)
                worker.formyd.kill()

        for path in (*Path("/dev/shm").glob("faketime_shm_*"),
                     *Path("/dev/shm").glob("sem.faketime_sem_*")):
            if not started_at(path.name.rpartition("_")[2]):
                path.unlink(missing_ok=True)  # what the library leaves of a killed process

    def patient_client(self, seconds=2):
        """A client that gives up: TROUBLE instead of waiting for ever."""
        return redis.Redis(unix_socket_path=str(self.redis.socket), decode_responses=True,
                           socket_timeout=seconds, socket_connect_timeout=seconds)

    # Every process that was ever seen, so that none is left over unseen.

    def remember(self, *pids):
        # one that ends meanwhile is none: it must not be taken for a process without a beginning
        found = [(pid, started_at(pid)) for pid in pids]
        with self.lock:
            self.processes.update((pid, began) for pid, began in found if began is not None)

    def remember_children(self, pid):
        self.remember(*children(pid))

    def living(self):
        with self.lock:
            return [pid for pid, began in self.processes if started_at(pid) == began]

    def look(self):
        """To be called often: notes processes, and a worker that ended though nobody killed it."""
        for worker in self.workers:
            if worker.lives():
                self.remember_children(worker.pid)
            elif worker.wanted:
                self.problems.append(f"worker {worker.index} ended by itself, with "
                                     f"{worker.formyd.process.returncode}")
                worker.start()

    def log_of(self, index):
        path = self.folder / f"formyd{index}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def keep(self, target):
        """Copies what tells the story of a run: the logs and the notes."""
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
        for path in [*self.folder.glob("*.log"), self.notes, self.conf]:
            shutil.copy(path, target)

