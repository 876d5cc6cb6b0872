"""Files that are there whole or not at all: one way to write for every room.

A process can die, and a disk can fill, at any byte.  So a file is first written beside its place,
pushed to the disk, and only then moved to its name: a reader finds the old file or the new one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(path: str | os.PathLike, content: str | bytes) -> None:
    """Write ``content`` (text as UTF-8, with the line ends it has) to ``path`` or leave it alone.

    Its folder is made if need be.  After a failure nothing of the attempt is left.

    Raises
    ------
    OSError
        The file cannot be written, for instance as the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
