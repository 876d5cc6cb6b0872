"""Plots as SVG, read back from their text."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from nascourse import trials
from nascourse.views import svg

NAN = float("nan")


def drawn(picture: str, kind: str) -> list[dict[str, str]]:
    """The attributes of all marks of a kind; fails if the text is no XML."""
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own text
    return [mark.attrib for mark in root.iter(f"{{http://www.w3.org/2000/svg}}{kind}")]


def heights(points: str) -> list[float]:
    return [float(point.split(",")[1]) for point in points.split()]


def words(picture: str) -> list[str]:
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own text
    return ["".join(text.itertext()) for text in root.iter() if text.text]


def search(*accuracies: float | None):
    return trials.to_table(
        {"trial": n, "status": "failed" if value is None else "completed", "val_accuracy": value}
        for n, value in enumerate(accuracies, 1)
    )


def test_a_point_lies_where_the_ticks_of_its_values_are():
    plot = svg.Plot("epoch", "val_loss", 3, [0, 1])
    plot.dots([(2, 0.5)], "blue")
    picture = plot.svg("A dot.")

    (dot,) = drawn(picture, "circle")
    labels = {text: mark for text, mark in zip(words(picture), drawn(picture, "text"))}
    assert float(labels["2"]["x"]) == float(dot["cx"])
    half = (float(labels["0.4"]["y"]) + float(labels["0.6"]["y"])) / 2 - 4  # below its line
    assert half == pytest.approx(float(dot["cy"]), abs=0.2)
    assert {"epoch", "validation loss"} <= set(labels)


def test_no_tick_stands_above_100_percent():
    picture = svg.Plot("trial", "val_accuracy", 5, [0.99]).svg("Nothing.")

    percents = [float(text[:-1]) for text in words(picture) if text.endswith("%")]
    assert max(percents) == 100 and len(percents) > 2


@pytest.mark.parametrize("values", [[], [NAN], [0.5], [NAN, float("inf"), 0.5]])
def test_whatever_the_values_are_there_are_axes(values):
    plot = svg.Plot("epoch", "val_loss", 3, values)
    plot.line(enumerate(values, 1), "blue")
    picture = plot.svg("A line.")

    assert "nan" not in picture and "inf" not in picture
    assert len(drawn(picture, "text")) > 5


def test_a_search_is_a_staircase_with_dots_and_crosses_before_the_luck_of_others():
    table = search(0.5, None, 0.7, 0.5)
    table.loc[3, "duplicate_of"] = 1
    luck = np.array([[0.1, 0.2], [0.3, 0.4]])

    picture = svg.plot_search(table, 6, alt='Of "four" trials.', luck=luck)

    others, stairs = (heights(line["points"]) for line in drawn(picture, "polyline"))
    dots = drawn(picture, "circle")
    low, high = float(dots[0]["cy"]), float(dots[1]["cy"])  # of 0.5 and 0.7
    assert stairs == [low, low, low, low, high, high, high, high]
    assert others == pytest.approx(
        [low + 1.5 * (low - high)] * 2 + [low + (low - high)] * 2, abs=0.2
    )
    assert [dot["fill"] for dot in dots] == [svg.BLUE, svg.BLUE, "white"]
    assert len(drawn(picture, "polygon")) == 1 and picture.count("l10 10m0-10l-10 10") == 1
    assert float(dots[2]["cx"]) == pytest.approx(
        svg.LEFT + 3.5 / 6 * (svg.RIGHT - svg.LEFT), abs=0.1
    )
    (alt,) = re.findall('alt="(.*?)"', svg.image(picture))
    assert alt == "Of &quot;four&quot; trials."
