"""The view of a running search, without a browser."""

from __future__ import annotations

import re
import sys
import threading

import ipywidgets
import numpy as np
import pytest
from jupyter_client.manager import run_kernel
from observed import begin, ended, run_trial

from nascourse import CourseError, search, spaces, trials
from nascourse.views import live
from notebooks import build

pytestmark = pytest.mark.usefixtures("no_figure_left")


# A running search


def test_the_view_shows_progress_the_network_and_its_accuracies(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7, 0.8125)

    assert '<progress value="2" max="6"' in screen.html and "2 of 6 epochs" in screen.html
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
    assert "3 of 4 trials" in screen.stays


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

    left, right = re.findall('<img alt="(.*?)"', screen.stays)
    assert "the best is trial 1, 0.800" in left and "random searches" in left
    assert "trial 1, the best so far" in right
    assert 'scope="col"' in screen.stays and "<caption" in screen.stays and "8@3x3" in screen.stays
    assert "measured in this notebook" in screen.stays


def test_the_trial_table_is_made_once_a_trial(screen, monkeypatch):
    view = begin(live.SearchView())
    made, make = [], trials.to_table
    monkeypatch.setattr(
        trials, "to_table", lambda rows, **options: made.append(rows) or make(rows, **options)
    )
    view.trial_end(ended(1, 0.7))
    view.search_end()

    assert "<img" in screen.stays and len(made) == 1


def test_each_epoch_is_a_point_of_the_curve_of_its_trial(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7, 0.8)
    view.trial_end(ended(1, 0.8))
    run_trial(view, 2, "b", 0.9, float("nan"))

    staircase, curves = re.findall("<svg.*?</svg>", screen.html)
    assert staircase.count("<circle") == 1  # a trial
    assert curves.count("<circle") == 3  # two epochs, and one whose value is a number
    assert "trial 1, the best so far" in curves and "trial 2" in curves
    view.search_end()


def test_a_picture_is_drawn_when_the_last_one_is_paid_for(screen, monkeypatch):
    drawn, clock, cost = [], {"now": 0.0}, 0.0025
    monkeypatch.setattr(live, "DRAWING_SHARE", 0.01)
    for name in ("perf_counter", "thread_time"):
        monkeypatch.setattr(live.time, name, lambda: clock["now"])

    def draw(self):
        drawn.append(clock["now"])
        clock["now"] += cost
        return ""

    monkeypatch.setattr(live.SearchView, "curves_plot", draw)
    view = begin(live.SearchView(), trials=50)
    for tenth in range(1, 7):
        clock["now"] = tenth / 10
        view.epoch_end(tenth, 1, {"val_accuracy": 0.5})
    assert drawn == [0, 0.3, 0.6]  # 2.5 ms are a hundredth of 0.25 s

    cost = 0.1
    for tenth in (9, 11):
        clock["now"] = tenth / 10
        view.epoch_end(tenth, 1, {"val_accuracy": 0.5})
    for tenth in range(12, 30):
        clock["now"] = tenth / 10
        view.batch_end(12)
    assert drawn == [0, 0.3, 0.6, 0.9, 1.7]  # an epoch needs no other one, and waits for no second


def test_a_notebook_saved_in_mid_search_shows_its_last_trial(screen):
    view = begin(live.SearchView())
    assert "0 of 2 epochs trained in trial 1, and none of 3 trials finished." in screen.stays
    run_trial(view, 1, "a", 0.7, 0.8)
    view.trial_end(ended(1, 0.8))

    assert "1 of 3 trials finished" in screen.stays and "<img" in screen.stays
    (hidden,) = re.findall("<style>.(.*?) { display: none }</style>", screen.html)
    assert f'class="{hidden}"' in screen.stays  # where the widgets show more
    view.search_end()
    assert [output.data for output in screen.shown] == ["", screen.stays]
    assert "1 of 3 trials finished" in screen.html  # in a page that was opened in mid-search


def test_a_stop_in_the_first_trial_says_how_far_it_has_come(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7)
    view.search_end()

    assert "1 of 2 epochs trained in trial 1, and none of 3 trials finished." in screen.stays


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
    assert view._display._seconds_paused > 0.2
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

    assert view.table.empty and "0.700" not in screen.html + screen.stays


def test_a_training_without_validation_can_be_watched(screen):
    view = begin(live.SearchView(), trials=1)  # as `retrain` does
    view.trial_begin(1)
    view.epoch_end(1, 1, {"loss": 0.5})
    view.search_end()

    assert "1 of 2 epochs trained." in screen.stays
    assert "<img" not in screen.html + screen.stays


def tiny_space(hp) -> spaces.keras.Model:
    hp.Choice("nothing", [1, 2, 3])
    image = spaces.keras.Input((28, 28, 1), dtype="uint8")
    return spaces.classifier(image, spaces.layers.Flatten()(image))


class Clicks(live.SearchView):
    """Somebody clicks a button in a trial's first epoch."""

    def __init__(self, screen, button: str, *, trial: int):
        super().__init__()
        self.screen, self.text, self.moment = screen, button, (trial, 1)

    def epoch_end(self, trial, epoch, logs):
        super().epoch_end(trial, epoch, logs)
        if (trial, epoch) == self.moment:
            self.screen.only(ipywidgets.Button, self.text).click()


@pytest.mark.slow
@pytest.mark.usefixtures("frozen_libraries", "spaces_described_once")
def test_a_search_stopped_by_a_click_keeps_what_is_finished_and_goes_on(screen, small, tmp_path):
    def run(observer):
        return search.run_search(
            tiny_space,
            small,
            strategy="random",
            directory=tmp_path,
            max_trials=3,
            epochs=2,
            observer=observer,
        )

    after = run(Clicks(screen, "Stop after", trial=1))
    assert (len(after.table), after.interrupted) == (1, True)
    now = run(Clicks(screen, "Stop now", trial=2))
    assert (len(now.table), now.interrupted) == (1, True)
    assert "1 of 3 trials" in screen.stays
    on = run(live.SearchView())
    assert len(on.table) == 3 and not on.interrupted
    assert on.best["val_accuracy"] == on.table["val_accuracy"].max()
    assert "3 of 3 trials" in screen.stays  # with the one from before
    assert on.table["architecture"][0] in screen.stays


BUTTON = """
import threading, time
from nascourse._engine import compat
from nascourse.views import html
handled = []
press = lambda: handled.append(threading.current_thread() is threading.main_thread())
button = html.button("Stop", press)
print(button.comm.comm_id)
"""
BUSY = """
handled.clear()
end = compat.answer_while_busy()
time.sleep(0.5)
print("busy", flush=True)
started = time.monotonic()
while not handled and time.monotonic() - started < 60:
    time.sleep(0.05)
end()
print("in the main thread:", *handled)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 11), reason="ipykernel 6 answers when the cell ends")
def test_a_click_and_a_reopened_page_are_answered_while_the_kernel_is_busy(monkeypatch):
    """In a real kernel, by the messages that JupyterLab (in a subshell) and others send."""
    monkeypatch.setenv("PYTHONPATH", str(build.ROOT))
    printed = []

    def keep(message):
        if message["msg_type"] in ("stream", "error"):
            printed.append(message["content"].get("text") or message["content"])

    with run_kernel(extra_arguments=["--log-level=ERROR"]) as client:
        client.execute_interactive(BUTTON, output_hook=keep, timeout=200)
        button = {"comm_id": printed.pop().strip()}
        click = {**button, "data": {"method": "custom", "content": {"event": "click"}}}
        for in_subshell in (False, True):
            message = client.session.msg("comm_msg", click)
            if in_subshell:
                client.control_channel.send(client.session.msg("create_subshell_request"))
                subshell = client.get_control_msg(timeout=200)["content"]["subshell_id"]
                message["header"]["subshell_id"] = subshell
            busy = client.execute(BUSY)
            while client.get_iopub_msg(timeout=200)["content"].get("text") != "busy\n":
                pass
            question = client.kernel_info()
            assert client.get_shell_msg(timeout=200)["parent_header"]["msg_id"] == question
            client.shell_channel.send(message)
            assert client.get_shell_msg(timeout=200)["parent_header"]["msg_id"] == busy
            client.execute_interactive("", output_hook=keep, timeout=200)
            client.execute_interactive("print(*handled)", output_hook=keep, timeout=200)
            client.kernel_info()  # as before, by the main thread
            client.get_shell_msg(timeout=200)
            assert printed.pop() == "False\n"


# Where widgets do not work


def test_in_a_terminal_the_view_is_a_progress_bar_and_a_sentence(capfd):
    view = begin(live.SearchView(), trials=1)
    run_trial(view, 1, "a", 0.7, 0.8)
    view.trial_end(ended(1, 0.8))
    view.search_end()

    shown = capfd.readouterr()
    assert shown.out.splitlines()[-1].endswith("the best is trial 1, 0.800.")
    assert "2/2 epochs" in shown.out and shown.err == ""


def test_the_bar_in_a_terminal_names_the_objective(capfd):
    view = live.SearchView()
    view.objective = ("val_loss", "min")
    begin(view, trials=2).trial_begin(1)
    for trial, loss in ((1, 0.25), (2, 0.5)):
        view.trial_end({**ended(trial, 0.8), "val_loss": loss})
    view.search_end()

    assert "best validation loss 0.250" in capfd.readouterr().out


def test_without_widgets_the_same_pictures_stay(page, capfd):
    view = begin(live.SearchView())
    view.trial_end(ended(1, 0.8))
    view.trial_end(ended(2, 0.7))
    view.search_end()

    assert page.stays.count("<img") == 2 and "2 of 3 trials" in page.stays
    assert capfd.readouterr().err == ""


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


def test_luck_is_that_of_the_objective():
    rows = [ended(1, 0.2) | {"val_loss": 0.9}, ended(2, 0.6) | {"val_loss": 0.3}, ended(3, None)]
    table = trials.to_table(rows)

    searches = live.luck(table, 3, objective=("val_loss", "min"), searches=200)

    assert (searches[:, -1] == 0.3).all()
    assert set(searches[:, 0]) == {0.3, 0.9}  # a failed trial counts as the worst one
    with pytest.raises(CourseError, match="no column 'val_macro_f1'"):
        live.luck(table, 3, objective=("val_macro_f1", "max"))


@pytest.mark.parametrize("baseline", [[0.5, 0.6], trials.to_table([])])
def test_what_is_no_baseline_is_refused_before_the_search(baseline):
    with pytest.raises(CourseError, match="The baseline has no trials"):
        live.SearchView(baseline=baseline)


def test_what_the_search_waited_for_goes_when_it_has_come(screen):
    view = begin(live.SearchView())
    run_trial(view, 1, "a", 0.7)
    view.waiting("No sign of life from a worker for 30 s.")
    assert "No sign of life" in screen.html
    view.waiting("")
    assert "No sign of life" not in screen.html and "Trial 1 of 3" in screen.html
    view.search_end()


def test_luck_repeats_and_ends_with_the_recording():
    table = trials.to_table([ended(1, 0.2), ended(2, 0.6)])

    searches = live.luck(table, 5, searches=3)

    assert searches.shape == (3, 2) and (searches[:, 1] == 0.6).all()
    np.testing.assert_array_equal(searches, live.luck(table, 5, searches=3))
    with pytest.raises(CourseError, match="no trials"):
        live.luck(table.iloc[:0], 5)


def test_the_leaderboard_has_the_best_first_then_the_failed(monkeypatch):
    rows = [ended(1, 0.5, "a"), ended(2, None, "b"), ended(3, 0.9, "c"), ended(4, 0.5, "a")]

    full = live.leaderboard(trials.to_table(rows))
    monkeypatch.setattr(live, "MOST_ROWS", 2)
    board = live.leaderboard(trials.to_table(rows))

    assert board["trial"].tolist() == [3, 1, 2]
    assert board["validation accuracy"].tolist() == ["0.900", "0.500", ""]
    assert board["note"].tolist() == ["", "", "failed: ValueError: it broke."]
    assert full["note"].tolist()[2] == "same network as trial 1"


def test_a_leaderboard_without_oddities_has_no_notes():
    assert "note" not in live.leaderboard(trials.to_table([ended(1, 0.5)]))


# Words


@pytest.mark.parametrize(
    "seconds, words", [(0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (600, "10 min")]
)
def test_durations(seconds, words):
    assert live._duration(seconds) == words
