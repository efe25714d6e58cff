"""What the test servers share: an aiohttp application on a thread of its own, on loopback, whose
port stays the same when it is stopped and started again; faults by name; counters.

A test sets server.faults["name"] = value and reads server.count["name"]. Faults of every server:
reset: {path: n} closes the connection on the next n requests of a path; hang: {path: n} never
answers them; say: {path: [(status, text, headers)...]} answers so; trickle: {path: n} a byte now
and then; endless: {path: n} bytes without an end.
"""

import asyncio
import collections
import socket
import threading

from aiohttp import web


class Server:
    def __init__(self):
        self.faults = {}
        self.count = collections.Counter()
        self.seen = []  # (path, headers, body) of what came
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
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
                           shutdown_timeout=0.1)
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
        if self.take("reset", path):
            request.transport.abort()
            return web.Response()
        if self.take("hang", path):
            await asyncio.sleep(3600)
        said = self.take("say", path)
        if said:
            status, text, headers = (*said, {})[:3]
            return web.Response(status=status, text=text, headers=headers)
        if self.take("trickle", path) or self.take("endless", path):
            endless = "endless" in self.faults
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b"x" * (1 << 20) if endless else b"{")
                await asyncio.sleep(0 if endless else 0.5)
        response = await handler(request)
        if self.take("reset_after", path):
            request.transport.abort()
        return response

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
