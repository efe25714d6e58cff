"""What the tests of engines share that have the worker's side in view: a Service with the engines of
tests/plugins/remote.c, told what to do by files."""

import json
from pathlib import Path

import formytest
from formytest import FormyTest


class EngineTest(FormyTest):
    def remote(self, mode="", engine="", sections="", **more):
        """A Service whose mode REMOTE has the engine "one", told what to do by files."""
        self.controls = self.enterContext(formytest.tempfile.TemporaryDirectory(prefix="formy-"))
        for name in ("one", "two"):
            (Path(self.controls) / name).mkdir()
        more.setdefault("executors", 1)
        engines = "".join(
            f'engine "{name}" {{ type = "remote" control = "{self.controls}/{name}"\n'
            f'{engine if name == "one" else ""} }}\n' for name in ("one", "two"))
        return self.service({"REMOTE": f'engine = "one"\n{mode}'},
                            sections=f"{engines}{sections}", **more)

    def tell(self, word, text="x", engine="one"):
        (Path(self.controls) / engine / word).write_text(text)

    def untell(self, word, engine="one"):
        (Path(self.controls) / engine / word).unlink()

    def count(self, host, text):
        return host.formyd.log().count(text)

    def engines(self, host):
        """What the worker tells of its engines, by their names."""
        workers = json.loads(host.formy("worker", "list", "--json").stdout)
        return {engine["engine"]: engine for engine in workers[0]["engines"]}

    def wait_state(self, host, state, engine="one"):
        formytest.until(lambda: self.engines(host)[engine]["state"] == state, 20,
                        lambda: f"{engine} is {state}: {self.engines(host)}")

    def executors(self, host):
        """The process ids of the worker's executors."""
        task = Path(f"/proc/{host.formyd.process.pid}/task/{host.formyd.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]
