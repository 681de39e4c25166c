"""`book export`: the scan of a snapshot as tables that `book import` reads.

    collateral, positions, prices, margin ──▶ rows with their own shares ──▶ read again, compared

A table knows collateral, debts and linear positions. What a protocol's margin has beyond that is
put into shares of each account's own, at the scan's prices: positions get the maintenance and
initial ratio, collateral the initial share, that give the account's own headroom and free
collateral; money that no row explains (funding, fees, ranges) is a row in the unit of account. An
unknown account gets a row whose price is empty, and so stays unknown. The tables are read again
before they are written, and whoever comes out with another verdict is told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from analyzer.findings.scale import money_of
from analyzer.model.atomic import cannot_write
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD, trunc_div
from analyzer.model.rows import CollateralRow, JudgedRow, MarginRow, PositionRow
from analyzer.model.scan_rows import ScanRow
from analyzer.model.toml_file import parse_toml
from analyzer.model.verdict import Verdict
from analyzer.protocols.registry import load_plug, name_among
from analyzer.protocols.table.state.state import state_of
from analyzer.report.csv_text import csv_text
from analyzer.runs.snapshot.artifact import write_texts
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import open_reader
from analyzer.runs.snapshot.venues import bounded_capacity_e18
from analyzer.runs.tables import same
from analyzer.runs.tables.columns import NEEDED, OPTIONAL
from analyzer.runs.tables.decimals import decimal_text
from analyzer.runs.tables.importing import TABLE
from analyzer.runs.tables.names import why_no_asset
from analyzer.runs.tables.positions import read_positions
from analyzer.runs.tables.prices import read_prices
from analyzer.runs.tables.rules_file import read_rules
from analyzer.solvency.verdicts import headroom_e18, judge_accounts, within_bounds
from analyzer.store.reader import Snapshot
from analyzer.store.tables import backstops, collateral, margin, positions, prices

UNKNOWN = "unknown-price"
"""The asset without a price that an unknown account holds nothing of."""
LEFT_ALONE_E18 = 10**12
"""Money that no row explains, up to a millionth of the unit: roundings of the protocol's units."""
COLUMNS = ("account", "owner", "kind", "asset", "amount", "entry", *OPTIONAL[2:])
"""Of the table of positions, in the order in which they are written."""
PRICE_COLUMNS = ("asset", "price", "decimals")
_UNIT = "USD"
_E6 = 10**6
Row = dict[str, str]

SHARE_OF_ROUNDING = 1_000
"""A headroom that moves by less than this part of margin equity and maintenance is rounded: shares
in the rows have a few digits."""


@dataclass(frozen=True, slots=True)
class Written:
    """Three tables. positions, prices: a row each. rules: TOML. verdicts, margins: account -> what
    the scan said. notes: what they cannot say, in words."""

    positions: list[Row]
    prices: list[Row]
    rules: str
    verdicts: Mapping[str, Verdict]
    margins: Mapping[str, MarginRow]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Account:
    """One account on its way into rows. pledged, owed: values in 18 decimals; moving: profit or
    loss of positions; held: sum of their |values|."""

    row: MarginRow
    rows: list[Row] = field(default_factory=list)
    pledged: list[tuple[Row, int, int]] = field(default_factory=list)
    """(row, value, threshold in millionths) of each collateral."""
    traded: list[Row] = field(default_factory=list)
    owed: int = 0
    moving: int = 0
    held: int = 0


def exported(db: Path, deployment: str | None) -> Written:
    """The tables of one scan. Raises: InputError when the snapshot holds several and none is
    named, or none of that name."""
    with open_reader(db) as reader:
        scan = _chosen(db, reader.scans(), deployment)
        if scan.deployment.protocol == TABLE:
            (book,) = reader.books([scan.deployment.name])
            return _same(book)
        return _Exporter(reader.snapshot, scan).written()


def _same(scan: ScanBook) -> Written:
    """A table's own rows."""
    state, name = state_of(scan.book), scan.deployment.name
    judged = judge_accounts(within_bounds(scan.plug.margin(scan.valued)))
    head = _head(name, state.rules.unit, scan.deployment.protocol, scan.scan_id)
    if state.taken_at:
        head.append(f'taken_at = "{datetime.fromtimestamp(state.taken_at, UTC).isoformat()}"')
    factors = {a: p.factor for a, p in state.prices.items() if a != state.rules.unit}
    return Written(
        positions=list(same.position_rows(scan)),
        prices=list(same.price_rows(scan)),
        rules="\n".join([*head, *same.rules_lines(state), *_factors(factors)]) + "\n",
        verdicts={row.margin.account_id: row.verdict for row in judged},
        margins={row.margin.account_id: row.margin for row in judged},
        notes=(),
    )


def written_again(written: Written) -> dict[str, tuple[Verdict, MarginRow]]:
    """account -> the verdict and the margin that the tables come to when they are read."""
    rules = read_rules(parse_toml(written.rules, Path("rules"), "rules file", Decimal))
    columns = (*NEEDED, *OPTIONAL)
    table = {name: [row.get(name, "") for row in written.positions] for name in columns}
    priced = {name: [row[name] for row in written.prices] for name in PRICE_COLUMNS}
    read = read_positions(table, read_prices(priced, rules), rules)
    plug = load_plug(TABLE)
    margins = plug.margin(plug.value(read.book, plug.prices(read.book)))
    judged = judge_accounts(within_bounds(margins))
    return {r.margin.account_id: (r.verdict, r.margin) for r in judged}


def _moved(before: MarginRow, after: MarginRow) -> bool:
    """Whether headroom or free collateral came out otherwise, by more than rounded shares."""
    ends = [(headroom_e18(row), row.free_collateral_e18) for row in (before, after)]
    size = abs(before.margin_equity_e18 or 0) + abs(before.maintenance_margin_e18 or 0)
    return any(
        (old is None) != (new is None)
        or (old is not None and new is not None and abs(old - new) > size // SHARE_OF_ROUNDING)
        for old, new in zip(*ends, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Exported:
    """What lies in the folder. other: accounts whose verdict is not the scan's. moved: those of the
    same verdict whose headroom or free collateral is another."""

    written: Written
    other: tuple[str, ...]
    moved: tuple[str, ...]


def export_book(db: Path, out: Path, deployment: str | None = None) -> Exported:
    """Writes `positions.csv`, `prices.csv` and `rules.toml` into the folder `out`, which is made;
    nothing is replaced.

    Raises: InputError for a snapshot that is none, and for a file that is there.
    """
    paths = {name: out / name for name in ("positions.csv", "prices.csv", "rules.toml")}
    for path in paths.values():
        if path.exists():
            raise InputError(f"{path} is there: name another folder")
    written = exported(db, deployment)
    again = written_again(written)
    same_verdict = {a for a, said in written.verdicts.items() if a in again and again[a][0] is said}
    other = tuple(a for a in written.verdicts if a not in same_verdict)
    moved = tuple(
        a for a, row in written.margins.items() if a in same_verdict and _moved(row, again[a][1])
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
    columns = [c for c in COLUMNS if any(row.get(c) for row in written.positions)]
    texts = {
        "positions.csv": csv_text(
            columns, [[r.get(c, "") for c in columns] for r in written.positions]
        ),
        "prices.csv": csv_text(
            PRICE_COLUMNS, [[r[c] for c in PRICE_COLUMNS] for r in written.prices]
        ),
        "rules.toml": written.rules,
    }
    write_texts({paths[name]: text for name, text in texts.items()})
    return Exported(written, other, moved)


def _chosen(db: Path, scans: Sequence[ScanRow], deployment: str | None) -> ScanRow:
    names = [scan.deployment.name for scan in scans]
    if deployment is None and len(scans) != 1:
        raise InputError(f"{db} holds {len(scans)} scans: name one of {', '.join(names) or 'none'}")
    wanted = names[0] if deployment is None else name_among(deployment, names)
    for scan in scans:
        if scan.deployment.name == wanted:
            return scan
    raise InputError(f"{db} holds no deployment '{deployment}' (it holds: {', '.join(names)})")


class _Exporter:
    """The rows of one scan, asset names and shares worked out."""

    def __init__(self, snapshot: Snapshot, scan: ScanRow) -> None:
        key = scan.scan_id
        self.scan = scan
        self.unit = money_of(scan.deployment.protocol) or _UNIT
        self.prices = [prices.from_row(row) for row in snapshot.rows(prices.TABLE, key)]
        self.judged: list[JudgedRow] = [
            margin.from_row(row) for row in snapshot.rows(margin.TABLE, key)
        ]
        self.collateral: list[CollateralRow] = [
            collateral.from_row(row) for row in snapshot.rows(collateral.TABLE, key)
        ]
        self.positions: list[PositionRow] = [
            positions.from_row(row) for row in snapshot.rows(positions.TABLE, key)
        ]
        self.fund = bounded_capacity_e18(
            [backstops.from_row(row) for row in snapshot.rows(backstops.TABLE, key)]
        )
        symbols = {p.symbol for p in self.prices} | {row.symbol for row in self.collateral}
        # Money that no row explains is no token, even where the token is called like the money.
        self.unit = _UNIT if self.unit in symbols else self.unit
        self.left_out = 0
        self.decimals = {row.asset_id: row.decimals for row in self.collateral}
        self.names = _names(
            [(p.asset_id, p.symbol) for p in self.prices]
            + [(row.asset_id, row.symbol) for row in self.collateral]
            + [(row.market_id, row.symbol) for row in self.positions],
            self.unit,
        )
        self.price_e18 = {p.asset_id: p.price_e18 for p in self.prices}

    def written(self) -> Written:
        """The three tables."""
        accounts = {row.margin.account_id: _Account(row.margin) for row in self.judged}
        for held in self.collateral:
            if held.account_id in accounts:
                self._pledged(accounts[held.account_id], held)
        for position in self.positions:
            if position.account_id in accounts:
                self._traded(accounts[position.account_id], position)
        out: list[Row] = []
        for account in accounts.values():
            self._finish(account)
            out += account.rows
        known = {row.margin.account_id: row.verdict for row in self.judged}
        margins = {row.margin.account_id: row.margin for row in self.judged}
        return Written(out, self._price_rows(), self._rules(), known, margins, self._notes())

    def _row(self, account: _Account, kind: str, asset: str, amount: str) -> Row:
        row = {
            "account": account.row.account_id,
            "owner": account.row.owner if account.row.owner != account.row.account_id else "",
            "kind": kind,
            "asset": asset,
            "amount": amount,
        }
        account.rows.append(row)
        return row

    def _pledged(self, account: _Account, held: CollateralRow) -> None:
        """A balance; below zero it is owed."""
        amount = decimal_text(abs(held.amount), held.decimals)
        price = self.price_e18.get(held.asset_id)
        value = self._value(held.asset_id, held.amount, held.decimals)
        asset = self.names[held.asset_id]
        if held.amount < 0:
            self._row(account, "debt", asset, amount)
            account.owed -= value
            return
        row = self._row(account, "collateral", asset, amount)
        row["threshold"] = decimal_text(held.weight_e6 if price else 0, 6)
        account.pledged.append((row, value, held.weight_e6))

    def _traded(self, account: _Account, position: PositionRow) -> None:
        """A debt, or a position with the entry price that its open notional comes to."""
        size, asset = position.size_e18, self.names[position.market_id]
        if not size:
            return
        value = self._value(position.market_id, size, 18)
        if position.open_notional_e18 is None and size < 0:
            self._row(account, "debt", asset, decimal_text(-size, 18))
            account.owed -= value
            return
        entry = abs(trunc_div((position.open_notional_e18 or 0) * WAD, size)) or 1
        row = self._row(account, "position", asset, decimal_text(size, 18))
        row["entry"] = decimal_text(entry, 18)
        account.traded.append(row)
        account.moving += value - trunc_div(size * entry, WAD)
        account.held += abs(value)

    def _value(self, asset_id: str, amount: int, decimals: int) -> int:
        """What an amount is worth, as the import will have it; 0 where there is no price."""
        price: int = self.price_e18.get(asset_id) or 0
        return trunc_div(amount * price, 10**decimals)

    def _finish(self, account: _Account) -> None:
        """What the rows do not say yet of the account's own numbers."""
        row = account.row
        if row.equity_e18 is None or row.margin_equity_e18 is None:
            self._row(account, "collateral", UNKNOWN, "0")["threshold"] = "0"
            return
        pledged = sum(value for _, value, _ in account.pledged)
        missing = row.equity_e18 - (pledged + account.moving - account.owed)
        missing = self._without_uncounted(account, missing)
        if abs(missing) > LEFT_ALONE_E18:
            kind = "collateral" if missing > 0 else "debt"
            one = self._row(account, kind, self.unit, decimal_text(abs(missing), 18))
            if missing > 0:
                one["threshold"] = "1"
                account.pledged.append((one, missing, _E6))
            else:
                account.owed -= missing
        if not account.rows:
            self._row(account, "collateral", self.unit, "0")["threshold"] = "1"
            return
        _shares(account)

    def _without_uncounted(self, account: _Account, missing: int) -> int:
        """Leaves out what secures nothing and is not in the account's equity either, where that is
        all that the rows have too much: a table counts it. What is missing then."""
        aside = [(one, value) for one, value, weight in account.pledged if not weight and value]
        if not aside or abs(missing + sum(value for _, value in aside)) > LEFT_ALONE_E18:
            return missing
        for one, _ in aside:
            account.rows.remove(one)
        account.pledged = [held for held in account.pledged if held[2]]
        self.left_out += len(aside)
        return missing + sum(value for _, value in aside)

    def _price_rows(self) -> list[Row]:
        """Every asset that is named, with its price; the last is that of unknown accounts."""
        rows, seen = list[Row](), set[str]()
        for asset_id, name in self.names.items():
            if name in seen or name == self.unit:
                continue
            seen.add(name)
            price = self.price_e18.get(asset_id)
            rows.append(
                {
                    "asset": name,
                    "price": decimal_text(price, 18) if price else "",
                    "decimals": str(self.decimals.get(asset_id, 18)),
                }
            )
        traded = {self.names[p.market_id] for p in self.positions}
        for row in rows:
            # Sizes of positions and debts have 18 decimals in a snapshot.
            row["decimals"] = "18" if row["asset"] in traded else row["decimals"]
        return [*rows, {"asset": UNKNOWN, "price": "", "decimals": "18"}]

    def _rules(self) -> str:
        """The rules: names, factors and the fund; shares stand in the rows."""
        deployment = self.scan.deployment
        names = {self.names[p.asset_id]: p.factor for p in self.prices}
        lines = _head(deployment.name, self.unit, deployment.protocol, self.scan.scan_id)
        lines += ["", "[losses]", f"fund = {decimal_text(max(self.fund or 0, 0), 18)}"]
        lines += _factors({name: f for name, f in names.items() if name != self.unit})
        return "\n".join(lines) + "\n"

    def _notes(self) -> tuple[str, ...]:
        """What a table does not say of a protocol's rules."""
        notes = []
        if self.left_out:
            notes.append(
                f"{self.left_out:,} balances that secure nothing are left out: the protocol counts"
                " them in no account's equity, and a table does"
            )
        notes += [
            "requirements are those of each account at these prices: tiers, options and ranges are"
            " taken as linear",
            "bonus, close factor and dust are not in a snapshot: write them into the rules",
        ]
        if self.fund is None:
            notes.append("what the backstops can bear is not known: the rules have no fund")
        return tuple(notes)


def _shares(account: _Account) -> None:
    """Each row's shares, so that headroom and free collateral are the account's own."""
    row = account.row
    assert row.margin_equity_e18 is not None
    assert row.maintenance_margin_e18 is not None
    assert row.free_collateral_e18 is not None
    headroom = row.margin_equity_e18 - row.maintenance_margin_e18
    backed = sum(value * weight // _E6 for _, value, weight in account.pledged)
    above = backed + account.moving - account.owed
    if account.held:
        for name, left in (("threshold", headroom), ("initial", row.free_collateral_e18)):
            ratio = _up(max(above - left, 0) * WAD, account.held)
            for traded in account.traded:
                traded[name] = decimal_text(min(ratio, WAD), 18)
        return
    if not backed:
        return
    scale = (headroom + account.owed) * WAD // backed
    first = (row.free_collateral_e18 + account.owed) * WAD // backed
    for one, _, weight in account.pledged:
        # Roundings of the protocol's own units are no reason for another threshold.
        if abs(scale - WAD) > LEFT_ALONE_E18:
            one["threshold"] = decimal_text(_within(weight * scale // _E6), 18)
        one["initial"] = decimal_text(_within(weight * first // _E6), 18)


def _head(name: str, unit: str, protocol: str, scan_id: str) -> list[str]:
    """The first lines of the rules."""
    return [
        f"# {protocol} {name}, scan {scan_id}: shares stand in the rows",
        f"name = {_quoted(name)}",
        f"unit = {_quoted(unit)}",
    ]


def _factors(factors: Mapping[str, str]) -> list[str]:
    """[factors] as TOML."""
    lines = [f"{_quoted(asset)} = {_quoted(factor)}" for asset, factor in factors.items()]
    return ["", "[factors]", *lines]


def _within(share_e18: int) -> int:
    return min(max(share_e18, 0), WAD)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _names(found: Sequence[tuple[str, str]], unit: str) -> dict[str, str]:
    """asset id -> its name in the tables: the symbol where it may be one and no other asset has it,
    else the id."""
    by_symbol: dict[str, set[str]] = defaultdict(set)
    for asset_id, symbol in found:
        by_symbol[symbol.lower()].add(asset_id)
    out = {}
    for asset_id, symbol in found:
        alone = len(by_symbol[symbol.lower()]) == 1 and not why_no_asset(symbol)
        taken = symbol.lower() in (unit.lower(), UNKNOWN)
        out[asset_id] = symbol if alone and not taken else asset_id
    return out


def _quoted(text: str) -> str:
    """A text as TOML has it."""
    return json.dumps(text)
