"""Prove that the pins fit together on every Python and system the course promises.

Run by `make resolve`. Asks uv to resolve the requirements of learners, all optional ones and those
of the tests from wheels alone, so that nobody needs a compiler. Needs the network, so it is no part
of the tests.
"""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("requirements.txt", "tests/requirements.txt", "-")  # and from standard input
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = {
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux arm64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}


def compile_pins(*sources: str, python: str, platform: str, stdin: str = "") -> str:
    """Return the versions that uv picks, one a line; raise CalledProcessError if none fit."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *sources, "--only-binary", ":all:"]
    command += ["--python-version", python, "--python-platform", platform]
    command += ["--quiet", "--no-header", "--no-annotate"]
    environment = {
        **os.environ,
        "UV_NO_CONFIG": "1",  # one's own uv settings prove nothing
        "MACOSX_DEPLOYMENT_TARGET": "14.0",  # which PyTorch asks for
    }
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def main() -> int:
    """Resolve each pair, print a line a pair and the count; return 0 if all resolve."""
    optional = [line for line in metadata.requires("nascourse") if "extra ==" in line]
    names = "\n".join(line.partition(";")[0] for line in optional)
    resolved = 0
    for label, platform in PLATFORMS.items():
        for python in PYTHONS:
            try:
                lines = compile_pins(
                    *SOURCES, python=python, platform=platform, stdin=names
                ).splitlines()
            except subprocess.CalledProcessError as error:
                print(f"FAULT {label}, Python {python}:\n{error.stderr.strip()}", flush=True)
            else:
                resolved += 1
                print(f"ok    {label}, Python {python}: {len(lines)} packages", flush=True)
    print(f"{resolved} of {len(PLATFORMS) * len(PYTHONS)} resolve")

    newest = compile_pins("-", python="3.12", platform=PLATFORMS["Linux x86-64"], stdin="autokeras")
    if "autokeras==3.0.0\n" not in newest:
        print("note  a newer AutoKeras is out: see tests/test_setup.py on letting Keras go")
    return 0 if resolved == len(PLATFORMS) * len(PYTHONS) else 1


if __name__ == "__main__":
    sys.exit(main())
