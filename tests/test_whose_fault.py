"""What a download, a disk or the system has done is not the fault of a network."""

from __future__ import annotations

import http.client
import socket
import ssl
import tempfile
from unittest.mock import Mock

import pytest
import tensorflow as tf

from nascourse import CourseError
from nascourse._engine import parallel
from nascourse._engine.blame import blame

HDF5 = (
    "Unable to synchronously write data (file write failed: time = Mon Nov  2 10:00:00 2026\n, "
    "filename = 'checkpoint.weights.h5', file descriptor = 30, errno = {}, error message = '{}')"
)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(
            "Incomplete or corrupted file detected. The auto file hash does not match the provided "
            "value of 0a."
        ),
        socket.gaierror(-2, "Name or service not known"),
        ssl.SSLError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
        http.client.IncompleteRead(b"PK", 100),
        RuntimeError(HDF5.format(28, "No space left on device")),
        OSError(HDF5.format(30, "Read-only file system")),
        OSError(HDF5.format(5, "Input/output error")),
        tf.errors.ResourceExhaustedError(None, None, "checkpoint; No space left on device"),
        tf.errors.UnknownError(None, None, "checkpoint; Input/output error"),
        RuntimeError("can't start new thread"),
    ],
)
def test_the_machine_is_blamed(error):
    assert blame(error) == "machine"


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[9,9]"),
        tf.errors.InvalidArgumentError(None, None, "Incompatible shapes: [64,10] vs. [64,3]"),
        RuntimeError("a mistake"),
        RuntimeError("Unknown error"),  # the word of Windows for what it does not know
        OSError("Unable to synchronously open file (file signature not found)"),
        ValueError("The layer 'No space left on device' expects 2 inputs"),  # a learner's name
        ValueError("the file says: Incomplete or corrupted file detected."),
        KeyError("can't start new thread"),
    ],
)
def test_the_network_is_blamed(error):
    assert blame(error) == "network"


def test_workers_without_temporary_files_do_not_blame_the_folder_of_the_search(
    tmp_path, monkeypatch
):
    """The folder for such was removed while a kernel ran."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    workers = object.__new__(parallel.Workers)

    with pytest.raises(CourseError, match=r"No temporary file can be made .*gone.*set TMPDIR"):
        workers.search(Mock())
