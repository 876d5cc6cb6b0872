"""What the numbers of a report do not say."""

from __future__ import annotations

from typing import Any

FEW_IMAGES = 50  # of a class in all parts together: a report says that they are few


def limits(report: dict[str, Any]) -> list[str]:
    """A sentence for each, for a report of these facts."""
    judged_by, opened = report["judged_by"], report["times_opened"]
    rare = [name for name, n in report["counts"].items() if sum(n.values()) < FEW_IMAGES]
    sentences = [
        (
            "One search with one seed: another seed may choose another network, and the same network "
            "trained again reads a little more or less."
        ),
        (
            f"The interval covers the luck of the {report['test_images']:,} test images, not that of the "
            "seed, and holds for images of the same kind alone."
        ),
        (
            f"{judged_by:,} validation images made the choice: one of them is {100 / judged_by:.2g}%, and "
            "what they say of the winner is too much."
        ),
    ]
    if opened != 1:
        sentences.append(
            f"The test set was opened {opened} times: what was decided after the first time is not "
            "judged by unseen images."
        )
    if rare:
        sentences.append(f"What is said of these classes rests on few images: {', '.join(rare)}.")
    if report["found"].startswith("no"):
        sentences.append("The search has confirmed a network that was given; it has not found one.")
    elif report["found"] != "yes":
        sentences.append(
            "The validation images do not show that the network found is better than the one that "
            "was given."
        )
    return sentences
