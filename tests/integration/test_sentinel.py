"""Redis Sentinel: formyd and formy find the master, and follow it when it is another server."""

import contextlib
import json
import signal
import socket
import subprocess
import time
import unittest

import redis

import formytest
from formytest import FormyTest, Redis, end_process, until


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Sentinel:
    """One redis-server in sentinel mode; it watches the master at `port` as "mymaster"."""

    def __init__(self, folder, port):
        self.port = free_port()
        self.conf = folder / "sentinel.conf"
        self.conf.write_text(f"""\
port {self.port}
bind 127.0.0.1
dir {folder}
sentinel monitor mymaster 127.0.0.1 {port} 1
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 6000
""")
        self.log = folder / "sentinel.log"

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", str(self.conf), "--sentinel"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self.client = redis.Redis(port=self.port, decode_responses=True)

        def ready():
            with contextlib.suppress(redis.ConnectionError):
                replicas = self.client.sentinel_slaves("mymaster")
                return [one for one in replicas if one["flags"] == "slave"
                        and one["master-link-status"] == "ok"]
        until(ready, 30, lambda: "the sentinel knows the replica\n" + self.log.read_text())
        return self

    def __exit__(self, *_):
        self.client.close()
        end_process(self.process, signal.SIGKILL, 10)

    def master_port(self):
        return int(self.client.sentinel_get_master_addr_by_name("mymaster")[1])


class Follow(FormyTest):
    def setUp(self):
        port, other_port, dead_port = free_port(), free_port(), free_port()
        common = ("--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0",
                  "--repl-ping-replica-period", "1")
        self.host = self.service({"SLOW": {}, "NOOP": {}}, start=False,
                                 redis_options=("--port", str(port), *common))
        folder = self.host.folder / "replica"
        folder.mkdir()
        self.replica = self.enterContext(Redis(
            folder, "--port", str(other_port), "--replicaof", "127.0.0.1", str(port), *common))
        # redis-server takes the last --port: formytest's is 0
        self.sentinel = self.enterContext(Sentinel(self.host.folder, port))
        self.host.conf.write_text(self.host.conf.read_text().replace(
            f'unix_socket = "{self.host.redis.socket}"',
            f'sentinel {{ master = "mymaster"\n hosts = {{"127.0.0.1:{dead_port}", '
            f'"127.0.0.1:{self.sentinel.port}"}} }}'))
        self.port, self.other_port = port, other_port
        self.host.formyd.start()

    def tasks(self):
        tasks = [self.host.submit("SLOW", "x", {"ms": 100}) for _ in range(60)]
        until(lambda: self.host.client.zcard("formy:task:index:done:SLOW") > 5, 20, "some are done")
        self.host.client.wait(1, 5000)
        return tasks

    def all_done(self, tasks):
        self.host.client = self.replica.client()
        self.host.formyd.client = self.host.client
        for task_id in tasks:
            task = self.host.wait(task_id, "done", 60)
            self.assertLessEqual(int(task["attempts"]), 3)
        self.assertEqual(self.host.client.scard("formy:task:processing"), 0)
        self.assertLessEqual(self.host.formyd.log().count("no connection to Redis"), 3)

    def test_failover_under_load(self):
        tasks = self.tasks()
        begin = time.monotonic()
        self.sentinel.client.execute_command("SENTINEL", "FAILOVER", "mymaster")
        until(lambda: self.sentinel.master_port() == self.other_port, 20, "the replica is master")
        switched = time.monotonic() - begin
        self.host.formyd.wait_log(f"redis=127.0.0.1:{self.other_port}", 10)
        self.assertLess(time.monotonic() - begin - switched, 5)
        self.all_done(tasks)

    def test_death_of_the_master(self):
        tasks = self.tasks()
        self.host.redis.kill()
        self.host.formyd.wait_log(f"redis=127.0.0.1:{self.other_port}", 20)
        self.all_done(tasks)

    def test_the_command_line_asks_the_sentinels(self):
        source = self.host.put(formytest.picture())
        done = self.host.formy("submit", "NOOP", source, "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.host.client.wait(1, 5000)
        self.sentinel.client.execute_command("SENTINEL", "FAILOVER", "mymaster")
        until(lambda: self.sentinel.master_port() == self.other_port, 20, "the replica is master")
        stats = self.host.formy("stats", "--json")
        self.assertEqual(stats.returncode, 0, stats.stderr)
        self.assertEqual(json.loads(stats.stdout)["done"], 1)
        after = self.host.formy("submit", "NOOP", source, "--wait")
        self.assertEqual(after.returncode, 0, after.stderr)

    def test_a_name_that_no_sentinel_knows(self):
        self.host.formyd.stop()
        self.host.conf.write_text(self.host.conf.read_text().replace(
            '"mymaster"', '"other"').replace("redis {", 'redis { connect_timeout = "1500ms"'))
        self.host.formyd.start(wait=False)
        self.assertEqual(self.host.formyd.process.wait(20), 69)
        self.assertIn("knows no master", self.host.formyd.log())
        stats = self.host.formy("stats")
        self.assertEqual(stats.returncode, 1)
        self.assertIn("sentinel", stats.stderr)


if __name__ == "__main__":
    formytest.main()
