"""What the tests of engines share: a service whose modes use an engine, pictures of one colour, and
what a result has to look like."""

import json
import re
import sys
import tempfile
from pathlib import Path

import numpy
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "servers"))

from formytest import PLUGINS, FormyTest, members  # noqa: E402

WORKFLOWS = Path(__file__).resolve().parents[1] / "servers" / "workflows"
RED, BLUE = (200, 40, 0), (0, 40, 200)


class EngineTest(FormyTest):
    """engine(modes, type, {...}) starts a worker whose modes use one engine of that type."""

    def engine(self, kind, settings, modes, key=None, **more):
        if key:
            folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
            file = folder / re.search(r'api_key_file = "([^"]*)"', settings)[1]
            file.write_text(key)
            file.chmod(0o600)
            settings = settings.replace(file.name, str(file))
        sections = f'engine "far" {{ type = "{kind}" {settings} }}'
        modes = {name: f'engine = "far" {members(body)}' for name, body in modes.items()}
        return self.service(modes, sections=sections, plugin_dirs=(PLUGINS,), **more)

    def swap(self, service, **config):
        """A HEAD_SWAP of a red head and a blue body."""
        config["reference_image"] = service.put(colour(BLUE), "reference")
        return service.submit("HEAD_SWAP", service.put(colour(RED)), config)

    def pose(self, service, **config):
        """A POSE_CHANGE of a red person after a blue picture."""
        config["pose_reference"] = service.put(colour(BLUE), "reference")
        return service.submit("POSE_CHANGE", service.put(colour(RED)), config)

    def backdrop(self, service, **config):
        """A BACKGROUND_CHANGE of a red person before a blue picture."""
        config["background_image"] = service.put(colour(BLUE), "reference")
        return service.submit("BACKGROUND_CHANGE", service.put(colour(RED)), config)

    def assert_colour(self, service, task, expected, at=(5, 5), tolerance=2):
        with Image.open(service.result(task)) as output:
            pixel = numpy.array(output.convert("RGB").getpixel(at), int)
        self.assertLessEqual(abs(pixel - expected).max(), tolerance, (pixel, expected))

    def engine_facts(self, task):
        return json.loads(task["result"])["metadata"]["engine"]


def colour(rgb, size=(128, 96)):
    return Image.new("RGB", size, rgb)


def mix(one, other, share):
    return numpy.array(one) * (1 - share) + numpy.array(other) * share


def urls(*servers):
    return "urls = {" + ", ".join(f'"{server.url}"' for server in servers) + "}"
