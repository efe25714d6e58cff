"""Redis in trouble: it restarts, dies, is full, busy, a replica, asleep, or wants another password.

In each: formyd lives, does not spin, lets running tasks run, keeps how they ended, tells Redis when
it is back, runs nothing twice, and says once what is wrong.
"""

import json
import os
import signal
import socket
import threading
import time
import unittest
from pathlib import Path

import redis

import formytest
from formytest import FormyTest, until

DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes")
AWAY = "no connection to Redis"
REFUSED = "Redis refuses"


def cpu_seconds(pid):
    """What a process has used of the processor, its children not counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pause(seconds):
    threading.Event().wait(seconds)


class Proxy:
    """Between a TCP port and Redis' socket. freeze(): what is connected now hears nothing more;
    or only those connections that have said a word."""

    def __init__(self, path):
        self.path = str(path)
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.path)
            frozen, said = threading.Event(), bytearray()
            self.connections.append((frozen, said))
            self.sockets += [near, far]
            for one, other, heard in (near, far, said), (far, near, None):
                threading.Thread(target=self.copy, args=(one, other, frozen, heard),
                                 daemon=True).start()

    @staticmethod
    def copy(one, other, frozen, said):
        try:
            while data := one.recv(65536):
                if said is not None:
                    said += data
                if not frozen.is_set():
                    other.sendall(data)
            if not frozen.is_set():
                other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def freeze(self, word=b""):
        for frozen, said in self.connections:
            if word in said:
                frozen.set()

    def close(self):
        self.listener.close()
        for one in self.sockets:
            one.close()


class Trouble(FormyTest):
    def start(self, redis_options=DURABLE, **more):
        self.host = self.service({"SLOW": {}, "NOOP": {}}, redis_options=redis_options, **more)
        self.host.wait(self.host.submit("NOOP", "x"))

    def running(self, ms, count=2):
        """Tasks that run now, as many as there are executors, and two that wait behind them."""
        tasks = [self.host.submit("SLOW", "x", {"ms": ms}) for _ in range(count)]
        for task_id in tasks:
            until(lambda task_id=task_id: "current_step" in self.host.task(task_id), 20,
                  lambda: "the task runs\n" + self.host.tail())
        return tasks + [self.host.submit("NOOP", "x") for _ in range(2)]

    def all_done_once(self, tasks, seconds=30):
        for task_id in tasks:
            task = self.host.wait(task_id, "done", seconds)
            self.assertEqual(task["attempts"], "1", self.host.tail())
        self.assertEqual(self.host.client.scard("formy:task:processing"), 0)
        self.assertEqual(self.host.client.zcard("formy:task:lease"), 0)
        self.assertEqual(self.host.client.hlen("formy:task:claims"), 0)
        until(lambda: not self.outcomes(), 10, "no result is on disk any more")
        done = [done_id for entry in self.host.client.xrange("formy:events:stream")
                for event in json.loads(entry[1]["events"]) if event["status"] == "done"
                for done_id in event["task_ids"]]
        for task_id in tasks:
            self.assertEqual(done.count(task_id), 1)
        self.host.wait(self.host.submit("NOOP", "x"))

    def count_log(self, text):
        return self.host.formyd.log().count(text)

    def quiet(self, trouble):
        """Runs trouble() and fails when formyd was busy meanwhile."""
        pid = self.host.formyd.process.pid
        before, start = cpu_seconds(pid), time.monotonic()
        trouble()
        used, passed = cpu_seconds(pid) - before, time.monotonic() - start
        self.assertLess(used, 0.15 + 0.05 * passed, f"{used} s of CPU in {passed} s")
        self.assertIsNone(self.host.formyd.process.poll(), self.host.tail())

    def outcomes(self):
        return list(self.host.results.glob(".scratch/*/outcomes/*"))

    def wait_kept(self, tasks):
        """Waits until the two that ran are on disk; those behind them may be so too."""
        wanted = set(tasks[:2])
        until(lambda: wanted <= {path.name.partition(".")[2] for path in self.outcomes()}, 10,
              lambda: "two results are on disk\n" + self.host.tail())

    # The server goes and comes.

    def test_restart_while_tasks_run_and_wait(self):
        self.start()
        tasks = self.running(2500)

        def restart():
            self.host.redis.stop()
            pause(1)
            self.host.redis.start()
        self.quiet(restart)
        self.all_done_once(tasks)
        self.assertEqual(self.count_log(AWAY), 1)

    def test_kill_while_tasks_end(self):
        self.start()
        tasks = self.running(700)
        self.host.redis.kill()

        def away():
            self.wait_kept(tasks)
            pause(3)
        self.quiet(away)
        self.host.redis.start()
        self.all_done_once(tasks)
        self.assertEqual(self.count_log(AWAY), 1)
        self.assertEqual(self.count_log("are kept on disk until it does"), 1)

    def test_stop_without_redis_leaves_the_results_to_the_next_worker(self):
        self.start()
        tasks = self.running(700)
        self.host.redis.kill()
        self.host.formyd.wait_log("are kept on disk until it does")
        self.assertEqual(self.host.formyd.stop(), 0)
        self.wait_kept(tasks)
        self.host.redis.start()
        self.host.formyd.start()
        self.all_done_once(tasks)

    def test_kill_of_both_leaves_the_results_to_the_next_worker(self):
        self.start()
        tasks = self.running(700)
        self.host.redis.kill()
        self.wait_kept(tasks)
        self.host.formyd.kill()
        self.host.redis.start()
        self.host.formyd.start()
        self.all_done_once(tasks)

    def test_results_of_tasks_that_others_ended_meanwhile_are_dropped(self):
        self.host = self.service({"SLOW": {}, "ECHO": {}}, redis_options=DURABLE)
        source = self.host.put(formytest.picture())
        self.host.wait(self.host.submit("ECHO", source))
        echo = self.host.submit("ECHO", source)
        done = self.host.wait(echo)
        slow = self.host.submit("SLOW", "x", {"ms": 700})
        until(lambda: "current_step" in self.host.task(slow), 20, "it runs")
        self.host.redis.kill()
        until(lambda: len(self.outcomes()) == 1, 10, "a result is on disk")
        self.host.formyd.kill()
        self.host.redis.start()
        # a second result, of a task that was deleted: its files must go
        kept = self.outcomes()[0]
        file = json.loads(kept.read_text())
        token = file["token"]
        file.update(id=echo, published=True, json=done["result"])
        (kept.parent / f"{token}.{echo}").write_text(json.dumps(file))
        (kept.parent / "nonsense").write_text("{")
        self.host.delete(echo)
        self.host.cancel(slow)
        self.host.formyd.start()
        until(lambda: not self.outcomes(), 10, lambda: "all are answered\n" + self.host.tail())
        self.assertEqual(self.host.status(slow), "cancelled")
        self.assertEqual(self.host.task(echo), {})
        self.assertFalse(self.host.result(done).exists())

    def test_connections_are_killed(self):
        self.start()
        tasks = self.running(1500)
        for _ in range(4):
            for kind in "normal", "pubsub":
                self.host.client.client_kill_filter(_type=kind, skipme=True)
            pause(0.3)
        self.all_done_once(tasks)

    def test_scripts_are_forgotten(self):
        self.start()
        tasks = self.running(700)
        self.host.client.script_flush()
        self.all_done_once(tasks)
        self.assertEqual(self.count_log(REFUSED) + self.count_log(AWAY), 0)

    # It is there and does not answer.

    def test_sleeps(self):
        self.start()
        tasks = self.running(1500)
        self.quiet(lambda: self.host.client.execute_command("DEBUG", "SLEEP", 6))
        self.all_done_once(tasks)
        self.assertLessEqual(self.count_log(AWAY), 2)

    def test_is_stopped_for_20_seconds(self):
        self.start()
        tasks = self.running(1500)

        def stopped():
            self.host.redis.process.send_signal(signal.SIGSTOP)
            try:
                pause(20)
            finally:
                self.host.redis.process.send_signal(signal.SIGCONT)
        self.quiet(stopped)
        self.all_done_once(tasks)
        self.assertLessEqual(self.count_log(AWAY), 3)

    def start_behind_proxy(self, **more):
        self.start(**more)
        proxy = Proxy(self.host.redis.socket)
        self.addCleanup(proxy.close)
        self.host.formyd.stop()
        self.host.conf.write_text(self.host.conf.read_text().replace(
            f'unix_socket = "{self.host.redis.socket}"', f'host = "127.0.0.1" port = {proxy.port}'))
        self.host.formyd.start()
        return proxy

    def test_half_open_wait(self):
        proxy = self.start_behind_proxy(executors=1)
        self.host.wait(self.host.submit("NOOP", "x"))
        until(lambda: self.host.client.info("clients")["blocked_clients"] == 1, 10, "it waits")
        proxy.freeze(b"BLMOVE")
        # the first is claimed by a script whose answer nobody hears: its lease ends
        self.quiet(lambda: self.all_done_once(
            [self.host.submit("NOOP", "x") for _ in range(3)], 20))
        self.assertEqual(self.count_log(AWAY), 0)

    def test_half_open_connections(self):
        proxy = self.start_behind_proxy()
        tasks = self.running(1500)

        def frozen():
            proxy.freeze()
            for task_id in tasks:
                self.host.wait(task_id, "done", 20)
        self.quiet(frozen)
        self.all_done_once(tasks)
        self.assertEqual(self.count_log(AWAY), 1)

    def test_busy_with_a_script_of_another_program(self):
        self.start((*DURABLE, "--busy-reply-threshold", "500"))
        tasks = self.running(1500)
        other = self.host.redis.client()

        def loop():
            with self.assertRaises(redis.ResponseError):
                other.eval("while true do end", 0)
        thread = threading.Thread(target=loop)
        thread.start()

        def busy():
            pause(6)
            self.host.client.script_kill()
            thread.join(10)
        self.quiet(busy)
        self.all_done_once(tasks)
        self.assertIn("busy with another program's script", self.host.formyd.log())
        self.assertLessEqual(self.count_log(AWAY) + self.count_log(REFUSED + ";"), 2)

    def test_loads_its_data(self):
        self.start((*DURABLE, "--loading-process-events-interval-bytes", "1024",
                    "--aof-use-rdb-preamble", "yes"))
        pipe = self.host.client.pipeline()
        for i in range(600):
            pipe.set(f"other:{i}", "x" * 1000)
        pipe.execute()
        self.host.client.bgrewriteaof()
        until(lambda: self.host.client.info("persistence")["aof_rewrite_in_progress"] == 0
              and self.host.client.info("persistence")["aof_rewrite_scheduled"] == 0, 20, "rewritten")
        tasks = self.running(1500)
        self.host.redis.kill()
        self.host.redis.options += ("--key-load-delay", "5000")
        self.host.redis.answers = lambda: True
        self.host.redis.start()
        self.host.formyd.wait_log("still loading", 10)

        def loads():
            def answers():
                try:
                    return self.host.client.ping()
                except redis.RedisError:
                    return False
            until(answers, 60, "loaded")
        self.quiet(loads)
        self.all_done_once(tasks)
        self.assertLessEqual(self.count_log(AWAY), 2)

    # It answers and takes nothing.

    def refuse(self, trouble, mend, words, text=REFUSED + ";"):
        """Between trouble() and mend() two tasks end: once said, kept, and written afterwards."""
        tasks = self.running(700)
        trouble()

        def refused():
            self.host.formyd.wait_log(words)
            self.wait_kept(tasks)
            pause(2)
        self.quiet(refused)
        mend()
        self.all_done_once(tasks)
        self.assertEqual(self.count_log(text), 1)

    def test_is_full(self):
        self.start()
        self.refuse(lambda: self.host.client.config_set("maxmemory", 1),
                    lambda: self.host.client.config_set("maxmemory", 0), "is full")

    def test_becomes_a_replica(self):
        self.start()
        self.refuse(lambda: self.host.client.replicaof("127.0.0.1", "1"),
                    lambda: self.host.client.replicaof("NO", "ONE"), "is a replica", AWAY)

    def test_loses_a_right(self):
        self.start()
        self.host.client.acl_setuser("keeper", enabled=True, nopass=True, commands=["+@all"],
                                     keys=["*"])
        keeper = self.host.redis.client(username="keeper", password="any")
        self.refuse(lambda: keeper.execute_command("ACL", "SETUSER", "default", "-evalsha", "-eval"),
                    lambda: keeper.execute_command("ACL", "SETUSER", "default", "+@all"),
                    "does not give this user the rights")

    def test_wants_a_password(self):
        self.start()
        keeper = self.host.redis.client(password="secret")
        tasks = self.running(700)
        self.host.client.config_set("requirepass", "secret")
        for kind in "normal", "pubsub":
            keeper.client_kill_filter(_type=kind, skipme=True)
        self.quiet(lambda: (self.host.formyd.wait_log("needs a password"), pause(3)))
        keeper.config_set("requirepass", "")
        self.all_done_once(tasks)
        self.assertEqual(self.count_log(AWAY), 1)
        self.assertNotIn("secret", self.host.formyd.log())


class Cluster(FormyTest):
    def cluster(self, prefix):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        host = self.service({"NOOP": {}}, prefix=prefix, start=False, redis_options=(
            "--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes",
            "--cluster-port", str(port)[:-1] + "1" if port > 50000 else str(port + 10000)))
        host.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        until(lambda: "ok" in str(host.client.execute_command("CLUSTER", "INFO"))[:40], 20,
              "the cluster is up")
        return host

    def test_keys_without_a_hash_tag_are_explained(self):
        host = self.cluster("formy")
        host.formyd.start(wait=False)
        host.formyd.wait_log("set redis.key_prefix to one in braces")
        pause(2)
        self.assertEqual(host.formyd.log().count("in braces"), 1)

    def test_keys_with_a_hash_tag_work(self):
        host = self.cluster("{formy}")
        host.formyd.start()
        host.wait(host.submit("NOOP", "x"))


class Warnings(FormyTest):
    def log_of(self, *options):
        host = self.service({"NOOP": {}}, redis_options=options)
        return host.formyd.log()

    def test_a_safe_server_is_not_warned_of(self):
        log = self.log_of("--appendonly", "yes")
        self.assertNotIn("maxmemory-policy", log)
        self.assertNotIn("appendonly", log)

    def test_eviction(self):
        self.assertIn("set maxmemory-policy to noeviction", self.log_of(
            "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"))

    def test_no_persistence(self):
        self.assertIn("set appendonly yes", self.log_of("--appendonly", "no"))


if __name__ == "__main__":
    formytest.main()
