"""Load Keras and its backend without the log lines that they print when they start.

TensorFlow 2.21 writes two lines to the error stream when it is imported, whatever its log level
says; in a notebook they look like an error.  Later it warns of retraced functions, which a search
cannot avoid: every network is a new one.  Keras imports Matplotlib, whose warnings are not about
anything that a learner does.

Every module that needs Keras imports this one first.  One that computes with TensorFlow itself
also calls `needs_tensorflow`.
"""

import contextlib
import gc
import logging
import os
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

import nascourse._engine.importable  # noqa: F401 - so that it can be loaded at all

from nascourse import CourseError


@contextlib.contextmanager
def silent_error_stream() -> Iterator[None]:
    """Discard what is written to file descriptor 2: C++ code does not use ``sys.stderr``."""
    try:
        saved = os.dup(2)
    except OSError:  # it is closed, as under pythonw and some launchers
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


logging.getLogger("matplotlib").setLevel(logging.ERROR)  # before Keras imports it


@contextlib.contextmanager
def hidden(*packages: str) -> Iterator[None]:
    """Let imports of packages that are not loaded yet fail, as if they were not installed."""
    modules: MutableMapping[str, Any] = sys.modules
    absent = [package for package in packages if package not in modules]
    modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for package in absent:
            del modules[package]


collector_was_on = gc.isenabled()
gc.disable()  # what imports make stays, and would be looked through often
try:
    with silent_error_stream():
        import keras
        import tensorflow  # noqa: F401 - AutoKeras needs it, whatever backend Keras computes with

    # AutoKeras imports the other backends, where they are installed, for the names of their errors;
    # PyTorch takes 2 seconds and 176 MiB.
    with hidden(*{"jax", "torch"} - {keras.backend.backend()}):
        import autokeras  # noqa: F401
finally:
    if collector_was_on:
        gc.enable()

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # in a notebook it sets itself to INFO


def needs_tensorflow(module: str) -> None:
    """Refuse to load a module where Keras computes with another backend."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise CourseError(
            f"{module} computes with TensorFlow, and Keras with {backend} here: to use it, restart "
            f"Python without KERAS_BACKEND={backend}."
        )
