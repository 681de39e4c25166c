"""Backstops with a cooldown (`--stakes FILE`): declared, because no snapshot holds their contracts.

[[stake]]
name = "stkwaUSDC"               # any line
asset = "USDC"                   # symbol or address of the reserve whose losses it bears
capacity = "6000000"             # units of that reserve, a decimal text: exact
leaving = "150000"               # of it, what has begun its cooldown; 0 if left out
cooldown_days = 20
source = "umbrella.finance, 2026-11-30"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation, Overflow
from pathlib import Path

from analyzer.documents.decisions import StakeEntry
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, is_whole, read_toml, shown
from analyzer.protocols.decisions import ExitPool

_KIND = "stakes file"
_KEYS = {"name", "asset", "capacity", "leaving", "cooldown_days", "source"}
_DAY_S = 86_400
_MOST_DAYS = 3_650
_EXACT = Context(prec=160, traps=[InvalidOperation, Overflow])
"""So many digits that no amount of a token is rounded on its way."""


def load_stakes(path: Path, pools: Sequence[ExitPool]) -> tuple[StakeEntry, ...]:
    """The stakes of a file, in its order. Raises: InputError naming the stake and the key."""
    values = read_toml(path, _KIND)
    found = values.get("stake")
    if set(values) != {"stake"} or not isinstance(found, list) or not found:
        raise InputError(f"{path} is no {_KIND}: it holds one [[stake]] or more, and nothing else")
    entries = tuple(_stake(path, number, one, pools) for number, one in enumerate(found, start=1))
    names = [one.name for one in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: {twice} is named twice")
    return entries


def _stake(path: Path, number: int, given: object, pools: Sequence[ExitPool]) -> StakeEntry:
    """One of them. Raises: InputError."""
    where = f"{path}, stake {number}"
    if not isinstance(given, Mapping):
        raise InputError(f"{where}: is no table")
    odd = sorted(set(given) - _KEYS)
    if odd:
        raise InputError(f"{where}: no key '{odd[0]}'{did_you_mean(odd[0], sorted(_KEYS))}")
    for key in ("name", "asset", "source"):
        if not is_line(given.get(key)):
            raise InputError(f"{where}: {key} is a line of text, not {shown(given.get(key))}")
    pool = _pool(where, str(given["asset"]), pools)
    capacity = _amount(where, "capacity", given.get("capacity"), pool.decimals)
    leaving = _amount(where, "leaving", given.get("leaving", "0"), pool.decimals)
    if leaving > capacity:
        raise InputError(f"{where}: more is leaving than there is")
    days = given.get("cooldown_days")
    if not is_whole(days, 0, _MOST_DAYS) or not isinstance(days, int):
        raise InputError(
            f"{where}: cooldown_days is a whole number from 0 to {_MOST_DAYS}, not {shown(days)}"
        )
    return StakeEntry(
        name=str(given["name"]),
        asset_id=pool.asset_id,
        symbol=pool.symbol,
        decimals=pool.decimals,
        capacity=capacity,
        leaving=leaving,
        delay_s=days * _DAY_S,
        source=f"declared: {given['source']}",
    )


def _pool(where: str, asset: str, pools: Sequence[ExitPool]) -> ExitPool:
    """The pool that is meant. Raises: InputError."""
    wanted = asset.lower()
    found = [one for one in pools if wanted in (one.symbol.lower(), one.asset_id.lower())]
    if len(found) != 1:
        known = sorted({one.symbol for one in pools})
        what = "two reserves have" if found else "no reserve has"
        raise InputError(f"{where}: {what} the asset '{asset}'{did_you_mean(asset, known)}")
    return found[0]


def _amount(where: str, key: str, given: object, decimals: int) -> int:
    """A decimal text as raw units, exactly. Raises: InputError."""
    try:
        if not isinstance(given, str):
            raise InvalidOperation
        number = Decimal(given.replace("_", ""))
        scaled = number.scaleb(decimals, _EXACT)
        fits = (
            number.is_finite()
            and number >= 0
            and scaled == scaled.to_integral_value(context=_EXACT)
        )
    except (InvalidOperation, ArithmeticError):
        fits, scaled = False, Decimal(0)
    if not fits or scaled.adjusted() > 40:
        raise InputError(
            f"{where}: {key} is an amount in quotes with at most {decimals} decimals, not"
            f" {shown(given)}"
        )
    return int(scaled)
