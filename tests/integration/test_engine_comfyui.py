"""The engine comfyui against a server that speaks its protocol; against a real one, those tests
that need no faults, when FORMY_TEST_COMFYUI has its URL."""

import json
import os
import re
import subprocess
import threading
import time
import types
import unittest

import numpy
from PIL import Image

import formytest
from enginefaults import Faults
from enginetest import BLUE, RED, WORKFLOWS, EngineTest, colour, mix, urls
from formytest import BIN, PLUGINS, SOURCE, until

from comfyui import Comfy

REAL = os.environ.get("FORMY_TEST_COMFYUI")
MODES = {"HEAD_SWAP": {"workflow": str(WORKFLOWS / "head_swap.json")},
         "BACKGROUND_CHANGE": {"workflow": str(WORKFLOWS / "background_change.json")},
         "POSE_CHANGE": {"workflow": str(WORKFLOWS / "pose_change.json")}}
SEEDED = {"HEAD_SWAP": {"workflow": str(WORKFLOWS / "seeded.json")}}


class Comfyui(EngineTest):
    def comfy(self):
        return self.enterContext(Comfy())

    def start(self, *servers, settings="", modes=None, **more):
        self.servers = servers
        return self.engine("comfyui", urls(*servers) + " " + settings,
                           modes or {"HEAD_SWAP": MODES["HEAD_SWAP"]}, **more)

    def submits(self):
        return sum(server.count["submits"] for server in self.servers)

    def ran(self):
        return sum(len(server.ran) for server in self.servers)

    def assert_swapped(self, service, task_id, seconds=30, runs=1):
        task = service.wait(task_id, seconds=seconds)
        self.assert_colour(service, task, mix(BLUE, RED, 0.8))
        self.assertEqual(self.ran(), runs)
        return task


class Modes(Comfyui):
    def test_each_mode_gets_its_pictures_and_parameters(self):
        server = types.SimpleNamespace(url=REAL) if REAL else self.comfy()
        service = self.start(server, modes=MODES)
        task = service.wait(self.swap(service, blend_strength=0.25))
        self.assert_colour(service, task, mix(BLUE, RED, 0.25), tolerance=3)
        self.assertIn("prompt_id", self.engine_facts(task))
        task = service.wait(self.backdrop(service, edge_blur=8))
        self.assert_colour(service, task, BLUE, at=(3, 60))
        self.assert_colour(service, task, RED, at=(12, 60))
        self.assert_colour(service, task, RED, at=(36, 60))
        self.assert_colour(service, task, BLUE, at=(44, 60))
        task = service.wait(self.pose(service, smoothness=0.25))
        self.assert_colour(service, task, mix(RED, BLUE, 0.25), tolerance=3)

    def test_parameters_that_only_the_workflow_knows(self):
        server = types.SimpleNamespace(url=REAL) if REAL else self.comfy()
        service = self.start(server, modes=SEEDED)
        task = service.wait(self.swap(service, seed=0x00c828, mix=0.25))
        self.assert_colour(service, task, mix(BLUE, (0, 0xc8, 0x28), 0.25), tolerance=3)
        self.assertEqual(self.engine_facts(task)["seed"], 0x00c828)

    def test_same_task_twice(self):
        server = types.SimpleNamespace(url=REAL) if REAL else self.comfy()
        service = self.start(server)
        tasks = [service.wait(self.swap(service)) for _ in range(2)]
        for task in tasks:
            self.assert_colour(service, task, mix(BLUE, RED, 0.8), tolerance=3)
        self.assertNotEqual(*(self.engine_facts(task)["prompt_id"] for task in tasks))


class Readme(Comfyui):
    def test_the_three_steps(self):
        text = (SOURCE / "README.md").read_text()
        steps = text[text.index("## Use your ComfyUI"):]
        steps = steps[:steps.index("docs/engines.md")]
        server = types.SimpleNamespace(url=REAL) if REAL else self.comfy()
        sections = re.search(r"```conf\n(.*?)```", steps, re.DOTALL)[1]
        sections = re.sub(r"urls = \{.*?\}", urls(server), sections)
        service = self.service({}, sections=sections, plugin_dirs=(PLUGINS,), start=False)
        name = re.search(r"`(workflows/\S+\.json)`", steps)[1]
        (service.folder / name).parent.mkdir()
        graph = json.loads((WORKFLOWS / "seeded.json").read_text())
        graph["3"]["inputs"]["image2"] = ["5", 0]
        graph["5"] = {"class_type": "LoadImage", "inputs": {"image": "example.png"},
                      "_meta": {"title": "input:head_image:1"}}
        (service.folder / name).write_text(json.dumps(graph))
        test = subprocess.run([BIN / "formyd", "-c", service.conf, "-t"], capture_output=True,
                              text=True, timeout=60 * formytest.PATIENCE, check=False)
        self.assertEqual(test.returncode, 0, test.stdout + test.stderr)
        service.formyd.start()
        colour(RED).save(service.folder / "model.jpg")
        colour(BLUE).save(service.folder / "garment.jpg")
        command = re.search(r"`formy (submit [^`]*)`", steps)[1].split()
        run = service.formy(*command, cwd=service.folder)
        self.assertEqual(run.returncode, 0, run.stderr)
        with Image.open(service.folder / command[-1]) as output:
            pixel = numpy.array(output.convert("RGB").getpixel((60, 40)), int)
        self.assertLess(abs(pixel - mix(BLUE, RED, 0.5)).max(), 6, pixel)


@unittest.skipIf(REAL, "a real server has no faults to order")
class OwnFaults(Comfyui):
    def test_a_picture_that_the_task_lacks(self):
        server = self.comfy()
        service = self.start(server, modes=MODES)
        error = service.wait_error(service.submit(
            "BACKGROUND_CHANGE", service.put(colour(RED)), {"background_type": "remove"}))
        self.assertEqual(error["code"], "MISSING_REQUIRED_PARAM")
        self.assertIn("background", error["message"])
        self.assertEqual(self.submits(), 0)

    def test_a_seed_is_drawn_and_noted(self):
        service = self.start(self.comfy(), modes=SEEDED)
        seeds = set()
        for _ in range(2):
            task = service.wait(self.swap(service, mix=1))
            seed = self.engine_facts(task)["seed"]
            seeds.add(seed)
            self.assert_colour(service, task, [seed >> at & 0xff for at in (16, 8, 0)])
        self.assertEqual(len(seeds), 2)

    def test_parameters_that_no_widget_takes(self):
        """Nobody has checked them; a list would be a link to another node of the graph."""
        service = self.start(self.comfy(), modes=SEEDED)
        for config, word in (({"seed": "7"}, "seed"), ({"seed": -1}, "seed"),
                             ({"mix": ["2", 0]}, "mix"), ({"mix": {}}, "mix")):
            error = service.wait_error(self.swap(service, **config))
            self.assertEqual(error["code"], "INVALID_CONFIG")
            self.assertIn(f"config.{word}", error["message"])
        self.assertEqual(sum(self.servers[0].count[path] for path in
                             ("POST /prompt", "POST /upload/image")), 0)

    def test_workflow_of_the_editor_is_refused(self):
        service = self.start(self.comfy(), start=False, modes={
            "HEAD_SWAP": {"workflow": str(WORKFLOWS / "saved_by_editor.json")}})
        service.formyd.start()
        service.formyd.wait_log("Export (API)")

    def test_preflight_names_what_is_missing(self):
        server = self.comfy()
        server.faults["missing_nodes"] = {"ImageBlend"}
        service = self.start(server)
        self.swap(service)
        service.formyd.wait_log("lacks the node type ImageBlend")
        self.assertEqual(self.submits(), 0)

    def test_a_model_file_that_is_missing(self):
        server = self.comfy()
        server.options["blend_mode"] = ["multiply"]
        service = self.start(server)
        self.swap(service)
        service.formyd.wait_log('lacks blend_mode \\"normal\\" of node 3')
        self.assertEqual(self.submits(), 0)

    def test_a_node_that_the_server_does_not_know_after_all(self):
        server = self.comfy()
        server.faults["unknown_node"] = True
        service = self.start(server)
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "COMFYUI_WORKFLOW_ERROR")
        self.assertIn("does not exist", error["details"])
        self.assertEqual(self.submits(), 1)

    def test_200_with_node_errors(self):
        server = self.comfy()
        server.faults["node_errors"] = True
        service = self.start(server)
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "COMFYUI_WORKFLOW_ERROR")
        self.assertIn("none.safetensors", error["details"])
        self.assertEqual(self.submits(), 1)

    def test_corrupt_upload(self):
        server = self.comfy()
        server.faults["corrupt"] = True
        service = self.start(server)
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "COMFYUI_WORKFLOW_ERROR")
        self.assertIn("input:cloth_image:1", error["details"])

    def test_failing_node(self):
        server = self.comfy()
        server.faults["fail"] = "CUDA out of memory"
        service = self.start(server)
        error = service.wait_error(self.swap(service))
        self.assertEqual(error["code"], "COMFYUI_PROCESSING_FAILED")
        self.assertIn("CUDA out of memory", error["message"])
        self.assertEqual(self.submits(), 1)

    def test_history_that_comes_late(self):
        server = self.comfy()
        server.faults["late_history"] = 3
        service = self.start(server)
        self.assert_swapped(service, self.swap(service))
        self.assertEqual(self.submits(), 1)

    def test_old_server_gives_ids_itself(self):
        server = self.comfy()
        server.faults["old"] = True
        service = self.start(server)
        self.assert_swapped(service, self.swap(service))

    def test_restarted_server_is_given_the_prompt_once_more(self):
        server = self.comfy()
        server.faults["delay"] = 3600
        service = self.start(server)
        task = self.swap(service)
        until(lambda: server.running, 20, "the prompt runs")
        server.stop()
        server.faults.clear()
        server.start()
        self.assert_swapped(service, task, seconds=60, runs=2)
        self.assertEqual(self.submits(), 2)

    def test_a_prompt_that_is_lost_is_sent_once_more(self):
        server = self.comfy()
        service = self.start(server)
        server.faults["forget"] = 1
        self.assert_swapped(service, self.swap(service), seconds=60)
        self.assertEqual(self.submits(), 2)
        server.faults["forget"] = 9
        error = service.wait_error(self.swap(service), seconds=60)
        self.assertEqual((error["code"], self.submits()), ("COMFYUI_NOT_AVAILABLE", 4))

    def test_one_of_two_hangs(self):
        bad, good = self.comfy(), self.comfy()
        service = self.start(bad, good, settings="poll_timeout = 2")
        bad.faults["hang"] = {"GET /prompt": 1000}
        tasks = [self.swap(service) for _ in range(4)]
        for task in tasks:
            service.wait(task, seconds=60)
        self.assertEqual((len(bad.ran), len(good.ran)), (0, 4))

    def test_one_of_two_hangs_while_it_works(self):
        servers = self.comfy(), self.comfy()
        service = self.start(*servers, settings="poll_timeout = 1 lost_after = 2")
        for server in servers:
            server.faults["hold"] = True
        task = self.swap(service)
        until(lambda: any(server.running for server in servers), 20, "it runs")
        bad, good = sorted(servers, key=lambda server: not server.running)
        good.faults = {}
        bad.faults["hang"] = {"GET": 1000, "POST": 1000}
        self.assert_swapped(service, task, seconds=60, runs=2)
        self.assertEqual([len(server.ran) for server in (bad, good)], [1, 1])

    def test_cancel(self):
        server = self.comfy()
        server.faults["delay"] = 3600
        service = self.start(server)
        running = self.swap(service)
        until(lambda: server.running, 20, "the first runs")
        waiting = self.swap(service)
        until(lambda: server.pending, 20, "the second waits")
        service.cancel(waiting)
        until(lambda: server.count["deleted"] == 1, 10, "the waiting one is taken away")
        self.assertEqual(server.count["interrupted"], 0)
        service.cancel(running)
        until(lambda: server.count["interrupted"] == 1, 10, "the running one is interrupted")

    def test_cancel_before_the_server_has_answered(self):
        """It has the prompt, and runs it, while its answer does not come."""
        server = self.comfy()
        server.faults["hold"] = True
        service = self.start(server, executors=1)
        ids, ended = [], threading.Event()

        def cancel():
            service.cancel(until(lambda: ids, 10, "an id")[0])
            ended.wait(20)

        server.on_submit = cancel
        ids.append(self.swap(service))
        until(lambda: server.count["interrupted"] == 1, 20, service.tail)
        ended.set()
        self.assertEqual(self.submits(), 1)

    def test_cancel_of_what_does_not_listen(self):
        server = self.comfy()
        server.faults.update(delay=3600, deaf=True)
        service = self.start(server, executors=1)
        task = self.swap(service)
        until(lambda: server.running, 20, "it runs")
        begin = time.monotonic()
        service.cancel(task)
        until(lambda: re.search('task stopped".*why=cancelled', service.formyd.log()), 10, "it ends")
        self.assertLess(time.monotonic() - begin, 2 * formytest.PATIENCE)
        self.assertTrue(server.running)

    def test_others_work_is_left_alone(self):
        server = self.comfy()
        server.faults["delay"] = 3600
        service = self.start(server)
        server.pending.append((0, "somebody-elses", {}))
        server.loop.call_soon_threadsafe(server.wake.set)
        until(lambda: server.running, 20, "the other's runs")
        task = self.swap(service)
        until(lambda: server.pending, 20, "ours waits")
        service.cancel(task)
        until(lambda: server.count["deleted"] == 1, 10, "ours is taken away")
        self.assertEqual(server.running[1], "somebody-elses")
        self.assertEqual(server.count["interrupted"], 0)


@unittest.skipIf(REAL, "a real server has no faults to order")
class Sockets(Comfyui):
    """What the server tells while it works is a hint: it shows how far it is, and decides nothing."""

    def setUp(self):
        self.server = self.comfy()
        self.host = self.start(self.server)

    def running(self, **faults):
        self.server.faults = {"hold": True, **faults}
        self.task_id = self.swap(self.host)
        until(lambda: self.server.running, 20, "the prompt runs")
        return self.server.running[1]

    def step(self):
        return self.host.task(self.task_id).get("current_step", "")

    def finish(self):
        self.server.release()
        self.assert_swapped(self.host, self.task_id, runs=self.submits())
        self.assertEqual(len(self.server.history), self.submits())

    def test_progress_is_that_of_the_server(self):
        name = self.running()
        until(lambda: name in self.server.sockets, 20, "the socket is there")
        self.server.send(name, "execution_cached", nodes=["1", "2"])
        self.server.send(name, "executing", node="3")
        self.server.send(name, "progress", node="3", value=3, max=4)
        until(lambda: self.step() == "ComfyUI runs ImageBlend", 20, self.step)
        # two of four nodes, and three quarters of one, of what is the engine's
        until(lambda: 60 <= int(self.host.task(self.task_id)["progress"]) <= 75, 20,
              lambda: self.host.task(self.task_id))
        self.finish()

    def test_events_of_others_are_not_ours(self):
        name = self.running()
        until(lambda: name in self.server.sockets, 20, "the socket is there")
        for data in ({"prompt_id": "somebody-elses"}, {"prompt_id": None}, {"prompt_id": 7}):
            self.server.send(name, "executing", node="3", **data)
            self.server.send(name, "progress", node="3", value=9, max=9, **data)
            self.server.send(name, "execution_error", **data)
        self.server.send(name, "progress", node="3", value="x", max=[])
        self.server.send(name, "nonsense", node={"a": 1})
        # ours that is too early, or a lie: the history has the last word
        polls = self.asked("GET /history")
        self.server.send(name, "execution_error", node_id="3")
        self.server.send(name, "executing", node=None)
        until(lambda: self.asked("GET /history") > polls + 2, 20, "it was looked at")
        self.assertNotIn("runs", self.step())
        self.finish()

    def asked(self, beginning):
        return sum(number for path, number in list(self.server.count.items())
                   if path.startswith(beginning))

    def test_a_socket_that_is_silent_for_ever(self):
        name = self.running(silent=True)
        until(lambda: name in self.server.sockets, 20, "the socket is there")
        self.finish()

    def test_a_second_socket_with_our_name(self):
        """It takes the name; when the first one is gone the server has forgotten both."""
        name = self.running()
        until(lambda: name in self.server.sockets, 20, "the socket is there")
        self.server.loop.call_soon_threadsafe(self.server.sockets.__setitem__, name, None)
        self.finish()

    def test_a_socket_that_is_refused_or_breaks(self):
        for at, faults in enumerate(({"say": {"GET /ws": [(403, "no")]}}, {"reset": {"GET /ws": 1}},
                                     {"hang": {"GET /ws": 1}}, {"endless": {"GET /ws": 1}},
                                     {"reset_after": {"GET /ws": 1}})):
            with self.subTest(faults=faults):
                self.running(**faults)
                until(lambda: self.asked("GET /ws") > at, 20, "it was asked for")
                self.finish()
                self.assertEqual(self.submits(), at + 1)


@unittest.skipIf(REAL, "a real server has no faults to order")
class Common(Faults, Comfyui):
    SUBMIT, POLL, RESULT, UPLOAD = "POST /prompt", "GET /history", "GET /view", "POST /upload"
    UNREACHABLE, NO_RESULT = "COMFYUI_NOT_AVAILABLE", "COMFYUI_RESULT_NOT_FOUND"
    REFUSED, LOST, REPEATS = "COMFYUI_WORKFLOW_ERROR", None, True
    CANCEL = "POST /interrupt"

    def faulty(self, **more):
        self.server = self.comfy()
        return self.start(self.server, executors=1, settings="submit_timeout = 1 "
                          "upload_timeout = 1 poll_timeout = 1 download_timeout = 1 max_result_mb = 1",
                          **more)


if __name__ == "__main__":
    if not (PLUGINS / "comfyui.so").exists():
        raise SystemExit(formytest.SKIPPED)
    formytest.main()
