"""Load Keras and its backend without the log lines that they print when they start.

TensorFlow 2.21 writes two lines to the error stream on import, whatever its log level says; in a
notebook they look like a fault.  Later it warns of retraced functions, which a search cannot avoid:
every network is a new one.  Keras brings Matplotlib along, whose complaints `plotting` explains.
Every room that needs Keras imports this module first.
LiteRT chats on the same stream: `silent_error_stream` is for that as well.  Rooms that compute with
TensorFlow itself say so by `needs_tensorflow`.
"""

import contextlib
import logging
import os
from collections.abc import Iterator

from nascourse import CourseError


@contextlib.contextmanager
def silent_error_stream() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: the lines come from C++, below ``sys.stderr``."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


logging.getLogger("matplotlib").setLevel(logging.ERROR)  # Keras imports it

with silent_error_stream():
    import keras
    import tensorflow  # noqa: F401 - AutoKeras needs it, whatever backend Keras computes with

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # in a notebook it sets itself to INFO


def needs_tensorflow(room: str) -> None:
    """Refuse to load a room where Keras computes with another backend.

    Raises
    ------
    CourseError
        The backend is not TensorFlow.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise CourseError(
            f"{room} computes with TensorFlow, and Keras with {backend} here: to use it, restart "
            f"Python without KERAS_BACKEND={backend}."
        )
