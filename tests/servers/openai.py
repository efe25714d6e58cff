"""A server that speaks OpenAI's images/edits: blends the first picture with the second, if there is
one, by a share that it finds in the prompt ("share=0.25"); with a mask it puts the second where that
is transparent.

as_url: a URL in place of base64. Its own faults: no_image (200 with words), slow (seconds).
"""

import asyncio
import base64
import io
import re

from aiohttp import web
from PIL import Image

from serving import Server


class OpenAI(Server):
    KEY = "sk-test-0123456789abcdef"

    def __init__(self, **more):
        super().__init__(**more)
        self.forms = []
        self.as_url = False
        self.made = b""
        self.foreign_headers = None

    def routes(self):
        return [web.post("/v1/images/edits", self.edits), web.get("/made.png", self.get_made),
                web.get("/v1/models", self.models)]

    async def models(self, _):
        return web.json_response({"data": []})

    async def edits(self, request):
        form = await request.post()
        self.count["submits"] += 1
        if request.headers.get("Authorization") != f"Bearer {self.KEY}":
            return error(401, "invalid_api_key", "Incorrect API key provided: "
                         + request.headers.get("Authorization", ""))
        self.forms.append({name: value for name, value in form.items() if isinstance(value, str)})
        pictures = []
        for field in form.getall("image[]", []) + form.getall("image", []):
            with field.file as file:
                pictures.append(Image.open(io.BytesIO(file.read())).convert("RGB"))
        await asyncio.sleep(self.faults.get("slow", 0))
        await self.held()
        if self.faults.get("no_image"):
            return web.json_response({"created": 1, "data": [], "text": "I cannot draw that"})
        share = re.search(r"share=([\d.]+)", form["prompt"])
        picture = pictures[0]
        if "mask" in form:
            with form["mask"].file as file:
                keep = Image.open(io.BytesIO(file.read())).getchannel("A")
            picture = Image.composite(picture, pictures[1].resize(picture.size), keep)
        elif len(pictures) > 1:
            picture = Image.blend(picture, pictures[1].resize(picture.size),
                                  float(share[1]) if share else 0.5)
        memory = io.BytesIO()
        picture.save(memory, "PNG")
        self.made = memory.getvalue()
        data = {"url": self.url + "/made.png"} if self.as_url else \
            {"b64_json": base64.b64encode(self.made).decode()}
        return web.json_response({"created": 1, "data": [data], "usage": {"output_tokens": 4160}},
                                 headers={"x-request-id": "req-1"})

    async def get_made(self, request):
        self.foreign_headers = dict(request.headers)
        if self.faults.get("huge_result"):
            return self.huge()
        return web.Response(body=self.made, content_type="image/png")


def error(status, code, message):
    return web.json_response({"error": {"message": message, "code": code, "type": code,
                                        "param": None}}, status=status)
