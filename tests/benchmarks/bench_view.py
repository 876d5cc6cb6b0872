"""What does `live.SearchView` cost a search?  Prints the ratio of seconds; aim 1.02.

The same search runs with the view and with an observer that shows nothing, in a real kernel, where
the view draws its widgets and sends them.  A machine's speed drifts by more than the difference, so
they take turns, the first one changes, and the ratio is the median over the turns.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from IPython import get_ipython
from jupyter_client.manager import run_kernel

TRIALS, EPOCHS, SEED, TURNS = 3, 4, 1, 16


def measure() -> None:
    from nascourse import data, search, spaces, trials
    from nascourse.views import html, live

    splits = data.load_mnist("bundled")
    recorded = trials.recorded("strategies")
    baseline = recorded[recorded["strategy"] == "random"]
    observers = {"plain": search.Observer, "view": lambda: live.SearchView(baseline=baseline)}
    assert html.work(), "without widgets there is nothing to measure"
    ratios, processor = [], []
    for turn in range(TURNS + 1):  # turn 0 warms up
        wall, cpu = {}, {}
        for name in sorted(observers, reverse=turn % 2):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter(), time.process_time()
                search.run_search(
                    spaces.autokeras_space(),
                    splits,
                    strategy="greedy",
                    max_trials=TRIALS,
                    epochs=EPOCHS,
                    seed=SEED,
                    directory=folder,
                    observer=observers[name](),
                )
                wall[name] = time.perf_counter() - start[0]
                cpu[name] = time.process_time() - start[1]
        print(f"turn {turn}: plain {wall['plain']:.1f} s, with the view {wall['view']:.1f} s")
        if turn:
            ratios.append(wall["view"] / wall["plain"])
            processor.append(cpu["view"] / cpu["plain"])
    print(
        f"a search with the view over one without, {TRIALS} trials x {EPOCHS} epochs: "
        f"{median(ratios):.3f} (median of {TURNS} turns, {min(ratios):.2f} to {max(ratios):.2f}); "
        f"of processor time {median(processor):.3f}"
    )


def show(message: dict) -> None:
    content = message["content"]
    if message["msg_type"] == "stream":
        print(content["text"], end="", flush=True)
    elif message["msg_type"] == "error":
        raise SystemExit("\n".join(content["traceback"]))


def main() -> None:
    with run_kernel(extra_arguments=["--log-level=ERROR"]) as client:
        client.execute_interactive(f"%run {Path(__file__).as_posix()!r}", output_hook=show)


if __name__ == "__main__":
    measure() if get_ipython() else main()
