"""What an older version of the package has written is still of use.

``old_searches.py`` says what the files are and how they were made.
"""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import old_searches
import pytest

from nascourse import search
from nascourse._engine.archive import import_search

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("frozen_libraries")]


@pytest.fixture(scope="module", autouse=True)
def same_libraries() -> None:
    """A search goes on with the libraries that began it, and says so; that is tested elsewhere."""
    identity = json.loads((old_searches.DATA / "random" / "search.json").read_text())["search"][
        "identity"
    ]
    for name in ("keras", "keras-tuner", "autokeras"):
        if identity[f"version of {name}"] != version(name):
            pytest.skip(f"the old searches were made with another version of {name}")


def go_on(space, strategy: str, folder: Path) -> search.Search:
    return search.run_search(
        space,
        old_searches.splits(),
        strategy=strategy,
        directory=folder,
        observer=search.Observer(),
        **old_searches.SEARCH,
    )


def test_the_folder_of_a_search_whose_process_died_goes_on(tmp_path):
    folder = shutil.copytree(old_searches.DATA / "random", tmp_path / "random")
    table = go_on(old_searches.tiny_space, "random", folder).table

    assert table["units"].tolist() == [6, 5, 1, 4]  # as the old version went on by itself
    assert table["seconds"].head(2).tolist() == [2.452, 1.689]  # so these were not trained again


def test_an_exported_search_is_imported_and_goes_on(tmp_path):
    folder = import_search(old_searches.DATA / "greedy.zip", tmp_path / "greedy")
    greedy = go_on(old_searches.tiny_autokeras_space(), "greedy", folder)

    assert len(greedy.table) == 4
    assert greedy.table["architecture"].head(2).tolist() == [
        "1@3x3 max2 1@3x3 max2 globalavg 10",
        "3@3x3 max2 3@3x3 max2 1@3x3 max2 globalavg 10",
    ]
    assert greedy.best_model().count_params() == greedy.best["n_params"]


def test_a_saved_network_of_autokeras_loads():
    network = keras.models.load_model(old_searches.DATA / "classifier.keras")

    (rescaling,) = (layer for layer in network.layers if isinstance(layer, keras.layers.Rescaling))
    assert rescaling.scale == pytest.approx(1 / 255)
    assert np.allclose(network(old_searches.splits().x_val).numpy().sum(axis=1), 1, atol=1e-5)
