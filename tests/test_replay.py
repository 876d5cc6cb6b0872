"""The replay of a finished search, and what greedy search changed, without a browser."""

from __future__ import annotations

import ipywidgets
import keras_tuner
import numpy as np
import pandas as pd
import pytest

from nascourse import CourseError, search, spaces, trials
from nascourse._engine import compat
from nascourse.strategies import GreedyOracle, Trie, make_oracle
from nascourse.views import replay

pytestmark = pytest.mark.usefixtures("no_figure_left")


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

    one, conv, root = replay.greedy_moves(table)

    assert (one.trial, one.incumbent, one.drawn) == (2, 1, "conv/filters")
    assert one.resampled == {"conv/filters": (8, 16)}
    assert one.before == {"conv/kernel": 3, "conv/filters": 8, "head/kind": "flatten"}
    assert one.new == {}
    assert (conv.incumbent, conv.drawn) == (2, "conv")
    assert root.incumbent == 2 and root.drawn == "the root: everything"
    # Nodes: the root (3 leaves), conv (2), its two leaves, head and its leaf (1 each).
    total = 1 / 3 + 1 / 2 + 4
    assert one.chance == pytest.approx(1 / total)
    assert conv.chance == pytest.approx(1 / 2 / total)
    assert root.chance == pytest.approx(1 / 3 / total)


def test_of_a_parent_with_one_child_the_child_is_named_and_both_count():
    (move,) = replay.greedy_moves(greedy_table((0.5, 3, 8, "flatten"), (0.6, 3, 8, "average")))

    assert move.drawn == "head/kind"
    assert move.chance == pytest.approx(2 / (1 / 3 + 1 / 2 + 4))


def test_a_tie_keeps_the_earlier_incumbent_and_a_failed_trial_is_none():
    table = greedy_table((None, 3, 8, "f"), (0.5, 3, 8, "a"), (0.5, 5, 8, "a"), (0.1, 5, 8, "f"))

    assert [move.incumbent for move in replay.greedy_moves(table)] == [1, 2, 2]


def by_loss(*losses: float) -> pd.DataFrame:
    """Greedy trials of a search by its loss, with accuracies that would choose others."""
    rows = greedy_table(*((0.9 - n / 10, n, 8, "f") for n in range(len(losses))))
    return trials.to_table(
        rows.assign(val_loss=losses).to_dict("records"), objective=("val_loss", "min")
    )


def test_the_incumbent_is_that_of_the_objective(screen):
    table = by_loss(0.5, 0.3, 0.2, 0.4)

    assert [move.incumbent for move in replay.greedy_moves(table)] == [1, 2, 3]
    player = replay._Replay(table, replay.greedy_moves(table), "")
    assert player.is_new_best == [True, True, True, False]
    player.slider.value = 4
    player.button.click()
    assert "Trial 4 reached 0.400" in player.page.value
    assert "the best so far is 0.200" in player.page.value
    assert "Validation loss of trials 1 to 4" in player.page.value


def test_values_that_appear_are_new_and_were_not_drawn():
    table = greedy_table((0.5, 3, None, "f"), (0.6, 3, 8, "f"))

    (move,) = replay.greedy_moves(table)

    assert move.new == {"conv/filters": 8} and move.resampled == {}
    assert move.node is None and move.drawn == "nothing to be seen"


def test_values_that_disappear_were_not_drawn():
    table = greedy_table((0.5, 3, 8, "f"), (0.6, 5, None, "f"))

    (move,) = replay.greedy_moves(table)

    assert move.drawn == "conv/kernel"
    assert "filters: 8, gone" in replay._trie_html(move, hidden=False)


def below(move: replay.Move) -> list[str]:
    """The incumbent's hyperparameters below the node."""
    return [name for name in move.before if "/".join(move.node) in ("", name, *parents(name))]


def parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def test_nodes_and_chances_are_those_of_autokeras_own_trie():
    recorded = trials.recorded("strategies").query("strategy == 'greedy'")
    moves = [
        move
        for _, table in recorded.groupby("seed")
        for move in replay.greedy_moves(table.drop(columns=["strategy", "seed"]))
        if move.resampled
    ]
    for move in moves:
        trie = Trie()
        for name in move.before:
            trie.insert(name)
        nodes = [(trie.get_hp_names(node), 1 / node.num_leaves) for node in trie.nodes]
        smallest = min(
            (names for names, _ in nodes if move.resampled.keys() <= set(names)), key=len
        )
        odds = sum(odds for names, odds in nodes if names == smallest)

        assert below(move) == smallest
        assert move.chance == pytest.approx(odds / sum(odds for _, odds in nodes))
    assert len(moves) > 20


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
    compat.keep_in_memory(oracle)
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

    moves = replay.greedy_moves(trials.to_table(rows))

    exact = 0
    for move in moves:
        inferred = below(move) if move.resampled else []
        assert set(inferred) <= set(nodes[move.trial])
        exact += inferred == nodes[move.trial]
    assert exact >= len(moves) / 2


# The replay


def press(screen) -> None:
    screen.only(ipywidgets.Button).click()


GREEDY = greedy_table((0.5, 3, 8, "flatten"), (0.6, 3, 16, "flatten"), (0.4, 5, 16, "flatten"))


def test_the_replay_asks_before_it_shows(screen):
    replay.replay(GREEDY.assign(strategy="greedy"))
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


def test_a_saved_replay_keeps_what_was_shown_last(screen):
    replay.replay(GREEDY.assign(strategy="greedy"))
    assert "No network has been trained" in screen.stays
    for _ in range(3):
        press(screen)

    assert "Trial 2 reached 0.600" in screen.stays and "filters ← drawn" in screen.stays
    assert '<img alt="Validation accuracy of trials 1 to 2' in screen.stays
    assert repr(screen.shown[0]) == ""  # and no "VBox(...)" above it


def test_without_a_guess_nothing_is_counted(screen):
    replay.replay(GREEDY)
    for _ in range(5):
        press(screen)

    assert "Guessed" not in screen.html and "not better" in screen.html
    assert "drawn" not in screen.html  # nobody said that it was greedy


def test_the_first_success_after_a_failure_is_the_new_best(screen):
    table = greedy_table((None, 3, 8, "f"), (0.5, 3, 8, "a"), (0.5, 5, 8, "a"))
    replay.replay(table.assign(status=["failed", "completed", "completed"], message="it broke"))
    press(screen)
    assert "Trial 1 failed: it broke" in screen.html
    press(screen)
    screen.only(ipywidgets.RadioButtons).index = 0
    press(screen)
    assert "the new best" in screen.html and "Guessed right: 1 of 1" in screen.html
    press(screen)
    screen.only(ipywidgets.RadioButtons).index = 0
    press(screen)
    assert "not better" in screen.html and "Guessed right: 1 of 2" in screen.html


def test_the_slider_goes_back_and_forth(screen):
    replay.replay(GREEDY.assign(strategy="greedy"))
    slider = screen.only(ipywidgets.IntSlider)
    slider.value = 3

    assert "Trial 3 is not shown yet" in screen.html and "0.600" in screen.html
    slider.value = 2
    assert "Trial 2 reached 0.600" in screen.html  # it has been seen
    slider.value = 3
    press(screen)
    assert screen.only(ipywidgets.Button).disabled  # the end


def tiny_space(hp) -> spaces.keras.Model:
    hp.Choice("nothing", [1, 2, 3, 4, 5])
    image = spaces.keras.Input((28, 28, 1), dtype="uint8")
    return spaces.classifier(image, spaces.layers.Flatten()(image))


@pytest.mark.slow
def test_the_replay_says_why_a_search_stopped(screen, small, tmp_path):
    finished = search.run_search(
        tiny_space,
        small,
        strategy="greedy",
        directory=tmp_path,
        max_trials=2,
        epochs=1,
        observer=search.Observer(),
    )
    replay.replay(finished)
    screen.only(ipywidgets.IntSlider).value = 2
    press(screen)

    assert "The search ended: the budget of 2 trials is spent" in screen.html
    assert "nothing ← drawn" in screen.html  # the hyperparameter's name


def test_several_searches_are_no_recording():
    with pytest.raises(CourseError, match="one search"):
        replay.replay(trials.recorded("strategies"))


def test_without_widgets_the_replay_is_a_table_of_moves(page):
    recorded = trials.recorded("strategies").query("strategy == 'greedy' and seed == 1")
    replay.replay(recorded)
    replay.replay(recorded.assign(strategy="random"))

    moves, table = page.shown
    assert moves.loc[2, "resampled"] == "conv/filters_1_0 32 → 8"
    assert moves.loc[3, "node drawn"] == "reduce/reduction_type"
    assert "architecture" in table
