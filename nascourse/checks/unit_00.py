"""Checkers of unit 00: the sealed test set, and the accuracy that a network must beat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nascourse.checks.cases import compare
from nascourse.checks.core import multiple_choice, number
from nascourse.checks.registry import exercise

multiple_choice(
    "00.1",
    "what the sealed test set is for",
    right="c",
    options={
        "a": "Choosing by the test set is what the seal forbids: the winner is then the network "
        "that suits these images best, and they can no longer say how good it is on others.",
        "b": "More training images would help, but a network that has learned the test images shows "
        "there what it has learned by heart, and not what it can read.",
        "c": "Its images had no say in the weights and none in the choice, so they alone show how "
        "good the final network is on new digits.",
        "d": "Stopping in time is a choice as well, so it belongs to the validation set: test images "
        "that decide when a training ends have had their say.",
    },
    hints=(
        "Two of the three parts had a say before the final network was chosen. Which one had none?",
        "An exam is worth nothing if its questions were used for practice.",
        "Ask of each option whether the test images would decide something about the network.",
    ),
)


@exercise(
    "00.2",
    "the accuracy of no thought at all",
    hints=(
        "Two steps: which label is the most frequent, and how often is that label right?",
        "The first step looks at the training labels, the second at the validation labels.",
        "np.bincount counts labels, argmax finds the largest count, and labels == 3 has a mean.",
    ),
)
def majority(answer: object, rng: np.random.Generator) -> str:
    fixed = [
        ([3, 3, 7], [3, 7, 7, 7]),  # the example
        ([7, 2, 2, 9, 0], [2, 7, 9, 2, 2]),
        ([5], [5, 5, 0]),
        ([8, 8, 2], [1, 3]),
        ([0, 1, 0, 9, 9, 9], [9, 9, 9, 9]),
        ([4, 0, 0], [0, 4, 1]),
    ]
    compare(
        answer,
        [(np.array(train), np.array(val)) for train, val in [*fixed, *_drawn(rng, 60)]],
        _accuracy,
        read=lambda value: number(value, "the accuracy"),
        mistakes=_mistakes,
        clue="Find the most frequent training label, then the share of validation labels that "
        "equal it.",
    )
    return (
        "On balanced digits this is about 10%, and where one label is frequent it can be 90%: an "
        "accuracy means little until you know what no thought at all would reach."
    )


def _drawn(rng: np.random.Generator, n: int) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of labels; of the training labels one is more frequent than each of the others."""
    while n:
        train, val = (rng.integers(10, size=rng.integers(1, 9)).tolist() for _ in range(2))
        val += train[: rng.integers(3)]
        counts = sorted(map(train.count, set(train)))
        if counts[-2:-1] != counts[-1:]:
            n -= 1
            yield train, val


def _accuracy(train: np.ndarray, val: np.ndarray) -> float:
    most = max(train.tolist(), key=train.tolist().count)
    return val.tolist().count(most) / len(val)


def _mistakes(train: np.ndarray, val: np.ndarray) -> dict[str, float]:
    guess, right = np.bincount(train).argmax(), _accuracy(train, val)
    return {
        "This is the label itself: return how often it is right.": float(guess),
        "This is a count: divide it by the number of validation labels to get a share.": (
            right * len(val)
        ),
        "This is in percent: return a share from 0 to 1, as Keras does.": right * 100,
        "You count the validation labels, but whoever guesses has seen the training labels only.": (
            np.bincount(val).max() / len(val)
        ),
        "This is the share among the training labels: the guess is tried on the validation "
        "labels.": np.mean(train == guess),
        "You guess the largest label: the most frequent one is meant.": np.mean(val == train.max()),
        "You guess the mean label, rounded: the most frequent one is meant.": (
            np.mean(val == round(train.mean()))
        ),
        "You guess the rarest label: the most frequent one is meant.": (
            np.mean(val == min(set(train.tolist()), key=train.tolist().count))
        ),
        "You guess the middle label: the most frequent one is meant.": (
            np.mean(val == np.median(train))
        ),
        "You guess the smallest label: the most frequent one is meant.": np.mean(
            val == train.min()
        ),
        "You guess the last label: the most frequent one is meant.": np.mean(val == train[-1]),
        "This counts the training labels: the guess is tried on the validation labels.": (
            np.bincount(train).max() / len(val)
        ),
        "This counts the validation labels that occur in training: count those that equal the one "
        "guess.": np.mean(np.isin(val, train)),
        "argmax gives a place in a list: look up which label stands there.": (
            np.mean(val == np.unique(train, return_counts=True)[1].argmax())
        ),
        "The label is one too small: the first count of np.bincount is that of label 0.": (
            np.mean(val == np.bincount(train, minlength=2)[1:].argmax())
        ),
        "This tries the guess on as many labels as there are in training: take all of validation.": (
            np.mean(val[: len(train)] == guess)
        ),
        "This counts the validation labels and divides by the number of training labels: find the "
        "guess in training, and try it on validation.": np.bincount(val).max() / len(train),
        "You guess the first label: the most frequent one is meant.": np.mean(val == train[0]),
        "This divides by the number of training labels: the share is of the validation labels.": (
            right * len(val) / len(train)
        ),
        "This is the share of wrong guesses: accuracy counts the right ones.": 1 - right,
        "One in ten is what random guesses reach: ask instead what always the same label would "
        "reach.": 0.1,
    }
