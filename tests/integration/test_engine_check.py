"""formy engine check: an engine is tried without Redis and without a worker, and what is wrong with it
is told, whatever it does."""

import json
import time
from pathlib import Path

import enginetest
import formytest
import remotetest
from enginetest import WORKFLOWS, urls
from formytest import PATIENCE, PLUGINS

from comfyui import Comfy
from openai import OpenAI

KEY = "key-of-the-test-5b1e7d90"
WORKFLOW = WORKFLOWS / "head_swap.json"


class Check:
    """check(host, engine) runs the command; there is neither a formyd nor a redis-server."""

    def check(self, host, engine, *more, code=1):
        host.redis.kill()
        ran = host.formy("engine", "check", engine, *more)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return ran

    def modes(self, host, engine, *more, code=1):
        """What is told of each mode, by its name."""
        answer = json.loads(self.check(host, engine, "--json", *more, code=code).stdout)
        self.assertEqual(answer["ok"], code == 0)
        self.assertEqual(answer["engine"], engine)
        return {mode["mode"]: mode for mode in answer["modes"]}


class Remote(Check, remotetest.EngineTest):
    def test_an_engine_that_can_work(self):
        host = self.remote(start=False)
        ran = self.check(host, "one", code=0)
        self.assertRegex(ran.stdout, r"(?m)^REMOTE +main +ok +1 of 2 +3 +[0-9.]+ m?s +-$")
        self.assertEqual(ran.stderr, "")

    def test_an_engine_that_is_down(self):
        host = self.remote(start=False)
        self.tell("down", "Nobody answers at test:1.")
        ran = self.check(host, "one")
        self.assertRegex(ran.stdout, r"(?m)^REMOTE +main +failed .* ENGINE_CONNECTION_FAILED$")
        self.assertIn("REMOTE: Nobody answers at test:1.\n", ran.stdout)
        self.assertRegex(ran.stdout, r'what to do: start the server, .*"one" \(.*formy.conf:\d+\)')
        self.assertEqual(ran.stderr, 'formy: engine "one" cannot work for 1 of 1 modes\n')

    def test_checks_that_do_not_end(self):
        host = self.remote(start=False)
        for word in "stall", "deaf":
            with self.subTest(word):
                self.tell(word)
                begun = time.monotonic()
                mode = self.modes(host, "one", "--timeout", 1)["REMOTE"]
                self.assertLess(time.monotonic() - begun, 20 * PATIENCE)
                self.assertEqual((mode["result"], mode["code"]), ("late", "ENGINE_TIMEOUT"))
                self.assertIn("did not end within 1.0 s", mode["message"])
                self.assertEqual("killed" in mode["message"], word == "deaf")
                self.untell(word)

    def test_a_check_that_crashes(self):
        host = self.remote(start=False)
        self.tell("die")
        mode = self.modes(host, "one")["REMOTE"]
        self.assertEqual((mode["result"], mode["code"]), ("crashed", "PIPELINE_CRASHED"))
        self.assertIn("signal 6", mode["message"])
        self.assertIn("formy plugin check", mode["hint"])

    def test_a_key_is_never_shown(self):
        path = Path(self.enterContext(formytest.tempfile.TemporaryDirectory())) / "key"
        path.write_text(KEY)
        path.chmod(0o600)
        host = self.remote(engine=f'api_key_file = "{path}"', start=False)
        self.tell("leaky")
        ran = self.check(host, "one")
        self.assertIn("printed: printed ***", ran.stdout)
        self.assertIn("REMOTE: ***", ran.stdout)
        self.assertNotIn(KEY, ran.stdout + ran.stderr)
        ran = self.check(host, "one", "--json")
        self.assertNotIn(KEY, ran.stdout + ran.stderr)
        self.assertEqual(json.loads(ran.stdout)["modes"][0]["report"], {"key": "***"})
        path.chmod(0o644)
        mode = self.modes(host, "one")["REMOTE"]
        self.assertEqual(mode["result"], "refused")
        self.assertIn("chmod 0600", mode["message"])

    def test_each_role_is_tried(self):
        for role in 'fallback = "two"', 'engines_allowed = {"two"}', 'helper = "two"':
            with self.subTest(role):
                host = self.remote(role, start=False)
                mode = self.modes(host, "two", code=0)["REMOTE"]
                self.assertEqual(mode["result"], "ok")
                self.assertIn(mode["role"], ("fallback", "allowed", "helper"))
                self.assertTrue(role.startswith(mode["role"]) or mode["role"] == "allowed")

    def test_nothing_to_try(self):
        host = self.remote(start=False)
        self.assertIn('no mode has engine "two"', self.check(host, "two").stderr)
        self.assertIn('there are "one", "two"', self.check(host, "three").stderr)
        host.modes["REMOTE"] = 'engine = "two" enabled = false'
        host.write_conf()
        self.assertIn('mode "REMOTE" has engine "two" and is not enabled',
                      self.check(host, "two").stderr)
        host.modes["REMOTE"] = 'engine = "two"'
        host.plugin_dirs = (PLUGINS,)
        host.write_conf()
        mode = self.modes(host, "two")["REMOTE"]
        self.assertEqual(mode["result"], "unserved")
        host.conf.write_text("engine {")
        self.assertRegex(self.check(host, "two").stderr, r"formy\.conf:1: ")


class Services(Check, enginetest.EngineTest):
    """The engines that are shipped, with servers that are there, are not, or refuse."""

    def test_comfyui(self):
        server = self.enterContext(Comfy())
        host = self.engine("comfyui", urls(server), {"HEAD_SWAP": {"workflow": str(WORKFLOW)}},
                           start=False)
        mode = self.modes(host, "far", code=0)["HEAD_SWAP"]
        self.assertEqual(mode["result"], "ok")
        self.assertEqual(mode["report"], {"servers": {server.url: "ready"}, "queue": 0})
        server.faults["missing_nodes"] = {"ImageBlend"}
        mode = self.modes(host, "far")["HEAD_SWAP"]
        self.assertEqual(mode["code"], "COMFYUI_WORKFLOW_ERROR")
        self.assertIn("ImageBlend", mode["message"])
        self.assertIn("install on the server", mode["hint"])
        server.stop()
        mode = self.modes(host, "far")["HEAD_SWAP"]
        self.assertEqual((mode["result"], mode["code"]), ("failed", "COMFYUI_NOT_AVAILABLE"))
        self.assertIn(server.url, mode["message"])
        self.assertEqual(server.count["submits"], 0)

    def test_a_workflow_that_is_not_there(self):
        host = self.engine("comfyui", 'urls = {"http://127.0.0.1:9"}',
                           {"HEAD_SWAP": {"workflow": "/nowhere/graph.json"},
                            "POSE_CHANGE": {"workflow": str(WORKFLOWS / "saved_by_editor.json")}},
                           start=False)
        modes = self.modes(host, "far")
        self.assertEqual({mode["result"] for mode in modes.values()}, {"refused"})
        self.assertIn("/nowhere/graph.json", modes["HEAD_SWAP"]["message"])
        self.assertIn("Export (API)", modes["POSE_CHANGE"]["message"])
        self.assertIn("formy.conf:", modes["HEAD_SWAP"]["hint"])

    def test_a_key_that_is_refused(self):
        server = self.enterContext(OpenAI())
        host = self.engine(
            "openai", f'base_url = "{server.url}/v1" api_key_file = "openai.key"',
            {"HEAD_SWAP": {"prompt": "Swap"}}, key=OpenAI.KEY, start=False)
        self.assertEqual(self.modes(host, "far", code=0)["HEAD_SWAP"]["result"], "ok")
        server.faults["say"] = {"GET /v1/models": [(401, "{}")]}
        mode = self.modes(host, "far")["HEAD_SWAP"]
        self.assertEqual(mode["code"], "ENGINE_AUTH_FAILED")
        self.assertIn("OPENAI_API_KEY", mode["hint"])


if __name__ == "__main__":
    formytest.main()
