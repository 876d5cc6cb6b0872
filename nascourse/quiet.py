"""Load Keras and its backend without the log lines that they print when they start.

TensorFlow 2.21 writes two lines to the error stream on import, whatever its log level says; in a
notebook they look like a fault.  Later it warns of retraced functions, which a search cannot avoid:
every network is a new one.  Keras brings Matplotlib along, whose complaints `plotting` explains.
Every room that needs Keras imports this module first.
LiteRT chats on the same stream: `silent_error_stream` is for that as well.
"""

import contextlib
import logging
import os
from collections.abc import Iterator


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
    import keras  # noqa: F401
    import tensorflow  # noqa: F401 - AutoKeras needs it, whatever backend Keras computes with

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # in a notebook it sets itself to INFO
