"""Cover-n: whether the funds outlast the default of the owners who would lack most.

    shortfall of an owner  = sum over its accounts of max(-equity, 0); accounts do not net
    Cover-n                = max over scenarios of the sum of the n largest shortfalls

Exact integers. Source: CPMI-IOSCO Principles for financial market infrastructures, principle 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.stress import CoverEntry
from analyzer.findings.assessed import Assessed

OWNERS = (1, 2)
"""For how many owners at once a cover is told."""


def cover_entries(assessed: Sequence[Assessed]) -> tuple[CoverEntry, ...]:
    """Cover-1 and Cover-2 of every deployment over the cascades given, of which those count that
    are about these books. Of equal ones the first scenario, and owners by name."""
    about = [one for one in assessed if not one.not_applicable]
    names = dict.fromkeys(name for one in about for name in one.venues)
    return tuple(_cover(about, name, n) for name in names for n in OWNERS)


def _cover(assessed: Sequence[Assessed], name: str, n: int) -> CoverEntry:
    """One deployment's cover against the default of n owners."""
    worst = max(assessed, key=lambda one: sum(short for _, short in largest(one, name, n)))
    owners, fund, shock = largest(worst, name, n), worst.venues[name].fund_before_e18, worst.shock()
    lacking = sum(short for _, short in owners)
    return CoverEntry(
        deployment=name,
        n=n,
        shortfall_e18=lacking,
        scenario=worst.scenario.name,
        shock=None if shock is None else float(shock),
        owners=tuple(owner for owner, _ in owners),
        fund_e18=fund,
        outlasts=None if fund is None else lacking <= max(fund, 0),
    )


def largest(one: Assessed, name: str, n: int) -> list[tuple[str, int]]:
    """(owner, shortfall) of the n owners of a deployment who lack most under one scenario."""
    short = one.result.shocked[name].owners_short_e18
    return sorted(short.items(), key=lambda item: (-item[1], item[0]))[:n]
