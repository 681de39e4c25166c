"""Files that a command writes beside its database: checked before the work, written as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from analyzer.model.errors import InputError


def check_targets(paths: Sequence[Path], taken: Mapping[str, Path | None]) -> None:
    """Sees that every path can be written, and is not a file that the command uses otherwise.

    taken: option -> its path, None = not given. Raises: InputError naming the path and why.
    """
    used = {path.resolve(): option for option, path in taken.items() if path is not None}
    for path in paths:
        option = used.get(path.resolve())
        if option is not None:
            raise InputError(f"{path} is named by {option} already: name another file")
        if path.is_dir():
            raise InputError(f"{path} is a folder: name a file in it")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no regular file: - stands for standard output")
        folder = path.resolve().parent
        if not folder.is_dir():
            raise InputError(f"{path} cannot be written: {path.parent} is no folder")
        if not os.access(folder, os.W_OK):
            raise InputError(f"{path} cannot be written: permission denied in {path.parent}")


def write_texts(texts: Mapping[Path, str]) -> None:
    """Writes every text aside, then renames all into place: none of the files is ever half there.

    A symbolic link stays, and what it points to is replaced. Raises: InputError when one cannot
    be written; then none of them has changed.
    """
    aside: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            target = path.resolve()
            part = target.with_name(f".{target.name}.{os.getpid()}.part")
            aside[part] = target
            part.write_text(text, encoding="utf-8", newline="")
        for part, target in aside.items():
            os.replace(part, target)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be written: {error.strerror}") from error
    finally:
        for part in aside:
            part.unlink(missing_ok=True)
