"""What the tests of whole programs share: a real redis-server, a real formyd, pictures, tasks.

A test makes a Service, which has all of them in one temporary folder and ends them by their
process ids. Every wait has an end. The programs are those that ctest names by FORMY_BIN,
FORMY_PLUGINS and FORMY_TEST_PLUGINS.
"""

import contextlib
import io
import json
import os
import secrets
import signal
import socket
import string
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from datetime import datetime
from pathlib import Path

import numpy
import redis
from PIL import Image

SOURCE = Path(__file__).resolve().parents[2]
# Photographs are not in the tree: those of packaging/samples, and those that lie beside it.
PHOTOS = (SOURCE / "packaging" / "cache" / "samples", SOURCE.parent / "shared" / "images")
BUILD = SOURCE / "build" / "debug"
BIN = Path(os.environ.get("FORMY_BIN", BUILD / "bin"))
PLUGINS = Path(os.environ.get("FORMY_PLUGINS", BUILD / "plugins"))
TEST_PLUGINS = Path(os.environ.get("FORMY_TEST_PLUGINS", BUILD / "tests" / "plugins"))
MODELS = SOURCE / "packaging" / "cache" / "models"

FINAL = ("done", "failed", "cancelled")
SKIPPED = 77
SANITIZED = (BIN / "formyd").exists() and b"__asan_init" in (BIN / "formyd").read_bytes()
PATIENCE = float(os.environ.get("FORMY_TEST_PATIENCE", "1"))


def until(question, seconds, what):
    """Asks until the answer is true, and returns it; fails with `what` when the time is over."""
    end = time.monotonic() + seconds * PATIENCE
    pause = threading.Event()
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        pause.wait(0.01)


def end_process(process, number, seconds):
    """Sends a signal and returns the exit code; kills what is still there after `seconds`."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(seconds * PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{process.args[0]} still ran {seconds} s after signal {number}")


class Redis:
    """A redis-server on a socket in `folder`. Options are those of its command line."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.socket = self.folder / "redis.sock"
        self.options = options
        self.process = None

    def start(self):
        log = open(self.folder / "redis.log", "ab")
        with log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "",
                 "--dir", str(self.folder), *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.answers, 10, "redis-server answers")
        return self

    def answers(self):
        if not self.socket.exists():
            return False
        with contextlib.closing(self.client()) as client:
            try:
                return client.ping()
            except redis.AuthenticationError:
                return True
            except redis.ConnectionError:
                return False

    def client(self, **more):
        return redis.Redis(unix_socket_path=str(self.socket), decode_responses=True, **more)

    def stop(self):
        return end_process(self.process, signal.SIGTERM, 10)

    def kill(self):
        return end_process(self.process, signal.SIGKILL, 10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


class Formyd:
    """A formyd with the configuration file `conf`; what it logs goes to `log`."""

    def __init__(self, conf, log, client, prefix="formy", before=()):
        self.before = before  # a command that becomes formyd
        self.conf = conf
        self.log_path = Path(log)
        self.client = client
        self.prefix = prefix
        self.process = None

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.before, str(BIN / "formyd"), "-c", str(self.conf)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        if wait:
            until(self.registered, 20, lambda: "formyd is in the list of workers\n" + self.log())
        return self

    @property
    def name(self):
        return f"{socket.gethostname()}:{self.process.pid}"

    def registered(self):
        if self.process.poll() is not None:
            raise AssertionError(f"formyd ended with {self.process.returncode}\n{self.log()}")
        return self.client.exists(f"{self.prefix}:worker:{self.name}")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, text, seconds=10):
        return until(lambda: text in self.log(), seconds,
                     lambda: f"formyd logs {text!r}\n{self.log()}")

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=20):
        return end_process(self.process, number, seconds)

    def kill(self):
        return end_process(self.process, signal.SIGKILL, 10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


class Service:
    """A folder with a redis-server, the two folders of pictures, formy.conf, and a formyd.

    modes: name -> what stands in its mode section, as a text or {} of numbers, texts, booleans.
    sections: further text for formy.conf. start=False: no formyd yet, self.formyd.start() does it.
    """

    def __init__(self, modes, executors=2, sections="", worker="", redis_options=(), start=True,
                 plugin_dirs=(TEST_PLUGINS, PLUGINS), prefix="formy"):
        self.modes = modes
        self.executors = executors
        self.sections = sections
        self.worker = worker
        self.prefix = prefix
        self.plugin_dirs = plugin_dirs
        self.redis_options = redis_options
        self.start_formyd = start
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="formy-")))
            self.uploads = self.folder / "uploads"
            self.results = self.folder / "results"
            self.results.mkdir()
            self.uploads.mkdir()
            self.redis = stack.enter_context(Redis(self.folder, *self.redis_options))
            self.client = self.redis.client()
            self.conf = self.folder / "formy.conf"
            self.write_conf()
            self.formyd = Formyd(self.conf, self.folder / "formyd.log", self.client, self.prefix)
            stack.callback(self.end_formyd)
            if self.start_formyd:
                self.formyd.start()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def end_formyd(self):
        if self.formyd.process and self.formyd.process.poll() is None:
            self.formyd.kill()

    def write_conf(self):
        self.conf.write_text(f"""\
redis {{ unix_socket = "{self.redis.socket}" key_prefix = "{self.prefix}" }}
storage {{ uploads = "{self.uploads}" results = "{self.results}" }}
worker {{
  executors = {self.executors}
  plugin_dirs = {{ {", ".join(f'"{folder}"' for folder in self.plugin_dirs)} }}
  log_level = "debug"
  {self.worker}
}}
tasks {{ unknown_mode_grace = "100ms" }}
{self.sections}
{"".join(f'mode "{name}" {{ {members(body)} }}' + chr(10) for name, body in self.modes.items())}
""")

    def key(self, name):
        return f"{self.prefix}:{name}"

    # What a foreign client does: contract, section 1.

    def submit(self, mode, source, config=None, **more):
        """As the existing web service does it: HSET and RPUSH. Returns the task's id."""
        data = {"mode": mode, "source_image": source, "config": config or {}, **more}
        return self.submit_data(json.dumps(data))

    def submit_data(self, data, task_id=None, **fields):
        """A task whose `data` is this text, whatever it is; None: no such field."""
        task_id = task_id or new_id("task")
        now = datetime.utcnow().isoformat()
        fields = {"task_id": task_id, "status": "pending", "created_at": now, "updated_at": now,
                  **({} if data is None else {"data": data}), **fields}
        self.client.hset(self.key(f"task:data:{task_id}"), mapping=fields)
        self.client.rpush(self.key("task:queue"), task_id)
        return task_id

    def cancel(self, task_id):
        self.client.lrem(self.key("task:queue"), 0, task_id)
        self.client.hset(self.key(f"task:data:{task_id}"), mapping={
            "status": "cancelled", "progress": "0", "updated_at": datetime.utcnow().isoformat()})
        self.client.srem(self.key("task:processing"), task_id)

    def delete(self, task_id):
        self.client.delete(self.key(f"task:data:{task_id}"))
        self.client.srem(self.key("task:processing"), task_id)

    def task(self, task_id):
        """The hash as it is, each field a text."""
        return self.client.hgetall(self.key(f"task:data:{task_id}"))

    def status(self, task_id):
        return self.client.hget(self.key(f"task:data:{task_id}"), "status")

    def wait(self, task_id, wanted="done", seconds=30):
        """Waits for one of the states in `wanted`, returns the hash. Ends at once with a failed
        test when the task has ended otherwise."""
        wanted = (wanted,) if isinstance(wanted, str) else wanted

        def there():
            task = self.task(task_id)
            status = task.get("status")
            if status not in wanted and status in FINAL:
                raise AssertionError(f"{task_id} is {status}: {task.get('error')}\n{self.tail()}")
            return task if status in wanted else None

        return until(there, seconds, lambda: f"{task_id} is {wanted}: {self.task(task_id)}\n"
                     + self.tail())

    def wait_error(self, task_id, seconds=30):
        """Waits for a failed task and returns its error as a dict."""
        return json.loads(self.wait(task_id, "failed", seconds)["error"])

    # Pictures.

    def put(self, picture, kind="source", suffix=None, image_id=None, **options):
        """Stores an Image, bytes or a file as an upload, as the web service does. Its id."""
        image_id = image_id or new_id("img")
        if isinstance(picture, Image.Image):
            picture = encode(picture, suffix or "png", **options)
        elif isinstance(picture, Path):
            suffix = suffix or picture.suffix[1:]
            picture = picture.read_bytes()
        folder = self.uploads / kind
        folder.mkdir(exist_ok=True)
        (folder / f"{image_id}.{suffix or 'png'}").write_bytes(picture)
        return image_id

    def result(self, task, member="output_image"):
        """The file behind a member of a done task's result."""
        name = json.loads(task["result"])[member]
        assert name.startswith("/results/"), name
        return self.results / name[len("/results/"):]

    # Programs.

    def formy(self, *arguments, seconds=60, **more):
        """Runs the command line; a CompletedProcess with texts."""
        return subprocess.run(
            [str(BIN / "formy"), "-c", str(self.conf), *map(str, arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds * PATIENCE, check=False, **more)

    def tail(self, lines=40):
        return "\n".join(["-- formyd:", *self.formyd.log().splitlines()[-lines:]])


class FormyTest(unittest.TestCase):
    """A test with a Service of its own by self.service(...); shows its log when it fails."""

    def service(self, modes, **more):
        service = self.enterContext(Service(modes, **more))
        self.addCleanup(self.keep_log, service)
        return service

    def keep_log(self, service):
        self.logs.append(service.tail())

    def run(self, result=None):
        self.logs = []
        result = result if result is not None else self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(*self.logs, sep="\n", file=sys.stderr)
        return result


def members(body):
    """The members of a section in the syntax of formy.conf."""
    if isinstance(body, str):
        return body
    return " ".join(f"{name} = {json.dumps(value)}" for name, value in body.items())


def new_id(kind):
    letters = string.ascii_lowercase + string.digits
    return f"{kind}_{datetime.utcnow():%Y%m%d}_" + "".join(secrets.choice(letters)
                                                           for _ in range(12))


def encode(picture, suffix, **options):
    memory = io.BytesIO()
    picture.save(memory, {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}[suffix],
                 **options)
    return memory.getvalue()


def picture(width=320, height=240, mode="RGB"):
    """A picture with a gradient and a mark in its upper left corner."""
    x = numpy.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = numpy.linspace(0, 255, height)[:, None].repeat(width, 1)
    pixels = numpy.stack([x, y, 255 - x], -1).astype("uint8")
    pixels[: height // 8, : width // 8] = (255, 0, 0)
    return Image.fromarray(pixels).convert(mode)


def photo(name):
    """A photograph for tests that need a person; skips the test where there are none."""
    for folder in PHOTOS:
        if (folder / name).exists():
            return folder / name
    raise unittest.SkipTest(f"there is no {name} in {' or '.join(map(str, PHOTOS))}")


def main():
    """Runs the tests of the calling file; exit 77, which ctest calls skipped, when none could."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun and len(result.skipped) == result.testsRun else 0)
