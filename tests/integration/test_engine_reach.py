"""How the engines reach their services: names that do not exist, certificates that nobody trusts,
connections that hang, proxies. One service has them all: each engine several times, and a task says
which of them it wants."""

import os
import re
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import formytest
from enginetest import BLUE, RED, WORKFLOWS, EngineTest, mix
from formytest import PLUGINS, until
from test_engine_http import BODY, QUEUE

from comfyui import Comfy
from openai import OpenAI
from runninghub import RunningHub
from webapi import WebApi

SWAPPED = mix(BLUE, RED, 0.8)
KINDS = {
    "comfyui": (Comfy, 'urls = {{"{url}"}}', SWAPPED),
    "openai": (OpenAI, 'base_url = "{url}/v1" api_key_file = "{key}"', mix(RED, BLUE, 0.8)),
    "runninghub": (RunningHub, 'base_url = "{url}" api_key_file = "{key}" poll_every = 1', SWAPPED),
    "http": (WebApi, 'submit_url = "{url}/model" api_key_file = "{key}" '
             'headers = {{"Authorization: Key {{api_key}}"}} ' + QUEUE.replace("{", "{{")
             .replace("}", "}}"), SWAPPED)}
MODE = f"""workflow = "{WORKFLOWS / 'head_swap.json'}" body = {BODY}
    prompt = "Swap, share={{blend_strength}}" workflow_id = "77" output_node = "9"
    cloth_image = "1.image" head_image = "2.image" blend_strength = "3.strength" """
DOWN = ("ENGINE_CONNECTION_FAILED", "COMFYUI_NOT_AVAILABLE")


class Reach(EngineTest):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self, engines):
        """engines: name -> (kind, url, further settings). The first is the mode's own."""
        sections = ""
        for name, (kind, url, settings) in engines.items():
            server, text, _ = KINDS[kind]
            key = self.folder / f"{kind}.key"
            key.write_text(getattr(server, "KEY", "none"))
            key.chmod(0o600)
            sections += (f'engine "{name}" {{ type = "{kind}" connect_timeout = 1 '
                         f'{text.format(url=url, key=key)} {settings} }}\n')
        first, *others = engines
        allowed = ", ".join(f'"{name}"' for name in others)
        return self.service(
            {"HEAD_SWAP": f'engine = "{first}" engines_allowed = {{{allowed}}} {MODE}'},
            sections=sections, plugin_dirs=(PLUGINS,), executors=3)

    def assert_down(self, service, name, words):
        """It is said to be down, for that reason, and the task waits."""
        task_id = self.swap(service, engine=name)
        line = until(lambda: re.search(rf'msg="engine is down.*engine={name} .*',
                                       service.formyd.log()), 30, service.tail)[0]
        self.assertRegex(line, "|".join(DOWN))
        self.assertRegex(line, words)
        until(lambda: service.status(task_id) == "pending", 20, service.tail)
        self.assertEqual(service.task(task_id).get("attempts", "0"), "0")
        service.cancel(task_id)

    def certificate(self):
        files = self.folder / "tls.pem", self.folder / "tls.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
            check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        return context, files[0]

    def test_names_and_connections(self):
        deaf = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        engines = {"well": ("comfyui", self.enterContext(Comfy()).url, "")}
        for kind in KINDS:
            engines[f"{kind}_name"] = (kind, "http://nowhere.invalid", "")
            # the kernel takes the connection, nobody answers to TLS
            engines[f"{kind}_hangs"] = (kind, f"https://127.0.0.1:{deaf.getsockname()[1]}", "")
        service = self.start(engines)
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.assert_down(service, f"{kind}_name", "resolv")
                self.assert_down(service, f"{kind}_hangs", "time")

    def test_certificates(self):
        context, ca_file = self.certificate()
        servers, engines = {}, {"well": ("comfyui", self.enterContext(Comfy()).url, "")}
        for kind, (server, *_) in KINDS.items():
            servers[kind] = self.enterContext(server(tls=context))
            engines[f"{kind}_stranger"] = (kind, servers[kind].url, "")
            engines[f"{kind}_trusted"] = (kind, servers[kind].url, f'ca_file = "{ca_file}"')
        service = self.start(engines)
        for kind, (_, _, expected) in KINDS.items():
            with self.subTest(kind=kind):
                self.assert_down(service, f"{kind}_stranger", "certificate")
                task = service.wait(self.swap(service, engine=f"{kind}_trusted"), seconds=60)
                self.assert_colour(service, task, expected)

    def test_proxies(self):
        """The servers play the proxy themselves: they are asked for a host that nobody has."""
        servers, engines = {}, {}
        for kind, (server, *_) in KINDS.items():
            servers[kind] = self.enterContext(server())
            engines[f"{kind}_set"] = (kind, "http://service.invalid:81",
                                      f'proxy = "{servers[kind].url}"')
        first = servers["comfyui"]
        engines["usual"] = ("comfyui", "http://usual.invalid:82", "")
        engines["without"] = ("comfyui", f"http://127.0.0.1:{first.port}", "")
        with mock.patch.dict(os.environ, http_proxy=first.url, no_proxy="127.0.0.1"):
            service = self.start(engines)
        for kind, (_, _, expected) in KINDS.items():
            with self.subTest(kind=kind):
                task = service.wait(self.swap(service, engine=f"{kind}_set"), seconds=60)
                self.assert_colour(service, task, expected)
                self.assertGreater(servers[kind].hosts["service.invalid:81"], 1)
        for name, host in ("usual", "usual.invalid:82"), ("without", f"127.0.0.1:{first.port}"):
            with self.subTest(name=name):
                before = first.hosts[host]
                service.wait(self.swap(service, engine=name), seconds=60)
                self.assertGreater(first.hosts[host], before)


if __name__ == "__main__":
    if not all((PLUGINS / f"{name}.so").exists() for name in KINDS):
        raise SystemExit(formytest.SKIPPED)
    formytest.main()
