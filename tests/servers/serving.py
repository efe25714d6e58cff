"""What the test servers share: an aiohttp application on a thread of its own, on loopback, whose
port stays the same when it is stopped and started again; faults by name; counters.

A test sets server.faults["name"] = value and reads server.count["name"]. Faults of every server:
reset: {path: n} closes the connection once it has read the next n requests of a path; hang: {path: n} never
answers them; say: {path: [(status, text, headers)...]} answers so; trickle: {path: n} a byte now
and then; endless: {path: n} bytes without an end. hold: no task ends until release(). huge_result:
the result has 40000x40000 pixels.
"""

import asyncio
import collections
import contextlib
import socket
import struct
import threading
import zlib

from aiohttp import web


class Server:
    """tls: an ssl.SSLContext; without it it speaks plain HTTP."""

    def __init__(self, tls=None):
        self.faults = {}
        self.on_submit = None  # called when something was submitted, before that is answered
        self.count = collections.Counter()
        self.hosts = collections.Counter()  # whom the requests were meant for
        self.tls = tls
        self.port = free_port()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.runner = None

    def routes(self):
        raise NotImplementedError

    def forget(self):
        """What a process loses when it ends."""

    async def begin(self):
        """What a process does when it starts."""

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def start(self):
        if not self.thread.is_alive():
            self.thread.start()
        self.call(self._start())
        return self

    def stop(self):
        """As if killed: open connections are cut, memory is lost."""
        self.call(self._stop())
        self.forget()

    async def _start(self):
        application = web.Application(client_max_size=100 << 20, middlewares=[self.middleware])
        application.add_routes(self.routes())
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True,
                           shutdown_timeout=0.1, ssl_context=self.tls)
        await site.start()
        await self.begin()

    async def _stop(self):
        if self.runner:
            await self.runner.cleanup()
            self.runner = None

    def take(self, fault, path):
        """Whether this request has that fault; each is counted down."""
        paths = self.faults.get(fault, {})
        name = next((name for name in paths if path.startswith(name)), None)
        if name is None or not paths[name]:
            return None
        if isinstance(paths[name], list):
            return paths[name].pop(0)
        paths[name] -= 1
        return True

    @web.middleware
    async def middleware(self, request, handler):
        path = f"{request.method} {request.path}"
        self.count[path] += 1
        self.hosts[request.headers.get("Host")] += 1
        if self.take("reset", path):
            await request.read()  # whoever is cut off while it still sends knows that it failed
            if request.transport:
                request.transport.abort()
            return web.Response()
        if self.take("hang", path):
            await asyncio.sleep(3600)
        said = self.take("say", path)
        if said:
            status, text, headers = (*said, {})[:3]
            return web.Response(status=status, text=text, headers=headers)
        endless = self.take("endless", path)
        if endless or self.take("trickle", path):
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(b"x" * (1 << 20) if endless else b"{")
                    await asyncio.sleep(0 if endless else 0.5)
            return response
        response = await handler(request)
        if self.take("reset_after", path) and request.transport:
            request.transport.abort()
        return response

    async def submitted(self):
        if self.on_submit:
            await asyncio.to_thread(self.on_submit)

    async def held(self):
        while self.faults.get("hold"):
            await asyncio.sleep(0.02)

    def release(self):
        """Ends what is held."""
        self.faults.pop("hold", None)

    def huge(self):
        return web.Response(body=huge_picture(), content_type="image/png")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


def huge_picture(side=40000):
    """A PNG of so many pixels in each direction, black, and small to send."""
    rows = 400
    row = 1 + side // 8
    packer = zlib.compressobj(wbits=-15)
    part = packer.compress(bytes(row * rows)) + packer.flush(zlib.Z_FULL_FLUSH)
    check = (row * side % 65521) << 16 | 1  # Adler-32 of zeros alone
    data = b"\x78\x01" + part * (side // rows) + b"\x03\x00" + struct.pack(">I", check)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)),
                           (b"IDAT", data), (b"IEND", b"")))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
