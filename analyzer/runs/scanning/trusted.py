"""Block hashes that a user trusts: `BLOCK=0x..` on the command line, or a file of checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from analyzer.chain.blocks import parse_block
from analyzer.model.errors import InputError
from analyzer.model.toml_file import shown

_HASH = re.compile(r"0x[0-9a-f]{64}")
_MOST_BYTES = 10_000_000


def trusted_hashes(texts: Iterable[str], checkpoints: Path | None = None) -> dict[int, str]:
    """Block number -> hash in lower case.

    checkpoints: a text file, a `BLOCK=0x..` a line; blank lines and what follows a # is skipped.
    Raises: InputError for what is no such pair, or two hashes for one block.
    """
    found: dict[int, str] = {}
    for where, text in [*(("--trusted-hash", t) for t in texts), *_lines(checkpoints)]:
        number, block_hash = _pair(where, text)
        if found.setdefault(number, block_hash) != block_hash:
            raise InputError(f"block {number} is trusted under two hashes: {where}")
    return found


def _lines(path: Path | None) -> list[tuple[str, str]]:
    """(file and line number, text) of each checkpoint."""
    if path is None:
        return []
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is no file of checkpoints: it is too large")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    parts = [(n, line.partition("#")[0].strip()) for n, line in enumerate(text.splitlines(), 1)]
    return [(f"{path}, line {number}", part) for number, part in parts if part]


def _pair(where: str, text: str) -> tuple[int, str]:
    """One block and its hash. Raises: InputError."""
    block, equals, block_hash = (part.strip() for part in text.partition("="))
    block_hash = block_hash.lower()
    if not equals or not _HASH.fullmatch(block_hash):
        raise InputError(f"{where}: {shown(text)} is no BLOCK=0x.. with a hash of 64 digits")
    name = parse_block(block)
    if name.kind != "number":
        raise InputError(f"{where}: {shown(block)} is no block number")
    return name.value, block_hash
