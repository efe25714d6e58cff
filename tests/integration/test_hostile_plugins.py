"""A plugin that attacks: every wall of the sandbox holds, and nobody else notices."""

import errno
import json
import shutil
import socket
import struct
import tempfile
import time
import unittest
from datetime import datetime
from pathlib import Path

import formytest
from formytest import MODELS, PATIENCE, PLUGINS, SANITIZED, TEST_PLUGINS, FormyTest, photo, picture

BAD = TEST_PLUGINS.parent / "bad_plugins"
REFUSED = (errno.EACCES, errno.EPERM)
GOOD_TASKS = 1000

# by hostile_calls.c, and what they come to
CALLS = {act: REFUSED for act in (
    "trace", "everybody", "group", "own", "own_ex", "own_high", "own_ioctl", "move", "outlive", "core",
    "memfd", "unlink", "flags", "ring", "user", "clone_user", "key", "shm", "type", "call_32",
    "raw", "vsock", "events", "listen")}
# what programs know from older kernels and file systems, and have another way for
CALLS |= {"nameless": (*REFUSED, errno.EOPNOTSUPP), "nameless_2": (*REFUSED, errno.ENOSYS),
          "attributes": (*REFUSED, errno.ENOSYS), "link": (*REFUSED, errno.EXDEV)}


def outcome(job, status=0):
    """A packet that says how a job ended, in hex: core/wire/frame.h."""
    fields = b"".join(struct.pack("<HHIq", tag, 0, 8, value)
                      for tag, value in ((1, job), (2, status)))
    return (b"FM\x01\x07" + struct.pack("<I", len(fields)) + fields).hex()


class Hostile(FormyTest):
    def serve(self, names=("hostile",), modes=None, **more):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))
        for name in names:
            shutil.copy(BAD / f"{name}.so", folder)
        for name in "noop", "echo":
            shutil.copy(TEST_PLUGINS / f"{name}.so", folder)
        shutil.copy(PLUGINS / "template.so", folder)
        return self.service({"NOOP": {}, "TINT": {}, **(modes or {})}, plugin_dirs=(folder,),
                            **more)

    def attack(self, host, act, mode="HOSTILE", **config):
        """Does one thing, and returns the errno that it came to; None when the task failed."""
        task = host.wait(host.submit(mode, "x", {"act": act, **config}), ("done", "failed"), 40)
        if task["status"] == "failed":
            return json.loads(task["error"])
        return json.loads(task["result"])["metadata"]["errno"]

    def goes_on(self, host):
        self.assertIsNone(host.formyd.process.poll())
        host.wait(host.submit("NOOP", "x"))
        self.assertTrue(host.client.ping())

    def secrets(self, host):
        """Files that are there and that a plugin must not touch."""
        secret = host.folder / "secret"
        secret.write_text("secret")
        return {"shadow": "/etc/shadow", "conf": str(host.conf), "secret": str(secret),
                "upload": str(host.uploads / "new"), "result": str(host.results / "x_output.png"),
                "worker": f"/proc/{host.formyd.process.pid}/environ"}

    def test_walls(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for profile in "default", "strict":
                host = self.serve(modes={"HOSTILE": f'sandbox = "{profile}" max_attempts = 1'})
                self.walls_of(host, listener, profile)

    def walls_of(self, host, listener, profile):
        files = self.secrets(host)
        port = listener.getsockname()[1]
        for act, config in (
                ("read", {"path": files["shadow"]}), ("read", {"path": files["conf"]}),
                ("read", {"path": files["secret"]}), ("read", {"path": files["worker"]}),
                ("read", {"path": f"/proc/self/root{files['secret']}"}),
                ("write", {"path": files["upload"]}), ("write", {"path": files["result"]}),
                ("write", {"path": "/tmp/formy-stolen"}), ("cut", {"path": files["secret"]}), ("chmod", {"path": files["secret"]}),
                ("remove", {"path": files["secret"]}), ("connect", {"port": port}),
                ("connect_local", {"path": str(host.redis.socket)}), ("start", {}), ("exec", {}),
                ("fork_bomb", {}), ("signal", {}), ("limit", {}), ("slow", {})):
            # a leak checker has to be able to do what a fork needs
            if SANITIZED and act in ("fork_bomb", "start"):
                continue
            with self.subTest(profile=profile, act=act, **config):
                self.assertIn(self.attack(host, act, **config), REFUSED)
        self.assertEqual(Path(files["secret"]).read_text(), "secret")
        # of the scratch folders one is its own
        folders = sorted((host.results / ".scratch").glob("*/[0-9]"))
        with self.subTest(profile=profile, act="scratch"):
            self.assertGreater(len(folders), 1)
            wrote = [self.attack(host, "write", path=str(folder / "stolen")) for folder in folders]
            self.assertEqual(wrote.count(0), 1, wrote)
            self.assertTrue(all(code in REFUSED for code in wrote if code), wrote)
        listener.setblocking(False)
        self.assertRaises(BlockingIOError, listener.accept)
        self.goes_on(host)

    def test_calls_that_are_easily_forgotten(self):
        for profile in "default", "strict":
            host = self.serve(modes={"HOSTILE": f'sandbox = "{profile}" max_attempts = 1'})
            self.calls_of(host, profile)

    def calls_of(self, host, profile):
        secret = host.folder / "secret"
        secret.write_text("secret")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(str(host.folder / "datagrams"))
        for act, path in (
                *((act, "") for act in CALLS if act not in ("attributes", "link")), ("watch", str(host.uploads)),
                ("chmod_2", str(secret)), ("attributes", str(secret)), ("link", str(secret)),
                ("symlink", str(secret)), ("datagram", str(host.folder / "datagrams")),
                ("write", f"/proc/{host.formyd.process.pid}/mem"),
                ("write", "/dev/shm/formy-stolen"), ("write", "/dev/ptmx")):
            # what a leak checker has to be able to do itself
            if SANITIZED and act in ("trace", "clone_user", "outlive", "core"):
                continue
            with self.subTest(profile=profile, act=act, path=path):
                self.assertIn(self.attack(host, act, path=path), CALLS.get(act, REFUSED))
        pid = host.formyd.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        with self.subTest(profile=profile, act="write to the memory of another"):
            wrote = [self.attack(host, "write", path=f"/proc/{child}/mem") for child in children]
            self.assertTrue(all(code in (*REFUSED, errno.ENOENT) for code in wrote), wrote)
            self.assertTrue(any(code in REFUSED for code in wrote), wrote)
        self.assertEqual(secret.stat().st_mode & 0o777, 0o644)
        listener.setblocking(False)
        self.assertRaises(BlockingIOError, listener.recv, 1)
        self.goes_on(host)

    def test_there_is_something_to_refuse(self):
        """Without the sandbox the same attacks succeed: the test above can fail."""
        host = self.serve(modes={"HOSTILE": 'sandbox = "off"'})
        files = self.secrets(host)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for act, config in (
                    ("read", {"path": files["conf"]}), ("write", {"path": files["upload"]}),
                    ("connect", {"port": listener.getsockname()[1]}), ("start", {}),
                    ("connect_local", {"path": str(host.redis.socket)}),
                    ("chmod", {"path": files["secret"]}), ("cut", {"path": files["secret"]})):
                with self.subTest(act=act):
                    self.assertEqual(self.attack(host, act, **config), 0)

    def test_it_attacks_while_it_is_looked_at(self):
        host = self.serve(modes={"HOSTILE": {}})
        found = {plugin["id"]: plugin for plugin in
                 json.loads(host.formy("plugin", "list", "--json").stdout)}
        words = found["hostile"]["version"].split()
        self.assertIn(int(words[1]), REFUSED, found["hostile"])
        if not SANITIZED:
            self.assertIn(int(words[3]), REFUSED, found["hostile"])

    @unittest.skipIf(SANITIZED, "AddressSanitizer needs an address space without end")
    def test_memory(self):
        host = self.serve(modes={"HOSTILE": 'memory_limit = "512MiB" max_attempts = 1'})
        self.assertEqual(self.attack(host, "memory"), errno.ENOMEM)
        self.goes_on(host)

    def test_the_disk(self):
        host = self.serve(modes={"HOSTILE": 'max_attempts = 1 timeout = "30s"'},
                          sections="storage { max_pixels = 1000000 }")
        self.assertEqual(self.attack(host, "fill_file"), errno.EFBIG)
        for act in "fill_disk", "make_files":
            with self.subTest(act=act):
                error = self.attack(host, act)
                self.assertEqual(error["code"], "PIPELINE_CRASHED", error)
                self.assertIn("scratch folder", error["details"])
        left = sum(file.stat().st_size for file in host.results.rglob("*") if file.is_file())
        self.assertLess(left, 1 << 20)
        self.goes_on(host)

    def test_the_channel(self):
        host = self.serve(modes={"HOSTILE": 'max_attempts = 1'})
        for act in "garbage", "length":
            with self.subTest(act=act):
                error = self.attack(host, act)
                self.assertEqual(error["code"], "PIPELINE_CRASHED", error)
                self.goes_on(host)
        with self.subTest(act="other"):
            error = self.attack(host, "other", path=outcome(99))
            self.assertEqual(error["code"], "PIPELINE_CRASHED", error)
            self.goes_on(host)
        for act in "progress", "log":
            with self.subTest(act=act):
                self.assertEqual(self.attack(host, act), 0)
                self.goes_on(host)
        self.assertLess(len(host.formyd.log()), 64 << 20)

    def test_needs_are_granted(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host = self.serve(("hostile", "hostile_net", "hostile_exec"), modes={
                "HOSTILE": 'allow = {"net", "exec"}',
                "HOSTILE_NET": 'allow = {"net"} sandbox = "strict"',
                "HOSTILE_EXEC": 'allow = {"exec"} sandbox = "strict"'})
            port = listener.getsockname()[1]
            # granted and not needed is not there
            self.assertIn(self.attack(host, "connect", port=port), REFUSED)
            self.assertEqual(self.attack(host, "connect", "HOSTILE_NET", port=port), 0)
            self.assertIn(self.attack(host, "connect_local", "HOSTILE_NET",
                                      path=str(host.redis.socket)), REFUSED)
            self.assertEqual(self.attack(host, "start", "HOSTILE_EXEC"), 0)
            self.assertIn(self.attack(host, "signal", "HOSTILE_EXEC"), REFUSED)
            self.assertIn(self.attack(host, "read", "HOSTILE_EXEC", path=str(host.conf)), REFUSED)
            for act, mode in (("listen", "HOSTILE_NET"), ("vsock", "HOSTILE_NET"),
                              ("events", "HOSTILE_NET"), ("datagram", "HOSTILE_NET"),
                              ("session", "HOSTILE_EXEC"), ("clone_user", "HOSTILE_EXEC"),
                              ("user", "HOSTILE_EXEC"), ("trace", "HOSTILE_EXEC")):
                if SANITIZED and act in ("trace", "clone_user"):
                    continue
                with self.subTest(act=act, mode=mode):
                    self.assertIn(self.attack(host, act, mode), REFUSED)
            self.goes_on(host)

    def test_programs_end_with_the_plugin(self):
        host = self.serve(("hostile_exec",), modes={
            "HOSTILE_EXEC": 'allow = {"exec"} max_attempts = 1'})
        pid = self.attack(host, "leave", "HOSTILE_EXEC")
        self.assertIn(b"sleep", Path(f"/proc/{pid}/cmdline").read_bytes())
        self.attack(host, "garbage", "HOSTILE_EXEC")
        # one that has ended may still be waited for by whoever that is now
        formytest.until(lambda: not Path(f"/proc/{pid}").exists()
                        or not Path(f"/proc/{pid}/cmdline").read_bytes(), 10, "it has ended")

    @unittest.skipIf(SANITIZED, "AddressSanitizer needs more for a thread than there is")
    def test_threads(self):
        host = self.serve(modes={"HOSTILE": 'max_attempts = 1 timeout = "30s"'})
        error = self.attack(host, "threads")
        self.assertEqual(error["code"], "PIPELINE_CRASHED", error)
        self.assertIn("too many threads", error["details"])
        self.goes_on(host)

    def test_what_is_left_is_removed(self):
        host = self.serve(modes={"HOSTILE": {}})
        for _ in range(3):
            self.assertIn(self.attack(host, "unlink"), REFUSED)
            formytest.until(lambda: not list((host.results / ".scratch").glob("*/[0-9]/*")), 10,
                            "the scratch folders are empty")

    def test_needs_that_nobody_grants(self):
        host = self.serve(("hostile_net",), modes={"HOSTILE_NET": {}})
        host.formyd.wait_log('needs net, which nothing grants')
        self.assertEqual(host.wait_error(host.submit("HOSTILE_NET", "x"))["code"], "INVALID_MODE")
        self.goes_on(host)

    def test_it_is_shown(self):
        host = self.serve(("hostile_net",), modes={
            "HOSTILE_NET": 'allow = {"net"} sandbox = "strict"'}, executors=3)
        host.wait(host.submit("NOOP", "x"))
        self.attack(host, "read", "HOSTILE_NET", path="/etc/shadow")

        def shown():
            listed = json.loads(host.formy("plugin", "list", "--json").stdout)
            of = {plugin["id"]: plugin["sandbox"] for plugin in listed}
            if of["hostile_net"] and of["hostile_net"][0]["in_force"]:
                return of
        of = formytest.until(shown, 20, "the list tells")
        self.assertRegex(of["hostile_net"][0]["in_force"],
                         r"^strict, landlock \d+, seccomp, allowed net$")
        self.assertEqual(of["hostile_net"][0]["profile"], "strict")
        self.assertIn("strict, landlock", host.formy("plugin", "list").stdout)

    def test_a_kernel_without_landlock(self):
        host = self.serve(modes={"HOSTILE": {}, "ECHO": 'sandbox = "strict"'}, start=False)
        host.formyd.before = (str(BAD / "without_landlock"),)
        host.formyd.start()
        # default: what is left holds, and it is said what is not
        self.assertIn(self.attack(host, "connect", port=1), REFUSED)
        self.assertEqual(self.attack(host, "read", path=str(host.conf)), 0)
        self.assertRegex(host.formyd.log(), "lacks a wall.*Landlock")
        # strict: no plugin runs
        error = host.wait_error(host.submit("ECHO", host.put(picture()), max_attempts=1), 60)
        self.assertEqual(error["code"], "PIPELINE_INIT_FAILED", error)
        self.assertIn("cannot be kept", str(error))

    def test_good_tasks_beside_all_of_them(self):
        names = sorted(file.stem for file in BAD.glob("*.so"))
        acts = ("fork_bomb", "garbage", "length", "progress", "log", "read", "exec", "memory",
                "make_files", "signal")
        host = self.serve(names, executors=6, modes={
            "HOSTILE": 'concurrency = 2 max_attempts = 1 memory_limit = "512MiB" timeout = "5s"',
            "BAD": 'plugin = "segv_in_run" concurrency = 1 max_attempts = 1',
            "NOOP": {}}, sections="storage { max_pixels = 1000000 }")
        good = []
        bad = []
        for i in range(GOOD_TASKS):
            if i % 50 == 0:
                act = acts[i // 50 % len(acts)]
                if not SANITIZED or act not in ("memory", "fork_bomb"):
                    bad.append(host.submit("HOSTILE", "x", {"act": act, "path": "/etc/shadow"}))
                bad.append(host.submit("BAD", "x"))
            good.append(host.submit("NOOP", "x"))
            time.sleep(0.01)
        delays = []
        for task_id in good:
            task = host.wait(task_id, "done", 60)
            delays.append((datetime.fromisoformat(task["completed_at"])
                           - datetime.fromisoformat(task["created_at"])).total_seconds())
        # those of a plugin that was quarantined for its crashes wait for another
        for task_id in bad:
            host.wait(task_id, ("done", "failed", "pending"), 60)
        print(f"{len(good)} good tasks beside {len(bad)} bad ones of {len(names)} plugins: "
              f"the slowest took {max(delays):.3f} s")
        self.assertLess(max(delays), 2 * PATIENCE)
        self.assertIsNone(host.formyd.process.poll())


class Shipped(FormyTest):
    """What ships runs within the walls."""

    @unittest.skipUnless((PLUGINS / "local.so").exists(), "the build is without the local engine")
    def test_all_modes(self):
        person = photo("astronaut.png")
        if not (MODELS / "selfie.onnx").exists():
            self.skipTest(f"the networks are not in {MODELS}: packaging/models/get")
        tasks = {"TINT": {}, "BACKGROUND_CHANGE": {"background_type": "remove"},
                 "HEAD_SWAP": {"quality": "low"}, "POSE_CHANGE": {"target_pose": "mirror"}}
        tasks = {mode: config for mode, config in tasks.items()
                 if (PLUGINS / f"{mode.lower()}.so").exists() or mode == "TINT"}
        for profile in "default", "strict":
            engines = {mode: "" if mode == "TINT" else 'engine = "local"' for mode in tasks}
            host = self.service({mode: f'sandbox = "{profile}" {engines[mode]}' for mode in tasks},
                                plugin_dirs=(PLUGINS,), executors=1)
            for mode, config in tasks.items():
                with self.subTest(profile=profile, mode=mode):
                    if mode == "HEAD_SWAP":
                        config = {**config, "reference_image": host.put(person, "reference")}
                    task = host.submit(mode, host.put(person), config)
                    # a pose may be refused for what the picture shows, and by nothing else
                    ended = host.wait(task, ("done", "failed"), 120)
                    if ended["status"] == "failed":
                        self.assertEqual(json.loads(ended["error"])["code"],
                                         "POSE_EXTRACTION_FAILED", ended)
            self.assertNotIn("Operation not permitted", host.formyd.log())


if __name__ == "__main__":
    formytest.main()
