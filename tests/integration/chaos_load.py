"""Tasks for the chaos test: who makes, cancels and deletes them, and what is known of each."""

import json
import subprocess
import threading
import time
from datetime import datetime

from chaos_world import TROUBLE
from formytest import BIN, FINAL, new_id

# What tasks do, and how many of a hundred do it.
ACTS = {"none": 79, "pass": 8, "fail": 5, "crash": 5, "hang": 3}
NO_PICTURE = "img_20260101_0000000000"
MOST_UNENDED = 60
BURST = 40


class Task:
    def __init__(self, task_id, config, by):
        self.id = task_id
        self.config = config
        self.by = by
        self.created = False
        self.cancel = None  # "asked": it was, and may have come too late
        self.deleted = False
        self.status_at_delete = None


class Load:
    """Threads that act until told to stop; each has its own random numbers, from the seed."""

    def __init__(self, world, chance):
        self.world = world
        self.tasks = {}
        self.stop = threading.Event()  # for those who act
        self.stop_reading = threading.Event()
        self.events = {}  # id -> statuses, in order, as the stream of events has them
        self.last_event = "0-0"
        self.unended = []
        self.actors = [threading.Thread(target=self.run, name=name,
                                        args=(act, chance(name), self.stop))
                       for name, act in (("formy", self.submit), ("foreign", self.push),
                                         ("canceller", self.spoil))]
        self.reader = threading.Thread(target=self.run, name="reader",
                                       args=(self.read, None, self.stop_reading))

    def start(self):
        for thread in (*self.actors, self.reader):
            thread.start()

    def join(self, thread):
        thread.join(60)
        if thread.is_alive():
            self.world.problems.append(f"the test's thread {thread.name} does not end")

    def end_making(self):
        self.stop.set()
        for thread in self.actors:
            self.join(thread)

    def end(self):
        self.stop.set()
        self.stop_reading.set()
        for thread in (*self.actors, self.reader):
            if thread.ident:
                self.join(thread)

    def run(self, act, chance, stop):
        client = self.world.patient_client()
        try:
            while not stop.is_set():
                act(client, chance)
        except Exception as error:  # a thread's end must not go unseen
            self.world.problems.append(f"{threading.current_thread().name}: {error!r}")
            raise

    def insist(self, action, seconds=45):
        """Repeats an action until Redis answers: its effect must bear that."""
        end = time.monotonic() + seconds
        while True:
            try:
                return action()
            except TROUBLE:
                if time.monotonic() > end:
                    raise
                threading.Event().wait(0.05)

    # Creating.

    def new_task(self, chance, by, short=False):
        act = chance.choices(list(ACTS), list(ACTS.values()))[0]
        if short and chance.random() < 0.9:
            act = "none"
        task_id = new_id("task")
        config = {"name": task_id, "ms": chance.choice((0, 2, 10, 50, 200, 500, 1500)), "act": act,
                  "picture": chance.random() < 0.4}
        if short:
            config.update(ms=0, picture=False)
        if act in ("pass", "crash"):
            config["times"] = chance.choice((1, 2, 1000))
        task = Task(task_id, config, by)
        self.tasks[task_id] = task
        return task

    def room(self):
        return len(self.unended) < MOST_UNENDED

    def submit(self, client, chance):
        """By `formy submit`. One that says nothing of success is looked up, and done again."""
        if self.stop.wait(0.25) or not self.room():
            return
        task = self.new_task(chance, "formy")
        command = [str(BIN / "formy"), "-c", str(self.world.conf), "submit", "CHAOS", NO_PICTURE,
                   "--id", task.id, "--config", json.dumps(task.config), "--priority",
                   chance.choice(("high", "normal", "low"))]
        if chance.random() < 0.5:
            command += ["--user", chance.choice(("ann", "ben"))]
        end = time.monotonic() + 45
        while not task.created:
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True, timeout=30, check=False)
                said = done.stderr
            except subprocess.TimeoutExpired:
                said = "no end within 30 s"
            task.created = bool(self.insist(
                lambda: client.exists(self.world.key(f"task:data:{task.id}"))))
            if not task.created and time.monotonic() > end:
                raise AssertionError(f"formy submit: {said}")
        self.unended.append(task)

    def push(self, client, chance):
        """As the contract's foreign clients do. The same id may be pushed twice."""
        if self.stop.wait(0.07) or not self.room():
            return
        task = self.new_task(chance, "foreign")
        data = {"mode": "CHAOS", "source_image": NO_PICTURE, "config": task.config}
        if chance.random() < 0.3:
            data["user_id"] = chance.choice(("ann", "ben"))
        now = datetime.utcnow().isoformat()
        fields = {"task_id": task.id, "status": "pending", "data": json.dumps(data),
                  "created_at": now, "updated_at": now}
        self.insist(lambda: client.hset(self.world.key(f"task:data:{task.id}"), mapping=fields))
        self.insist(lambda: client.rpush(self.world.key("task:queue"), task.id))
        if chance.random() < 0.05:
            self.insist(lambda: client.rpush(self.world.key("task:queue"), task.id))
        task.created = True
        self.unended.append(task)

    def burst(self, client, chance):
        """Many at once that take no time: some wait in an executor behind others."""
        if self.stop.wait(chance.uniform(1, 4)) or not self.room():
            return
        tasks = [self.new_task(chance, "foreign", short=True) for _ in range(BURST)]
        now = datetime.utcnow().isoformat()

        def push():
            with client.pipeline(transaction=True) as at_once:
                for task in tasks:
                    data = {"mode": "CHAOS_SHORT", "source_image": NO_PICTURE, "config": task.config}
                    at_once.hset(self.world.key(f"task:data:{task.id}"), mapping={
                        "task_id": task.id, "status": "pending", "data": json.dumps(data),
                        "created_at": now, "updated_at": now})
                at_once.rpush(self.world.key("task:queue"), *(task.id for task in tasks))
                at_once.execute()

        # what Redis took without an answer must not be made anew
        self.insist(lambda: client.exists(self.world.key(f"task:data:{tasks[0].id}")) or push())
        for task in tasks:
            task.created = True
            self.unended.append(task)

    # Cancelling and deleting, as foreign clients do, and by `formy cancel`.

    def spoil(self, client, chance):
        if self.stop.wait(0.4) or not self.unended:
            return
        task = chance.choice(self.unended)
        how = chance.choice(("cancel", "cancel", "formy", "delete"))
        if task.cancel or task.deleted:
            return
        if how == "delete":
            self.insist(lambda: self.delete(client, task))
        elif how == "formy":
            task.cancel = "asked"
            try:
                self.world.formy("cancel", task.id, seconds=30)
            except subprocess.TimeoutExpired:
                pass
        else:
            self.insist(lambda: self.cancel(client, task))

    def cancel(self, client, task):
        key = self.world.key(f"task:data:{task.id}")
        if client.hget(key, "status") in FINAL:
            return
        task.cancel = "asked"
        client.lrem(self.world.key("task:queue"), 0, task.id)
        client.hset(key, mapping={"status": "cancelled", "progress": "0",
                                  "updated_at": datetime.utcnow().isoformat()})
        client.srem(self.world.key("task:processing"), task.id)

    def delete(self, client, task):
        key = self.world.key(f"task:data:{task.id}")
        task.deleted = True
        with client.pipeline() as both:
            both.hget(key, "status")
            both.delete(key)
            both.srem(self.world.key("task:processing"), task.id)
            task.status_at_delete = both.execute()[0]

    # Looking.

    def read(self, client, _chance):
        """Follows the events, and which tasks have not ended."""
        self.stop_reading.wait(0.1)
        try:
            self.read_events(client)
            for task in list(self.unended):
                if task.deleted or client.hget(
                        self.world.key(f"task:data:{task.id}"), "status") in FINAL:
                    self.unended.remove(task)
        except TROUBLE:
            pass

    def read_events(self, client):
        stream = self.world.key("events:stream")
        while True:
            found = client.xread({stream: self.last_event}, count=500)
            if not found:
                return
            for number, fields in found[0][1]:
                for event in json.loads(fields["events"]):
                    for task_id in event["task_ids"]:
                        self.events.setdefault(task_id, []).append(event["status"])
                self.last_event = number
