"""The canvas: what is drawn on it reaches the network as one of its images."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from nascourse import CourseError
from nascourse.views import draw


def model(shape=(6, 8, 1)) -> keras.Model:
    """Says how bright the left half is, and how bright the right one."""
    image = keras.Input(shape, dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(image)
    halves = keras.layers.AveragePooling2D((shape[0], shape[1] // 2))(x)
    x = keras.layers.Lambda(lambda t: t[..., 0])(halves)
    return keras.Model(image, keras.layers.Softmax()(keras.layers.Flatten()(x)))


@pytest.fixture
def view():
    return draw.DrawingView(model(), ["<left>", "right"])


def ink(*places: tuple[int, int], shape=(6, 8)) -> np.ndarray:
    drawn = np.zeros(shape, int)
    for place in places:
        drawn[place] = 255
    return drawn


def test_the_canvas_has_the_grid_of_the_network(view):
    assert (view.canvas.rows, view.canvas.columns) == (6, 8)
    assert view.image.shape == (6, 8, 1) and not view.image.any()
    assert "Draw something" in view._answer.value


def test_the_grid_may_come_in_numpys_numbers():
    """Some versions of Keras keep them, and some of traitlets refuse them."""
    shape = (None, *np.array([6, 8, 1]))
    view = draw.DrawingView(SimpleNamespace(input_shape=shape, output_shape=(None, 2)), "ab")
    assert type(view.canvas.rows) is type(view.canvas.columns) is int


def test_what_is_drawn_is_read(view):
    view.canvas.ink = ink((2, 1), (3, 1)).ravel().tolist()

    np.testing.assert_array_equal(view.image[..., 0], ink((2, 1), (3, 1)))
    first, second = view._answer.value.split("<tr>")[1:]
    assert "&lt;left&gt;" in first and "right" in second
    probabilities = view._model.predict_on_batch(view.image[None])[0]
    assert f"{probabilities[0]:.1%}" in first and probabilities[0] > 0.5


def test_a_colored_network_gets_the_drawing_in_every_channel():
    view = draw.DrawingView(model((6, 8, 3)), ["left", "right"])
    view.canvas.ink = ink((0, 7)).ravel().tolist()

    assert view.image.shape == (6, 8, 3)
    assert (view.image == ink((0, 7))[..., None]).all()


@pytest.mark.parametrize("names", [["left"], ["left", "middle", "right"]])
def test_names_that_do_not_fit_the_outputs_are_refused(names):
    with pytest.raises(CourseError, match=f"{len(names)} class names .* with 2 outputs"):
        draw.DrawingView(model(), names)


@pytest.mark.parametrize(
    "places, expected",
    [
        ([(0, 0)], [(2, 4)]),  # the middle of 0..5 and 0..7 is 2.5 and 3.5, rounded to even
        ([(4, 6), (5, 6)], [(2, 4), (3, 4)]),
        ([], []),
    ],
)
def test_centering_moves_the_center_of_mass_to_the_middle(places, expected):
    moved = draw.centered(ink(*places).astype("uint8"))

    np.testing.assert_array_equal(moved, ink(*expected))


def test_centering_is_a_choice_that_is_read_at_once(view):
    view.canvas.ink = ink((0, 0)).ravel().tolist()
    before = view._answer.value

    view._centered.value = True

    assert view.image[0, 0, 0] == 0 and view.image.any()
    assert view._answer.value != before


def test_without_widgets_a_sentence_stands_in_its_place(view, monkeypatch, capsys):
    monkeypatch.setattr(draw.html, "work", lambda: False)

    view._ipython_display_()

    assert "JupyterLab" in capsys.readouterr().out
