"""The rules of a table's book: a TOML file, or the same as a mapping of Python.

    name = "my-venue"                 # of the deployment; else the positions file's own name
    unit = "USD"                      # of account: its price is 1, and amounts are in it
    taken_at = "2024-04-09T13:13:12Z" # when the table was taken

    [default]                         # of every leg that nothing nearer says more of
    threshold = 0.8                   # collateral: share that counts against liquidation
    initial_threshold = 0.75          # collateral: share that counts for new risk; else threshold
    maintenance = 0.05                # position: share of its value that is required
    initial = 0.1                     # position: share that is required to open; else maintenance
    bonus = 0.05                      # what a liquidator gets on top
    haircut = 0.02                    # collateral: taken off its value before any of that

    [asset.WETH]                      # wins over [default]; the same keys
    [account.alice]                   # wins over [asset]; a row's own cells win over all

    [close]
    factor = 0.5                      # share of a debt or position that one liquidation closes
    full_below = 0.95                 # health below which it is all of it
    dust = 2000                       # value below which it is all of it

    [losses]
    fund = 1_000_000                  # what pays first
    adl = "capped"                    # queue, pro-rata, capped or risk-aware; none without the key
    adl_cap = 0.5                     # capped: share of a profit that is taken at most
    rest = "suppliers"                # who bears what is left: nobody, suppliers or everybody

    [factors]                         # asset -> risk factor
    "0x6b17..." = "DAI"

Every key may be left out. Every number is read exactly, as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from analyzer.contagion.scenario.entry import Entry
from analyzer.contagion.scenario.sentences import check_key
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.model.toml_file import is_line, read_toml
from analyzer.protocols.table.rules import Adl, Rest, Rules

SHARES = ("threshold", "initial_threshold", "maintenance", "initial", "bonus", "haircut")
"""The keys of [default], [asset.X] and [account.Y]; each a share from 0 to 1."""

Shares = Mapping[str, int]
"""Key of `SHARES` -> 18 decimals; what is not said is missing."""


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What a rules file says. taken_at: unix seconds, 0 = not said. where: of complaints."""

    where: str
    name: str
    taken_at: int
    rules: Rules
    default: Shares
    assets: Mapping[str, Shares]
    accounts: Mapping[str, Shares]
    factors: Mapping[str, str] = field(default_factory=dict)


def read_rules(given: str | Path | Mapping[str, object]) -> RulesFile:
    """The rules in a file or a mapping. Raises: InputError naming the key."""
    if isinstance(given, Mapping):
        where, values = "the rules", {key: _exact(value) for key, value in given.items()}
    else:
        where, values = str(given), read_toml(Path(given), "rules file", parse_float=Decimal)
    entry = Entry(where, values)
    name = entry.text("name", "")
    found = RulesFile(
        where=where,
        name=name,
        taken_at=_taken_at(entry),
        rules=_rules(entry),
        default=_shares(entry.table("default")),
        assets=_tables(entry.table("asset")),
        accounts=_tables(entry.table("account")),
        factors=_factors(entry.table("factors")),
    )
    entry.check_all_used()
    return found


def _exact(value: object) -> object:
    """A value of Python as the file would have it: floats by their shortest text."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {str(key): _exact(item) for key, item in value.items()}
    return value


def _rules(entry: Entry) -> Rules:
    """Unit, [close] and [losses]."""
    unit = entry.text("unit", "USD")
    if not is_line(unit) or len(unit) > 32:
        raise InputError(f"{entry.where}.unit has to be a short text of one line")
    close, losses = entry.table("close"), entry.table("losses")
    factor = _share(close, "factor")
    if factor == 0:
        raise InputError(f"{close.where}.factor has to be above zero, or nothing is ever closed")
    adl = losses.choice("adl", [*Adl])
    cap = _share(losses, "adl_cap")
    if cap is not None and adl != Adl.CAPPED:
        raise InputError(f'{losses.where}.adl_cap is for adl = "capped"')
    if cap is None and adl == Adl.CAPPED:
        raise InputError(f'{losses.where}: adl = "capped" needs adl_cap, the share of a profit')
    rules = Rules(
        unit=unit,
        close_factor_e18=WAD if factor is None else factor,
        full_below_e18=_amount(close, "full_below"),
        dust_e18=_amount(close, "dust"),
        fund_e18=_amount(losses, "fund"),
        adl=Adl(adl),
        adl_cap_e18=WAD if cap is None else cap,
        rest=Rest(losses.choice("rest", [*Rest])),
    )
    close.check_all_used()
    losses.check_all_used()
    return rules


def _tables(entry: Entry) -> dict[str, Shares]:
    """[asset.X] or [account.Y], by name."""
    return {name: _shares(entry.table(name)) for name in entry.names()}


def _shares(entry: Entry) -> Shares:
    """The shares that one table says."""
    found = {key: share for key in SHARES if (share := _share(entry, key)) is not None}
    entry.check_all_used()
    for lower, upper in (("initial_threshold", "threshold"), ("maintenance", "initial")):
        if lower in found and upper in found and found[lower] > found[upper]:
            raise InputError(
                f"{entry.where}: {lower} is above {upper}: whoever may open could be closed at once"
            )
    return found


def _share(entry: Entry, key: str) -> int | None:
    """A share from 0 to 1 in 18 decimals. Raises: InputError for one with more of them."""
    share = entry.share(key)
    return None if share is None else _e18(entry, key, share)


def _amount(entry: Entry, key: str) -> int:
    """An amount of 0 or more in 18 decimals; 0 where nothing is said."""
    return _e18(entry, key, entry.not_negative(key, Fraction(0)))


def _e18(entry: Entry, key: str, value: Fraction) -> int:
    """Raises: InputError for more than 18 decimals."""
    scaled = value * WAD
    if scaled.denominator != 1:
        raise InputError(f"{entry.where}.{key} has more than 18 decimals")
    return scaled.numerator


def _factors(entry: Entry) -> dict[str, str]:
    """asset -> factor. Raises: InputError for a factor that no scenario could name."""
    out = {}
    for asset in entry.names():
        factor = entry.text(asset)
        check_key(factor, what=f"{entry.where}.{asset}")
        out[asset] = factor
    return out


def _taken_at(entry: Entry) -> int:
    """When the table was taken, unix seconds."""
    text = entry.text("taken_at", "")
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
        seconds = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (ValueError, OverflowError):
        seconds = -1
    if not 0 < seconds < 2**40:
        raise InputError(
            f"{entry.where}.taken_at has to be a time like 2024-04-09T13:13:12Z, it is {text!r}"
        )
    return seconds
