"""The view of a search, its replay and the explorers, without a browser."""

from __future__ import annotations

import re
import threading

import ipywidgets
import keras_tuner
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from autokeras.tuners.greedy import GreedyOracle
from jupyter_client.manager import run_kernel

from nascourse import CourseError, plotting, search, spaces, trials
from nascourse.benchmark import Benchmark, load_benchmark
from nascourse.strategies import make_oracle
from nascourse.views import explorers, html, live
from notebooks import build


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.close("all")  # what other tests left
    yield
    assert plt.get_fignums() == []


class Screen:
    """Stands in for the notebook: what was displayed, and what took its place."""

    def __init__(self):
        self.shown, self.updates = [], []

    def __call__(self, thing, display_id=False):
        self.shown.append(thing)
        return self

    def update(self, thing):
        self.updates.append(thing)

    @property
    def parts(self) -> list[ipywidgets.Widget]:
        """All widgets of what was displayed last."""
        found = [self.shown[-1]]
        for widget in found:
            found += getattr(widget, "children", ())
        return found

    def only(self, kind: type, text: str = "") -> ipywidgets.Widget:
        (widget,) = (
            part for part in self.parts if type(part) is kind and text in (part.description or "")
        )
        return widget

    @property
    def html(self) -> str:
        return "".join(part.value for part in self.parts if type(part) is ipywidgets.HTML)


@pytest.fixture
def screen(monkeypatch) -> Screen:
    """A notebook where widgets work."""
    screen = Screen()
    monkeypatch.setattr(html, "work", lambda: True)
    for room in (live, explorers):
        monkeypatch.setattr(room, "display", screen)
    return screen


@pytest.fixture
def page(monkeypatch) -> Screen:
    """A notebook where widgets do not work; a figure is a pair of its axes and its alt text."""
    page = Screen()
    monkeypatch.setattr(html, "in_kernel", lambda: True)
    monkeypatch.setenv("NASCOURSE_WIDGETS", "off")
    for room in (live, explorers):
        monkeypatch.setattr(room, "display", page)

    def show(ax, *, alt, source):
        assert source
        page.shown.append((ax, alt))
        plt.close(np.ravel(ax)[0].figure)

    monkeypatch.setattr(plotting, "show", show)
    return page


def network(mark: str = "a", n_params: int = 1000) -> dict:
    words = {"a": "8@3x3 flatten 10", "b": "16@3x3 flatten 10"}.get(mark, "<b> flatten 10")
    return {"fingerprint": mark, "architecture": words, "n_params": n_params, "flops": 5000}


def ended(trial: int, accuracy: float | None, mark: str = "a") -> dict:
    row = {"trial": trial, "epochs": 2, "seconds": 1.0, **network(mark)}
    if accuracy is None:
        return {**row, "status": "failed", "message": "ValueError: it broke."}
    return {**row, "status": "completed", "val_accuracy": accuracy, "best_epoch": 2}


def begin(view: live.SearchView, *, trials: int = 3) -> live.SearchView:
    view.search_begin(trials, 2)
    return view


def run_trial(view: live.SearchView, trial: int, mark: str = "a", *heard: float) -> None:
    view.trial_begin(trial)
    view.network_known(trial, network(mark))
    for epoch, accuracy in enumerate(heard, 1):
        view.batch_end(trial)
        view.epoch_end(trial, epoch, {"val_accuracy": accuracy})


# A running search


def test_the_view_shows_progress_the_network_and_its_accuracies(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7, 0.8125)

    progress = screen.only(ipywidgets.IntProgress)
    assert (progress.value, progress.max) == (2, 6)
    assert "Trial 1 of 3, epoch 2 of 2" in screen.html
    assert "8@3x3 flatten 10" in screen.html and "1,000 parameters" in screen.html
    assert "0.700, 0.812" in screen.html
    assert re.search(r"about \d+ s left", screen.html)
    assert re.search(r"Memory: [\d,]+ MiB", screen.html)
    view.search_end()


def test_the_view_marks_duplicates_and_failures(screen):
    view = begin(live.SearchView(), trials=4)
    view.trial_end(ended(1, 0.8, "a"))
    view.trial_end(ended(2, None, "b"))
    run_trial(view, 3, "a")
    assert "the same network as trial 1" in screen.html
    view.trial_end(ended(3, 0.9, "a"))
    view.search_end()

    board = screen.html
    assert board.index("<td") and "same network as trial 1" in board
    assert "failed: ValueError: it broke." in board
    assert "3 of 4 trials" in screen.updates[0].data


def test_words_of_others_cannot_break_the_page(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "odd")
    view.trial_end(ended(1, 0.5, "odd"))

    assert "&lt;b&gt; flatten" in screen.html and "<b> flatten" not in screen.html
    view.search_end()


def test_what_stays_is_a_picture_with_alt_text_and_a_table(screen):
    view = begin(live.SearchView(baseline=trials.to_table([ended(1, 0.3), ended(2, 0.4)])))
    run_trial(view, 1, "a", 0.7, 0.8)
    view.trial_end(ended(1, 0.8))
    view.search_end()

    left = screen.updates[-1].data
    (alt,) = re.findall('<img alt="(.*?)"', left)
    assert "the best is trial 1, 0.800" in alt and "random searches" in alt
    assert 'scope="col"' in left and "<caption" in left and "8@3x3" in left


def test_the_trial_table_is_made_once_a_trial(screen, monkeypatch):
    view = begin(live.SearchView())
    made, make = [], trials.to_table
    monkeypatch.setattr(trials, "to_table", lambda rows: made.append(rows) or make(rows))
    view.trial_end(ended(1, 0.7))
    view.search_end()

    assert "<img" in screen.updates[-1].data and len(made) == 1


def test_no_tick_stands_above_100_percent():
    ax = live._plot(trials.to_table([ended(1, 0.99)]), 5)
    shown = [tick for tick in ax.get_yticks() if tick <= ax.get_ylim()[1]]
    plt.close(ax.figure)

    assert max(shown) == pytest.approx(1)


def test_a_picture_is_drawn_when_the_last_one_is_paid_for(screen, monkeypatch):
    drawn, clock = [], {"now": 0.0}
    for name in ("perf_counter", "thread_time"):
        monkeypatch.setattr(live.time, name, lambda: clock["now"])

    def draw(self):
        drawn.append(clock["now"])
        clock["now"] += 0.125
        return ""

    monkeypatch.setattr(live.SearchView, "_picture_html", draw)
    view = begin(live.SearchView(), trials=50)
    for second in range(1, 35):
        clock["now"] = float(second)
        view.epoch_end(second, 1, {"val_accuracy": 0.5})

    assert drawn == [0, 13, 26]  # 0.125 s is a hundredth of 12.5 s


def test_pause_waits_and_continue_goes_on(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7)
    button = screen.only(ipywidgets.Button, "Pause")
    button.click()
    training = threading.Thread(target=view.batch_end, args=(1,))
    training.start()
    training.join(0.3)

    assert training.is_alive() and "Paused" in screen.html
    assert button.description == "Continue"
    button.click()
    training.join(2)
    assert not training.is_alive() and "Paused" not in screen.html
    assert button.description == "Pause"
    assert view._idle > 0.2
    view.search_end()


def test_stop_now_works_while_paused(screen):
    view = begin(live.SearchView())
    view.batch_end(1)
    screen.only(ipywidgets.Button, "Pause").click()
    screen.only(ipywidgets.Button, "Stop now").click()

    with pytest.raises(KeyboardInterrupt):
        view.batch_end(1)


def test_stop_after_this_trial_lets_it_finish(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7)
    screen.only(ipywidgets.Button, "Stop after").click()
    view.batch_end(1)

    assert screen.only(ipywidgets.Button, "Will stop after")
    with pytest.raises(KeyboardInterrupt):
        view.trial_end(ended(1, 0.7))


def test_after_the_last_trial_there_is_nothing_to_stop(screen):
    view = begin(live.SearchView(), trials=1)
    screen.only(ipywidgets.Button, "Stop after").click()

    view.trial_end(ended(1, 0.7))


def test_another_search_with_the_same_view_begins_anew(screen):
    view = begin(live.SearchView())
    view.trial_end(ended(1, 0.7))
    screen.only(ipywidgets.Button, "Stop now").click()
    view.search_end()

    begin(view).batch_end(1)

    assert view.table.empty and "0.700" not in screen.html


def test_a_training_without_validation_can_be_watched(screen):
    view = begin(live.SearchView(), trials=1)  # as `retrain` tells it
    view.trial_begin(1)
    view.epoch_end(1, 1, {"loss": 0.5})
    view.search_end()

    assert screen.only(ipywidgets.IntProgress).value == 1
    assert "1 of 2 epochs trained" in screen.updates[0].data
    assert "<img" not in screen.html + screen.updates[0].data


def tiny_space(hp) -> spaces.keras.Model:
    hp.Choice("nothing", [1, 2, 3, 4, 5])
    image = spaces.keras.Input((28, 28, 1), dtype="uint8")
    return spaces.classifier(image, spaces.layers.Flatten()(image))


class Clicks(live.SearchView):
    """Somebody clicks a button in the second trial's first epoch."""

    def __init__(self, screen: Screen, button: str):
        super().__init__()
        self.screen, self.text = screen, button

    def epoch_end(self, trial, epoch, logs):
        super().epoch_end(trial, epoch, logs)
        if (trial, epoch) == (2, 1):
            self.screen.only(ipywidgets.Button, self.text).click()


@pytest.mark.usefixtures("frozen_libraries")
def test_a_search_stopped_by_a_click_keeps_what_is_finished_and_goes_on(screen, small, tmp_path):
    def run(folder, observer):
        return search.run_search(
            tiny_space,
            small,
            strategy="random",
            directory=tmp_path / folder,
            max_trials=3,
            epochs=2,
            observer=observer,
        )

    after = run("after", Clicks(screen, "Stop after"))
    now = run("now", Clicks(screen, "Stop now"))

    assert after.interrupted and now.interrupted
    assert (len(after.table), len(now.table)) == (2, 1)
    assert after.best["val_accuracy"] == after.table["val_accuracy"].max()
    assert "1 of 3 trials" in screen.updates[-1].data
    on = run("now", live.SearchView())
    assert len(on.table) == 3 and not on.interrupted
    assert "3 of 3 trials" in screen.updates[-1].data  # with the one from before
    assert on.table["architecture"][0] in screen.updates[-1].data


BUTTON = """
import threading, time
from nascourse.views import html, live
heard = []
press = lambda: heard.append(threading.current_thread() is threading.main_thread())
button = html.button("Stop", press)
live._answer_while_busy(button)
print(button.comm.comm_id)
"""
BUSY = """
started = time.monotonic()
while not heard and time.monotonic() - started < 60:
    time.sleep(0.05)
print("in the main thread:", *heard)
"""


def test_a_click_is_heard_while_the_kernel_is_busy(monkeypatch):
    """In a real kernel, by the messages that JupyterLab sends."""
    monkeypatch.setenv("PYTHONPATH", str(build.ROOT))
    printed = []

    def keep(message):
        if message["msg_type"] in ("stream", "error"):
            printed.append(message["content"].get("text") or message["content"])

    with run_kernel(extra_arguments=["--log-level=ERROR"]) as client:
        client.execute_interactive(BUTTON, output_hook=keep, timeout=200)
        button = {"comm_id": printed.pop().strip()}
        client.control_channel.send(client.session.msg("create_subshell_request"))
        subshell = client.get_control_msg(timeout=20)["content"]["subshell_id"]
        click = {**button, "data": {"method": "custom", "content": {"event": "click"}}}
        message = client.session.msg("comm_msg", click)
        message["header"]["subshell_id"] = subshell
        clicking = threading.Timer(1, client.shell_channel.send, [message])
        clicking.start()
        client.execute_interactive(BUSY, output_hook=keep, timeout=100)

    assert printed == ["in the main thread: False\n"]


# Where widgets do not work


def test_widgets_need_a_kernel_and_can_be_turned_off(monkeypatch):
    monkeypatch.delenv("NASCOURSE_WIDGETS", raising=False)
    assert not html.work()
    monkeypatch.setattr(html, "in_kernel", lambda: True)
    assert html.work()
    monkeypatch.setenv("NASCOURSE_WIDGETS", "off")
    assert not html.work()


def test_in_a_terminal_the_view_is_a_progress_bar_and_a_sentence(capfd):
    view = begin(live.SearchView(), trials=1)
    run_trial(view, 1, "a", 0.7, 0.8)
    view.trial_end(ended(1, 0.8))
    view.search_end()

    shown = capfd.readouterr()
    assert shown.out.splitlines()[-1].endswith("the best is trial 1, 0.800.")
    assert "2/2 epochs" in shown.out and shown.err == ""


def test_without_widgets_a_figure_stays(page, capfd):
    view = begin(live.SearchView())
    view.trial_end(ended(1, 0.8))
    view.trial_end(ended(2, 0.7))
    view.search_end()

    ((ax, alt),) = page.shown
    assert ax.lines[0].get_ydata().tolist() == [0.8, 0.8]
    assert "2 of 3 trials" in alt and "0.800" in alt
    assert capfd.readouterr().err == ""


def test_without_a_completed_trial_there_is_no_figure(page, capsys):
    view = begin(live.SearchView())
    view.trial_end(ended(1, None))
    view.search_end()

    assert page.shown == [] and "1 of 3 trials" in capsys.readouterr().out


NOTEBOOK = """
# %%
from nascourse import trials
from nascourse.views import explorers, live
from nascourse.benchmark import load_benchmark
from tests.test_views import begin, ended, run_trial

# %%
view = begin(live.SearchView())
run_trial(view, 1, "a", 0.7, 0.8)
view.trial_end(ended(1, 0.8))
view.search_end()

# %%
recorded = trials.recorded("strategies")
live.SearchView.replay(recorded[(recorded["strategy"] == "greedy") & (recorded["seed"] == 1)])

# %%
bench = load_benchmark()
explorers.explore(bench)
explorers.tradeoff(bench)
"""


@pytest.mark.slow
@pytest.mark.notebook
def test_a_built_notebook_has_pictures_with_alt_text_and_no_widgets(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCOURSE_WIDGETS", "off")
    monkeypatch.setenv("PYTHONPATH", str(build.ROOT))
    source = tmp_path / "notebooks" / "source" / "00_view.py"
    source.parent.mkdir(parents=True)
    source.write_text(NOTEBOOK)

    nb = build.execute(build.read_source(source), tmp_path)

    outputs = [output for cell in nb.cells for output in cell.get("outputs", [])]
    kinds = [set(output.get("data", {})) for output in outputs]
    assert not any(build.WIDGET in kind for kind in kinds)
    assert sum("image/png" in kind for kind in kinds) == 4
    assert build.problems(build.clean(nb)) == []


# Its arithmetic


def test_luck_is_the_best_so_far_of_trials_in_any_order():
    table = trials.to_table([ended(1, 0.2), ended(2, None), ended(3, 0.6)])

    searches = live.luck(table, 2, searches=4000)

    assert searches.shape == (4000, 2)
    first, second = searches.T
    assert (first <= second).all()
    for value in (0.0, 0.2, 0.6):  # a failed trial counts as 0
        assert np.mean(first == value) == pytest.approx(1 / 3, abs=0.04)
    # The pairs without 0.6 are a third of all, and the better of such a pair is 0.2.
    assert np.mean(second == 0.2) == pytest.approx(1 / 3, abs=0.04)
    assert set(second) == {0.2, 0.6}


def test_luck_repeats_and_ends_with_the_recording():
    table = trials.to_table([ended(1, 0.2), ended(2, 0.6)])

    searches = live.luck(table, 5, searches=3)

    assert searches.shape == (3, 2) and (searches[:, 1] == 0.6).all()
    np.testing.assert_array_equal(searches, live.luck(table, 5, searches=3))
    with pytest.raises(CourseError, match="no trials"):
        live.luck(table.iloc[:0], 5)


def test_the_leaderboard_has_the_best_first_then_the_failed():
    rows = [ended(1, 0.5, "a"), ended(2, None, "b"), ended(3, 0.9, "c"), ended(4, 0.5, "a")]

    board = live.leaderboard(trials.to_table(rows), most=2)

    assert board["trial"].tolist() == [3, 1, 2]
    assert board["validation accuracy"].tolist() == ["0.900", "0.500", ""]
    assert board["note"].tolist() == ["", "", "failed: ValueError: it broke."]
    full = live.leaderboard(trials.to_table(rows))
    assert full["note"].tolist()[2] == "same network as trial 1"


def test_a_leaderboard_without_oddities_has_no_notes():
    assert "note" not in live.leaderboard(trials.to_table([ended(1, 0.5)]))


# Greedy, move by move


def greedy_table(*values: tuple) -> pd.DataFrame:
    """Trials with (accuracy, conv/kernel, conv/filters, head/kind) each."""
    names = ("val_accuracy", "conv/kernel", "conv/filters", "head/kind", "optimizer")
    return trials.to_table(
        {"trial": n, "status": "completed", **dict(zip(names, (*row, "adam"[: 5 - n])))}
        for n, row in enumerate(values, 1)
    )


def test_the_moves_worked_by_hand():
    table = greedy_table(
        (0.5, 3, 8, "flatten"),  # nothing before it
        (0.6, 3, 16, "flatten"),  # one leaf
        (0.4, 5, 8, "flatten"),  # from trial 2, all of conv
        (0.7, 5, 16, "average"),  # from trial 2, both branches
    )

    one, conv, root = live.greedy_moves(table)

    assert (one.trial, one.incumbent, one.drawn) == (2, 1, "conv/filters")
    assert one.redrawn == {"conv/filters": (8, 16)}
    assert one.kept == {"conv/kernel": 3, "head/kind": "flatten"} and one.new == {}
    assert (conv.incumbent, conv.drawn) == (2, "conv")
    assert root.incumbent == 2 and root.drawn == "the root: everything"
    # Nodes: the root (3 leaves), conv (2), its two leaves, head and its leaf (1 each).
    total = 1 / 3 + 1 / 2 + 4
    assert one.chance == pytest.approx(1 / total)
    assert conv.chance == pytest.approx(1 / 2 / total)
    assert root.chance == pytest.approx(1 / 3 / total)


def test_of_a_parent_with_one_child_the_child_is_named_and_both_count():
    (move,) = live.greedy_moves(greedy_table((0.5, 3, 8, "flatten"), (0.6, 3, 8, "average")))

    assert move.drawn == "head/kind"
    assert move.chance == pytest.approx(2 / (1 / 3 + 1 / 2 + 4))


def test_a_tie_keeps_the_earlier_incumbent_and_a_failed_trial_is_none():
    table = greedy_table((None, 3, 8, "f"), (0.5, 3, 8, "a"), (0.5, 5, 8, "a"), (0.1, 5, 8, "f"))

    assert [move.incumbent for move in live.greedy_moves(table)] == [1, 2, 2]


def test_values_that_appear_are_new_and_were_not_drawn():
    table = greedy_table((0.5, 3, None, "f"), (0.6, 3, 8, "f"))

    (move,) = live.greedy_moves(table)

    assert move.new == {"conv/filters": 8} and move.redrawn == {}
    assert move.node is None and move.drawn == "nothing to be seen"


def test_values_that_disappear_were_not_drawn():
    table = greedy_table((0.5, 3, 8, "f"), (0.6, 5, None, "f"))

    (move,) = live.greedy_moves(table)

    assert move.gone == {"conv/filters": 8} and move.drawn == "conv/kernel"


def test_the_moves_of_autokeras_itself(monkeypatch):
    """The node that the oracle drew covers the inferred one, and is it, if all values changed."""
    drawn, select = [], GreedyOracle._select_hps
    monkeypatch.setattr(
        GreedyOracle, "_select_hps", lambda self: drawn.append(select(self)) or drawn[-1]
    )
    np.random.seed(3)
    oracle = make_oracle(
        "greedy",
        max_trials=40,
        seed=1,
        objective=keras_tuner.Objective("val_accuracy", "max"),
        hyperparameters=spaces.declared(spaces.bench_space),
    )
    oracle.save = oracle._save_trial = lambda *_: None
    oracle.verbose = 0
    rows, nodes = [], {}  # nodes: the hyperparameters that were drawn
    rng = np.random.default_rng(0)
    for number in range(1, 41):
        trial = oracle.create_trial("tuner")
        if trial.status != "RUNNING":
            break
        nodes[number] = drawn[-1]
        rows.append(
            {
                "trial": number,
                "status": "completed",
                "val_accuracy": rng.random(),
                **trial.hyperparameters.values,
            }
        )
        oracle.update_trial(trial.trial_id, {"val_accuracy": rows[-1]["val_accuracy"]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    moves = live.greedy_moves(trials.to_table(rows))

    exact = 0
    for move in moves:
        inferred = move.trie.get_hp_names(move.node) if move.node else []
        assert set(inferred) <= set(nodes[move.trial])
        exact += inferred == nodes[move.trial]
    assert exact >= len(moves) / 2


# The replay


def replayed(screen: Screen, *args, **options) -> Screen:
    live.SearchView.replay(*args, **options)
    return screen


def press(screen: Screen) -> None:
    (button,) = (part for part in screen.parts if type(part) is ipywidgets.Button)
    button.click()


GREEDY = greedy_table((0.5, 3, 8, "flatten"), (0.6, 3, 16, "flatten"), (0.4, 5, 16, "flatten"))


def test_the_replay_asks_before_it_shows(screen):
    replayed(screen, GREEDY, strategy="greedy")
    assert "No network has been trained" in screen.html and "0.500" not in screen.html
    press(screen)
    assert "Trial 1 reached 0.500" in screen.html
    press(screen)

    guess = screen.only(ipywidgets.RadioButtons)
    assert screen.only(ipywidgets.IntSlider).value == 2
    assert "Trial 2 is not shown yet" in screen.html and "0.600" not in screen.html
    assert "starts from trial 1" in screen.html and "← drawn" not in screen.html
    assert "filters: 8" in screen.html  # the trie of the incumbent
    guess.index = 0
    press(screen)
    assert "the new best" in screen.html and "Guessed right: 1 of 1" in screen.html
    assert "filters ← drawn" in screen.html and "8 → <b>16, resampled" in screen.html
    assert "kernel: 3, kept" in screen.html
    press(screen)
    guess.index = 0
    press(screen)
    assert "Guessed right: 1 of 2" in screen.html and "not better" in screen.html


def test_without_a_guess_nothing_is_counted(screen):
    replayed(screen, GREEDY)
    for _ in range(5):
        press(screen)

    assert "Guessed" not in screen.html and "not better" in screen.html
    assert "drawn" not in screen.html  # nobody said that it was greedy


def test_the_slider_goes_back_and_forth(screen):
    replayed(screen, GREEDY, strategy="greedy")
    slider = screen.only(ipywidgets.IntSlider)
    slider.value = 3

    assert "Trial 3 is not shown yet" in screen.html and "0.600" in screen.html
    slider.value = 2
    assert "Trial 2 reached 0.600" in screen.html  # it has been seen
    slider.value = 3
    press(screen)
    assert screen.only(ipywidgets.Button).disabled  # the end


def test_the_replay_says_why_a_search_stopped(screen, small, tmp_path):
    found = search.run_search(
        lambda hp: tiny_space(hp),
        small,
        strategy="greedy",
        directory=tmp_path,
        max_trials=2,
        epochs=1,
        observer=search.Observer(),
    )
    replayed(screen, found)
    screen.only(ipywidgets.IntSlider).value = 2
    press(screen)

    assert "The search ended: the budget of 2 trials is spent" in screen.html
    assert "nothing ← drawn" in screen.html  # the hyperparameter's name


def test_several_searches_are_no_recording():
    with pytest.raises(CourseError, match="one search"):
        live.SearchView.replay(trials.recorded("strategies"))


def test_without_widgets_the_replay_is_a_table_of_moves(page):
    recorded = trials.recorded("strategies").query("strategy == 'greedy' and seed == 1")
    live.SearchView.replay(recorded)
    live.SearchView.replay(recorded, strategy="random")

    moves, table = page.shown
    assert moves.loc[2, "resampled"] == "conv/filters_1_0 32 → 8"
    assert moves.loc[3, "node drawn"] == "reduce/reduction_type"
    assert "architecture" in table


# The explorers


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return load_benchmark()


@pytest.fixture
def small_bench() -> Benchmark:
    """Four networks; the deep ones have a width. The largest is best in validation only."""
    networks = pd.DataFrame(
        {
            "network": [0, 1, 2, 3],
            "deep": [False, False, True, True],
            "kind": ["max", "mean", "max", "max"],
            "width": [None, None, 4, 8],
            "n_params": [100, 200, 300, 4000],
            "flops": [1000, 2000, 3000, 40000],
        }
    )
    val, test = [0.5, 0.6, 0.7, 0.9], [0.5, 0.6, 0.8, 0.7]
    curves = pd.DataFrame(
        {
            "network": number,
            "seed": seed,
            "epoch": epoch,
            "loss": 1.0,
            "val_loss": 1.0,
            "val_accuracy": val[number] + 0.01 * seed - 0.1 * (2 - epoch),
            "test_accuracy": test[number] if epoch == 2 else None,
            "seconds": 1.0,
        }
        for number in range(4)
        for seed in (0, 1)
        for epoch in (1, 2)
    )
    return Benchmark(networks, curves)


def offered(box: ipywidgets.Dropdown) -> list:
    return [value for _, value in box.options]


def test_the_picker_offers_what_is_possible(small_bench):
    picks = []
    picker = explorers._Picker(small_bench, lambda: picks.append(picker.network))
    deep, kind, width = (picker.boxes[name] for name in ("deep", "kind", "width"))

    assert picker.network == 0 and width.layout.display == "none"
    assert [label for label, _ in deep.options] == ["no", "yes"]
    kind.value = "mean"
    deep.value = True  # no deep one has the mean
    assert offered(kind) == ["max"] and offered(width) == [4, 8]
    assert width.layout.display == ""
    width.value = 8
    deep.value = False
    assert width.layout.display == "none" and offered(width) == [None]
    assert picks == [1, 2, 3, 0]


def test_every_pick_is_a_network_of_the_unfinished_table(bench):
    picker = explorers._Picker(bench, lambda: None)
    rng = np.random.default_rng(0)
    for _ in range(60):
        name = rng.choice(list(picker.boxes))
        options = offered(picker.boxes[name])
        picker.boxes[name].value = options[rng.integers(len(options))]

        picked = {n: box.value for n, box in picker.boxes.items() if box.value is not None}
        assert explorers._setting(bench, picker.network) == picked


def test_facts_name_costs_rank_and_what_is_not_measured(small_bench):
    known = explorers.facts(small_bench, 2)

    assert known["parameters"] == "300" and known["latency"] == "not measured"
    assert known["validation accuracy, mean of 2 seeds"] == "0.705"
    assert known["rank"] == "2 of 4"
    assert not any("test" in name for name in known.index)


def test_explore_draws_the_network_and_its_curve(screen, bench):
    explorers.explore(bench)
    before = screen.html
    screen.only(ipywidgets.Dropdown, "body/blocks").value = 3

    alts = re.findall('<img alt="(.*?)"', screen.html)
    assert len(alts) == 2 and "body/blocks 3" in alts[0] and "3 seeds" in alts[1]
    assert "FLOPs for one image" in screen.html and screen.html != before


def test_the_share_of_searches_beaten():
    assert explorers.share_beaten(0.5, [0.1, 0.5, 0.9, 0.9]) == pytest.approx(0.375)


def test_the_game_ends_with_the_budget(screen, small_bench, monkeypatch):
    ends = {"random": np.array([0.5, 0.6]), "greedy": np.array([0.7, 0.9])}
    game = explorers._Game(small_bench, ends, 2)
    train, width = game.button, game.picker.boxes["width"]
    game.picker.boxes["deep"].value = True
    train.click()
    assert train.disabled and "pick another one" in game.page.value  # no network twice
    assert "0.700" in game.page.value and "0.800" not in game.page.value  # the test is sealed
    width.value = 8
    assert not train.disabled
    train.click()

    assert train.disabled and "2 of 2" in game.page.value
    # The second one, of seed 1, has the best validation accuracy and a test accuracy of 0.7.
    assert game.picks == pytest.approx({2: 0.7, 3: 0.91})
    assert "test accuracy of 0.700" in game.page.value
    assert "100% of the random searches, 25% of the greedy searches" in game.page.value
    assert "A dashed line" in game.page.value
    assert small_bench.epochs_spent == 0


def test_the_opponents_are_real_searches(screen, page, bench, monkeypatch):
    monkeypatch.setattr(html, "work", lambda: False)
    explorers.beat_the_search(bench, budget=2, seeds=range(3))

    ((ax, alt),) = page.shown
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["random", "evolution", "greedy"] and "medians" in alt


def test_the_best_under_a_limit(small_bench):
    chosen, best = explorers.best_under(small_bench, 4000)
    assert (chosen.name, best.name) == (3, 2)
    chosen, best = explorers.best_under(small_bench, 250)
    assert (chosen.name, best.name) == (1, 1)
    with pytest.raises(CourseError, match="from 100"):
        explorers.best_under(small_bench, 99)


def test_the_slider_of_sizes(screen, small_bench):
    explorers.tradeoff(small_bench)
    slider = screen.only(ipywidgets.SelectionSlider)

    limits = offered(slider)
    assert limits == sorted(limits) and 100 < limits[0] and limits[-1] == 4000
    slider.value = limits[-1]
    assert "the best network has 300 and a test accuracy of 0.800" in screen.html
    assert "it gets 0.700" in screen.html
    slider.value = limits[0]
    assert "would choose it too" in screen.html


def test_without_widgets_the_explorers_are_figures(page, bench):
    explorers.explore(bench)
    explorers.tradeoff(bench)

    (_, layers), (_, curve), facts, (_, front) = page.shown
    assert "layers" in layers and "seeds" in curve and "At most" not in front
    assert facts.index[0] == "parameters"


# Words


@pytest.mark.parametrize(
    "seconds, words", [(0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (600, "10 min")]
)
def test_durations(seconds, words):
    assert live._duration(seconds) == words
