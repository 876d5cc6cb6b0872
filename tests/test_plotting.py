"""A table in, axes out: what is drawn where, and shown once."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from nascourse import CourseError, data, plotting, trials
from nascourse._engine import figures
from nascourse._engine.costs import LayerCost


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


def table(*accuracies: float | None) -> pd.DataFrame:
    """A trial table with these validation accuracies; None is a failed trial."""
    return trials.to_table(
        {"trial": n, "status": "failed"}
        if value is None
        else {
            "trial": n,
            "status": "completed",
            "val_accuracy": value,
            "val_loss": 1 - value,
            "n_params": 1000 * n,
            "flops": 10**6 * n,
        }
        for n, value in enumerate(accuracies, 1)
    )


CURVES = trials.curves_to_table(
    {"trial": t, "epoch": e, "val_accuracy": t / 10 + e / 100, "val_loss": 1 / e}
    for t in (1, 3)
    for e in (1, 2)
)
COSTS = [
    LayerCost("cast", "CastToFloat32", (28, 28, 1), 0, 0),
    LayerCost("conv", "Conv2D", (26, 26, 8), 80, 103_000),
    LayerCost("flat", "Flatten", (5408,), 0, 0),
    LayerCost("dense", "Dense", (10,), 54_090, 108_170),
]


# The incumbent


def test_the_incumbent_is_a_staircase_and_the_trials_are_dots():
    ax = plotting.plot_incumbent(table(0.5, 0.4, 0.7))

    stairs, dots = ax.lines
    assert stairs.get_xdata().tolist() == [0.5, 1.5, 2.5, 3.5]  # a step is as wide as its trial
    assert stairs.get_ydata().tolist() == [0.5, 0.5, 0.7, 0.7]
    assert stairs.get_drawstyle() == "steps-post"
    assert dots.get_ydata().tolist() == [0.5, 0.4, 0.7]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("trial", "best validation accuracy so far")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["best so far", "a trial"]


def test_a_failed_trial_has_no_dot_and_no_step():
    ax = plotting.plot_incumbent(table(None, 0.4, None, 0.7))

    stairs, dots = (np.asarray(line.get_ydata(), dtype=float) for line in ax.lines)
    np.testing.assert_array_equal(stairs, [np.nan, 0.4, 0.4, 0.7, 0.7])
    np.testing.assert_array_equal(dots, [np.nan, 0.4, np.nan, 0.7])


def test_the_incumbent_of_a_loss_falls():
    ax = plotting.plot_incumbent(table(0.5, 0.4, 0.7), by="val_loss")

    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.5, 0.5, 0.3, 0.3])
    assert "loss" in ax.get_ylabel()


def test_several_searches_have_a_legend_and_colors_of_their_own():
    ax = plotting.plot_incumbent({"random": table(0.5), "greedy": table(0.6)})

    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["random", "greedy"]
    stairs = ax.lines[::2]
    assert [line.get_ydata().tolist() for line in stairs] == [[0.5, 0.5], [0.6, 0.6]]
    assert stairs[0].get_color() != stairs[1].get_color()


def test_no_search_is_dropped():
    ax = plotting.plot_incumbent({f"search {n}": table(n / 10) for n in range(8)})

    assert len(ax.get_legend().get_texts()) == 8


def test_many_searches_are_a_median_in_a_band():
    best_so_far = np.array([[0.1, 0.2], [0.2, 0.6], [0.9, 0.9]])

    ax = plotting.plot_searches({"random": best_so_far}, band=(0, 100))

    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.2, 0.6, 0.6])
    corners = ax.collections[0].get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(0.1)
    assert corners[:, 1].max() == pytest.approx(0.9)


# Trials and curves


def test_each_completed_trial_is_a_point_and_the_best_is_ringed():
    ax = plotting.plot_trials(table(0.5, None, 0.7, 0.6))

    points, ring = ax.lines
    np.testing.assert_array_equal(points.get_xydata(), [[1000, 0.5], [3000, 0.7], [4000, 0.6]])
    np.testing.assert_array_equal(ring.get_xydata(), [[3000, 0.7]])
    assert [text.get_text() for text in ax.texts] == ["3 (best)", "1", "4"]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "parameters")
    assert ax.get_legend() is None  # its ring would look like one more trial


def test_numbers_of_trials_do_not_cover_each_other():
    many = table(*np.linspace(0.9, 0.95, 60))
    many["n_params"] = 20_000 + many["trial"] % 2

    ax = plotting.plot_trials(many)
    ax.figure.draw_without_rendering()

    boxes = [text.get_window_extent() for text in ax.texts]
    assert ax.texts[0].get_text() == "60 (best)"
    assert 3 < len(boxes) < 60
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_each_learning_curve_is_a_line():
    ax = plotting.plot_curves(CURVES)

    assert [line.get_label() for line in ax.lines] == ["trial 1", "trial 3"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [0.31, 0.32])
    assert ax.lines[1].get_xdata().tolist() == [1, 2]


def test_curves_of_another_metric_and_of_many_trials():
    many = trials.curves_to_table({"trial": t, "epoch": 1, "loss": t} for t in range(1, 10))

    ax = plotting.plot_curves(many, metric="loss")

    assert [line.get_ydata().tolist() for line in ax.lines] == [[t] for t in range(1, 10)]


def test_the_seeds_of_a_network_are_their_mean_in_a_band_of_them_all():
    rows = [(0, 1, 0.2), (0, 2, 0.6), (1, 1, 0.4), (1, 2, 0.9), (2, 1, 0.3), (2, 2, 0.9)]

    ax = plotting.plot_seeds(pd.DataFrame(rows, columns=["seed", "epoch", "val_accuracy"]))

    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.3, 0.8])
    corners = ax.collections[0].get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(0.2) and corners[:, 1].max() == pytest.approx(0.9)


# The network, the digits


def boxes(ax) -> list:
    """The texts that stand in a box each."""
    return [text for text in ax.texts if text.get_bbox_patch()]


def test_the_architecture_is_a_row_of_boxes():
    conv, flatten, dense = boxes(plotting.plot_architecture(COSTS))  # the cast is no layer to learn

    assert conv.get_text() == "Conv2D\n26x26x8\n80 weights\n103k FLOPs"
    assert flatten.get_text() == "Flatten\n5408"
    colors = [box.get_bbox_patch().get_facecolor() for box in (conv, flatten, dense)]
    assert colors[0] == colors[2] != colors[1]  # with weights, and without


def test_a_long_network_goes_on_in_the_next_row():
    places = [box.get_position() for box in boxes(plotting.plot_architecture(COSTS, columns=2))]

    assert places[0][0] == places[2][0] < places[1][0]
    assert places[2][1] < places[0][1] == places[1][1]


def test_the_long_name_of_a_layer_is_broken_and_stays_in_its_box():
    costs = [LayerCost("a", "GlobalAveragePooling2D", (8,), 0, 0)] * 2

    ax = plotting.plot_architecture(costs, columns=2)

    ax.figure.canvas.draw()
    left, right = (box.get_bbox_patch().get_window_extent() for box in boxes(ax))
    assert left.x1 < right.x0
    assert boxes(ax)[0].get_text().replace(" ", "").replace("\n", "") == "GlobalAveragePooling2D8"


def test_digits_side_by_side(small):
    axes = plotting.plot_images(small.x_val[:12], [f"t{n}" for n in range(12)], columns=5)

    assert axes.shape == (3, 5)
    assert axes[2, 1].get_title() == "t11"
    np.testing.assert_array_equal(axes[2, 1].images[0].get_array(), small.x_val[11, :, :, 0])
    assert not axes[2, 2].images  # an empty place


def test_digits_may_lack_the_channel_and_titles(small):
    axes = plotting.plot_images(small.x_val[:2, :, :, 0])

    np.testing.assert_array_equal(axes[0, 1].images[0].get_array(), small.x_val[1, :, :, 0])


def test_shares_of_each_group_by_hand():
    ax = plotting.plot_shares({"a": [0.5, 0.7, 0.6], "b": pd.Series([0.9])})

    a, b = ax.lines
    assert a.get_xdata()[1:].tolist() == [0.5, 0.6, 0.7]
    np.testing.assert_allclose(a.get_ydata(), [0, 1 / 3, 2 / 3, 1])
    assert b.get_xdata()[1:].tolist() == [0.9]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_only_misread_digits_are_drawn(small):
    x, y = small.x_val[:5], np.array([0, 1, 2, 3, 4])

    axes = plotting.plot_misread(x, y, np.array([0, 7, 2, 3, 9]))

    drawn = [ax for ax in axes.flat if ax.images]
    assert [ax.get_title() for ax in drawn] == ["1 → 7", "4 → 9"]
    np.testing.assert_array_equal(drawn[1].images[0].get_array(), x[4, :, :, 0])


def test_at_most_so_many_misread_digits(small):
    y = np.zeros(100, dtype=int)

    axes = plotting.plot_misread(small.x_val, y, y + 1, most=3)

    assert sum(bool(ax.images) for ax in axes.flat) == 3


def test_without_a_misread_digit_there_is_nothing_to_draw(small):
    with pytest.raises(CourseError, match="nothing to draw"):
        plotting.plot_misread(small.x_val, small.y_val, small.y_val)


NETWORKS = pd.DataFrame({"n_params": [1, 2], "test_accuracy": [0.5, 0.6]})
PICTURES = np.full((2, 4, 4, 1), 9, dtype="uint8")
REFUSED = {
    "curves of nothing": (lambda: plotting.plot_curves(CURVES, metric="val_acc"), "'val_acc'"),
    "curves of a trial table": (lambda: plotting.plot_curves(table(0.5)), "'epoch'"),
    "a front of nothing": (
        lambda: plotting.plot_pareto(NETWORKS, NETWORKS, cost="watts"),
        "'watts'",
    ),
    "another front": (
        lambda: plotting.plot_pareto(NETWORKS, NETWORKS[["n_params"]]),
        "'test_accuracy'",
    ),
    "no images": (lambda: plotting.plot_images(np.zeros((0, 4, 4))), "no images"),
    "a number of images": (lambda: plotting.plot_images(5), "images=5"),
    "images from 0 to 1": (
        lambda: plotting.plot_images(PICTURES / 255),
        r"\(4, 4, 1\) in float64, .* uint8",
    ),
    "one image": (lambda: plotting.plot_images(PICTURES[0]), r"\(4, 1\) in uint8"),
    "no columns": (lambda: plotting.plot_images(PICTURES, columns=0), "columns=0"),
    "no columns of boxes": (lambda: plotting.plot_architecture(COSTS, columns=0), "columns=0"),
    "fewer titles": (
        lambda: plotting.plot_images(PICTURES, ["a"]),
        "2 images, but 1 titles: give each image one",
    ),
    "none of the misread": (
        lambda: plotting.plot_misread(PICTURES, np.array([0, 1]), np.array([1, 1]), most=0),
        "most=0",
    ),
    "probabilities for labels": (
        lambda: plotting.plot_misread(PICTURES, np.array([0, 1]), np.eye(2)),
        r"\(2,\), and those that were read \(2, 2\)",
    ),
    "a confusion of other labels": (
        lambda: plotting.plot_confusion([0, 1, 1], [0, 1], ["a", "b"]),
        r"\(3,\), and those that were read \(2,\)",
    ),
    "no axes": (lambda: plotting.image(5), "ax=5 .* the axes"),
    "only failed trials": (lambda: plotting.plot_trials(table(None)), "None of the 1 trials"),
    "an incumbent of words": (lambda: plotting.plot_incumbent(table(0.5), by="status"), "'status'"),
}


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_gray_pictures_of_other_kinds_are_drawn_by_the_same_scale(dtype):
    """As layers that augment and means of images give them."""
    mean = np.array([[[0, 51], [204, 255]]], dtype)

    (drawn,) = plotting.plot_images(mean, columns=1).flat[0].get_images()

    assert drawn.norm(204) == 0.8
    assert drawn.get_array().tolist() == mean[0].tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_drawn_is_one_sentence_and_leaves_no_empty_figure(name):
    draw, words = REFUSED[name]
    before = plt.figure()

    with pytest.raises(CourseError, match=words):
        draw()

    assert plt.get_fignums() == [before.number]


# Any table of numbers


def test_a_line_for_each_column_leaves_out_what_is_missing():
    lines = pd.DataFrame({"a": [0.5, None, 0.7], "b": [0.1, 0.2, 0.3]}, index=[1, 3, 10])

    ax = plotting.plot_lines(lines.rename_axis("networks"), value="val_accuracy", log_x=True)

    a, b = ax.lines
    assert (a.get_xdata().tolist(), a.get_ydata().tolist()) == ([1, 10], [0.5, 0.7])
    assert b.get_ydata().tolist() == [0.1, 0.2, 0.3]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("networks", "validation accuracy")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3", "10"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_images_stay_upright_whatever_the_learner_sets():
    with plt.rc_context({"image.origin": "lower"}):
        axes = plotting.plot_images(np.eye(4, dtype="uint8")[None])

    assert [image.origin for ax in axes.flat for image in ax.images] == ["upper"]


# All of them


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plotting.plot_incumbent(table(0.5, 0.6), ax=ax),
        lambda ax: plotting.plot_searches({"a": np.array([[0.5, 0.6]])}, ax=ax),
        lambda ax: plotting.plot_trials(table(0.5, 0.6), ax=ax),
        lambda ax: plotting.plot_curves(CURVES, ax=ax),
        lambda ax: plotting.plot_architecture(COSTS, ax=ax),
        lambda ax: plotting.plot_shares({"a": [0.5, 0.6]}, ax=ax),
        lambda ax: plotting.plot_lines(pd.DataFrame({"a": [0.5, 0.6]}), value="regret", ax=ax),
    ],
    ids=["incumbent", "searches", "trials", "curves", "architecture", "shares", "lines"],
)
def test_every_plot_draws_on_the_given_axes_and_leaves_the_style_alone(draw):
    figure, (given, other) = plt.subplots(1, 2)
    style = dict(plt.rcParams)

    assert draw(given) is given
    drawn = [*given.lines, *given.collections, *given.images, *given.texts]
    assert drawn
    assert not other.has_data()
    assert plt.get_fignums() == [figure.number]

    own = draw(None)
    assert own.figure is not figure
    assert dict(plt.rcParams) == style
    figure.canvas.draw(), own.figure.canvas.draw()  # labels and ticks can be rendered


@pytest.fixture
def displayed(monkeypatch) -> list:
    """What was handed to IPython's display, with its options."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: calls.append((*a, k)))
    return calls


def only_image(displayed: list):
    """The one image that was displayed, and the caption under it."""
    ((shown, _),) = displayed
    page = BeautifulSoup(shown.data, "html.parser")
    (image,) = page("img")
    return image, page.figcaption.get_text()


@pytest.mark.parametrize("several", [False, True])
def test_show_displays_once_with_alt_text_and_source_and_closes(displayed, several):
    _, axes = plt.subplots(1, 2, figsize=(6, 3))

    plotting.show(axes if several else axes[0], alt='It rises "fast" to 0.7.', source="measured")

    image, caption = only_image(displayed)
    assert image["alt"] == 'It rises "fast" to 0.7.' and caption == "Source: measured."
    png = Image.open(io.BytesIO(base64.b64decode(image["src"].partition("base64,")[2])))
    assert (png.width, int(image["width"])) == (1200, 600)  # 200 dpi at half its size
    assert not plt.get_fignums()


def test_a_caption_stands_before_the_source(displayed):
    ax = plotting.plot_incumbent(table(0.5))

    plotting.show(ax, source="a < b", caption="One trial was enough.")

    image, caption = only_image(displayed)
    assert caption == "One trial was enough. Source: a < b."
    assert "best so far: 0.5" in image["alt"]


def test_a_figure_in_words_has_its_titles_axes_names_and_numbers():
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2, 12], [0.5, 0.8, 0.975], label="greedy")
    left.plot([1, 12], [0.3, 0.2])
    left.scatter([1, 2], [0.1, 0.2], label="a trial")
    left.set(title="Two\nsearches", xlabel="epoch", ylabel="accuracy")
    right.bar(["none", "wide"], [1, 12_345])
    right.text(0, 1, "look")
    plt.close(figure)

    assert figures.describe(figure) == (
        "Two searches. Across: epoch, 1 to 12. Up: accuracy, 0.1 to 0.975. "
        "Drawn: greedy: 0.5 to 0.975; 1 line without a name; a trial: 2 points. "
        "Drawn: none 1, wide 12,345. Words: look."
    )


@pytest.mark.slow
def test_many_pictures_are_told_by_their_titles():
    axes = plotting.plot_images(data.load_mnist("bundled"))
    plt.close(axes.flat[0].figure)

    words = figures.describe(axes.flat[0].figure)

    assert words == "30 pictures, named 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, and 18 more."


def test_save_writes_a_picture_and_closes(tmp_path):
    plotting.save(plotting.plot_incumbent(table(0.5, 0.6)), tmp_path / "incumbent.png")

    assert (tmp_path / "incumbent.png").read_bytes().startswith(b"\x89PNG")
    assert not plt.get_fignums()


def test_only_a_file_for_png_is_saved_and_a_figure_that_fails_is_closed_too(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for name in ("figure.pdf", "figure", "folder.png", ""):
        with pytest.raises(CourseError, match=r"no file for a picture: .* ends in \.png\.$"):
            plotting.save(plotting.plot_incumbent(table(0.5)), tmp_path / name)
        assert not plt.get_fignums()
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]

    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        plotting.save(plotting.plot_incumbent(table(0.5)), tmp_path / "file" / "figure.png")
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    "style",
    [
        plt.xkcd,
        lambda: plt.rc_context({"text.usetex": True}),  # asked of as a percentage is printed
        lambda: plt.rc_context({"font.sans-serif": ["DejaVu Serif"]}),  # asked of as words are
        lambda: plt.rc_context({"markers.fillstyle": "none"}),
    ],
    ids=["xkcd", "LaTeX", "another font", "other markers"],
)
def test_a_picture_is_the_same_in_every_style_of_the_learner(style, tmp_path):
    pictures = []
    for context in (contextlib.nullcontext, style):
        with context():
            plotting.save(plotting.plot_incumbent(table(0.5, 0.6)), tmp_path / "incumbent.png")
        pictures.append(np.asarray(Image.open(tmp_path / "incumbent.png")))

    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize(
    "hostile",
    [
        {"savefig.facecolor": "black"},
        {"savefig.transparent": True},
        {"savefig.format": "pdf", "savefig.bbox": "tight", "savefig.pad_inches": 3},
    ],
)
def test_a_saved_picture_is_on_white_whatever_the_learner_sets(displayed, tmp_path, hostile):
    with plt.rc_context(hostile):
        plotting.show(plotting.plot_incumbent(table(0.5, 0.6)), source="measured")
        plotting.save(plotting.plot_incumbent(table(0.5, 0.6)), tmp_path / "incumbent.png")
        assert hostile.items() <= plt.rcParams.items()

    image, _ = only_image(displayed)
    shown = Image.open(io.BytesIO(base64.b64decode(image["src"].partition("base64,")[2])))
    for picture, dpi in ((shown, 200), (Image.open(tmp_path / "incumbent.png"), 150)):
        assert picture.format == "PNG" and picture.size == (6.4 * dpi, 3.6 * dpi)
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
