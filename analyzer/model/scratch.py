"""Folders for what only this process needs, which end with it; what killed ones left is removed.

    <temporary folder>/analyzer-<what for>-<random>/.owner      locked as long as its process lives

Whose process is gone is said by the lock, which the system takes from the dead: numbers of
processes mean nothing in another container and are given out again. A folder without that file is
not ours.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

_NAME = "analyzer-"
_OWNER = ".owner"
_WORDS = b"analyzer: a folder of a process that holds a lock on this file; without it, of nobody\n"


class Scratch(tempfile.TemporaryDirectory[str]):
    """A folder readable by nobody else, removed at the end of a `with` or of the process.

    what: one word for the name. Raises: OSError where there is no place for it.
    """

    def __init__(self, what: str) -> None:
        remove_left()
        super().__init__(prefix=f"{_NAME}{what}-", ignore_cleanup_errors=True)
        self._let_go = weakref.finalize(self, os.close, _claim(Path(self.name)))
        # Before the base's own end, which would warn of a folder that nobody cleaned up.
        atexit.register(self.cleanup)

    def cleanup(self) -> None:
        """Removes the folder, and lets go of it."""
        super().cleanup()
        self._let_go()
        atexit.unregister(self.cleanup)


def remove_left() -> None:
    """Removes the folders of this user's processes that are gone; whatever else is there stays."""
    with suppress(OSError):
        for found in Path(tempfile.gettempdir()).glob(f"{_NAME}*/{_OWNER}"):
            with suppress(OSError):
                _remove_if_left(found.parent)


def _claim(folder: Path) -> int:
    """Marks a new folder as this process's: the descriptor that holds the lock."""
    unnamed = folder / f"{_OWNER}.new"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, _WORDS)
    with suppress(OSError):  # a file system without locks: then nobody can take it for left
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # Named when it is locked: nobody ever sees a mark that seems to be of the dead.
    unnamed.rename(folder / _OWNER)
    return descriptor


def _remove_if_left(folder: Path) -> None:
    """Removes a folder of ours whose process is gone. Raises: OSError, also for one that lives."""
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        return
    descriptor = os.open(folder / _OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if os.read(descriptor, len(_WORDS) + 1) == _WORDS:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(descriptor)
