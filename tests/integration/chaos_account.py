"""The account of a chaos run: what was made is counted against what is there."""

import json
from collections import Counter

import numpy
from PIL import Image

from chaos_world import ATTEMPTS, CRASHES
from formytest import FINAL, until

# How a task may fail that does nothing wrong itself, by what the faults did to it.
BY_FAULTS = {"PIPELINE_CRASHED", "PIPELINE_INIT_FAILED", "STORAGE_FULL", "RESULT_SAVE_FAILED"}
BY_ACT = {"pass": {"ENGINE_CONNECTION_FAILED"}, "fail": {"INVALID_CONFIG"},
          "crash": {"PIPELINE_CRASHED"}, "hang": {"PIPELINE_TIMEOUT"}, "none": set()}
# Formy's keys that may stand when nothing waits and nothing runs.
# What is gone stands until the janitor has been there, and so does a dead janitor's lock.
MAY_STAND = ("task:data:", "task:index:", "task:indexed", "task:counts", "task:sweep", "task:walk",
             "task:reaped", "modes", "events:stream",
             "task:gone", "janitor")
# For a janitor that was killed, whose lock and registration end, and for the next one's round.
JANITOR_S = 90
ROLES = {"output_image": "_output.", "thumbnail": "_thumb.", "comparison_image": "_comparison."}


class Account:
    def __init__(self, world, load, faults):
        self.world = world
        self.load = load
        self.faults = faults
        self.client = world.client
        self.problems = world.problems
        self.counts = Counter()
        self.executions = {}

    def check(self, true, text):
        if not true:
            self.problems.append(text)

    def take(self):
        """While the workers still run, and nothing is pending."""
        self.read_notes()
        self.check_ids()
        files = self.files_in_the_end()
        for task in self.load.tasks.values():
            if task.created and not task.deleted:
                self.check_task(task, files.get(task.id, {}))
            elif task.deleted:
                self.check_deleted(task, files.get(task.id, {}))
        for task_id in files.keys() - self.load.tasks.keys():
            self.problems.append(f"results of a task that nobody made: {files[task_id]}")
        self.check_executions()
        self.check_events()
        self.check_stats()

    def read_notes(self):
        for line in self.world.notes.read_text().splitlines():
            name, attempt, pid = line.split()
            self.executions.setdefault(name, []).append((int(attempt), int(pid)))

    def check_ids(self):
        prefix = self.world.key("task:data:")
        there = {key[len(prefix):] for key in self.client.scan_iter(prefix + "*", 1000)}
        made = {task.id for task in self.load.tasks.values() if task.created}
        kept = {task.id for task in self.load.tasks.values() if task.created and not task.deleted}
        for task_id in kept - there:
            self.problems.append(f"{task_id} is lost: {self.load.events.get(task_id)}")
        for task_id in there - kept:
            self.problems.append(f"{task_id} is there again: {self.world.task(task_id)}")
        self.counts["created"] = len(made)
        self.counts["deleted"] = len(made) - len(kept)

    def result_files(self):
        files = {}
        for path in self.world.results.iterdir():
            if path.name == ".scratch":
                continue
            for member, ending in ROLES.items():
                if ending in path.name:
                    task_id = path.name[:path.name.rindex(ending)]
                    files.setdefault(task_id, {}).setdefault(member, []).append(path.name)
                    break
            else:
                files.setdefault(None, {}).setdefault("strange", []).append(path.name)
        return files

    def files_in_the_end(self):
        """What a killed attempt had published of a task that ended badly, the janitor removes soon."""
        def clean():
            files = self.result_files()
            return not any(self.is_unwanted(self.load.tasks[task_id]) for task_id in files
                           if task_id in self.load.tasks)

        try:
            until(clean, JANITOR_S, "no files of tasks that ended badly")
        except AssertionError as error:
            self.problems.append(str(error))
        return self.result_files()

    def is_unwanted(self, task):
        if task.deleted:
            # what was done before it was deleted keeps its files until they are too old
            return task.status_at_delete in ("pending", "processing")
        fields = self.world.task(task.id)
        return fields.get("status") in ("failed", "cancelled") and "result" not in fields

    def check_task(self, task, files):
        fields = self.world.task(task.id)
        status = fields.get("status")
        self.check(status in FINAL, f"{task.id} did not end: {fields}")
        self.counts[status] += 1
        if status == "done":
            self.check_done(task, fields, files)
        elif status == "failed":
            self.check_failed(task, fields, files)
        elif status == "cancelled":
            self.check(task.cancel, f"{task.id} is cancelled, and nobody did it")
            if "result" in fields:
                self.counts["cancelled after they were done"] += 1
            else:
                self.check_no_files(task, files)

    def check_done(self, task, fields, files):
        result = json.loads(fields.get("result", "null"))
        if not result or "error" in fields:
            self.problems.append(f"{task.id} is done without a result, or with an error: {fields}")
            return
        by = (result["metadata"].get("attempt"), result["metadata"].get("pid"))
        self.check(by in self.executions.get(task.id, []), f"{task.id}: its result is of {by}, which"
                   f" is none of {self.executions.get(task.id)}")
        named = {member: result[member].rpartition("/")[2] for member in ROLES if result[member]}
        found = {member: names[0] for member, names in files.items() if len(names) == 1}
        self.check(named == found and all(len(names) == 1 for names in files.values()),
                   f"{task.id} names {named}, and has {files}")
        self.check(("output_image" in named) == task.config["picture"],
                   f"{task.id}: picture {task.config['picture']}, result {named}")
        if "output_image" in found:
            grey = numpy.asarray(Image.open(self.world.results / found["output_image"]))
            self.check(abs(grey.mean() - by[0] * 16) < 6, f"{task.id}: its picture is of attempt "
                       f"{grey.mean() / 16:.1f}, its result of {by[0]}")

    def check_failed(self, task, fields, files):
        code = json.loads(fields["error"])["code"]
        if code in BY_ACT[task.config["act"]]:
            self.counts["failed by what they did"] += 1
        elif code in BY_FAULTS:
            self.counts["failed by faults"] += 1
        else:
            self.problems.append(f"{task.id} ({task.config['act']}) failed: {fields['error']}")
        self.check_no_files(task, files)
        self.check("result" not in fields, f"{task.id} has failed, and has a result")

    def check_deleted(self, task, files):
        if self.is_unwanted(task):
            self.check_no_files(task, files)

    def check_no_files(self, task, files):
        self.check(not files, f"{task.id} did not end well, and has files: {files}")

    def check_executions(self):
        for name, runs in self.executions.items():
            task = self.load.tasks.get(name)
            if not task:
                self.problems.append(f"{name} ran, and nobody made it")
                continue
            # what was hit before its worker could tell that it had begun is not an attempt
            unhit = [attempt for attempt, pid in runs if pid not in self.faults.hit]
            self.counts["executions"] += len(runs)
            self.counts["executions that a fault hit"] += len(runs) - len(unhit)
            allowed = ATTEMPTS + (CRASHES - 1 if task.config["act"] == "crash" else 0)
            self.check(len(unhit) <= allowed and len(set(unhit)) == len(unhit)
                       and max(attempt for attempt, _ in runs) <= ATTEMPTS + CRASHES - 1,
                       f"{name} ({task.config['act']}) ran too often: {runs}, not hit: {unhit}")
        self.counts["most executions of a task"] = max(
            (len(runs) for runs in self.executions.values()), default=0)

    def check_events(self):
        for task_id, statuses in self.load.events.items():
            ends = [i for i, status in enumerate(statuses) if status in FINAL]
            self.check(len(ends) <= 1, f"{task_id} ended more than once: {statuses}")
            if ends:
                after = set(statuses[ends[0] + 1:]) - {"deleted"}
                self.check(not after, f"{task_id} went on after its end: {statuses}")

    def check_stats(self):
        """formy stats counts right, soon: what foreign clients did is found step by step."""
        expected = {name: self.counts[name] for name in (*FINAL, "pending", "processing",
                                                         "delayed")}
        stats = {}

        def agrees():
            done = self.world.formy("stats", "--json")
            stats.update(json.loads(done.stdout) if done.returncode == 0 else {})
            return all(stats.get(name) == count for name, count in expected.items())

        # the search goes through 300 of the tasks at each reap, and there is one a second
        seconds = 20 + len(self.load.tasks) / 100
        try:
            until(agrees, seconds, lambda: f"formy stats says {expected}: {stats}")
        except AssertionError as error:
            self.problems.append(str(error))

    # After the workers have ended.

    def check_left_over(self):
        prefix = self.world.key("")
        for key in self.client.scan_iter(prefix + "*", 1000):
            if not key[len(prefix):].startswith(MAY_STAND):
                kind = self.client.type(key)
                self.problems.append(f"the {kind} {key} is left over: {self.content(key, kind)}")
        for pid in self.world.living():
            self.problems.append(f"process {pid} is left over")
        scratch = self.world.results / ".scratch"
        for path in scratch.rglob("*") if scratch.exists() else ():
            if path.name != ".lock" or path.parent != scratch:
                self.problems.append(f"scratch is left over: {path.relative_to(scratch)}")
        for path in self.world.uploads.rglob("*"):
            self.check(path.is_dir(), f"an upload that nobody made: {path}")

    def content(self, key, kind):
        read = {"string": lambda: self.client.get(key),
                "list": lambda: self.client.lrange(key, 0, 5),
                "set": lambda: self.client.srandmember(key, 5),
                "zset": lambda: self.client.zrange(key, 0, 5, withscores=True),
                "hash": lambda: self.client.hgetall(key)}
        return read.get(kind, lambda: "")()

    def holds(self):
        counts = self.counts
        self.check(counts["created"] == sum(counts[name] for name in (*FINAL, "deleted")),
                   f"the sum is wrong: {dict(counts)}")
        self.check(counts["done"] > 0, "no task was done: the test shows nothing")
        return not self.problems

    def lines(self):
        counts = self.counts
        yield (f"created {counts['created']} = done {counts['done']} + failed {counts['failed']}"
               f" + cancelled {counts['cancelled']} + deleted {counts['deleted']}")
        for name in ("failed by what they did", "failed by faults",
                     "cancelled after they were done", "executions",
                     "executions that a fault hit", "most executions of a task"):
            yield f"{name}: {counts[name]}"
        refused = sum(self.world.log_of(index).count("result refused") for index in (0, 1))
        yield f"late results refused: {refused}"
        yield "faults: " + ", ".join(f"{kind} {number}" for kind, number
                                     in self.faults.done.items())
