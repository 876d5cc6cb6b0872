"""Checkers of unit 00: the sealed test set, and the accuracy that a network must beat."""

from __future__ import annotations

import numpy as np

from nascourse.checks.core import Wrong, call, multiple_choice, number
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
        "Which of the three parts had a say in something before the last day?",
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
    cases = [_drawn(rng, 7, 2), _drawn(rng, 1, 4)]
    cases.append((np.array([5]), np.array([5, 5, 0])))
    cases.append((np.array([8, 8, 2]), np.array([1, 3])))
    for train, val in cases:
        result = number(call(answer, train, val), "the accuracy")
        if not np.isclose(result, _accuracy(train, val)):
            raise Wrong(_mistake(result, train, val))
    return (
        "On balanced digits this is about 10%, and where one label is frequent it can be 90%: an "
        "accuracy means little until you know what no thought at all would reach."
    )


def _drawn(rng: np.random.Generator, of_train: int, of_val: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels with these most frequent ones, on which each plausible mistake shows."""
    while True:
        train, val = (
            rng.permutation(np.r_[np.full(n // 2, most), rng.integers(10, size=n // 2), 9])
            for most, n in ((of_train, 80), (of_val, 56))
        )
        outcomes = [_accuracy(train, val), *_mistakes(train, val)]
        if len({round(value, 6) for value in outcomes}) == len(outcomes):
            return train, val


def _accuracy(train: np.ndarray, val: np.ndarray) -> float:
    return float(np.mean(val == np.bincount(train).argmax()))


def _mistakes(train: np.ndarray, val: np.ndarray) -> list[float]:
    """What the plausible mistakes return, in the order of `_SENTENCES`."""
    guess, right = np.bincount(train).argmax(), _accuracy(train, val)
    return [
        float(guess),
        right * len(val),
        right * 100,
        np.bincount(val).max() / len(val),
        np.mean(train == guess),
        np.mean(val == train.max()),
        1 - right,
        0.1,
    ]


_SENTENCES = (
    "This is the label itself: return how often it is right.",
    "This is a count: divide it by the number of validation labels to get a share.",
    "This is in percent: return a share from 0 to 1, as Keras does.",
    "You count the validation labels, but whoever guesses has seen the training labels only.",
    "This is the share among the training labels: the guess is tried on the validation labels.",
    "You guess the largest label: the most frequent one is meant.",
    "This is the share of wrong guesses: accuracy counts the right ones.",
    "One in ten is what random guesses reach: ask instead what always the same label would reach.",
)


def _mistake(result: float, train: np.ndarray, val: np.ndarray) -> str:
    for value, sentence in zip(_mistakes(train, val), _SENTENCES):
        if np.isclose(result, value):
            return sentence
    return (
        "On fresh labels the accuracy is another one: find the most frequent training label, then "
        "the share of validation labels that equal it."
    )
