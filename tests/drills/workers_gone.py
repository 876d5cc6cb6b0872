"""Take all workers of a cluster away in mid-search, and see that the search says so and ends.

    python tests/drills/workers_gone.py --times 10

After the first trial ``cluster.scale(0)`` removes every worker.  Within 30 seconds a line must say
what is waited for; within the limit the search must end in a sentence, with the first trial kept; and
with new workers it must go on to its end.  Needs the package `distributed`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kill_and_resume import TRIALS, run

from nascourse import CourseError, search

# isort: split
from distributed import Client, LocalCluster

MAX_WAIT = 25.0


class Recorder(io.StringIO):
    """Standard output that notes when a wait was first announced."""

    announced: float | None = None

    def write(self, text: str) -> int:
        if "Waiting for" in text and self.announced is None:
            self.announced = time.monotonic()
        return super().write(text)


def problems(folder: Path, cluster: LocalCluster, client: Client) -> list[str]:
    """What went wrong when all workers left after the first trial."""
    gone: list[float] = []

    class Leave(search.Observer):
        def trial_end(self, row):
            if not gone:
                cluster.scale(0)
                gone.append(time.monotonic())

    workers = {"executor": client.get_executor(), "max_wait": MAX_WAIT}
    cluster.scale(1)
    client.wait_for_workers(1, timeout=120)
    output, ended = Recorder(), ""
    with contextlib.redirect_stdout(output):
        try:
            run("random", folder, observer=Leave(), **workers)
        except CourseError as error:
            ended = str(error)
    seconds, found = time.monotonic() - gone[0], []
    if (output.announced or time.monotonic()) - gone[0] > 30:
        found.append("no line within 30 seconds")
    if "all finished trials are kept" not in ended:
        found.append(f"no sentence, but {ended!r}")
    if seconds > MAX_WAIT + 30:
        found.append(f"it ended after {seconds:.0f} seconds")
    print(f"    ended after {seconds:.0f} seconds: {ended}")
    cluster.scale(1)
    client.wait_for_workers(1, timeout=120)
    table = run("random", folder, **workers).table
    if table["status"].tolist() != ["completed"] * TRIALS:
        found.append(f"it went on to {table['status'].tolist()}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the workers away so often; return 0 if every search ended as it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args(arguments)
    right = 0
    with (
        tempfile.TemporaryDirectory() as scratch,
        LocalCluster(
            n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        for turn in range(options.times):
            found = problems(Path(scratch) / str(turn), cluster, client)
            right += not found
            print(f"turn {turn + 1}: {', '.join(found) or 'right'}", flush=True)
    print(f"{right} of {options.times} searches said what they waited for, ended and went on")
    return 0 if right == options.times else 1


if __name__ == "__main__":
    sys.exit(main())
