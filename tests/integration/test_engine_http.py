"""The engine http, all by configuration, against a service with a queue; and an engine of somebody
else, one file that knows only the public headers."""

import subprocess
import tempfile
from pathlib import Path

import formytest
from enginefaults import Faults
from enginetest import BLUE, RED, EngineTest, mix
from formytest import PLUGINS, SOURCE, until

from webapi import WebApi

BODY = """'{"prompt": "{prompt}", "strength": "{blend_strength}", "seed": "{seed}", \
"image_urls": ["{picture:reference}", "{picture:source}"]}'"""
MODES = {
    "HEAD_SWAP": f'prompt = "Swap, quality {{quality}}" body = {BODY}',
    "BACKGROUND_CHANGE": """body = '{"strength": 0.25, "blur": "{edge_blur}",
        "image_urls": ["{picture:model_image}", "{picture:bg_image}"]}'""",
    "POSE_CHANGE": """body = '{"strength": "{smoothness}", "named": "{target_pose}",
        "image_urls": ["{picture:source}", "{picture:pose_image}"]}'"""}
QUEUE = """poll_url = "{answer:status_url}" fetch_url = "{answer:response_url}"
    cancel_url = "{answer:cancel_url}" cancel_method = "PUT" state_path = "status"
    state_done = {"COMPLETED"} state_failed = {"FAILED"} error_path = "error"
    result_path = "images.0.url" poll_every = 1 """


class HttpTest(EngineTest):
    def start(self, settings=QUEUE, modes=("HEAD_SWAP",), **more):
        self.server = self.enterContext(WebApi())
        return self.engine(
            "http", f'submit_url = "{self.server.url}/model" api_key_file = "web.key" '
            'headers = {"Authorization: Key {api_key}"} ' + settings,
            {name: MODES[name] for name in modes}, key=WebApi.KEY, **more)


class Http(HttpTest):
    def test_submit_poll_fetch(self):
        service = self.start()
        task = service.wait(self.swap(service, blend_strength=0.25))
        self.assert_colour(service, task, mix(BLUE, RED, 0.25))
        self.assertEqual(self.server.bodies,
                         [{"prompt": "Swap, quality high", "strength": 0.25}])

    def test_each_mode_gets_its_pictures_and_parameters(self):
        service = self.start(modes=MODES)
        task = service.wait(self.backdrop(service, edge_blur=3))
        self.assert_colour(service, task, mix(RED, BLUE, 0.25))
        task = service.wait(self.pose(service, smoothness=0.4))
        self.assert_colour(service, task, mix(RED, BLUE, 0.4))
        self.assertEqual(self.server.bodies, [{"strength": 0.25, "blur": 3}, {"strength": 0.4}])

    def test_the_result_in_the_answer(self):
        service = self.start('result_path = "image"')
        self.server.faults["inline"] = True
        task = service.wait(self.swap(service, blend_strength=0.5))
        self.assert_colour(service, task, mix(BLUE, RED, 0.5))

    def test_a_failure_says_why(self):
        service = self.start()
        self.server.faults["failed"] = "no face"
        error = service.wait_error(self.swap(service))
        self.assertEqual((error["code"], error["details"]), ("PROCESSING_FAILED", "no face"))

    def test_faults_send_nothing_twice(self):
        service = self.start()
        for faults, code in (({"reset_after": {"POST /model": 1}}, "ENGINE_TIMEOUT"),
                             ({"say": {"POST /model": [(200, "<html>")]}},
                              "ENGINE_RESPONSE_ERROR"),
                             ({"say": {"GET /made": [(200, "text")]}}, "ENGINE_RESPONSE_ERROR")):
            with self.subTest(faults=faults):
                before = self.server.count["POST /model"]
                self.server.faults = faults
                self.assertEqual(service.wait_error(self.swap(service))["code"], code)
                self.assertEqual(self.server.count["POST /model"], before + 1)

    def test_lost_polls_do_no_harm(self):
        service = self.start()
        self.server.faults = {"reset": {"GET /model": 3}}
        service.wait(self.swap(service))
        self.assertEqual(self.server.count["submits"], 1)

    def test_cancel(self):
        service = self.start()
        self.server.faults["seconds"] = 3600
        task = self.swap(service)
        until(lambda: self.server.tasks, 20, "it was submitted")
        service.cancel(task)
        until(lambda: self.server.cancelled == 1, 10, "it was cancelled there")


class Common(Faults, HttpTest):
    SUBMIT, POLL, RESULT, CANCEL = "POST /model", "GET /model", "GET /made", "PUT /model"

    def faulty(self, **more):
        return self.start(QUEUE + "submit_timeout = 1 poll_timeout = 1 download_timeout = 1 "
                          "max_result_mb = 1",
                          executors=1, **more)


class Others(EngineTest):
    def test_an_engine_in_one_file(self):
        source = SOURCE / "tests" / "plugins" / "engine" / "tint_there.c"
        self.assertLess(len(source.read_text().splitlines()), 150)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libcurl", "json-c"],
                               capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        "-I", SOURCE / "include", "-o", folder / "tint_there.so", source, *flags],
                       check=True)
        server = self.enterContext(WebApi())
        service = self.service(
            {"HEAD_SWAP": 'engine = "far"'}, plugin_dirs=(PLUGINS, folder), sections=f"""
            engine "far" {{ type = "tint-there" url = "{server.url}/tint" allow = {{"net"}} }}""")
        task = service.wait(self.swap(service))
        self.assert_colour(service, task, [255 - one for one in RED])
        server.faults["hang"] = {"POST /tint": 1}
        task = self.swap(service)
        until(lambda: server.count["POST /tint"] == 2, 20, "it was asked")
        service.cancel(task)
        self.assert_colour(service, service.wait(self.swap(service)), [255 - one for one in RED])


if __name__ == "__main__":
    if not (PLUGINS / "http.so").exists():
        raise SystemExit(formytest.SKIPPED)
    formytest.main()
