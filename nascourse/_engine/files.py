"""Atomic writes: a file is there complete, or as it was before.

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
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; when the block ends, that file becomes ``path``.

    The folder is made if need be.  If the block fails, the old file stays, and nothing of the
    attempt.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays: some writers choose the format by it.
    partial = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def atomic_write(path: str | os.PathLike, content: str | bytes) -> None:
    """Write ``content``, text as UTF-8 with the line ends that it has, or leave ``path`` alone.

    Raises
    ------
    OSError
        The file cannot be written, for instance as the disk is full or, on Windows, as another
        program has it open.
    """
    with atomic_path(path) as partial:
        partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def set_aside(path: Path) -> Path:
    """Give a damaged file another name, so that an intact one can take its place.

    Returns
    -------
    The new path: ``search.damaged-1.json`` for ``search.json``.
    """
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    return path.rename(aside)
