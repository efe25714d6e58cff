"""What the programs are: what they are linked to, how they answer to wrong use, what they say."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import formytest
from formytest import BIN, SANITIZED, SOURCE, FormyTest


def run(*command, **more):
    return subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30 * formytest.PATIENCE, check=False, **more)


class Formyd(unittest.TestCase):
    def test_it_needs_five_libraries(self):
        if SANITIZED:
            self.skipTest("a sanitizer is linked")
        needed = re.findall(r"\(NEEDED\).*\[(.*?)\.so", run("readelf", "-d", BIN / "formyd").stdout)
        self.assertLessEqual({name for name in needed if not name.startswith("ld-")},
                             {"libhiredis", "libconfuse", "libjson-c", "libuv", "libc"})

    def test_it_cannot_load_code(self):
        if SANITIZED:
            self.skipTest("a sanitizer is linked")
        symbols = run("nm", "-D", "--undefined-only", BIN / "formyd").stdout
        self.assertIn("redisAsync", symbols)
        self.assertNotRegex(symbols, r"\bdl(m?open|sym)\b")

    def test_wrong_usage_is_64(self):
        for arguments in ("--no-such-option",), ("-c",), ("something",):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(BIN / "formyd", *arguments).returncode, 64)

    def check(self, text, name="formy.conf"):
        with tempfile.TemporaryDirectory() as folder:
            conf = Path(folder) / name
            conf.write_text(text.replace("FOLDER", folder))
            result = run(BIN / "formyd", "-t", "-c", conf)
            return result, folder

    def test_a_wrong_configuration_is_78_and_names_the_line(self):
        for text, line in (("redis { port = many }\n", 1), ("\nredis { prot = 1 }\n", 2),
                           ('mode "X" {\n enabled = 1\n', 1), ('\n\ninclude("FOLDER")\n', 3),
                           ('mode "NO_PLUGIN_HAS_IT" { }\n', 1)):
            with self.subTest(text=text):
                result, folder = self.check(text)
                self.assertEqual(result.returncode, 78, result.stdout + result.stderr)
                self.assertRegex(result.stdout + result.stderr,
                                 rf"(?m)^{re.escape(folder)}/formy\.conf:\d+: \S")
                self.assertIn(f"formy.conf:{line}", result.stdout + result.stderr)

    def test_the_configuration_in_force_is_one(self):
        """What -T prints has no secrets, passes -t, and is in force when it is given to -T."""
        text = """redis { host = "10.0.0.1" password = "hunter1"
  sentinel { master = "m" hosts = {"127.0.0.1:26379"} password = "hunter2" } }
engine "comfy" { type = "comfyui" urls = {"http://127.0.0.1:9"} headers = {"X-Key: hunter3"}
  proxy = "http://me:hunter4@127.0.0.1:1" }
mode "HEAD_SWAP" { engine = "comfy" workflow = "head_swap.json" timeout = 10m }
worker { executors = 3 log_format = "json" shutdown_timeout = 90 }
"""
        with tempfile.TemporaryDirectory() as folder:
            conf = Path(folder) / "formy.conf"
            conf.write_text(text)
            shutil.copytree(SOURCE / "tests/servers/workflows", conf.parent / "workflows")
            first = run(BIN / "formyd", "-T", "-c", conf)
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertNotIn("hunter", first.stdout)
            self.assertEqual(first.stdout.count("***"), 4)
            self.assertIn("executors = 3", first.stdout)
            conf.write_text(first.stdout)
            checked = run(BIN / "formyd", "-t", "-c", conf)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.assertEqual(run(BIN / "formyd", "-T", "-c", conf).stdout, first.stdout)

    def test_a_missing_configuration_is_78(self):
        result = run(BIN / "formyd", "-t", "-c", "/no/such/formy.conf")
        self.assertEqual(result.returncode, 78)
        self.assertIn("/no/such/formy.conf", result.stdout + result.stderr)


class Formy(FormyTest):
    def test_wrong_usage_is_2_and_says_what_to_do(self):
        for arguments in ("sbumit",), ("submit",), ("get",), ("list", "--page", "x"), ():
            with self.subTest(arguments=arguments):
                result = run(BIN / "formy", *arguments)
                self.assertEqual(result.returncode, 2)
                self.assertEqual(result.stdout, "")
                self.assertIn("formy", result.stderr)

    def test_help_of_every_command(self):
        listed = run(BIN / "formy", "--help")
        self.assertEqual(listed.returncode, 0)
        for command in ("submit", "get", "list", "cancel", "retry", "delete", "watch", "stats",
                        "worker list", "image put", "image get", "plugin list", "plugin check"):
            with self.subTest(command=command):
                self.assertIn(command, listed.stdout)
                help_text = run(BIN / "formy", *command.split(), "--help")
                self.assertEqual(help_text.returncode, 0)
                self.assertIn("formy " + command, help_text.stdout)

    def test_a_life_by_the_command_line(self):
        host = self.service({"ECHO": {}, "SLOW": {}, "FAIL": {}})
        photo = host.folder / "photo.png"
        formytest.picture().save(photo)
        out = host.folder / "out.png"

        done = host.formy("--json", "submit", "ECHO", photo, "--wait", "-o", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(out.stat().st_size > 100)
        task = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(task["status"], "done")
        self.assertTrue(task["created_at"].endswith("Z"))

        failed = host.formy("submit", "FAIL", photo, "--id", "a.failing-one", "--wait")
        self.assertEqual(failed.returncode, 1)
        self.assertEqual(len(failed.stderr.strip().splitlines()[-1:]), 1)
        self.assertEqual(json.loads(host.formy("--json", "get", "a.failing-one").stdout)["status"],
                         "failed")
        self.assertEqual(host.formy("retry", "a.failing-one").returncode, 0)
        host.wait("a.failing-one", "failed")

        slow = host.formy("submit", "SLOW", photo, "--set", "ms=60000")
        self.assertEqual(slow.returncode, 0, slow.stderr)
        task_id = slow.stdout.strip()
        host.wait(task_id, "processing")
        self.assertEqual(host.formy("cancel", task_id).returncode, 0)
        self.assertEqual(host.status(task_id), "cancelled")
        self.assertEqual(host.formy("cancel", "a.failing-one").returncode, 1)

        stats = json.loads(host.formy("--json", "stats").stdout)
        self.assertEqual((stats["done"], stats["failed"], stats["cancelled"]), (1, 1, 1))
        self.assertEqual(stats["total_tasks"], 3)
        workers = json.loads(host.formy("--json", "worker", "list").stdout)
        self.assertEqual([worker["name"] for worker in workers], [host.formyd.name])
        listed = json.loads(host.formy("--json", "list", "--mode", "ECHO").stdout)
        self.assertEqual(len(listed["tasks"]), 1)

        name = listed["tasks"][0]["task_id"]
        self.assertEqual(host.formy("delete", name).returncode, 0)
        self.assertEqual(host.task(name), {})
        self.assertEqual(list(host.results.glob(name + "*")), [])
        self.assertEqual(host.formy("get", name).returncode, 1)

    def test_plugin_check(self):
        good = run(BIN / "formy", "plugin", "check", formytest.TEST_PLUGINS / "noop.so")
        self.assertEqual(good.returncode, 0, good.stderr)
        bad = run(BIN / "formy", "plugin", "check", __file__)
        self.assertEqual(bad.returncode, 1)
        self.assertIn(Path(__file__).name, bad.stderr)


if __name__ == "__main__":
    formytest.main()
