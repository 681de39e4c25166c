"""The code behind each contract at the block, and whether its rules are ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from analyzer.model.reads import Reading
from analyzer.model.rows import FEED_ROLE, ImplementationRow
from analyzer.protocols.kit.code import CodeAt, load_known, read_code

_FILE = Path(__file__).parents[2] / "implementations.json"
BASE_TOKEN_ROLE = "base_token"


def known_code() -> Mapping[tuple[str, str], str]:
    """(role, code hash) -> version whose rules this adapter has.

    Raises: InputError when the data file is of another schema (a broken installation).
    """
    return load_known(_FILE)


def version_of(kind: str, code_hash: str) -> str | None:
    """The version of that code; None where it is none whose rules we have."""
    return known_code().get((kind, code_hash))


def read_implementations(
    named: Sequence[tuple[str, str]], upgraded: Mapping[str, str]
) -> Reading[list[ImplementationRow]]:
    """One row a contract of `named`: (role, address), base tokens as `base_token SYMBOL`, feeds
    as `price_feed SYMBOL`.

    `upgraded`: proxy -> implementation as `Upgraded` logs last said.
    """
    contracts = [
        CodeAt(role, _kind(role), address, upgraded.get(address)) for role, address in named
    ]
    rows = yield from read_code(contracts, version_of)
    return rows


def _kind(role: str) -> str:
    """Under which the code of a role is known."""
    first = role.split(" ", 1)[0]
    return first if first in (BASE_TOKEN_ROLE, FEED_ROLE) else role
