"""Plausible wrong answers to the exercises of unit 00, and words of the sentence that each gets."""

import numpy as np


def most_frequent(labels):
    return np.bincount(labels).argmax()


def printed(train_labels, val_labels):
    print(np.mean(val_labels == most_frequent(train_labels)))


WRONG = {
    "00.1": {
        "choose by it": ("a", "seal forbids"),
        "train on it": ("b", "by heart"),
        "stop by it": ("d", "validation set"),
        "the words instead of the letter": ("to judge the final network", "none of the options"),
    },
    "00.2": {
        "peeks at the validation labels": (
            lambda train, val: np.mean(val == most_frequent(val)),
            "training labels only",
        ),
        "measured on the training labels": (
            lambda train, val: np.mean(train == most_frequent(train)),
            "share among the training labels",
        ),
        "a count": (lambda train, val: np.sum(val == most_frequent(train)), "count"),
        "percent": (lambda train, val: 100 * np.mean(val == most_frequent(train)), "percent"),
        "the label": (lambda train, val: most_frequent(train), "label itself"),
        "max instead of most frequent": (lambda train, val: np.mean(val == max(train)), "largest"),
        "the errors": (lambda train, val: np.mean(val != most_frequent(train)), "wrong guesses"),
        "one in ten": (lambda train, val: 0.1, "One in ten"),
        "prints": (printed, "return"),
        "a number instead of a function": (0.1, "not a function"),
    },
}
