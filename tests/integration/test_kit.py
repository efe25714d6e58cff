"""Plugins that are built against an installed Formy and nothing else, and the guide's tutorial."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import formytest
from formytest import BIN, PATIENCE, SANITIZED, SOURCE, TEST_PLUGINS, Service, encode, picture

GUIDE = SOURCE / "docs" / "plugin-guide.md"
MOST_COMMANDS = 10
MOST_SECONDS = 60


@unittest.skipIf(SANITIZED, "what is installed is not built for AddressSanitizer")
class Kit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="formy-")))
        build = BIN.parent
        where = re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)$",
                          (build / "CMakeCache.txt").read_text(), re.M).group(1)
        subprocess.run(["cmake", "--install", build], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL, env={**os.environ, "DESTDIR": str(cls.root)},
                       timeout=120 * PATIENCE)
        cls.prefix = cls.root / where.lstrip("/")
        library = next(cls.prefix.rglob("libformy.so*")).parent
        cls.environment = {
            "PATH": f"{cls.prefix}/bin:{cls.prefix}/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LD_LIBRARY_PATH": str(library), "CMAKE_PREFIX_PATH": str(cls.prefix),
            "PKG_CONFIG_PATH": str(library / "pkgconfig"), "HOME": str(cls.root), "LANG": "C.UTF-8"}

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="formy-")))

    def call(self, *command, **more):
        run = subprocess.run([*map(str, command)], cwd=self.folder, env=self.environment, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False,
                             timeout=200 * PATIENCE, **more)
        self.assertEqual(run.returncode, 0, f"{command}\n{run.stdout}{run.stderr}")
        return run.stdout

    def build(self, source, *options):
        self.call("cmake", "-S", source, "-B", f"{source}/build", *options)
        self.call("cmake", "--build", f"{source}/build")
        said = self.call("ctest", "--test-dir", f"{source}/build", "--output-on-failure")
        self.assertIn("100% tests passed", said)
        return next(Path(self.folder, source, "build").glob("*.so"))

    def test_new_mode_in_c99_and_c11(self):
        for standard in "99", "11":
            with self.subTest(standard=standard):
                self.call("formy", "plugin", "new", f"mode_c{standard}")
                file = self.build(f"mode_c{standard}", f"-DCMAKE_C_STANDARD={standard}",
                                  "-DCMAKE_C_EXTENSIONS=OFF", "-DCMAKE_C_STANDARD_REQUIRED=ON",
                                  "-DCMAKE_C_FLAGS=-Werror -Wpedantic")
                said = json.loads(self.call("formy", "plugin", "check", file, "--json"))
                self.assertEqual(said["plugin"]["id"], f"mode_c{standard}")
                self.assertEqual(said["plugin"]["modes"][0]["name"], f"MODE_C{standard}")
                symbols = self.call("nm", "-D", "--defined-only", file)
                self.assertRegex(symbols, r"\A(\S+ A FORMY_PLUGIN\n)?\S+ T formy_plugin_\S+\n\Z")

    def test_cpp11(self):
        shutil.copytree(SOURCE / "tests" / "kit", self.folder / "in_cpp")
        self.build("in_cpp")

    def test_pkg_config(self):
        self.call("formy", "plugin", "new", "by_hand")
        flags = self.call("pkg-config", "--cflags", "--libs", "formy-plugin", "json-c").split()
        self.call("cc", "-std=c11", "by_hand/by_hand.c", *flags, "-o", "by_hand.so")
        self.call("formy", "plugin", "check", "by_hand.so")
        header = (self.prefix / "include" / "formy" / "plugin.h").read_text()
        for name in "major", "minor":
            number = self.call("pkg-config", f"--variable=abi_{name}", "formy-plugin").strip()
            self.assertIn(f"#define FORMY_ABI_{name.upper()} {number}u", header)
        plugins = Path(self.call("pkg-config", "--variable=plugindir", "formy-plugin").strip())
        self.assertTrue((plugins / "head_swap.so").exists(), plugins)

    def test_engine_runs(self):
        self.call("formy", "plugin", "new", "--engine", "my_cloud")
        file = self.build("my_cloud")
        shutil.copy(file, self.folder)
        engine = 'engine "my_cloud" { }'
        with Service({"BACKGROUND_CHANGE": {"engine": "my_cloud"}}, sections=engine,
                     plugin_dirs=(self.folder, BIN.parent / "plugins")) as host:
            before = picture()
            task = host.wait(host.submit("BACKGROUND_CHANGE", host.put(before),
                                         {"background_type": "preset",
                                          "background_preset": "studio_white"}))
            with formytest.Image.open(host.result(task)) as made:
                red, blue = made.convert("RGB").getpixel((310, 5))[::2]
        self.assertGreater(red, 200, "the mark of the left corner is at the right")
        self.assertLess(blue, 60)

    def test_new_refuses(self):
        self.call("formy", "plugin", "new", "twice")
        for name, word in (("twice", "cannot be made"), ("Bad", "no name"), ("../up", "no name")):
            run = subprocess.run([self.prefix / "bin" / "formy", "plugin", "new", name], text=True,
                                 cwd=self.folder, env=self.environment, capture_output=True,
                                 timeout=20 * PATIENCE, check=False)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn(word, run.stderr)

    def test_tutorial(self):
        """The commands of the guide, from nothing to a picture that the new mode made."""
        script = re.search(r"<!-- tutorial -->\n+```sh\n(.*?)^```$", GUIDE.read_text(),
                           re.M | re.S).group(1)
        plain = re.sub(r"<<END\n.*?^END$", "", script, flags=re.M | re.S).replace("\\\n", " ")
        commands = [line for line in plain.splitlines() if line.strip()]
        self.assertLessEqual(len(commands), MOST_COMMANDS, commands)
        (self.folder / "photo.png").write_bytes(encode(picture(), "png"))
        start = time.monotonic()
        with open(self.folder / "said", "wb") as said:
            shell = subprocess.Popen(["bash", "-e", "-c", script + "\nkill %% && wait || true\n"],
                                     cwd=self.folder, env=self.environment, stdout=said,
                                     stderr=said, stdin=subprocess.DEVNULL, start_new_session=True)
            try:
                code = shell.wait(MOST_SECONDS * 3 * PATIENCE)
            finally:
                try:
                    os.killpg(shell.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                pid = self.folder / "redis.pid"
                if pid.exists():
                    os.kill(int(pid.read_text()), signal.SIGKILL)
        took = time.monotonic() - start
        self.assertEqual(code, 0, (self.folder / "said").read_text(errors="replace"))
        with formytest.Image.open(self.folder / "sepia.png") as made:
            self.assertEqual(made.size, (320, 240))
        print(f"{len(commands)} commands in {took:.1f} s")
        self.assertLess(took, MOST_SECONDS * PATIENCE)


if __name__ == "__main__":
    formytest.main()
