"""Run tests, notebooks and exercises with the network cut and an empty home folder.

    .venv/bin/python tests/drills/offline.py                      # everything, as `make test` does
    .venv/bin/python tests/drills/offline.py tests/test_data.py   # some files or folders, one after another
    .venv/bin/python tests/drills/offline.py --locked-down ...    # home and packages cannot be written

It prints the counts of each file or folder. The network is cut by a network namespace of Linux:
only this machine itself (127.0.0.1) can be reached. What is already installed and the course's own
folder stay as they are.
"""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = ("tests", "notebooks", "solutions", "exercises")
# Variables that would let a process find its old home, data or settings.
HOMES = ("XDG_", "KERAS_HOME", "NASCOURSE_MNIST", "JUPYTER_", "IPYTHONDIR", "MPLCONFIGDIR")


def sealed(
    command: Sequence[str | os.PathLike],
    *,
    read_only: Sequence[str | os.PathLike] = (),
    network: bool = False,
) -> list[str]:
    """Return a command that runs `command` where folders cannot be written, even by root.

    Parameters
    ----------
    command
        The program and its arguments.
    read_only
        Folders that can be read only.
    network
        Whether it can reach other machines, and this one.
    """
    steps = []
    for folder in map(shlex.quote, map(str, read_only)):
        steps += [f"mount --bind {folder} {folder}", f"mount -o remount,bind,ro {folder}"]
    namespaces = ["--map-root-user", "--mount"] + ([] if network else ["--net"])
    script = " && ".join([*steps, 'exec "$@"'])
    return ["unshare", *namespaces, "sh", "-c", script, "sh", *map(str, command)]


def why_not(**conditions) -> str:
    """Return why `sealed` does not work here, or an empty string."""
    try:
        answer = subprocess.run(
            sealed(["true"], **conditions), capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "needs the command unshare of Linux"
    return f"no namespaces here ({answer.stderr.strip()})" if answer.returncode else ""


def main() -> int:
    """Run pytest on each path inside, and print the counts; 0 if nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--locked-down", action="store_true", help="home and packages read-only")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", default=EVERYTHING, help="what to run")
    options = parser.parse_args()
    if options.inside:
        return run(options.paths)

    with tempfile.TemporaryDirectory() as folder:
        home, runtime = Path(folder, "home"), Path(folder, "runtime")
        home.mkdir()
        read_only = [home, sysconfig.get_path("purelib")] if options.locked_down else []
        if reason := why_not(read_only=read_only):
            print(f"Skipped: {reason}.")
            return 0
        kept = {n: value for n, value in os.environ.items() if not n.startswith(HOMES)}
        environment = kept | {"HOME": str(home)}
        if options.locked_down:
            # Kernels and those who start them meet there; `make lab` finds a place by itself.
            environment["JUPYTER_RUNTIME_DIR"] = str(runtime)
        command = [sys.executable, __file__, "--inside", *options.paths]
        return subprocess.run(
            sealed(command, read_only=read_only), cwd=ROOT, env=environment, check=False
        ).returncode


def run(paths: Sequence[str]) -> int:
    """Prove that no other machine can be reached, then run pytest on one path after another."""
    import fcntl
    import struct

    with socket.socket() as any_socket:  # switch the loopback device on: SIOCSIFFLAGS, IFF_UP
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=5).close()
    except OSError as error:
        print(f"The network is cut ({error.strerror}); home is {os.environ['HOME']}.")
    else:
        print("The network is not cut: nothing was run.")
        return 1

    counts, worst = [], 0
    for path in paths:
        line = ""
        command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
        with subprocess.Popen(
            [*command, path], stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            for line in process.stdout:
                print(line, end="", flush=True)
        counts.append(f"{path}: {line.strip()}")  # pytest's last line sums up
        worst = max(worst, process.returncode)
    print("\nWithout a network:", *counts, sep="\n  ")
    return worst


if __name__ == "__main__":
    sys.exit(main())
