"""A service in the manner of queue.fal.run: submit, a state, a result at another address, all of them
named in its answers. Blends the second picture over the first by "strength".

Its own faults: seconds (that a task takes), failed (words), inline (the result is in the answer).
"""

import base64
import io
import time

from aiohttp import web
from PIL import Image

from serving import Server


class WebApi(Server):
    KEY = "web-test-0123456789abcdef"

    def __init__(self, **more):
        super().__init__(**more)
        self.tasks = []
        self.bodies = []
        self.cancelled = 0

    def routes(self):
        return [web.post("/model", self.submit), web.get("/model/{id}/status", self.state),
                web.get("/model/{id}", self.result), web.put("/model/{id}/cancel", self.cancel),
                web.get("/made/{id}.png", self.made), web.post("/tint", self.tint)]

    def may(self, request):
        return request.headers.get("Authorization") == "Key " + self.KEY

    async def submit(self, request):
        self.count["submits"] += 1
        if not self.may(request):
            return web.json_response({"detail": "no such key"}, status=401)
        body = await request.json()
        self.bodies.append({name: value for name, value in body.items() if name != "image_urls"})
        below, above = (Image.open(io.BytesIO(base64.b64decode(one.partition(",")[2])))
                        .convert("RGB") for one in body["image_urls"])
        memory = io.BytesIO()
        Image.blend(below, above, float(body["strength"])).save(memory, "PNG")
        self.tasks.append((time.monotonic() + self.faults.get("seconds", 0.1), memory.getvalue()))
        if self.faults.get("inline"):
            return web.json_response({"image": base64.b64encode(memory.getvalue()).decode()})
        await self.submitted()
        here = f"{request.scheme}://{request.headers['Host']}/model/{len(self.tasks) - 1}"
        return web.json_response({"request_id": str(len(self.tasks) - 1), "status_url":
                                  here + "/status", "response_url": here, "cancel_url":
                                  here + "/cancel"})

    async def state(self, request):
        end, _ = self.tasks[int(request.match_info["id"])]
        if self.faults.get("failed"):
            return web.json_response({"status": "FAILED", "error": self.faults["failed"]})
        ended = time.monotonic() > end and not self.faults.get("hold")
        return web.json_response({"status": "COMPLETED" if ended else "IN_PROGRESS"})

    async def result(self, request):
        if not self.may(request):
            return web.Response(status=401)
        return web.json_response(
            {"images": [{"url": f"{self.url}/made/{request.match_info['id']}.png"}]})

    async def made(self, request):
        assert "Authorization" not in request.headers
        if self.faults.get("huge_result"):
            return self.huge()
        return web.Response(body=self.tasks[int(request.match_info["id"])][1])

    async def tint(self, request):
        picture = Image.open(io.BytesIO(await request.read())).convert("RGB")
        memory = io.BytesIO()
        picture.point(lambda value: 255 - value).save(memory, "PNG")
        return web.Response(body=memory.getvalue())

    async def cancel(self, _):
        self.cancelled += 1
        return web.json_response({})
