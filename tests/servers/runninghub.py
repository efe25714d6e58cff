"""A server that speaks RunningHub's v1 API: blends the picture of node 2 over that of node 1 by the
strength of node 3, as the result of node 9; node 8 gives something else.

Its own faults: codes ({path: [code, ...]}: the next answers), seconds (that a task takes), failed
(words of the reason).
"""

import io
import time

from aiohttp import web
from PIL import Image

from serving import Server


class RunningHub(Server):
    KEY = "rh-test-0123456789abcdef"

    def __init__(self, **more):
        super().__init__(**more)
        self.files = {}
        self.tasks = {}
        self.cancelled = []

    def routes(self):
        return [web.post("/task/openapi/upload", self.upload),
                web.post("/openapi/v2/media/upload/binary", self.upload_v2),
                web.post("/task/openapi/create", self.create),
                web.post("/task/openapi/outputs", self.outputs),
                web.post("/task/openapi/cancel", self.cancel),
                web.get("/files/{name}", self.file)]

    def code(self, path):
        codes = self.faults.get("codes", {}).get(path, [])
        return codes.pop(0) if codes else 0

    async def upload(self, request):
        form = await request.post()
        assert form["apiKey"] == self.KEY and form["fileType"] == "input"
        with form["file"].file as file:
            name = f"api/{len(self.files)}.png"
            self.files[name] = file.read()
        return answer(self.code("upload"), {"fileName": name})

    async def upload_v2(self, request):
        form = await request.post()
        if request.headers.get("Authorization") != "Bearer " + self.KEY:
            return web.json_response({"code": 1002, "message": "no such key", "data": None})
        assert list(form) == ["file"], list(form)
        with form["file"].file as file:
            name = f"api/{len(self.files)}.png"
            self.files[name] = file.read()
        return web.json_response({"code": 0, "message": "success", "data": {
            "type": "image", "fileName": name, "download_url": f"{self.url}/files/{name}"}})

    async def create(self, request):
        body = await request.json()
        self.count["submits"] += 1
        code = self.code("create")
        if body["apiKey"] != self.KEY:
            code = 802
        if code:
            return answer(code)
        name = str(1000 + len(self.tasks))
        self.tasks[name] = (time.monotonic() + self.faults.get("seconds", 0.1), body)
        await self.submitted()
        return answer(0, {"taskId": name, "taskStatus": "RUNNING"})

    async def outputs(self, request):
        body = await request.json()
        if body["apiKey"] != self.KEY:
            return answer(802)
        code = self.code("outputs")
        if code:
            return answer(code)
        if body["taskId"] not in self.tasks:
            return answer(807)
        end, task = self.tasks[body["taskId"]]
        if time.monotonic() < end or self.faults.get("hold"):
            return answer("804")
        if self.faults.get("failed"):
            return answer(805, {"failedReason": {
                "node_name": "KSampler", "exception_type": "RuntimeError",
                "exception_message": self.faults["failed"]}})
        values = {one["nodeId"]: one["fieldValue"] for one in task["nodeInfoList"]}
        below, above = (Image.open(io.BytesIO(self.files[values[node]])).convert("RGB")
                        for node in "12")
        memory = io.BytesIO()
        Image.blend(below, above, float(values.get("3", 0.5))).save(memory, "PNG")
        self.files["made"] = memory.getvalue()
        return answer(0, [
            {"fileUrl": f"{self.url}/files/mask", "nodeId": "8"},
            {"fileUrl": f"{self.url}/files/made", "nodeId": "9", "taskCostTime": "12",
             "consumeCoins": "3", "consumeMoney": None}])

    async def cancel(self, request):
        self.cancelled.append((await request.json())["taskId"])
        return answer(0)

    async def file(self, request):
        if self.faults.get("huge_result"):
            return self.huge()
        return web.Response(body=self.files[request.match_info["name"]])


def answer(code, data=None):
    return web.json_response({"code": code, "msg": "success" if code == 0 else f"CODE_{code}",
                              "data": data})
