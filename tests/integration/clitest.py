"""What the tests of the program formy share: its commands, run where no worker is needed."""

import json
import subprocess

import formytest
from formytest import FormyTest, picture

TIME_Z = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
ERROR = json.dumps({"code": "NO_FACE_DETECTED", "message": "No face.", "details": None})


class CliTest(FormyTest):
    def setUp(self):
        self.host = self.service({}, start=False)
        self.photo = self.host.folder / "photo.png"
        picture(64, 48).save(self.photo)

    def ok(self, *arguments, **more):
        done = self.host.formy(*arguments, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def says(self, *arguments, **more):
        """A command that succeeds and has a message for people."""
        done = self.host.formy(*arguments, **more)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout, done.stderr

    def json(self, *arguments):
        text = self.ok("--json", *arguments)
        self.assertEqual(text.count("\n"), 1, text)
        return json.loads(text)

    def fails(self, *arguments, code=1, **more):
        """A command that fails: nothing on standard output, one line on standard error."""
        done = self.host.formy(*arguments, **more)
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "", done)
        self.assertRegex(done.stderr, r"\Aformy: [^\n]+\n\Z")
        return done.stderr

    def background(self, *arguments, **more):
        process = subprocess.Popen(
            [str(formytest.BIN / "formy"), "-c", str(self.host.conf), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **more)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def submit(self, *arguments):
        return self.ok("submit", "ECHO", self.photo, *arguments).strip()

    def fail_by_hand(self, task_id):
        self.host.client.lrem("formy:task:queue", 0, task_id)
        self.host.client.hset(f"formy:task:data:{task_id}", mapping={
            "status": "failed", "error": ERROR, "failed_at": "2026-11-17T10:00:00.000001",
            "progress": "30", "attempts": "3"})

    def finish_by_hand(self, task_id, image=None):
        name = f"{task_id}_output.png"
        if image:
            (self.host.results / name).write_bytes(image)
        self.host.client.lrem("formy:task:queue", 0, task_id)
        self.host.client.hset(f"formy:task:data:{task_id}", mapping={
            "status": "done", "progress": "100", "completed_at": "2026-11-17T10:00:00.000001",
            "result": json.dumps({
                "output_image": f"/results/{name}", "thumbnail": f"/results/{task_id}_thumb.jpg",
                "comparison_image": None,
                "metadata": {"width": 64, "height": 48, "format": "png", "size": 123}})})
