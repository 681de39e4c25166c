"""`analyzer risk what-if`: the same book under other parameters, by the protocol's own rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, InvalidOperation, Overflow
from pathlib import Path

import numpy as np

from analyzer import __version__
from analyzer.documents.decisions import (
    DecisionRun,
    ParameterEntry,
    SideEntry,
    SideTotals,
    WhatIfDocument,
)
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError
from analyzer.model.rows import JudgedRow
from analyzer.model.verdict import Verdict
from analyzer.protocols.decisions import Parameter
from analyzer.runs.risk.decisions.inputs import exit_code, open_deployment
from analyzer.runs.risk.decisions.kept import keep, what_if_name, what_if_rows
from analyzer.runs.risk.inputs import RiskOptions, open_risk
from analyzer.runs.risk.profile import classes_of
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.stress.reverse import standings
from analyzer.solvency.verdicts import headroom_e18, judge_accounts
from analyzer.store.snapshot import check_replaceable

_EXACT = Context(prec=160, traps=[InvalidOperation, Overflow])
"""So many digits that no value within a parameter's bounds is rounded on its way."""
WITHIN = (0.05, 0.1, 0.2, 0.3)
"""Falls of all prices up to which it is told what is sold by force."""
ASSUMES = (
    "positions, prices and indexes are the block's; nobody reacts to the other parameters",
    "every number of both sides is the protocol's own integers; walls and two-class figures are"
    " float64",
)


@dataclass(frozen=True, slots=True)
class WhatIfOptions:
    """What would be otherwise. sets: `NAME=VALUE`; without any, the parameters are listed.
    returns, still: prices for the two-class figures; None = none.
    out: the snapshot to write with both sides in it."""

    db: Path
    deployment: str
    sets: tuple[str, ...] = ()
    returns: Path | None = None
    still: tuple[str, ...] = ()
    seed: int = 0
    out: Path | None = None


def what_if(options: WhatIfOptions) -> WhatIfDocument:
    """Both sides. Raises: InputError for a parameter that there is not, a value out of its bounds,
    or a set that the contract itself refuses."""
    if options.out is not None:
        if not options.sets:
            raise InputError("--out keeps both sides: say with --set what would be otherwise")
        check_replaceable(options.out)
    decided = open_deployment(options.db, options.deployment)
    scan = decided.scan
    known = {one.name: one for one in decided.decisions.parameters()}
    values = _parsed(options.sets, known)
    shown = {name: known[name] for name in values} if values else known
    run = DecisionRun(
        __version__, int(exit_code(scan)), options.db.name, scan.deployment.name, ""
    )  # fmt: skip
    parameters = tuple(_parameter(one, values.get(name)) for name, one in shown.items())
    if not values:
        return WhatIfDocument(run, parameters, None, None, (), (), ASSUMES)
    try:
        book = decided.decisions.with_parameters(values)
    except ValueError as error:
        raise InputError(f"--set: the contract would refuse it: {error}") from error
    other = replace(scan, valued=scan.plug.value(book, scan.prices))
    rows = [judge_accounts(one.plug.margin(one.valued)) for one in (scan, other)]
    sides = [_totals(one, judged, options) for one, judged in zip((scan, other), rows, strict=True)]
    changed = tuple(_changed(*rows))
    document = WhatIfDocument(
        run, parameters, sides[0], sides[1], changed,
        tuple(_sentences(sides[0], sides[1], changed)), ASSUMES,
    )  # fmt: skip
    about = {"what_if": what_if_name(document)}
    keep(options.db, options.out, what_if_rows(document, scan.scan_id), about, [scan.scan_id])
    return document


def _parsed(texts: Sequence[str], known: Mapping[str, Parameter]) -> dict[str, int]:
    """`LT:WETH=0.80` -> the integer that the contract would store. Raises: InputError."""
    by_lower = {name.lower(): name for name in known}
    out: dict[str, int] = {}
    for text in texts:
        given, equals, value = text.partition("=")
        name = by_lower.get(given.strip().lower())
        if not equals or name is None:
            hint = did_you_mean(given.strip(), list(known))
            raise InputError(
                f"--set is NAME=VALUE; there is no parameter '{given.strip()}'{hint} (without --set"
                " all are listed)"
            )
        if name in out:
            raise InputError(f"--set names {name} twice")
        out[name] = _stored(known[name], value)
    return out


def _stored(parameter: Parameter, text: str) -> int:
    """A value as the contract stores it. Raises: InputError."""
    try:
        written = Decimal(text.strip())
        scaled = written.scaleb(parameter.decimals, _EXACT)
        whole = written.is_finite() and scaled == scaled.to_integral_value(context=_EXACT)
    except ArithmeticError:
        whole, scaled = False, Decimal(0)
    stored = int(scaled) + (parameter.offset if scaled else 0) if whole else 0
    if not whole or not parameter.low <= stored <= parameter.high or scaled < 0:
        low, high = _written(parameter, parameter.low), _written(parameter, parameter.high)
        raise InputError(
            f"{parameter.name} is a {parameter.unit} from {low} to {high} with at most"
            f" {parameter.decimals} decimals, not '{text.strip()}'"
        )
    return stored


def _written(parameter: Parameter, stored: int) -> str:
    """A stored value as a user writes it."""
    shift = parameter.offset if stored >= parameter.offset else 0
    text = format(Decimal(stored - shift).scaleb(-parameter.decimals, _EXACT), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _parameter(one: Parameter, after: int | None) -> ParameterEntry:
    """A parameter in a document."""
    return ParameterEntry(
        name=one.name,
        before=_written(one, one.value),
        after=None if after is None else _written(one, after),
        low=_written(one, one.low),
        high=_written(one, one.high),
        unit=one.unit,
        text=one.text,
    )


def _totals(scan: ScanBook, judged: Sequence[JudgedRow], options: WhatIfOptions) -> SideTotals:
    """One side."""
    counted = Counter(row.verdict.value for row in judged)
    known = [row.margin for row in judged if row.verdict is not Verdict.UNKNOWN]
    nearest, wall = _along(scan)
    classes = _classes(scan, options) if options.returns is not None else ()
    return SideTotals(
        verdicts={verdict.value: counted.get(verdict.value, 0) for verdict in Verdict},
        free_e18=sum(max(row.free_collateral_e18 or 0, 0) for row in known),
        liquidatable_e18=sum(
            row.maintenance_margin_e18 or 0 for row in known if row.liquidatable and row.closable
        ),
        nearest=nearest,
        wall_usd=wall,
        insolvency_usd={name: insolvency for name, insolvency, _ in classes},
        liquidations_usd={name: closed for name, _, closed in classes},
    )


def _along(scan: ScanBook) -> tuple[float | None, dict[str, float]]:
    """(nearest fall at which somebody healthy is liquidatable, forced sales within falls)."""
    try:
        found = standings(scan)
    except InputError:
        # Every price is a stable's: no fall liquidates anybody.
        return None, {}
    levels = np.abs(found.distances.liquidation_down)
    healthy = levels[np.isfinite(levels) & (levels > 0)]
    wall = {
        f"{fall:g}": float(sum(one.within(fall) for one in found.walls.walls)) for fall in WITHIN
    }
    return (float(healthy.min()) if healthy.size else None), wall


def _classes(scan: ScanBook, options: WhatIfOptions) -> Sequence[tuple[str, float, float]]:
    """(class, VaR of insolvency, LaR of liquidations) of this deployment alone."""
    if options.returns is None:
        return ()
    held = {asset.factor for asset in scan.book.assets}
    still = tuple(factor for factor in options.still if factor in held)
    asked = RiskOptions(
        options.db, "protocol", scan.deployment.name, options.returns, still=still,
        seed=options.seed,
    )  # fmt: skip
    found, why = classes_of(open_risk(asked, [scan]))
    if why:
        raise InputError("; ".join(why))
    return [(one.name, one.insolvency_usd, one.liquidations_usd) for one in found]


def _changed(before: Sequence[JudgedRow], after: Sequence[JudgedRow]) -> Iterator[SideEntry]:
    """Accounts whose verdict changes, in the order of the book."""
    for old, new in zip(before, after, strict=True):
        if old.verdict is not new.verdict:
            yield SideEntry(
                account_id=old.margin.account_id,
                verdict_before=old.verdict.value,
                verdict_after=new.verdict.value,
                equity_e18=new.margin.equity_e18,
                headroom_before_e18=headroom_e18(old.margin),
                headroom_after_e18=headroom_e18(new.margin),
            )


def _sentences(
    before: SideTotals, after: SideTotals, changed: Sequence[SideEntry]
) -> Iterator[str]:
    """What changes, in words."""
    if before == after and not changed:
        yield "Nothing changes: the verdicts, what may be borrowed and the wall are the same."
        return
    turned = Counter((one.verdict_before, one.verdict_after) for one in changed)
    for (old, new), count in sorted(turned.items()):
        who = "account goes" if count == 1 else "accounts go"
        yield f"{count:,} {who} from {old} to {new}."
    if not changed:
        yield "No account changes sides."
    free = (after.free_e18 - before.free_e18) / 10**18
    if free:
        yield f"What accounts may still borrow or trade on changes by {free:+,.0f}."
