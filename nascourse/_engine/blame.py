"""Whose fault an error in a trial is: the network's, the machine's, or the caller's.

Only a network is counted as failed.  What the machine or the caller has caused ends the search, in a
sentence and with all that is finished; once it is repaired, the trial is trained again.
"""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import ssl
import traceback
import urllib.error
from collections.abc import Iterator
from typing import Literal

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
from keras_tuner.errors import FailedTrialError, FatalError

from nascourse import CourseError
from nascourse._engine.observers import Observer

_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE}  # of its disks
# What libraries in C say of it in errors without a number; Windows has no words for some.
_SAID = {*map(os.strerror, _MACHINE), "can't start new thread"} - {"Unknown error"}
_MACHINE |= {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
_OF_NETWORKING = (
    ConnectionError,
    TimeoutError,
    http.client.HTTPException,
    socket.gaierror,
    ssl.SSLError,
    urllib.error.URLError,
)
_OF_DOWNLOADS = ("URL fetch failure", "Incomplete or corrupted file detected.")
_OURS = ("keras_tuner", "nascourse", "autokeras")


class SearchEnds(CourseError, FatalError):
    """What ends a search in the middle of a trial; KerasTuner does not catch a `FatalError`."""


def reason(error: BaseException) -> str:
    """An error in one line, without the colors and the list of arguments that Keras adds."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).partition("Arguments received")[0]
    if isinstance(error, (FailedTrialError, CourseError)):  # KerasTuner's or our own sentence
        return text.rstrip(".")
    return f"{type(error).__name__}: {' '.join(text.split())[:300]}"


def blame(error: Exception) -> Literal["network", "machine", "caller"]:
    """Whose fault an error is that ended a training."""
    if culprit(error) is not None:
        return "caller"
    return "machine" if any(map(_is_of_machine, _chain(error))) else "network"


def sentence(error: Exception, trial: int) -> str:
    """Say what the machine or the caller has done to a trial, and how to go on."""
    name = culprit(error)
    if name is not None:
        return (
            f"{name} failed in trial {trial} ({reason(error)}): this is not the fault of the "
            "network, so the trial does not count; repair it, and start the search again with the "
            "same folder."
        )
    return (
        f"The machine could not go on with trial {trial} ({reason(error)}): this is not the fault of "
        "the network, so the trial does not count; all finished trials are kept; free some space "
        "if the disk is full, and start it again with the same folder to go on."
    )


def _is_of_machine(error: BaseException) -> bool:
    # Keras reports a download that failed as a bare Exception, and one that was cut as a ValueError.
    return (
        isinstance(error, (*_OF_NETWORKING, PermissionError))
        or (isinstance(error, OSError) and error.errno in _MACHINE)
        or str(error).startswith(_OF_DOWNLOADS)
        or (_is_of_c(error) and any(words in str(error) for words in _SAID))
    )


def _is_of_c(error: BaseException) -> bool:
    """Whether an error may come from a library in C; those of networks that quote are others."""
    is_of_hdf5 = type(error) in (OSError, RuntimeError)
    return is_of_hdf5 or type(error).__module__.startswith("tensorflow")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def culprit(error: BaseException) -> str | None:
    """The callback or the observer of the caller in which an error was raised, if it was in one."""
    callers = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        names = frame.f_locals
        if isinstance(names.get("self"), keras.callbacks.CallbackList):
            callback = names.get("callback")
            if callback is not None and type(callback).__module__.partition(".")[0] not in _OURS:
                callers = f"The callback {type(callback).__name__}"
        if isinstance(names.get("self"), Observer):  # one of the course's callbacks asks it
            return f"The observer {type(names['self']).__name__}"
    return callers
