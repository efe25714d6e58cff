"""The faults of the chaos test: a schedule that a seed decides, and how each fault is done."""

import os
import re
import signal
import time
from datetime import datetime

import redis

from chaos_world import EXECUTORS, TROUBLE, children

EVERY_S = 1.2
STOP_MOST_S = 20
PID = re.compile(r" pid=(\d+)")
UNTOLD_S = 10  # a lease: what ended before, Redis knows, or another worker runs it

# kind: how often it comes, beside the others
KINDS = {
    "kill executor": 6,
    "kill worker": 4,
    "kill redis": 3,
    "stop worker": 3,
    "drop connections": 3,
    "redis sleeps": 2,
    "disk full": 2,
}


def time_of(line):
    return datetime.fromisoformat(line.split(" ", 1)[0][len("ts="):].rstrip("Z"))


class Fault:
    def __init__(self, at, kind, worker, number, lasts):
        self.at = at
        self.kind = kind
        self.worker = worker  # which of the two
        self.number = number  # which executor, where it is one
        self.lasts = lasts

    def __str__(self):
        text = f"{self.at:7.2f} s  {self.kind}"
        if self.kind in ("kill executor", "kill worker", "stop worker"):
            text += f" {self.worker}"
        if self.kind == "kill executor":
            text += f".{self.number}"
        return text + (f", for {self.lasts:.2f} s" if self.lasts else "")


def lasting(kind, chance, seconds):
    longest = {"kill worker": 1.5, "kill redis": 2, "stop worker": min(STOP_MOST_S, seconds / 2),
               "redis sleeps": 2, "disk full": 3}.get(kind, 0)
    return round(chance.uniform(0.1, longest), 2) if longest else 0


def schedule(chance, seconds):
    """All kinds once, in some order, then any; at times that the seed decides."""
    kinds = list(KINDS)
    chance.shuffle(kinds)
    every = min(EVERY_S, seconds / (len(kinds) + 1))
    faults, at = [], 0.0
    while True:
        at += chance.uniform(0.5, 1.5) * every
        if at >= seconds:
            return faults
        kind = kinds.pop() if kinds else chance.choices(list(KINDS), list(KINDS.values()))[0]
        faults.append(Fault(round(at, 2), kind, chance.randrange(2), chance.randrange(EXECUTORS),
                            lasting(kind, chance, seconds)))


class Faults:
    """Carries a schedule out, and mends what it broke."""

    def __init__(self, world, faults, say):
        self.world = world
        self.faults = faults
        self.say = say
        self.mending = []  # (when, what)
        self.done = {kind: 0 for kind in KINDS}
        # executors that were killed, alone or with their worker, or left alone; and those that had
        # ended by themselves when their worker, which had perhaps not told Redis of it, was hit
        self.hit = set()
        self.ballast = world.folder / "results" / "ballast"

    def run(self, seconds):
        begin = time.monotonic()
        waiting = list(self.faults)
        while True:
            now = time.monotonic() - begin
            self.mend(now)
            if waiting and waiting[0].at <= now:
                fault = waiting.pop(0)
                happened = self.apply(fault, now)
                self.done[fault.kind] += bool(happened)
                self.say(f"{fault}{'' if happened else ' (nothing to hit)'}")
                continue
            if now >= seconds:
                break
            self.world.look()
            self.world.stopping.wait(0.05)
        self.mend(float("inf"))

    def mend(self, now):
        for item in [item for item in self.mending if item[0] <= now]:
            self.mending.remove(item)
            item[1]()

    def apply(self, fault, now):
        worker = self.world.workers[fault.worker]
        act = getattr(self, fault.kind.replace(" ", "_"))
        undo = act(worker, fault)
        if callable(undo):
            self.mending.append((now + fault.lasts, undo))
        return undo

    # Each returns how it is mended, True when nothing is to be mended, or None: nothing was hit.

    def kill_executor(self, worker, fault):
        there = children(worker.pid) if worker.lives() else []
        if not there:
            return None
        pid = there[fault.number % len(there)]
        self.world.remember(pid)
        self.hit.add(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return True

    def hit_executors(self, worker):
        """Those of a worker that stands still: its children, and those whose tasks it had end lately."""
        self.hit.update(children(worker.pid))
        lines = [line for line in self.world.log_of(worker.index).splitlines()[-2000:]
                 if line.startswith("ts=")]
        last = time_of(lines[-1]) if lines else None
        self.hit.update(int(found[1]) for line in lines if (found := PID.search(line))
                        and (last - time_of(line)).total_seconds() < UNTOLD_S)

    def kill_worker(self, worker, _fault):
        if not worker.lives():
            return None
        # one that ran could start an executor, and give it a task, after its children were read
        worker.stop()
        self.hit_executors(worker)
        worker.kill()
        return worker.start

    def stop_worker(self, worker, _fault):
        if not worker.lives() or worker.stopped:
            return None
        stopped = worker.formyd
        worker.stop()
        self.hit_executors(worker)
        return lambda: worker.resume() if worker.formyd is stopped else None

    def kill_redis(self, _worker, _fault):
        if self.world.redis.process.poll() is not None:
            return None
        self.world.redis.kill()
        return self.world.redis.start

    def drop_connections(self, _worker, _fault):
        try:
            client = self.world.patient_client(1)
            return bool(sum(client.execute_command("CLIENT", "KILL", "TYPE", kind)
                            for kind in ("normal", "pubsub"))) or None
        except TROUBLE:
            return None

    def redis_sleeps(self, _worker, fault):
        try:
            self.world.patient_client(0.05).execute_command("DEBUG", "SLEEP", fault.lasts)
        except redis.TimeoutError:
            return True
        except TROUBLE:
            return None
        return True

    def disk_full(self, _worker, _fault):
        if not self.world.disk or self.ballast.exists():
            return None
        with open(self.ballast, "wb", buffering=0) as file:
            block = b"\0" * 65536
            try:
                while file.write(block) == len(block):
                    pass
                while file.write(b"\0"):
                    pass
            except OSError:
                pass
        return self.ballast.unlink
