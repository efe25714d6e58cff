"""A server that speaks ComfyUI's protocol and carries out graphs of a few core nodes with Pillow.

Of its own faults: delay (seconds a graph runs), deaf (interrupts are ignored), late_history
(seconds from the end to the history), old (gives prompt ids itself, and knows no named interrupt),
node_errors (200, and a part of the graph dropped), missing_nodes (a set of names), fail (words of a node's exception),
forget (accepts so many prompts and loses them), unknown_node (refuses a node that it listed), silent (the
socket says nothing).
"""

import asyncio
import contextlib
import io
import json
import time
import uuid

from aiohttp import web
from PIL import Image

from serving import Server

NODES = {
    "LoadImage": {"image": [["example.png"], {"image_upload": True}]},
    "EmptyImage": {"width": ["INT"], "height": ["INT"], "batch_size": ["INT"], "color": ["INT"]},
    "ImageScale": {"image": ["IMAGE"], "upscale_method": [["nearest-exact", "bilinear"]],
                   "width": ["INT"], "height": ["INT"], "crop": [["disabled", "center"]]},
    "ImageBlend": {"image1": ["IMAGE"], "image2": ["IMAGE"], "blend_factor": ["FLOAT"],
                   "blend_mode": [["normal", "multiply"]]},
    "ImageCompositeMasked": {"destination": ["IMAGE"], "source": ["IMAGE"], "x": ["INT"],
                             "y": ["INT"], "resize_source": ["BOOLEAN"]},
    "SaveImage": {"images": ["IMAGE"], "filename_prefix": ["STRING"]},
}


class Comfy(Server):
    def __init__(self, **more):
        super().__init__(**more)
        self.inputs = {}
        self.outputs = {}
        self.options = {}   # field -> the values that it takes, other than NODES says
        self.sockets = {}   # client id -> socket
        self.ran = []       # prompt ids whose graphs were run, in their order
        self.periods = []   # (begin, end) of each run
        self.forget()

    def release(self):
        super().release()
        self.loop.call_soon_threadsafe(self.hurry.set)

    def forget(self):
        self.pending = []
        self.running = None
        self.history = {}

    async def begin(self):
        self.wake = asyncio.Event()
        self.stopped = asyncio.Event()
        self.hurry = asyncio.Event()  # a test sets it: the run is over now
        self.work = asyncio.ensure_future(self.worker())

    async def _stop(self):
        self.work.cancel()
        await asyncio.gather(self.work, return_exceptions=True)
        await super()._stop()

    def routes(self):
        return [web.post("/upload/image", self.upload), web.post("/prompt", self.prompt),
                web.get("/prompt", self.load), web.get("/history/{id}", self.get_history),
                web.get("/queue", self.get_queue), web.post("/queue", self.post_queue),
                web.post("/interrupt", self.interrupt), web.get("/view", self.view),
                web.get("/object_info/{name}", self.info), web.get("/ws", self.listen)]

    async def listen(self, request):
        socket = web.WebSocketResponse()
        client = request.query["clientId"]
        with contextlib.suppress(ConnectionError):
            await socket.prepare(request)
            self.sockets[client] = socket
            await socket.send_json({"type": "status", "data": {"sid": client, "status": {}}})
            async for _ in socket:
                pass
        # as servers do: whoever took the name since then hears nothing any more
        self.sockets.pop(client, None)
        return socket

    async def tell(self, client, kind, **data):
        """An event; prompt ids are the clients' names here."""
        socket = self.sockets.get(client)
        if socket is not None and not socket.closed and not self.faults.get("silent"):
            self.count[kind] += 1
            await socket.send_bytes(b"\0\0\0\1\0\0\0\1" + b"p" * 70000)
            await socket.send_json({"type": kind, "data": {"prompt_id": client, **data}})

    def send(self, *arguments, **data):
        self.call(self.tell(*arguments, **data))

    async def upload(self, request):
        form = await request.post()
        with form["image"].file as file:
            data = file.read()
        name = f"{form.get('subfolder', '')}/{form['image'].filename}"
        if not self.faults.get("corrupt"):
            self.inputs[name] = data
        else:
            self.inputs[name] = data[:40]
        return web.json_response({"name": form["image"].filename, "type": "input",
                                  "subfolder": form.get("subfolder", "")})

    async def prompt(self, request):
        body = await request.json()
        graph = body["prompt"]
        self.count["submits"] += 1
        unknown = [node["class_type"] for node in graph.values()
                   if node["class_type"] not in NODES]
        if self.faults.get("unknown_node"):
            unknown = ["ImageBlend"]
        if unknown:
            return web.json_response({"error": {
                "type": "invalid_prompt", "message": f"Cannot execute because node {unknown[0]} "
                "does not exist.", "details": "", "extra_info": {}}, "node_errors": {}}, status=400)
        for name, node in graph.items():
            if node["class_type"] == "LoadImage":
                try:
                    Image.open(io.BytesIO(self.inputs[node["inputs"]["image"]])).load()
                except (KeyError, OSError):
                    return web.json_response(refused(name), status=400)
        given = str(uuid.uuid4()) if self.faults.get("old") else body.get("prompt_id")
        errors = {}
        if self.faults.get("node_errors"):
            errors = {next(iter(graph)): {"errors": [{
                "type": "value_not_in_list", "message": "Value not in list",
                "details": "ckpt_name: 'none.safetensors' not in []"}], "class_type": "X"}}
        if self.faults.get("forget"):
            self.faults["forget"] -= 1
        else:
            self.pending.append((len(self.ran), given, graph))
            self.wake.set()
        await self.submitted()
        return web.json_response({"prompt_id": given, "number": 1, "node_errors": errors})

    async def work_on(self, seconds):
        """Returns when it was interrupted."""
        self.hurry.clear()
        stopped = asyncio.ensure_future(self.stopped.wait())
        hurry = asyncio.ensure_future(self.hurry.wait())
        await asyncio.wait((stopped, hurry), timeout=seconds,
                           return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not stopped.done():
            stopped.cancel()
            raise asyncio.TimeoutError

    async def worker(self):
        while True:
            while not self.pending:
                self.wake.clear()
                await self.wake.wait()
            self.running = self.pending.pop(0)
            _, name, graph = self.running
            self.ran.append(name)
            self.stopped.clear()
            begin = time.monotonic()
            entry = {"outputs": {}, "status": {"status_str": "success", "completed": True,
                                               "messages": []}}
            try:
                await self.work_on(3600 if self.faults.get("hold") else
                                   self.faults.get("delay", 0.02))
                entry["status"] = {"status_str": "error", "completed": False, "messages": [
                    ["execution_interrupted", {"prompt_id": name}]]}
            except asyncio.TimeoutError:
                if self.faults.get("fail"):
                    entry["status"] = {"status_str": "error", "completed": False, "messages": [
                        ["execution_error", {
                            "node_id": next(iter(graph)), "exception_type": "RuntimeError",
                            "exception_message": self.faults["fail"]}]]}
                else:
                    entry["outputs"] = self.execute(graph)
            await self.tell(name, "execution_success")
            self.running = None
            self.periods.append((begin, time.monotonic()))
            late = self.faults.get("late_history")
            if late:
                self.loop.call_later(late, self.history.__setitem__, name, entry)
                self.running = (0, name, {})
                await asyncio.sleep(late)
                self.running = None
            else:
                self.history[name] = entry
            await self.tell(name, "executing", node=None)

    def execute(self, graph):
        outputs = {}
        made = {}

        def value(node, field):
            given = graph[node]["inputs"][field]
            return run(given[0]) if isinstance(given, list) else given

        def run(node):
            if node not in made:
                made[node] = self.node(graph[node]["class_type"], lambda field: value(node, field))
            return made[node]

        for name, node in graph.items():
            if node["class_type"] == "SaveImage":
                memory = io.BytesIO()
                run(node["inputs"]["images"][0]).save(memory, "PNG")
                file = f"{node['inputs']['filename_prefix'].rpartition('/')[2]}_00001_.png"
                self.outputs[file] = memory.getvalue()
                folder = node["inputs"]["filename_prefix"].rpartition("/")[0]
                outputs[name] = {"images": [
                    {"filename": file, "subfolder": folder, "type": "output"}]}
        return outputs

    def node(self, kind, value):
        if kind == "LoadImage":
            return Image.open(io.BytesIO(self.inputs[value("image")])).convert("RGB")
        if kind == "EmptyImage":
            return Image.new("RGB", (value("width"), value("height")),
                             f"#{value('color') & 0xffffff:06x}")
        if kind == "ImageScale":
            return value("image").resize((value("width"), value("height")), Image.NEAREST)
        if kind == "ImageBlend":
            below, above = value("image1"), value("image2")
            return Image.blend(below, above.resize(below.size, Image.NEAREST),
                               float(value("blend_factor")))
        below = value("destination").copy()
        below.paste(value("source"), (int(value("x")), int(value("y"))))
        return below

    async def load(self, _):
        return web.json_response({"exec_info": {
            "queue_remaining": len(self.pending) + (self.running is not None)}})

    async def get_history(self, request):
        name = request.match_info["id"]
        entry = self.history.get(name)
        return web.json_response({name: entry} if entry else {})

    async def get_queue(self, _):
        return web.json_response({
            "queue_running": [[*self.running, {}, []]] if self.running else [],
            "queue_pending": [[*one, {}, []] for one in self.pending]})

    async def post_queue(self, request):
        names = (await request.json()).get("delete", [])
        self.count["deleted"] += sum(one[1] in names for one in self.pending)
        self.pending = [one for one in self.pending if one[1] not in names]
        return web.Response()

    async def interrupt(self, request):
        text = await request.text()
        name = json.loads(text).get("prompt_id") if text else None
        ours = self.running and (self.faults.get("old") or name in (None, self.running[1]))
        if ours and not self.faults.get("deaf"):
            self.count["interrupted"] += 1
            self.stopped.set()
        return web.Response()

    async def view(self, request):
        if self.faults.get("huge_result"):
            return self.huge()
        data = self.outputs.get(request.query["filename"])
        return web.Response(body=data, content_type="image/png") if data else \
            web.Response(status=404)

    async def info(self, request):
        name = request.match_info["name"]
        if name not in NODES or name in self.faults.get("missing_nodes", ()):
            return web.json_response({})
        fields = {field: [self.options[field]] if field in self.options else kind
                  for field, kind in NODES[name].items()}
        return web.json_response({name: {"input": {"required": fields}, "name": name}})


def refused(node):
    return {"error": {"type": "prompt_outputs_failed_validation",
                      "message": "Prompt outputs failed validation", "details": "",
                      "extra_info": {}},
            "node_errors": {node: {"errors": [{
                "type": "custom_validation_failed", "message": "Custom validation failed",
                "details": "image - Invalid image file"}],
                "dependent_outputs": [], "class_type": "LoadImage"}}}
