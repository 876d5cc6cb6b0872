"""Files that are there whole or not at all: one way to write for every room.

A process can die, and a disk can fill, at any byte.  So a file is first written beside its place,
pushed to the disk, and only then moved to its name: a reader finds the old file or the new one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; what stands there at the end becomes ``path``.

    The folder is made if need be.  After a failure the old file stays, and nothing of the attempt.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays: some writers choose the format by it.
    part = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike, content: str | bytes) -> None:
    """Write ``content``, text as UTF-8 with the line ends that it has, or leave ``path`` alone.

    Raises
    ------
    OSError
        The file cannot be written, for instance as the disk is full or, on Windows, as another
        program has it open.
    """
    with whole(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def set_aside(path: Path) -> Path:
    """Give a damaged file another name, so that a sound one can take its place; return that."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    return path.rename(aside)
